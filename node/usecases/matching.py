"""Matching: subjects in, leads out; the same for an ingest, a local match and the answer to a member's query.

Rules this module upholds:

- The index proposes, the store decides: every hit is re-checked (`checking`) before it is shown.
- A hit is a lead with its evidence (algorithm, distance, quality, orientation, who says so), never a verdict.
- What was not searched is said (`searched_kinds`), never left to silence.
- Towards another member a holding gives away what its level allows: nothing, that there is one, or its record.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from node.domain.fingerprints import KIND_BY_CODE, ORIENTATIONS, PDQ, PHASH
from node.domain.ids import RecordId
from node.domain.matchable import may_match
from node.domain.queries import Hit, MatchRule, SearchedKind, Subject
from node.domain.search_ports import HOLDINGS_SOURCE, Probe, Proposed
from node.usecases.allowing import mark
from node.usecases.checking import Asked, Checker
from node.usecases.crowd import PROPOSED, Sifter, marked
from node.usecases.disclosing import Discloser
from node.usecases.handling import with_handling
from node.usecases.sources import EVERYBODY, Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.ports import Codec, Store, StoreReader
    from node.domain.search_ports import RawHit, SearchIndex
    from node.domain.statements import Contribution
    from node.usecases.checking import Spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search gave. `searched`: source name -> how many it holds in the index; `hidden`: how many hits of each
    subject the allow-list has hidden (see `allowing`); `disagreed`: hits that the index proposed and the store did not
    bear out (the index is stale or damaged, and wants a rebuild). `left_out`: (subject, member) -> hits past what is
    given of one member on one subject (see `crowd`); `aside`: member -> hits that are not shown because the member is
    muted or suspended (see `sources`). `sources`: whose hits are set aside where nobody asks for them. `near`: see
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


def matchable(subjects: Sequence[Subject]) -> list[tuple[bool, ...]]:
    """Which fingerprints of each subject may match (`node.domain.matchable`)."""
    return [may_match(subject.fingerprints) for subject in subjects]


def probes_of(
    subjects: Sequence[Subject],
    rule: MatchRule,
    *,
    abroad: bool = False,
    matching: Sequence[Sequence[bool]] | None = None,
) -> list[Probe]:
    """One probe for each searchable hash, PDQ in every orientation that is known of it, and the same of the picture
    without its borders. pHash, the second opinion, only under the policy's rule and not for another member (`abroad`).
    `matching`: see `matchable`, where the caller knows it already.
    """
    probes: list[Probe] = []
    for number, (subject, mays) in enumerate(zip(subjects, matching or matchable(subjects), strict=True)):
        opinions = 0
        for fingerprint, may in zip(subject.fingerprints, mays, strict=True):
            second_opinion = fingerprint.code == PHASH.code
            opinions += second_opinion
            if not may or (second_opinion and (abroad or rule is MatchRule.EXACT)):
                continue
            quality = -1 if fingerprint.quality is None else fingerprint.quality
            turned: tuple[bytes, ...] = (fingerprint.value,)
            first = 0
            if fingerprint.code == PDQ.code and fingerprint.value in subject.orientations[:1]:
                turned = subject.orientations
            elif fingerprint.code == PDQ.code and fingerprint.value in subject.trimmed[:1]:
                turned, first = subject.trimmed, len(ORIENTATIONS)
            elif second_opinion and opinions > 1 and subject.trimmed:
                first = len(ORIENTATIONS)
            probes += [
                Probe(number, fingerprint.code, value, quality, turn, fingerprint.at)
                for turn, value in enumerate(turned, first)
            ]
    return probes


def searched_kinds(
    subjects: Sequence[Subject],
    versions: Mapping[str, int],
    rule: MatchRule,
    *,
    abroad: bool = False,
    matching: Sequence[Sequence[bool]] | None = None,
) -> tuple[SearchedKind, ...]:
    """For every kind in the question: was it searched, and by which version. A kind of which one hash was searched and
    another was not (its quality is below the floor) is listed both ways. `abroad`: for another member, whom pHash, the
    second opinion, gives no hit; and it has no exact rule anywhere. `matching`: as for `probes_of`.
    """
    asked = frozenset(
        (fingerprint.code, may)
        for subject, mays in zip(subjects, matching or matchable(subjects), strict=True)
        for fingerprint, may in zip(subject.fingerprints, mays, strict=True)
    )
    return _searched_kinds(asked, tuple(versions.items()), rule is MatchRule.POLICY and not abroad)


def expected_kinds(subjects: Sequence[Subject]) -> frozenset[str]:
    """The kinds of fingerprint that a question has, as far as every member searches them for another."""
    kinds = [f.kind for subject in subjects for f in subject.fingerprints if f.searchable and f.code != PHASH.code]
    return frozenset([kind.name for kind in kinds if kind is not None])


@lru_cache(maxsize=64)
def _searched_kinds(
    asked: frozenset[tuple[int, bool]],
    known: tuple[tuple[str, int], ...],
    second_opinion: bool,  # noqa: FBT001  (whether pHash counts)
) -> tuple[SearchedKind, ...]:
    """The same for most questions. `asked`: (code, whether it may match) of what is asked about."""
    versions, seen = dict(known), set[tuple[str, int, bool]]()
    for code, searchable in asked:
        kind = KIND_BY_CODE.get(code)
        name = kind.name if kind else f"unknown-{code}"
        searched = searchable and name in versions and (kind is not PHASH or second_opinion)
        seen.add((name, versions.get(name, 0), searched))
    return tuple([SearchedKind(name=name, version=version, searched=done) for name, version, done in sorted(seen)])


class Matcher:
    """Blocking: never on the event loop.

    `rank` orders raw hits best first and keeps one a (subject, source, row): `node.match.ranking`. `standing`: whose
    hits are marked or set aside, as it is now.
    """

    def __init__(
        self,
        *,
        store: Store,
        index: SearchIndex,
        codec: Codec,
        rank: Callable[[Sequence[RawHit]], Sequence[RawHit]],
        own: Callable[[], MemberId],
        standing: Callable[[StoreReader], Sources] = lambda _tx: EVERYBODY,
    ) -> None:
        self._store = store
        self._index = index
        self._codec = codec
        self._rank = rank
        self._own = own
        self._standing = standing

    def against(self, index: SearchIndex) -> Matcher:
        """The same, searching another index of the same store."""
        return Matcher(
            store=self._store, index=index, codec=self._codec, rank=self._rank, own=self._own, standing=self._standing
        )

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
    ) -> Found:
        """Searches everything here: own holdings and every member's records that we hold.

        `own_rows`: where subjects are holdings themselves, the holding of each, which is not shown as its own hit. A
        holding that was contributed is one hit, with what its record says. What the allow-list hides, and hits on
        records of members that are muted or suspended, are counted, and with `show_all` shown and marked. Of one member
        on one subject no more are given than `crowd` says.
        """
        with self._store.read() as tx:
            own = [log.number for log in tx.logs() if log.origin.member == self._own()]
        asked = self._asked(subjects, radius, rule)
        proposed = Proposed(hits=[])
        if asked.probes:
            proposed = self._index.propose(asked.probes, asked.radius, PROPOSED, [HOLDINGS_SOURCE, *own])
        raw = self._ranked(proposed.hits, own_rows)
        hidden: Mapping[int, int] = {}
        with self._store.read() as tx:
            names = {log.number: log.origin for log in tx.logs()}
            standing = self._standing(tx)
            owners = {number: log.member for number, log in names.items() if log.member != self._own()}
            sifter = Sifter(self._checker(), owners, standing.hidden(show_all=show_all))
            sifted = sifter.sift(tx, asked, raw, names, proposed.further)
            if sifted.disagreed and proposed.further:
                # The index is stale or damaged: what it gave in place of others may be what is not there.
                raw = self._ranked(self._index.search(asked.probes, asked.radius), own_rows)
                sifted = sifter.sift(tx, asked, raw, names)
            hits = mark(tx, subjects, list(self._leads(sifted.spoken)))
            if not show_all:
                hidden = Counter(hit.subject for hit in hits if hit.allowed)
                hits = [hit for hit in hits if not hit.allowed]
            hits = with_handling(tx, self._codec, hits, _rows(sifted.spoken, names))
        sizes = self._index.sizes()
        searched = {str(names[n]): size for n, size in sizes.items() if n in names}
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

    def _leads(self, spoken: Sequence[tuple[RawHit, Spoken]]) -> Iterator[tuple[Hit, bytes]]:
        """The hits of a local search, in their order, a holding and its record as one; with the holding's SHA-256."""
        records = {(hit.subject, said.record): said for hit, said in spoken if hit.source != HOLDINGS_SOURCE}
        held = {(hit.subject, said.record) for hit, said in spoken if hit.source == HOLDINGS_SOURCE}
        for hit, said in spoken:
            if hit.source == HOLDINGS_SOURCE:
                told = replace(records.get((hit.subject, said.record), said), evidence=said.evidence)
                lead = replace(self._hit(hit, told), holding=hit.row, cases=said.cases)
                yield replace(lead, statement=_words(told.statement)), said.sha256
            elif (hit.subject, said.record) not in held:
                yield replace(self._hit(hit, said), statement=_words(said.statement)), b""

    def for_member(
        self,
        subjects: Sequence[Subject],
        radius: int,
        rule: MatchRule,
        asker: MemberId,
        purpose: str,
        *,
        matching: Sequence[Sequence[bool]] | None = None,
    ) -> Found:
        """Searches own holdings for another member, and says no more than `disclosing` lets it say. `matching`: as for
        `probes_of`.
        """
        within = 0 if rule is MatchRule.EXACT else radius
        probes = probes_of(subjects, rule, abroad=True, matching=matching)
        asked = Asked(subjects=subjects, probes=probes, radius=within)
        found = self._rank(self._index.search(asked.probes, asked.radius)) if asked.probes else ()
        raw = [hit for hit in found if hit.source == HOLDINGS_SOURCE]
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
                evident=self._hit,
            ).told(spoken)
        return Found(hits=told.hits, searched={}, disagreed=disagreed, near=told.near)

    def _ranked(self, found: Sequence[RawHit], own_rows: Sequence[int]) -> Sequence[RawHit]:
        """The hits in order, those of subjects on themselves left out."""
        raw = self._rank(found)
        if not own_rows:
            return raw
        return [hit for hit in raw if hit.source != HOLDINGS_SOURCE or hit.row != own_rows[hit.subject]]

    @staticmethod
    def _asked(subjects: Sequence[Subject], radius: int, rule: MatchRule) -> Asked:
        """What is looked for."""
        within = 0 if rule is MatchRule.EXACT else radius
        return Asked(subjects=subjects, probes=probes_of(subjects, rule), radius=within)

    def _checker(self) -> Checker:
        return Checker(self._codec, self._own())

    def _hit(self, hit: RawHit, said: Spoken) -> Hit:
        kind, by_frames = KIND_BY_CODE[hit.code], said.evidence
        orientation = by_frames.orientation if by_frames else hit.orientation
        statement = said.statement
        return Hit(
            subject=hit.subject,
            origin=said.origin,
            algorithm=by_frames.algorithm if by_frames else kind.name,
            level=said.level,
            record=said.record,
            place=None if hit.source == HOLDINGS_SOURCE else hit.row,
            distance=by_frames.distance if by_frames else None if kind.exact else hit.distance,
            quality=hit.quality if kind.has_quality and hit.quality >= 0 else None,
            orientation=ORIENTATIONS[orientation % len(ORIENTATIONS)] if by_frames or kind is PDQ else None,
            trimmed=orientation >= len(ORIENTATIONS),
            shares=by_frames.shares if by_frames else None,
            at=by_frames.at if by_frames else None,
            subject_at=by_frames.subject_at if by_frames else None,
            category=statement.category if statement else None,
            series=(statement.series or None) if statement else None,
            weak=kind.weak,
        )


def _rows(spoken: Sequence[tuple[RawHit, Spoken]], names: Mapping[int, Origin]) -> dict[RecordId, tuple[Origin, int]]:
    """Where the records among the hits stand: (log, index)."""
    return {
        said.record: (names[hit.source], hit.row)
        for hit, said in spoken
        if said.record is not None and hit.source in names
    }


def _words(statement: Contribution | None) -> Contribution | None:
    """What a record says beside its fingerprints."""
    return replace(statement, fingerprints=()) if statement else None
