"""HEIF and AVIF of every depth and sampling show the picture that was written."""

import io

import imagecodecs
import numpy as np
import pillow_heif
import pytest

from tests.kinds.still_samples import DEEP_GREY, DEEP_RGB
from tests.kinds.stills import GREY, HEIGHT, RGB, WIDTH, Samples, Variant, assert_shown


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("layout", ["yuv444", "yuv422", "yuv420", "yuv400"])
def test_avif_of_every_depth_and_sampling(layout: str, bits: int) -> None:
    values = GREY if layout == "yuv400" else RGB
    samples: Samples = values if bits == 8 else (values.astype(np.uint16) * 257) >> (16 - bits)
    data = bytes(imagecodecs.avif_encode(samples, bitspersample=bits, pixelformat=layout, level=95))
    assert_shown(Variant(data=data, right=values, lossy=True))


@pytest.mark.parametrize(("mode", "shift"), [("RGB;16", 0), ("RGB;12", 4), ("RGB;10", 6), ("RGB", 8), ("L;16", 0)])
def test_heif_of_every_depth(mode: str, shift: int) -> None:
    deep, right = (DEEP_GREY, GREY) if mode.startswith("L") else (DEEP_RGB, RGB)
    samples = (deep >> shift).astype(np.uint8 if mode == "RGB" else np.uint16)
    buffer = io.BytesIO()
    pillow_heif.from_bytes(mode, (WIDTH, HEIGHT), samples.tobytes()).save(buffer, quality=95)
    assert_shown(Variant(data=buffer.getvalue(), right=right, lossy=True))
