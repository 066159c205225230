"""Values of single fields, as lists of hashes write them: digests, PhotoDNA, flags, sizes, dates.

Rules this module upholds:

- A digest is text of exactly as many ASCII hex digits as its kind has. Spaces around it and upper case do not matter.
- PhotoDNA is 144 bytes, as hex digits or as strict base64: a character outside of the alphabet is not skipped.
- A flag is yes, no or unknown. What is absent, null or empty is unknown and is no fault.
- A size is never rounded: a number that does not fit 63 bits is not stated.
- A hash of empty input, or of zeros alone, is refused with its row: it would match what has nothing to do with it.
- No value raises an error here, and none is repeated in a text.
"""

from __future__ import annotations

from binascii import a2b_base64, unhexlify
from datetime import datetime
from typing import Final

from node.domain.fingerprint_kinds import PHOTODNA, FingerprintKind
from node.domain.references import EMPTY_DIGESTS, EMPTY_INPUT, PLACEHOLDER
from node.domain.statements import Tri

MAX_SIZE: Final = 2**63 - 1
"""Bytes of a file: what a signed number of 64 bits holds, as databases have it."""
_SIZE_DIGITS: Final = len(str(MAX_SIZE))
_NO_PHOTODNA: Final = bytes(PHOTODNA.size)
_BASE64_DIGITS: Final = PHOTODNA.size * 4 // 3
"""A multiple of three bytes needs no padding, and Python's strict decoder takes too much of it behind a whole text."""
_WORDS: Final = {
    **dict.fromkeys(("true", "yes", "y", "t", "1"), Tri.YES),
    **dict.fromkeys(("false", "no", "n", "f", "0"), Tri.NO),
    "": Tri.UNKNOWN,
}


def digest(kind: FingerprintKind, text: object) -> bytes | None:
    """The hash that hex digits state; None if they state no hash of this kind."""
    if not isinstance(text, str):
        return None
    try:
        value = unhexlify(text.strip())
    except ValueError:
        return None
    return value if len(value) == kind.size else None


def photodna(text: object) -> bytes | None:
    """144 bytes; None for any other text, and for zeros alone, which some tools write in place of no hash."""
    if not isinstance(text, str):
        return None
    digits = text.strip()
    try:
        value = a2b_base64(digits, strict_mode=True) if len(digits) == _BASE64_DIGITS else unhexlify(digits)
    except ValueError:
        return None
    return value if len(value) == PHOTODNA.size and value != _NO_PHOTODNA else None


def flag(value: object) -> tuple[Tri, bool]:
    """(The flag, whether the value is bad). A boolean, 0 or 1, or one of true, false, yes, no, y, n, t, f."""
    if value is None:
        return Tri.UNKNOWN, False
    if isinstance(value, (int, float)) and value in (0, 1):
        return (Tri.YES if value else Tri.NO), False
    found = _WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    return (Tri.UNKNOWN, True) if found is None else (found, False)


def size(value: object) -> tuple[int, bool]:
    """(Bytes or -1 for not stated, whether the value is bad). A whole number from 0 to `MAX_SIZE`, or its digits."""
    if value is None:
        return -1, False
    if isinstance(value, str):
        digits = value.strip()
        if not digits:
            return -1, False
        if not (digits.isascii() and digits.isdigit()) or len(digits.lstrip("0")) > _SIZE_DIGITS:
            return -1, True
        value = int(digits.lstrip("0") or "0")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SIZE:
        return -1, True
    return value, False


def is_date(value: object) -> bool:
    """Whether a value is a date, or a date with a time, as ISO 8601 writes it, or is absent, null or empty."""
    if value is None or value == "":
        return True
    if not isinstance(value, str):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def refusal(*hashes: bytes) -> str:
    """Why a row with these hashes cannot be used: `EMPTY_INPUT`, `PLACEHOLDER`, or "" if it can. b"" is no hash."""
    for value in hashes:
        if value in EMPTY_DIGESTS:
            return EMPTY_INPUT
        if value and not any(value):
            return PLACEHOLDER
    return ""
