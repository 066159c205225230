"""Fingerprinting a file in the test's own process, and what a test asks of the results of a pool."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from node.domain.material import DigestFingerprints, MaterialFingerprints
from node.errors import MediaError
from node.media.allowance import Allow
from node.media.descriptors import open_found
from node.media.examine import fingerprint_region
from node.media.region import Region
from node.media.tasks import Examined, Result
from tests.unit.media.allowance import unbounded


def examined(path: Path, allow: Allow = unbounded) -> MaterialFingerprints:
    """What a worker makes of the file itself."""
    with opened(path) as file:
        return fingerprint_region(Region(file), allow)


def fingerprint(path: Path, allow: Allow = unbounded) -> MaterialFingerprints:
    """The same of a file that can be seen. Raises `MediaError` with the reason where it cannot."""
    found = examined(path, allow)
    if isinstance(found, DigestFingerprints):
        raise MediaError(found.note)
    return found


def of_files(results: Iterable[Examined]) -> list[tuple[Path, Result]]:
    """The results of the files themselves, without their parts."""
    return [(each.path, each.result) for each in results if each.place is None]


def reason(result: Result) -> str:
    """Why a file has no perceptual hash, or not all; "" where it has all."""
    return str(result) if isinstance(result, MediaError) else result.note


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """The file, open, as a person names it."""
    file = open_found(path, named=True, identity=None)
    try:
        yield file
    finally:
        os.close(file)


@contextmanager
def streaming(path: Path) -> Iterator[Region]:
    """The file, to be read piece by piece."""
    with opened(path) as file:
        yield Region(file)
