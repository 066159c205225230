"""A part of a file that a reader found, and the words for the omissions of a reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from node.domain.parts import Role
from node.media.region import Region

MAX_PARTS: Final = 200_000
"""Parts of one file, at all depths together. A backup of a telephone has some 100,000 files."""
MAX_DEPTH: Final = 6
"""Levels of parts: an archive in a message in an archive is 3."""
MAX_RATIO: Final = 1_000
"""Times its size that a compressed file may unpack to, beside `FREE_BYTES`: well-packed text reaches 200, a bomb
millions."""
FREE_BYTES: Final = 64 * 1024 * 1024
"""Bytes that any compressed file may unpack to."""
MAX_PART_BYTES: Final = 64 * 1024 * 1024 * 1024
"""The largest part that is unpacked."""
MAX_UNPACKED_BYTES: Final = 256 * 1024 * 1024 * 1024
"""Bytes that all parts of one file may unpack to together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part. `name`: what its parent calls it, "" where it has no name; it never leaves this node.

    `content`: the region of the same file where it lies as it is, or its bytes in pieces where they have to be
    unpacked first. The pieces are taken before the reader is asked for its next part. They may raise `MediaError`: then
    what came before is what is left of the part, and the error says why.

    `media_type`: what the parent says that it is, "" where the content decides; only for content that a sniffer cannot
    know, such as a page of a TIFF.
    """

    role: Role
    content: Region | Iterator[bytes]
    name: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """What was not looked at, in plain words that complete "not looked at: ...". ASCII, without any name: for example
    "3 encrypted members", "the rest of a damaged archive".
    """

    reason: str


Reader = Callable[[Region], Iterator[Part | Omission]]
"""Never raises for what a file says: damage is an `Omission` behind the parts that could be read."""
