"""One generation of an index in files: how it is written, and how far removals have been overwritten in it.

Rules this module upholds:

- Its files are durable when `build_generation` has returned. No manifest names them yet.
- The number in the file `erased` is valid only for the generation that it names, and only if the file is complete.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.match.files import FileWriter, MappedFile
from node.match.manifest import FilePlace, file_name
from node.match.segmented import SegmentedTable
from node.match.segments import Array, Progress, in_turn

ERASED: Final = "erased"
ROWS: Final = "rows"
"""The file with the rows that the index counts, beside one file per kind with its name."""
_ERASED: Final = struct.Struct(">QQ16s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """Files by name, mapped for their owner, and their manifest."""

    number: int
    files: dict[str, MappedFile]
    places: tuple[FilePlace, ...]


def mapped(folder: Path, generation: int, laid: FilePlace, *, writable: bool) -> MappedFile:
    """Maps a file of a generation. Raises like `MappedFile`."""
    return MappedFile(folder / file_name(generation, laid.name), laid, writable=writable)


def build_generation(
    folder: Path, number: int, tables: Mapping[str, SegmentedTable], rows: Mapping[str, Array], progress: Progress
) -> Generation:
    """Writes what the tables have frozen, and offers it to them in its files. Raises `OSError`, and the errors of
    `progress`. The caller removes leftovers.
    """
    places: list[FilePlace] = []
    files: dict[str, MappedFile] = {}
    for done, (name, table) in enumerate(tables.items()):
        writer = FileWriter(folder / file_name(number, name))
        try:
            if not table.build(writer.allocate, in_turn(progress, done, len(tables))):
                (folder / file_name(number, name)).unlink()
                continue
            places.append(writer.finish())
        finally:
            writer.close()
        files[name] = mapped(folder, number, places[-1], writable=True)
        table.offer(files[name].arrays, files[name].changing)
    writer = FileWriter(folder / file_name(number, ROWS))
    try:
        for name, array in rows.items():
            writer.allocate(name, array.shape, array.dtype)[...] = array
        places.append(writer.finish())
    finally:
        writer.close()
    files[ROWS] = mapped(folder, number, places[-1], writable=True)
    return Generation(number=number, files=files, places=tuple(places))


def read_erased(folder: Path, generation: int) -> int:
    """Reads the number in the file `erased`. Returns 0 if it belongs to another generation, or is torn: removing twice
    does no harm.
    """
    try:
        of, number, digest = _ERASED.unpack((folder / ERASED).read_bytes())
    except (FileNotFoundError, struct.error):
        return 0
    return int(number) if of == generation and digest == _digest(of, number) else 0


def write_erased(folder: Path, generation: int, number: int) -> None:
    """Writes the number, and makes it durable. Raises `OSError`."""
    descriptor = os.open(folder / ERASED, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(descriptor, _ERASED.pack(generation, number, _digest(generation, number)), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(generation: int, number: int) -> bytes:
    return hashlib.sha256(struct.pack(">QQ", generation, number)).digest()[:16]
