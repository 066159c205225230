"""The state of a file while workers read it: which of its subjects are open, and which have ended.

Rules this module upholds:

- It checks the order of a worker's messages: a subject begins inside a subject that has its result, has one result, and
  ends after all of its parts. This module computes places from checked digests and numbers; it takes none from workers.
- If a worker is lost, its last subject keeps its digests, and another worker continues after it (`at`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from node.domain.material import DigestFingerprints, MaterialFingerprints
from node.domain.parts import Place
from node.errors import Malformed, MediaError
from node.media.parts.part import MAX_DEPTH, MAX_PARTS
from node.media.subject_replies import Begun

Result = MaterialFingerprints | MediaError
MAX_NOTE: Final = 1_000
"""Characters of a note that is put together from several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What became of one subject: of the file at `path` itself (`place` None), or of a part that lies in it."""

    path: Path
    place: Place | None = None
    result: Result


@dataclass(slots=True, kw_only=True)
class Opened:
    """A subject that has begun and has not ended. `result`: None while it is decoded; `inside`: the number of the next
    part of it that was not looked at.
    """

    begun: Begun
    place: Place | None
    result: MaterialFingerprints | None = None
    inside: int = 0

    @property
    def digests(self) -> DigestFingerprints:
        """Of the subject."""
        return self.begun.digests


@dataclass(slots=True, kw_only=True)
class Course:
    """Of one file in one turn. `ready`: parts that have ended and were not handed on yet; `count`: parts that began."""

    path: Path
    opened: list[Opened] = field(default_factory=list)
    ready: deque[Examined] = field(default_factory=deque)
    count: int = 0

    @property
    def at(self) -> tuple[int, ...]:
        """Where another worker goes on (`Orders.at`): behind all that has a result."""
        if not self.opened:
            return ()
        return (*(each.begun.index or 0 for each in self.opened[1:]), self.opened[-1].inside)

    @property
    def top(self) -> Opened | None:
        """The subject that began last and has not ended."""
        return self.opened[-1] if self.opened else None

    @property
    def looks(self) -> bool:
        """Whether a subject is decoded now."""
        return bool(self.opened) and self.opened[-1].result is None

    @property
    def is_in_part(self) -> bool:
        """Whether the subject that began last is a part."""
        return len(self.opened) > 1

    def begin(self, begun: Begun) -> None:
        """A subject begins. Raises `Malformed` where none can."""
        if not self.opened:
            if begun.index is not None:
                raise Malformed("a worker's reply begins with a part")
            self.opened.append(Opened(begun=begun, place=None))
            return
        parent = self.opened[-1]
        if begun.index is None or parent.result is None or not parent.begun.holds or begun.index < parent.inside:
            raise Malformed("a worker's reply begins a part out of order")
        if len(self.opened) > MAX_DEPTH or self.count >= MAX_PARTS:
            raise Malformed("a worker's reply begins a part past the limits")
        above = parent.place.path if parent.place else ()
        place = Place(parent=parent.digests.sha256, path=(*above, begun.index), role=begun.role, name=begun.name)
        self.count += 1
        self.opened.append(Opened(begun=begun, place=place))

    def settle(self, result: MaterialFingerprints) -> Opened:
        """The subject that began last has its result. Raises `Malformed` where it is not of its digests."""
        opened = self.top
        if opened is None or opened.result is not None:
            raise Malformed("a worker's reply is a result without a subject")
        ours = opened.digests
        if (result.size, result.md5, result.sha1, result.sha256) != (ours.size, ours.md5, ours.sha1, ours.sha256):
            raise Malformed("a worker's reply has digests that differ from the earlier ones")
        opened.result = result
        return opened

    def finish(self, note: str) -> MaterialFingerprints | None:
        """The subject that began last ends. Its result where it is the file itself. Raises `Malformed` where it has no
        result yet.
        """
        opened = self.top
        if opened is None or opened.result is None:
            raise Malformed("a worker's reply ends a subject without a result")
        self.opened.pop()
        result = noted(opened.result, note)
        if opened.place is None:
            return result
        self.opened[-1].inside = (opened.begun.index or 0) + 1
        self.ready.append(Examined(path=self.path, place=opened.place, result=result))
        return None

    def finish_all(self, note: str) -> MaterialFingerprints | None:
        """All that is open ends: `note` says why. The result of the file itself; None where it has not begun."""
        found: MaterialFingerprints | None = None
        while opened := self.top:
            opened.result = opened.result or opened.digests
            found = self.finish(note)
        return found

    def take_back(self) -> None:
        """The subject that is decoded now is to begin once more, in another worker."""
        if self.looks:
            opened = self.opened.pop()
            self.count -= opened.place is not None


def noted(result: MaterialFingerprints, note: str) -> MaterialFingerprints:
    """A result with one note more, unless it has it."""
    if not note or note in result.note:
        return result
    return replace(result, note=(f"{result.note}; {note}" if result.note else note)[:MAX_NOTE])
