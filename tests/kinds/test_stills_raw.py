"""Camera raw files give the camera's largest preview, and say so; a sensor's values are never taken for a picture."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from node.errors import MediaError
from node.media.decode import decode_picture
from tests.conftest import absent
from tests.kinds.stills import hashed, rgb_of, tiff
from tests.unit.media.pictures import distance, encoded, scene

SMALL, LARGE = scene(80, 60, 7), scene(160, 120, 7)
THUMBNAIL = encoded(SMALL, "JPEG", quality=90)
PREVIEW = encoded(LARGE, "JPEG", quality=95)
SENSOR = np.random.default_rng(1).integers(0, 1 << 12, (120, 160), dtype=np.uint16)
RAW: dict[int, Any] = {256: 160, 257: 120, 258: 16, 259: 1, 262: 32803, 277: 1, 278: 120}


def shown(data: bytes, media_type: str, right: Image.Image = LARGE) -> None:
    picture = decode_picture(data)
    assert picture.media_type == media_type
    size = f"{right.width} x {right.height}"
    assert picture.note == f"a camera raw file: the camera's embedded preview of {size} pixels was read"
    assert distance(hashed(rgb_of(picture)), hashed(np.asarray(right))) <= 10


def dng(*, order: str = "<", big: bool = False, tags: dict[int, Any] | None = None, behind: bytes = b"") -> bytes:
    """A sensor's values in the first directory, and what is behind them."""
    return tiff(RAW | {50706: [1, 4, 0, 0]} | (tags or {}), [SENSOR.tobytes()], order=order, big=big) + behind


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_the_largest_preview_is_the_picture(order: str, big: bool) -> None:
    for behind in (THUMBNAIL + PREVIEW, PREVIEW + THUMBNAIL, b"maker's notes" + THUMBNAIL + bytes(999) + PREVIEW):
        shown(dng(order=order, big=big, behind=behind), "image/x-adobe-dng")


def test_a_raw_file_without_a_preview_is_not_guessed_at() -> None:
    with pytest.raises(MediaError, match=r"^a camera raw file in which no preview can be read"):
        decode_picture(dng())


def test_a_preview_that_is_no_jpeg_is_read_as_well() -> None:
    """A plain RGB picture in the first directory, the sensor's values behind it."""
    tags: dict[int, Any] = {256: 80, 257: 60, 258: [8, 8, 8], 259: 1, 262: 2, 277: 3, 278: 60, 50706: [1, 4, 0, 0]}
    shown(tiff(tags, [np.asarray(SMALL).tobytes()]) + SENSOR.tobytes(), "image/x-adobe-dng", SMALL)


def test_a_lossless_piece_of_the_raw_picture_is_no_preview() -> None:
    """Canon keeps the sensor's values as a lossless JPEG that is larger than any preview."""
    lossless = bytearray(encoded(scene(320, 240), "JPEG"))
    at = lossless.index(b"\xff\xc0")
    lossless[at + 1] = 0xC3
    shown(dng(behind=bytes(lossless) + PREVIEW), "image/x-adobe-dng")


def test_a_tile_of_a_lossy_raw_picture_is_no_preview() -> None:
    """A DNG may keep its picture as JPEG tiles; each is a part of it, and may be larger than the preview."""
    tile = encoded(scene(320, 320), "JPEG")
    tags: dict[int, Any] = {
        256: 640, 257: 320, 258: [8, 8, 8], 259: 34892, 262: 34892, 277: 3, 322: 320, 323: 320, 50706: [1, 4, 0, 0],
    }  # fmt: skip
    shown(tiff(tags, [tile, tile]) + PREVIEW, "image/x-adobe-dng")


def test_a_damaged_preview_gives_way_to_the_next_one() -> None:
    shown(dng(behind=PREVIEW[:700] + bytes(500) + THUMBNAIL), "image/x-adobe-dng", SMALL)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_preview_is_turned_as_the_raw_file_states(orientation: int) -> None:
    turned = {1: LARGE, 3: LARGE.rotate(180), 6: LARGE.rotate(-90, expand=True), 8: LARGE.rotate(90, expand=True)}
    data = dng(tags={274: orientation}, behind=PREVIEW)
    picture = decode_picture(data)
    assert distance(hashed(rgb_of(picture)), hashed(np.asarray(turned[orientation]))) <= 10
    own = Image.Exif()
    own[ExifTags.Base.Orientation] = 1
    stated = encoded(LARGE, "JPEG", quality=95, exif=own)
    assert (
        distance(hashed(rgb_of(decode_picture(dng(tags={274: orientation}, behind=stated)))), hashed(np.asarray(LARGE)))
        <= 10
    )


@pytest.mark.parametrize(
    ("make", "media_type"),
    [
        ("NIKON CORPORATION", "image/x-nikon-nef"),
        ("SONY", "image/x-sony-arw"),
        ("Canon", "image/x-canon-cr2"),
        ("PENTAX", "image/x-pentax-pef"),
        ("SAMSUNG", "image/x-samsung-srw"),
        ("Hasselblad", "image/x-hasselblad-3fr"),
        ("Somebody", "image/x-dcraw"),
    ],
)
def test_makers_are_told_apart(make: str, media_type: str) -> None:
    words = make.encode() + b"\0"
    data = bytearray(tiff(RAW | {271: [0] * len(words)}, [SENSOR.tobytes()]) + PREVIEW)
    at = data.index(struct.pack("<HHI", 271, 3, len(words)))
    (values,) = struct.unpack_from("<I", data, at + 8)
    struct.pack_into("<HHI", data, at, 271, 2, len(words))  # characters in place of numbers
    data[values : values + len(words)] = words
    shown(bytes(data), media_type)


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"FUJIFILMCCD-RAW 0201FF393101X-T00   ", "image/x-fuji-raf"),
        (b"IIRO\x08\x00\x00\x00", "image/x-olympus-orf"),
        (b"IIRS\x08\x00\x00\x00", "image/x-olympus-orf"),
        (b"IIU\x00\x18\x00\x00\x00", "image/x-panasonic-rw2"),
        (b"\x00MRM\x00\x00\x10\x00", "image/x-minolta-mrw"),
        (b"FOVb\x00\x00\x02\x00", "image/x-sigma-x3f"),
        (b"II\x1a\x00\x00\x00HEAPCCDR", "image/x-canon-crw"),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", "image/x-canon-cr3"),
    ],
)
def test_raw_files_of_other_build(head: bytes, media_type: str) -> None:
    shown(head + bytes(300) + THUMBNAIL + SENSOR.tobytes() + PREVIEW + bytes(100), media_type)


def test_a_tiff_of_a_telephone_is_no_raw_file() -> None:
    """A maker's name alone makes none."""
    data = encoded(LARGE, "TIFF", tiffinfo={271: "NIKON CORPORATION", 272: "D0"})
    picture = decode_picture(data)
    assert (picture.media_type, picture.note) == ("image/tiff", "")


def test_a_file_full_of_starts_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a counter: it takes as long for a gigabyte as for a megabyte."""
    monkeypatch.setattr("node.media.decoders.raw._MOST_STREAMS", 10)
    with pytest.raises(MediaError, match="no preview"):
        decode_picture(dng(behind=b"\xff\xd8\xff\xd9" * 10 + PREVIEW))


def test_the_reported_file_gives_its_preview(vectors: Path) -> None:
    path = vectors / "files" / "06b-camera-raw.arw"
    original = vectors / "files" / "base" / "A.jpg"
    if not path.is_file() or not original.is_file():
        absent("the vectors have no such file")
    picture = decode_picture(path.read_bytes())
    assert picture.media_type == "image/x-sony-arw"
    with Image.open(original) as opened:
        right = np.asarray(opened.convert("RGB").resize((480, 240), Image.Resampling.LANCZOS))
    assert distance(hashed(rgb_of(picture)), hashed(right)) <= 10
