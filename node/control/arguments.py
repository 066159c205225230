"""Reading a command's arguments: a JSON object that another version or another program may have sent.

Rules this module upholds:

- A missing argument, or one of another type, raises `Misuse` with the argument's name.
- A whole number has at most 64 bits, as in the store: a person may type more digits than any number here has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from node.domain.ids import RecordId, query_id
from node.errors import Misuse

if TYPE_CHECKING:
    from node.control.runner import Line

MOST: Final = 2**63 - 1
"""The largest whole number that the store can compare with."""


class Arguments:
    """Typed access to a JSON object."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def _get(self, name: str, kinds: tuple[type, ...], default: object) -> Any:  # noqa: ANN401 (as `kinds` says)
        value = self._line.get(name, default)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise Misuse(f"the argument {name} is missing or of the wrong type")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        return str(self._get(name, (str,), default))

    def number(self, name: str, default: float | None = None) -> float:
        """A number."""
        return float(self._get(name, (int, float), default))

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        return _bounded(name, int(self._get(name, (int,), default)))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        return bool(self._get(name, (bool,), default))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; empty if absent."""
        values = self._get(name, (list,), [])
        if not all(isinstance(value, str) for value in values):
            raise Misuse(f"the argument {name} is not a list of texts")
        return tuple(values)

    def numbers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers; empty if absent."""
        values = self._get(name, (list,), [])
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            raise Misuse(f"the argument {name} is not a list of numbers")
        return tuple(_bounded(name, value) for value in values)

    def object(self, name: str) -> Line:
        """A JSON object; empty if absent."""
        return dict(self._get(name, (dict,), {}))

    def has(self, name: str) -> bool:
        """Whether the argument was given."""
        return self._line.get(name) is not None

    def objects(self, name: str) -> list[Line]:
        """A list of JSON objects; empty if absent."""
        values = self._get(name, (list,), [])
        if not all(isinstance(value, dict) for value in values):
            raise Misuse(f"the argument {name} is not a list of objects")
        return list(values)

    def record(self, name: str = "record") -> RecordId:
        """A record's id. Raises `Malformed` if it is not one."""
        return RecordId.parse(self.text(name))

    def query_id(self, name: str = "query") -> bytes:
        """A query's id. Raises `Malformed` if it is not one."""
        return query_id(self.text(name))


def _bounded(name: str, number: int) -> int:
    if not -MOST <= number <= MOST:
        raise Misuse(f"the number for {name} is too large", remedy=f"give a number up to {MOST:,}")
    return number


def read_number(text: str, what: str, remedy: str) -> int:
    """A number that names something here, as a person typed it. `what`: what it names, for the message. Raises
    `Misuse`.
    """
    if not (text.isascii() and text.isdecimal()):
        raise Misuse(f"{what} is named by its number", remedy=remedy)
    if len(text) > len(str(MOST)) or int(text) > MOST:
        raise Misuse(f"the number of {what} is too large", remedy=remedy)
    return int(text)
