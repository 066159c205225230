"""Stored hits: pages of them, and counts of what is missing from the pages.

Rules this module upholds:

- Hits that have ended are on no page and in no count, unless an officer decided about them: those are history.
- Rejected hits are on a page only on request, and always in their count.
- Hits hidden by the allow-list are counted, and so are records not matched yet and hits too many to store: a small
  number never looks complete.
- No member fills a page. Hits of one holding on one member's records with the same evidence are one line, which gives
  their number. While others have hits, one member gets at most a part of a page, and the summary names members with
  more. Skipped hits come on the next page: nothing is left out of the list.
- Hits of muted or suspended members are on no page, and only in their own count, unless the user asks for them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from node.domain.ids import RecordId
from node.domain.reviews import LISTED, ReviewState
from node.usecases.purging import leaf_at
from node.usecases.shown_hits import shown_hits
from node.usecases.sources import EVERYBODY, Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Clock, Codec
    from node.domain.stored_hits import HitCounts, StoredHit
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.shown_hits import ShownHit
    from node.usecases.verification import Verifier

SHARE: Final = 2
"""At most this part of a page's lines is from one member."""
AT_ONCE: Final = 500
"""Hits that are read together for a page."""
SCANNED: Final = 10_000
"""Most hits examined for one page, to find other members' hits behind a flood: a third of a second."""
WAITING_COUNTED: Final = 10_000
"""How many waiting rows are counted; a higher number is given as this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which hits a page shows: see `HitReader.hits`. `record`: only hits on this version. `states`: of their
    reviews, empty for all that a listing shows unless somebody asks. `show_all`: also rejected hits, hits hidden by the
    allow-list, hits of muted and suspended members, and each of the hits that are alike.
    """

    case: str = ""
    member: str = ""
    record: RecordId | None = None
    states: frozenset[ReviewState] = frozenset()
    unseen: bool = False
    show_all: bool = False
    before: int = 0
    limit: int = 100

    @property
    def is_of_one(self) -> bool:
        """Whether it is about the records of one member."""
        return bool(self.member) or self.record is not None

    @property
    def asked_states(self) -> frozenset[ReviewState]:
        """The states of the hits that are shown."""
        return self.states or frozenset(ReviewState if self.show_all else LISTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`next`: the id below which the list continues, None at its end. `grouped`: hits without their own line, because
    they are like one that has a line. `more_of`: members with more hits than the page has, and how many were skipped.
    `seen`: every hit that a line of the page stands for.
    """

    hits: list[ShownHit]
    next: int | None = None
    grouped: int = 0
    more_of: Mapping[MemberId, int] = field(default_factory=dict)
    seen: Sequence[StoredHit] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state of the hits. `holdings`: those of the case with hits; `behind`: records of others, and waiting rows,
    that are not matched yet; `left_out`: records with more hits than are stored, and holdings by member ("" if that was
    not stored), with approximate numbers. `aside`: member -> hits in no count because the member is muted or suspended;
    `standing`: which of the two.
    """

    counts: HitCounts
    holdings: frozenset[int]
    behind: int
    left_out: Mapping[RecordId | tuple[int, str], int]
    aside: Mapping[MemberId, int] = field(default_factory=dict)
    standing: Mapping[MemberId, str] = field(default_factory=dict)


class HitList:
    """Safe to use from any thread, blocking. `own`: the node's owner; `standing`: whose hits are set aside. `verifier`
    None: opinions are not counted.
    """

    def __init__(
        self,
        *,
        store: NodeStore,
        codec: Codec,
        own: MemberId,
        clock: Clock,
        standing: Callable[[NodeStoreReader], Sources] = lambda _tx: EVERYBODY,
        verifier: Verifier | None = None,
    ) -> None:
        self._store = store
        self._codec = codec
        self._own = own
        self._clock = clock
        self._verifier = verifier
        self._standing = standing

    def page(self, wanted: Wanted) -> Page:
        """Hits that stand or were decided about, newest first."""
        with self._store.read() as tx:
            sources = self._standing(tx)
            drawn = _Drawing(wanted)
            aside = sources.hidden(show_all=wanted.show_all or wanted.is_of_one)
            while not drawn.full and (some := _stretch(tx, wanted, aside, drawn.before)):
                drawn.take(some)
            after, more_of = drawn.end()
            lines = shown_hits(tx, self._codec, drawn.lines, sources, self._verifier)
        return Page(
            hits=lines,
            next=after,
            grouped=sum(each.alike - 1 for each in lines),
            more_of=more_of,
            seen=drawn.seen,
        )

    def shown(self, hits: Sequence[StoredHit]) -> None:
        """A person has seen these."""
        fresh = [hit.id for hit in hits if not hit.shown_at]
        if fresh:
            with self._store.write() as tx:
                tx.show_hits(fresh, int(self._clock()))

    def stand(self, case: str = "") -> Standing:
        """The state of a case's hits; of all cases if none is given."""
        with self._store.read() as tx:
            names = {log.number: log.origin for log in tx.logs()}
            sources = self._standing(tx)
            records = {
                RecordId(names[source], leaf_at(tx, names[source], row)): number
                for (source, row), number in tx.crowded().items()
                if source in names
            }
            left_out: dict[RecordId | tuple[int, str], int] = dict(
                chain(tx.crowded_holdings().items(), records.items())
            )
            by_member = tx.hits_by_member(case) if sources.aside else {}
            return Standing(
                counts=tx.hit_counts(case, sources.aside),
                holdings=frozenset(tx.holdings_with_hits(case, sources.aside)) if case else frozenset(),
                behind=behind(tx, self._own),
                left_out=left_out,
                aside={member: number for member, number in by_member.items() if member in sources.aside},
                standing=sources.standing,
            )


class _Drawing:
    """The lines of one page, taken from hits that come newest first. `lines`: (hit, how many are like it)."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._share = wanted.limit if wanted.is_of_one or wanted.show_all else max(wanted.limit // SHARE, 1)
        self._places: dict[tuple[object, ...], int] = {}
        self._of_member: Counter[MemberId] = Counter()
        self._passed: list[StoredHit] = []
        self._last = 0
        self.lines: list[tuple[StoredHit, int]] = []
        self.seen: list[StoredHit] = []
        self.scanned = 0

    @property
    def full(self) -> bool:
        """Whether the page takes no more hits."""
        return len(self.lines) >= self._wanted.limit or self.scanned >= max(SCANNED, self._wanted.limit)

    @property
    def before(self) -> int:
        """The id below which the next group lies."""
        return self._last or self._wanted.before

    def take(self, some: Sequence[StoredHit]) -> None:
        """Takes the next hits."""
        for hit in some:
            if self.full:
                return
            self.scanned += 1
            self._last = hit.id
            if not self._grouped(hit):
                if self._of_member[hit.record.origin.member] < self._share:
                    self._add(hit)
                else:
                    self._passed.append(hit)

    def end(self) -> tuple[int | None, Mapping[MemberId, int]]:
        """Fills the page with skipped hits; returns (the id below which the list continues, None at its end; how many
        hits of each member were skipped). Skipped hits come first on the next page, where hits shown here may appear
        again: none is ever left out.
        """
        at_end = not self.full
        left: list[StoredHit] = []
        for hit in self._passed:
            if not self._grouped(hit):
                if len(self.lines) < self._wanted.limit and not left:
                    self._add(hit)
                else:
                    left.append(hit)
        self.lines.sort(key=lambda line: -line[0].id)
        more_of = Counter(hit.record.origin.member for hit in left)
        return left[0].id + 1 if left else None if at_end else self._last, more_of

    def _add(self, hit: StoredHit) -> None:
        self._of_member[hit.record.origin.member] += 1
        self._places[_likeness(hit)] = len(self.lines)
        self.lines.append((hit, 1))
        self.seen.append(hit)

    def _grouped(self, hit: StoredHit) -> bool:
        """Counts a hit that is like one with a line; False if there is none."""
        place = None if self._wanted.show_all else self._places.get(_likeness(hit))
        if place is None:
            return False
        self.lines[place] = (self.lines[place][0], self.lines[place][1] + 1)
        self.seen.append(hit)
        return True


def _likeness(hit: StoredHit) -> tuple[object, ...]:
    """What alike hits have in common: holding, member, state, and evidence without its quality."""
    if hit.evidence is None:
        return (hit.id,)
    evidence = replace(hit.evidence, quality=None, at=None, subject_at=None)
    return hit.holding, hit.record.origin.member, hit.state, evidence


def _stretch(tx: NodeStoreReader, wanted: Wanted, aside: Collection[MemberId], before: int) -> Sequence[StoredHit]:
    """The hits that come next."""
    return tx.hits(
        case=wanted.case,
        member=wanted.member,
        record=wanted.record,
        without=aside,
        states=wanted.asked_states,
        unseen=wanted.unseen,
        hidden=wanted.show_all,
        before=before,
        limit=AT_ONCE,
    )


def behind(tx: NodeStoreReader, own: MemberId) -> int:
    """How many records of others, and waiting rows, are not matched yet."""
    matched = tx.matched()
    logs = [log for log in tx.logs() if log.origin.stream == "log" and log.origin.member != own]
    return sum(max(log.size - matched.get(log.number, 0), 0) for log in logs) + len(tx.waiting(WAITING_COUNTED))
