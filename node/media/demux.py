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
"""No protocol has this name: nothing can be opened beside the file itself."""
UNCUT: Final = {"ignore_editlist": "1"}
"""Options with which a film is shown as it was recorded, whatever its edit list leaves out."""


@lru_cache(maxsize=1)
def prepare() -> None:
    """Loads FFmpeg's libraries and all of PyAV that a file can call for, and silences them: what they log can quote the
    file.
    """
    import av.logging  # noqa: PLC0415  (a worker loads it once, before it confines itself)

    for name in _PARTS:
        importlib.import_module(f"av.{name}")
    av.logging.set_level(None)


class Feed:
    """A region as PyAV reads one. `given`: the time after which it ends, None while none was given; `covers`: bytes
    that are put over those of the file, by offset (`mending`).
    """

    name: Final = "material"

    def __init__(self, region: Region, given: Time | None = None, covers: Mapping[int, bytes] = _NOTHING) -> None:
        self._covers = covers
        self._region = region
        self._at = 0
        self.given = given

    def read(self, length: int) -> bytes:
        """At most `length` bytes; b"" at the end."""
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
        """As `io.IOBase.seek`."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._region.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at


def opened(feed: Feed, known: Container, **options: str) -> InputContainer:
    """The film that is fed, open. `options`: further ones of FFmpeg's demuxers. Raises what PyAV raises."""
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
