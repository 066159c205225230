"""The outcome of each file that a command was given, and the label of each file.

Rules this module upholds:

- A path stays in the command in which it was typed. The node receives an ordinal, and this module puts the path and
  part back into the node's lines. Only a query is kept with its paths (ADR 24).
- A file is counted once: fingerprinted, by digests alone, unreadable or empty. Only an unreadable file is an error
  (exit code 1). Each file that is not used is named, one per line.
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
    """A file, a part of a file or a hash, as the person named it. `note`: what could not be read in it."""

    text: str
    place: Place | None = None
    note: str = ""


@dataclass(slots=True, kw_only=True)
class Labels:
    """The labels of subjects while a node works on them. `kept`: the node keeps the paths with a query; otherwise it
    receives ordinals.
    """

    kept: bool = False
    _called: dict[str, Called] = field(default_factory=dict)
    _last: int = 0

    def put(self, called: Called) -> str:
        """The label to send to the node for this subject."""
        self._last += 1
        label = inside_words(called.text, called.place) if self.kept else str(self._last)
        self._called[label] = called
        return label

    def take(self, label: str) -> Called:
        """Returns the subject of a label, and forgets the label."""
        return self._called.pop(label, Called(text=label))

    def told(self, line: Line) -> Line:
        """A line about a subject, with its name in place of its label, and its place in its file. The key is "part", or
        "place" if the line already uses "part" for the query.
        """
        called = self._called.get(line.get("subject") or "")
        name = "place" if self.kept else "part"
        return line if called is None else line | {"subject": called.text, name: place_of(called.place)}


@dataclass(slots=True, kw_only=True)
class Files:
    """Counts the files of one command. `labels`: their labels."""

    output: Output
    labels: Labels = field(default_factory=Labels)
    fingerprinted: int = 0
    digests_alone: int = 0
    unreadable: int = 0
    empty: int = 0
    parts: int = 0
    parts_unreadable: int = 0

    def take(self, each: Examined) -> MaterialFingerprints | None:
        """The fingerprints of a file or part, or None if it has none; a line has said why. If it was not read
        completely, a message on stderr says so.
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
        """Whether a file could not be read: exit code 1."""
        return bool(self.unreadable or self.parts_unreadable)

    @property
    def total(self) -> int:
        """The number of files."""
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
    """The closing line, for example "312 files: 300 fingerprinted, 9 by digests alone, 3 unreadable; 41 parts inside
    them".
    """
    words = f"{count(line['files'], 'file')}: {line['fingerprinted']:,} fingerprinted"
    for name, said in (("digests_alone", "by digests alone"), ("unreadable", "unreadable"), ("empty", "empty")):
        words += f", {line[name]:,} {said}" if line[name] else ""
    if line["parts"] or line["parts_unreadable"]:
        words += f"; {count(line['parts'], 'part')} inside them"
    words += f", {line['parts_unreadable']:,} more unreadable" if line["parts_unreadable"] else ""
    return words


def place_of(place: Place | None) -> Line | None:
    """The place of a part in its file, as in the JSON lines; null for a file."""
    from node.control.lines import place_line

    return None if place is None else place_line(place)


def empty_digests() -> Line:
    """Whether these are the digests of an empty file."""
    names = ("md5", "sha1", "sha256")
    return {name: hashlib.new(name, usedforsecurity=False).hexdigest() for name in names}


def _refused_words(line: Line) -> str:
    part = line.get("part")
    path = plain(line["path"]) + (f" {INSIDE} {plain(part_words(part))}" if part else "")
    return f"error         {path}: {plain(line['error'])}" if "error" in line else f"empty         {path}"


def of_hits(hits: Iterable[Line], called: Called) -> list[Line]:
    """The hits of one subject, with its name in place of its label."""
    return [hit | {"subject": called.text, "part": place_of(called.place)} for hit in hits]
