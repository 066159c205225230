"""A part of a file that a reader found, and the words for the omissions of a reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from node.domain.parts import Role
from node.media.region import Region

MAX_PARTS: Final = 200_000
"""The most parts of one file, at all levels together. A backup of a telephone has some 100,000 files."""
MAX_DEPTH: Final = 6
"""The most levels of parts. An archive in a message in an archive has 3."""
MAX_RATIO: Final = 1_000
"""A compressed file may unpack to this many times its size, or to `FREE_BYTES`. Well-packed text reaches 200, a bomb
millions."""
FREE_BYTES: Final = 64 * 1024 * 1024
"""Every compressed file may unpack to this many bytes."""
MAX_PART_BYTES: Final = 64 * 1024 * 1024 * 1024
"""The most bytes of one part."""
MAX_UNPACKED_BYTES: Final = 256 * 1024 * 1024 * 1024
"""The most bytes to which all parts of one file may unpack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part. `name`: its name in its parent, or "". The name never leaves this node.

    `content`: a region of the same file if the bytes are stored unchanged, otherwise the unpacked bytes in pieces. The
    pieces are taken before the reader is asked for its next part. They may raise `MediaError`: then the earlier pieces
    are the rest of the part, and the error gives the reason.

    `media_type`: the media type that the parent states, or "" if the content decides. It is only for content that a
    sniffer cannot recognise, such as a page of a TIFF.
    """

    role: Role
    content: Region | Iterator[bytes]
    name: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """Something that was not examined, in plain words that complete "not looked at: ...". ASCII, without any name: for
    example "3 encrypted members", "the rest of a damaged archive".
    """

    reason: str


Reader = Callable[[Region], Iterator[Part | Omission]]
"""A reader never raises for the content of a file. It reports damage as an `Omission` after the parts that it could
read."""
