"""Films that are cut, damaged or begin somewhere: what FFmpeg can show of them is found, and what is lost is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from node.domain.material import DigestFingerprints, VideoFingerprints
from node.media.containers import container_of
from node.media.sniff import HEAD
from tests.kinds.films import FILMS, film, findable, frames_by_ffmpeg, note_of, share_found, video
from tests.unit.media.reading import examined

LEAST = 0.85
"""The share of seconds that are found: of 8, one may show nothing but what the decoder made up."""
NEARLY_ALL = 0.95
"""Of fewer frames that are missing in one place nothing is said: telephones leave as many out."""
STREAMS = ("ts", "ts-mpeg2", "mpg")
"""Films that can be read from anywhere."""
SAYS_NO_END = ("ts",)
"""Films that do not say where they end, or how long they are, in a way that tells of a cut everywhere."""


def half(data: bytes) -> bytes:
    """A little more than half: exactly half may be the end of a fragment, and then nothing says that there was more."""
    return data[: len(data) * 9 // 16]


def four_kilobytes(data: bytes) -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, 4_096, dtype=np.uint8).tobytes()
    return data[: len(data) // 2] + noise + data[len(data) // 2 + 4_096 :]


def zeros(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes(len(data) // 6) + data[len(data) // 2 + len(data) // 6 :]


def last_bytes_missing(data: bytes) -> bytes:
    return data[:-200]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@lru_cache(maxsize=32)
def whole_film(folder: Path, name: str) -> tuple[VideoFingerprints, int]:
    """What Vigil makes of a film before it is harmed, and how many frames FFmpeg shows of it."""
    whole = folder / f"whole-{name}"
    whole.write_bytes(film(folder, name))
    return video(whole), len(frames_by_ffmpeg(whole))


def is_found(found: VideoFingerprints, path: Path) -> bool:
    """Whether nearly all that a plain FFmpeg shows is near what was sampled."""
    known = container_of(path.read_bytes()[:HEAD])
    assert known is not None
    return share_found(found, frames_by_ffmpeg(path, known.demuxer)) >= LEAST


@pytest.mark.parametrize("harm", [half, four_kilobytes, zeros])
@pytest.mark.parametrize("name", sorted(set(FILMS) - {"mp4-table-last", "mov"}))
def test_what_can_be_seen_of_a_damaged_film_is_found_and_the_damage_is_said(
    folder: Path, tmp_path: Path, name: str, harm: Callable[[bytes], bytes]
) -> None:
    sound, frames = whole_film(folder, name)
    harmed = tmp_path / "harmed"
    harmed.write_bytes(harm(film(folder, name)))
    found = video(harmed)
    assert sound.note == ""
    assert findable(found, sound)
    assert is_found(found, harmed)
    shown = len(frames_by_ffmpeg(harmed)) / frames
    assert found.note or shown >= NEARLY_ALL or (harm is half and name in SAYS_NO_END)


@pytest.mark.parametrize("harm", [four_kilobytes, zeros])
@pytest.mark.parametrize("name", ["mp4-table-last", "mov"])
def test_an_mp4_with_its_table_last_is_read_past_damage(
    folder: Path, tmp_path: Path, name: str, harm: Callable[[bytes], bytes]
) -> None:
    harmed = tmp_path / "harmed"
    harmed.write_bytes(harm(film(folder, name)))
    found = video(harmed)
    assert is_found(found, harmed)
    assert found.note.startswith("damaged: about ")


def test_an_mp4_without_its_table_has_its_digests_and_says_what_is_missing(folder: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(half(film(folder, "mp4-table-last")))
    found = examined(cut)
    assert isinstance(found, DigestFingerprints)
    assert found.note.startswith("truncated MP4: the table (moov)")


def test_a_segment_without_its_beginning_says_so(folder: Path, tmp_path: Path) -> None:
    data = film(folder, "mp4-fragments")
    segment = tmp_path / "segment"
    segment.write_bytes(data[data.index(b"moof") - 4 :])
    found = examined(segment)
    assert isinstance(found, DigestFingerprints)
    assert "it is a later segment of a film" in found.note


@pytest.mark.parametrize("name", ["mkv", "ts", "avi", "mp4-fragments"])
@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_film_that_ends_after_any_tenth_keeps_what_it_has(
    folder: Path, tmp_path: Path, name: str, tenth: int
) -> None:
    data = film(folder, name)
    cut = tmp_path / "cut"
    cut.write_bytes(data[: len(data) * tenth // 10])
    found = examined(cut)
    if isinstance(found, VideoFingerprints):
        assert is_found(found, cut)
    else:
        assert tenth == 1
        assert not frames_by_ffmpeg(cut)
    assert found.note or name in SAYS_NO_END


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("part", [0.1, 0.37, 0.5, 0.8])
def test_a_stream_that_begins_anywhere_is_read_from_there(folder: Path, tmp_path: Path, name: str, part: float) -> None:
    data = film(folder, name)
    tail = tmp_path / "tail"
    tail.write_bytes(data[int(len(data) * part) :])
    found = examined(tail)
    shown = frames_by_ffmpeg(tail, "mpeg" if name == "mpg" else "mpegts")
    if not shown:
        assert part == 0.8
        assert found.note
        return
    assert isinstance(found, VideoFingerprints)
    assert share_found(found, shown) >= LEAST
    assert part == 0.8 or findable(found, whole_film(folder, name)[0])


def test_zeros_that_fill_up_a_film_are_gone_past(folder: Path, tmp_path: Path) -> None:
    """More than a demuxer searches through at one go; as a disk leaves them where a cluster was lost."""
    data = film(folder, "ts")
    at = len(data) // 2 // 188 * 188
    filled = tmp_path / "filled"
    filled.write_bytes(data[:at] + bytes(8 << 20) + data[at:])
    found = video(filled)
    assert len(found.frames) >= len(whole_film(folder, "ts")[0].frames) - 1
    assert "damaged" in note_of(found)


def test_a_fragment_whose_head_is_damaged_costs_its_own_pictures_alone(folder: Path, tmp_path: Path) -> None:
    """Cut or damaged at any place in the head of the third fragment: FFmpeg alone opens none of these films."""
    data = film(folder, "mp4-segments")
    start = [found.start() - 4 for found in re.finditer(b"moof", data)][2]
    size = int.from_bytes(data[start : start + 4], "big")
    for place in (start + 12, start + size // 3, start + size // 2, start + size - 9):
        for number, harmed in enumerate(
            (data[:place], data[:place] + bytes(start + size - place) + data[start + size :])
        ):
            path = tmp_path / f"{place}-{number}"
            path.write_bytes(harmed)
            found = video(path)
            assert len(found.frames) >= 4, (place - start, number)
            assert found.note
