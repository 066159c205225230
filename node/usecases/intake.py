"""Intake: a fingerprinted file becomes a holding, is matched at once, and its hits are stored.

Rules this module upholds:

- Idempotent by SHA-256: the same file again only adds its case and its tag.
- A file for which our own log has a live record belongs to that record (`recognition`): after a restore it is not
  shared twice.
- A batch is one transaction: a crash leaves all of it or none, and the next run skips files whose tags are stored.
- The store first, then the index (`Catalogue.change`): what a crash leaves out of the index, the next start adds.
- A new holding waits to be matched until its hits are stored: after a crash in between, `usecases.arrivals` matches it.
- `label` is returned to the command that sent it, and never stored. The path of a file (`IngestItem.file`) is stored
  with its holding and its case, unless the node keeps no references (ADR 23).
- Previews are stored in the transaction of their holdings (`preview_keeping`).
- A part is a holding of its own, in the case of its file. Its place in the file is stored; its name in the file is
  stored only if references are.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.batch import FingerprintColumns, column
from node.domain.case_events import CaseEventKind
from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.domain.holdings import FileReference
from node.domain.material import PictureFingerprints
from node.domain.queries import Level, Look, Subject
from node.domain.reviews import ReviewState
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.texts import checked_text
from node.errors import Misuse
from node.usecases.case_events import happened
from node.usecases.case_terms import require_not_closed
from node.usecases.stored_hits import Done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from node.domain.holdings import IngestItem, IngestRequest
    from node.domain.ids import MemberId
    from node.domain.material import MaterialFingerprints
    from node.domain.ports import Clock, HoldingWriter
    from node.domain.queries import Hit
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.catalogue import Catalogue
    from node.usecases.matching import Matcher
    from node.usecases.preview_keeping import PreviewKeeping
    from node.usecases.recognition import Recogniser
    from node.usecases.sources import Sources
    from node.usecases.stored_hits import StoredHits

MAX_CASE = 200
"""Most characters of a case reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """The result for one file. `hits` exclude the file's own holding, and the `hidden` hits of the allow-list.
    `left_out`: hits beyond the limit per member (`crowd`); `aside`: hits of muted and suspended members that are not
    shown, and `standing` which of the two they are.
    """

    label: str
    holding: int
    new: bool
    hits: tuple[Hit, ...]
    hidden: int = 0
    left_out: Mapping[MemberId, int] = field(default_factory=dict)
    aside: Mapping[MemberId, int] = field(default_factory=dict)
    standing: Mapping[MemberId, str] = field(default_factory=dict)

    @property
    def is_lead(self) -> bool:
        """Whether there is a hit that nobody rejected."""
        return any(hit.state is not ReviewState.REJECTED for hit in self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfFile:
    """The complete result of a search for one file. `sources`: members whose hits are shown only on request."""

    hits: Sequence[Hit]
    left_out: Mapping[MemberId, int]
    sources: Sources


def subject_of(prints: MaterialFingerprints, label: str = "") -> Subject:
    """The probes of a search: all fingerprints; for a picture its PDQ in all eight orientations, also of the part
    within plain borders and of its look on a background; for videos also the frames between the stored ones.
    """
    if not isinstance(prints, PictureFingerprints):
        return Subject(fingerprints=prints.probes(), label=label)
    return Subject(
        fingerprints=prints.probes(),
        orientations=prints.pdq_orientations,
        trimmed=prints.trimmed.pdq_orientations if prints.trimmed else (),
        looks=tuple(Look(background=each.background, orientations=each.pdq_orientations) for each in prints.composed),
        label=label,
    )


def columns_of(rows: Sequence[int], prints: Sequence[MaterialFingerprints]) -> FingerprintColumns:
    """The fingerprint columns of these holdings (`rows` are their ids)."""
    by_code: dict[int, tuple[list[int], list[bytes], list[int]]] = {}
    for row, one in zip(rows, prints, strict=True):
        for fingerprint in one.kept():
            ids, values, quality = by_code.setdefault(fingerprint.code, ([], [], []))
            ids.append(row)
            values.append(fingerprint.value)
            quality.append(-1 if fingerprint.quality is None else fingerprint.quality)
    return FingerprintColumns(
        columns=[
            column(code, ids, values, quality, KIND_BY_CODE[code].size)
            for code, (ids, values, quality) in by_code.items()
        ]
    )


class Intake:
    """Blocking: never on the event loop. `radius` returns the policy's radius in bits; `references`: whether the paths
    of files are stored; `previews`: keeps previews, None where there are none.
    """

    def __init__(
        self,
        *,
        store: NodeStore,
        catalogue: Catalogue,
        matcher: Matcher,
        hits: StoredHits,
        radius: Callable[[], int],
        clock: Clock,
        recogniser: Recogniser | None = None,
        references: bool = True,
        previews: PreviewKeeping | None = None,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._matcher = matcher
        self._hits = hits
        self._radius = radius
        self._clock = clock
        self._recogniser = recogniser
        self._references = references
        self._previews = previews

    def known(self, tags: Sequence[bytes]) -> set[bytes]:
        """Which of these files (by tag) are ingested already, so that an interrupted ingest can continue."""
        with self._store.read() as tx:
            return tx.known_tags(tags)

    def take(
        self, request: IngestRequest, items: Sequence[IngestItem], *, show_all: bool = False
    ) -> list[IngestResult]:
        """Stores a batch durably, makes it searchable, and matches it. Results in the order of `items`. Raises
        `Refused` if the case is closed, or if there are previews that this node does not keep.
        """
        checked_text(request.case, MAX_CASE, "a case reference (--case)", Misuse)
        if self._previews is not None:
            self._previews.require(item.prints for item in items)
        now = int(self._clock())
        with ExitStack() as matching:
            with self._catalogue.change() as change:
                placed = [
                    change.writer.put_holding(
                        item.prints, level=request.level, case=request.case, tag=item.tag, now=now
                    )
                    for item in items
                ]
                self._note(change.writer, request.case, len({row for row, _ in placed}), now)
                fresh = {row: item.prints for (row, new), item in zip(placed, items, strict=True) if new}
                self._refer(change.writer, request.case, zip([row for row, _ in placed], items, strict=True))
                self._recognise(change.writer, [row for row, _ in placed])
                if self._previews is not None:
                    taken = [(row, item.prints) for (row, _), item in zip(placed, items, strict=True)]
                    self._previews.put(change.writer, taken)
                # Reserved before any other thread can see that they wait.
                matching.enter_context(self._hits.in_hand(list(fresh)))
                if fresh:
                    change.hold(columns_of(list(fresh), list(fresh.values())))
            # A crash from here on leaves them waiting.
            found = self._matched(items, [row for row, _ in placed], fresh)
        return [
            _result(item, place, mine, show_all=show_all)
            for item, place, mine in zip(items, placed, found, strict=True)
        ]

    def _matched(self, items: Sequence[IngestItem], rows: Sequence[int], fresh: Iterable[int]) -> list[_OfFile]:
        """The complete result for each item; hits on records are stored."""
        subjects = [subject_of(item.prints) for item in items]
        found = self._matcher.local(subjects, self._radius(), own_rows=rows, show_all=True)
        hits: list[list[Hit]] = [[] for _ in items]
        for hit in found.hits:
            hits[hit.subject].append(hit)
        left_out: list[dict[MemberId, int]] = [{} for _ in items]
        for (subject, member), number in found.left_out.items():
            left_out[subject][member] = number
        kept, crowds = self._hits.found(rows, found.hits), self._hits.crowds(rows, found)
        waited = [(HOLDINGS_SOURCE, row) for row in fresh]
        if kept or waited:
            self._hits.keep(kept, Done(rows=waited, crowds=crowds))
        return [
            _OfFile(hits=mine, left_out=more, sources=found.sources) for mine, more in zip(hits, left_out, strict=True)
        ]

    @staticmethod
    def _note(writer: NodeStoreWriter, case: str, holdings: int, now: int) -> None:
        """Refuses a closed case, inside the transaction that would add to it; else notes the ingest in its timeline."""
        require_not_closed(writer, case, "no new material is taken in for it")
        happened(writer, {case: holdings}, CaseEventKind.INGESTED, now)

    def _refer(self, writer: HoldingWriter, case: str, taken: Iterable[tuple[int, IngestItem]]) -> None:
        """Stores the paths of these files, if given and wanted, and which of them lie in other files."""
        for row, item in taken:
            refers, place = bool(item.file) and self._references, item.place
            if place is not None:
                writer.put_place(row, place if refers else replace(place, name=""))
            if refers:
                inside = None if place is None else place.label
                writer.put_file_reference(row, FileReference(case=case, path=item.file, inside=inside))

    def _recognise(self, writer: NodeStoreWriter, rows: Sequence[int]) -> None:
        """Links these holdings to the records that our own log has of them, if the link is missing."""
        if self._recogniser is None:
            return
        bare = {each.sha256: each.id for each in writer.holdings_by_id(rows).values() if each.record is None}
        for sha256, record in self._recogniser.find(writer, list(bare)).items():
            writer.set_record(bare[sha256], record)
            writer.set_level(bare[sha256], Level.SHARED)


def _result(item: IngestItem, placed: tuple[int, bool], found: _OfFile, *, show_all: bool) -> IngestResult:
    row, new = placed
    told = [hit for hit in found.hits if show_all or not hit.allowed]
    aside = found.sources.hidden(show_all=show_all)
    speakers = [hit.record.origin.member if hit.record else None for hit in told]
    counted = Counter(speaker for speaker in speakers if speaker is not None and speaker in aside)
    counted.update({member: number for member, number in found.left_out.items() if member in aside})
    return IngestResult(
        label=item.label,
        holding=row,
        new=new,
        hits=tuple(hit for hit, speaker in zip(told, speakers, strict=True) if speaker not in aside),
        hidden=len(found.hits) - len(told),
        left_out={member: number for member, number in found.left_out.items() if member not in aside},
        aside=counted,
        standing=found.sources.standing,
    )
