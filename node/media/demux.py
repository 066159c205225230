"""Opens a film for FFmpeg: one demuxer over one region of a file, without access to anything else.

Rules this module upholds:

- Only the demuxer that the content selects and the decoders of `containers.DECODERS` read the bytes. Nothing else is
  opened, even if the file names another file.
- Reading ends when the time limit is reached: a demuxer that searches gigabytes of zeros then gets an end of file.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from node.errors import MediaError
from node.media.containers import DECODERS, Container

if TYPE_CHECKING:
    from av.container import InputContainer

    from node.media.allowance import Time
    from node.media.region import Region

_PARTS: Final = (
    "audio.codeccontext", "audio.frame", "audio.stream", "container.streams", "index", "stream",
    "subtitles.codeccontext", "subtitles.stream", "video.codeccontext", "video.format", "video.frame",
    "video.reformatter", "video.stream",
)  # fmt: skip
_NOTHING: Final[Mapping[int, bytes]] = MappingProxyType({})
_PRIVATE: Final = "none"
"""No protocol has this name, so FFmpeg can open nothing besides the file."""
UNCUT: Final = {"ignore_editlist": "1"}
"""Options that show a film as it was recorded, regardless of its edit list."""


@lru_cache(maxsize=1)
def prepare() -> None:
    """Loads FFmpeg's libraries and all of PyAV that a file may need, and silences their logs, which can quote
    the file.
    """
    import av.logging  # noqa: PLC0415  (a worker loads it once, before it confines itself)

    for name in _PARTS:
        importlib.import_module(f"av.{name}")
    av.logging.set_level(None)


class Feed:
    """A region in the form that PyAV reads. `given`: the time after which it ends, or None; `covers`: bytes that
    replace those of the file, by offset (`mending`).
    """

    name: Final = "material"

    def __init__(self, region: Region, given: Time | None = None, covers: Mapping[int, bytes] = _NOTHING) -> None:
        self._covers = covers
        self._region = region
        self._at = 0
        self.given = given

    def read(self, length: int) -> bytes:
        """Returns at most `length` bytes, and b"" at the end."""
        if self.given is not None and self.given.is_up():
            return b""
        data = self._region.at(self._at, length)
        if self._covers:
            data = self._covered(data)
        self._at += len(data)
        return data

    def _covered(self, data: bytes) -> bytes:
        covered = bytearray(data)
        for place, cover in self._covers.items():
            first, last = max(place, self._at), min(place + len(cover), self._at + len(data))
            if first < last:
                covered[first - self._at : last - self._at] = cover[first - place : last - place]
        return bytes(covered)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Works like `io.IOBase.seek`."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._region.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """Returns the position."""
        return self._at


def opened(feed: Feed, known: Container, **options: str) -> InputContainer:
    """Opens the film of a feed. `options`: further options of FFmpeg's demuxers. Raises PyAV's errors."""
    import av  # noqa: PLC0415  (as `prepare`)

    prepare()
    return av.open(
        feed,
        mode="r",
        format=known.demuxer,
        container_options={
            "protocol_whitelist": _PRIVATE,
            "codec_whitelist": ",".join(DECODERS),
            "enable_drefs": "0",
            **options,
        },
        io_open=_refuse,
        metadata_errors="replace",
    )


def _refuse(*_: object) -> None:
    raise MediaError("it asks for another file to be opened")
