"""A watch as its newest version says it now, read from the statements here.

Rules this module upholds:

- The statement is the truth: a watch whose author withdrew it, or that no longer names the reader, is not there,
  whatever was noted about it.
- A body that is still to come is not the same as one that is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.batch import BodyState
from node.domain.ids import RecordId
from node.domain.log_ports import Chain
from node.domain.watches import Watch
from node.errors import Malformed
from node.usecases.purging import leaf_at

if TYPE_CHECKING:
    from node.domain.handling import Handling
    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentWatch:
    """`root`: its first version; `head`: (log, index) of the newest one, and `version` its name. `watch` is None if
    this node cannot read it, because it is sealed or of a later version.
    """

    root: RecordId
    head: tuple[Origin, int]
    version: RecordId
    watch: Watch | None
    handling: Handling


class Awaited(Exception):
    """The body of the newest version is still to come."""


def present_watch(
    tx: LogReader, codec: Codec, root: RecordId, first: tuple[Origin, int], reader: MemberId
) -> PresentWatch | None:
    """The watch that begins with `root`, as far as `reader` may read it; None if it is gone. `first`: (log, index) of a
    version that is here. Raises `Awaited`.
    """
    chain = tx.chain(root) or Chain(root=root, head=first)
    if chain.ended or chain.head is None:
        return None
    _, state = tx.entry_at(*chain.head)
    if state == BodyState.MISSING:
        raise Awaited
    shown = tx.disclosed_at(chain.head[0], [chain.head[1]]).get(chain.head[1])
    if shown is None:
        return None
    entry, disclosure = shown
    try:
        handling = codec.decode_handling(disclosure.handling)
        body = codec.decode_body(entry[1], disclosure.body)
    except Malformed:  # damaged since it was verified: fsck names it
        return None
    if not handling.admits(reader, root.origin.member):
        return None
    return PresentWatch(
        root=root,
        head=chain.head,
        version=RecordId(chain.head[0], leaf_at(tx, *chain.head)),
        watch=body if isinstance(body, Watch) else None,
        handling=handling,
    )
