"""The composition root: the only place that knows which port is served by what.

Rules this module upholds:

- Functions import what they wire when they are called, so a command loads no more than it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from node.domain.fingerprints import PictureFingerprints
from node.errors import MediaError


def fingerprint_paths(
    paths: Iterable[Path], *, workers: int | None = None
) -> Iterator[tuple[Path, PictureFingerprints | MediaError]]:
    """Fingerprints files and all files in folders, in order, in confined worker processes (None: one a processor)."""
    from node.media.pool import fingerprint_files
    from node.media.walk import walk

    yield from fingerprint_files(walk(paths), workers=workers)


def count_files(paths: Iterable[Path]) -> int:
    """How many results `fingerprint_paths` will give."""
    from node.media.walk import walk

    return sum(1 for _ in walk(paths))
