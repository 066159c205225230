"""One video, fingerprinted: the frames of the container's own pictures, upright, and an error in words for all else."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from node.domain.material import DigestFingerprints, VideoFingerprints
from node.errors import MediaError
from node.media import tracks, video
from node.media.allowance import Time, Wish
from node.media.containers import CONTAINERS, container_of
from node.media.pdq import pdq_hashes
from node.media.sniff import HEAD
from tests.unit.match.brute import distance
from tests.unit.media.allowance import Noted, unbounded
from tests.unit.media.reading import examined, fingerprint
from tests.unit.media.videos import CODECS, Edited, Scene, letterboxed, write_loud, write_sound, write_video

SCENE = Scene(seed=1)


def read(path: Path, allowed: Noted | None = None) -> VideoFingerprints:
    found = fingerprint(path, allowed or unbounded)
    assert isinstance(found, VideoFingerprints)
    return found


def refusal(path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        fingerprint(path)
    return str(caught.value)


def still(image: Image.Image) -> bytes:
    values = np.ascontiguousarray(np.asarray(image.convert("RGB")))
    return pdq_hashes(values.reshape(values.shape[0], -1), 3).orientations[0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4", SCENE, seconds=6)


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", sorted(CODECS))
def test_a_container_is_told_by_its_content_and_its_frames_are_those_of_the_scene(tmp_path: Path, suffix: str) -> None:
    size = (352, 288) if suffix == ".3gp" else (480, 270)
    written = write_video(tmp_path / f"film{suffix}", SCENE, seconds=5, size=size, rate=25 if suffix == ".mpg" else 10)
    nameless = written.rename(tmp_path / "evidence.jpg")
    container = container_of(nameless.read_bytes()[:HEAD])
    assert container is not None
    found = read(nameless)
    assert found.media_type == container.media_type
    assert (found.width, found.height) == size
    assert [frame.at // 1_000 for frame in found.frames] == [0, 1, 2, 3, 4]
    assert 4_700 <= found.milliseconds <= 5_000
    for frame in found.frames:
        assert distance(frame.pdq, still(SCENE.picture(frame.at / 1_000).resize(size))) <= 31
        assert frame.quality >= 50


def test_what_lies_in_a_letterbox_is_looked_for_and_not_kept(clip: Path, tmp_path: Path) -> None:
    boxed = read(write_video(tmp_path / "boxed.mp4", Edited(SCENE.seed, edit=letterboxed), seconds=6, size=(480, 358)))
    plain = read(clip)
    assert (boxed.width, boxed.height) == (480, 358)
    times = [frame.at for frame in (*plain.frames, *plain.between)]
    assert sorted(frame.at for frame in (*boxed.frames, *boxed.between)) == sorted(times * 2)
    assert [frame.at for frame in boxed.frames] == [frame.at for frame in plain.frames]
    whole = {frame.at: frame.pdq for frame in boxed.frames}
    for frame in plain.frames:
        inside = [other.pdq for other in boxed.between if other.at == frame.at]
        assert len(inside) == 1
        assert distance(inside[0], frame.pdq) <= 16
        assert distance(whole[frame.at], frame.pdq) > 31


def test_a_film_with_bars_of_its_own_is_looked_for_with_and_without_them(tmp_path: Path) -> None:
    def barred(image: Image.Image) -> Image.Image:
        return ImageOps.expand(image, (40, 0), "black")

    with_bars = Edited(SCENE.seed, edit=barred)
    plain = read(write_video(tmp_path / "bars.mp4", with_bars, seconds=3, size=(560, 270)))
    in_a_box = Edited(SCENE.seed, edit=lambda image: letterboxed(barred(image)))
    boxed = read(write_video(tmp_path / "boxed.mp4", in_a_box, seconds=3, size=(560, 358)))
    for frame in plain.frames:
        near = [distance(other.pdq, frame.pdq) for other in boxed.between if other.at == frame.at]
        assert len(near) == 3
        assert min(near) <= 16
        bare = still(SCENE.picture(frame.at / 1_000))
        assert min(distance(other.pdq, bare) for other in boxed.between if other.at == frame.at) <= 31


def test_every_media_type_is_one_of_a_video() -> None:
    others = {known.media_type for known in CONTAINERS if not known.media_type.startswith("video/")}
    assert others == {"application/vnd.adobe.flash.movie"}


def test_the_digests_are_those_of_the_file(clip: Path) -> None:
    found, data = read(clip), clip.read_bytes()
    assert found.size == len(data)
    assert found.md5 == hashlib.md5(data, usedforsecurity=False).digest()
    assert found.sha1 == hashlib.sha1(data, usedforsecurity=False).digest()
    assert found.sha256 == hashlib.sha256(data).digest()
    assert found.note == ""


def test_sound_beside_the_pictures_changes_nothing(clip: Path, tmp_path: Path) -> None:
    with_sound = read(write_loud(tmp_path / "loud.mp4", clip, 6))
    assert (with_sound.frames, with_sound.between) == (read(clip).frames, read(clip).between)


def matrix(*numbers: int) -> bytes:
    """A display matrix (ISO/IEC 14496-12): the four given, in whole units, and no shift."""
    a, b, c, d = (number << 16 for number in numbers)
    return struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


TURNS = {
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
}
"""Display matrices, and what a player does by them (90 degrees clockwise is Pillow's ROTATE_270)."""


@pytest.mark.parametrize("turn", sorted(TURNS))
def test_frames_are_turned_as_the_file_says(clip: Path, tmp_path: Path, turn: tuple[int, int, int, int]) -> None:
    data = clip.read_bytes()
    track = data.index(b"tkhd")
    at = data.index(matrix(1, 0, 0, 1), track)
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(data[:at] + matrix(*turn) + data[at + 36 :])
    found = read(turned)
    upright = SCENE.picture(0.0).transpose(TURNS[turn])
    assert (found.width, found.height) == upright.size
    assert distance(found.frames[0].pdq, still(upright)) <= 31


def test_the_time_that_a_video_may_take_grows_with_what_it_states_and_with_its_bytes(clip: Path) -> None:
    allowed = Noted()
    read(clip, allowed)
    (seconds,) = allowed.seconds
    assert seconds == 60 + 4 * min(6, len(clip.read_bytes()) // 4_096)
    assert video.processor_seconds(1_800.0, 10**9) == 60 + 4 * 1_800
    assert video.processor_seconds(10.0**9, 4_096) == 64
    assert video.processor_seconds(0.0, 40_960) == 100
    assert video.processor_seconds(10.0**9, 10**15) == video.MAX_SECONDS


# --- what is not, or not whole ----------------------------------------------------------------------------------------


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    assert refusal(write_sound(tmp_path / "voice.mp4")) == "no moving pictures are in this MP4: sound alone"


def test_a_header_without_frames_is_an_error(clip: Path, tmp_path: Path) -> None:
    data = clip.read_bytes()
    hollow = tmp_path / "hollow.mp4"
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    hollow.write_bytes(data[:start] + bytes(end - start) + data[end:])
    assert "damaged or truncated MP4" in refusal(hollow)


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".ts", ".flv", ".webm"])
def test_a_video_cut_in_half_keeps_what_it_has_and_says_so(tmp_path: Path, suffix: str) -> None:
    whole = write_video(tmp_path / f"whole{suffix}", SCENE, seconds=20)
    kept = read(whole).frames
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) // 2])
    found = read(whole)
    assert 0 < len(found.frames) < len(kept)
    assert {frame.pdq for frame in found.frames[:-1]} <= {frame.pdq for frame in kept}
    if suffix != ".ts":  # which states no length
        assert found.note.startswith("cut short")


def test_an_mp4_whose_table_comes_last_cannot_be_read_without_it(clip: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:-2_000])
    assert refusal(cut) == (
        "truncated MP4: the table (moov) without which its pictures cannot be decoded is missing; it often stands at "
        "the end"
    )


def test_an_mp4_with_its_table_in_front_keeps_what_it_has(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", SCENE, seconds=10, options={"movflags": "faststart"})
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) * 6 // 10])
    found = read(whole)
    assert 2 < len(found.frames) < 10
    assert found.note


def test_an_empty_file_and_a_header_alone_are_errors(tmp_path: Path) -> None:
    empty, header = tmp_path / "empty.mp4", tmp_path / "header.mp4"
    empty.touch()
    header.write_bytes(b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41")
    assert refusal(empty) == "empty file"
    assert "damaged or truncated MP4" in refusal(header)


def test_a_tiny_video_is_read_and_never_matches(tmp_path: Path) -> None:
    found = read(write_video(tmp_path / "tiny.avi", SCENE, seconds=2, size=(2, 2), codec="ffv1"))
    assert (found.width, found.height) == (2, 2)
    assert {frame.quality for frame in found.frames} == {0}


def test_a_frame_past_the_limit_is_refused_before_it_is_decoded(clip: Path, tmp_path: Path) -> None:
    """A header that declares it: in the sample entry of an MP4, and as the coded size of an AVI."""
    data = bytearray(clip.read_bytes())
    at = data.index(b"avc1", data.index(b"stsd")) + 28
    assert struct.unpack_from(">HH", data, at) == (480, 270)
    struct.pack_into(">HH", data, at, 20_000, 20_000)
    declared = tmp_path / "declared.mp4"
    declared.write_bytes(data)
    assert read(declared).width == 480  # what the pictures themselves say counts, and they are small
    raw = write_video(tmp_path / "raw.avi", SCENE, seconds=1, codec="rawvideo")
    data = bytearray(raw.read_bytes())
    for side, words in ((10_000, "too many pixels: 10000 x 10000, "), (20_000, "or one of too many pixels")):
        struct.pack_into("<ii", data, data.index(b"strf") + 12, side, side)
        raw.write_bytes(data)
        assert words in refusal(raw)


def test_a_length_that_lies_changes_no_frame(clip: Path, tmp_path: Path) -> None:
    lying = write_video(tmp_path / "lying.mkv", SCENE, seconds=6)
    honest = read(lying)
    data = bytearray(lying.read_bytes())
    at = data.index(b"\x44\x89\x88") + 3  # Duration, a float of 8 bytes, in milliseconds
    assert struct.unpack_from(">d", data, at) == (6_000.0,)
    struct.pack_into(">d", data, at, 1e15)
    lying.write_bytes(data)
    allowed = Noted()
    found = read(lying, allowed)
    assert found.frames == honest.frames
    assert found.milliseconds == honest.milliseconds == 5_900
    assert "of the stated 1000000000000.0 seconds" in found.note
    assert allowed.seconds == [video.processor_seconds(1e12, len(data))]
    assert allowed.seconds[0] < 300


def test_a_video_that_takes_too_long_keeps_what_was_decoded(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10_000))
    monkeypatch.setattr("node.media.allowance.time.process_time", lambda: float(next(ticks)))
    found = fingerprint(clip, lambda _wish, _so_far=None: Time(until=25.0))
    assert isinstance(found, VideoFingerprints)
    assert 0 < found.milliseconds < 5_000
    assert found.note.startswith("only its first ")


def test_pictures_coded_in_a_way_that_is_not_listed_are_refused(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks, "DECODERS", ("vp9",))
    assert refusal(clip) == "the pictures in this MP4 are coded in a way that Vigil does not decode"


def test_a_file_that_changes_while_it_is_read_is_refused(clip: Path, tmp_path: Path) -> None:
    growing = tmp_path / "growing.mp4"
    growing.write_bytes(clip.read_bytes())

    def grow(wish: Wish, so_far: object = None) -> Time:
        del wish, so_far
        with growing.open("ab") as file:
            file.write(bytes(100))
        return Time(until=float("inf"))

    with pytest.raises(MediaError, match="changed while it was read"):
        fingerprint(growing, grow)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{}'\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{}</BaseURL></MPD>',
    ],
)
def test_a_list_that_names_another_file_opens_none(clip: Path, tmp_path: Path, text: str) -> None:
    playlist = tmp_path / "list.mp4"
    playlist.write_text(text.format(clip))
    assert isinstance(examined(playlist), DigestFingerprints)


def test_an_mp4_that_points_at_another_file_opens_none(clip: Path, tmp_path: Path) -> None:
    """A data reference by alias: QuickTime's way to keep the pictures elsewhere."""
    data = clip.read_bytes()
    at = data.index(b"url ", data.index(b"dref"))
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(data[:at] + b"alis" + data[at + 4 : at + 7] + b"\x00" + data[at + 8 :])
    try:
        found = read(outside)
    except MediaError:
        return
    assert found.sha256 == hashlib.sha256(outside.read_bytes()).digest()


def test_an_animated_picture_stays_a_picture(tmp_path: Path) -> None:
    frames = [SCENE.picture(second) for second in (0, 1, 2)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    assert fingerprint(tmp_path / "moving.gif").media_type == "image/gif"
