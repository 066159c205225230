"""Holdings: the material that a node stores. Local only.

Rules this module upholds:

- A holding is identified by the SHA-256 of its bytes. The path of its file is stored only here, and shown in one place
  (ADR 23). It is never sent, and is in no log (promise 1).
- The default level is national: such a holding never leaves the node and never answers.
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
"""The separator between a file and a part of it."""
MAX_REFERENCES: Final = 10
"""Most paths stored for one holding in one case. An icon may lie in a thousand folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One holding. `id` is local; `record`: the newest version of its record, None if it has none.

    `added_at` Unix seconds; `size` bytes; `fingerprints`: those that a record about it may have. `composed`: further
    looks, each with only its first orientation. `note`: what of the file was not read, "" if there is nothing to
    report.
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
        """The fingerprints by which a search finds it: its own, and those of its further looks."""
        return (*self.fingerprints, *(each for look in self.composed for each in look.fingerprints()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReference:
    """The path of a holding's file when it was ingested for a case. `inside`: for a part of that file, its name there
    (`Place.label`); None if the holding is the file itself.
    """

    case: str
    path: str
    inside: str | None = None

    def __str__(self) -> str:
        """As a person reads it."""
        return self.path if self.inside is None else f"{self.path} {INSIDE} {self.inside}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A holding to be removed from `case`; if that is "", from all cases, and deleted. `id` is local, 0 before it is
    stored. `sha256` tells which copy of an original file goes with it; `reason`: the reason of the retraction.
    """

    holding: int
    sha256: bytes
    case: str = ""
    reason: int = 0
    id: int = 0


def withdrawn(holding_id: int) -> str:
    """The name of the setting that remembers that the owner retracted a record about this holding."""
    return f"withdrawn/{holding_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestItem:
    """One fingerprinted file for an ingest.

    `tag` (32 bytes) stands for path, size and modification time under the store's own salt, so that an interrupted
    ingest can skip finished files; b"" for a part. `label` is returned to the sender and never stored. `file`: the path
    to store as a reference; "" for none. `place`: for a part, its place in its file; None for a file.
    """

    tag: bytes
    prints: MaterialFingerprints
    label: str = ""
    file: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRequest:
    """The settings of a whole ingest. `level` is a minimum: an ingest never lowers a holding's level."""

    case: str
    level: Level = Level.NATIONAL
