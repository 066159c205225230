"""Path and query of a web address in their canonical form (RFC 3986, section 6.2.2).

Rules this module upholds:

- An escape of a character that needs none is replaced by the character; every other escape has upper-case digits. A
  character that a URL cannot contain is escaped as UTF-8. A percent sign that begins no escape is escaped.
- Dot segments of the path are resolved, also where the dots were escaped. An empty path is "/".
- A query keeps its parameters, their order and an empty query: a server may tell them apart.
- The canonical form is a fixed point: it is its own canonical form.
"""

from __future__ import annotations

import re
import string
from typing import Final

_UNRESERVED: Final = frozenset(string.ascii_letters + string.digits + "-._~")
_PATH: Final = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/]")
_QUERY: Final = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&()*+,;=:@/?]")
"""Without the apostrophe: browsers escape it in a query."""
_HEX: Final = 16
_ESCAPE: Final = 3
"""Characters of an escape."""


def canonical_path(path: str) -> str:
    """`path`: "", or what begins with a slash or backslash, up to the first ? or #; without lone surrogates."""
    escaped = _PATH.sub(_normal, path.replace("\\", "/"))
    kept: list[str] = []
    segments = escaped.split("/")[1:]
    for place, segment in enumerate(segments, 1):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
            continue
        if place == len(segments):
            kept.append("")
    return "/" + "/".join(kept)


def canonical_query(query: str) -> str:
    """`query`: what follows the first ?, up to the first #; without lone surrogates."""
    return _QUERY.sub(_normal, query)


def _normal(found: re.Match[str]) -> str:
    """The canonical form of an escape, or of a character that must be one."""
    text = found[0]
    if len(text) == _ESCAPE:
        character = chr(int(text[1:], _HEX))
        return character if character in _UNRESERVED else text.upper()
    return "".join(f"%{byte:02X}" for byte in text.encode())
