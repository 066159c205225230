"""JSON documents that are read as a whole, because a part of them says what another part means (MISP, STIX).

Rules this module upholds:

- A document has at most `MAX_DOCUMENT` bytes. A larger one is refused before it is parsed.
- It is UTF-8, UTF-16 or UTF-32, with or without a byte order mark.
- It is JSON as RFC 8259 has it: no NaN, no infinity, nothing behind it. A number has at most as many digits as Python
  converts (4,300), and an array or object stands within at most about a thousand others.
- A document that is cut in the middle gives `EndsEarly`: nothing of it was whole.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from node.domain.references import TOO_DEEP, At, EndsEarly
from node.interop.reading import Broken, Unwelcome

MAX_DOCUMENT: Final = 64 << 20
"""Bytes. Reading it takes about five times as much memory (measured: 62 MiB of MISP, 279 MiB)."""
_NOT_JSON: Final = "not JSON"
_MORE: Final = "data after the document"
_ENDINGS: Final = ("true", "false", "null", "-1", "NaN", "Infinity", "-Infinity")
"""What an end of the file may cut in the middle, besides texts."""
_LONG: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|(\d{4301,}+)', re.DOTALL)
_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|(NaN|-?Infinity)', re.DOTALL)
_NESTING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|([\[{])|([\]}])', re.DOTALL)
_BOMS: Final = {"utf-8-sig": 3, "utf-16": 2, "utf-32": 4}


class _Constant(ValueError):
    """NaN or an infinity."""


def document(chunks: Iterable[bytes], *, most: int = MAX_DOCUMENT) -> Any:  # noqa: ANN401 (JSON has any shape)
    """The value of the document; `EndsEarly` if it is cut. Raises `Broken`, `Unwelcome` if it is too large."""
    data = _bounded(chunks, most)
    text, coding = _decoded(data)
    if text is None:
        return EndsEarly(At(offset=len(data)))
    reader = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
    try:
        return reader.decode(text)
    except json.JSONDecodeError as error:
        if _is_cut(text, error):
            return EndsEarly(_at(text, len(text), coding))
        reason = _MORE if error.msg == "Extra data" else _NOT_JSON
        raise Broken(reason, _at(text, error.pos, coding)) from None
    except _Constant:
        raise Broken(_NOT_JSON, _at(text, _first(_CONSTANT, text), coding)) from None
    except ValueError:
        raise Broken("a number has too many digits", _at(text, _first(_LONG, text), coding)) from None
    except RecursionError:
        raise Broken(TOO_DEEP, _at(text, _deepest(text), coding)) from None


def compact(value: object) -> str:
    """A value as JSON text in ASCII, for `Reference.said`. Raises `RecursionError` if it is nested too deep."""
    return json.dumps(value, separators=(",", ":"))


def _bounded(chunks: Iterable[bytes], most: int) -> bytes:
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise Unwelcome(
                f"the file is larger than {most >> 20} MiB, and this format is read as a whole",
                At(offset=most),
                remedy="export it in several files and import each of them",
            )
        parts.append(chunk)
    return b"".join(parts)


def _decoded(data: bytes) -> tuple[str | None, str]:
    """(Text, its encoding); no text if the file ends within a character. Raises `Broken`."""
    coding = json.detect_encoding(data)
    try:
        return data.decode(coding), coding
    except UnicodeDecodeError as error:
        if error.end >= len(data) and error.reason in ("unexpected end of data", "truncated data"):
            return None, coding
        raise Broken("text that is not " + coding.removesuffix("-sig").upper(), At(offset=error.start)) from None


def _refuse(_: str) -> NoReturn:
    raise _Constant


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        # Written again it would be `Infinity`, which is not JSON. The largest number that there is stands for it.
        return math.copysign(1.7976931348623157e308, value)
    return value


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    """Whether the end of the text is what is wrong with it."""
    rest = text[error.pos : error.pos + 16].rstrip()
    if not rest or error.msg.startswith("Unterminated string"):
        return True
    if error.msg.startswith("Invalid \\"):
        return "\\" in text[-6:] and error.pos >= len(text) - 6
    return any(whole.startswith(rest) and rest != whole for whole in _ENDINGS)


def _first(pattern: re.Pattern[str], text: str) -> int:
    return next((found.start(1) for found in pattern.finditer(text) if found.group(1)), 0)


def _deepest(text: str) -> int:
    """Where the nesting is a hundred deep: the parser does not tell where it gave up."""
    depth = 0
    for found in _NESTING.finditer(text):
        depth += bool(found.group(1)) - bool(found.group(2))
        if depth > 100:  # noqa: PLR2004
            return found.start()
    return 0


def _at(text: str, place: int, coding: str) -> At:
    before = text[:place]
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(coding, coding)
    return At(line=before.count("\n") + 1, offset=_BOMS.get(coding, 0) + len(before.encode(plain)))
