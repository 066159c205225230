"""A PNG of every colour type and depth shows the picture that was written."""

import numpy as np
import pytest

from node.media.decode import decode_picture
from tests.kinds.still_samples import DEEP_GREY, DEEP_RGB, GREY_ALPHA, RGBA, palette
from tests.kinds.stills import GREY, HEIGHT, RGB, WIDTH, Values, Variant, assert_shown, chunk, png


def fewer(values: Values, bits: int) -> tuple[Values, Values]:
    """The highest bits of a picture, and what they show."""
    kept: Values = (values >> (8 - bits)).astype(np.uint8)
    return kept, np.rint(kept * (255 / ((1 << bits) - 1))).astype(np.uint8)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("transparent", [False, True])
def test_every_png(interlaced: bool, transparent: bool) -> None:
    """Every colour type with every depth (PNG, third edition, table 8)."""
    grey_key, colour_key = ([chunk(b"tRNS", bytes(size))] if transparent else [] for size in (2, 6))
    cases: list[tuple[bytes, Values]] = []
    for bits in (1, 2, 4, 8):
        kept, shown = fewer(GREY, bits)
        cases.append((png(kept, bits, 0, *grey_key, interlaced=interlaced), shown))
        indices, table, mapped = palette(1 << bits)
        key = [chunk(b"tRNS", bytes([0, 128][: 1 << bits]))] if transparent else []
        cases.append((png(indices, bits, 3, chunk(b"PLTE", table.tobytes()), *key, interlaced=interlaced), mapped))
    cases += [
        (png(DEEP_GREY, 16, 0, *grey_key, interlaced=interlaced), GREY),
        (png(DEEP_GREY >> 4, 16, 0, interlaced=interlaced), GREY),
        (png(RGB, 8, 2, *colour_key, interlaced=interlaced), RGB),
        (png(DEEP_RGB, 16, 2, *colour_key, interlaced=interlaced), RGB),
        (png(GREY_ALPHA, 8, 4, interlaced=interlaced), GREY),
        (png(GREY_ALPHA.astype(np.uint16) * 257, 16, 4, interlaced=interlaced), GREY),
        (png(RGBA, 8, 6, interlaced=interlaced), RGB),
        (png(RGBA.astype(np.uint16) * 257, 16, 6, interlaced=interlaced), RGB),
    ]
    for data, right in cases:
        assert_shown(Variant(data=data, right=right))


def test_a_png_of_a_sensor_keeps_8_of_its_12_bits() -> None:
    assert_shown(Variant(data=png(DEEP_RGB >> 4, 16, 2), right=RGB))


def test_a_deep_png_too_large_for_its_samples_is_left_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.media.decoders.png.MAX_SAMPLE_BYTES", 6 * WIDTH * HEIGHT)
    assert_shown(Variant(data=png(DEEP_RGB >> 4, 16, 2), right=RGB))
    deep = RGBA.astype(np.uint16) * 257
    monkeypatch.setattr("node.media.decoders.png.of_samples", None)  # it would fail
    assert_shown(Variant(data=png(deep, 16, 6), right=RGB))


def test_a_deep_png_that_is_cut_short_is_said_to_be_so() -> None:
    whole = png(DEEP_RGB, 16, 2)
    assert decode_picture(whole[: len(whole) * 9 // 10]).note.startswith("truncated PNG: ")
