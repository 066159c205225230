"""A part of a file as text: its kind and its name in the file.

Rules this module upholds:

- A name comes from the file: the caller escapes this text before printing it (`output.plain`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.holdings import INSIDE
from node.domain.parts import Place, Role

if TYPE_CHECKING:
    from node.cli.output import Line


def part_words(place: Line) -> str:
    """The text of a place, for example "scan.jpg (picture 3)"."""
    read = Place(parent=b"", path=tuple(place["path"]), role=Role(place["role"]), name=place["name"] or "")
    return read.label


def inside_words(path: str, place: Place | None) -> str:
    """A file, or a part of it: the file, then the part."""
    return path if place is None else f"{path} {INSIDE} {place.label}"
