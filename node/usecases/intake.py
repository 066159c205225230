"""Intake: a fingerprinted file becomes a holding, is matched at once, and its hits are kept.

Rules this module upholds:

- Idempotent by SHA-256: the same file again adds its case and its tag, and nothing else.
- A file that our own log has a live record of belongs to that record (`recognition`): after a restore it is not shared
  twice.
- A batch is one transaction: a crash leaves all of it or none, and the next run skips what the tags say is done.
- The store first, then the index (`Catalogue.change`): what a crash leaves out of it, the next start puts in.
- A new holding waits to be matched until its hits are written: dying in between leaves it to `usecases.arrivals`.
- `label` is echoed to the command that typed it, and never kept. Where a file is (`IngestItem.file`) is kept with its
  holding and its case, unless the node keeps no references (ADR 23).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.batch import FingerprintColumns, column
from node.domain.fingerprints import KIND_BY_CODE, VideoFingerprints
from node.domain.holdings import FileReference
from node.domain.queries import Level, Subject
from node.domain.search_ports import HOLDINGS_SOURCE
from node.errors import Misuse
from node.usecases.stored_hits import Done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from node.domain.fingerprints import MaterialFingerprints
    from node.domain.holdings import IngestItem, IngestRequest
    from node.domain.ports import Clock, Store, StoreWriter
    from node.domain.queries import Hit
    from node.usecases.catalogue import Catalogue
    from node.usecases.matching import Matcher
    from node.usecases.recognition import Recogniser
    from node.usecases.stored_hits import StoredHits

MAX_CASE = 200
"""Characters of a case reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """What became of one file. `hits` leave out the file's own holding, and the `hidden` ones of the allow-list."""

    label: str
    holding: int
    new: bool
    hits: tuple[Hit, ...]
    hidden: int = 0


def subject_of(prints: MaterialFingerprints, label: str = "") -> Subject:
    """What is asked when material is looked for: all its fingerprints; of a picture PDQ in all eight orientations, and
    the same of what lies within its plain borders; of what moves also the frames between those that are kept.
    """
    if isinstance(prints, VideoFingerprints):
        return Subject(fingerprints=prints.probes(), label=label)
    return Subject(
        fingerprints=prints.probes(),
        orientations=prints.pdq_orientations,
        trimmed=prints.trimmed.pdq_orientations if prints.trimmed else (),
        label=label,
    )


def columns_of(rows: Sequence[int], prints: Sequence[MaterialFingerprints]) -> FingerprintColumns:
    """The fingerprint columns of these holdings (`rows` are their ids)."""
    by_code: dict[int, tuple[list[int], list[bytes], list[int]]] = {}
    for row, one in zip(rows, prints, strict=True):
        for fingerprint in one.fingerprints():
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
    """Blocking: never on the event loop. `radius` gives the policy's radius in bits, `references` whether the paths of
    files are kept.
    """

    def __init__(
        self,
        *,
        store: Store,
        catalogue: Catalogue,
        matcher: Matcher,
        hits: StoredHits,
        radius: Callable[[], int],
        clock: Clock,
        recogniser: Recogniser | None = None,
        references: bool = True,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._matcher = matcher
        self._hits = hits
        self._radius = radius
        self._clock = clock
        self._recogniser = recogniser
        self._references = references

    def known(self, tags: Sequence[bytes]) -> set[bytes]:
        """Which of these files (by tag) were taken in already, so that an interrupted ingest goes on where it was."""
        with self._store.read() as tx:
            return tx.known_tags(tags)

    def take(
        self, request: IngestRequest, items: Sequence[IngestItem], *, show_all: bool = False
    ) -> list[IngestResult]:
        """Stores a batch durably, makes it searchable, and matches it. Results in the order of `items`."""
        if not request.case.strip() or len(request.case) > MAX_CASE:
            raise Misuse("an ingest needs a case reference", remedy="give --case with at most 200 characters")
        now = int(self._clock())
        with ExitStack() as matching:
            with self._catalogue.change() as change:
                placed = [
                    change.writer.put_holding(
                        item.prints, level=request.level, case=request.case, tag=item.tag, now=now
                    )
                    for item in items
                ]
                fresh = {row: item.prints for (row, new), item in zip(placed, items, strict=True) if new}
                self._refer(change.writer, request.case, zip([row for row, _ in placed], items, strict=True))
                self._recognise(change.writer, [row for row, _ in placed])
                # In hand before anybody can see that they wait.
                matching.enter_context(self._hits.in_hand(list(fresh)))
                if fresh:
                    change.hold(columns_of(list(fresh), list(fresh.values())))
            # A crash from here on leaves them waiting.
            found = self._matched(items, [row for row, _ in placed], fresh)
        results = []
        for (row, new), item, mine in zip(placed, items, found, strict=True):
            shown = tuple(hit for hit in mine if show_all or not hit.allowed)
            results.append(
                IngestResult(label=item.label, holding=row, new=new, hits=shown, hidden=len(mine) - len(shown))
            )
        return results

    def _matched(
        self, items: Sequence[IngestItem], rows: Sequence[int], fresh: Iterable[int]
    ) -> Sequence[Sequence[Hit]]:
        """The hits of each item, what the allow-list hides among them, and those on records kept."""
        subjects = [subject_of(item.prints) for item in items]
        found = self._matcher.local(subjects, self._radius(), own_rows=rows, show_all=True)
        hits: list[list[Hit]] = [[] for _ in items]
        for hit in found.hits:
            hits[hit.subject].append(hit)
        kept = self._hits.found(rows, found.hits)
        waited = [(HOLDINGS_SOURCE, row) for row in fresh]
        if kept or waited:
            self._hits.keep(kept, Done(rows=waited))
        return hits

    def _refer(self, writer: StoreWriter, case: str, taken: Iterable[tuple[int, IngestItem]]) -> None:
        """Keeps where these files are, as far as it was told and is wanted."""
        for row, item in taken:
            if item.file and self._references:
                writer.put_file_reference(row, FileReference(case=case, path=item.file))

    def _recognise(self, writer: StoreWriter, rows: Sequence[int]) -> None:
        """Gives these holdings the record that our own log has of them, where they lack it."""
        if self._recogniser is None:
            return
        bare = {each.sha256: each.id for each in writer.holdings_by_id(rows).values() if each.record is None}
        for sha256, record in self._recogniser.find(writer, list(bare)).items():
            writer.set_record(bare[sha256], record)
            writer.set_level(bare[sha256], Level.SHARED)
