"""Videos with flipped, cut and made-up bytes: always a result or a `MediaError`, and the pool goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.material import MaterialFingerprints, VideoFingerprints
from node.errors import MediaError
from node.media import pool
from node.media.containers import container_of
from node.media.sniff import HEAD
from node.media.truncation import is_cut_short
from tests.unit.media.reading import fingerprint, of_files, streaming
from tests.unit.media.videos import Scene, write_video

SCENE = Scene(seed=5)
SUFFIXES = (".mp4", ".mkv", ".avi", ".ts", ".flv", ".webm", ".mpg", ".wmv", ".ogv")
ENDING = {".mp4", ".mkv", ".avi", ".webm", ".wmv", ".ogv", ".ts"}
"""Containers that say where they end."""
HEADERS = {
    "mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    "mkv": b"\x1aE\xdf\xa3\x93B\x82\x88matroskaB\x87\x81\x04B\x85\x81\x02",
    "avi": b"RIFF\xff\xff\x00\x00AVI LIST\x00\x10\x00\x00hdrlavih8\x00\x00\x00",
    "flv": b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00",
    "ogg": b"OggS\x00\x02",
    "mpg": b"\x00\x00\x01\xba",
    "asf": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A short, small film in each container."""
    folder = tmp_path_factory.mktemp("clips")
    sizes = {".mpg": 25}
    return {
        suffix: write_video(
            folder / f"clip{suffix}", SCENE, seconds=1, size=(64, 48), rate=sizes.get(suffix, 10)
        ).read_bytes()
        for suffix in SUFFIXES
    }


def outcome_of(file: Path) -> MaterialFingerprints | MediaError:
    """A result, or the `MediaError` that was raised; all else is raised on."""
    try:
        return fingerprint(file)
    except MediaError as error:
        return error


def result_of(data: bytes, file: Path) -> VideoFingerprints | MediaError:
    """What comes of these bytes. Anything but a result or a `MediaError` fails the test that asks."""
    file.write_bytes(data)
    found = outcome_of(file)
    if isinstance(found, MediaError):
        assert str(found).isascii()
        assert str(file) not in str(found)
        return found
    assert isinstance(found, VideoFingerprints)
    assert found.frames
    assert found.size == len(data)
    return found


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), suffix=st.sampled_from(SUFFIXES))
def test_bytes_that_were_changed_give_a_result_or_an_error_in_words(
    clips: dict[str, bytes], tmp_path: Path, data: st.DataObject, suffix: str
) -> None:
    whole = bytearray(clips[suffix])
    places = st.tuples(st.integers(12, len(whole) - 1), st.integers(0, 255))
    for at, value in data.draw(st.lists(places, min_size=1, max_size=40)):
        whole[at] = value
    cut = data.draw(st.integers(len(whole) // 4, len(whole)))
    result_of(bytes(whole[:cut]), tmp_path / "fuzzed")


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.sampled_from(sorted(HEADERS)), seed=st.integers(0, 2**32 - 1), length=st.integers(0, 20_000))
def test_random_bytes_behind_a_valid_header_give_an_error_in_words(
    tmp_path: Path, header: str, seed: int, length: int
) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, length, dtype=np.uint8).tobytes()
    file = tmp_path / "noise"
    file.write_bytes(HEADERS[header] + noise)
    with pytest.raises(MediaError):
        fingerprint(file)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.sampled_from([*HEADERS.values(), b"", b"\x1aE\xdf\xa3\xff", b"\x00\x00\x00\x01ftyp"]), rest=st.binary())
def test_a_length_in_front_is_read_without_a_fault(tmp_path: Path, head: bytes, rest: bytes) -> None:
    file = tmp_path / "any"
    file.write_bytes(head + rest)
    container_of((head + rest)[:HEAD])
    with streaming(file) as stream:
        cut = is_cut_short(stream)
    data = head + rest
    if data.startswith(b"RIFF"):
        assert cut is (int.from_bytes(data[4:8], "little") + 8 > len(data))
    if data.startswith((b"FLV", b"\x00\x00\x01\xba")):
        assert not cut  # neither states where it ends


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_whole_film_is_not_called_cut_short_and_half_of_it_is(
    clips: dict[str, bytes], tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / "film"
    for data, expected in ((clips[suffix], False), (clips[suffix][:-40], suffix in ENDING)):
        file.write_bytes(data)
        with streaming(file) as stream:
            assert is_cut_short(stream) is expected


def test_the_pool_outlives_hostile_videos(clips: dict[str, bytes], tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    files = []
    for number in range(24):
        data = bytearray(clips[SUFFIXES[number % len(SUFFIXES)]])
        if number % 3:
            for at in random.integers(12, len(data), 30):
                data[at] = int(random.integers(0, 256))
        files.append(tmp_path / f"{number:02}.bin")
        files[-1].write_bytes(data)
    results = of_files(pool.fingerprint_files(files, workers=2))
    assert [path for path, _ in results] == files
    whole = [result for number, (_, result) in enumerate(results) if not number % 3]
    assert len(whole) == 8
    assert all(isinstance(result, VideoFingerprints) and result.frames for result in whole)
