"""What became of the files that a command was given, and how they are called.

Rules this module upholds:

- A path stays in the command in which it was typed. The node is handed an ordinal, and its lines are given their path
  and part back here. Only a question is kept with its words (ADR 24).
- A file is counted once: fingerprinted, by digests alone, unreadable or empty. Only what could not be read is an error
  (exit code 1). What is not used is named, each on a line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.cli.output import Line, Output, plain
from node.cli.part_words import inside_words, part_words
from node.cli.words import count
from node.domain.holdings import INSIDE
from node.domain.material import DigestFingerprints, MaterialFingerprints
from node.domain.parts import Place
from node.errors import Empty, MediaError, VigilError

if TYPE_CHECKING:
    from node.app import Examined

EMPTY: Final = "empty file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A file, a part of one or a hash, as the person called it. `note`: what of it was not read."""

    text: str
    place: Place | None = None
    note: str = ""


@dataclass(slots=True, kw_only=True)
class Labels:
    """What things are called while a node works on them. `kept`: the node keeps the words with a question; else it is
    handed ordinals.
    """

    kept: bool = False
    _called: dict[str, Called] = field(default_factory=dict)
    _last: int = 0

    def put(self, called: Called) -> str:
        """The label to hand over for this."""
        self._last += 1
        label = inside_words(called.text, called.place) if self.kept else str(self._last)
        self._called[label] = called
        return label

    def take(self, label: str) -> Called:
        """What a label stands for, for the last time."""
        return self._called.pop(label, Called(text=label))

    def told(self, line: Line) -> Line:
        """A line about a subject, with its words in place of its label, and the part of a file that it is: "part", but
        "place" where "part" is a word for the question.
        """
        called = self._called.get(line.get("subject") or "")
        name = "place" if self.kept else "part"
        return line if called is None else line | {"subject": called.text, name: place_of(called.place)}


@dataclass(slots=True, kw_only=True)
class Files:
    """The files of one command, counted; `labels`: how they are called."""

    output: Output
    labels: Labels = field(default_factory=Labels)
    fingerprinted: int = 0
    digests_alone: int = 0
    unreadable: int = 0
    empty: int = 0
    parts: int = 0
    parts_unreadable: int = 0

    def take(self, each: Examined) -> MaterialFingerprints | None:
        """The fingerprints of a file or part. None where it has none: a line has said why. What was not read whole is
        remarked on beside the lines.
        """
        if isinstance(each.result, MediaError):
            self.refuse(each.path, each.result, each.place)
            return None
        self.count(each.result, each.place)
        if each.result.note:
            self.output.note(f"{plain(inside_words(str(each.path), each.place))}: {plain(each.result.note)}")
        return each.result

    def count(self, prints: MaterialFingerprints, place: Place | None) -> None:
        """Counts what can be used."""
        if place is not None:
            self.parts += 1
        elif isinstance(prints, DigestFingerprints):
            self.digests_alone += 1
        else:
            self.fingerprinted += 1

    def refuse(self, path: Path, error: Exception, place: Place | None = None) -> None:
        """Prints the line of a file or part that cannot be used, and counts it."""
        empty = isinstance(error, Empty)
        if not empty:
            self.unreadable += place is None
            self.parts_unreadable += place is not None
        elif place is None:
            self.empty += 1
        line: Line = {"path": str(path), "note": EMPTY} if empty else {"path": str(path), "error": str(error)}
        if place is not None:
            line["part"] = place_of(place)
        remedy = error.remedy if isinstance(error, VigilError) and not empty else ""
        self.output.line(line, lambda line: _refused_words(line) + (f" ({plain(remedy)})" if remedy else ""))

    @property
    def failed(self) -> bool:
        """Whether something could not be read: exit code 1."""
        return bool(self.unreadable or self.parts_unreadable)

    @property
    def total(self) -> int:
        """How many files there were."""
        return self.fingerprinted + self.digests_alone + self.unreadable + self.empty

    def line(self) -> Line:
        """The counts, for a summary."""
        return {
            "files": self.total,
            "fingerprinted": self.fingerprinted,
            "digests_alone": self.digests_alone,
            "unreadable": self.unreadable,
            "empty": self.empty,
            "parts": self.parts,
            "parts_unreadable": self.parts_unreadable,
        }


def files_words(line: Line) -> str:
    """The closing line: "312 files: 300 fingerprinted, 9 by digests alone, 3 unreadable; 41 parts inside them"."""
    words = f"{count(line['files'], 'file')}: {line['fingerprinted']:,} fingerprinted"
    for name, said in (("digests_alone", "by digests alone"), ("unreadable", "unreadable"), ("empty", "empty")):
        words += f", {line[name]:,} {said}" if line[name] else ""
    if line["parts"] or line["parts_unreadable"]:
        words += f"; {count(line['parts'], 'part')} inside them"
    words += f", {line['parts_unreadable']:,} more unreadable" if line["parts_unreadable"] else ""
    return words


def place_of(place: Place | None) -> Line | None:
    """Where a part lies in its file, as a line says it; null for a file."""
    from node.control.lines import place_line

    return None if place is None else place_line(place)


def empty_digests() -> Line:
    """The digests of a file without a byte, which are the same for every such file."""
    names = ("md5", "sha1", "sha256")
    return {name: hashlib.new(name, usedforsecurity=False).hexdigest() for name in names}


def _refused_words(line: Line) -> str:
    part = line.get("part")
    path = plain(line["path"]) + (f" {INSIDE} {plain(part_words(part))}" if part else "")
    return f"error         {path}: {plain(line['error'])}" if "error" in line else f"empty         {path}"


def of_hits(hits: Iterable[Line], called: Called) -> list[Line]:
    """Hits of one thing, with its words in place of its label."""
    return [hit | {"subject": called.text, "part": place_of(called.place)} for hit in hits]
