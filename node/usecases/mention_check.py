"""Checks the mentions of a store against its bodies: is every statement filed under what it is about?

Rules this module upholds:

- It reads and never repairs. What a statement mentions is read from its body again.
- A mention without a body is a fault: it says what a deleted statement was about.
- A body that cannot be read mentions nothing; `fsck` names it elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import UNDERSTOOD
from node.domain.ids import RecordId
from node.domain.mentions import FIRST_STATED
from node.tlog.merkle import leaf_hash
from node.usecases.filing import mentions_of
from node.usecases.purging import kind_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader, StoredRun
    from node.domain.mentions import Role
    from node.domain.ports import Codec
    from node.usecases.chain_check import Roots

    Filed = set[tuple[Role, RecordId]]

REMEDY: Final = "restore a backup"


def mention_faults(reader: LogReader, origin: Origin, run: StoredRun, codec: Codec, first: Roots) -> list[str]:
    """What is wrong with the mentions of a run of entries, by index. `first`: shared by checks of several runs."""
    stored: defaultdict[int, Filed] = defaultdict(set)
    for each in reader.mentions(origin, run.start, run.start + len(run.entries)):
        stored[each.index].add((each.role, each.record))
    said: dict[int, Filed] = {}
    for at, entry in enumerate(run.entries):
        if run.states[at] == BodyState.HELD and kind_of(entry) in UNDERSTOOD and kind_of(entry) >= FIRST_STATED:
            index, name = run.start + at, RecordId(origin, leaf_hash(entry))
            read = mentions_of(codec, name, index, kind_of(entry), run.bodies[at])
            said[index] = {(each.role, first.of(each.record)) for each in read}
    indices = sorted(stored.keys() | said.keys())
    return [fault for index in indices for fault in _of(index, stored[index], said.get(index))]


def _of(index: int, stored: Filed, said: Collection[tuple[Role, RecordId]] | None) -> list[str]:
    if said is None:
        return [f"entry {index} has no body, but what it was about is still filed: {REMEDY}"] if stored else []
    return [] if stored == said else [f"entry {index} is not filed under what it is about: {REMEDY}"]
