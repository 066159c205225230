"""Checks the hits that the index proposes against the store: the second half of every search.

Rules this module upholds:

- The index proposes, the store decides: a hit counts only if the stored fingerprints confirm it.
- A row is read once, however many subjects found it, and a fixed number of statements reads many rows. The number of
  rows in memory is bounded, because a video has thousands of fingerprints.
- Errors of the index are counted apart from proposed videos that are not near enough (`frames`), from rows of lists
  that are being imported or removed, and from notices whose request is not here yet (`notice_check`).
- One hit per subject and row: a weaker proposal (`match.ranking`) counts only if the stronger one was not confirmed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.envelope import decode
from node.domain.ids import RecordId
from node.domain.lists import LIST_SOURCES
from node.domain.matchable import spoken_for
from node.domain.notices import NoticeDecision
from node.domain.queries import Level, RowOfList
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.statements import Category, Contribution, Tri
from node.errors import Malformed
from node.tlog import merkle
from node.usecases import frames
from node.usecases.notice_check import DECISIONS, is_confirmed, published, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.fingerprints import Fingerprint
    from node.domain.holdings import Holding
    from node.domain.ids import MemberId, Origin
    from node.domain.lists import ListedRow, ReferenceList
    from node.domain.material import ComposedFingerprints
    from node.domain.notices import PublishedNotice
    from node.domain.ports import Codec
    from node.domain.queries import Subject
    from node.domain.search_ports import Probe, RawHit
    from node.domain.stores import NodeStoreReader
    from node.usecases.frames import FrameEvidence

ROWS_AT_ONCE: Final = 256
"""Rows whose fingerprints are in memory at a time: some 200 MiB if all are videos of an hour."""

LOWEST: Final = 0
"""The lowest quality of a PDQ."""

Place = tuple[int, int]
"""Source and row."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The store's data on one row, as far as it may be shown. `sha256`, `cases` and `looks` are for own holdings, and
    their `fingerprints` include those of the looks; `evidence`: how near a hit by video frames is; `look`: the
    background of the look that alone confirms a hit, "" for none; `notice`: the notice that the hub published there.
    """

    origin: str
    fingerprints: tuple[Fingerprint, ...]
    level: Level
    record: RecordId | None
    statement: Contribution | None
    sha256: bytes = b""
    evidence: FrameEvidence | None = None
    cases: tuple[str, ...] = ()
    looks: tuple[ComposedFingerprints, ...] = ()
    look: str = ""
    row: RowOfList | None = None
    notice: PublishedNotice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was searched for: `probes` belong to `subjects`, within `radius` bits (0 for the rule `exact`), with at
    least the quality `floor`.
    """

    subjects: Sequence[Subject]
    probes: Sequence[Probe]
    radius: int
    floor: int


class Checker:
    """Checks hits again. `own`: the owner of these holdings."""

    def __init__(self, codec: Codec, own: MemberId) -> None:
        self._codec = codec
        self._own = own
        self._lists: dict[int, ReferenceList] = {}
        self._unheard: set[Place] = set()

    def checked(
        self, tx: NodeStoreReader, asked: Asked, raw: Sequence[RawHit], names: Mapping[int, Origin]
    ) -> tuple[list[tuple[RawHit, Spoken]], int]:
        """(The hits that the store confirms, in their order, with the store's data on their rows, without fingerprints;
        how many it did not confirm). `names`: the log of each source; a source without one is skipped and counts as a
        disagreement.
        """
        values: defaultdict[tuple[int, int, int], list[bytes]] = defaultdict(list)
        for probe in asked.probes if raw else ():
            values[probe.subject, probe.code, probe.orientation].append(probe.value)
        found: defaultdict[Place, list[int]] = defaultdict(list)
        for at, hit in enumerate(raw):
            found[hit.source, hit.row].append(at)
        borne_out: dict[int, Spoken] = {}
        declined = spared = 0
        judge = frames.Judge(asked.subjects, asked.radius, asked.floor)
        places = list(found)
        for start in range(0, len(places), ROWS_AT_ONCE):
            for place, said in self._spoken(tx, places[start : start + ROWS_AT_ONCE], names).items():
                bare = replace(said, fingerprints=(), looks=())
                told: set[int] = set()
                for at in found[place]:
                    hit = raw[at]
                    if hit.subject in told:
                        spared += 1
                        continue
                    those = values[hit.subject, hit.by or hit.code, hit.orientation]
                    evidence = _evidence(judge, said, hit, those, asked.floor)
                    if evidence is frames.DECLINED:
                        declined += 1
                    elif evidence is not None:
                        if evidence is not frames.NONE_NEEDED:
                            borne_out[at] = replace(bare, evidence=evidence)
                        else:
                            borne_out[at] = (
                                replace(bare, look=_look(said, hit, those, asked.floor)) if said.looks else bare
                            )
                        told.add(hit.subject)
        kept = [(raw[at], borne_out[at]) for at in sorted(borne_out)]
        silent = sum(self._is_silent(hit.source) or (hit.source, hit.row) in self._unheard for hit in raw)
        return kept, len(raw) - len(kept) - declined - spared - silent

    def _is_silent(self, source: int) -> bool:
        """Whether this is a list that is being imported or removed: its rows are in the index and in no answer."""
        of = self._lists.get(source)
        return of is not None and not of.is_searched

    def _spoken(self, tx: NodeStoreReader, places: Sequence[Place], names: Mapping[int, Origin]) -> dict[Place, Spoken]:
        """The store's data on each of these positions: one read per source."""
        rows: defaultdict[int, list[int]] = defaultdict(list)
        for source, row in places:
            rows[source].append(row)
        spoken: dict[Place, Spoken] = {}
        for source, wanted in rows.items():
            if source >= LIST_SOURCES:
                spoken |= self._listed(tx, source, sorted(wanted))
            elif source == HOLDINGS_SOURCE:
                held = tx.holdings_by_id(sorted(wanted))
                spoken |= {(source, row): self._holding(holding) for row, holding in held.items()}
            elif origin := names.get(source):
                for row, shown in tx.held_at(origin, sorted(wanted)).items():
                    if (said := self._record(tx, origin, row, shown)) is not None:
                        spoken[source, row] = said
                    elif shown[0][1] in DECISIONS:
                        self._unheard.add((source, row))
        return spoken

    def _listed(self, tx: NodeStoreReader, source: int, wanted: Sequence[int]) -> dict[Place, Spoken]:
        """What a list says of some of its rows; nothing while it is imported or removed."""
        if source not in self._lists:
            self._lists.update((each.source, each) for each in tx.lists())
        of = self._lists.get(source)
        if of is None or not of.is_searched:
            return {}
        return {(source, row): listed_row(self._own, of, each) for row, each in tx.list_rows(wanted).items()}

    def _holding(self, holding: Holding) -> Spoken:
        return Spoken(
            str(self._own),
            holding.kept,
            holding.level,
            holding.record,
            None,
            sha256=holding.sha256,
            cases=holding.cases,
            looks=holding.composed,
        )

    def _record(self, tx: NodeStoreReader, origin: Origin, row: int, shown: tuple[bytes, bytes]) -> Spoken | None:
        entry, disclosed = shown
        envelope = decode(entry)
        try:
            body = self._codec.decode_body(envelope.kind, disclosed) if envelope else None
        except Malformed:  # damaged since it was verified: it disagrees with the index, and fsck names it
            return None
        record = RecordId(origin, merkle.leaf_hash(entry))
        if isinstance(body, NoticeDecision):
            return self._notice(tx, record, row, body)
        if not isinstance(body, Contribution):
            return None
        return Spoken(str(origin), body.fingerprints, Level.SHARED, record, body)

    def _notice(self, tx: NodeStoreReader, record: RecordId, row: int, decision: NoticeDecision) -> Spoken | None:
        """A published notice; None as long as the entry of its request is not here, and for what is no notice."""
        notice = published(self._codec, record.origin, decision)
        if notice is None or not is_confirmed(tx, record.origin, row):
            return None
        told_of = told(self._codec, record.origin, decision)
        return Spoken(str(record.origin), notice.fingerprints, Level.SHARED, record, None, notice=told_of)


def listed_row(own: MemberId, of: ReferenceList, row: ListedRow) -> Spoken:
    """What a list says in one of its rows."""
    said, at = row.reference, row.reference.at
    named = of.head.scheme and said.code is not None
    category = Category(
        scheme=of.head.scheme if named else "",
        version=of.head.scheme_version if named else "",
        code=(said.code or "") if named else "",
        baseline=said.baseline,
    )
    statement = Contribution(
        fingerprints=(),
        media_type=said.media_type,
        category=category if named or said.baseline is not Tri.UNKNOWN else None,
        series=said.series,
        victim_identified=said.victim_identified,
        offender_identified=said.offender_identified,
        tags=(said.tags,) if said.tags else (),
    )
    name = RowOfList(
        name=of.name,
        provider=of.provider,
        id=row.id,
        record=at.record,
        line=at.line,
        case=row.case,
        is_abuse=of.head.is_abuse,
        disputes=said.disputes,
    )
    return Spoken(str(own), said.fingerprints, of.level, None, statement, row=name)


def distance(a: bytes, b: bytes) -> int:
    """Hamming distance in bits of two hashes of one length."""
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count()


def _evidence(
    judge: frames.Judge, said: Spoken, hit: RawHit, those: Sequence[bytes], floor: int
) -> FrameEvidence | None:
    """The evidence of a hit in the store (see `frames.Judge`): `NONE_NEEDED` if it has nothing to do with frames."""
    if frames.concerns(hit):
        return judge.judge(said.fingerprints, hit, those)
    if any(_bears_out(said.fingerprints, hit, value, floor) for value in those):
        return frames.NONE_NEEDED
    if floor > LOWEST and any(_bears_out(said.fingerprints, hit, value, LOWEST) for value in those):
        return frames.DECLINED  # the index holds it from a time with a lower floor
    return None


def _look(said: Spoken, hit: RawHit, those: Sequence[bytes], floor: int) -> str:
    """The background of the look that alone confirms a hit on a holding; "" if the plain picture does too."""
    own = said.fingerprints[: len(said.fingerprints) - sum(len(look.fingerprints()) for look in said.looks)]
    shown = [("", own), *((look.background, look.fingerprints()) for look in said.looks)]
    hashes = [
        (background, each.value)
        for background, some in shown
        for each in some
        if each.code == hit.code and each.may_match(floor)
    ]
    return next(
        (
            background
            for background, value in hashes
            if any(len(value) == len(probe) and distance(value, probe) == hit.distance for probe in those)
        ),
        "",
    )


def _bears_out(fingerprints: Sequence[Fingerprint], hit: RawHit, probe: bytes, floor: int) -> bool:
    """Whether one of a row's fingerprints that may match is as near to the probe as the index says."""
    if not spoken_for(hit.code, fingerprints, floor):
        return False
    return any(
        f.code == hit.code
        and len(f.value) == len(probe)
        and distance(f.value, probe) == hit.distance
        and f.may_match(floor)
        for f in fingerprints
    )
