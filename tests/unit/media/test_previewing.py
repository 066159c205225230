"""Previews are made from the pixels that were hashed, in the confined worker, and only if they are wanted."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.domain.material import DigestFingerprints, PictureFingerprints, VideoFingerprints
from node.domain.previews import COVERED_SIZE, MAX_STILLS, MEANS, SIDE, Preview, checked_preview
from node.errors import Malformed, MediaError
from node.media import pool, replies
from node.media.budget import Budget
from node.media.pixels import Pixels, pixels_of
from node.media.previewing import Stills, preview_of
from tests.unit.media.forked_workers import MISBEHAVING, forking
from tests.unit.media.pictures import encoded, scene
from tests.unit.media.videos import Scene, write_video

if TYPE_CHECKING:
    from pathlib import Path

    from node.domain.material import MaterialFingerprints


def shown(preview: Preview) -> Image.Image:
    """The clear picture, as a browser decodes it."""
    assert checked_preview(preview.clear, preview.covered) == preview
    return Image.open(io.BytesIO(preview.clear)).convert("RGB")


def apart(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures of one size."""
    return float(np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).mean())


def result_of(path: Path, *, previews: bool = True) -> MaterialFingerprints:
    (found,) = pool.fingerprint_files([path], workers=1, previews=previews)
    assert not isinstance(found.result, MediaError)
    return found.result


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "P", "1", "I;16"])
@pytest.mark.parametrize("size", [(640, 480), (100, 900), (40, 30), (1, 1)])
def test_a_preview_is_the_small_picture(mode: str, size: tuple[int, int]) -> None:
    picture = scene(*size).convert("L" if mode == "I;16" else mode)
    pixels = pixels_of(Image.fromarray(np.asarray(picture).astype(np.uint16) * 257) if mode == "I;16" else picture)
    made = preview_of(pixels)
    clear = shown(made)
    assert max(clear.size) == min(max(size), SIDE)
    if mode != "1":  # whose dots become grey
        assert apart(clear, picture.convert("RGB").resize(clear.size, Image.Resampling.BOX)) < 20
    means = Image.frombytes("RGB", (MEANS, MEANS), made.covered)
    assert apart(means, clear.resize((MEANS, MEANS), Image.Resampling.BOX)) < 10


def test_noise_fits_too() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE * 3), dtype=np.uint8)
    noise.flags.writeable = False
    shown(preview_of(Pixels(values=noise, channels=3)))


def test_the_covered_form_does_not_depend_on_details() -> None:
    """Two pictures that differ in everything below 32 pixels have nearly the same covered form."""
    base = scene(256, 256)
    fine = Image.fromarray(np.asarray(base) // 2 + (np.indices((256, 256)).sum(0)[..., None] % 2 * 60).astype(np.uint8))
    other = Image.fromarray(np.asarray(base) // 2 + np.uint8(30))
    one, two = preview_of(pixels_of(fine)).covered, preview_of(pixels_of(other)).covered
    assert max(abs(a - b) for a, b in zip(one, two, strict=True)) <= 2


def test_a_picture_has_one_upright_still(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = scene(300, 200)
    (tmp_path / "turned.jpg").write_bytes(encoded(picture, "JPEG", exif=exif, comment=b"where it was taken"))
    found = result_of(tmp_path / "turned.jpg")
    assert isinstance(found, PictureFingerprints)
    (preview,) = found.previews
    assert shown(preview).size == (171, 256)
    assert apart(shown(preview), picture.transpose(Image.Transpose.ROTATE_270).resize((171, 256))) < 12
    assert b"Exif" not in preview.clear
    assert b"taken" not in preview.clear
    assert preview.clear.hex() not in repr(found)


def test_an_animation_shows_its_first_frame(tmp_path: Path) -> None:
    frames = [scene(120, 90, seed) for seed in (1, 2, 3)]
    (tmp_path / "moving.png").write_bytes(encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    found = result_of(tmp_path / "moving.png")
    assert isinstance(found, PictureFingerprints)
    assert found.animation is not None
    (preview,) = found.previews
    assert apart(shown(preview), frames[0]) < 12


def test_a_film_has_three_stills_in_order(tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.mp4", Scene(seed=4), seconds=6)
    found = result_of(film)
    assert isinstance(found, VideoFingerprints)
    assert len(found.previews) == MAX_STILLS
    for preview, second in zip(found.previews, (1, 3, 5), strict=True):
        still = shown(preview)
        seen = {at / 10: apart(still, Scene(seed=4).picture(at / 10).resize(still.size)) for at in range(60)}
        assert min(seen, key=lambda at: seen[at]) == pytest.approx(second, abs=0.4)
        assert min(seen.values()) < 14


def test_what_nobody_wants_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(encoded(scene(80, 60), "PNG"))
    without, with_previews = result_of(tmp_path / "one.png", previews=False), result_of(tmp_path / "one.png")
    assert without.previews == ()
    assert len(with_previews.previews) == 1
    assert without == with_previews  # the fingerprints are the same


def test_what_cannot_be_seen_has_none(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes(b"some words")
    found = result_of(tmp_path / "text.txt")
    assert isinstance(found, DigestFingerprints)
    assert found.previews == ()


@pytest.mark.parametrize("seconds", [0, 1, 5, 60, 3_600, 40_000])
def test_the_stills_of_a_film_of_any_length_are_well_apart(seconds: int) -> None:
    """The colour of a frame says when it was shown."""
    stills, last = Stills(), max(seconds * 1_000, 1)
    for number in range(seconds * 5 + 1):
        values = np.full((4, 12), round(number * 200 / last * 250), np.uint8)
        stills.take(number * 200, Pixels(values=values, channels=3))
    found = [shown(each).getpixel((0, 0)) for each in stills.finish(seconds * 1_000)]
    times = [each[0] / 250 for each in found if isinstance(each, tuple)]
    assert len(times) == len(found) == min(MAX_STILLS, seconds * 5 + 1)
    if seconds >= 5:
        assert times == pytest.approx([1 / 6, 1 / 2, 5 / 6], abs=0.06)


@given(st.lists(st.builds(lambda seed: preview_of(pixels_of(scene(20, 20, seed))), st.integers(0, 9)), max_size=3))
def test_previews_come_back_from_a_reply(previews: list[Preview]) -> None:
    told = replies.Previewed(previews=tuple(previews))
    assert replies.read_reply(replies.write_reply(told)) == told


@pytest.mark.parametrize("said", [b'{"previews": 3}', b'{"previews": [["", ""]]}', b'{"previews": [["AA=="]]}'])
def test_a_reply_with_other_previews_is_refused(said: bytes) -> None:
    with pytest.raises(Malformed):
        replies.read_reply(said)


def test_a_reply_with_more_stills_than_any_has_is_refused() -> None:
    preview = preview_of(pixels_of(scene(20, 20)))
    told = replies.Previewed(previews=(preview,) * (MAX_STILLS + 1))
    with pytest.raises(Malformed):
        replies.read_reply(replies.write_reply(told))


@pytest.mark.parametrize(("deed", "wanted"), [("peek", False), ("peek-twice", True), ("peek-other", True)])
def test_a_worker_that_sends_previews_of_its_own_is_stopped(tmp_path: Path, deed: str, wanted: bool) -> None:
    (tmp_path / "bad.png").write_bytes(encoded(scene(80, 60), "PNG") + f"deed({deed})".encode())
    with forking():
        (found,) = pool.fingerprint_files(
            [tmp_path / "bad.png"], workers=1, command=MISBEHAVING, previews=wanted, budget=Budget(floor=1, run=1)
        )
    assert isinstance(found.result, DigestFingerprints)
    assert found.result.note.startswith("the worker that read it sent an invalid reply and was stopped")
    assert found.result.previews == ()


def test_a_partial_result_keeps_its_preview(tmp_path: Path) -> None:
    """The worker dies behind the first frame, which it has told."""
    (tmp_path / "late.png").write_bytes(encoded(scene(80, 60), "PNG") + b"deed(late-with-preview)")
    with forking():
        (found,) = pool.fingerprint_files(
            [tmp_path / "late.png"], workers=1, command=MISBEHAVING, previews=True, budget=Budget(floor=1, run=1)
        )
    assert isinstance(found.result, PictureFingerprints)
    assert len(found.result.previews) == 1
    assert len(found.result.previews[0].covered) == COVERED_SIZE


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_preview_of_a_large_picture_does_not_depend_on_how_its_pixels_lie(channels: int) -> None:
    picture = scene(1_200, 900)
    values = np.asarray(picture.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels]))
    values = np.ascontiguousarray(values.reshape(900, -1))
    values.flags.writeable = False
    clear = shown(preview_of(Pixels(values=values, channels=channels)))
    wanted = picture.convert("L").convert("RGB") if channels == 1 else picture
    assert apart(clear, wanted.resize(clear.size, Image.Resampling.BOX)) < 8
