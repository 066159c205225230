"""Rows of lists to and from what the database keeps: identities, and blocks of rows.

Rules this module upholds:

- Rows are packed by the block and by the column: a list may have millions of them. A column that all rows of a block
  share takes one value, and one that has its default in all of them takes none.
- A block has three parts: the hashes as they are, what else is known of the rows as JSON, and the file's own words. To
  fill the index, the first is read; to show a row, the first two.
- Columns have names and hashes the code of their kind, so a field that is added later is absent in an earlier block.
- The text of JSON and the words are compressed together: that takes a tenth of the room.
"""

from __future__ import annotations

import json
import struct
import zlib
from hashlib import blake2b
from itertools import accumulate, repeat
from operator import sub
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from node.domain.batch import FingerprintColumn, FingerprintColumns, column
from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.references import At, Reference
from node.domain.statements import Tri
from node.errors import Damaged
from node.store.kept_kinds import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from node.domain.fingerprint_kinds import FingerprintKind

BLOCK_ROWS: Final = 64
"""Rows of one block."""
GONE: Final = Reference(At())
"""What a block has in the place of a row that was deleted."""
_LEVEL: Final = 1
"""Of zlib: the quickest."""
_HEAD: Final = struct.Struct(">HII")
"""Rows, and bytes of the first and of the second part."""
_HASHES: Final = struct.Struct(">HB")
"""The code of a kind, and whether every row has it; if not, a byte for each row says which have."""
_IDENTITY: Final = 16
_DEFAULTS: Final = {**Reference._field_defaults, **At._field_defaults}
_RISING: Final = ("record", "line", "offset")
"""Fields that rise from row to row: their differences are smaller."""
_TUPLES: Final = ("not_searched", "warnings")
_FLAGS: Final = ("victim_identified", "offender_identified", "distributed", "baseline")
_APART: Final = frozenset(("at", "said", *(field.value for field in LISTED.values())))
"""Fields of a reference that are not kept under their own name in the second part."""
_NAMES: Final = (*At._fields, *(name for name in Reference._fields if name not in _APART))
_AS_IT_IS: Final = "surrogatepass"
_DAMAGED: Final = (struct.error, zlib.error, ValueError, KeyError, TypeError, IndexError, AttributeError)


class Hashes(NamedTuple):
    """The hashes of one kind in a block: `slots` intp (n,) of the rows that have one, `values` uint8 (n, size)."""

    kind: FingerprintKind
    slots: np.ndarray
    values: np.ndarray


def identities_of(rows: Sequence[Reference]) -> list[bytes]:
    """What names each row in its list: 16 bytes of its id, or of its hashes if it has no id."""
    _, ids, md5, sha1, sha256, pdq, _, photodna, *_ = zip(*rows, strict=True)
    hashes = (md5, sha1, sha256, pdq, photodna)
    sizes = map(bytes, zip(*(map(len, each) for each in hashes), strict=True))
    named = map(b"".join, zip(repeat(b"h"), sizes, *hashes, strict=False))
    if any(ids):
        pairs = zip(ids, named, strict=True)
        named = (b"i" + each.encode("utf-8", _AS_IT_IS) if each else other for each, other in pairs)
    return [blake2b(each, digest_size=_IDENTITY).digest() for each in named]


def columns_of(ids: Sequence[int], rows: Sequence[Reference]) -> FingerprintColumns:
    """The fingerprints of rows by their ids."""
    made: list[FingerprintColumn] = []
    by_name = dict(zip(Reference._fields, zip(*rows, strict=True), strict=True)) if rows else {}
    for kind, field in LISTED.items():
        values = by_name.get(field.value, ())
        if not any(values):
            continue
        given, those = ids, values
        quality = repeat(UNSTATED_QUALITY, len(ids)) if field.quality is None else by_name[field.quality]
        if b"" in values:
            given, those, quality = zip(*(each for each in zip(ids, values, quality, strict=True) if each[1]), strict=True)
        made.append(column(kind.code, given, those, list(quality), kind.size))
    return FingerprintColumns(columns=made)


def pack_block(rows: Sequence[Reference]) -> bytes:
    """At most `BLOCK_ROWS` rows."""
    by_name: dict[str, Sequence[Any]] = dict(zip(Reference._fields, zip(*rows, strict=True), strict=True))
    hashes = b"".join(_packed_hashes(by_name))
    by_name |= zip(At._fields, zip(*by_name["at"], strict=True), strict=True)
    details = {}
    for name in _NAMES:
        values = by_name[name]
        first = values[0]
        if values.count(first) == len(values):
            if first != _DEFAULTS[name]:
                details[name] = [first]
        else:
            details[name] = [first, *map(sub, values[1:], values)] if name in _RISING else values
    told = zlib.compress(json.dumps(details, separators=(",", ":")).encode(), _LEVEL)
    said = by_name["said"]
    lengths = struct.pack(f">{len(said)}I", *map(len, said))
    words = zlib.compress(lengths + "".join(said).encode("utf-8", _AS_IT_IS), _LEVEL)
    return b"".join((_HEAD.pack(len(rows), len(hashes), len(told)), hashes, told, words))


def _packed_hashes(by_name: Mapping[str, Sequence[Any]]) -> Iterable[bytes]:
    for kind, field in LISTED.items():
        values = by_name[field.value]
        if any(values):
            every = b"" not in values
            yield _HASHES.pack(kind.code, every)
            if not every:
                yield bytes(map(bool, values))
            yield from values


def unpack_hashes(block: bytes) -> list[Hashes]:
    """The hashes of a block. Raises `Damaged`."""
    try:
        slots, size, _ = _HEAD.unpack_from(block)
        return list(_unpacked_hashes(block[_HEAD.size : _HEAD.size + size], slots))
    except _DAMAGED as error:
        raise _damaged() from error


def _unpacked_hashes(data: bytes, slots: int) -> Iterable[Hashes]:
    at = 0
    while at < len(data):
        code, every = _HASHES.unpack_from(data, at)
        at += _HASHES.size
        kind = KIND_BY_CODE[code]
        if every:
            has = np.arange(slots)
        else:
            has = np.flatnonzero(np.frombuffer(data, dtype=np.bool_, count=slots, offset=at))
            at += slots
        values = np.frombuffer(data, dtype=np.uint8, count=len(has) * kind.size, offset=at)
        at += len(has) * kind.size
        yield Hashes(kind, has, values.reshape(len(has), kind.size))


def unpack_qualities(block: bytes, field: str) -> np.ndarray:
    """The qualities in a field of a block, int16 (rows,). Raises `Damaged`."""
    try:
        slots, *sizes = _HEAD.unpack_from(block)
        return np.array(_whole(field, _details(block, *sizes), slots), dtype=np.int16)
    except _DAMAGED as error:
        raise _damaged() from error


def unpack_block(block: bytes, *, words: bool = False) -> list[Reference]:
    """What `pack_block` packed; without `said`, unless `words` are asked for. Raises `Damaged`."""
    try:
        return _unpacked(block, words=words)
    except _DAMAGED as error:
        raise _damaged() from error


def _unpacked(block: bytes, *, words: bool) -> list[Reference]:
    slots, *sizes = _HEAD.unpack_from(block)
    details = _details(block, *sizes)
    by_name: dict[str, Iterable[Any]] = {name: _whole(name, details, slots) for name in _NAMES}
    by_name["at"] = map(At._make, zip(*(by_name[name] for name in At._fields), strict=True))
    by_name |= {name: map(tuple, by_name[name]) for name in _TUPLES}
    by_name |= {name: map(Tri, by_name[name]) for name in _FLAGS}
    by_name["said"] = _words(block, slots, *sizes) if words else repeat("", slots)
    by_name |= {field.value: repeat(b"", slots) for field in LISTED.values()}
    for kind, has, values in _unpacked_hashes(block[_HEAD.size : _HEAD.size + sizes[0]], slots):
        those = [b""] * slots
        for slot, value in zip(has.tolist(), values, strict=True):
            those[slot] = value.tobytes()
        by_name[LISTED[kind].value] = those
    return list(map(Reference._make, zip(*(by_name[name] for name in Reference._fields), strict=True)))


def _details(block: bytes, hashes: int, told: int) -> dict[str, list[Any]]:
    start = _HEAD.size + hashes
    details: dict[str, list[Any]] = json.loads(zlib.decompress(block[start : start + told]))
    return details


def _whole(name: str, details: Mapping[str, list[Any]], slots: int) -> Iterable[Any]:
    """A column of the second part, with a value for each row."""
    values = details.get(name, [_DEFAULTS[name]])
    if len(values) == 1:
        return values * slots
    return list(accumulate(values)) if name in _RISING else values


def _words(block: bytes, slots: int, hashes: int, told: int) -> list[str]:
    data = zlib.decompress(block[_HEAD.size + hashes + told :])
    lengths = struct.unpack_from(f">{slots}I", data)
    text = data[4 * slots :].decode("utf-8", _AS_IT_IS)
    ends = list(accumulate(lengths))
    if ends[-1] != len(text):
        raise ValueError("the words of a block have another length")
    return [text[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _damaged() -> Damaged:
    return Damaged("what a list says of its rows cannot be read", remedy="restore the newest backup")
