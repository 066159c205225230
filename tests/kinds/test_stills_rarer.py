"""The rarer formats (QOI, JPEG XR, Targa, SGI, Sun raster, PCX, DirectDraw) show the picture that was written."""

import av
import imagecodecs
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from node.media.decode import decode_picture
from tests.kinds.still_samples import RGBA, SAMPLES, by_ffmpeg
from tests.kinds.stills import GREY, PICTURE, RGB, Variant, assert_shown, rgb_of
from tests.unit.media.pictures import encoded, scene


def test_qoi() -> None:
    for samples in (RGB, RGBA):
        assert_shown(Variant(data=bytes(imagecodecs.qoi_encode(samples)), right=RGB))


@pytest.mark.parametrize("kind", ["grey", "colour", "alpha", "deep grey", "deep colour"])
def test_jpeg_xr(kind: str) -> None:
    samples, right = SAMPLES[kind]
    assert assert_shown(Variant(data=bytes(imagecodecs.jpegxr_encode(samples)), right=right)).media_type == "image/jxr"


@pytest.mark.parametrize("codec", ["targa", "sgi", "sunrast", "pcx", "qoi"])
def test_formats_that_ffmpeg_writes(codec: str) -> None:
    layout = "bgr24" if codec in ("targa", "sunrast") else "rgb24"
    assert_shown(Variant(data=by_ffmpeg(codec, RGB, layout), right=RGB))
    if codec not in ("qoi", "sunrast"):
        assert_shown(Variant(data=by_ffmpeg(codec, RGB, "gray"), right=GREY, lossy=True))


@pytest.mark.parametrize("orientation", [-1, 1])
@pytest.mark.parametrize("squeezed", [None, "tga_rle"])
@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_every_targa(mode: str, squeezed: str | None, orientation: int) -> None:
    image = PICTURE.quantize(256) if mode == "P" else PICTURE.convert(mode)
    data = encoded(image, "TGA", compression=squeezed, orientation=orientation)
    assert_shown(Variant(data=data, right=np.asarray(image.convert("RGB"))))


@pytest.mark.parametrize("layout", [None, "DXT1", "DXT3", "DXT5", "BC3"])
def test_a_directdraw_texture(layout: str | None) -> None:
    """As FFmpeg shows it: Pillow's encoder is a coarse one."""
    image = scene(128, 96, 5)
    data = encoded(image, "DDS", **({"pixel_format": layout} if layout else {}))
    decoder = av.CodecContext.create("dds", "r")
    assert isinstance(decoder, VideoCodecContext)
    theirs = [*decoder.decode(av.Packet(data)), *decoder.decode(None)][0].to_ndarray(format="rgb24")
    assert np.abs(rgb_of(decode_picture(data)).astype(int) - theirs).max() <= 4
