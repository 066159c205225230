"""Hits of own holdings on other members' records, as they are kept: the values, and what a store owes them.

Rules this module upholds:

- A hit is one pair: a holding, and a record (origin, leaf). Whoever found it, and however often, it is one hit with the
  best evidence that was found.
- Evidence is about a body. When the body goes (a correction, a retraction, an expiry), the hit has ended and its
  evidence is gone; the pair stays, so that a correction can go on with it.
- A hit on an own record is no hit: it would say that a file is like itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.algorithms import strength_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.videos import Shares

MAX_OF_RECORD: Final = 1_000
"""Hits that are kept of one record, beside those by an equal SHA-256, of which there is one holding each. A hash that
is near very many (a plain surface, or one made to be) would fill the table."""
MAX_OF_HOLDING: Final = 100
"""Hits that are kept of one holding on the records of one member, in all its logs: no member can crowd out another, or
fill the table with one picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitEvidence:
    """How near a holding and a record are; the fields are those of `queries.Hit`. The holding is what was asked about:
    `orientation`, `look`, `shares.query_percent` and `subject_at` are of the holding, `at` of the record.
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
    """What a search found, on its way into the table. `place`: the record's index in its log."""

    holding: int
    record: RecordId
    place: int
    evidence: HitEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHit:
    """One hit as it is kept. Times in Unix seconds.

    `evidence` is None where the record's body is gone, and `ended` then True. `last_seen`: when a search found it last.
    `shown_at`: when a person was shown it first, 0 for a new one. `allowed`: the allow-list hides it, as it is now.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCounts:
    """Hits that stand. `hits`: all that the allow-list does not hide; `new`: of these, how many nobody was shown yet;
    `hidden`: those that it hides; `holdings`: how many holdings the `hits` are of.
    """

    hits: int
    new: int
    hidden: int
    holdings: int


class HitReader(Protocol):
    """Reads hits, and how far records were matched."""

    def hits(
        self,
        *,
        case: str = "",
        member: str = "",
        without: Collection[MemberId] = (),
        new: bool = False,
        hidden: bool = False,
        before: int = 0,
        limit: int = 100,
    ) -> list[StoredHit]:
        """Hits that stand, the newest first: of one case, on records of one member, or of all but those in `without`,
        those nobody was shown yet, with those that the allow-list hides, those with ids below `before` (0: all).
        """
        ...

    def hits_of_pairs(self, pairs: Sequence[tuple[int, RecordId]]) -> Mapping[tuple[int, RecordId], StoredHit]:
        """The hits of these pairs of a holding and a record, those that have ended among them."""
        ...

    def hit_counts(self, case: str = "", without: Collection[MemberId] = ()) -> HitCounts:
        """How many hits stand, those on records of the members in `without` left out."""
        ...

    def hits_by_member(self, case: str = "") -> Mapping[MemberId, int]:
        """How many hits stand on the records of each member that the allow-list does not hide."""
        ...

    def holdings_with_hits(self, case: str, without: Collection[MemberId] = ()) -> set[int]:
        """The holdings of a case that have hits which the allow-list does not hide, those on records of the members in
        `without` left out.
        """
        ...

    def hits_at(self, origin: Origin, places: Sequence[int]) -> Mapping[int, int]:
        """How many hits stand on the records at these places of a log, by place, of those that have any."""
        ...

    def hits_in(self, origin: Origin, holdings: Sequence[int]) -> Mapping[int, int]:
        """How many hits of these holdings stand on records of a log, by holding, of those that have any."""
        ...

    def hits_of_holdings(self, holdings: Sequence[int]) -> Mapping[int, int]:
        """How many hits each of these holdings has that the allow-list does not hide, of those that have any."""
        ...

    def known_holdings(self, holdings: Sequence[int]) -> set[int]:
        """Those of these holdings that are there."""
        ...

    def crowded(self) -> Mapping[tuple[int, int], int]:
        """(source, row) -> how many hits at least were left out of the record at `row` of log number `source`."""
        ...

    def crowded_holdings(self) -> Mapping[tuple[int, str], int]:
        """(holding, member) -> how many hits on records of the member were left out, about. Without a member ("") it is
        what was left out before this was told apart.
        """
        ...

    def waiting(self, limit: int) -> list[tuple[int, int]]:
        """(source, row) of what waits to be matched apart from the order of its log: holdings, and records whose body
        came late.
        """
        ...

    def matched(self) -> Mapping[int, int]:
        """Log number -> up to which size its records were matched. A log that is not named: none of it."""
        ...


class HitWriter(HitReader, Protocol):
    """Writes hits, and how far records were matched."""

    def add_hits(self, hits: Sequence[StoredHit]) -> None:
        """New ones; `id` is not looked at. Raises `Misuse` where the log of a record is not here."""
        ...

    def change_hits(self, hits: Sequence[StoredHit]) -> None:
        """Puts these in the place of those with their ids: record, evidence, `last_seen` and `ended`."""
        ...

    def see_hits(self, ids: Sequence[int], now: int) -> None:
        """They were found again."""
        ...

    def show_hits(self, ids: Sequence[int], now: int) -> None:
        """A person was shown them. The first time stays."""
        ...

    def end_hits(self, number: int, rows: Sequence[int]) -> int:
        """The bodies at these places of log `number` are gone: their hits end, and the evidence is overwritten; how
        many that were. The caller scrubs.
        """
        ...

    def forget_hits_of_holding(self, holding: int) -> int:
        """Deletes every trace of a holding that goes; how many hits that were. The caller scrubs."""
        ...

    def forget_ended_hits(self, before: int) -> int:
        """Deletes hits that have ended and were last found before this Unix second; how many."""
        ...

    def crowd(self, source: int, row: int, left_out: int) -> None:
        """Notes that hits on a record were left out. The largest number stays."""
        ...

    def crowd_holding(self, holding: int, member: MemberId, left_out: int, *, further: bool) -> None:
        """Notes that hits of a holding on records of a member were left out. `further`: beside all that were noted
        before; else the larger number stays.
        """
        ...

    def wait_for_match(self, source: int, rows: Sequence[int]) -> None:
        """Notes rows to be matched apart; once is enough."""
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
