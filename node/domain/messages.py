"""Messages as codes and parameters: the templates of all texts that Vigil says, and which one a text was made from.

Rules this module upholds:

- A template is the English text with named places, as an f-string shows it: "this case has no note {number}". `{{` and
  `}}` are braces of the text. Two places never stand side by side.
- A code is made from the template alone, so it is the same in each process of one version.
- A text is recognised only as a whole. Where several templates fit, the one with the most text of its own counts.
- Nothing here knows a language. A text that no template fits stays as it is.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.errors import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LEAST_LETTERS: Final = 4
"""Letters that a template has of its own. With fewer it would fit any text."""
_CODE_DIGITS: Final = 12
_FIRST_STRONG: Final = "\u2068"
_LEFT_TO_RIGHT: Final = "\u2066"
_POP: Final = "\u2069"
"""Isolates of Unicode TR 9: by the first letter of the text, always left to right, and their end."""
_PIECE: Final = re.compile(r"\{\{|\}\}|\{([a-z_][a-z0-9_]*)\}|[^{}]+")
_COMMAND: Final = re.compile(r"`[^`]+`")


def code_of(template: str) -> str:
    """The code of a template."""
    return hashlib.sha256(template.encode()).hexdigest()[:_CODE_DIGITS]


def escape(text: str) -> str:
    """`text` as a part of a template."""
    return text.replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True, slots=True)
class Template:
    """`text` as it is written; `literals`: the text around the places, one more than there are `names`."""

    text: str
    literals: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def own(self) -> int:
        """Characters of its own: the more, the better a match."""
        return sum(map(len, self.literals))

    @property
    def is_distinct(self) -> bool:
        """Whether it says enough to be recognised."""
        return sum(map(str.isalpha, "".join(self.literals))) >= LEAST_LETTERS

    def values_in(self, text: str) -> tuple[str, ...] | None:
        """What stands in the places if `text` was made from this template; None if it was not."""
        if not self.names:
            return () if text == self.literals[0] else None
        first, *inner, last = self.literals
        end = len(text) - len(last)
        if not (text.startswith(first) and text.endswith(last)):
            return None
        values, at = [], len(first)
        for literal in inner:
            found = text.find(literal, at, end)
            if found < 0:
                return None
            values.append(text[at:found])
            at = found + len(literal)
        return (*values, text[at:end]) if at <= end else None


def parse(text: str) -> Template:
    """Reads a template. Raises `ValueError` for braces that do not belong together, places side by side, or a name
    twice.
    """
    literals, at = [""], 0
    names: list[str] = []
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise ValueError("a template has a brace that stands alone")
        if piece[1] is None:
            literals[-1] += piece[0][0] if piece[0] in {"{{", "}}"} else piece[0]
        else:
            if names and not literals[-1]:
                raise ValueError("a template has two places side by side")
            names.append(piece[1])
            literals.append("")
        at = piece.end()
    if len(set(names)) < len(names):
        raise ValueError("a template has a name twice")
    return Template(text, tuple(literals), tuple(names))


def fill(template: str, values: Mapping[str, str], *, isolated: bool = False) -> str:
    """The text of a template with these values. `isolated`: for a language from right to left; commands between
    backticks are then marked as text from left to right. Raises `KeyError` for a missing value, and as `parse`.
    """
    parsed = parse(_COMMAND.sub(rf"{_LEFT_TO_RIGHT}\g<0>{_POP}", template) if isolated else template)
    first, *after = parsed.literals
    return first + "".join(values[name] + text for name, text in zip(parsed.names, after, strict=True))


def isolate(value: str) -> str:
    """`value` in a direction of its own."""
    return f"{_FIRST_STRONG}{value}{_POP}"


class Templates:
    """All templates. Those that are not distinct are left out."""

    def __init__(self, texts: Iterable[str]) -> None:
        known = [each for each in map(parse, texts) if each.is_distinct]
        self._by_code = {code_of(each.text): each for each in known}
        self._whole = {each.literals[0]: code_of(each.text) for each in known if not each.names}
        filled = (each for each in known if each.names)
        self._filled = sorted(filled, key=lambda each: (-each.own, len(each.names), each.text))

    def of(self, code: str) -> Template | None:
        """The template with this code; None if there is none."""
        return self._by_code.get(code)

    def recognise(self, text: str) -> Said | None:
        """The template that `text` was made from, and its values; None if no template fits."""
        code = self._whole.get(text)
        if code is not None:
            return Said(code)
        for each in self._filled:
            values = each.values_in(text)
            if values is not None:
                return Said(code_of(each.text), values)
        return None
