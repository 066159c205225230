"""What the first bytes of a JSON document tell of its format: the names of its fields, and a few of its texts.

Rules this module upholds:

- It never raises: a head may be cut anywhere, and may be no JSON at all.
- It looks at a bounded part of the head, and no deeper than the objects within the first lists.
- A format is told by its names, in any order: a writer may sort them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

_BYTES: Final = 16_384
DEPTH: Final = 5
"""Levels of arrays and objects whose names are told; the document itself is level 1."""
_LONGEST: Final = 200
"""Characters of a text that is told."""
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"(\s*+:)?|([\[{])|([\]}])', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonHead:
    """`opening`: "{", "[" or "" for no JSON. `names`: of the fields on each level, from level 1; `texts`: (level, name,
    text) of the fields that hold a text.
    """

    opening: str
    names: tuple[frozenset[str], ...]
    texts: frozenset[tuple[int, str, str]]

    def has(self, level: int, *names: str) -> bool:
        """Whether an object on this level has one of these fields."""
        return not self.names[level - 1].isdisjoint(names)

    def says(self, level: int, name: str) -> frozenset[str]:
        """The texts of this field on this level."""
        return frozenset(text for at, field, text in self.texts if at == level and field == name)


def json_head(head: bytes) -> JsonHead:
    """What a document that begins so has."""
    data = head[:_BYTES]
    text = data.decode(json.detect_encoding(data), errors="ignore").lstrip()
    names: list[set[str]] = [set() for _ in range(DEPTH)]
    texts: set[tuple[int, str, str]] = set()
    if text[:1] not in ("{", "["):
        return JsonHead(opening="", names=tuple(map(frozenset, names)), texts=frozenset())
    depth, field = 0, ""
    for found in _TOKEN.finditer(text):
        string, colon, opened, closed = found.groups()
        if opened or closed:
            depth += 1 if opened else -1
            field = ""
        elif depth < 1 or depth > DEPTH:
            continue
        elif colon:
            field = string
            names[depth - 1].add(string)
        elif field:
            if len(string) <= _LONGEST:
                texts.add((depth, field, string))
            field = ""
    return JsonHead(opening=text[0], names=tuple(map(frozenset, names)), texts=frozenset(texts))
