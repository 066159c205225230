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
from node.domain.previews import Preview
from node.errors import Malformed, MediaError
from node.media.parts.part import MAX_DEPTH, MAX_PARTS
from node.media.subject_replies import Begun

Result = MaterialFingerprints | MediaError
MAX_NOTE: Final = 1_000
"""The most characters of a note that combines several notes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The result of one subject: the file at `path` itself (`place` is None), or a part inside it."""

    path: Path
    place: Place | None = None
    result: Result


@dataclass(slots=True, kw_only=True)
class Opened:
    """A subject that has begun and has not ended. `result`: None while it is decoded; `previews`: its result gets them
    at its end; `inside`: the number of its next
    part that was not examined.
    """

    begun: Begun
    place: Place | None
    result: MaterialFingerprints | None = None
    previews: tuple[Preview, ...] = ()
    inside: int = 0

    @property
    def digests(self) -> DigestFingerprints:
        """The digests of the subject."""
        return self.begun.digests


@dataclass(slots=True, kw_only=True)
class Course:
    """The progress of one file in one turn. `ready`: parts that have ended and were not returned yet; `count`: parts
    that have begun.
    """

    path: Path
    opened: list[Opened] = field(default_factory=list)
    ready: deque[Examined] = field(default_factory=deque)
    count: int = 0

    @property
    def at(self) -> tuple[int, ...]:
        """The place where another worker continues (`Orders.at`): after everything that has a result."""
        if not self.opened:
            return ()
        return (*(each.begun.index or 0 for each in self.opened[1:]), self.opened[-1].inside)

    @property
    def top(self) -> Opened | None:
        """The last subject that has begun and has not ended."""
        return self.opened[-1] if self.opened else None

    @property
    def looks(self) -> bool:
        """Whether a subject is being decoded."""
        return bool(self.opened) and self.opened[-1].result is None

    @property
    def is_in_part(self) -> bool:
        """Whether the last subject that has begun is a part."""
        return len(self.opened) > 1

    def begin(self, begun: Begun) -> None:
        """Begins a subject. Raises `Malformed` if no subject can begin now."""
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
        """Stores the result of the last subject. Raises `Malformed` if the result has other digests."""
        opened = self.top
        if opened is None or opened.result is not None:
            raise Malformed("a worker's reply is a result without a subject")
        ours = opened.digests
        if (result.size, result.md5, result.sha1, result.sha256) != (ours.size, ours.md5, ours.sha1, ours.sha256):
            raise Malformed("a worker's reply has digests that differ from the earlier ones")
        opened.result = result
        return opened

    def finish(self, note: str) -> MaterialFingerprints | None:
        """Ends the last subject. Returns its result if it is the file itself. Raises `Malformed` if it has no result
        yet.
        """
        opened = self.top
        if opened is None or opened.result is None:
            raise Malformed("a worker's reply ends a subject without a result")
        self.opened.pop()
        result = noted(_with_previews(opened.result, opened.previews), note)
        if opened.place is None:
            return result
        self.opened[-1].inside = (opened.begun.index or 0) + 1
        self.ready.append(Examined(path=self.path, place=opened.place, result=result))
        return None

    def finish_all(self, note: str) -> MaterialFingerprints | None:
        """Ends all open subjects. `note`: the reason. Returns the result of the file itself, or None if it has not
        begun.
        """
        found: MaterialFingerprints | None = None
        while opened := self.top:
            opened.result = opened.result or opened.digests
            found = self.finish(note)
        return found

    def take_back(self) -> None:
        """Removes the subject that is being decoded, because another worker will begin it again."""
        if self.looks:
            opened = self.opened.pop()
            self.count -= opened.place is not None


def _with_previews(result: MaterialFingerprints, previews: tuple[Preview, ...]) -> MaterialFingerprints:
    """Returns a result with its previews. A subject of which only its digests are known has none."""
    if not previews or isinstance(result, DigestFingerprints):
        return result
    return replace(result, previews=previews)


def noted(result: MaterialFingerprints, note: str) -> MaterialFingerprints:
    """Returns a result with one more note, unless it already has this note."""
    if not note or note in result.note:
        return result
    return replace(result, note=(f"{result.note}; {note}" if result.note else note)[:MAX_NOTE])
