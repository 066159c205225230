"""The opacity of a picture is kept apart from its colours, in every format that has it."""

import io

import imagecodecs
import numpy as np
import pytest
import tifffile

from node.media.decode import decode_picture
from tests.kinds.still_samples import DEEP_GREY, DEEP_RGB, RGBA
from tests.kinds.stills import GREY, RGB, png, rgb_of


@pytest.mark.parametrize("deep", [False, True])
def test_opacity_is_kept_apart_in_every_format(deep: bool) -> None:
    """A look over a background needs it; the hash of the picture itself does without."""
    samples = RGBA.astype(np.uint16) * 257 if deep else RGBA
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, photometric="rgb", extrasamples=["unassalpha"], metadata=None)
    files = {
        "PNG": png(samples, 16 if deep else 8, 6),
        "TIFF": buffer.getvalue(),
        "JPEG XL": bytes(imagecodecs.jpegxl_encode(samples, lossless=True)),
        "JPEG 2000": bytes(imagecodecs.jpeg2k_encode(samples)),
        "JPEG XR": bytes(imagecodecs.jpegxr_encode(samples)),
    }
    if not deep:
        files["QOI"] = bytes(imagecodecs.qoi_encode(RGBA))
    for name, data in files.items():
        alpha = decode_picture(data).alpha
        assert alpha is not None, name
        assert np.array_equal(alpha, GREY), name
        assert np.array_equal(rgb_of(decode_picture(data)), RGB), name


def test_an_opaque_picture_has_no_opacity() -> None:
    opaque = np.dstack([DEEP_RGB, np.full_like(DEEP_GREY, 65535)])
    assert decode_picture(png(opaque, 16, 6)).alpha is None
    assert decode_picture(bytes(imagecodecs.jpegxl_encode(opaque, lossless=True))).alpha is None
