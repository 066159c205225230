"""What a film is, is told by its content: raw streams, segments, recordings of every kind, whatever stands in front."""

from __future__ import annotations

import re
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.material import VideoFingerprints
from node.media.containers import container_behind, container_of
from node.media.kinds import kind_of
from node.media.sniff import HEAD
from tests.conftest import absent
from tests.kinds.films import RATE, SCENE, SIZE, film, findable, video
from tests.unit.media.reading import examined, streaming
from tests.unit.media.videos import pixels_of, write_video

RAW = {
    "h264": ("libx264", "video/h264"),
    "hevc": ("libx265", "video/h265"),
    "m4v": ("mpeg4", "video/mp4v-es"),
    "mpeg1video": ("mpeg1video", "video/mpeg"),
    "mpeg2video": ("mpeg2video", "video/mpeg"),
    "ivf": ("libvpx", "video/x-ivf"),
    "obu": ("libsvtav1", "video/av1"),
    "mxf": ("mpeg2video", "video/mxf"),
    "rm": ("rv10", "video/vnd.rn-realvideo"),
    "nut": ("mpeg4", "video/x-nut"),
    "yuv4mpegpipe": ("wrapped_avframe", "video/x-yuv4mpeg"),
    "dv": ("dvvideo", "video/dv"),
    "wtv": ("mpeg2video", "video/x-ms-wtv"),
    "dvd": ("mpeg2video", "video/mpeg"),
    "swf": ("flv", "application/vnd.adobe.flash.movie"),
}
"""FFmpeg's names of formats and encoders, and the media types by which they are known."""
SIZES = {"dv": (720, 576), "rm": (176, 144), "vcd": (352, 288)}
RATES = {"dv": 25, "mpeg1video": 25, "mpeg2video": 25, "dvd": 25, "mxf": 25, "wtv": 25, "vcd": 25}


def write(path: Path, container: str, codec: str, seconds: float = 4) -> Path:
    """A film in one of FFmpeg's formats."""
    rate, size = RATES.get(container, RATE), SIZES.get(container, SIZE)
    try:
        with av.open(str(path), "w", format=container) as made:
            stream = made.add_stream(codec, rate=rate)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
            for number in range(int(seconds * rate)):
                frame = av.VideoFrame.from_ndarray(pixels_of(SCENE, number / rate, size))
                frame.pts, frame.time_base = number, Fraction(1, rate)
                made.mux(stream.encode(frame))
            made.mux(stream.encode(None))
    except (av.FFmpegError, ValueError) as error:
        absent(f"this FFmpeg writes no {container} with {codec}: {error}")
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> VideoFingerprints:
    folder = tmp_path_factory.mktemp("clip")
    return video(write_video(folder / "clip.mkv", SCENE, seconds=4, size=SIZE))


@pytest.mark.parametrize("container", sorted(RAW))
def test_films_without_a_common_container_are_told_by_their_content(
    tmp_path: Path, clip: VideoFingerprints, container: str
) -> None:
    codec, media_type = RAW[container]
    found = video(write(tmp_path / "evidence.jpg", container, codec))
    assert found.media_type == media_type
    assert findable(found, clip)


@pytest.mark.parametrize("container", ["h264", "hevc", "m4v", "mpeg2video", "dvd"])
@pytest.mark.parametrize("lead", [b"\x00\x00\x00\x00", b"\r\n", bytes(2_048), b"\xab\xcd" * 1_000])
def test_what_stands_in_front_of_a_stream_does_not_hide_it(
    tmp_path: Path, clip: VideoFingerprints, container: str, lead: bytes
) -> None:
    path = write(tmp_path / "film", container, RAW[container][0])
    path.write_bytes(lead + path.read_bytes())
    assert findable(video(path), clip)


@pytest.mark.parametrize("size", [188, 192, 204])
@pytest.mark.parametrize("skipped", [1, 50, 100, 187])
def test_a_transport_stream_may_begin_within_a_packet(
    tmp_path: Path, clip: VideoFingerprints, size: int, skipped: int
) -> None:
    """Of camcorders with four bytes before each packet, of receivers with 16 behind it."""
    data = film(tmp_path, "ts")
    before, behind = (size - 188) % 16, (size - 188) // 16 * 16
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    path = tmp_path / "adrift"
    path.write_bytes(b"".join(bytes(before) + packet + bytes(behind) for packet in packets)[skipped:])
    found = video(path)
    assert found.media_type == "video/mp2t"
    assert findable(found, clip)
    assert "begins within a packet: what came before is missing" in found.note


@pytest.mark.parametrize("name", ["avi", "mp4-table-last", "mkv", "flv", "wmv"])
def test_a_film_of_a_container_behind_a_few_bytes_is_read(tmp_path: Path, clip: VideoFingerprints, name: str) -> None:
    data = film(tmp_path, name)
    path = tmp_path / "behind"
    path.write_bytes(b"\x00\x0d\x0a\xff\x00\x01" * 2 + data)
    found = video(path)
    assert findable(found, clip)
    assert found.note == "it begins 12 bytes after the start of the file"


@pytest.mark.parametrize("container", ["mpeg1video", "mpeg2video", "dv"])
def test_a_stream_without_its_beginning_says_what_is_missing(
    tmp_path: Path, clip: VideoFingerprints, container: str
) -> None:
    path = write(tmp_path / "film", container, RAW[container][0])
    path.write_bytes(path.read_bytes()[3_000:])
    found = video(path)
    assert findable(found, clip)
    assert re.match("its first [0-9]+ bytes could not be decoded", found.note)


def test_a_flash_program_that_is_cut_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "film", "swf", "flv")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert video(path).note.startswith("cut short")
    assert container_of(b"FWS") is None
    assert container_of(b"CWS, the society of letters") is None


def test_a_segment_with_its_table_may_begin_with_its_own_type(tmp_path: Path, clip: VideoFingerprints) -> None:
    data = film(tmp_path, "mp4-segments")
    path = tmp_path / "segment"
    path.write_bytes(struct.pack(">I4s4sI4s", 20, b"styp", b"msdh", 0, b"msdh") + data)
    assert video(path).media_type == "video/mp4"
    assert findable(video(path), clip)


def test_a_film_from_before_file_types_is_read(tmp_path: Path, clip: VideoFingerprints) -> None:
    data = film(tmp_path, "mp4-table-last")
    length = int.from_bytes(data[:4], "big")
    path = tmp_path / "old"
    path.write_bytes(struct.pack(">I4s", length, b"free") + bytes(length - 8) + data[length:])
    assert findable(video(path), clip)


def video_cd(data: bytes) -> bytes:
    """The sectors of a film as Windows copies them from a Video CD: 2,352 bytes, of which 2,324 are the film's, one
    pack each.
    """
    sectors = b""
    for at in range(0, len(data), 2_048):
        part = data[at : at + 2_048].ljust(2_324, b"\x00")
        head = b"\x00" + b"\xff" * 10 + b"\x00" + b"\x00\x02\x00\x02" + b"\x01\x01\x62\x0f" * 2
        sectors += head + part + b"\xed\xcc" * 2
    body = b"CDXAfmt " + struct.pack("<I", 16) + bytes(16) + b"data" + struct.pack("<I", len(sectors)) + sectors
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_a_video_cd_is_read(tmp_path: Path, clip: VideoFingerprints) -> None:
    path = write(tmp_path / "film", "vcd", "mpeg1video")
    path.write_bytes(video_cd(path.read_bytes()))
    found = video(path)
    assert found.media_type == "video/mpeg"
    assert findable(found, clip)


@given(seed=st.integers(0, 2**32 - 1))
def test_noise_is_no_film(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(np.random.default_rng(seed).integers(0, 256, 200_000, dtype=np.uint8).tobytes())
    with streaming(path) as region:
        assert container_of(region.head(HEAD)) is None
        assert container_behind(region) is None


@pytest.mark.parametrize(
    "lead", [b"PK\x03\x04", b"%PDF-1.7\n", b"Rar!\x1a\x07\x00", b"\x7fELF", b"SQLite format 3\x00"]
)
def test_a_film_within_another_kind_of_file_does_not_decide_what_the_file_is(tmp_path: Path, lead: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(lead + bytes(100) + film(tmp_path, "mpg"))
    with streaming(path) as region:
        assert kind_of(region).film is None


def test_a_vector_of_a_video_cd_is_no_sound_recording(vectors: Path) -> None:
    assert "sound" not in examined(vectors / "files" / "15-video-cd-head.dat").note
