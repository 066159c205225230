"""What is transparent is hashed as viewers show it, where that is not what the reference hashes."""

import io
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from node.domain.fingerprint_kinds import PDQ_RADIUS
from node.domain.material import PictureFingerprints
from node.media.decode import decode_picture
from node.media.pdq import pdq_hashes
from node.media.pixels import Pixels, pixels_of
from node.media.transparency import composed
from tests.unit.media.pictures import distance, encoded, scene
from tests.unit.media.reading import fingerprint

SIZE = (320, 240)


def cut_out(*, cleared: bool, soft: bool = True) -> Image.Image:
    """A picture cut out as an oval. `cleared`: its transparent pixels have no colour of their own any more."""
    alpha = Image.new("L", SIZE, 0)
    ImageDraw.Draw(alpha).ellipse((70, 40, 250, 200), fill=255)
    alpha = alpha.filter(ImageFilter.GaussianBlur(3)) if soft else alpha
    image = scene(*SIZE).convert("RGBA")
    image.putalpha(alpha)
    if cleared:
        values = np.array(image)
        values[values[:, :, 3] == 0] = 0
        image = Image.fromarray(values)
    return image


def shown_on(image: Image.Image, level: int) -> bytes:
    """The PDQ of what Pillow's own composition shows, which is another implementation."""
    background = Image.new("RGBA", image.size, (level, level, level, 255))
    over = pixels_of(Image.alpha_composite(background, image.convert("RGBA")).convert("RGB"))
    return pdq_hashes(over.values, over.channels).orientations[0]


def read(data: bytes, folder: Path) -> PictureFingerprints:
    path = folder / "file"
    path.write_bytes(data)
    found = fingerprint(path)
    assert isinstance(found, PictureFingerprints)
    return found


def _palette() -> bytes:
    image = cut_out(cleared=False, soft=False)
    flat = image.convert("RGB").quantize(255)
    values = np.array(flat)
    values[np.asarray(image)[:, :, 3] == 0] = 255
    made = Image.fromarray(values, "P")
    made.putpalette([*flat.getpalette()[:765], 10, 200, 90])  # type: ignore[index]
    return encoded(made, "PNG", transparency=255)


def _heic(image: Image.Image) -> bytes:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=95)
    return buffer.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "png": lambda: encoded(cut_out(cleared=False), "PNG"),
    "png of grey": lambda: encoded(cut_out(cleared=False).convert("LA"), "PNG"),
    "png of a palette": _palette,
    "webp lossless": lambda: encoded(cut_out(cleared=False), "WEBP", lossless=True, exact=True),
    "webp": lambda: encoded(cut_out(cleared=False), "WEBP", quality=95, exact=True),
    "gif": lambda: encoded(cut_out(cleared=False, soft=False), "GIF"),
    "jxl": lambda: bytes(imagecodecs.jpegxl_encode(np.asarray(cut_out(cleared=False)), lossless=True)),
    "qoi": lambda: bytes(imagecodecs.qoi_encode(np.asarray(cut_out(cleared=False)))),
    "png deep": lambda: bytes(imagecodecs.png_encode(np.asarray(cut_out(cleared=False)).astype(np.uint16) * 257)),
    "tiff": lambda: encoded(cut_out(cleared=False), "TIFF"),
    "avif": lambda: encoded(cut_out(cleared=False), "AVIF", quality=95, speed=8),
    "heic": lambda: _heic(cut_out(cleared=False)),
}


@pytest.mark.parametrize("name", FILES)
def test_a_cut_out_has_the_looks_that_viewers_show(name: str, tmp_path: Path) -> None:
    data = FILES[name]()
    found = read(data, tmp_path)
    if name in ("jxl", "qoi", "png deep"):
        image = cut_out(cleared=False)
        right = {"white": shown_on(image, 255), "black": shown_on(image, 0)}
    else:
        with Image.open(io.BytesIO(data)) as image:
            right = {"white": shown_on(image, 255), "black": shown_on(image, 0)}
    for look in found.composed:
        assert distance(look.pdq_orientations[0], right[look.background]) <= 4
    # Each of both is shown by the reference's hash or by one of the looks.
    all_of_them = [found.pdq, *(look.pdq_orientations[0] for look in found.composed)]
    for each in right.values():
        assert min(distance(each, other) for other in all_of_them) <= PDQ_RADIUS + 4


@pytest.mark.parametrize("name", ["png", "webp lossless", "png of a palette", "jxl", "qoi", "png deep"])
def test_a_cut_out_has_a_look_besides(name: str, tmp_path: Path) -> None:
    assert read(FILES[name](), tmp_path).composed


def test_two_ways_of_saving_a_cut_out_match_each_other(tmp_path: Path) -> None:
    """The alpha-dropped hashes of the same cut-out differ: one encoder clears what is transparent."""
    kept = read(encoded(cut_out(cleared=False), "PNG"), tmp_path)
    cleared = read(encoded(cut_out(cleared=True), "WEBP", lossless=True), tmp_path)
    assert distance(kept.pdq, cleared.pdq) > PDQ_RADIUS
    looks = [[found.pdq, *(look.pdq_orientations[0] for look in found.composed)] for found in (kept, cleared)]
    assert min(distance(one, other) for one in looks[0] for other in looks[1]) <= 2


def test_an_orientation_turns_the_transparency_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = read(encoded(cut_out(cleared=False), "PNG", exif=exif), tmp_path)
    plain = read(encoded(cut_out(cleared=False).transpose(Image.Transpose.ROTATE_270), "PNG"), tmp_path)
    assert turned.composed == plain.composed
    assert turned.composed


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG", "TIFF"])
def test_an_opaque_picture_has_no_looks(kind: str, tmp_path: Path) -> None:
    image = scene(*SIZE).convert("RGB" if kind == "JPEG" else "RGBA")
    assert read(encoded(image, kind), tmp_path).composed == ()
    assert decode_picture(encoded(image, kind)).alpha is None


def test_a_picture_whose_transparency_changes_little_has_no_looks(tmp_path: Path) -> None:
    image = scene(*SIZE).convert("RGBA")
    image.putalpha(254)
    assert read(encoded(image, "PNG"), tmp_path).composed == ()


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 255]), st.sampled_from([1, 3, 4]))
def test_composing_is_exact_to_a_level(seed: int, level: int, channels: int) -> None:
    random = np.random.default_rng(seed)
    values: npt.NDArray[np.uint8] = random.integers(0, 256, (9, 7, channels + 1), dtype=np.uint8)
    alpha, colours = values[:, :, channels], values[:, :, : min(channels, 3)]
    flat = np.ascontiguousarray(values[:, :, :channels]).reshape(9, -1)
    flat.flags.writeable = False
    made = composed(Pixels(values=flat, channels=channels), alpha, level).values.reshape(colours.shape)
    share = alpha[:, :, np.newaxis].astype(float) / 255
    assert np.abs(made - (colours * share + level * (1 - share))).max() <= 0.5 + 1e-9


def test_the_vectors_of_transparency_match_each_other(vectors: Path) -> None:
    looks = []
    for name in ("07a-cut-out.png", "07b-cut-out-saved-lossless.webp"):
        found = fingerprint(vectors / "files" / name)
        assert isinstance(found, PictureFingerprints)
        looks.append([look.pdq_orientations[0] for look in found.composed])
    assert min(distance(one, other) for one in looks[0] for other in looks[1]) <= 2
