r"""The manifest of an index folder: the files of the index, their layout, and the part of the store that they cover.

Rules this module upholds:

- A reader accepts only the exact output of the writer. Any other byte means that the index is damaged. The index is
  derived data and is never repaired.
- Another version, or another byte order, is distinguished from damage before anything else is read.
- Offsets are checked: inside the file, aligned, in order, without overlap.
- It does no I/O.

Form: one line `vigil-index/2 BYTE-ORDER SHA-256\n`, then JSON up to the end of the file. The SHA-256 (64 lower-case
hexadecimal digits) is over the JSON. Keys sorted, no white space, ASCII.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from node.domain.index_ports import STORE_IDENTITY_SIZE, IndexMark
from node.errors import Damaged, Misuse

FORMAT: Final = "vigil-index/2"
"""The version of the files. It is raised when the meaning of an array changes. 1: pHash without tables."""
BLOCK: Final = 1 << 16
"""Bytes with one checksum. Every array begins a block. It is a multiple of the page size of any machine, so an array
can be mapped alone. Removing a record changes several blocks, whose checksums take 30 microseconds each."""
SUM_SIZE: Final = 8
"""Bytes of a checksum: the first of a SHA-256."""
DTYPES: Final = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
"""The allowed types of an array."""
MAX_MANIFEST: Final = 16 << 20
"""The most bytes of a manifest. It names some dozens of arrays, and a number for each log."""
MAX_NUMBER: Final = 2**63 - 1
_MAX_DIMENSIONS: Final = 3
_MAX_NAME: Final = 32
_HEAD: Final = re.compile(rb"vigil-index/([0-9]{1,9}) ([a-z]{1,16}) ([0-9a-f]{64})\n")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_FILE_NAME: Final = re.compile(r"[0-9]{12}\.[a-z][a-z0-9-]{0,31}", re.ASCII)


class OtherVersion(Misuse):
    """Another version of this program wrote the index, or a machine with another byte order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayPlace:
    """One array: `dtype` of `DTYPES`, its shape, and its offset in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def nbytes(self) -> int:
        """The bytes of the array."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlace:
    """One file: `arrays` in their order, then the checksums of all blocks, from offset `sums`."""

    name: str
    arrays: tuple[ArrayPlace, ...]
    sums: int

    @property
    def blocks(self) -> int:
        """The number of blocks with a checksum."""
        return self.sums // BLOCK

    @property
    def size(self) -> int:
        """The bytes of the whole file."""
        return self.sums + self.blocks * SUM_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An index on the disk. `algorithms`: kind name -> version, of the kinds in it. `erased`: the number of the last
    change of the store whose removals were overwritten when the index was made.
    """

    generation: int
    mark: IndexMark
    erased: int
    algorithms: Mapping[str, int]
    files: tuple[FilePlace, ...]


def file_name(generation: int, name: str) -> str:
    """Returns the file name of `name` of a generation."""
    return f"{generation:012}.{name}"


def generation_of(name: str) -> int | None:
    """Returns the generation of a file of an index folder, or None for a name that no index file has."""
    return int(name[:12]) if _FILE_NAME.fullmatch(name) else None


def place(name: str, arrays: Mapping[str, tuple[str, tuple[int, ...]]]) -> FilePlace:
    """Assigns arrays (dtype and shape by name) to places in a file."""
    places, at = [], 0
    for each, (dtype, shape) in arrays.items():
        places.append(ArrayPlace(name=each, dtype=dtype, shape=shape, offset=at))
        at = block_after(at + places[-1].nbytes)
    return FilePlace(name=name, arrays=tuple(places), sums=at)


def block_after(at: int) -> int:
    """Returns the first offset, from `at` on, at which a block begins."""
    return -(-at // BLOCK) * BLOCK


def write(manifest: Manifest) -> bytes:
    """The manifest's bytes."""
    mark = manifest.mark
    fields = {
        "algorithms": dict(manifest.algorithms),
        "changes": mark.changes,
        "erased": manifest.erased,
        "files": [
            {
                "arrays": [[each.name, each.dtype, list(each.shape), each.offset] for each in file.arrays],
                "name": file.name,
                "sums": file.sums,
            }
            for file in manifest.files
        ],
        "generation": manifest.generation,
        "sources": [[source, stop] for source, stop in sorted(mark.sources.items())],
        "store": mark.store.hex(),
    }
    body = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")
    return f"{FORMAT} {sys.byteorder} {hashlib.sha256(body).hexdigest()}\n".encode("ascii") + body


def read(data: bytes) -> Manifest:
    """The manifest in these bytes. Raises `OtherVersion`, and `Damaged` for what `write` never emits.

    1. The version. 2. The byte order. 3. The checksum. 4. The types and ranges of all fields. 5. Written again it gives
    the same bytes. The caller still checks that the files are there and as long as `FilePlace.size` says.
    """
    head = _HEAD.match(data)
    if head is None or len(data) > MAX_MANIFEST:
        raise Damaged("the manifest of the index has the wrong form")
    if f"vigil-index/{head[1].decode()}" != FORMAT:
        raise OtherVersion("the index was written by another version of this program")
    if head[2].decode() != sys.byteorder:
        raise OtherVersion("the index was written on a machine of another byte order")
    body = data[head.end() :]
    if hashlib.sha256(body).hexdigest().encode() != head[3]:
        raise Damaged("the manifest of the index is damaged")
    try:
        made = _manifest(json.loads(body))
        same = write(made) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise Damaged("the manifest of the index has values that no writer writes") from None
    if not same:
        raise Damaged("the manifest of the index is not in the form that a writer uses")
    return made


def _manifest(fields: dict[str, Any]) -> Manifest:
    """Makes a manifest from parsed fields. Raises Python's errors for invalid fields."""
    store = bytes.fromhex(fields["store"])
    if len(store) != STORE_IDENTITY_SIZE:
        raise ValueError("store")
    sources = {_number(source): _number(stop) for source, stop in fields["sources"]}
    files = tuple(_file(each) for each in fields["files"])
    if len({file.name for file in files}) != len(files):
        raise ValueError("files")
    return Manifest(
        generation=_number(fields["generation"], 10**12 - 1),
        mark=IndexMark(store=store, changes=_number(fields["changes"]), sources=sources),
        erased=_number(fields["erased"]),
        algorithms={_word(name, _MAX_NAME): _number(version) for name, version in fields["algorithms"].items()},
        files=files,
    )


def _file(fields: dict[str, Any]) -> FilePlace:
    arrays = tuple(_array(*each) for each in fields["arrays"])
    laid = place(_word(fields["name"], _MAX_NAME), {each.name: (each.dtype, each.shape) for each in arrays})
    if laid.arrays != arrays or laid.sums != _number(fields["sums"]):
        raise ValueError("arrays do not follow one another")
    return laid


def _array(name: str, dtype: str, shape: list[int], offset: int) -> ArrayPlace:
    if dtype not in DTYPES or not 1 <= len(shape) <= _MAX_DIMENSIONS:
        raise ValueError("array")
    made = ArrayPlace(
        name=_word(name, _MAX_NAME),
        dtype=dtype,
        shape=tuple(_number(length) for length in shape),
        offset=_number(offset),
    )
    _number(made.offset + made.nbytes)
    return made


def _word(text: object, longest: int) -> str:
    if not isinstance(text, str) or len(text) > longest or not _NAME.fullmatch(text):
        raise ValueError("name")
    return text


def _number(value: object, highest: int = MAX_NUMBER) -> int:
    if type(value) is not int or not 0 <= value <= highest:
        raise ValueError("number")
    return value
