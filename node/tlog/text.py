"""The parts that the C2SP text formats share: canonical base64, canonical decimals, clean text, names of keys.

Rules this module upholds:

- One value, one form: a reader refuses anything that the writer would not write.
- Bytes from outside raise only `Malformed`, which names the part and never its content.
"""

from __future__ import annotations

import base64
import re
from typing import Final

from node.errors import Malformed
from node.tlog.merkle import HASH_SIZE

MAX_DECIMAL: Final = 2**63 - 1
"""The largest number in any of the formats: tree sizes, indices, times (c2sp.org/tlog-cosignature)."""

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
# All below U+0020 but the newline (c2sp.org/signed-note, "Format").
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")
# Halves of characters, which a str can contain and UTF-8 cannot.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def encode_base64(data: bytes) -> str:
    """Base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, what: str) -> bytes:
    """Reads base64 in its one canonical form. Raises Malformed, which names `what`."""
    if not _BASE64.fullmatch(text):
        raise Malformed(f"{what} is not base64")
    data = base64.b64decode(text, validate=True)
    # The last digit may carry bits that decode to nothing: only zeros are canonical.
    if encode_base64(data) != text:
        raise Malformed(f"{what} is not base64 in its canonical form")
    return data


def decode_hash(text: str, what: str) -> bytes:
    """Reads the base64 of a 32-byte hash. Raises Malformed."""
    data = decode_base64(text, what)
    if len(data) != HASH_SIZE:
        raise Malformed(f"{what} is not a hash of {HASH_SIZE} bytes")
    return data


def decode_decimal(text: str, what: str) -> int:
    """Reads a number from 0 to 2^63 - 1 without leading zeros. Raises Malformed."""
    if not _DECIMAL.fullmatch(text) or (value := int(text)) > MAX_DECIMAL:
        raise Malformed(f"{what} is not a decimal number from 0 to 2^63 - 1")
    return value


def decode_text(data: bytes, what: str) -> str:
    """Reads UTF-8 without control characters other than newlines. Raises Malformed."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"{what} is not UTF-8") from None
    if not is_clean(text):
        raise Malformed(f"{what} has control characters")
    return text


def is_clean(text: str) -> bool:
    """Whether text can be written as UTF-8 and has no control characters other than newlines."""
    return _CONTROL.search(text) is None and _SURROGATE.search(text) is None


def is_name(text: str) -> bool:
    """Whether this can name a key: not empty, no space of any kind, no control character, no plus."""
    return text != "" and "+" not in text and is_clean(text) and not any(each.isspace() for each in text)
