"""Stores hits: the results of every search for holdings are stored here, in one way.

Rules this module upholds:

- One writer. Hits found by an ingest, by a match of holdings and by arrivals are the same row, with the best evidence
  found; a hit found again gets a new time.
- A hit is written in one transaction with the note that its rows were matched: after a crash before it, they still wait
  to be matched.
- A hit may already be out of date. Each pair is checked again in the transaction that writes it, so no row is left for
  a body that was purged or a holding that was deleted in between.
- A correction takes over the hit of the record that it replaces, with that hit's first time and its review.
- No single record and no single member fills the table (`MAX_OF_RECORD`, `MAX_OF_HOLDING`). Omitted hits are noted and
  reported. The limit per record never omits an equal SHA-256.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from node.domain.envelope import REPLACING, decode
from node.domain.fingerprint_kinds import SHA256
from node.domain.ids import Origin, RecordId
from node.domain.lists import is_list
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.stored_hits import MAX_OF_HOLDING, MAX_OF_RECORD, FoundHit, HitEvidence, StoredHit
from node.errors import Malformed
from node.usecases.hit_alerts import raise_new_hits
from node.usecases.hit_reviews import OpenReviews, settle_found

if TYPE_CHECKING:
    from node.domain.ids import MemberId
    from node.domain.ports import Clock
    from node.domain.queries import Hit
    from node.domain.stores import NodeStore, NodeStoreReader, NodeStoreWriter
    from node.usecases.matching import Found

MAX_CHAIN: Final = 16
"""How many corrections of one record are followed back to find the hit to take over. With more of them between two
matchings, the hit is a new one."""

_Pair = tuple[int, RecordId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was matched, stored together with its hits: `rows` (source, row) that waited; the `sizes` up to which logs
    were matched, by their numbers; `left_out`: (source, row) of records -> hits that were not judged; `crowds`:
    (holding, member) -> hits on records of the member that were found and omitted. `arrived`: the hits are on arrived
    records, each of which is searched for once, so the omitted hits add to the earlier number.
    """

    rows: Sequence[tuple[int, int]] = ()
    sizes: Mapping[int, int] = field(default_factory=dict)
    left_out: Mapping[tuple[int, int], int] = field(default_factory=dict)
    crowds: Mapping[tuple[int, MemberId], int] = field(default_factory=dict)
    arrived: bool = False


NOTHING_DONE: Final = Done()


class StoredHits:
    """Safe to use from any thread, blocking. `hit_list` reads them. `own`: the node's owner."""

    def __init__(self, *, store: NodeStore, own: MemberId, clock: Clock) -> None:
        self._store = store
        self._own = own
        self._clock = clock
        self._lock = threading.Lock()
        self._in_hand: Counter[int] = Counter()

    @contextmanager
    def in_hand(self, holdings: Sequence[int]) -> Iterator[None]:
        """The caller that stored these holdings matches them itself inside the block. If that fails, they wait for
        `usecases.arrivals`.
        """
        with self._lock:
            self._in_hand.update(holdings)
        try:
            yield
        finally:
            with self._lock:
                self._in_hand.subtract(holdings)
                self._in_hand = +self._in_hand

    def left_over(self, waiting: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """The (source, row) pairs that no thread has reserved."""
        with self._lock:
            return [each for each in waiting if each[0] != HOLDINGS_SOURCE or each[1] not in self._in_hand]

    def found(self, holdings: Sequence[int], hits: Iterable[Hit]) -> list[FoundHit]:
        """What to store of the hits of a search for holdings: `holdings` has the holding of each subject."""
        found = (_found(holdings[hit.subject], hit, self._own) for hit in hits)
        return [each for each in found if each is not None]

    def crowds(self, holdings: Sequence[int], found: Found) -> dict[tuple[int, MemberId], int]:
        """(holding, member) -> hits that a search for holdings omitted. Those of lists are not kept, as their hits."""
        return {
            (holdings[subject], member): number
            for (subject, member), number in found.left_out.items()
            if not is_list(member)
        }

    def keep_match(self, holdings: Sequence[int], found: Found) -> None:
        """Stores the result of matching holdings. `holdings` is empty if the subjects are not holdings."""
        if holdings and (hits := self.found(holdings, found.hits)):
            self.keep(hits, Done(crowds=self.crowds(holdings, found)))

    def keep(self, found: Sequence[FoundHit], done: Done = NOTHING_DONE) -> int:
        """Stores the hits, and that the search was done; returns how many hits are new. Durable on return."""
        now = int(self._clock())
        with self._store.write() as tx:
            crowds = Counter(done.crowds)
            fitting = self._put(tx, found, now, crowds)
            if done.arrived:
                raise_new_hits(tx, fitting, now)
            for (holding, member), number in crowds.items():
                tx.crowd_holding(holding, member, number, further=done.arrived)
            for (source, row), left_out in done.left_out.items():
                tx.crowd(source, row, left_out)
            tx.stop_waiting(done.rows)
            for number, size in done.sizes.items():
                tx.set_matched(number, size)
            # A crash right here leaves all of it undone: the rows still wait, and the size is the old one.
        return len(fitting)

    def _put(
        self, tx: NodeStoreWriter, found: Sequence[FoundHit], now: int, crowds: Counter[tuple[int, MemberId]]
    ) -> list[FoundHit]:
        """Puts the hits; returns those that are new."""
        best: dict[_Pair, FoundHit] = {}
        for each in found:
            pair = (each.holding, each.record)
            if pair not in best or each.evidence.rank < best[pair].evidence.rank:
                best[pair] = each
        entries = _standing(tx, list(best.values()))
        known = dict(tx.hits_of_pairs(list(entries)))
        reviews = OpenReviews(tx, [holding for holding, _ in entries])
        for pair, entry in entries.items():
            before = None if pair in known else _before(tx, pair, entry) or reviews.hit_before(best[pair])
            if before is not None:
                known[pair] = before
        changed, seen, new = [], [], []
        for pair in entries:
            one = best[pair]
            hit = known.get(pair)
            if hit is None:
                new.append(one)
            elif hit.record != one.record or hit.evidence is None or one.evidence.rank < hit.evidence.rank:
                moved = replace(hit, record=one.record, place=one.place, evidence=one.evidence)
                changed.append(replace(moved, last_seen=now, ended=False))
            else:
                seen.append(hit.id)
        tx.change_hits(changed)
        tx.see_hits(seen, now)
        fitting = _fitting(tx, new, crowds)
        tx.add_hits([_first(one, now) for one in fitting])
        reviewed = [one.pair for one in fitting if reviews.has(one.holding)]
        written = [*changed, *tx.hits_of_pairs(reviewed).values()]
        settle_found(tx, reviews, [(hit, best[hit.holding, hit.record]) for hit in written])
        return fitting


def _found(holding: int, hit: Hit, own: MemberId) -> FoundHit | None:
    """A search hit in its stored form. None for a hit on a holding, or on a record of our own."""
    if hit.holding is not None or hit.record is None or hit.place is None or hit.record.origin.member == own:
        return None
    evidence = HitEvidence(
        algorithm=hit.algorithm,
        distance=hit.distance,
        quality=hit.quality,
        orientation=hit.orientation,
        trimmed=hit.trimmed,
        weak=hit.weak,
        look=hit.look,
        shares=hit.shares,
        at=hit.at,
        subject_at=hit.subject_at,
    )
    return FoundHit(holding=holding, record=hit.record, place=hit.place, evidence=evidence, file=hit.file)


def _first(found: FoundHit, now: int) -> StoredHit:
    return StoredHit(
        id=0,
        holding=found.holding,
        record=found.record,
        place=found.place,
        evidence=found.evidence,
        first_seen=now,
        last_seen=now,
    )


def _standing(tx: NodeStoreReader, found: Sequence[FoundHit]) -> dict[_Pair, bytes]:
    """The pairs whose holding exists and whose record's body is stored, each with the record's entry."""
    holdings = tx.known_holdings([each.holding for each in found])
    places = by_log((each.record.origin, each.place) for each in found)
    held = {origin: tx.held_at(origin, wanted) for origin, wanted in places.items()}
    return {
        (each.holding, each.record): held[each.record.origin][each.place][0]
        for each in found
        if each.holding in holdings and each.place in held[each.record.origin]
    }


def by_log(each_of: Iterable[tuple[Origin, int]]) -> dict[Origin, list[int]]:
    """Numbers by their logs, ascending and without duplicates, so that one read per log is enough."""
    places: defaultdict[Origin, set[int]] = defaultdict(set)
    for origin, place in each_of:
        places[origin].add(place)
    return {origin: sorted(wanted) for origin, wanted in places.items()}


def _before(tx: NodeStoreReader, pair: _Pair, entry: bytes) -> StoredHit | None:
    """The hit on the record that this one corrects, if there was one."""
    holding, _ = pair
    for _ in range(MAX_CHAIN):
        target = _corrected(entry)
        if target is None:
            return None
        hit = tx.hits_of_pairs([(holding, target)]).get((holding, target))
        if hit is not None:
            return hit if hit.ended else None
        place = tx.find(target.origin, [target.leaf]).get(target.leaf)
        if place is None:
            return None
        entry = tx.run(target.origin, place, place + 1, 0).entries[0]
    return None


def _corrected(entry: bytes) -> RecordId | None:
    """What an entry corrects, or revises."""
    try:
        envelope = decode(entry)
    except Malformed:
        return None
    return envelope.target if envelope is not None and envelope.kind in REPLACING else None


def _fitting(tx: NodeStoreWriter, new: Sequence[FoundHit], crowds: Counter[tuple[int, MemberId]]) -> list[FoundHit]:
    """The new hits that fit, the strongest first; the others are noted, those of a holding in `crowds`."""
    at_place: dict[tuple[Origin, int], int] = {}
    for origin, wanted in by_log((one.record.origin, one.place) for one in new).items():
        at_place |= {(origin, place): number for place, number in tx.hits_at(origin, wanted).items()}
    of_holding = _of_holdings(tx, new)
    left_out: Counter[tuple[int, int]] = Counter()
    fitting: list[FoundHit] = []
    for one in sorted(new, key=lambda one: one.evidence.rank):
        here, mine = (one.record.origin, one.place), (one.holding, one.record.origin.member)
        if of_holding[mine] >= MAX_OF_HOLDING:
            crowds[mine] += 1
        elif at_place.get(here, 0) >= MAX_OF_RECORD and one.evidence.algorithm != SHA256.name:
            left_out[tx.open_log(one.record.origin).number, one.place] += 1
        else:
            at_place[here] = at_place.get(here, 0) + 1
            of_holding[mine] += 1
            fitting.append(one)
    for (source, row), number in left_out.items():
        tx.crowd(source, row, number)
    return fitting


def _of_holdings(tx: NodeStoreReader, new: Sequence[FoundHit]) -> Counter[tuple[int, MemberId]]:
    """How many present hits of these holdings are on records of these members, in all their logs."""
    wanted: defaultdict[MemberId, set[int]] = defaultdict(set)
    for one in new:
        wanted[one.record.origin.member].add(one.holding)
    counted: Counter[tuple[int, MemberId]] = Counter()
    for log in tx.logs() if wanted else ():
        member = log.origin.member
        for holding, number in tx.hits_in(log.origin, sorted(wanted.get(member, ()))).items():
            counted[holding, member] += number
    return counted
