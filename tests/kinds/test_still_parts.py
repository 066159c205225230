"""What lies behind a still in its file is a part of it, and a still is found behind a few bytes."""

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.material import PictureFingerprints
from node.domain.parts import Role
from node.media.decode import decode_picture
from node.media.kinds import READERS, kind_of
from node.media.parts.behind import behind
from node.media.parts.heif_images import heif_images
from node.media.parts.pages import pages
from node.media.parts.thumbnail import thumbnails
from node.media.region import Region
from node.media.tolerance import LEAD_BYTES, behind_a_lead
from tests.kinds.still_parts import (
    BEHIND,
    CARRIERS,
    OTHER,
    PICTURES,
    PLAIN,
    archive,
    exif_with,
    film,
    jpeg_with,
    read,
    small_of,
    tiff_of,
)
from tests.unit.media.hostile import heif_of
from tests.unit.media.pictures import distance, encoded, scene
from tests.unit.media.reading import fingerprint


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
        ("image/jpeg", lambda: jpeg_with(OTHER, exif_with(small_of(PLAIN))) + encoded(OTHER, "JPEG") + film()),
        ("image/tiff", lambda: tiff_of(PLAIN, OTHER)),
        ("image/heic", lambda: heif_of([PLAIN, OTHER])),
        ("image/png", lambda: CARRIERS["exif of a png"](OTHER, small_of(PLAIN)) + archive()),
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
