"""Previews: small pictures of a holding, for the investigators of this node alone. Values, and the ports for them.

Rules this module upholds:

- A preview never leaves the node: no message of the federation has a field for one (ADR 57).
- A still has a clear picture and a covered one. The covered one is its 64 mean colours, in which nothing can be
  recognised. A picture has one still, a video up to three.
- Workers and clients are not trusted: a clear picture is accepted only as the plain JPEG that our own encoder writes.
- The key of a preview lies in the database and its ciphertext in a file beside it. Without either it cannot be read.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from node.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

SIDE: Final = 256
"""Pixels: the longest side of a clear picture."""
MEANS: Final = 8
"""Mean colours in each row and each column of a covered picture."""
COVERED_SIZE: Final = MEANS * MEANS * 3
"""Bytes of a covered picture: RGB, row by row."""
MAX_CLEAR: Final = 64 * 1024
"""Most bytes of a clear picture. A photograph takes about 10 kB, noise up to 50 kB."""
MAX_STILLS: Final = 3
"""A video has stills at a sixth, at a half and at five sixths of its time."""
CLEAR_TYPE: Final = "image/jpeg"
KEY_SIZE: Final = 32
"""AES-256."""

_START, _END = b"\xff\xd8", b"\xff\xd9"
_FRAME, _SCAN = 0xC0, 0xDA
_SEGMENTS: Final = frozenset({0xE0, 0xDB, _FRAME, 0xC4, _SCAN})
"""JFIF, quantization tables, baseline frame, Huffman tables, scan (ITU-T T.81, table B.1): what our encoder writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One still. `clear`: a JPEG of at most `SIDE` pixels (`checked_clear`); `covered`: `COVERED_SIZE` bytes.

    Neither is shown by `repr`, so that none gets into a log line or a traceback.
    """

    clear: bytes = field(repr=False)
    covered: bytes = field(repr=False)


def checked_clear(data: bytes) -> bytes:
    """Returns the argument. Raises `Malformed` unless it is one baseline JPEG of at most `SIDE` x `SIDE` pixels, with
    no segment that our encoder does not write (so without metadata), and with nothing behind its end.
    """
    if len(data) > MAX_CLEAR or not data.startswith(_START) or not data.endswith(_END):
        raise Malformed("a preview is not a small JPEG")
    at, kind, framed = len(_START), 0, False
    while kind != _SCAN:
        kind, size = int.from_bytes(data[at + 1 : at + 2]), int.from_bytes(data[at + 2 : at + 4])
        if data[at : at + 1] != b"\xff" or kind not in _SEGMENTS or size < 2 or at + 2 + size > len(data):  # noqa: PLR2004
            raise Malformed("a preview has a part that no preview has")
        if kind == _FRAME:
            height, width = int.from_bytes(data[at + 5 : at + 7]), int.from_bytes(data[at + 7 : at + 9])
            if framed or not (0 < height <= SIDE and 0 < width <= SIDE):
                raise Malformed("a preview is too large")
            framed = True
        at += 2 + size
    # Within the scan 0xFF is data only before 0x00 (T.81, B.1.1.5), so a marker there would begin another picture.
    scan = data[at : -len(_END)]
    if not framed or scan.count(b"\xff") != scan.count(b"\xff\x00"):
        raise Malformed("a preview is not one picture")
    return data


def checked_preview(clear: bytes, covered: bytes) -> Preview:
    """One still of untrusted bytes. Raises `Malformed`."""
    if len(covered) != COVERED_SIZE:
        raise Malformed("the covered form of a preview has a wrong size")
    return Preview(clear=checked_clear(clear), covered=covered)


def write_previews(previews: Sequence[Preview]) -> list[list[str]]:
    """Stills as JSON: [clear, covered] each, in base64."""
    return [[b64encode(each.clear).decode(), b64encode(each.covered).decode()] for each in previews]


def read_previews(said: object) -> tuple[Preview, ...]:
    """The inverse of `write_previews`, for untrusted JSON. Raises `Malformed`."""
    if not isinstance(said, list) or len(said) > MAX_STILLS:
        raise Malformed("previews are not a short list")
    return tuple(_read_preview(each) for each in said)


def _read_preview(said: object) -> Preview:
    match said:
        case [str() as clear, str() as covered]:
            return checked_preview(_decoded(clear), _decoded(covered))
        case _:
            raise Malformed("a preview is not a pair of texts")


def _decoded(text: str) -> bytes:
    """Canonical base64 (RFC 4648, section 3.5)."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise Malformed("a preview is not in base64") from None
    if b64encode(data).decode() != text:
        raise Malformed("a preview is not in canonical base64")
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a segment file: `start` and `size` in bytes."""

    number: int
    start: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPreview:
    """Where the ciphertexts of one still lie, and their keys. `id`: 0 before it is stored; `still`: from 0.

    `place`: both ciphertexts, the covered one of `covered_size` bytes first. `keys`: that of the covered one, then that
    of the clear one, `KEY_SIZE` bytes each.
    """

    holding: int
    still: int
    place: Segment
    covered_size: int
    keys: bytes = field(repr=False)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewUsage:
    """How many holdings have previews, how many stills these are, and the bytes of their ciphertexts."""

    holdings: int = 0
    stills: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """What one officer has seen. `day`: days since 1970, of `count`, `first_at` and `last_at` (Unix seconds).
    `since`: when the officer began to look without a break.
    """

    day: int
    count: int
    first_at: int
    last_at: int
    since: int


class PreviewReader(Protocol):
    """Reads which holdings have previews."""

    def previews(self, holdings: Sequence[int]) -> Mapping[int, tuple[KeptPreview, ...]]:
        """The stills of these holdings in order. A holding without any is left out. Raises `Damaged` if a key is
        gone.
        """
        ...

    def with_previews(self, holdings: Sequence[int]) -> set[int]:
        """Those of these holdings that have previews. No key is read."""
        ...

    def preview_page(self, after: int, limit: int) -> list[KeptPreview]:
        """Stills with ids after `after`, by id, with their keys."""
        ...

    def preview_places(self, segment: int) -> list[Segment]:
        """The places in this segment that hold a still, by their start."""
        ...

    def preview_sizes(self) -> Mapping[int, int]:
        """Bytes of ciphertext that each segment holds for stills."""
        ...

    def preview_usage(self) -> PreviewUsage: ...

    def views(self, officer: str) -> Views | None:
        """What an officer has seen; None for nothing."""
        ...


class PreviewWriter(PreviewReader, Protocol):
    """Writes them. `HoldingWriter.delete_holding` deletes the stills of a holding, with their keys."""

    def put_previews(self, stills: Sequence[KeptPreview]) -> None:
        """Stores stills with their keys. Their ciphertexts are durable before."""
        ...

    def move_previews(self, stills: Sequence[KeptPreview]) -> None:
        """Sets the place of these stills, by id. One that was deleted meanwhile changes nothing."""
        ...

    def forget_previews(self, segment: int | None = None) -> int:
        """Deletes all stills and their keys, or those in one segment. Returns how many. The caller ends it with
        `Database.scrub()`.
        """
        ...

    def put_views(self, officer: str, views: Views) -> None: ...


class PreviewFiles(Protocol):
    """The ciphertexts: append-only segment files beside the database. Blocking; one writer at a time, as in the store.

    Nothing here decides what is still needed: a piece to which no stored `KeptPreview` refers is waste.
    """

    def put(self, stills: Sequence[tuple[int, int, Preview]]) -> list[KeptPreview]:
        """Encrypts (holding, still, preview), each picture under a key of its own, and appends the ciphertexts. Durable
        on return. Raises `DiskFull` and `StoreError`; the files then have no new piece.
        """
        ...

    def covered(self, kept: KeptPreview) -> bytes | None:
        """The covered picture; None if its ciphertext is missing or damaged."""
        ...

    def clear(self, kept: KeptPreview) -> bytes | None:
        """The clear picture; None if its ciphertext is missing or damaged."""
        ...

    def move(self, kept: Sequence[KeptPreview]) -> list[KeptPreview]:
        """Copies the ciphertexts of these stills to new places, and returns the stills with them. Durable on return.
        One whose ciphertext is missing stays where it is. Raises as `put`.
        """
        ...

    def segments(self) -> Mapping[int, int]:
        """The present segments, with the bytes of each."""
        ...

    def end_segment(self) -> None:
        """The next piece begins a new segment."""
        ...

    def waste(self, number: int, live: Sequence[Segment]) -> int:
        """The bytes in a segment outside of these places that were not overwritten yet."""
        ...

    def overwrite(self, number: int, live: Sequence[Segment]) -> int:
        """Overwrites all bytes of a segment outside of these places with zeros, and returns how many there were.
        Durable on return. A segment without a live place is overwritten and deleted.
        """
        ...


class Compose(Protocol):
    """Makes one picture of many covered ones."""

    def __call__(self, tiles: Mapping[int, Sequence[bytes]], columns: int, tile: int) -> bytes:
        """A PNG of tiles of `tile` x `tile` pixels, `columns` in a row. `tiles`: the covered stills of each place, at
        least one; places without any are transparent.
        """
        ...


def uncovered(size: int, live: Collection[Segment]) -> list[tuple[int, int]]:
    """The ranges (start, end) of a segment of `size` bytes that lie outside of these places."""
    found, at = list[tuple[int, int]](), 0
    for place in sorted(live, key=lambda each: each.start):
        if place.start > at:
            found.append((at, min(place.start, size)))
        at = max(at, place.start + place.size)
    if at < size:
        found.append((at, size))
    return [(start, end) for start, end in found if start < end]
