"""A lack of our own resources: told from damage, whatever decoder hides it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import av.error
import pillow_heif
import pytest
from PIL import Image

from node.domain.material import VideoFingerprints
from node.errors import MediaError
from node.media import shortage
from node.media.confine import MEMORY_BYTES
from node.media.shortage import AT_ONCE_BYTES, FILES, MEMORY, PERMISSION, THREADS, Shortage, lack_in
from tests.unit.media.pictures import encoded, scene
from tests.unit.media.reading import fingerprint
from tests.unit.media.soak import SMALL, broken
from tests.unit.media.starved import MEGABYTES
from tests.unit.media.videos import Scene, write_video

pillow_heif.register_heif_opener()
LARGE = (900, 700)


def picture(folder: Path, name: str, kind: str, **options: object) -> Path:
    file = folder / name
    image = scene(*LARGE)
    file.write_bytes(encoded(image.convert("P") if kind == "GIF" else image, kind, **options))
    return file


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A file of each kind, none of them damaged."""
    folder = tmp_path_factory.mktemp("healthy")
    tag = Image.Exif()
    tag[0x0112] = 6
    files = [
        picture(folder, "plain.jpg", "JPEG", exif=tag),
        picture(folder, "progressive.jpg", "JPEG", progressive=True),
        picture(folder, "png", "PNG"),
        picture(folder, "gif", "GIF"),
        picture(folder, "webp", "WEBP", method=0),
        picture(folder, "tiff", "TIFF"),
        picture(folder, "avif", "AVIF", speed=10),
        picture(folder, "heic", "HEIF"),
    ]
    frames = [scene(600, 450, seed) for seed in range(3)]
    for kind in ("GIF", "WEBP", "PNG"):
        files.append(folder / f"moving-{kind}")
        files[-1].write_bytes(encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100))
    files += [
        write_video(folder / f"video{suffix}", Scene(1, size=(640, 360)), seconds=0.5)
        for suffix in (".mp4", ".webm", ".avi", ".ts")
    ]
    return files


def starved(of: str, files: list[Path]) -> list[dict[str, Any]]:
    """What is said of each file in want of MEMORY or of THREADS."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.unit.media.starved", of, *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_however_little_memory_there_is_no_healthy_file_is_called_damaged(healthy: list[Path]) -> None:
    """Each file, decoded with room for nothing, for a part of it, for nearly all: the result is right, or is told to be
    for want of memory, so that the file is tried again.
    """
    lines = starved("MEMORY", healthy)
    whole = {line["file"]: line["reply"] for line in lines if line["megabytes"] == MEGABYTES[0]}
    assert whole.keys() == {file.name for file in healthy}
    assert not [reply for reply in whole.values() if '"note": ""' not in reply]
    lacking = [line for line in lines if line["reply"] != whole[line["file"]]]
    assert {line["file"] for line in lacking} == whole.keys()
    assert [line for line in lacking if line["error"] not in {"Shortage", "MemoryError"}] == []


def test_without_a_thread_no_healthy_file_is_called_damaged(healthy: list[Path]) -> None:
    """HEIC alone is decoded with one more."""
    with tempfile.TemporaryDirectory() as folder:  # not the test's own, which no other user may enter
        Path(folder).chmod(0o755)
        lines = starved("THREADS", [Path(shutil.copy(file, folder)) for file in healthy])
    assert {line["file"] for line in lines} == {file.name for file in healthy}
    assert {line["file"]: line["error"] for line in lines if line["error"]} == {"heic": "Shortage"}
    (said,) = (json.loads(line["reply"])["error"] for line in lines if line["error"])
    assert said == f"damaged HEIC: it cannot be decoded, or decoding it {THREADS}"


@pytest.mark.parametrize(
    ("error", "lack"),
    [
        (MemoryError(), MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), MEMORY),
        (av.error.MemoryError(errno.ENOMEM, "Cannot allocate memory"), MEMORY),
        (OSError("out of memory error when reading image file"), MEMORY),
        (SyntaxError("Memory allocation error: cannot get memory"), MEMORY),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), THREADS),
        (av.error.BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), THREADS),
        (RuntimeError("can't start new thread"), THREADS),
        (OSError(errno.EMFILE, "Too many open files"), FILES),
        (OSError(errno.ENFILE, "Too many open files in system"), FILES),
        (OSError(errno.EIO, "Input/output error"), ""),
        (av.error.PermissionError(errno.EPERM, "Operation not permitted"), ""),  # FFmpeg's -1: any damage
        (PermissionError(errno.EPERM, "Operation not permitted"), PERMISSION),
        (av.error.InvalidDataError(1094995529, "Invalid data found when processing input"), ""),
        (SyntaxError("Memory allocation error: Security limit exceeded"), ""),
        (ValueError("broken"), ""),
    ],
    ids=lambda value: f"{type(value).__module__}-{value!r}" if isinstance(value, Exception) else "",
)
def test_an_error_that_states_a_lack_is_known(error: Exception, lack: str) -> None:
    assert lack_in(error) == lack


@pytest.mark.parametrize(("peak", "lack"), [(MEMORY_BYTES - AT_ONCE_BYTES + 1, MEMORY), (AT_ONCE_BYTES, "")])
def test_ffmpeg_lacked_memory_only_where_it_was_nearly_full(
    monkeypatch: pytest.MonkeyPatch, peak: int, lack: str
) -> None:
    """It states the same for a packet whose length makes no sense: that is the file's fault."""
    monkeypatch.setattr("resource.getrlimit", lambda _kind: (MEMORY_BYTES, MEMORY_BYTES))
    monkeypatch.setattr(shortage, "usage", lambda: shortage.Usage(now_bytes=0, peak_bytes=peak, threads=1))
    assert lack_in(av.error.MemoryError(errno.ENOMEM, "Cannot allocate memory")) == lack
    assert lack_in(MemoryError()) == MEMORY


def test_an_error_that_was_raised_for_a_lack_is_known() -> None:
    """Pillow takes a plugin's error for a header that it cannot read."""
    error = SyntaxError("")
    error.__context__ = ValueError()
    error.__context__.__context__ = MemoryError()
    assert lack_in(error) == MEMORY


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EMFILE, errno.ENFILE])
def test_a_file_that_cannot_be_opened_for_want_of_something_is_not_taken_for_another_kind(
    healthy: list[Path], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    opening = os.open

    def refuse_once(*arguments: object) -> int:
        monkeypatch.setattr("os.open", opening)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.open", refuse_once)
    with pytest.raises(Shortage) as caught:
        fingerprint(healthy[-1])
    assert str(caught.value) == f"cannot be read: {os.strerror(number).lower()}"
    assert caught.value.remedy


def test_a_tag_that_cannot_be_read_for_want_of_memory_does_not_turn_a_picture(
    healthy: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its tag the picture would have other hashes."""

    def exhausted(_self: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "getexif", exhausted)
    with pytest.raises(Shortage, match=MEMORY):
        fingerprint(healthy[0])


def test_a_damaged_video_in_a_worker_that_may_lack_something_keeps_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, cut = broken(tmp_path, [write_video(tmp_path / "clip.mp4", SMALL, seconds=1.2)])
    plain = fingerprint(cut)
    assert isinstance(plain, VideoFingerprints)
    assert plain.note.startswith("damaged")
    monkeypatch.setattr("node.media.video.suspected", lambda: MEMORY)
    with pytest.raises(Shortage) as caught:
        fingerprint(cut)
    left = caught.value.left
    assert isinstance(left, VideoFingerprints)
    assert left.frames == plain.frames
    assert left.note == f"{plain.note}, or decoding it {MEMORY}"


def test_a_damaged_file_is_called_so_where_nothing_was_lacking(healthy: list[Path], tmp_path: Path) -> None:
    hole = tmp_path / "hole"
    hole.write_bytes(healthy[2].read_bytes()[:2_000] + bytes(8_000))
    with pytest.raises(MediaError, match="PNG") as caught:
        fingerprint(hole)
    assert not isinstance(caught.value, Shortage)
