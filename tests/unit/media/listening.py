"""A file and its parts examined in the test's own process, as a worker examines them."""

import os
import tempfile
from pathlib import Path

from node.domain.material import MaterialFingerprints
from node.errors import MediaError
from node.media.allowance import Allow
from node.media.budget import Limits
from node.media.course import Course, Examined
from node.media.inside import Inside
from node.media.orders import Orders
from node.media.region import Region
from node.media.scratch import Scratch
from node.media.subject_replies import Begun
from tests.unit.media.allowance import unbounded
from tests.unit.media.reading import opened

LIMITS = Limits(first=60, moving=60, costly=60)


class Listener:
    """Hears what is found, as the pool does, until `deaf` lines were said."""

    def __init__(self, course: Course, until: int = -1) -> None:
        self.course = course
        self.left = until
        self.root: MaterialFingerprints | None = None
        self.looked: list[bool] = []

    def begun(self, begun: Begun) -> None:
        self._line()
        self.course.begin(begun)

    def found(self, result: MaterialFingerprints) -> None:
        self._line()
        self.course.settle(result)

    def lacked(self, result: MaterialFingerprints) -> None:
        self.found(result)

    def done(self, note: str) -> None:
        self._line()
        self.root = self.course.finish(note) or self.root

    def time_to_look(self, size: int, left: float | None = None) -> Allow:
        self.looked.append(left is not None)
        return unbounded

    def time_to_read(self, size: int, seconds: float = 0.0) -> None:
        pass

    def _line(self) -> None:
        if self.left == 0:
            raise Died
        self.left -= 1


class Died(Exception):
    pass


def examine(file: Region, listener: Listener) -> None:
    """Examines a file as a worker does, from where its listener's course is."""
    course = listener.course
    told = Orders(limits=LIMITS, floor=10, at=course.at, count=course.count)
    with tempfile.TemporaryFile() as room:
        stack = Scratch(room.fileno())
        Inside(orders=told, talk=listener, scratch=stack).examine(file)
        assert stack.top == os.fstat(room.fileno()).st_size == 0


def told_of(path: Path) -> list[Examined]:
    """What the pool gives of a file: its parts in their order, then the file itself."""
    course = Course(path=path)
    listener = Listener(course)
    try:
        with opened(path) as file:
            examine(Region(file), listener)
    except MediaError as error:
        return [Examined(path=path, result=error)]
    assert listener.root is not None
    return [*course.ready, Examined(path=path, result=listener.root)]
