"""One strict way to read and write JSON, for all our documents that are signed, carried on a disk, or stored.

Rules this module upholds:

- One document has one encoding: sorted keys, no spaces, ASCII. A reader refuses any other encoding.
- A document states its type and version. A reader refuses another version completely (promise 8).
- A reader asks for every field by name and type, and allows no other field. Bytes from outside raise `Malformed` only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from node.domain.ids import HASH_SIZE
from node.errors import Malformed

MAX_DOCUMENT: Final = 8_388_608
"""Maximum bytes of one document. A member of the roster takes about 900."""


def encode(document: Mapping[str, Any]) -> bytes:
    """The one encoding of a document."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _refuse(_: str) -> NoReturn:
    raise ValueError


def decode(data: bytes, kind: str, what: str, *, limit: int = MAX_DOCUMENT) -> Fields:
    """The fields of the document in `data`, which must have the type `kind`. Raises `Malformed`."""
    if len(data) > limit:
        raise Malformed(f"{what} has at most {limit} bytes")
    try:
        found = json.loads(data.decode("ascii"), parse_constant=_refuse)
        canonical = isinstance(found, dict) and encode(found) == data
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{what} is not JSON") from error
    if not canonical:
        raise Malformed(f"{what} is not in the canonical form (sorted keys, no spaces)")
    if found.pop("type", None) != kind:
        raise Malformed(f"{what} is not of type {kind}", remedy="a newer version of this program may read it")
    return Fields(found, what)


class Fields:
    """Reads a JSON object field by field. Each must be present, with its type, and no other field is allowed."""

    __slots__ = ("_left", "_what")

    def __init__(self, value: Any, what: str) -> None:  # noqa: ANN401 -- JSON
        if not isinstance(value, dict):
            raise Malformed(f"{what} is not an object")
        self._left = dict(value)
        self._what = what

    def _take(self, name: str, kind: type | tuple[type, ...]) -> Any:  # noqa: ANN401 -- JSON
        if name not in self._left:
            raise Malformed(f"{self._what} has no {name}")
        value = self._left.pop(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Malformed(f"{self._what} has a {name} of the wrong type")
        return value

    def value(self, name: str) -> Any:  # noqa: ANN401 -- JSON
        """A value of any type, for another `Fields` to read."""
        return self._take(name, object)

    def text(self, name: str) -> str:
        """A string."""
        return str(self._take(name, str))

    def items(self, name: str) -> list[Any]:
        """A list."""
        return list(self._take(name, list))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of words without empty words."""
        values = self.items(name)
        if not all(isinstance(value, str) and value for value in values):
            raise Malformed(f"{self._what} has a {name} that is not a list of words")
        return tuple(values)

    def number(self, name: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = int(self._take(name, int))
        if not low <= value <= high:
            raise Malformed(f"{self._what} has a {name} outside {low} to {high}")
        return value

    def real(self, name: str, low: float, high: float) -> float:
        """A number with a decimal point, from `low` to `high`."""
        value = float(self._take(name, float))
        if not low <= value <= high:
            raise Malformed(f"{self._what} has a {name} outside {low} to {high}")
        return value

    def digest(self, name: str) -> bytes:
        """A SHA-256 in hex."""
        return decode_hex(self.text(name), HASH_SIZE, self._what)

    def missing(self, name: str) -> bool:
        """Takes a null."""
        return name in self._left and self._left[name] is None and self._left.pop(name) is None

    def table(self, name: str) -> dict[str, str]:
        """An object whose fields are all strings."""
        fields = Fields(self.value(name), self._what)
        return {each: fields.text(each) for each in fields.names()}

    def names(self) -> list[str]:
        """The fields that were not read yet, for an object that is a table."""
        return sorted(self._left)

    def end(self) -> None:
        """Refuses fields that were not read."""
        if self._left:
            raise Malformed(f"{self._what} has a field that this version does not know")


def decode_hex(text: str, size: int, what: str) -> bytes:
    """`size` bytes in lower-case hex. Raises `Malformed`."""
    try:
        value = bytes.fromhex(text)
    except ValueError as error:
        raise Malformed(f"{what} has characters that are not hex digits") from error
    if len(value) != size or value.hex() != text:
        raise Malformed(f"{what} has hex digits of another length or form")
    return value
