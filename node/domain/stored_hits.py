"""Stored hits of own holdings on other members' records: the values, and the port of the store.

Rules this module upholds:

- A hit is one pair: a holding, and a record (origin, leaf). However often and by any search it was found, it is
  one hit with the best evidence found.
- Evidence is about a body. When the body is deleted (a correction, a retraction, an expiry), the hit ends and its
  evidence is deleted. The pair stays, so that a correction can take it over.
- A hit stands while its record's body is here. An ended hit about which an officer decided stays listed, as history.
- A match with an own record is not a hit: it would say that a file is like itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.algorithms import strength_of
from node.domain.reviews import LISTED, UNKNOWN_FILE, ReviewState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.reviews import FileDigests
    from node.domain.videos import Shares

MAX_OF_RECORD: Final = 1_000
"""Most stored hits of one record, besides those by an equal SHA-256 (one holding each). A hash that is near very many
others (a plain surface, or a constructed hash) would fill the table."""
MAX_OF_HOLDING: Final = 100
"""Most stored hits of one holding on the records of one member, in all its logs: no member can crowd out another, or
fill the table with one picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitEvidence:
    """How near a holding and a record are; the fields are those of `queries.Hit`. The holding takes the place of the
    subject: `orientation`, `look`, `shares.query_percent` and `subject_at` are of the holding, `at` of the record.
    """

    algorithm: str
    distance: int | None = None
    quality: int | None = None
    orientation: str | None = None
    trimmed: bool = False
    weak: bool = False
    look: str = ""
    shares: Shares | None = None
    at: int | None = None
    subject_at: int | None = None

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Sorts the strongest first. An algorithm that this version does not know is the weakest."""
        return strength_of(self.algorithm), self.distance or 0, int(self.trimmed), -(self.quality or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundHit:
    """A search result to be stored. `place`: the record's index in its log; `file`: what it says of its file."""

    holding: int
    record: RecordId
    place: int
    evidence: HitEvidence
    file: FileDigests = UNKNOWN_FILE

    @property
    def pair(self) -> tuple[int, RecordId]:
        """What a stored hit is found by."""
        return self.holding, self.record


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHit:
    """One stored hit. Times in Unix seconds.

    `evidence` is None if the record's body is deleted, and `ended` is then True. `last_seen`: when a search last found
    it. `shown_at`: when a person first saw it, 0 if nobody has yet. `allowed`: whether the allow-list hides it now.
    `state` and `review`: of the review of its pair, and its number; 0 if there is none.
    """

    id: int
    holding: int
    record: RecordId
    place: int
    evidence: HitEvidence | None
    first_seen: int
    last_seen: int
    shown_at: int = 0
    ended: bool = False
    allowed: bool = False
    state: ReviewState = ReviewState.NEW
    review: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCounts:
    """Hits that stand or were decided about, by the state of their review. `hits`: all that the allow-list does not
    hide and nobody rejected; `new`, `confirmed`, `unsure` and `rejected`: by state, without those that the allow-list
    hides; `unseen`: how many of the `hits` nobody has seen yet; `hidden`: those that the allow-list hides; `holdings`:
    how many holdings the `hits` are of.
    """

    hits: int
    new: int
    hidden: int
    holdings: int
    unseen: int = 0
    confirmed: int = 0
    unsure: int = 0
    rejected: int = 0


class HitReader(Protocol):
    """Reads hits, and how far records were matched."""

    def hits(
        self,
        *,
        case: str = "",
        member: str = "",
        record: RecordId | None = None,
        without: Collection[MemberId] = (),
        states: Collection[ReviewState] = LISTED,
        unseen: bool = False,
        hidden: bool = False,
        before: int = 0,
        limit: int = 100,
    ) -> list[StoredHit]:
        """Hits that stand or were decided about, newest first: of one case, on records of one member, or of all except
        those in `without`; on this version of a record; in one of these states; those that nobody has seen yet; with
        those that the allow-list hides; those with ids below `before` (0: all).
        """
        ...

    def hits_by_id(self, ids: Sequence[int]) -> Mapping[int, StoredHit]:
        """The existing ones among these ids, including ended ones."""
        ...

    def hits_of_holding(self, holding: int) -> list[StoredHit]:
        """The hits of one holding that stand, in any state."""
        ...

    def reviewed_at(self, number: int, places: Sequence[int]) -> list[StoredHit]:
        """The hits on the records at these positions of log `number` that stand and that have a review."""
        ...

    def hits_of_pairs(self, pairs: Sequence[tuple[int, RecordId]]) -> Mapping[tuple[int, RecordId], StoredHit]:
        """The hits of these pairs of a holding and a record, including ended ones."""
        ...

    def hit_counts(self, case: str = "", without: Collection[MemberId] = ()) -> HitCounts:
        """How many hits there are, without those on records of the members in `without`."""
        ...

    def hits_by_member(self, case: str = "") -> Mapping[MemberId, int]:
        """How many `hits` of `HitCounts` are on the records of each member."""
        ...

    def holdings_with_hits(self, case: str, without: Collection[MemberId] = ()) -> set[int]:
        """The holdings of a case with `hits` of `HitCounts`, without those on records of the members in `without`."""
        ...

    def hits_at(self, origin: Origin, places: Sequence[int]) -> Mapping[int, int]:
        """How many present hits are on the records at these positions of a log, by position, if any."""
        ...

    def hits_in(self, origin: Origin, holdings: Sequence[int]) -> Mapping[int, int]:
        """How many hits of these holdings are on records of a log, by holding, if any."""
        ...

    def hits_of_holdings(self, holdings: Sequence[int]) -> Mapping[int, int]:
        """How many `hits` of `HitCounts` each of these holdings has, if any."""
        ...

    def known_holdings(self, holdings: Sequence[int]) -> set[int]:
        """Those of these holdings that exist."""
        ...

    def crowded(self) -> Mapping[tuple[int, int], int]:
        """(source, row) -> how many hits at least were omitted for the record at `row` of log number `source`."""
        ...

    def crowded_holdings(self) -> Mapping[tuple[int, str], int]:
        """(holding, member) -> about how many hits on records of the member were omitted. Without a member (""):
        omitted before the two were told apart.
        """
        ...

    def waiting(self, limit: int) -> list[tuple[int, int]]:
        """(source, row) of rows that wait to be matched out of log order: holdings, and records with a late body."""
        ...

    def matched(self) -> Mapping[int, int]:
        """Log number -> the size up to which its records were matched. A log that is not named: none of it."""
        ...


class HitWriter(HitReader, Protocol):
    """Writes hits, and how far records were matched."""

    def add_hits(self, hits: Sequence[StoredHit]) -> None:
        """New ones; `id`, `state` and `review` are ignored. Raises `Misuse` if the log of a record is not here."""
        ...

    def change_hits(self, hits: Sequence[StoredHit]) -> None:
        """Replaces the hits with these ids: record, evidence, `last_seen` and `ended`."""
        ...

    def see_hits(self, ids: Sequence[int], now: int) -> None:
        """They were found again."""
        ...

    def show_hits(self, ids: Sequence[int], now: int) -> None:
        """A person has seen them. The first time stays."""
        ...

    def end_hits(self, number: int, rows: Sequence[int]) -> int:
        """The bodies at these positions of log `number` are deleted: their hits end, and the evidence is overwritten;
        returns how many. The caller scrubs.
        """
        ...

    def forget_hits_of_holding(self, holding: int) -> int:
        """Deletes every trace of a deleted holding; returns how many hits. The caller scrubs."""
        ...

    def forget_ended_hits(self, before: int) -> int:
        """Deletes ended hits without a review that were last found before this Unix second; returns how many."""
        ...

    def crowd(self, source: int, row: int, left_out: int) -> None:
        """Notes that hits on a record were omitted. The largest number stays."""
        ...

    def crowd_holding(self, holding: int, member: MemberId, left_out: int, *, further: bool) -> None:
        """Notes that hits of a holding on records of a member were omitted. `further`: in addition to all noted before;
        else the larger number stays.
        """
        ...

    def wait_for_match(self, source: int, rows: Sequence[int]) -> None:
        """Notes rows to be matched out of log order; once is enough."""
        ...

    def stop_waiting(self, rows: Sequence[tuple[int, int]]) -> None:
        """These (source, row) were matched."""
        ...

    def set_matched(self, number: int, size: int) -> None:
        """All records of log `number` below `size` were matched."""
        ...

    def forget_matched(self) -> None:
        """Every record is to be matched again."""
        ...
