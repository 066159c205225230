"""Late bodies: stores what was disclosed of entries that are in a log already, without their bodies.

Rules this module upholds:

- A body is checked against the entry that is stored here: its commitments, and its handling. The sender is not trusted.
- A body is stored if it was missing, or was taken for not for us because nobody had disclosed it. An entry that was
  purged or set aside stays as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState, Package
from node.usecases.disclosure import Copy, judge
from node.usecases.entry_columns import Handlings, parse
from node.usecases.purging import chain_at, leaf_at

if TYPE_CHECKING:
    from node.domain.envelope import Disclosure
    from node.domain.ids import MemberId, Origin
    from node.domain.ports import Codec
    from node.usecases.change import Change

ABSENT: Final = frozenset({BodyState.MISSING, BodyState.NOT_FOR_US})
"""The states of an entry whose body may come late."""


def fill_late(change: Change, origin: Origin, index: int, shown: Disclosure, *, reader: MemberId, codec: Codec) -> bool:
    """Whether this body was not here, is the right one, admits `reader`, and is stored now."""
    run = change.writer.run(origin, index, index + 1, 0)
    before = run.states[0]
    if before not in ABSENT:
        # Purged while it was on its way.
        return False
    package = Package(
        origin=origin,
        start=index,
        entries=run.entries,
        nonces=[shown.nonce],
        bodies=[shown.body],
        handling_nonces=[shown.handling_nonce],
        handlings=[shown.handling],
        checkpoint=b"",
    )
    envelopes = parse(origin, run.entries)
    judged = judge(package, envelopes, Copy(reader=reader), Handlings(codec.decode_handling))
    if judged.states[0] != BodyState.HELD:
        return False
    if before == BodyState.NOT_FOR_US:
        change.writer.expect(origin, index, int(envelopes.expiry[0]))
        _unbar(change, origin, index)
    change.fill(origin, index, int(envelopes.kinds[0]), shown)
    return True


def _unbar(change: Change, origin: Origin, index: int) -> None:
    """Remarks on a record stay if this node may read its newest version after all."""
    chain = chain_at(change.writer, origin, index, leaf_at(change.writer, origin, index))
    if chain.barred and chain.head == (origin, index):
        change.writer.put_chain(replace(chain, barred=False))
