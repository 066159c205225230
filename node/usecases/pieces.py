"""Splits a verified run into pieces. Each piece is stored in one short transaction, so other writers wait only briefly.

Rules this module upholds:

- A piece is a run like any other, with its tiles, its root, and the checkpoint that vouches for the whole run, which it
  has not reached yet. A crash between two pieces leaves a log that continues from its size.
- The hub's cosignature, the time on it and the alarms come with the last piece.
- The cost of an entry is known before it is stored: an entry that points at another costs many statements, an entry
  that others waited for may end or join their chains, a record that a body mentions costs a little, and anything else
  almost nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from node.domain.batch import VerifiedBatch
from node.domain.envelope import TARGETING
from node.domain.mentions import ENDING_KINDS, Role
from node.tlog import tiles
from node.usecases.applying_runs import Name, Places, find_targets, may_be_awaited
from node.usecases.filing import mentions_in, name_of
from node.usecases.replica import Position, Verified
from node.usecases.waiting import weight_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader
    from node.domain.mentions import Mention
    from node.domain.ports import Codec
    from node.tlog.tiles import Appended

Row = TypeVar("Row", bound=tuple[Any, ...])

WORK_AT_ONCE: Final = 50
"""The work of one transaction: less than a tenth of a second of the single writer's time."""
WORD: Final = 1
"""The work units of an entry that points at another: some twenty statements."""
MENTION: Final = 0.01
"""The work units of a record that a body mentions: 10 to 30 microseconds, because a run's mentions are looked up and
filed at once."""
AWAITED: Final = 10
"""The work units of an entry that others pointed at before it came."""


_POINTING: Final = TARGETING | ENDING_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one transaction stores of a run. `places`: the target positions of the whole run. `mentions`: its own."""

    verified: Verified
    places: Places
    mentions: Sequence[Mention]

    @property
    def work(self) -> float:
        """Its least work, in the unit of `WORK_AT_ONCE`."""
        return _work(self.verified.batch, self.mentions)


def pieces(reader: LogReader, verified: Verified, codec: Codec) -> list[Piece]:
    """A run divided where it would be too much work for one transaction; most runs are one piece. `reader`: a snapshot
    in which the pieces look up what they need, so that no writer has to wait.
    """
    batch = verified.batch
    mentions = mentions_in(codec, batch)
    places = find_targets(reader, batch, _unknown(reader, mentions))
    ends = _ends(batch, reader, mentions)
    if len(ends) == 1:
        return [Piece(verified=verified, places=places, mentions=mentions)]
    found, at = [], verified.before
    for end in ends[:-1]:
        piece = _piece(verified, at, end)
        here = [each for each in mentions if at.state.size <= each.index < end]
        found.append(Piece(verified=piece, places=places, mentions=here))
        at = piece.after
    last, _ = _cut(batch, at, batch.size)
    rest = [each for each in mentions if each.index >= at.state.size]
    return [*found, Piece(verified=replace(verified, before=at, batch=last), places=places, mentions=rest)]


def shares(cut: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces in order, as many together as one transaction takes; at least one."""
    share: list[Piece] = []
    load = 0.0
    for each in cut:
        if share and load + each.work > WORK_AT_ONCE:
            yield share
            share, load = [], 0.0
        share.append(each)
        load += each.work
    if share:
        yield share


def _unknown(reader: LogReader, mentions: Sequence[Mention]) -> set[Name]:
    """The mentioned records that must be searched for. What names a chain is known; only the request of a decision on a
    notice is always searched for, because it is compared with the decision.
    """
    requests = {name_of(each.record) for each in mentions if each.role is Role.REQUEST}
    leaves: defaultdict[Origin, set[bytes]] = defaultdict(set)
    for each in mentions:
        if each.role is not Role.OPENS:
            leaves[each.record.origin].add(each.record.leaf)
    for origin, some in leaves.items():
        name = str(origin)
        requests |= {(name, leaf) for leaf in some - reader.roots(origin, some)}
    return requests


def _work(batch: VerifiedBatch, mentions: Sequence[Mention]) -> float:
    """The sum of `_costs`."""
    return WORD * sum(weight_of(batch.kinds[at]) for at in batch.of_kinds(_POINTING)) + MENTION * len(mentions)


def _costs(batch: VerifiedBatch, mentions: Sequence[Mention]) -> dict[int, float]:
    """The positions of the entries that point at others, in their envelope or in their body, with their work units."""
    costs = {at: WORD * weight_of(batch.kinds[at]) for at in batch.of_kinds(_POINTING)}
    for each in mentions:
        at = each.index - batch.start
        costs[at] = costs.get(at, 0) + MENTION
    return costs


def _ends(batch: VerifiedBatch, reader: LogReader, mentions: Sequence[Mention]) -> list[int]:
    """The log sizes at which a piece ends; the last is that of the whole run."""
    is_awaited = may_be_awaited(reader, batch.origin)
    if not is_awaited and _work(batch, mentions) <= WORK_AT_ONCE:
        return [batch.size]
    costs = _costs(batch, mentions)
    if is_awaited:
        awaited = reader.roots(batch.origin, batch.leaves)
        for at, leaf in enumerate(batch.leaves):
            if leaf in awaited:
                costs[at] = costs.get(at, 0) + AWAITED
    ends, load = [], 0.0
    for at, cost in sorted(costs.items()):
        if load and load + cost > WORK_AT_ONCE:
            ends.append(batch.start + at)
            load = 0.0
        load += cost
    return [*ends, batch.size]


def _piece(whole: Verified, at: Position, end: int) -> Verified:
    """The piece from `at` to `end`, which is not the last."""
    batch, grown = _cut(whole.batch, at, end)
    before, newest = whole.before.state, whole.after.state
    # The newest checkpoint vouches for all pieces; the earliest one that this piece does not reach is its anchor.
    known = (
        (before.anchor, before.anchor_size),
        (before.checkpoint, before.checkpoint_size),
        (newest.checkpoint, newest.checkpoint_size),
    )
    anchor, anchor_size = next(((note, size) for note, size in known if size > end), (b"", 0))
    state = replace(
        at.state,
        size=end,
        root=batch.root,
        checkpoint=newest.checkpoint,
        checkpoint_size=newest.checkpoint_size,
        anchor=anchor,
        anchor_size=anchor_size,
    )
    after = Position(state=state, edge=tiles.edge_after(at.edge, grown), tree=grown.tree)
    return Verified(batch=batch, before=at, after=after)


def _cut(whole: VerifiedBatch, at: Position, end: int) -> tuple[VerifiedBatch, Appended]:
    """The entries from `at` to `end`, and the tree that they give."""
    start = at.state.size
    first, stop = start - whole.start, end - whole.start
    grown = tiles.append(start, at.edge, whole.leaves[first:stop])
    batch = VerifiedBatch(
        origin=whole.origin,
        start=start,
        entries=whole.entries[first:stop],
        leaves=whole.leaves[first:stop],
        kinds=whole.kinds[first:stop],
        expiry_days=whole.expiry_days[first:stop],
        nonces=whole.nonces[first:stop],
        bodies=whole.bodies[first:stop],
        handling_nonces=whole.handling_nonces[first:stop],
        handlings=whole.handlings[first:stop],
        states=whole.states[first:stop],
        tiles=dict(grown.tiles),
        size=grown.size,
        root=grown.root,
        targets=[(place - first, kind, name, leaf) for place, kind, name, leaf in _within(whole.targets, first, stop)],
        quarantine=[(place - first, why) for place, why in _within(whole.quarantine, first, stop)],
    )
    return batch, grown


def _within(rows: Sequence[Row], first: int, stop: int) -> Sequence[Row]:
    """The rows for the positions [first, stop). Each row begins with its position; rows are in order."""
    return rows[bisect_left(rows, first, key=itemgetter(0)) : bisect_left(rows, stop, key=itemgetter(0))]
