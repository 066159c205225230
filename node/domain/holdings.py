"""Holdings: material as a node keeps it. Local only.

Rules this module upholds:

- A holding is known by the SHA-256 of its bytes and holds no file name and no path (promise 1).
- The default level is national: it never leaves and never answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.queries import Level

if TYPE_CHECKING:
    from node.domain.fingerprints import Fingerprint, MaterialFingerprints
    from node.domain.ids import RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One holding. `id` is local; `record` the head of what was contributed about it, None where nothing was.

    `added_at` Unix seconds; `size` bytes; `fingerprints` all that the file gave.
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


def withdrawn(holding_id: int) -> str:
    """The name of the setting that remembers that a record about this holding was taken back by its owner."""
    return f"withdrawn/{holding_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestItem:
    """One fingerprinted file on its way in.

    `tag` (32 bytes) stands for path, size and modification time under the store's own salt, so that an interrupted
    ingest can skip what it has done without any path being stored. `label` is echoed back and never kept.
    """

    tag: bytes
    prints: MaterialFingerprints
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRequest:
    """What holds for a whole ingest. `level` is a floor: a holding's level is never lowered by an ingest."""

    case: str
    level: Level = Level.NATIONAL
