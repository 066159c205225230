"""A verified run in pieces, each of which is stored in one transaction and keeps other writers waiting for a moment.

Rules this module upholds:

- A piece is a run like any other: with its tiles, its root, and the checkpoint that vouches for the whole run, which it
  has still to reach. A crash between two pieces leaves a log that goes on from where it stands.
- The hub's cosignature, the time on it and the alarms come with the last piece.
- What an entry costs is known before it is stored: one that points at another costs many statements, one that others
  waited for may end or join what they said, and any other costs next to nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from node.domain.batch import VerifiedBatch
from node.domain.envelope import TARGETING
from node.tlog import tiles
from node.usecases.applying_runs import Places, find_targets, may_be_awaited
from node.usecases.replica import Position, Verified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from node.domain.log_ports import LogReader
    from node.tlog.tiles import Appended

Row = TypeVar("Row", bound=tuple[Any, ...])

WORK_AT_ONCE: Final = 50
"""What one transaction takes on: less than a tenth of a second of the only writer's time."""
WORD: Final = 1
"""What an entry that points at another counts as: some twenty statements."""
AWAITED: Final = 10
"""What an entry counts as that others pointed at before it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one transaction stores of a run. `places`: where the targets of the whole run stand."""

    verified: Verified
    places: Places

    @property
    def work(self) -> int:
        """What it counts as, at least, in the unit of `WORK_AT_ONCE`."""
        return WORD * sum(kind in TARGETING for _, kind, _, _ in self.verified.batch.targets)


def pieces(reader: LogReader, verified: Verified) -> list[Piece]:
    """A run cut where it would be too much work for one transaction; most are one piece. `reader`: a snapshot, in which
    what the pieces need is looked up, so that nobody has to wait to write meanwhile.
    """
    batch, places = verified.batch, find_targets(reader, verified.batch)
    ends = _ends(batch, reader)
    if len(ends) == 1:
        return [Piece(verified=verified, places=places)]
    found, at = [], verified.before
    for end in ends[:-1]:
        piece = _piece(verified, at, end)
        found.append(Piece(verified=piece, places=places))
        at = piece.after
    last, _ = _cut(batch, at, batch.size)
    return [*found, Piece(verified=replace(verified, before=at, batch=last), places=places)]


def shares(cut: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces in their order, as many together as one transaction takes on; at least one."""
    share: list[Piece] = []
    load = 0
    for each in cut:
        if share and load + each.work > WORK_AT_ONCE:
            yield share
            share, load = [], 0
        share.append(each)
        load += each.work
    if share:
        yield share


def _ends(batch: VerifiedBatch, reader: LogReader) -> list[int]:
    """The sizes of the log at which a piece ends, the last of them that of the whole run."""
    costs = {at: WORD for at, kind, _, _ in batch.targets if kind in TARGETING}
    if may_be_awaited(reader, batch.origin):
        awaited = reader.roots(batch.origin, batch.leaves)
        for at, leaf in enumerate(batch.leaves):
            if leaf in awaited:
                costs[at] = costs.get(at, 0) + AWAITED
    ends, load = [], 0
    for at, cost in sorted(costs.items()):
        if load and load + cost > WORK_AT_ONCE:
            ends.append(batch.start + at)
            load = 0
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
    """The entries from `at` to `end`, and what they make of the tree."""
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
    """Of rows that begin with a position, in order: those of the positions [first, stop)."""
    return rows[bisect_left(rows, first, key=itemgetter(0)) : bisect_left(rows, stop, key=itemgetter(0))]
