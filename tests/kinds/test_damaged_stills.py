"""Stills that are cut short, damaged, or beset by their metadata: what a person would see is hashed, and it is said.

The right value is the picture that was saved, cut to the rows that are there, and an independent decoder (FFmpeg).
"""

import io
import struct
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from node.errors import MediaError
from node.media import jpeg
from node.media.decode import decode_picture
from node.media.decoders.decoded import LEAST_SHARE
from node.media.metadata import without_metadata
from node.media.partial import METADATA
from node.media.pdq import pdq_hashes
from node.media.picture_decoding import DecodedPicture
from node.media.sniff import JPEG, PNG, WEBP
from tests.unit.media.pictures import distance, encoded, scene

WIDTH, HEIGHT = 320, 240
PLAIN = scene(WIDTH, HEIGHT)
Values = npt.NDArray[np.uint8]


def _heic() -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(PLAIN).save(buffer, quality=90)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    right = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", right if checksum is None else checksum)


def png_of(image: Image.Image, *before: bytes, interlaced: bool = False) -> bytes:
    """An RGB PNG with chunks of one's own before its pixels."""
    values = np.asarray(image)
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    raw = b"".join(
        b"\0" + row.tobytes()
        for left, top, across, down in (passes if interlaced else ((0, 0, 1, 1),))
        for row in values[top::down, left::across]
    )
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, int(interlaced))
    chunks = (
        png_chunk(b"IHDR", header),
        *before,
        png_chunk(b"IDAT", zlib.compress(raw, 1)),
        png_chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _tiff_in_strips() -> bytes:
    """A TIFF whose directory stands first, as cameras and scanners write it, with deflated strips of 16 rows."""
    strips = [zlib.compress(np.asarray(PLAIN)[top : top + 16].tobytes(), 1) for top in range(0, HEIGHT, 16)]
    count = len(strips)
    tags = 9
    tables = 8 + 2 + 12 * tags + 4
    first = tables + 8 * count + 6
    offsets = [first + sum(map(len, strips[:at])) for at in range(count)]
    entries = (
        (256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 3, 3, tables + 8 * count), (259, 3, 1, 8), (262, 3, 1, 2),
        (273, 4, count, tables), (277, 3, 1, 3), (278, 4, 1, 16), (279, 4, count, tables + 4 * count),
    )  # fmt: skip
    directory = struct.pack("<H", tags) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    numbers = struct.pack(f"<{2 * count}I3H", *offsets, *map(len, strips), 8, 8, 8)
    return b"II*\0" + struct.pack("<I", 8) + directory + numbers + b"".join(strips)


MAKERS: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(PLAIN, "JPEG", quality=92),
    "jpeg 4:4:4": lambda: encoded(PLAIN, "JPEG", quality=92, subsampling=0),
    "jpeg restart": lambda: encoded(PLAIN, "JPEG", quality=92, restart_marker_rows=1),
    "jpeg grey": lambda: encoded(PLAIN.convert("L"), "JPEG", quality=92),
    "jpeg progressive": lambda: encoded(PLAIN, "JPEG", quality=92, progressive=True),
    "png": lambda: encoded(PLAIN, "PNG"),
    "png deep": lambda: encoded(Image.fromarray(np.asarray(PLAIN.convert("L")).astype(np.uint16) << 8), "PNG"),
    "png palette": lambda: encoded(PLAIN.quantize(200), "PNG"),
    "png interlaced": lambda: png_of(PLAIN, interlaced=True),
    "gif": lambda: encoded(PLAIN.quantize(256), "GIF", interlace=0),
    "gif interlaced": lambda: encoded(PLAIN.quantize(256), "GIF", interlace=1),
    "bmp": lambda: encoded(PLAIN, "BMP"),
    "tiff": lambda: encoded(PLAIN, "TIFF"),
    "tiff strips": _tiff_in_strips,
    "webp": lambda: encoded(PLAIN, "WEBP", quality=92),
    "webp lossless": lambda: encoded(PLAIN, "WEBP", lossless=True),
    "heic": _heic,
    "avif": lambda: encoded(PLAIN, "AVIF", quality=92, speed=8),
}
IN_PASSES = ("jpeg progressive", "png interlaced", "gif interlaced")
LOSSY = ("jpeg", "jpeg 4:4:4", "jpeg restart", "webp", "heic", "avif")
BOTTOM_UP = ("bmp",)


@lru_cache(maxsize=32)
def made(name: str) -> bytes:
    return MAKERS[name]()


def colours(picture: DecodedPicture) -> Values:
    pixels = picture.pixels
    values = pixels.values.reshape(pixels.height, pixels.width, pixels.channels)[:, :, :3]
    return np.broadcast_to(values, (*values.shape[:2], 3))


def original(name: str) -> Values:
    """What the decoder gives for the whole file."""
    return colours(decode_picture(made(name)))


def hash_of(values: Values) -> bytes:
    return pdq_hashes(np.ascontiguousarray(values).reshape(values.shape[0], -1), values.shape[2]).orientations[0]


@pytest.mark.parametrize("share", [0.95, 0.7, 0.5])
@pytest.mark.parametrize("name", MAKERS)
def test_of_a_file_cut_short_its_rows_are_shown_and_counted(name: str, share: float) -> None:
    whole = made(name)
    picture = decode_picture(whole[: int(len(whole) * share)])
    assert picture.note.startswith("damaged " if name == "tiff strips" else "truncated ")
    assert (picture.pixels.width, picture.pixels.height) == (WIDTH, HEIGHT)
    shown, right = colours(picture), original(name)
    if name in IN_PASSES:
        assert "all of it can be seen" in picture.note
        assert distance(hash_of(shown), hash_of(right)) <= 20
        return
    rows = int(picture.note.split(": ")[1].split(" of ")[0])
    assert f": {rows} of {HEIGHT} rows could be decoded" in picture.note
    assert rows <= HEIGHT
    # What is called decoded is what the whole file shows, and not much of what is there is missed.
    near = slice(HEIGHT - rows, None) if name in BOTTOM_UP else slice(0, rows)
    assert np.abs(shown[near].astype(int) - right[near]).max() <= (90 if name in LOSSY else 0)
    assert np.abs(shown[near].astype(int) - right[near]).mean() < 0.5
    assert rows >= HEIGHT * share * 0.75 - 40


@pytest.mark.parametrize("name", ["jpeg", "png", "gif", "bmp", "tiff strips", "webp lossless", "heic"])
def test_what_is_missing_is_plain(name: str) -> None:
    picture = decode_picture(made(name)[: len(made(name)) * 6 // 10])
    lost = colours(picture)[:8] if name in BOTTOM_UP else colours(picture)[-8:]
    assert len(np.unique(lost.reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in IN_PASSES])
def test_below_the_least_share_there_is_no_picture_and_it_is_said(name: str) -> None:
    whole = made(name)
    with pytest.raises(MediaError, match=r"^(truncated|damaged) "):
        decode_picture(whole[: int(len(whole) * LEAST_SHARE * 0.6)])


@settings(max_examples=60)
@given(name=st.sampled_from(sorted(MAKERS)), share=st.floats(0.0, 1.0))
def test_a_file_cut_anywhere_is_shown_with_a_note_or_refused_with_a_reason(name: str, share: float) -> None:
    cut = made(name)[: max(int(len(made(name)) * share), 16)]
    try:
        picture = decode_picture(cut)
    except MediaError as error:
        assert str(error).isprintable()  # noqa: PT017  (nothing else may come out)
        return
    assert picture.note or np.abs(colours(picture).astype(int) - original(name)).max() == 0


def test_a_jpeg_without_its_end_marker_is_whole_and_says_so() -> None:
    picture = decode_picture(made("jpeg")[:-2])
    assert picture.note == f"truncated JPEG: all of its {HEIGHT} rows could be decoded"
    assert np.array_equal(colours(picture), original("jpeg"))


def test_a_png_without_its_last_chunk_is_whole() -> None:
    picture = decode_picture(made("png")[:-12])
    assert picture.note in {"", "truncated PNG: its pixels are whole"}
    assert np.array_equal(colours(picture), np.asarray(PLAIN))


def test_a_jpeg_whose_pixels_end_early_is_not_passed_over_in_silence() -> None:
    whole = made("jpeg")
    picture = decode_picture(whole[: len(whole) * 7 // 10] + jpeg.END)
    assert picture.note.startswith("damaged JPEG: ")
    assert "rows could be decoded" in picture.note


def test_a_jpeg_with_a_grey_end_of_its_own_has_no_note() -> None:
    values = np.array(PLAIN)
    values[HEIGHT // 2 :] = 128
    assert decode_picture(encoded(Image.fromarray(values), "JPEG")).note == ""


def test_invalid_bytes_among_the_pixels_of_a_jpeg_are_noted() -> None:
    broken = bytearray(made("jpeg"))
    middle = len(broken) // 2
    broken[middle : middle + 64] = b"\xff\x42" * 32
    assert "damaged" in decode_picture(bytes(broken)).note


def test_pixels_of_a_png_with_a_wrong_checksum_are_noted() -> None:
    whole = png_of(PLAIN)
    wrong = whole[:-16] + bytes(4) + whole[-12:]
    assert wrong[-20:-16] == whole[-20:-16]
    found = decode_picture(wrong)
    assert np.array_equal(colours(found), np.asarray(PLAIN))
    assert found.note == "damaged PNG: the checksum of its pixels is wrong, they may be shown wrongly"
    assert not decode_picture(png_of(PLAIN, png_chunk(b"tEXt", b"Comment\0x", 7))).note.startswith("damaged")


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "jpeg progressive"])
def test_a_sound_file_has_no_note(name: str) -> None:
    assert decode_picture(made(name)).note == ""


@pytest.mark.parametrize("name", ["png", "png palette", "gif", "tiff strips"])
def test_damage_in_the_middle_leaves_what_is_before_it(name: str) -> None:
    broken = bytearray(made(name))
    middle = len(broken) * 2 // 3
    broken[middle : middle + 512] = bytes((37 * at) % 251 for at in range(512))
    picture = decode_picture(bytes(broken))
    assert picture.note.startswith("damaged ")
    assert np.array_equal(colours(picture)[: HEIGHT // 2], original(name)[: HEIGHT // 2])


# --- metadata cannot cost a picture -----------------------------------------------------------------------------------


def jpeg_with(*before: bytes) -> bytes:
    """The JPEG with segments of one's own behind its first marker."""
    return jpeg.START + b"".join(before) + made("jpeg")[2:]


def segment(marker: int, content: bytes, stated: int | None = None) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2 if stated is None else stated) + content


SMALL = encoded(scene(64, 48, 9), "JPEG")
METADATA_CASES: dict[str, Callable[[], bytes]] = {
    "text that inflates to 8 MB": lambda: png_of(
        PLAIN, png_chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"a" * 8_000_000))
    ),
    "international text that inflates to 80 MB": lambda: png_of(
        PLAIN, png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"a" * 80_000_000))
    ),
    "many texts": lambda: png_of(PLAIN, *[png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"b" * 900_000))] * 90),
    "wrong checksum of iCCP": lambda: png_of(PLAIN, png_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"?" * 99), 1)),
    "wrong checksum of gAMA": lambda: png_of(PLAIN, png_chunk(b"gAMA", bytes(4), 7)),
    "gAMA of no length": lambda: png_of(PLAIN, png_chunk(b"gAMA", b"")),
    "sBIT of no sense": lambda: png_of(PLAIN, png_chunk(b"sBIT", b"\xff" * 9)),
    "pHYs too short": lambda: png_of(PLAIN, png_chunk(b"pHYs", b"1")),
    "tRNS too short": lambda: png_of(PLAIN, png_chunk(b"tRNS", b"1")),
    "cHRM too short": lambda: png_of(PLAIN, png_chunk(b"cHRM", b"1")),
    "iCCP of another compression": lambda: png_of(PLAIN, png_chunk(b"iCCP", b"x\0\7" + bytes(9))),
    "zTXt of another compression": lambda: png_of(PLAIN, png_chunk(b"zTXt", b"x\0\7" + bytes(9))),
    "a length too large": lambda: png_of(PLAIN, b"\x7f\xff\xff\xfftEXt" + bytes(20)),
    "wrong checksum of IHDR": lambda: png_of(PLAIN)[:29] + b"????" + png_of(PLAIN)[33:],
    "wrong checksum of IDAT": lambda: png_of(PLAIN)[:-16] + b"????" + png_of(PLAIN)[-12:],
    "eXIf of no sense": lambda: png_of(PLAIN, png_chunk(b"eXIf", b"MM\0*" + b"\xff" * 40)),
    "EXIF of no sense": lambda: jpeg_with(segment(0xE1, b"Exif\0\0MM\0*" + b"\xff" * 60)),
    "EXIF cut short": lambda: jpeg_with(segment(0xE1, b"Exif\0\0II")),
    "XMP of no sense": lambda: jpeg_with(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"\xff<x" * 40)),
    "ICC of no sense": lambda: jpeg_with(segment(0xE2, b"ICC_PROFILE\0\x05\x02" + b"\xff" * 40)),
    "ICC too short": lambda: jpeg_with(segment(0xE2, b"ICC_PROFILE\0")),
    "MPF of no sense": lambda: jpeg_with(segment(0xE2, b"MPF\0MM\0*" + b"\xff" * 60)),
    "MPF that states many pictures": lambda: jpeg_with(
        segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\x01\xb0\x01\0\x04\0\0\0\x01\0\0\xff\xff\0\0\0\0")
    ),
    "Adobe too short": lambda: jpeg_with(segment(0xEE, b"Adobe")),
    "JFIF too short": lambda: jpeg_with(segment(0xE0, b"JFIF\0")),
    "Photoshop of no sense": lambda: jpeg_with(segment(0xED, b"Photoshop 3.0\x008BIM" + b"\xff" * 40)),
    "comments without end": lambda: jpeg_with(*[segment(0xFE, b"c" * 60_000)] * 60),
    "a length too large of a comment": lambda: jpeg_with(segment(0xFE, b"short", 40_000)),
    "a length too small of EXIF": lambda: jpeg_with(segment(0xE1, b"Exif\0\0" + b"q" * 90, 20)),
    "a wrong length of a segment with a small picture": lambda: jpeg_with(segment(0xE1, b"Exif\0\0" + SMALL, 300)),
    "bytes between segments": lambda: jpeg_with(segment(0xFE, b"c"), b"\0\0\0stray\0"),
    "GIF with a short graphic control": lambda: gif_with(b"\x21\xf9\x01\0\0"),
    "GIF with an empty graphic control": lambda: gif_with(b"\x21\xf9\0"),
    "GIF with an empty application": lambda: gif_with(b"\x21\xff\0"),
    "GIF with XMP of no sense": lambda: gif_with(b"\x21\xff\x0bXMP DataXMP" + b"<x:xmpmeta>" * 50 + bytes(range(256))),
    "GIF with many comments": lambda: gif_with((b"\x21\xfe\xff" + b"c" * 255 + b"\0") * 3000),
    "WebP with EXIF of no sense": lambda: webp_with(b"EXIF", b"\xff" * 41),
    "WebP with XMP of no sense": lambda: webp_with(b"XMP ", b"\xff" * 40),
    "WebP with a wrong stated size": lambda: made("webp")[:4] + b"\xff\0\0\0" + made("webp")[8:],
}


def gif_with(block: bytes) -> bytes:
    whole = made("gif")
    start = 13 + (3 << (whole[10] & 7) + 1)
    return whole[:start] + block + whole[start:]


def webp_with(kind: bytes, content: bytes) -> bytes:
    body = made("webp")[12:] + kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)
    flags = {b"EXIF": 8, b"XMP ": 4}[kind]
    size = (WIDTH - 1).to_bytes(3, "little") + (HEIGHT - 1).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<IB3x", 10, flags) + size + body
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@pytest.mark.parametrize("name", METADATA_CASES)
def test_metadata_cannot_cost_a_picture(name: str) -> None:
    data = METADATA_CASES[name]()
    picture = decode_picture(data)
    right = original(decode_picture(data).media_type.removeprefix("image/"))
    assert np.array_equal(colours(picture), right)
    assert "rows" not in picture.note
    assert not picture.note.startswith("truncated") or "whole" in picture.note


def test_the_orientation_is_kept_where_it_can_be_read() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    whole = encoded(PLAIN, "JPEG", exif=exif)
    sound = decode_picture(whole)
    broken = decode_picture(whole[:2] + segment(0xEE, b"Adobe") + segment(0xFE, b"short", 40_000) + whole[2:])
    assert (broken.pixels.width, broken.pixels.height) == (HEIGHT, WIDTH)
    assert np.array_equal(colours(sound), colours(broken))
    for known, data in (
        (JPEG, whole),
        (PNG, encoded(PLAIN, "PNG", exif=exif)),
        (WEBP, encoded(PLAIN, "WEBP", exif=exif)),
    ):
        clean = without_metadata(data, known)
        assert clean is None or decode_picture(clean).pixels.height == WIDTH


def test_what_was_left_out_is_said() -> None:
    assert decode_picture(METADATA_CASES["text that inflates to 8 MB"]()).note == METADATA


# --- outside vectors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("01-png-with-1.6-MB-of-text.png", METADATA),
        ("02-png-bad-checksum-of-iccp.png", METADATA),
        ("08-jpeg-last-2-bytes-missing.jpg", "truncated JPEG: all of its 240 rows could be decoded"),
    ],
)
def test_the_vectors_of_damage_are_their_picture(vectors: Path, name: str, note: str) -> None:
    folder = vectors / "files"
    picture = decode_picture((folder / name).read_bytes())
    with av.open(folder / "base" / "A.jpg") as film:
        right = np.asarray(next(film.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)
    assert picture.note == note
    assert distance(hash_of(colours(picture)), hash_of(right)) <= 16  # 01 and 02 are of half its size
