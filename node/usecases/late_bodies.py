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
    from collections.abc import Mapping, Sequence

    from node.domain.envelope import Disclosure
    from node.domain.ids import MemberId, Origin
    from node.domain.ports import Codec
    from node.usecases.change import LogChange

ABSENT: Final = frozenset({BodyState.MISSING, BodyState.NOT_FOR_US})
"""The states of an entry whose body may come late."""
AT_ONCE: Final = 500
"""Most bodies that one transaction stores: after that, other writers get their turn."""


def fill_late(
    change: LogChange, origin: Origin, given: Mapping[int, Disclosure], *, reader: MemberId, codec: Codec
) -> int:
    """Stores those of these bodies (by index, at most `AT_ONCE`) that were not here, are the right ones, and admit
    `reader`; how many.
    """
    here = _absent(change, origin, sorted(given))
    if not here:
        return 0
    indices, entries = list(here), [entry for entry, _ in here.values()]
    shown = [given[index] for index in indices]
    # Not consecutive: commitments and handling concern each entry by itself.
    package = Package(
        origin=origin,
        start=indices[0],
        entries=entries,
        nonces=[each.nonce for each in shown],
        bodies=[each.body for each in shown],
        handling_nonces=[each.handling_nonce for each in shown],
        handlings=[each.handling for each in shown],
        checkpoint=b"",
    )
    envelopes = parse(origin, entries)
    judged = judge(package, envelopes, Copy(reader=reader), Handlings(codec.decode_handling))
    right = [at for at, state in enumerate(judged.states.tolist()) if state == BodyState.HELD]
    closed = [at for at in right if here[indices[at]][1] == BodyState.NOT_FOR_US]
    if closed:
        change.writer.expect(origin, {indices[at]: int(envelopes.expiry[at]) for at in closed})
        for at in closed:
            _unbar(change, origin, indices[at])
    if right:
        kinds = {indices[at]: int(envelopes.kinds[at]) for at in right}
        change.fill(origin, kinds, {indices[at]: shown[at] for at in right})
    return len(right)


def _absent(change: LogChange, origin: Origin, indices: Sequence[int]) -> dict[int, tuple[bytes, int]]:
    """(Entry, state) of those of these entries whose body may come; others were purged while it was on its way."""
    found = {index: change.writer.entry_at(origin, index) for index in indices}
    return {index: each for index, each in found.items() if each[1] in ABSENT}


def _unbar(change: LogChange, origin: Origin, index: int) -> None:
    """Remarks on a record stay if this node may read its newest version after all."""
    chain = chain_at(change.writer, origin, index, leaf_at(change.writer, origin, index))
    if chain.barred and chain.head == (origin, index):
        change.writer.put_chain(replace(chain, barred=False))
