"""The file format of a bundle: runs of logs, and the roster that proves their keys.

Rules this module upholds:

- A bundle is `MAGIC`, then frames: kind (one byte), length (u32, big-endian), content. The files of a roster come first
  (none, or all of it), then each log (its head, then its packages in order), then the end. Nothing comes after the end.
- The reader takes pieces of any size, and never holds more than one frame. A claimed length over the limit of its kind
  is refused before any byte of it is kept.
- No signature is checked here. What a frame says counts only after `bundle_reading` verified it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from node.domain.ids import HASH_SIZE, Origin
from node.errors import Malformed, Misuse
from node.tlog import tiles
from node.tlog.merkle import MAX_TREE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.tlog.merkle import CompactRange

MAGIC: Final = b"vigil/bundle/v2\n"
FORMAT: Final = "bundle"
"""What the manifest of a bundle calls it."""
MAX_LOGS: Final = 10_000
MAX_ROSTER: Final = 32 << 20
"""Bytes of all files of a roster together."""
MAX_ROSTER_FILES: Final = 600
_SIZE: Final = 4
_HEAD: Final = 1 + _SIZE


class Frame(IntEnum):
    """The kind of a frame."""

    ROSTER_FILE = 1
    """Its name after one byte of length, then its bytes."""
    LOG = 2
    """`LogHead`."""
    PACKAGE = 3
    """A run of the log, in the encoding of `federation.proto`."""
    END = 4
    """Empty."""


_MOST: Final = {Frame.ROSTER_FILE: 9 << 20, Frame.LOG: 1 << 18, Frame.PACKAGE: 2 << 20, Frame.END: 0}
"""Bytes of the content of a frame. A package is limited as on the wire (PROTOCOL, 11)."""
_BEFORE: Final[dict[Frame, set[Frame | None]]] = {
    Frame.ROSTER_FILE: {None, Frame.ROSTER_FILE},
    Frame.LOG: {None, Frame.ROSTER_FILE, Frame.LOG, Frame.PACKAGE},
    Frame.PACKAGE: {Frame.LOG, Frame.PACKAGE},
    Frame.END: {None, Frame.ROSTER_FILE, Frame.LOG, Frame.PACKAGE},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """Where the runs of a log begin. `edge`: the right edge of its first `start` entries (`tiles.read_edge`), from
    which a reader without them continues. The first package proves it.
    """

    origin: Origin
    start: int
    edge: tuple[bytes, ...]

    def tree(self) -> CompactRange:
        """The tree of the entries before `start`."""
        return tiles.compact_range(self.start, self.edge)


def frame(kind: Frame, content: bytes) -> bytes:
    """One frame. Raises `Misuse` if the content is too long for its kind."""
    if len(content) > _MOST[kind]:
        raise Misuse("a part of a bundle is too long", remedy="nothing was written")
    return bytes([kind]) + len(content).to_bytes(_SIZE, "big") + content


def roster_frames(files: Mapping[str, bytes]) -> Iterator[bytes]:
    """The files that prove a roster."""
    for name, data in sorted(files.items()):
        encoded = name.encode("ascii")
        yield frame(Frame.ROSTER_FILE, bytes([len(encoded)]) + encoded + data)


def read_roster_file(content: bytes) -> tuple[str, bytes]:
    """(Name, bytes) of a file of the roster. Raises `Malformed`."""
    length = content[0] if content else 0
    name = content[1 : 1 + length]
    if not length or len(name) != length or not name.isascii():
        raise Malformed("a bundle has a file of the roster without a name")
    return name.decode("ascii"), content[1 + length :]


def log_frame(head: LogHead) -> bytes:
    """The frame that begins a log."""
    name = str(head.origin).encode("ascii")
    content = len(name).to_bytes(2, "big") + name + head.start.to_bytes(8, "big") + b"".join(head.edge)
    return frame(Frame.LOG, content)


def read_log_head(content: bytes) -> LogHead:
    """The inverse of `log_frame`. Raises `Malformed`."""
    length = int.from_bytes(content[:2], "big")
    at = 2 + length + 8
    if len(content) < at or not content[2 : 2 + length].isascii():
        raise Malformed("a bundle has a log without a name or a start")
    start = int.from_bytes(content[2 + length : at], "big")
    if start > MAX_TREE_SIZE:
        raise Malformed("a bundle has a log that starts past any end")
    edge = []
    for place in tiles.edge_places(start):
        edge.append(content[at : at + place.width * HASH_SIZE])
        at += place.width * HASH_SIZE
    if at != len(content):
        raise Malformed("a bundle has a log whose edge does not fit its start")
    return LogHead(origin=Origin.parse(content[2 : 2 + length].decode("ascii")), start=start, edge=tuple(edge))


class FrameReader:
    """Frames out of pieces of a file, in order. Sans-IO."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._begun = False
        self._last: Frame | None = None

    def feed(self, piece: bytes) -> Iterator[tuple[Frame, bytes]]:
        """The frames that are complete with this piece. Raises `Malformed`."""
        self._held += piece
        at = 0
        if not self._begun:
            if len(self._held) < len(MAGIC) and MAGIC.startswith(self._held):
                return
            if not self._held.startswith(MAGIC):
                raise Malformed("this is not a bundle, or one of another version of this program")
            self._begun, at = True, len(MAGIC)
        while (found := self._next(at)) is not None:
            kind, content, at = found
            yield kind, content
        del self._held[:at]

    def _next(self, at: int) -> tuple[Frame, bytes, int] | None:
        """(Kind, content, where the next one begins) of the frame at `at`; None if it is not complete."""
        if self._last is Frame.END and len(self._held) > at:
            raise Malformed("a bundle goes on after its end")
        if len(self._held) < at + _HEAD:
            return None
        number, length = self._held[at], int.from_bytes(self._held[at + 1 : at + _HEAD], "big")
        if number not in _MOST:
            raise Malformed("a bundle has a part that this version does not know")
        kind = Frame(number)
        if length > _MOST[kind]:
            raise Malformed("a bundle has a part of an impossible length")
        if self._last not in _BEFORE[kind]:
            raise Malformed("the parts of a bundle are out of order")
        stop = at + _HEAD + length
        if len(self._held) < stop:
            return None
        self._last = kind
        return kind, bytes(self._held[at + _HEAD : stop]), stop

    def end(self) -> None:
        """The file has ended. Raises `Malformed` if the bundle has not."""
        if self._last is not Frame.END or self._held:
            raise Malformed("the bundle is cut", remedy="copy it again from where it was written")
