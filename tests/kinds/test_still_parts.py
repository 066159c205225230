"""Everything in a still's file is looked at: what lies behind it, its pages, its further images, its small pictures."""

import io
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from node.domain.material import PictureFingerprints
from node.domain.parts import Role
from node.media import jpeg
from node.media.decode import decode_picture
from node.media.kinds import READERS, kind_of
from node.media.parts.behind import behind
from node.media.parts.heif_images import heif_images
from node.media.parts.pages import pages
from node.media.parts.part import Omission, Part
from node.media.parts.thumbnail import thumbnails
from node.media.region import Region
from node.media.tolerance import LEAD_BYTES, behind_a_lead
from tests.unit.media.hostile import heif_of
from tests.unit.media.pictures import distance, encoded, scene
from tests.unit.media.reading import fingerprint
from tests.unit.media.videos import Scene, write_video

PLAIN = scene(320, 240)
OTHER = scene(200, 150, 7)
Reading = Callable[[Region], Iterator[Part | Omission]]


def read(data: bytes, reader: Reading) -> tuple[list[tuple[Role, bytes]], list[str]]:
    """The parts with their bytes, and the words for what was left out."""
    parts, omissions = [], []
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        for found in reader(Region(file.fileno())):
            if isinstance(found, Omission):
                omissions.append(found.reason)
                continue
            content = found.content
            parts.append((found.role, content.all(1 << 30) if isinstance(content, Region) else b"".join(content)))
    return parts, omissions


def colours(data: bytes) -> npt.NDArray[np.uint8]:
    pixels = decode_picture(data).pixels
    return pixels.values.reshape(pixels.height, pixels.width, pixels.channels)[:, :, :3]


@lru_cache(maxsize=1)
def film() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        write_video(path, Scene(3), seconds=1)
        return path.read_bytes()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a.jpg", encoded(OTHER, "JPEG"))
    return buffer.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(PLAIN, "JPEG", exif=_exif_with(encoded(PLAIN.resize((160, 120)), "JPEG"))),
    "jpeg progressive": lambda: encoded(PLAIN, "JPEG", progressive=True),
    "png": lambda: encoded(PLAIN, "PNG"),
    "gif": lambda: encoded(PLAIN.quantize(64), "GIF"),
    "gif moving": lambda: encoded(
        PLAIN.quantize(64), "GIF", save_all=True, append_images=[OTHER.resize(PLAIN.size).quantize(64)]
    ),
    "webp": lambda: encoded(PLAIN, "WEBP"),
    "bmp": lambda: encoded(PLAIN, "BMP"),
    "heic": lambda: heif_of([PLAIN]),
    "avif": lambda: encoded(PLAIN, "AVIF", speed=10),
}
BEHIND: dict[str, tuple[Role, Callable[[], bytes]]] = {
    "jpeg": (Role.PICTURE, lambda: encoded(OTHER, "JPEG")),
    "png": (Role.PICTURE, lambda: encoded(OTHER, "PNG")),
    "gif": (Role.PICTURE, lambda: encoded(OTHER.quantize(64), "GIF")),
    "webp": (Role.PICTURE, lambda: encoded(OTHER, "WEBP")),
    "heic": (Role.PICTURE, lambda: heif_of([OTHER])),
    "film": (Role.FILM, film),
    "zip": (Role.MEMBER, archive),
    "pdf": (Role.MEMBER, lambda: b"%PDF-1.7\n" + bytes(range(10, 200))),
}


@pytest.mark.parametrize("after", BEHIND)
@pytest.mark.parametrize("name", PICTURES)
def test_what_lies_behind_a_picture_is_a_part(name: str, after: str) -> None:
    role, make = BEHIND[after]
    parts, omissions = read(PICTURES[name]() + make(), behind)
    assert parts == [(role, make())]
    assert not omissions


@pytest.mark.parametrize("name", PICTURES)
def test_a_plain_picture_has_no_parts(name: str) -> None:
    data = PICTURES[name]()
    for padding in (b"", bytes(5000), b"\xff" * 700, b"\r\n", b"a few words of a camera"):
        assert read(data + padding, behind) == ([], [])
    known = decode_picture(data).media_type
    assert [read(data, reader) for reader in READERS[known]] == [([], [])] * len(READERS[known])


@pytest.mark.parametrize("name", PICTURES)
def test_unknown_bytes_behind_a_picture_are_said(name: str) -> None:
    parts, omissions = read(PICTURES[name]() + bytes(100) + b"q7" * 1000, behind)
    assert not parts
    assert omissions == ["2000 unknown bytes after the picture"]


def test_a_stream_of_jpeg_gives_each_of_them() -> None:
    all_of_them = [encoded(scene(64, 48, seed), "JPEG") for seed in range(40)]
    parts, omissions = read(bytes(16).join(all_of_them), behind)
    assert parts == [(Role.PICTURE, each) for each in all_of_them[1:]]
    assert not omissions


def test_a_multi_picture_file_gives_its_further_pictures() -> None:
    made = encoded(PLAIN, "MPO", save_all=True, append_images=[OTHER, scene(100, 80, 3)])
    parts, _ = read(made, behind)
    assert [(role, decode_picture(data).pixels.width) for role, data in parts] == [
        (Role.PICTURE, 200), (Role.PICTURE, 100),
    ]  # fmt: skip


def test_the_film_of_a_motion_photograph_with_a_trailer_has_its_own_bytes() -> None:
    trailer = b"MotionPhoto_Data" + film() + b"SEFH" + bytes(20) + b"SEFT"
    assert read(PICTURES["jpeg"]() + trailer, behind) == ([(Role.FILM, film())], [])


def test_the_film_in_a_box_of_a_heic_is_a_part() -> None:
    box = struct.pack(">I", len(film()) + 8) + b"mpvd" + film()
    assert read(PICTURES["heic"]() + box, behind) == ([(Role.FILM, film())], [])


def test_a_picture_that_is_cut_short_has_nothing_behind_it() -> None:
    for make in PICTURES.values():
        data = make()
        assert read(data[: len(data) * 2 // 3], behind) == ([], [])


@settings(max_examples=60)
@given(
    name=st.sampled_from(sorted(PICTURES)),
    after=st.sampled_from(sorted(BEHIND)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
    keep=st.floats(0.1, 1),
)
def test_readers_never_raise_for_what_a_file_says(
    name: str, after: str, changes: list[tuple[float, int]], keep: float
) -> None:
    data = bytearray(_made(name) + BEHIND[after][1]())
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    for reader in (behind, thumbnails, pages, heif_images):
        with tempfile.TemporaryFile() as file:
            file.write(data[: int(len(data) * keep)])
            file.flush()
            list(reader(Region(file.fileno())))


@lru_cache(maxsize=16)
def _made(name: str) -> bytes:
    return PICTURES[name]()


# --- small pictures ---------------------------------------------------------------------------------------------------


def _exif_with(small: bytes) -> bytes:
    """Exif whose second directory names a JPEG."""
    first = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 1, 0, 26)
    second = struct.pack(">HHHIIHHIII", 2, 513, 4, 1, 56, 514, 4, 1, len(small), 0)
    return b"Exif\0\0MM\0*\0\0\0\x08" + first + second + small


def _jpeg_with(image: Image.Image, exif: bytes) -> bytes:
    return encoded(image, "JPEG", exif=exif)


def _photoshop(image: Image.Image, small: bytes) -> bytes:
    resource = b"8BIM" + struct.pack(">HH", 1036, 0) + struct.pack(">I", 28 + len(small)) + bytes(28) + small
    content = b"Photoshop 3.0\0" + b"8BIM" + struct.pack(">HHI", 1005, 0, 4) + bytes(4) + resource
    return _jpeg_with_segment(image, 0xED, content)


def _jpeg_with_segment(image: Image.Image, marker: int, content: bytes) -> bytes:
    segment = bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content
    return jpeg.START + segment + encoded(image, "JPEG")[2:]


def _jfxx(image: Image.Image, small: bytes) -> bytes:
    return _jpeg_with_segment(image, 0xE0, b"JFXX\0\x10" + small)


CARRIERS: dict[str, Callable[[Image.Image, bytes], bytes]] = {
    "exif of a jpeg": lambda image, small: _jpeg_with(image, _exif_with(small)),
    "exif of a png": lambda image, small: encoded(image, "PNG", exif=_exif_with(small)[6:]),
    "exif of a webp": lambda image, small: encoded(image, "WEBP", exif=_exif_with(small)),
    "photoshop": _photoshop,
    "jfxx": _jfxx,
}


def _small(image: Image.Image) -> bytes:
    return encoded(image.resize((160, 120)), "JPEG")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_small_picture_of_what_was_cropped_away_is_a_part(carrier: str) -> None:
    whole = scene(640, 480, 4)
    small = _small(whole)
    cropped = CARRIERS[carrier](whole.crop((0, 0, 260, 200)), small)
    assert read(cropped, thumbnails) == ([(Role.THUMBNAIL, small)], [])


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_small_picture_of_the_same_is_no_part(carrier: str) -> None:
    whole = scene(640, 480, 4)
    assert read(CARRIERS[carrier](whole, _small(whole)), thumbnails) == ([], [])


def test_a_small_picture_of_what_was_painted_over_is_a_part() -> None:
    whole = scene(640, 480, 4)
    painted = whole.copy()
    ImageDraw.Draw(painted).rectangle((60, 40, 560, 380), fill=(0, 0, 0))
    assert [role for role, _ in read(_jpeg_with(painted, _exif_with(_small(whole))), thumbnails)[0]] == [Role.THUMBNAIL]


def test_a_small_picture_turned_or_in_plain_borders_is_the_same() -> None:
    whole = scene(640, 420, 4)
    bordered = ImageOps.expand(whole.resize((160, 105)), (0, 7, 0, 8))
    assert read(_jpeg_with(whole, _exif_with(encoded(bordered, "JPEG"))), thumbnails) == ([], [])
    turned = whole.resize((160, 105)).transpose(Image.Transpose.ROTATE_90)
    assert read(_jpeg_with(whole, _exif_with(encoded(turned, "JPEG"))), thumbnails) == ([], [])


def test_the_small_picture_of_one_that_is_destroyed_is_a_part() -> None:
    whole = _jpeg_with(PLAIN, _exif_with(_small(PLAIN)))
    destroyed = whole[: next(each.end for each in jpeg.segments(whole) if each.marker == 0xE1)] + bytes(500)
    assert read(destroyed, thumbnails)[0] == [(Role.THUMBNAIL, _small(PLAIN))]


def test_photographs_have_no_small_picture_that_differs(photos: Path) -> None:
    """A real thumbnail is made by other means than ours: here by a camera's box filter, at low quality."""
    for path in sorted((photos / "land").glob("*.jpg"))[:12]:
        with Image.open(path) as image:
            whole = image.convert("RGB")
        small = encoded(whole.reduce(max(whole.width // 160, 1)), "JPEG", quality=60)
        assert read(_jpeg_with(whole, _exif_with(small)), thumbnails) == ([], []), path.name


# --- pages ------------------------------------------------------------------------------------------------------------

TIFFS: dict[str, dict[str, Any]] = {
    "plain": {},
    "big-endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
    "BigTIFF big-endian": {"bigtiff": True, "byteorder": ">"},
}
WRITINGS: dict[str, dict[str, Any]] = {
    "one strip": {},
    "strips": {"rowsperstrip": 16},
    "tiles": {"tile": (64, 64)},
    "deflate": {"compression": "zlib", "predictor": True},
    "lzw": {"compression": "lzw", "rowsperstrip": 32},
    "planar": {"planarconfig": "separate", "rowsperstrip": 16},
    "jpeg": {"compression": "jpeg", "tile": (64, 64), "photometric": "ycbcr"},
}


def tiff_of(*images: Image.Image) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as made:
        for image in images:
            made.write(np.asarray(image), photometric="rgb", metadata=None)
    return buffer.getvalue()


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("layout", TIFFS)
def test_each_page_of_a_tiff_is_a_file_with_the_pixels_of_that_page(layout: str, writing: str) -> None:
    images = [scene(160, 128, seed) for seed in (1, 2, 3)]
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, **TIFFS[layout]) as made:
        for image in images:
            values = np.asarray(image)
            planar = writing == "planar"
            made.write(values.transpose(2, 0, 1) if planar else values, **({"photometric": "rgb"} | WRITINGS[writing]))
    parts, omissions = read(buffer.getvalue(), pages)
    assert [role for role, _ in parts] == [Role.PAGE] * 2
    assert not omissions
    for number, (_, data) in enumerate(parts, 1):
        with tifffile.TiffFile(io.BytesIO(data)) as copy, tifffile.TiffFile(io.BytesIO(buffer.getvalue())) as whole:
            assert len(copy.pages) == 1
            assert np.array_equal(copy.asarray(), whole.pages[number].asarray())
        if writing != "jpeg":
            assert np.array_equal(colours(data), np.asarray(images[number]))
        assert read(data, pages) == ([], [])


def test_a_page_has_the_same_bytes_wherever_it_stands() -> None:
    one = tiff_of(PLAIN, OTHER)
    other = tiff_of(scene(50, 40, 5), scene(60, 40, 6), OTHER)
    assert read(one, pages)[0][0] == read(other, pages)[0][1]


def test_pages_within_a_page_are_parts() -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as made:
        made.write(np.asarray(PLAIN), photometric="rgb", subifds=1)
        made.write(np.asarray(OTHER), photometric="rgb")
    (part,) = read(buffer.getvalue(), pages)[0]
    assert np.array_equal(colours(part[1]), np.asarray(OTHER))


def test_a_chain_of_directories_that_is_a_circle_ends() -> None:
    made = bytearray(encoded(PLAIN, "TIFF"))
    (first,) = struct.unpack_from("<I", made, 4)
    (count,) = struct.unpack_from("<H", made, first)
    struct.pack_into("<I", made, first + 2 + 12 * count, first)
    assert read(bytes(made), pages) == ([], [])


def test_each_further_image_of_a_heic_is_a_part() -> None:
    images = [scene(160, 128, seed) for seed in (1, 2, 3)]
    parts, omissions = read(heif_of(images), heif_images)
    assert [role for role, _ in parts] == [Role.PAGE] * 2
    assert not omissions
    for image, (_, data) in zip(images[1:], parts, strict=True):
        assert np.abs(colours(data).astype(int) - np.asarray(image)).mean() < 6


def test_a_small_picture_in_the_exif_of_a_heic_is_a_part_where_it_shows_something_else() -> None:
    whole = scene(640, 480, 4)
    small = _small(whole)

    def with_exif(image: Image.Image) -> bytes:
        buffer = io.BytesIO()
        pillow_heif.from_pillow(image).save(buffer, exif=_exif_with(small))
        return buffer.getvalue()

    assert read(with_exif(whole), heif_images) == ([], [])
    assert read(with_exif(whole.crop((0, 0, 260, 200))), heif_images) == ([(Role.THUMBNAIL, small)], [])


def test_further_images_of_an_avif_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(PICTURES["avif"](), heif_images) == ([], [])
    moving = encoded(PLAIN, "AVIF", speed=10, save_all=True, append_images=[OTHER.resize(PLAIN.size)])
    assert read(moving, heif_images) == ([], [])
    monkeypatch.setattr("pillow_heif.HeifFile.__len__", lambda _: 3)
    assert read(PICTURES["avif"](), heif_images) == ([], ["2 further images of an AVIF"])


# --- a few bytes before -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"3a7f\r\n", bytes(128), b"x" * LEAD_BYTES])
@pytest.mark.parametrize("name", [name for name in PICTURES if name != "bmp"])
def test_a_picture_behind_a_few_bytes_is_found(name: str, lead: bytes, tmp_path: Path) -> None:
    data = PICTURES[name]()
    path = tmp_path / "file"
    path.write_bytes(lead + data)
    found = fingerprint(path)
    (tmp_path / "plain").write_bytes(data)
    plain = fingerprint(tmp_path / "plain")
    assert isinstance(found, PictureFingerprints)
    assert isinstance(plain, PictureFingerprints)
    assert (found.pdq, found.media_type) == (plain.pdq, plain.media_type)
    assert (found.sha256, found.size) != (plain.sha256, plain.size)


@pytest.mark.parametrize(
    "data", [b"About GIF89a and JPEG.", b"x" * (LEAD_BYTES + 1) + b"\x89PNG\r\n\x1a\n", bytes(3000)]
)
def test_other_content_is_not_taken_for_a_picture(data: bytes) -> None:
    assert behind_a_lead(data) is None


# --- outside vectors, and in a worker ---------------------------------------------------------------------------------


def test_the_vectors_give_their_parts(vectors: Path) -> None:
    folder = vectors / "files"
    motion = read((folder / "03a-motion-photo.jpg").read_bytes(), behind)[0]
    assert motion == [(Role.FILM, (folder / "base" / "clipB.mp4").read_bytes())]
    stream = read((folder / "03b-four-jpegs-one-behind-the-other.mjpeg").read_bytes(), behind)[0]
    assert [role for role, _ in stream] == [Role.PICTURE] * 3
    assert len(read((folder / "03c-two-pages.tif").read_bytes(), pages)[0]) == 1
    right = fingerprint(folder / "base" / "A.jpg")
    found = fingerprint(folder / "09b-newline-before.jpg")
    assert isinstance(right, PictureFingerprints)
    assert isinstance(found, PictureFingerprints)
    assert distance(right.pdq, found.pdq) <= 10


_CONFINED = """
import os, sys
from node.media import confine, picture_decoding, shortage
from node.media.kinds import READERS, prepare
from node.media.parts.part import Part
from node.media.region import Region
from node.media.seccomp import Ports
picture_decoding.prepare(); prepare(); shortage.usage()
from node.media.picture import warm
warm()
files = [os.open(name, os.O_RDONLY) for name in sys.argv[2:]]
import tempfile
scratch = tempfile.TemporaryFile()
confine.confine(Ports(tasks=0, written=(1, 2, 1), scratch=scratch.fileno()), 1 << 20)
told = []
for file in files:
    for reader in READERS[sys.argv[1]]:
        for found in reader(Region(file)):
            content = found.content if isinstance(found, Part) else None
            if isinstance(content, Region):
                told.append(content.size)
            else:
                told.append(len(found.reason) if content is None else sum(map(len, content)))
os.write(1, " ".join(map(str, told)).encode())
os._exit(0)
"""


@pytest.mark.parametrize(
    ("media_type", "make"),
    [
        ("image/jpeg", lambda: _jpeg_with(OTHER, _exif_with(_small(PLAIN))) + encoded(OTHER, "JPEG") + film()),
        ("image/tiff", lambda: tiff_of(PLAIN, OTHER)),
        ("image/heic", lambda: heif_of([PLAIN, OTHER])),
        ("image/png", lambda: CARRIERS["exif of a png"](OTHER, _small(PLAIN)) + archive()),
    ],
)
def test_a_confined_worker_finds_the_same_parts(tmp_path: Path, media_type: str, make: Callable[[], bytes]) -> None:
    path = tmp_path / "file"
    path.write_bytes(make())
    sizes: list[int] = []
    for reader in READERS[media_type]:
        parts, omissions = read(make(), reader)
        sizes += [len(data) for _, data in parts] + [len(words) for words in omissions]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    told = subprocess.run(
        [sys.executable, "-c", _CONFINED, media_type, path], check=True, capture_output=True, env=environment
    )
    assert [int(size) for size in told.stdout.split()] == sizes
    assert sizes


def test_every_media_type_that_has_readers_is_one_that_is_decoded(tmp_path: Path) -> None:
    for name, make in PICTURES.items():
        path = tmp_path / name
        path.write_bytes(make())
        with path.open("rb") as file:
            assert kind_of(Region(file.fileno())).readers, name
