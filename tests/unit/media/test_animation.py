"""The frames of an animated picture: which are kept, and that nothing behind the first can cost the file that."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageSequence

from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR, PDQ_RADIUS
from node.domain.material import Animation, PictureFingerprints, VideoFrame
from node.errors import MediaError
from node.media import animation
from node.media.allowance import Time, grace
from node.media.decode import decode_picture
from node.media.frames import Sample
from node.media.pdq import PdqHashes, pdq_hashes
from node.media.picture import MAX_PICTURE_BYTES
from node.media.pixels import pixels_of
from node.media.replies import MAX_ASKED_SECONDS, read_reply, write_reply
from node.media.sampling import MAX_AT
from node.media.shortage import Shortage
from node.media.still_frames import ShownFrame
from tests.unit.media.allowance import Noted, unbounded
from tests.unit.media.example_replies import EXAMPLE
from tests.unit.media.hostile import heif_of
from tests.unit.media.pictures import distance, encoded, scene
from tests.unit.media.reading import fingerprint

KINDS = ("GIF", "WEBP", "PNG", "AVIF")
PARTS = 10_000
SIZE = (160, 120)


def pictures(count: int, first: int = 1) -> list[Image.Image]:
    return [scene(*SIZE, seed=seed) for seed in range(first, first + count)]


def moving(shown: list[Image.Image], kind: str, duration: int | list[int] = 100, **options: object) -> bytes:
    return encoded(shown[0], kind, save_all=True, append_images=shown[1:], duration=duration, **options)


def read(folder: Path, data: bytes, asked: Noted | None = None) -> PictureFingerprints:
    path = folder / "file"
    path.write_bytes(data)
    found = fingerprint(path, asked or unbounded)
    assert isinstance(found, PictureFingerprints)
    return found


def motion(folder: Path, data: bytes) -> Animation:
    found = read(folder, data).animation
    assert found is not None
    return found


def pdq(image: Image.Image) -> bytes:
    pixels = pixels_of(image)
    return pdq_hashes(pixels.values, pixels.channels).orientations[0]


@pytest.mark.parametrize("kind", KINDS)
def test_each_picture_that_is_shown_is_kept_with_its_time(tmp_path: Path, kind: str) -> None:
    shown, lasting = pictures(6), [40, 200, 80, 1_500, 120, 60]
    data = moving(shown, kind, lasting)
    found = motion(tmp_path, data)
    assert [frame.at for frame in found.frames] == [0, 40, 240, 320, 1_820, 1_940]
    assert found.milliseconds == sum(lasting)
    near = [distance(frame.pdq, pdq(image)) for frame, image in zip(found.frames, shown, strict=True)]
    assert max(near) < 64, "what is left of a small picture; strangers are some 128 bits apart"
    with Image.open(io.BytesIO(data)) as opened:
        assert [frame.pdq for frame in found.frames] == [pdq(frame) for frame in ImageSequence.Iterator(opened)]
    assert min(frame.quality for frame in found.frames) >= PDQ_QUALITY_FLOOR


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_still_picture_that_its_first_frame_is(tmp_path: Path, kind: str) -> None:
    shown = pictures(3)
    still = read(tmp_path, encoded(shown[0], kind))
    found = read(tmp_path, moving(shown, kind))
    assert still.animation is None
    assert (still.frames, still.note) == ((), "")
    assert distance(found.pdq, still.pdq) <= (0 if kind in {"GIF", "PNG"} else PDQ_RADIUS)
    assert (found.width, found.height, found.media_type) == (*SIZE, still.media_type)
    assert found.frames[0] == VideoFrame(at=0, pdq=found.pdq, quality=found.pdq_quality)
    assert found.fingerprints()[:5] == replace(found, animation=None).fingerprints()


def test_plain_borders_of_the_first_frame_are_trimmed_as_ever(tmp_path: Path) -> None:
    framed = []
    for image in pictures(2):
        paper = Image.new("RGB", (200, 160), "white")
        paper.paste(image, (20, 20))
        framed.append(paper)
    found = read(tmp_path, moving(framed, "PNG"))
    assert found.trimmed == read(tmp_path, encoded(framed[0], "PNG")).trimmed is not None
    probes = found.probes()
    assert [each.code for each in probes[:7]] == [1, 2, 3, 4, 5, 4, 5]
    assert [each.at for each in probes[7:]] == [0] * 4 + [100] * 4, "each frame, and what lies within its borders"
    inside = read(tmp_path, moving(pictures(2), "PNG"))
    assert [probes[8].value, probes[12].value] == [frame.pdq for frame in inside.frames]


@pytest.mark.parametrize("kind", ["TIFF", "HEIF"])
def test_pages_are_no_frames(tmp_path: Path, kind: str) -> None:
    shown = pictures(3)
    data = encoded(shown[0], "TIFF", save_all=True, append_images=shown[1:]) if kind == "TIFF" else heif_of(shown)
    assert read(tmp_path, data).animation is None


def test_two_pictures_that_take_turns_are_two_frames(tmp_path: Path) -> None:
    assert len(motion(tmp_path, moving(pictures(2), "GIF", 20)).frames) == 2


@pytest.mark.parametrize("stated", [0, 10])
def test_a_time_that_no_viewer_believes_in_is_a_tenth_of_a_second(tmp_path: Path, stated: int) -> None:
    assert [frame.at for frame in motion(tmp_path, moving(pictures(3), "GIF", stated)).frames] == [0, 100, 200]


def test_frames_that_hardly_differ_are_kept_as_those_of_a_video_are(tmp_path: Path) -> None:
    """12 seconds of one scene that grows darker."""
    darker = [scene(*SIZE).point(lambda value, dark=dark: value // 2 + 100 - dark) for dark in range(60)]
    found = motion(tmp_path, moving(darker, "WEBP", 200, lossless=True))
    assert [frame.at for frame in found.frames] == list(range(0, 12_000, 1_000))
    assert len(found.between) == 48


def test_a_turned_animation_is_upright_in_every_frame(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    shown = pictures(3)
    found = read(tmp_path, moving(shown, "WEBP", exif=turned.tobytes(), quality=90))
    assert (found.width, found.height) == SIZE[::-1]
    for frame, image in zip(found.frames, shown, strict=True):
        assert distance(frame.pdq, pdq(image.transpose(Image.Transpose.ROTATE_270))) <= 10


def test_frames_are_composed_as_a_viewer_shows_them(tmp_path: Path) -> None:
    """Each frame after the first is a patch with a hole; what it leaves out is what was there before."""
    whole, patch = scene(*SIZE).convert("RGBA"), scene(*SIZE, seed=2).convert("RGBA")
    patch.paste((0, 0, 0, 0), (0, 0, 80, 120))
    composed = Image.alpha_composite(whole, patch).convert("RGB")
    found = motion(tmp_path, moving([whole, patch], "PNG", blend=1))
    assert distance(found.frames[1].pdq, pdq(composed)) <= 4


# --- damage -----------------------------------------------------------------------------------------------------------


def test_what_was_cut_off_is_said_and_the_rest_is_kept(tmp_path: Path) -> None:
    whole = moving(pictures(8), "GIF")
    found = read(tmp_path, whole[: len(whole) * 6 // 10])
    assert 1 < len(found.frames) < 8
    assert found.frames == read(tmp_path, whole).frames[: len(found.frames)]
    assert found.note == f"only its first {len(found.frames)} frames were read: truncated GIF"


def test_a_frame_past_the_limit_of_pixels_ends_it_and_is_not_decoded(tmp_path: Path) -> None:
    data = bytearray(moving(pictures(3), "GIF"))
    control = b"\x21\xf9\x04"  # a graphic control extension, 8 bytes long, stands before each frame
    place = data.index(control, data.index(control) + 8) + 8
    assert data[place] == ord(",")
    data[place + 5 : place + 9] = b"\xff\xff\xff\xff"
    found = read(tmp_path, bytes(data))
    assert found.animation is None
    assert found.note.startswith("only its first frame was read: too many pixels: a frame is larger")


@pytest.fixture(scope="module")
def originals() -> dict[str, bytes]:
    return {kind: moving(pictures(4), kind) for kind in KINDS}


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(KINDS),
    damage=st.lists(st.tuples(st.integers(0, PARTS - 1), st.integers(0, 255)), max_size=9),
    kept=st.integers(0, PARTS),
)
def test_damage_behind_the_first_frame_never_costs_that(
    originals: dict[str, bytes], tmp_path: Path, kind: str, damage: list[tuple[int, int]], kept: int
) -> None:
    """`damage` and `kept` are told in parts of the second half of the file."""
    whole = bytearray(originals[kind])
    half = len(whole) // 2
    for at, value in damage:
        whole[half + at * (len(whole) - half) // PARTS] = value
    cut = half + kept * (len(whole) - half) // PARTS
    path = tmp_path / "file"
    path.write_bytes(whole[:cut])
    try:
        found = fingerprint(path)
    except MediaError:
        # Of these the whole file is looked through, its length and its last tables too, before the first frame.
        assert kind in {"WEBP", "AVIF"}
        assert (kind, cut < len(whole)) != ("WEBP", False), "of a WebP that ends where it says the first frame stands"
        return
    assert isinstance(found, PictureFingerprints)
    if "could be decoded" in found.note or "less detail" in found.note:  # of these the first frame may be cut too
        assert kind in {"WEBP", "AVIF"}
        return
    assert found.pdq == read(tmp_path, originals[kind]).pdq
    if found.animation is not None:
        assert found.frames[0].pdq == found.pdq
        assert len(found.note) <= 300


# --- limits -----------------------------------------------------------------------------------------------------------


def test_time_is_asked_for_by_size_and_by_what_moves_alone(tmp_path: Path) -> None:
    asked = Noted()
    found = read(tmp_path, moving(pictures(3), "WEBP"), asked)
    assert asked.seconds == [animation.BASE_SECONDS]
    assert asked.so_far == [replace(found, animation=None)]
    for kind in ("WEBP", "PNG", "AVIF", "JPEG"):
        read(tmp_path, encoded(scene(*SIZE), kind), asked)
    assert len(asked.seconds) == 1
    assert animation.processor_seconds(MAX_PICTURE_BYTES) + grace(MAX_PICTURE_BYTES) < MAX_ASKED_SECONDS


def test_an_animation_that_takes_too_long_keeps_what_was_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(moving(pictures(5), "PNG"))
    found = fingerprint(tmp_path / "file", lambda *_: Time(until=0.0))
    assert isinstance(found, PictureFingerprints)
    assert len(found.frames) == 2
    assert found.note == "only its first 2 frames were read: decoding all of them takes too long"


@pytest.mark.parametrize("step", ["pdq_hashes", "kept_of"], ids=["hashing a frame", "putting all together"])
def test_want_of_memory_behind_the_first_frame_never_costs_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(animation, step, exhausted)
    with pytest.raises(Shortage) as caught:
        read(tmp_path, moving(pictures(3), "PNG"))
    found = caught.value.left
    assert isinstance(found, PictureFingerprints)
    assert found.animation is None
    assert found.note.startswith("only its first frame was read: ")
    assert found.note.endswith("more memory than a worker may have")


def test_a_decoder_without_memory_is_told_in_our_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    data = moving(pictures(3), "GIF")
    rest = decode_picture(data).rest
    assert rest is not None
    monkeypatch.setattr(Image.Image, "load", exhausted)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", exhausted)
    with pytest.raises(MediaError, match="more memory than a worker may have"):
        next(rest)


# --- which are kept ---------------------------------------------------------------------------------------------------


def hashes(value: bytes, quality: int = 90) -> PdqHashes:
    return PdqHashes(orientations=(value,) * 8, quality=quality)


def kept_of(monkeypatch: pytest.MonkeyPatch, given: list[tuple[bytes, int, int]]) -> Animation | None:
    """What is kept of frames of these (hash, quality, milliseconds shown)."""
    (first, *rest) = [hashes(value, quality) for value, quality, _ in given]
    told = iter(rest)
    monkeypatch.setattr(animation, "pdq_hashes", lambda *_: next(told))
    blank = pixels_of(Image.new("L", (8, 8)))

    def frames() -> Iterator[ShownFrame]:
        yield from (ShownFrame(pixels=blank, milliseconds=lasting) for _, _, lasting in given[1:])

    found, note, lacking = animation.fingerprint_animation(
        Sample(first.shown_at(0)), given[0][2], frames(), Time(until=inf)
    )
    assert (note, lacking) == ("", False)
    return found


FRAMES = st.lists(
    st.tuples(
        st.integers(0, 40).map(lambda bits: (((1 << bits) - 1) << 7).to_bytes(32, "big"))
        | st.binary(min_size=32, max_size=32),
        st.integers(0, 100),
        st.integers(11, 3_000) | st.integers(MAX_AT - 9, 1_000 * MAX_AT),
    ),
    min_size=2,
    max_size=80,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=FRAMES)
def test_a_copy_of_any_frame_is_near_one_that_is_kept(
    monkeypatch: pytest.MonkeyPatch, given: list[tuple[bytes, int, int]]
) -> None:
    found = kept_of(monkeypatch, given)
    assert found is not None
    times = [frame.at for frame in found.frames]
    assert times == sorted(times)
    assert times[0] == 0
    assert not set(found.frames) & set(found.between)
    prints = replace(EXAMPLE, animation=found)
    assert read_reply(write_reply(prints)) == prints
    for value, quality, _ in given:
        if quality >= PDQ_QUALITY_FLOOR:
            usable = [frame for frame in found.frames if frame.quality >= PDQ_QUALITY_FLOOR]
            assert min(distance(value, frame.pdq) for frame in usable) <= PDQ_RADIUS // 2


def test_however_many_are_unlike_no_more_are_kept_than_a_body_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "MAX_FRAMES", 20)
    values = np.random.default_rng(1).integers(0, 256, (200, 32), dtype=np.uint8)
    found = kept_of(monkeypatch, [(value.tobytes(), 90, 50) for value in values])
    assert found is not None
    assert len(found.frames) == 20


def test_of_a_long_film_the_end_is_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "MAX_FRAMES", 40)
    values = np.random.default_rng(1).integers(0, 256, (300, 32), dtype=np.uint8)
    found = kept_of(monkeypatch, [(value.tobytes(), 90, 100) for value in values])
    assert found is not None
    assert len(found.frames) == 40
    assert found.frames[-1].at >= 27_000, "of what is shown each second, past the last that was kept for being unlike"
    looked = {frame.pdq for frame in (*found.frames, *found.between)}
    assert {value.tobytes() for value in values[:40]} <= looked


@pytest.mark.parametrize("turns", [200, 7_300])
def test_two_pictures_that_take_turns_for_long_are_both_kept(monkeypatch: pytest.MonkeyPatch, turns: int) -> None:
    one, other = bytes(32), b"\xff" * 32
    found = kept_of(monkeypatch, [((one, other)[turn % 2], 90, 100) for turn in range(turns)])
    assert found is not None
    assert {one, other} == {frame.pdq for frame in found.frames}
    assert len(found.frames) <= turns // 10 + 2, "one a second, and what is unlike all that were before"


def test_one_frame_is_no_animation(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_of(monkeypatch, [(bytes(32), 90, 100)]) is None


def test_the_first_frame_of_a_still_gif_is_all_there_is(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    scene(*SIZE).save(buffer, "GIF")
    for data in (buffer.getvalue(), buffer.getvalue()[:-1]):  # with its trailer, and without
        assert list(decode_picture(data).rest or ()) == []
        assert read(tmp_path, data).note == ""


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF", "JPEG"])
def test_of_other_stills_nothing_is_held_for_later(kind: str) -> None:
    assert decode_picture(encoded(scene(*SIZE), kind)).rest is None


def test_a_still_picture_that_is_damaged_behind_its_end_has_a_note_and_no_frames(tmp_path: Path) -> None:
    still = encoded(scene(*SIZE), "GIF")
    found = read(tmp_path, still[:-1] + b"\x21\xf9\x04\x00\x00\x00\x00\x00\x2c" + bytes(8))
    assert (found.animation, found.frames) == (None, ())
    assert found.note.startswith("only its first frame was read: ")
    assert found.pdq == read(tmp_path, still).pdq


def test_a_frame_that_says_it_is_shown_for_ages_is_shown_to_the_end_of_time(tmp_path: Path) -> None:
    """AVIF: times are 32 bits of units of which one may be a second."""
    data = bytearray(moving(pictures(3), "AVIF", 1_000))
    scale = data.index(b"mdhd") + 4
    scale += 4 + (16 if data[scale] else 8)
    data[scale : scale + 4] = (1).to_bytes(4, "big")
    table = data.index(b"stts") + 8
    data[table + 8 : table + 12] = b"\xff\xff\xff\xff"
    found = read(tmp_path, bytes(data))
    assert [frame.at for frame in found.frames] == [0, MAX_AT, MAX_AT]
    assert read_reply(write_reply(found)) == found
