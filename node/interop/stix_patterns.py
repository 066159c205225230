"""STIX patterns that name files by their hashes (STIX 2.1, section 9), as alternatives: each is one file.

Rules this module upholds:

- Only equality is taken: `=`, `IN`, `AND` within one pair of brackets, `OR` anywhere, brackets of order. A pattern that
  negates, compares otherwise, or needs two observations says nothing of one file: it is refused as a whole.
- It is never guessed: each character of a pattern belongs to a known token, or the pattern is refused.
- It is bounded: nesting by `_DEPTH`, and an `AND` has at most one side with alternatives, so that there are never more
  alternatives than comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

ONLY_EQUALITY: Final = "pattern is not only equality"
_DEPTH: Final = 20
_TOKEN: Final = re.compile(
    r"""\s*+(?:
        (?P<text>'(?:[^'\\]|\\.)*+')
      | (?P<path>[A-Za-z][A-Za-z0-9-]*+:(?:[A-Za-z0-9_.-]|'(?:[^'\\]|\\.)*+'|"[^"]*+")++)
      | (?P<number>-?[0-9]{1,20}+)
      | (?P<mark>==|=|[][(),])
      | (?P<word>AND|OR|IN)\b
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_FILE: Final = re.compile(
    r"""file:(?:hashes\.(?P<quote>['"]?)(?P<hash>[A-Za-z0-9 _-]+)(?P=quote)|(?P<other>[a-z_]+))"""
)
_HARMLESS: Final = frozenset({"name", "size", "mime_type"})
"""What may stand beside a hash: it says more of the same file."""


class NotEquality(Exception):
    """The pattern is not one of files by equality."""


class Alternative(NamedTuple):
    """One file. `hashes`: (name, text) as written. `other`: the first type of object that is no file, "" for none."""

    hashes: tuple[tuple[str, str], ...] = ()
    size: str = ""
    other: str = ""


def alternatives(pattern: str) -> list[Alternative]:
    """The files that a pattern names. Raises `NotEquality`."""
    parser = _Parser(pattern)
    found = parser.observations(0)
    parser.end()
    return found


def object_types(pattern: str) -> frozenset[str]:
    """The types of objects that a pattern speaks of, also one that is refused: texts in it are left out."""
    bare = re.sub(r"'(?:[^'\\]|\\.)*+'", "''", pattern, flags=re.DOTALL)
    return frozenset(re.findall(r"\b([a-z][a-z0-9-]{0,60}+):[a-z]", bare))


class _Parser:
    """Reads tokens from left to right, one ahead."""

    def __init__(self, pattern: str) -> None:
        self._tokens = self._of(pattern)
        self._kind, self._value = next(self._tokens)

    @staticmethod
    def _of(pattern: str) -> Iterator[tuple[str, str]]:
        place, end = 0, len(pattern.rstrip())
        while place < end:
            found = _TOKEN.match(pattern, place)
            if found is None:
                raise NotEquality
            yield str(found.lastgroup), found[found.lastgroup or 0]
            place = found.end()
        yield "end", ""

    def _is(self, *values: str) -> bool:
        return self._kind in ("mark", "word") and self._value in values

    def _take(self, *values: str) -> None:
        if not self._is(*values):
            raise NotEquality
        self._next()

    def _next(self) -> tuple[str, str]:
        taken = (self._kind, self._value)
        self._kind, self._value = next(self._tokens, ("end", ""))
        return taken

    def end(self) -> None:
        """Nothing may come any more."""
        if self._kind != "end":
            raise NotEquality

    def observations(self, depth: int) -> list[Alternative]:
        """`[...] OR [...]`, in brackets of order or without."""
        found: list[Alternative] = []
        while True:
            if self._is("("):
                self._next()
                found += self.observations(_deeper(depth))
                self._take(")")
            else:
                self._take("[")
                found += self._either(depth)
                self._take("]")
            if not self._is("OR"):
                return found
            self._next()

    def _either(self, depth: int) -> list[Alternative]:
        found = self._all(depth)
        while self._is("OR"):
            self._next()
            found += self._all(depth)
        return found

    def _all(self, depth: int) -> list[Alternative]:
        found = self._one(depth)
        while self._is("AND"):
            self._next()
            found = _both(found, self._one(depth))
        return found

    def _one(self, depth: int) -> list[Alternative]:
        if self._is("("):
            self._next()
            found = self._either(_deeper(depth))
            self._take(")")
            return found
        kind, path = self._next()
        if kind != "path":
            raise NotEquality
        if self._is("IN"):
            self._next()
            return [_comparison(path, value) for value in self._values()]
        self._take("=", "==")
        return [_comparison(path, self._literal())]

    def _values(self) -> Iterator[str]:
        self._take("(")
        yield self._literal()
        while self._is(","):
            self._next()
            yield self._literal()
        self._take(")")

    def _literal(self) -> str:
        kind, value = self._next()
        if kind == "text":
            return _ESCAPE.sub(r"\1", value[1:-1])
        if kind == "number":
            return value
        raise NotEquality


def _deeper(depth: int) -> int:
    if depth >= _DEPTH:
        raise NotEquality
    return depth + 1


def _comparison(path: str, value: str) -> Alternative:
    kind = path.partition(":")[0]
    if kind != "file":
        return Alternative(other=kind)
    found = _FILE.fullmatch(path)
    if found is None or (found["other"] and found["other"] not in _HARMLESS):
        raise NotEquality
    if found["hash"]:
        return Alternative(hashes=((found["hash"], value),))
    return Alternative(size=value if found["other"] == "size" else "")


def _both(some: list[Alternative], others: list[Alternative]) -> list[Alternative]:
    if len(some) > 1 and len(others) > 1:
        raise NotEquality
    return [_joined(one, other) for one in some for other in others]


def _joined(one: Alternative, other: Alternative) -> Alternative:
    if bool(one.other) != bool(other.other):
        # A file and something else at once: a file alone is not what it says.
        raise NotEquality
    return Alternative(one.hashes + other.hashes, one.size or other.size, one.other)
