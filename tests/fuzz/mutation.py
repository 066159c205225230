"""Mutations of bytes: what a hostile peer makes of a document, as far as chance can.

Rules this module upholds:

- The same seed gives the same mutants, so that a failure can be repeated from its number.
- Besides bytes, protobuf fields and the numbers and lists of JSON are mutated as such: a parser is past its first check
  then, and the deeper ones are reached.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

_EDGES: Final = (
    0,
    1,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
_TEXTS: Final = (
    "",
    " ",
    "\x00",
    "\x1b[2J",
    "\u202e",
    "A" * 5_000,
    "é" * 300,
    "0",
    "-1",
    "1e999",
    "NaN",
    "../..",
    "%s",
    "{}",
)
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED: Final = {_FIXED64: 8, _FIXED32: 4}
_DEPTH: Final = 6
"""Messages within messages that are mutated."""
_MOST: Final = 1 << 20
"""Bytes of a mutant."""


def mutants(seeds: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """`count` mutants of these documents, one to four mutations each."""
    drawn = random.Random(seed)
    for _ in range(count):
        data = drawn.choice(seeds)
        for _ in range(drawn.randint(1, 4)):
            data = drawn.choice(_MUTATIONS)(drawn, data, seeds)[:_MOST]
        yield data


# --- bytes ------------------------------------------------------------------------------------------------------------


def _flip(drawn: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    if not data:
        return b"\x00"
    at = drawn.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << drawn.randrange(8)]) + data[at + 1 :]


def _set(drawn: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = drawn.randrange(len(data) + 1)
    return data[:at] + bytes([drawn.choice((0, 1, 0x0A, 0x20, 0x2B, 0x2F, 0x7F, 0x80, 0xFF))]) + data[at + 1 :]


def _cut(drawn: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    low, high = sorted(drawn.randrange(len(data) + 1) for _ in range(2))
    return data[:low] + data[high:] if drawn.random() < 0.5 else data[low:high]


def _double(drawn: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    low, high = sorted(drawn.randrange(len(data) + 1) for _ in range(2))
    return data[:high] + data[low:high] * drawn.choice((1, 1, 2, 30)) + data[high:]


def _splice(drawn: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = drawn.choice(seeds)
    return data[: drawn.randrange(len(data) + 1)] + other[drawn.randrange(len(other) + 1) :]


def _number(drawn: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """A number at the edge of its type, binary in either order or decimal, over what is there."""
    value, width = drawn.choice(_EDGES), drawn.choice((1, 2, 4, 8))
    spelled = drawn.choice(
        (
            (value & (1 << 8 * width) - 1).to_bytes(width, "big"),
            (value & (1 << 8 * width) - 1).to_bytes(width, "little"),
            str(value).encode(),
        )
    )
    at = drawn.randrange(len(data) + 1)
    return data[:at] + spelled + data[at + len(spelled) :]


# --- protobuf ---------------------------------------------------------------------------------------------------------


def _varint(value: int) -> bytes:
    spelled = bytearray()
    while value > 0x7F:
        spelled.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*spelled, value])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        value, at = value | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return value, at
    raise IndexError


def _fields(data: bytes) -> list[tuple[int, int, int | bytes]] | None:
    """(number, wire type, value) of each field; None where this is no message."""
    fields: list[tuple[int, int, int | bytes]] = []
    at = 0
    try:
        while at < len(data):
            tag, at = _read_varint(data, at)
            wire = tag & 7
            value: int | bytes
            if wire == _VARINT:
                value, at = _read_varint(data, at)
            elif wire == _BYTES:
                size, at = _read_varint(data, at)
                value, at = data[at : at + size], at + size
            elif wire in _FIXED:
                value, at = data[at : at + _FIXED[wire]], at + _FIXED[wire]
            else:
                return None
            fields.append((tag >> 3, wire, value))
    except IndexError:
        return None
    return fields if at == len(data) else None


def _written(fields: Sequence[tuple[int, int, int | bytes]]) -> bytes:
    parts = []
    for number, wire, value in fields:
        parts.append(_varint(number << 3 | wire))
        if isinstance(value, int):
            parts.append(_varint(value))
        else:
            parts.append((_varint(len(value)) if wire == _BYTES else b"") + value)
    return b"".join(parts)


def _message(drawn: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """A field that is gone, there twice, unknown, of another value or of another type, at any depth."""
    return _in_message(drawn, data, seeds, 0)


def _in_message(drawn: random.Random, data: bytes, seeds: Sequence[bytes], depth: int) -> bytes:
    fields = _fields(data)
    if not fields:
        return _flip(drawn, data, seeds)
    at = drawn.randrange(len(fields))
    number, wire, value = fields[at]
    choice = drawn.randrange(7)
    if choice == 0:
        del fields[at]
    elif choice == 1:
        fields.insert(drawn.randrange(len(fields) + 1), fields[at])
    elif choice == 2:
        fields[at] = (drawn.choice((1, 2, 15, 16, 100, 2**29 - 1)), wire, value)
    elif choice == 3:
        fields[at] = (number, _VARINT, drawn.choice(_EDGES))
    elif isinstance(value, int):
        fields[at] = (number, wire, drawn.choice(_EDGES))
    elif wire == _BYTES and choice == 4 and depth < _DEPTH:
        fields[at] = (number, wire, _in_message(drawn, value, seeds, depth + 1))
    elif wire == _BYTES and choice == 5:
        fields[at] = (number, wire, drawn.choice(_BYTEWISE)(drawn, value, seeds))
    else:
        fields[at] = (number, _BYTES, drawn.choice(_TEXTS).encode())
    return _written(fields)


# --- JSON -------------------------------------------------------------------------------------------------------------


def _json(drawn: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """One value somewhere in a document replaced, gone, doubled or nested."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return _splice(drawn, data, seeds)
    _change(drawn, document)
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _change(drawn: random.Random, value: Any) -> None:
    while isinstance(value, dict | list) and value:
        key = drawn.choice(list(value)) if isinstance(value, dict) else drawn.randrange(len(value))
        if isinstance(value[key], dict | list) and value[key] and drawn.random() < 0.8:
            value = value[key]
            continue
        choice = drawn.randrange(5)
        if choice == 0:
            del value[key]
        elif choice == 1 and isinstance(value, list):
            value.append(value[key])
        elif choice == 2:
            value[key] = drawn.choice((None, True, -1, 0.5, [], {}, [[[[]]]], *_EDGES))
        else:
            value[key] = drawn.choice(_TEXTS)
        return


_BYTEWISE: Final[tuple[Mutation, ...]] = (_flip, _set, _cut, _double, _splice, _number)
_MUTATIONS: Final[tuple[Mutation, ...]] = (*_BYTEWISE, _message, _message, _message, _json, _json)
