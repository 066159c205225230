"""Holdings: material as a node keeps it. Local only.

Rules this module upholds:

- A holding is known by the SHA-256 of its bytes. Where its file was is kept beside it, here alone, and shown in one
  place (ADR 23): it never travels, and is in no log (promise 1).
- The default level is national: it never leaves and never answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.queries import Level

if TYPE_CHECKING:
    from node.domain.fingerprints import Fingerprint
    from node.domain.ids import RecordId
    from node.domain.material import ComposedFingerprints, MaterialFingerprints
    from node.domain.parts import Place


INSIDE: Final = "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
"""Stands between a file and a part of it."""
MAX_REFERENCES: Final = 10
"""Places kept of one holding in one case. An icon may lie in a thousand folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One holding. `id` is local; `record` the head of what was contributed about it, None where nothing was.

    `added_at` Unix seconds; `size` bytes; `fingerprints` what a record about it may have. `composed`: further looks,
    each with its first orientation alone. `note`: what of the file was not read, "" where nothing is to be said.
    """

    id: int
    sha256: bytes
    media_type: str
    size: int
    level: Level
    added_at: int
    fingerprints: tuple[Fingerprint, ...]
    cases: tuple[str, ...] = ()
    record: RecordId | None = None
    composed: tuple[ComposedFingerprints, ...] = ()
    note: str = ""

    @property
    def kept(self) -> tuple[Fingerprint, ...]:
        """What it is found by here: its fingerprints, and those of its further looks."""
        return (*self.fingerprints, *(each for look in self.composed for each in look.fingerprints()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReference:
    """Where a file of a holding was when it was taken in for a case. `inside`: of a part of that file, how it is called
    there (`Place.label`); None where the holding is the file itself.
    """

    case: str
    path: str
    inside: str | None = None

    def __str__(self) -> str:
        """As a person reads it."""
        return self.path if self.inside is None else f"{self.path} {INSIDE} {self.inside}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A holding that is to be taken out of `case`; out of all cases, and deleted, where that is "". `id` is local, 0
    before it is stored. `sha256` tells which copy of an original goes with it; `reason` is that of the retraction.
    """

    holding: int
    sha256: bytes
    case: str = ""
    reason: int = 0
    id: int = 0


def withdrawn(holding_id: int) -> str:
    """The name of the setting that remembers that a record about this holding was taken back by its owner."""
    return f"withdrawn/{holding_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestItem:
    """One fingerprinted file on its way in.

    `tag` (32 bytes) stands for path, size and modification time under the store's own salt, so that an interrupted
    ingest can skip what it has done; b"" for a part. `label` is echoed back and never kept. `file`: where the file is,
    to be kept as a reference; "" for none. `place`: of a part, where it lies in its file; None of a file.
    """

    tag: bytes
    prints: MaterialFingerprints
    label: str = ""
    file: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRequest:
    """What holds for a whole ingest. `level` is a floor: a holding's level is never lowered by an ingest."""

    case: str
    level: Level = Level.NATIONAL
