"""The headers that our own decoders read end in a value or an error, for any bytes, in bounded work."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.errors import MediaError
from node.media.decode import decode_picture
from node.media.decoders import ifd, jpeg, jxl, raw
from node.media.decoders.boxes import boxes
from tests.unit.media.hostile import originals

SEEDS = ("tiff planes", "camera raw", "bmp of 2 bits", "psd", "ppm", "jpeg-xl", "jpeg-xl in boxes", "jpeg 2000", "sun")


@given(st.binary(max_size=400))
@example(b"II*\0\x08\0\0\0" + b"\xff" * 50)
@example(b"MM\0+\0\x08\0\0" + b"\0\0\0\0\0\0\0\x10" + b"\xff" * 60)
@example(b"II*\0\x08\0\0\0\0\0\x08\0\0\0")
def test_any_bytes_have_directories_or_none(data: bytes) -> None:
    for each in ifd.directories(data):
        assert each.order in "<>"
        assert each.text(ifd.MAKE).isascii()
        assert all(start >= 0 for start, _ in each.segments)


@given(st.binary(max_size=200))
def test_any_bytes_have_boxes_within_them(data: bytes) -> None:
    for _, start, end in boxes(data, 0, len(data)):
        assert 0 <= start <= end <= len(data)


def _circle() -> bytes:
    """A directory that names itself, and as its own parts."""
    entry = struct.pack("<HHII", 330, 4, 1, 8)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 8)


def test_directories_that_name_themselves_are_read_once() -> None:
    assert len(list(ifd.directories(_circle()))) == 1


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (lambda data: list(ifd.directories(data)), b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 4_000_000),
        (lambda data: list(boxes(data, 0, len(data))), b"\0\0\0\x08free" * 1_000_000),
        (jpeg.decode, b"\xff\xd8" + b"\xff\xe0\0\2" * 1_000_000),
        (lambda data: list(raw._streams(data, ())), b"\xff\xd8\xff" * 1_000_000),
    ],
    ids=["directories", "boxes", "segments", "previews"],
)
def test_a_file_of_nothing_but_lengths_is_given_up(read: Callable[[bytes], object], data: bytes) -> None:
    """By a counter: it takes as long for a gigabyte as for a megabyte."""
    read(data)


@settings(max_examples=200)
@given(name=st.sampled_from(SEEDS), data=st.data())
def test_a_file_with_any_bytes_of_its_header_changed_is_decoded_or_refused(name: str, data: st.DataObject) -> None:
    whole = bytearray(originals()[name])
    for place in data.draw(st.lists(st.integers(0, min(200, len(whole)) - 1), min_size=1, max_size=6)):
        whole[place] = data.draw(st.integers(0, 255))
    try:
        decode_picture(bytes(whole))
    except MediaError as error:
        assert str(error).isprintable()  # noqa: PT017  (what is judged is that nothing else comes out)


@given(st.binary(max_size=64))
def test_any_bits_are_a_size_or_refused(data: bytes) -> None:
    try:
        width, height, _ = jxl._header(jxl._Bits(data))
    except (EOFError, MediaError):
        return
    assert width >= 0
    assert height > 0
