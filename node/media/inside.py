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
"""The most bytes that are read of a file whose file system states a size of 0."""
_TOO_DEEP: Final = f"what is inside it, which lies {MAX_DEPTH} levels deep"
_TOO_MANY: Final = f"what follows the first {MAX_PARTS} parts of the file"
_NO_TIME: Final = "the parts of this file take too long to be decoded"
_UNREADABLE: Final = "a part that cannot be read"


class Look(Protocol):
    """Decodes a subject whose digests are known (`examine.look`)."""

    def __call__(
        self, region: Region, kind: Kind, digests: DigestFingerprints, allow: Allow, *, previews: bool = False
    ) -> MaterialFingerprints:
        """Returns its fingerprints, and its previews if they are wanted."""
        ...


class Talk(Protocol):
    """Receives the findings."""

    def begun(self, begun: Begun) -> None:
        """Reports that a subject has its digests."""

    def found(self, result: MaterialFingerprints) -> None:
        """Reports the result of the last subject that began."""

    def lacked(self, result: MaterialFingerprints) -> None:
        """Reports a partial result after a lack of our resources. Another worker tries again, so it does not return."""

    def done(self, note: str) -> None:
        """Reports the end of a subject. Does not return if another worker continues."""

    def time_to_look(self, size: int, left: float | None = None) -> Allow:
        """Begins the time for decoding a subject of `size` bytes. Returns the object that requests more time. `left`:
        for a part, the seconds that all parts still have.
        """
        ...

    def time_to_read(self, size: int, seconds: float = 0.0) -> None:
        """Gives time for the digests of `size` bytes, and `seconds` for finding or unpacking them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """The origin of a subject. `path`: the numbers of the parts that lead to it, () for the file itself; `wrong`: a
    fault that is already known.
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
        """Reports everything that an open file contains. Raises `MediaError` if it cannot be read."""
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
        """Examines one subject and its parts. `at`: where to continue inside it; () if it was not examined before."""
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
        """Reports the digests of a subject, and its result."""
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
        allow = self.talk.time_to_look(region.size, left)
        return self.look(region, kind, digests, allow, previews=self.orders.previews)

    def _parts(self, kind: Kind, content: Region, visit: _Visit) -> None:
        """Examines everything that the readers of a subject find in it."""
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
        """Examines everything that one reader finds. Raises `Stop`, `Shortage`."""
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
        """Examines one part and its parts. Raises `Stop`, `Shortage`."""
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
    """The state of reading a holder. `index`: the number of the current part; `at`: see `Inside._subject`."""

    way: _Way
    at: tuple[int, ...]
    holder: Bounds
    index: int = -1
    left_out: dict[str, int] = field(default_factory=dict)

    def is_known(self) -> bool:
        """Tells whether another worker has examined the current part."""
        return bool(self.at) and self.index < self.at[0]

    def inner(self) -> tuple[int, ...]:
        """Returns where to continue inside the current part, or () if it was not examined before."""
        return self.at[1:] if self.at and self.index == self.at[0] else ()

    def leave_out(self, reason: str) -> None:
        """Records something that was not examined, with the reason."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def _with(result: MaterialFingerprints, wrong: str) -> MaterialFingerprints:
    """Adds the fault of a part to its result."""
    return replace(result, note=f"{wrong}; {result.note}" if result.note else wrong) if wrong else result
