"""All that is in a film is looked at: every stream, what an edit list hides, its cover and what is attached to it."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import pytest

from node.domain.material import VideoFingerprints
from node.domain.parts import Role
from node.media.parts import streams
from node.media.parts.part import Omission, Part
from tests.kinds.films import OTHER, RATE, SCENE, SIZE, film, findable, video
from tests.unit.media.reading import streaming
from tests.unit.media.videos import Scene, pixels_of, write_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> VideoFingerprints:
    """What is looked for: a film of its own."""
    folder = tmp_path_factory.mktemp("clip")
    (folder / "clip").write_bytes(film(folder, "mkv"))
    return video(folder / "clip")


def pictures_of(scene: Scene, seconds: float) -> list[av.VideoFrame]:
    return [av.VideoFrame.from_ndarray(pixels_of(scene, number / RATE, SIZE)) for number in range(int(seconds * RATE))]


def write_streams(path: Path, container: str, *tracks: tuple[str, Scene, float, float]) -> Path:
    """A film with several streams of pictures: (coding, scene, seconds, when it begins) of each."""
    with av.open(str(path), "w", format=container) as made:
        packets: list[av.Packet[av.VideoStream]] = []
        for codec, scene, seconds, begins in tracks:
            stream = cast("av.VideoStream", made.add_stream(codec, rate=RATE))
            stream.width, stream.height = SIZE
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.time_base = Fraction(1, RATE)
            encoded = []
            for number, frame in enumerate(pictures_of(scene, seconds)):
                frame.pts, frame.time_base = number + int(begins * RATE), Fraction(1, RATE)
                encoded += stream.encode(frame)
            packets += [*encoded, *stream.encode(None)]
        made.start_encoding()
        for packet in sorted(packets, key=lambda each: (each.dts or 0) * (each.time_base or 0)):
            made.mux(packet)
    return path


@pytest.mark.parametrize(
    ("container", "tracks"),
    [
        ("mp4", [("libx264", OTHER, 4, 0), ("libx264", SCENE, 8, 0)]),
        ("mp4", [("libx264", OTHER, 8, 0), ("mpeg4", SCENE, 8, 0)]),
        ("mov", [("mjpeg", OTHER, 0.1, 0), ("libx264", SCENE, 8, 0)]),
        ("avi", [("snow", OTHER, 2, 0), ("mpeg4", SCENE, 8, 0)]),
        ("matroska", [("libx264", OTHER, 12, 0), ("libx264", SCENE, 8, 3)]),
        ("mpegts", [("libx264", OTHER, 8, 0), ("mpeg4", SCENE, 8, 0)]),
    ],
)
def test_a_clip_that_is_any_stream_of_a_film_is_found(
    tmp_path: Path, clip: VideoFingerprints, container: str, tracks: list[tuple[str, Scene, float, float]]
) -> None:
    found = video(write_streams(tmp_path / "film", container, *tracks))
    assert findable(found, clip)
    assert "streams of pictures" in found.note
    times = [frame.at for frame in found.frames]
    assert times == sorted(times)


def test_the_longest_stream_is_the_film(tmp_path: Path) -> None:
    found = video(write_streams(tmp_path / "film", "mp4", ("libx264", OTHER, 2, 0), ("libx264", SCENE, 6, 0)))
    assert found.milliseconds == 5_900
    assert found.note == "the frames of 2 streams of pictures are kept together"


@pytest.mark.parametrize("between", [b"", bytes(188 * 40_000), bytes(1_000)])
@pytest.mark.parametrize("size", [188, 192])
def test_a_recording_behind_another_in_a_transport_stream_is_found(
    tmp_path: Path, clip: VideoFingerprints, between: bytes, size: int
) -> None:
    """With identifiers of its own, as a receiver gives them after a change of channel."""
    first = write_video(tmp_path / "first.ts", OTHER, seconds=4, size=SIZE).read_bytes()
    own = {"mpegts_start_pid": "0x200", "mpegts_pmt_start_pid": "0x1100", "mpegts_service_id": "7"}
    second = write_video(tmp_path / "second.ts", SCENE, seconds=8, size=SIZE, codec="mpeg4", options=own).read_bytes()
    path = tmp_path / "both"
    packets = [data[at : at + 188] for data in (first, between, second) for at in range(0, len(data), 188)]
    path.write_bytes(b"".join(bytes(size - 188) + packet for packet in packets))
    found = video(path)
    assert findable(found, clip)
    assert "the frames of 2 streams of pictures are kept together" in found.note


def hide(data: bytes, seconds: float, begins: float) -> bytes:
    """The same MP4 with an edit list that shows `seconds` from `begins` on (ISO/IEC 14496-12, 8.6.6)."""
    at = data.index(b"elst")
    scale = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0]
    whole = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)[0]
    edited = bytearray(data)
    struct.pack_into(">Ii", edited, at + 12, int(seconds * whole), int(begins * scale))
    return bytes(edited)


@pytest.mark.parametrize("name", ["mp4", "mp4-table-last"])
def test_what_an_edit_list_hides_is_found(tmp_path: Path, clip: VideoFingerprints, name: str) -> None:
    hidden = tmp_path / "hidden"
    hidden.write_bytes(hide(film(tmp_path, name), 2.0, 4.0))
    found = video(hidden)
    assert found.milliseconds < 2_500
    assert findable(found, clip)
    assert "its edit list hides 6.0 seconds: they were read too" in found.note


def jpeg(scene: Scene) -> bytes:
    data = io.BytesIO()
    scene.picture(1).save(data, "JPEG", quality=95)
    return data.getvalue()


def written_with(path: Path, source: Path, picture: bytes) -> Path:
    """The film with a cover (MP4), or with attached files (Matroska)."""
    with av.open(str(source)) as given, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0])
        cover = None
        if path.suffix == ".mkv":
            made.add_attachment("face.ttf", "application/x-truetype-font", b"font")
            made.add_attachment("list.zip", "application/zip", b"zip")
            made.add_attachment("poster.jpg", "image/jpeg", picture)
        else:
            cover = made.add_stream("mjpeg")
            cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
            cover.disposition = av.stream.Disposition.attached_pic
        for packet in given.demux(video=0):
            if cover is not None:
                attached = av.Packet(picture)
                attached.stream, attached.pts, attached.dts = cover, 0, 0
                made.mux(attached)
                cover = None
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_covers_and_attached_files_are_parts_byte_for_byte_and_fonts_are_not(tmp_path: Path, suffix: str) -> None:
    source = write_video(tmp_path / "source.mp4", SCENE, seconds=2, size=SIZE)
    picture = jpeg(OTHER)
    with streaming(written_with(tmp_path / f"film{suffix}", source, picture)) as region:
        parts = [part for part in streams.read(region) if isinstance(part, Part)]
        found = {part.role: (part.name, b"".join(cast("list[bytes]", part.content))) for part in parts}
    assert found[Role.PICTURE][1] == picture
    if suffix == ".mkv":
        assert found == {Role.PICTURE: ("poster.jpg", picture), Role.ATTACHMENT: ("list.zip", b"zip")}
    assert video(tmp_path / f"film{suffix}").frames == video(source).frames


def test_a_film_that_cannot_be_read_leaves_its_parts_out_and_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x1aE\xdf\xa3\x93B\x82\x88matroskaB\x87\x81\x04B\x85\x81\x02" + bytes(100))
    with streaming(broken) as region:
        assert all(isinstance(part, Omission) for part in streams.read(region))
