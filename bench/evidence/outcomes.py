"""What Vigil makes of each file of the corpus, through the confined workers, and what a search would find by it.

Rules this module upholds:

- An original is found where a hash that a search would use (any orientation, inside plain borders, any frame, of a
  quality that is searched) lies within the radius of the original's, or where a digest is that of a file that holds it.
- Else it is named where a note or an error of the file or of a part says that something is missing, damaged or was not
  looked at. A remark that says neither names nothing: the original is then noted, not named.
- Else it was passed over in silence.
- What the search finds and what the other programs show is judged by the same hashes of the same original.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from bench.evidence.case import Case, Wanted
from bench.evidence.originals import Hashes, near
from bench.evidence.shown import Judges
from node.domain.fingerprint_kinds import FRAME, PDQ, PDQ_QUALITY_FLOOR
from node.domain.material import DigestFingerprints, PictureFingerprints, VideoFingerprints
from node.media.pool import fingerprint_files
from node.media.tasks import Examined

_NAMING: Final = re.compile(
    r"not looked at|neither a picture nor|cut short|truncat|damage|missing|lost|broken|encrypt|too (large|many|deep)"
    r"|cannot|can't|could not|not (be )?(read|decode|shown)|no (format|decoder|picture|frame)|skipped|hidden|ignored"
    r"| of [0-9,.]+ |without|incomplete|left out|unknown|more than"
)
"""What a note says that names what is missing, damaged or not looked at."""
_PERCEPTUAL: Final = frozenset({PDQ.code, FRAME.code})


class Outcome(StrEnum):
    """What became of an original in a file."""

    FOUND = "found"
    NAMED = "named"
    NOTED = "noted"
    """There is a note, but it says nothing of what was not found."""
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An original in a file. `shown`: another program shows it. `said`: notes and errors of the file and its parts."""

    title: str
    family: str
    original: str
    outcome: Outcome
    shown: bool
    said: tuple[str, ...] = ()
    digests_only: bool = False


@dataclass(slots=True)
class _Open:
    """A file whose result is awaited, and what has come of it. `asked`: what the judges were asked, by original."""

    case: Case
    family: str
    asked: list[Future[bool] | None]
    parts: list[Examined] = field(default_factory=list)


def judged(cases: Iterator[tuple[str, Case]], *, workers: int | None = None) -> Iterator[Judged]:
    """Judges every original of these cases, each with its family. Results come about in the order of the cases."""
    judges = Judges(workers or len(os.sched_getaffinity(0)))
    open_cases: dict[Path, _Open] = {}
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder:
        try:
            for examined in fingerprint_files(_written(cases, Path(folder), open_cases, judges), workers=workers):
                if examined.place is not None:
                    open_cases[examined.path].parts.append(examined)
                    continue
                done = open_cases.pop(examined.path)
                examined.path.unlink()
                yield from _judge(done, [*done.parts, examined], judges)
        finally:
            judges.close()


def _written(
    cases: Iterator[tuple[str, Case]], folder: Path, open_cases: dict[Path, _Open], judges: Judges
) -> Iterator[Path]:
    for number, (family, case) in enumerate(cases):
        path = folder / f"{number:05}{case.suffix}"
        path.write_bytes(case.data)
        asked = [judges.ask(_looked_at(case, each), each.original.looks) if each.shown is None else None
                 for each in case.wanted]  # fmt: skip
        open_cases[path] = _Open(case, family, asked)
        yield path


def _looked_at(case: Case, wanted: Wanted) -> bytes:
    return case.data if wanted.within is None else wanted.within


def _judge(done: _Open, given: Sequence[Examined], judges: Judges) -> Iterator[Judged]:
    searched, digests, said = _searched(given), _digests(given), _said(given)
    for wanted, asked in zip(done.case.wanted, done.asked, strict=True):
        shown = bool(wanted.shown)
        if asked is not None:
            shown = judges.answer(asked, _looked_at(done.case, wanted), wanted.original.looks)
        yield Judged(
            title=done.case.title,
            family=done.family,
            original=wanted.original.name,
            outcome=outcome_of(wanted, searched, digests, said),
            shown=shown,
            said=said,
            digests_only=not len(searched),
        )


def outcome_of(wanted: Wanted, searched: Hashes, digests: frozenset[bytes], said: Sequence[str]) -> Outcome:
    """What became of one original, given the hashes that are searched with, the digests, and what was said."""
    if near(searched, wanted.original.looks) or digests & wanted.digests:
        return Outcome.FOUND
    if any(_NAMING.search(each) for each in said):
        return Outcome.NAMED
    return Outcome.NOTED if any(said) else Outcome.SILENT


def _said(given: Sequence[Examined]) -> tuple[str, ...]:
    said = (str(each.result) if isinstance(each.result, Exception) else each.result.note for each in given)
    return tuple(dict.fromkeys(each for each in said if each))


def _digests(given: Sequence[Examined]) -> frozenset[bytes]:
    return frozenset(each.result.sha256 for each in given if not isinstance(each.result, Exception))


def _searched(given: Sequence[Examined]) -> Hashes:
    """All PDQ hashes of a file and its parts that a search uses, uint8 (n, 32)."""
    values: list[bytes] = []
    for each in given:
        result = each.result
        if isinstance(result, PictureFingerprints | VideoFingerprints):
            values += [
                probe.value
                for probe in result.probes()
                if probe.code in _PERCEPTUAL and (probe.quality or 0) >= PDQ_QUALITY_FLOOR
            ]
        if isinstance(result, PictureFingerprints):
            looks = (result, *((result.trimmed,) if result.trimmed else ()), *getattr(result, "composed", ()))
            for look in looks:
                if look.pdq_quality >= PDQ_QUALITY_FLOOR:
                    values += look.pdq_orientations
        elif isinstance(result, DigestFingerprints):
            continue
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, PDQ.size)
