"""Checks single values of a worker's reply. Raises `Malformed`; the error never contains the value."""

from __future__ import annotations

import re
from typing import Final

from node.errors import Malformed

MAX_REASON: Final = 300
"""The most characters of a reason, a remedy or a note."""
_HEX: Final = re.compile("[0-9a-f]*", re.ASCII)


def as_bytes(value: object, size: int) -> bytes:
    """Reads lower-case hex of `size` bytes."""
    if not isinstance(value, str) or len(value) != 2 * size or _HEX.fullmatch(value) is None:
        raise Malformed(f"a worker's reply has a hash that is not {size} bytes in hex")
    return bytes.fromhex(value)


def as_number(value: object, most: int) -> int:
    """Reads a whole number from 0 to `most`."""
    if type(value) is not int or not 0 <= value <= most:
        raise Malformed("a worker's reply has a number out of range")
    return value


def as_words(value: object) -> str:
    """Reads plain words in ASCII."""
    if not isinstance(value, str) or len(value) > MAX_REASON or not value.isascii() or not value.isprintable():
        raise Malformed("a worker's reply has a reason that is not plain words")
    return value
