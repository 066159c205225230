"""Examines one file and everything inside it. Each part is a subject of its own and is reported separately.

Rules this module upholds:

- The messages of a subject are its digests, its result, its parts, its end. So if this process ends at any point, the
  pool knows which subjects were examined, and another process can continue (`Orders.at`).
- A part is a subject like a file, and may contain parts. A subject's note names the content that was not examined. A
  limit of depth, number, size or time gives such a note, not an error.
- An unpacked part is on the disk only while it is examined (`scratch`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from node.domain.material import DigestFingerprints, MaterialFingerprints
from node.domain.parts import Role
from node.errors import MediaError
from node.media.allowance import Allow
from node.media.examine import look, take_digests
from node.media.kinds import Kind, kind_of
from node.media.orders import Orders
from node.media.parts.part import MAX_DEPTH, MAX_PARTS, Omission, Part
from node.media.region import Region
from node.media.scratch import Scratch
from node.media.shortage import LACKED, Shortage
from node.media.subject_replies import Begun, plain_name
from node.media.unpacking import Bounds, Steps, Stop, chunks_of, looking_seconds, words_of

MAX_UNSTATED_BYTES: Final = 512 * 1024 * 1024
"""The most that is read of a file whose size its file system states as 0."""
_TOO_DEEP: Final = f"what is inside it, which lies {MAX_DEPTH} levels deep"
_TOO_MANY: Final = f"what follows the first {MAX_PARTS} parts of the file"
_NO_TIME: Final = "the parts of this file take too long to be decoded"
_UNREADABLE: Final = "a part that cannot be read"

Look = Callable[[Region, Kind, DigestFingerprints, Allow], MaterialFingerprints]


class Talk(Protocol):
    """To whom is told what is found."""

    def begun(self, begun: Begun) -> None:
        """A subject has its digests."""

    def found(self, result: MaterialFingerprints) -> None:
        """The result of the subject that began last."""

    def lacked(self, result: MaterialFingerprints) -> None:
        """The same where a resource of ours ran out: another worker tries again. Does not return."""

    def done(self, note: str) -> None:
        """A subject has ended. Does not return where another worker is to go on."""

    def time_to_look(self, size: int, left: float | None = None) -> Allow:
        """Begins the time in which a subject of `size` bytes is decoded; gives how it asks for more. `left`: of a part,
        the seconds that all parts still have.
        """
        ...

    def time_to_read(self, size: int, seconds: float = 0.0) -> None:
        """Gives time to digest `size` bytes, and `seconds` to find or unpack them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a subject was come by. `path`: the numbers of the parts that lead to it; empty for the file itself. `wrong`:
    what is wrong with it already.
    """

    path: tuple[int, ...] = ()
    role: Role = Role.MEMBER
    name: str = ""
    media_type: str = ""
    wrong: str = ""


@dataclass(slots=True, kw_only=True)
class Inside:
    """The examination of one file."""

    orders: Orders
    talk: Talk
    scratch: Scratch
    look: Look = look
    _count: int = 0
    _lacked: bool = False
    _looking: float = 0.0
    _bounds: Bounds = field(default_factory=lambda: Bounds.of(0))

    def examine(self, file: Region) -> None:
        """Tells all that there is to be told of an open file. Raises `MediaError` where it cannot be read."""
        self._count = self.orders.count
        with self.scratch.level() as level:
            if not file.size:  # some file systems state no size
                for chunk in chunks_of(file, MAX_UNSTATED_BYTES):
                    level.write(chunk)
                file = level.region()
            self._bounds = Bounds.of(file.size)
            self._looking = looking_seconds(file.size)
            self._subject(file, _Way(), self.orders.at)

    def _subject(self, region: Region, way: _Way, at: tuple[int, ...]) -> None:
        """One subject and all that is in it. `at`: where to go on inside it; empty where it was not looked at."""
        self.talk.time_to_read(region.size)
        kind = kind_of(region, way.media_type)
        if not at:
            self._itself(region, kind, way)
        visit = _Visit(way=way, at=at, holder=Bounds.of(region.size))
        if self.orders.parts and kind.readers:
            if len(way.path) == MAX_DEPTH:
                visit.leave_out(_TOO_DEEP)
            else:
                self._parts(kind, kind.content_of(region), visit)
        if self._lacked and not way.path:
            visit.leave_out(LACKED)
        self.talk.done(words_of(visit.left_out))

    def _itself(self, region: Region, kind: Kind, way: _Way) -> None:
        """The digests of a subject, and its result."""
        digests = take_digests(region, kind)
        index = way.path[-1] if way.path else None
        holds = bool(self.orders.parts and kind.readers)
        self.talk.begun(Begun(digests=digests, holds=holds, index=index, role=way.role, name=way.name))
        began = time.process_time()
        try:
            result = self._look(region, kind, digests, None if index is None else self._looking)
        except Shortage as error:
            result = error.left or replace(digests, note=str(error))
            self.talk.lacked(_with(result, way.wrong))
        else:
            self.talk.found(_with(result, way.wrong))
        finally:
            region.let_go()
            if index is not None:
                self._looking -= time.process_time() - began

    def _look(
        self, region: Region, kind: Kind, digests: DigestFingerprints, left: float | None
    ) -> MaterialFingerprints:
        if left is not None and left <= 0 and (kind.picture or kind.film):
            return replace(digests, note=_NO_TIME)
        return self.look(region, kind, digests, self.talk.time_to_look(region.size, left))

    def _parts(self, kind: Kind, content: Region, visit: _Visit) -> None:
        """Everything that the readers of a subject find in it."""
        try:
            for reader in kind.readers:
                steps = Steps(reader, content, self._bounds, visit.holder)
                self._steps(steps, visit)
        except Stop as stop:
            visit.leave_out(str(stop))
        except Shortage as error:
            self._lacked = True
            visit.leave_out(f"the rest: {error} ({error.remedy})" if error.remedy else f"the rest: {error}")

    def _steps(self, steps: Steps, visit: _Visit) -> None:
        """Everything that one reader finds. Raises `Stop`, `Shortage`."""
        while True:
            self.talk.time_to_read(0, self._bounds.left())
            each = steps.next()
            if each is None:
                return
            if isinstance(each, Omission):
                visit.leave_out(each.reason)
                continue
            visit.index += 1
            if visit.is_known():
                if steps.pass_by(each):
                    visit.leave_out(_UNREADABLE)
                continue
            if not visit.inner() and self._count >= MAX_PARTS:
                raise Stop(_TOO_MANY)
            self._count += not visit.inner()
            self._part(steps, each, visit)
            visit.at = ()

    def _part(self, steps: Steps, part: Part, visit: _Visit) -> None:
        """One part and all that is in it. Raises `Stop`, `Shortage`."""
        with self.scratch.level() as level:
            region, wrong = steps.put(part, level)
            way = _Way(
                path=(*visit.way.path, visit.index),
                role=part.role,
                name=plain_name(part.name),
                media_type=part.media_type,
                wrong=wrong,
            )
            if not region.size:
                if wrong:
                    visit.leave_out(_UNREADABLE)
                return
            try:
                self._subject(region, way, visit.inner())
            except MediaError as error:
                if isinstance(error, Shortage):
                    raise
                visit.leave_out(_UNREADABLE)


@dataclass(slots=True, kw_only=True)
class _Visit:
    """What is known of a holder while it is read. `index`: of its part at hand; `at`: as of `Inside._subject`."""

    way: _Way
    at: tuple[int, ...]
    holder: Bounds
    index: int = -1
    left_out: dict[str, int] = field(default_factory=dict)

    def is_known(self) -> bool:
        """Whether the part at hand was looked at by another worker."""
        return bool(self.at) and self.index < self.at[0]

    def inner(self) -> tuple[int, ...]:
        """Where to go on inside the part at hand; empty where it was not looked at."""
        return self.at[1:] if self.at and self.index == self.at[0] else ()

    def leave_out(self, reason: str) -> None:
        """Something of the holder is not looked at."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def _with(result: MaterialFingerprints, wrong: str) -> MaterialFingerprints:
    """A result that says what is wrong with the part itself."""
    return replace(result, note=f"{wrong}; {result.note}" if result.note else wrong) if wrong else result
