"""The report of a case as a value: sections of facts and rows, and the bytes that stand for its content.

Rules this module upholds:

- A report is the same in every format: a renderer decides how it looks, never what it says.
- The content has no clock, no officer who asked for it, and no order by chance. The same state of the store and the
  same choices give the same content.
- Facts are few, and counted over the whole case. Rows are read from the store while they are written, so a report
  never lies in memory as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from node.domain.ids import Origin

FORMAT: Final = "vigil-case-report"
VERSION: Final = 1
_as_json: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode

Cell = str | int | None
"""A value as a `Form` says; None: not known, or it does not apply."""
Row = tuple[Cell, ...]


class Form(StrEnum):
    """What a value is. `MOMENT`: Unix seconds. `DIGEST`: hexadecimal digits, or the id of a record. `SIZE`: bytes."""

    TEXT = "text"
    NUMBER = "number"
    SIZE = "size"
    MOMENT = "moment"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table. `name` is the stable key in JSON, `title` is for people."""

    name: str
    title: str
    form: Form = Form.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value with its name."""

    name: str
    title: str
    value: Cell
    form: Form = Form.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report. `rows()` may be called several times, and gives `listed` rows of `total`. `latest`: the
    time of the last event in it, in Unix seconds, 0 for none.
    """

    name: str
    title: str
    facts: Sequence[Fact] = ()
    columns: Sequence[Column] = ()
    rows: Callable[[], Iterator[Row]] = lambda: iter(())
    total: int = 0
    listed: int = 0
    latest: int = 0

    @property
    def left_out(self) -> int:
        """How many rows are counted and not listed."""
        return self.total - self.listed


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """The audit log when this content was first reported: its origin, its size, and its root (32 bytes)."""

    origin: Origin
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a report shows. `rows`: most rows listed of a section, 0 for all; `paths`: also the paths of files."""

    rows: int = 500
    paths: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is reported, before it is known as of when."""

    federation: str
    member: str
    case: str
    choices: Choices
    sections: Sequence[Section]

    @property
    def latest(self) -> int:
        """The time of the last event of the case, in Unix seconds; 0 if nothing happened."""
        return max((each.latest for each in self.sections), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """A report. `digest`: the SHA-256 of `content_pieces`."""

    content: Content
    digest: bytes
    as_of: AsOf


def digest_of(content: Content) -> bytes:
    """The SHA-256 of the content."""
    digest = hashlib.sha256()
    for piece in content_pieces(content):
        digest.update(piece)
    return digest.digest()


def content_pieces(content: Content) -> Iterator[bytes]:
    """The content as one JSON object in ASCII: sorted keys, no spaces. Section by section, and row by row."""
    head = {
        "case": content.case,
        "federation": content.federation,
        "last_event": content.latest or None,
        "member": content.member,
        "paths": content.choices.paths,
        "rows": content.choices.rows or None,
    }
    yield _as_json(head)[:-1].encode("ascii") + b',"sections":['
    for number, section in enumerate(content.sections):
        yield b"," if number else b""
        yield from _section_pieces(section)
    yield b"]}"


def _section_pieces(section: Section) -> Iterator[bytes]:
    head = {
        "columns": [{"form": each.form.value, "name": each.name, "title": each.title} for each in section.columns],
        "facts": [
            {"form": each.form.value, "name": each.name, "title": each.title, "value": each.value}
            for each in section.facts
        ],
        "listed": section.listed,
        "name": section.name,
    }
    yield _as_json(head)[:-1].encode("ascii") + b',"rows":['
    for number, row in enumerate(section.rows()):
        yield (b"," if number else b"") + _as_json(row).encode("ascii")
    yield b"]," + _as_json({"title": section.title, "total": section.total})[1:].encode("ascii")
