"""The picture of the tests of stills as deep samples, with opacity, with few colours, or by FFmpeg's encoders.

The writers are other libraries than the decoders where there are any (FFmpeg, imagecodecs, our own by the
specification), so that no common mistake hides.
"""

from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from tests.kinds.stills import GREY, PICTURE, RGB, Samples, Values

DEEP_GREY, DEEP_RGB = GREY.astype(np.uint16) * 257, RGB.astype(np.uint16) * 257
RGBA: Values = np.dstack([RGB, GREY])
GREY_ALPHA: Values = np.dstack([GREY, GREY])


def palette(colours: int) -> tuple[Values, Values, Values]:
    """Indices, colours, and the picture that they show."""
    made = PICTURE.quantize(colours)
    table = np.zeros((colours, 3), np.uint8)
    stated = np.asarray(made.getpalette(), np.uint8).reshape(-1, 3)[:colours]
    table[: len(stated)] = stated
    indices: Values = np.asarray(made, np.uint8)
    return indices, table, np.asarray(table[indices])


SAMPLES: dict[str, tuple[Samples, Values]] = {
    "grey": (GREY, GREY),
    "colour": (RGB, RGB),
    "alpha": (RGBA, RGB),
    "grey and alpha": (GREY_ALPHA, GREY),
    "deep grey": (DEEP_GREY, GREY),
    "deep colour": (DEEP_RGB, RGB),
}


def by_ffmpeg(codec: str, values: Values, layout: str) -> bytes:
    """One picture by FFmpeg's encoder."""
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.height, context.width = values.shape[:2]
    context.pix_fmt, context.time_base = layout, Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(values, format="rgb24").reformat(format=layout)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
