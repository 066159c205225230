"""Matching: finds leads for subjects, for an ingest, for a local match and for the answer to a member's query.

Rules this module upholds:

- The index proposes, the store decides: every hit is checked again (`hit_verification`) before it is shown.
- A hit is a lead with its evidence (algorithm, distance, quality, orientation, who says so), never a verdict.
- Another member learns about a holding what its level allows: nothing, that there is one, or its record.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR
from node.domain.ids import MemberId, RecordId
from node.domain.lists import LIST_SOURCES, list_owner
from node.domain.queries import Hit, MatchRule, Subject
from node.domain.search_ports import HOLDINGS_SOURCE, Proposed
from node.usecases.allowing import mark
from node.usecases.crowd import PROPOSED, Sifter, marked
from node.usecases.disclosing import Discloser
from node.usecases.handling import with_handling
from node.usecases.hit_verification import Asked, Checker
from node.usecases.leads import hit_of, leads
from node.usecases.reviewed_hits import with_reviews
from node.usecases.search_terms import matchable, probes_of
from node.usecases.sources import EVERYBODY, Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.ids import Origin
    from node.domain.ports import Codec
    from node.domain.search_ports import RawHit, SearchIndex
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.hit_verification import Spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result of a search. `searched`: source name -> how many items the index has of it; `hidden`: how many hits of
    each subject the allow-list has hidden (see `allowing`); `disagreed`: hits that the index proposed and the store did
    not confirm (the index is stale or damaged, and needs a rebuild). `left_out`: (subject, member) -> hits beyond the
    limit per member and subject (see `crowd`); `aside`: member -> hits that are not shown because the member is muted
    or suspended (see `sources`). `sources`: members whose hits are shown only on request. `near`: see
    `disclosing.Told`.
    """

    hits: tuple[Hit, ...]
    searched: Mapping[str, int]
    hidden: Mapping[int, int] = field(default_factory=dict)
    disagreed: int = 0
    left_out: Mapping[tuple[int, MemberId], int] = field(default_factory=dict)
    aside: Mapping[MemberId, int] = field(default_factory=dict)
    sources: Sources = EVERYBODY
    near: tuple[bytes, ...] = ()


class Matcher:
    """Blocking: never on the event loop.

    `rank` orders raw hits best first and keeps one per (subject, source, row): `node.match.ranking`. `standing`: whose
    hits are marked or set aside now. `floor`: the policy's quality floor. `disagreed`: is told how many hits of a
    search the store did not confirm, if that happened twice in a row (between the reads of the index and of the store,
    a holding may have been deleted).
    """

    def __init__(
        self,
        *,
        store: NodeStore,
        index: SearchIndex,
        codec: Codec,
        rank: Callable[[Sequence[RawHit]], Sequence[RawHit]],
        own: Callable[[], MemberId],
        standing: Callable[[NodeStoreReader], Sources] = lambda _tx: EVERYBODY,
        floor: Callable[[], int] = lambda: PDQ_QUALITY_FLOOR,
        disagreed: Callable[[int], None] = lambda _hits: None,
    ) -> None:
        self._store = store
        self._index = index
        self._codec = codec
        self._rank = rank
        self._own = own
        self._standing = standing
        self._floor = floor
        self._disagreed = disagreed

    def against(self, index: SearchIndex) -> Matcher:
        """The same for another index of the same store."""
        return Matcher(
            store=self._store,
            index=index,
            codec=self._codec,
            rank=self._rank,
            own=self._own,
            standing=self._standing,
            floor=self._floor,
            disagreed=self._disagreed,
        )

    @property
    def floor(self) -> int:
        """The lowest quality of a PDQ, by the present policy."""
        return self._floor()

    @property
    def versions(self) -> Mapping[str, int]:
        """Kind name -> version of the algorithm that searches it."""
        return self._index.versions()

    def local(
        self,
        subjects: Sequence[Subject],
        radius: int,
        rule: MatchRule = MatchRule.POLICY,
        own_rows: Sequence[int] = (),
        *,
        show_all: bool = False,
        own_source: int = HOLDINGS_SOURCE,
        only_lists: bool = False,
    ) -> Found:
        """Searches everything here: own holdings and every member's records that we hold.

        `own_rows`: if subjects are holdings themselves, the holding of each, which is not shown as its own hit. A
        holding that was contributed is one hit, with its record's content. Hits hidden by the allow-list, and hits on
        records of muted or suspended members, are counted; with `show_all` they are shown and marked. `crowd` limits
        the hits of one member on one subject. `own_source`: of `own_rows`, if they are rows of a list; `only_lists`:
        looks at what lists have alone.
        """
        with self._store.read() as tx:
            own = [log.number for log in tx.logs() if log.origin.member == self._own()]
            lists = {each.source: each.name for each in tx.lists() if each.is_searched}
        asked = self._asked(subjects, radius, rule)
        proposed = Proposed(hits=[])
        if asked.probes:
            proposed = self._index.propose(asked.probes, asked.radius, PROPOSED, [HOLDINGS_SOURCE, *own])
        if only_lists:
            proposed = _of_lists(proposed)
        raw = self._ranked(proposed.hits, own_rows, own_source)
        hidden: Mapping[int, int] = {}
        with self._store.read() as tx:
            names = {log.number: log.origin for log in tx.logs()}
            standing = self._standing(tx)
            owners = {number: log.member for number, log in names.items() if log.member != self._own()}
            # A list is limited like a member: it may have one hash thousands of times.
            owners |= {source: list_owner(name) for source, name in lists.items()}
            sifter = Sifter(self._checker(), owners, standing.hidden(show_all=show_all))
            sifted = sifter.sift(tx, asked, raw, names, proposed.further)
            if sifted.disagreed and proposed.further:
                # The index is stale or damaged: its wrong proposals may have displaced real hits.
                again = Proposed(hits=self._index.search(asked.probes, asked.radius))
                raw = self._ranked((_of_lists(again) if only_lists else again).hits, own_rows, own_source)
                sifted = sifter.sift(tx, asked, raw, names)
            hits = mark(tx, subjects, list(leads(sifted.spoken)))
            if not show_all:
                hidden = Counter(hit.subject for hit in hits if hit.allowed)
                hits = [hit for hit in hits if not hit.allowed]
            hits = with_handling(tx, self._codec, hits, _rows(sifted.spoken, names))
            hits = with_reviews(tx, hits, own_rows if own_source == HOLDINGS_SOURCE else ())
        if sifted.disagreed:
            self._look_again(asked)
        sizes = self._index.sizes()
        searched = {str(names[n]): size for n, size in sizes.items() if n in names}
        searched |= {f"{self._own()}/list {lists[n]}": size for n, size in sizes.items() if n in lists}
        searched[f"{self._own()}/holdings"] = sizes.get(HOLDINGS_SOURCE, 0)
        return Found(
            hits=tuple(marked(hits, sifted, standing)),
            searched=searched,
            hidden=hidden,
            disagreed=sifted.disagreed,
            left_out=sifted.left_out,
            aside=sifted.aside,
            sources=standing,
        )

    def for_member(
        self,
        subjects: Sequence[Subject],
        radius: int,
        rule: MatchRule,
        asker: MemberId,
        purpose: str,
        *,
        matching: Sequence[Sequence[bool]],
    ) -> Found:
        """Searches own holdings, and lists that may answer, for another member. Says no more than `disclosing` allows.
        `matching`: as for `probes_of`.
        """
        within = 0 if rule is MatchRule.EXACT else radius
        probes = probes_of(subjects, rule, abroad=True, matching=matching)
        asked = Asked(subjects=subjects, probes=probes, radius=within, floor=self.floor)
        found = self._rank(self._index.search(asked.probes, asked.radius)) if asked.probes else ()
        raw = [hit for hit in found if hit.source == HOLDINGS_SOURCE or hit.source >= LIST_SOURCES]
        if not raw:
            return Found(hits=(), searched={})
        with self._store.read() as tx:
            spoken, disagreed = self._checker().checked(tx, asked, raw, {})
            told = Discloser(
                tx=tx,
                codec=self._codec,
                own=self._own(),
                asker=asker,
                purpose=purpose,
                asked=asked,
                evident=hit_of,
            ).told(spoken)
        if disagreed:
            self._look_again(asked)
        return Found(hits=told.hits, searched={}, disagreed=disagreed, near=told.near)

    def _look_again(self, asked: Asked) -> None:
        """Searches again for hits that the store did not confirm, and reports those that it still does not confirm."""
        raw = self._rank(self._index.search(asked.probes, asked.radius))
        with self._store.read() as tx:
            names = {log.number: log.origin for log in tx.logs()}
            _, wrong = self._checker().checked(tx, asked, raw, names)
        if wrong:
            self._disagreed(wrong)

    def _ranked(self, found: Sequence[RawHit], own_rows: Sequence[int], own_source: int) -> Sequence[RawHit]:
        """The hits in order, without those of subjects on themselves."""
        raw = self._rank(found)
        if not own_rows:
            return raw
        return [hit for hit in raw if hit.source != own_source or hit.row != own_rows[hit.subject]]

    def _asked(self, subjects: Sequence[Subject], radius: int, rule: MatchRule) -> Asked:
        """What is looked for."""
        within = 0 if rule is MatchRule.EXACT else radius
        floor = self.floor
        probes = probes_of(subjects, rule, matching=matchable(subjects, floor))
        return Asked(subjects=subjects, probes=probes, radius=within, floor=floor)

    def _checker(self) -> Checker:
        return Checker(self._codec, self._own())


def _of_lists(proposed: Proposed) -> Proposed:
    """What the index proposes of lists."""
    return Proposed(
        hits=[hit for hit in proposed.hits if hit.source >= LIST_SOURCES],
        further={alike: number for alike, number in proposed.further.items() if alike.source >= LIST_SOURCES},
    )


def _rows(spoken: Sequence[tuple[RawHit, Spoken]], names: Mapping[int, Origin]) -> dict[RecordId, tuple[Origin, int]]:
    """The positions of the records among the hits: (log, index)."""
    return {
        said.record: (names[hit.source], hit.row)
        for hit, said in spoken
        if said.record is not None and hit.source in names
    }
