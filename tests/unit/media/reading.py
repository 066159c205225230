"""Fingerprinting a file in the test's own process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.domain.fingerprints import MaterialFingerprints
from node.media.allowance import Allow
from node.media.descriptors import open_found
from node.media.material import fingerprint_material
from node.media.stream import Stream, streamed
from tests.unit.media.allowance import unbounded


def fingerprint(path: Path, allow: Allow = unbounded) -> MaterialFingerprints:
    """Every fingerprint of the file, as a worker takes them."""
    with opened(path) as file:
        return fingerprint_material(file, allow)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """The file, open, as a person names it."""
    file = open_found(path, named=True, identity=None)
    try:
        yield file
    finally:
        os.close(file)


@contextmanager
def streaming(path: Path) -> Iterator[Stream]:
    """The file, to be read piece by piece."""
    with opened(path) as file, streamed(file) as stream:
        yield stream
