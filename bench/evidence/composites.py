"""Files in which there is more than one look shows: further pages, pictures, streams, thumbnails, films in pictures.

Rules this module upholds:

- Each is made as the programs make it that write such files: cameras, telephones, scanners.
- Every one is sound: what is in it can be shown whole.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw

from bench.evidence import moving
from bench.evidence.films import FILMS
from bench.evidence.handmade import directory, psd
from bench.evidence.moving import Compose, Made, jpeg, shown
from bench.evidence.originals import Original, Originals, hashes_of
from bench.evidence.stills import heif_of, saved

_THUMBNAIL: Final = (320, 240)


@dataclass(frozen=True, slots=True)
class Composite:
    """A kind of file with several originals in it."""

    suffix: str
    compose: Compose


def _two(given: Originals) -> tuple[Original, Original]:
    return given.picture(), given.picture()


# ---- pictures


def _save_all(kind: str, **options: object) -> Compose:
    """Several pictures that Pillow writes into one file."""

    def compose(given: Originals) -> Made:
        one, two = _two(given)
        return saved(one.image, kind, save_all=True, append_images=[two.image], **options), shown(one, two)

    return compose


def _mpo(given: Originals) -> Made:
    one, two = _two(given)
    return saved(one.image, "MPO", save_all=True, append_images=[two.image], quality=90), shown(one, two)


def _heic(given: Originals) -> Made:
    one, two = _two(given)
    return heif_of([one.image, two.image], quality=80), shown(one, two)


def _stream_of_jpegs(given: Originals) -> Made:
    some = [given.picture() for _ in range(4)]
    return b"".join(map(jpeg, some)), shown(*some)


def _behind(first: Callable[[Original], bytes], second: Callable[[Original], bytes]) -> Compose:
    """One file with another behind its end."""

    def compose(given: Originals) -> Made:
        one, two = _two(given)
        return first(one) + second(two), shown(one, two)

    return compose


def _png(original: Original) -> bytes:
    return saved(original.image, "PNG")


def _thumbnail(image: Image.Image) -> bytes:
    """An EXIF segment with this picture as its thumbnail."""
    small = saved(image.resize(_THUMBNAIL), "JPEG", quality=85)
    first: list[Any] = [(0x0112, 3, [1])]
    at = 8 + 2 + 12 + 4
    second = [(0x0103, 3, [6]), (0x0201, 4, [0]), (0x0202, 4, [len(small)])]
    small_at = at + len(directory(second, at))
    second[1] = (0x0201, 4, [small_at])
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + directory(first, 8, at) + directory(second, at) + small


def _other_thumbnail(given: Originals) -> Made:
    """The thumbnail shows another picture than the picture."""
    one, two = _two(given)
    return jpeg(one, exif=_thumbnail(two.image)), shown(one, two)


def _painted_over(given: Originals) -> Made:
    """The picture was painted over and saved by a program that keeps the old thumbnail."""
    original = given.picture()
    changed = original.image.copy()
    drawn = ImageDraw.Draw(changed)
    for row in range(0, changed.height, 60):
        drawn.rectangle((0, row, changed.width, row + 40), fill=(row % 255, 90, 200 - row % 200))
    return saved(changed, "JPEG", quality=90, exif=_thumbnail(original.image)), shown(original)


def _psd_thumbnail(given: Originals) -> Made:
    """The thumbnail of a Photoshop file shows another picture."""
    one, two = _two(given)
    small = saved(two.image.resize(_THUMBNAIL), "JPEG", quality=85)
    width, height = _THUMBNAIL
    head = struct.pack(">IIIIIIHH", 1, width, height, width * 3, width * height * 3, len(small), 24, 1)
    block = b"8BIM\x04\x0c\0\0" + struct.pack(">I", len(head + small)) + head + small + b"\0" * (len(small) % 2)
    plain = psd(np.asarray(one.image))
    return plain[:30] + struct.pack(">I", len(block)) + block + plain[34:], shown(one, two)


def _icon(given: Originals) -> Made:
    """An icon of two sizes, which shows something else in each."""
    one, two = _two(given)
    pictures = [saved(one.image.resize((256, 256)), "PNG"), saved(two.image.resize((128, 128)), "PNG")]
    made, at, data = struct.pack("<HHH", 0, 1, 2), 6 + 32, b""
    for side, picture in zip((0, 128), pictures, strict=True):
        made += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(picture), at + len(data))
        data += picture
    squares = [Original(o.name, o.image, hashes_of(np.asarray(o.image.resize((256, 256))))[0][:1]) for o in (one, two)]
    return made + data, shown(*squares)


def _sub_directory(given: Originals) -> Made:
    """A TIFF whose second picture lies in a SubIFD of the first."""
    one, two = _two(given)
    first, second = np.asarray(one.image), np.asarray(two.image)
    import tifffile  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415  (may be absent)

    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(first, photometric="rgb", subifds=1, metadata=None)
        writer.write(second, photometric="rgb", subfiletype=1, metadata=None)
    return buffer.getvalue(), shown(one, two)


def _cut_out(given: Originals) -> Made:
    """A picture cut out as an oval, as a viewer shows it: on white."""
    original = given.picture()
    alpha = Image.new("L", original.image.size, 0)
    width, height = alpha.size
    ImageDraw.Draw(alpha).ellipse((width // 8, height // 8, width * 7 // 8, height * 7 // 8), fill=255)
    composed = Image.composite(original.image, Image.new("RGB", original.image.size, "white"), alpha)
    clear = original.image.copy()
    clear.putalpha(alpha)
    look = Original(f"{original.name} (cut out)", composed, hashes_of(np.asarray(composed))[0][:1])
    return saved(clear, "PNG"), shown(look)


def _cover(given: Originals) -> Made:
    """A sound recording with a picture as its cover (ID3v2.3)."""
    original = given.picture()
    picture = jpeg(original)
    frame = b"\0image/jpeg\0\x03\0" + picture
    body = b"APIC" + struct.pack(">IH", len(frame), 0) + frame
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + body + (b"\xff\xfb\x90\xc4" + bytes(413)) * 40, shown(original)


COMPOSITES: Final[Mapping[str, Composite]] = {
    "two pages of a tiff": Composite(".tif", _save_all("TIFF")),
    "two pages of a tiff, lzw": Composite(".tif", _save_all("TIFF", compression="tiff_lzw")),
    "two pages of a tiff, jpeg": Composite(".tif", _save_all("TIFF", compression="jpeg")),
    "tiff with a further picture in a sub-directory": Composite(".tif", _sub_directory),
    "two pictures of an mpo": Composite(".mpo", _mpo),
    "two pictures of a heic": Composite(".heic", _heic),
    "two frames of a gif": Composite(".gif", _save_all("GIF", duration=900)),
    "two frames of a png": Composite(".png", _save_all("PNG", duration=900)),
    "two frames of a webp": Composite(".webp", _save_all("WEBP", duration=900, quality=90)),
    "two frames of an avif": Composite(".avif", _save_all("AVIF", duration=900, speed=10)),
    "four jpegs one behind the other": Composite(".mjpeg", _stream_of_jpegs),
    "a jpeg behind a jpeg": Composite(".jpg", _behind(jpeg, jpeg)),
    "a png behind a png": Composite(".png", _behind(_png, _png)),
    "a jpeg behind a png": Composite(".png", _behind(_png, jpeg)),
    "a png behind a jpeg": Composite(".jpg", _behind(jpeg, _png)),
    "a thumbnail of another picture": Composite(".jpg", _other_thumbnail),
    "painted over, with the old thumbnail": Composite(".jpg", _painted_over),
    "a thumbnail in a psd": Composite(".psd", _psd_thumbnail),
    "an icon of two pictures": Composite(".ico", _icon),
    "a cut-out": Composite(".png", _cut_out),
    "motion photo": Composite(".jpg", moving.motion_photo),
    "motion photo, samsung": Composite(".jpg", moving.samsung),
    "motion photo, heic": Composite(".heic", moving.heic_motion),
    **{f"two streams of a film, {kind}": Composite(FILMS[kind].suffix, moving.streams(kind)) for kind in
       ("mp4 h264", "mov mjpeg", "mkv h264", "avi mpeg4", "ts h264", "wmv wmv2")},
    "a still stream first, mov": Composite(".mov", moving.still_first("mov mjpeg")),
    "a still stream first, mkv": Composite(".mkv", moving.still_first("mkv h264")),
    "an unknown stream first": Composite(".avi", moving.unknown_first),
    "hidden by an edit list": Composite(".mp4", moving.edit_list),
    "all time stamps equal": Composite(".mkv", moving.equal_stamps),
    "the clock jumps by an hour": Composite(".mkv", moving.jump(3_600)),
    "the clock jumps by 55 years": Composite(".mkv", moving.jump(55 * 31_556_952)),
    "the clock jumps back": Composite(".ts", moving.joined("ts mpeg2")),
    "two films joined, mpg": Composite(".mpg", moving.joined("mpg mpeg1")),
    "two films joined, mp4": Composite(".mp4", moving.joined("mp4 h264")),
    "two films joined, avi": Composite(".avi", moving.joined("avi mpeg4")),
    "two films joined, raw": Composite(".h264", moving.joined("raw h264")),
    "the cover of a sound recording": Composite(".mp3", _cover),
}  # fmt: skip
