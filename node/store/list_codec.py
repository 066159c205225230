"""Rows of lists to and from what the database keeps: identities, and blocks of rows.

Rules this module upholds:

- Rows are packed by the block and by the column: a list may have millions of them. A column that all rows of a block
  share takes one value, and one that has its default in all of them takes none.
- A block has three parts: the hashes as they are, what else is known of the rows as JSON, and the file's own words. To
  fill the index, the first is read; to show a row, the first two.
- Columns have names and hashes the code of their kind, so a field that is added later is absent in an earlier block.
  Every form that was ever written stays readable: stores have such blocks, and migration 0015 writes with this module.
- The words of a block are compressed together, and the hashes that they state stand in the first part alone: together
  that takes a tenth of the room, and what compressing takes longest over is spared.
"""

from __future__ import annotations

import json
import struct
import zlib
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate, compress, repeat
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
    from collections.abc import Iterable, Iterator

    from node.domain.fingerprint_kinds import FingerprintKind

BLOCK_ROWS: Final = 128
"""Rows of one block. Measured: twice as many take as much time and room for each, and more to delete one."""
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
_TRI: Final = tuple(Tri)
_HASHED: Final = tuple(field.value for field in LISTED.values())
_APART: Final = frozenset(("at", "said", *_HASHED))
"""Fields of a reference that are not kept under their own name in the second part."""
_NAMES: Final = (*At._fields, *(name for name in Reference._fields if name not in _APART))
_AS_IT_IS: Final = "surrogatepass"
_MARK: Final = "\x01"
"""A character that no text of JSON has. In words it stands for a hash of the row, and the next character says which."""

_SPELLINGS: Final[tuple[Callable[[bytes], str], ...]] = (
    bytes.hex,
    lambda value: value.hex().upper(),
    lambda value: b2a_base64(value, newline=False).decode(),
)
_SPELT: Final = tuple(
    (field.value, tuple((f"{_MARK}{chr(kind.code * 4 + at)}", spell) for at, spell in enumerate(_SPELLINGS)))
    for kind, field in LISTED.items()
    if kind.code < 8  # noqa: PLR2004 (beyond the characters that no spelling has)
)
"""Field of a hash -> (what stands for it, how it is spelt)."""
_DAMAGED: Final = (struct.error, zlib.error, ValueError, KeyError, TypeError, IndexError, AttributeError)


Columns = Mapping[str, Sequence[Any]]
"""Field of `Reference` -> its value in each of some rows."""


class Hashes(NamedTuple):
    """The hashes of one kind in a block: `slots` intp (n,) of the rows that have one, `values` uint8 (n, size)."""

    kind: FingerprintKind
    slots: np.ndarray
    values: np.ndarray


def by_column(rows: Sequence[Reference]) -> Columns:
    """Rows, of which there is one at least, as columns: field of `Reference` -> its value in each row."""
    return dict(zip(Reference._fields, zip(*rows, strict=True), strict=True))


def identities_of(columns: Columns) -> list[bytes]:
    """What names each row in its list: 16 bytes of its id, or of its hashes if it has no id."""
    ids, *hashes = (columns[name] for name in ("id", "md5", "sha1", "sha256", "pdq", "photodna"))
    sizes = map(bytes, zip(*(map(len, each) for each in hashes), strict=True))
    named: Iterable[bytes] = map(b"".join, zip(repeat(b"h"), sizes, *hashes, strict=False))
    if any(ids):
        pairs = zip(ids, named, strict=True)
        named = (b"i" + each.encode("utf-8", _AS_IT_IS) if each else other for each, other in pairs)
    return [blake2b(each, digest_size=_IDENTITY).digest() for each in named]


def columns_of(ids: Sequence[int], columns: Columns) -> FingerprintColumns:
    """The fingerprints of rows by their ids."""
    made: list[FingerprintColumn] = []
    for kind, field in LISTED.items():
        values = columns[field.value]
        if not any(values):
            continue
        quality = [UNSTATED_QUALITY] * len(ids) if field.quality is None else columns[field.quality]
        has, those, rated = ids, values, quality
        if b"" in values:
            has, those, rated = (list(compress(each, values)) for each in (ids, values, quality))
        made.append(column(kind.code, has, those, rated, kind.size))
    return FingerprintColumns(columns=made)


def pack_blocks(columns: Columns) -> list[bytes]:
    """Rows in blocks of `BLOCK_ROWS`; the last one may have fewer."""
    starts = range(0, len(columns["at"]), BLOCK_ROWS)
    return [pack_block({name: values[at : at + BLOCK_ROWS] for name, values in columns.items()}) for at in starts]


def pack_block(rows: Columns) -> bytes:
    """At most 65,535 rows in one block."""
    hashes = b"".join(_packed_hashes(rows))
    columns = {**rows, **dict(zip(At._fields, zip(*rows["at"], strict=True), strict=True))}
    details = {name: told for name in _NAMES if (told := _told(name, columns[name]))}
    packed = zlib.compress(json.dumps(details, separators=(",", ":")).encode(), _LEVEL)
    words = zlib.compress(_packed_words(columns), _LEVEL)
    return b"".join((_HEAD.pack(len(columns["at"]), len(hashes), len(packed)), hashes, packed, words))


def _told(name: str, values: Sequence[Any]) -> Sequence[Any]:
    """A column of the second part: nothing if all rows have the default; one value that they share; the values; of
    those that rise, the first one and the differences, or one difference that they share.
    """
    first = values[0]
    if values.count(first) == len(values):
        return () if first == _DEFAULTS[name] else (first,)
    if name not in _RISING:
        return values
    steps = list(map(sub, values[1:], values))
    return (first, steps[0]) if steps.count(steps[0]) == len(steps) else (first, *steps)


def _packed_hashes(by_name: Columns) -> Iterable[bytes]:
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
        return [
            Hashes(kind, np.array(has, dtype=np.intp), np.frombuffer(values, dtype=np.uint8).reshape(-1, kind.size))
            for kind, has, values in _unpacked_hashes(block[_HEAD.size : _HEAD.size + size], slots)
        ]
    except _DAMAGED as error:
        raise _damaged() from error


def _unpacked_hashes(data: bytes, slots: int) -> Iterator[tuple[FingerprintKind, Sequence[int], bytes]]:
    """(A kind, the slots of the rows that have one, their hashes in that order)."""
    at = 0
    while at < len(data):
        code, every = _HASHES.unpack_from(data, at)
        at += _HASHES.size
        kind, has = KIND_BY_CODE[code], list(range(slots))
        if not every:
            has = [slot for slot, given in enumerate(data[at : at + slots]) if given]
            at += slots
        end = at + len(has) * kind.size
        if end > len(data):
            raise ValueError("the hashes of a block end early")
        yield kind, has, data[at:end]
        at = end


def unpack_qualities(block: bytes, field: str) -> np.ndarray:
    """The qualities in a field of a block, int16 (rows,). Raises `Damaged`."""
    try:
        slots, *sizes = _HEAD.unpack_from(block)
        return np.array(_whole(field, _details(block, *sizes), slots), dtype=np.int16)
    except _DAMAGED as error:
        raise _damaged() from error


def unpack_rows(block: bytes, chosen: Sequence[int], *, words: bool = False) -> list[Reference]:
    """The rows in these slots of what `pack_blocks` packed; without `said`, unless `words` are asked for.

    Raises `Damaged`.
    """
    try:
        return _unpacked(block, chosen, words=words)
    except _DAMAGED as error:
        raise _damaged() from error


def _unpacked(block: bytes, chosen: Sequence[int], *, words: bool) -> list[Reference]:
    slots, *sizes = _HEAD.unpack_from(block)
    details = _details(block, *sizes)
    columns: dict[str, Any] = {name: [_DEFAULTS[name]] * len(chosen) for name in (*_NAMES, *_HASHED)}
    for name in details:
        values = _whole(name, details, slots)
        columns[name] = [values[slot] for slot in chosen]
    columns["at"] = map(At._make, zip(*(columns[name] for name in At._fields), strict=True))
    columns |= {name: map(tuple, columns[name]) for name in _TUPLES}
    columns |= {name: map(_TRI.__getitem__, columns[name]) for name in _FLAGS}
    for kind, has, values in _unpacked_hashes(block[_HEAD.size : _HEAD.size + sizes[0]], slots):
        starts = {slot: at * kind.size for at, slot in enumerate(has)}
        places = (starts.get(slot) for slot in chosen)
        columns[LISTED[kind].value] = [b"" if at is None else values[at : at + kind.size] for at in places]
    columns["said"] = _words(block, columns, chosen, _HEAD.size + sum(sizes)) if words else repeat("", len(chosen))
    return list(map(Reference._make, zip(*(columns[name] for name in Reference._fields), strict=True)))


def _details(block: bytes, hashes: int, told: int) -> dict[str, list[Any]]:
    start = _HEAD.size + hashes
    details: dict[str, list[Any]] = json.loads(zlib.decompress(block[start : start + told]))
    return details


def _whole(name: str, details: Mapping[str, list[Any]], slots: int) -> Sequence[Any]:
    """A column of the second part, with a value for each row: the inverse of `_told`."""
    values = details.get(name, [_DEFAULTS[name]])
    if len(values) == 1:
        return values * slots
    if name not in _RISING:
        return values
    return list(accumulate(values if len(values) == slots else [values[0], *values[1:] * (slots - 1)]))


def _packed_words(by_name: Columns) -> bytes:
    """Whether hashes were taken out | length u32 of each row | the words."""
    said: Sequence[str] = by_name["said"]
    spare = _MARK not in "".join(said)
    for name, spellings in _SPELT if spare else ():
        values = by_name[name]
        first = next(compress(range(len(values)), values), None)
        if first is None:
            continue
        # Who wrote one row so wrote the next one so.
        for mark, spell in spellings:
            if spell(values[first]) in said[first]:
                pairs = zip(said, map(spell, values), strict=True)
                said = [words.replace(spelt, mark) if spelt else words for words, spelt in pairs]
                break
    lengths = struct.pack(f">?{len(said)}I", spare, *map(len, said))
    return lengths + "".join(said).encode("utf-8", _AS_IT_IS)


def _words(block: bytes, columns: Columns, chosen: Sequence[int], start: int) -> list[str]:
    """What the file said of the rows in these slots, whose hashes are in `columns`."""
    slots, *_ = _HEAD.unpack_from(block)
    data = zlib.decompress(block[start:])
    spare, *lengths = struct.unpack_from(f">?{slots}I", data)
    text = data[1 + 4 * slots :].decode("utf-8", _AS_IT_IS)
    ends = list(accumulate(lengths))
    if ends[-1] != len(text):
        raise ValueError("the words of a block have another length")
    said = [text[ends[slot] - lengths[slot] : ends[slot]] for slot in chosen]
    for name, spellings in _SPELT if spare else ():
        for mark, spell in spellings:
            if mark in text:
                said = [words.replace(mark, spell(value)) for words, value in zip(said, columns[name], strict=True)]
    return said


def _damaged() -> Damaged:
    return Damaged("what a list says of its rows cannot be read", remedy="restore the newest backup")
