"""Every way in which an untrusted file can be wrong ends in a MediaError in plain words; every right one is decoded."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import MediaError
from node.media.decode import decode_picture
from node.media.decoders.decoded import MAX_PIXELS
from node.media.pdq import pdq_hashes
from tests.unit.media.pictures import distance, encoded, scene

PLAIN = scene(320, 240)


def heif() -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(PLAIN).save(buffer, quality=90)
    return buffer.getvalue()


FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "jpeg": ("image/jpeg", lambda: encoded(PLAIN, "JPEG", quality=92)),
    "progressive jpeg": ("image/jpeg", lambda: encoded(PLAIN, "JPEG", quality=92, progressive=True)),
    "png": ("image/png", lambda: encoded(PLAIN, "PNG")),
    "webp": ("image/webp", lambda: encoded(PLAIN, "WEBP", quality=92)),
    "avif": ("image/avif", lambda: encoded(PLAIN, "AVIF", quality=92)),
    "heif": ("image/heic", heif),
    "gif": ("image/gif", lambda: encoded(PLAIN.quantize(256), "GIF")),
    "bmp": ("image/bmp", lambda: encoded(PLAIN, "BMP")),
    "tiff": ("image/tiff", lambda: encoded(PLAIN, "TIFF", compression="tiff_lzw")),
}


def png_stating(width: int, height: int) -> bytes:
    """A PNG whose header states a size that its few bytes of data do not have."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("name", FILES)
def test_each_format_is_decoded_to_the_same_picture(name: str) -> None:
    media_type, make = FILES[name]
    picture = decode_picture(make())
    assert picture.media_type == media_type
    assert (picture.pixels.width, picture.pixels.height) == PLAIN.size
    ours = pdq_hashes(picture.pixels.values, picture.pixels.channels)
    theirs = pdq_hashes(np.ascontiguousarray(np.asarray(PLAIN).reshape(240, -1)), 3)
    assert distance(ours.orientations[0], theirs.orientations[0]) <= (30 if name == "gif" else 10)  # 256 colours


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("progressive jpeg", "gif")])  # in passes
def test_of_a_file_cut_short_little_is_refused_with_a_reason(name: str) -> None:
    whole = FILES[name][1]()
    with pytest.raises(MediaError, match=r"^(truncated|damaged) "):
        decode_picture(whole[: len(whole) // 6])


def test_a_bomb_is_refused_by_its_stated_size_before_a_pixel_is_decoded() -> None:
    with pytest.raises(MediaError, match=rf"^too many pixels: 60000 x 60000, the limit is {MAX_PIXELS} in all$"):
        decode_picture(png_stating(60_000, 60_000))


def test_a_frame_larger_than_the_limit_is_refused_though_the_header_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GIF states its screen, and each frame its own extent beyond it."""
    monkeypatch.setattr("node.media.picture_decoding.MAX_PIXELS", 1000)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 400, 400, 0) + b"\x02\x02\x44\x01\x00;"
    gif = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + frame
    with pytest.raises(MediaError, match=r"^too many pixels"):
        decode_picture(gif)


def test_a_broken_checksum_is_no_traceback() -> None:
    whole = bytearray(FILES["png"][1]())
    whole[len(whole) // 2] ^= 0xFF
    assert decode_picture(bytes(whole)).note.startswith("damaged PNG: ")


def test_a_reason_never_quotes_the_file() -> None:
    secret = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x10NAME-OF-A-PERSON" + bytes(50)
    with pytest.raises(MediaError) as caught:
        decode_picture(secret)
    assert str(caught.value) == "damaged PNG: its header cannot be read"
    assert caught.value.__cause__ is None


@settings(max_examples=150)
@given(name=st.sampled_from(sorted(FILES)), data=st.data())
def test_a_file_with_any_bytes_changed_is_decoded_or_refused(name: str, data: st.DataObject) -> None:
    whole = bytearray(_cached(name))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=8)):
        whole[place] = data.draw(st.integers(0, 255))
    keep = data.draw(st.integers(1, len(whole)))
    try:
        decode_picture(bytes(whole[:keep]))
    except MediaError as error:
        assert str(error).isprintable()  # noqa: PT017  (what is judged is that nothing else comes out)


def _cached(name: str, made: dict[str, bytes] = {}) -> bytes:  # noqa: B006  (kept between examples)
    if name not in made:
        made[name] = FILES[name][1]()
    return made[name]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Dear Sir,\nplease find enclosed", "not a picture: it is text"),
        ("Sehr geehrte Damen und Herren, schöne Grüße".encode(), "not a picture: it is text"),
        (b"%PDF-1.7\n%\xe2\xe3", "not a picture: a PDF document"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41", "not a picture: a video"),
        (b"\x00\x00\x01\x00\x01\x00\x10\x10", "not a picture: not a format that Vigil knows"),
        (b"P6\n# made up\n2 2\n255\n", "truncated portable anymap"),
        (b"P6 is how this text begins", "not a picture: it is text"),
        (b"\x1a\x45\xdf\xa3\x01\x00\x00\x00", "not a picture: a video"),
        (b"BM is how this text begins", "not a picture: it is text"),
        (bytes(range(256)), "not a picture: not a format that Vigil knows"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "not a picture: a sound recording"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(MediaError) as caught:
        decode_picture(data)
    assert str(caught.value).startswith(reason)


def test_a_decoder_is_chosen_by_content_alone() -> None:
    """Postscript would start a program; Pillow can read it, and is never asked to."""
    with pytest.raises(MediaError, match=r"^not a picture: a PostScript document$"):
        decode_picture(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")


def test_a_kind_of_a_known_format_that_is_not_decoded_is_not_called_damaged() -> None:
    odd = bytearray(encoded(PLAIN, "BMP"))
    odd[28:30] = (7).to_bytes(2, "little")  # bits a pixel
    with pytest.raises(MediaError, match=r"^a BMP of a kind that Vigil does not decode$"):
        decode_picture(bytes(odd))


def test_a_heif_file_with_a_structural_brand_is_told_from_avif() -> None:
    made = bytearray(FILES["avif"][1]())
    made[8:12] = b"mif1"
    assert decode_picture(bytes(made)).media_type == "image/avif"


@pytest.mark.parametrize("name", ["chair-orig-22-sd-bar.mp4", "pattern-sd-grey-bar.mp4"])
def test_a_video_is_named_as_one(vectors: Path, name: str) -> None:
    with pytest.raises(MediaError, match=r"^not a picture: a video"):
        decode_picture((vectors / "video" / name).read_bytes())
