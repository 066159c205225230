"""Makes a picture from the samples of a codec, and uses FFmpeg as a decoder of one packet.

Rules this module upholds:

- FFmpeg gets one packet: no container, no file, one thread. The caller has checked the size against the limits.
"""

from __future__ import annotations

from typing import Any, Final

import av
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext

from node.errors import MediaError
from node.media.decoders.decoded import Decoded, pixels_from
from node.media.samples import eight_bit, opacity_of

_BYTE: Final = 8
_DEEP_GREY: Final = ("gray16be", "gray16le")


def of_samples(values: npt.NDArray[Any], bits: int, *, note: str = "") -> Decoded:
    """Makes a picture from samples of shape (height, width) or (height, width, 1 to 4). The last of 2 or 4 samples is
    alpha, which is returned separately.
    """
    shaped = values.reshape(*values.shape[:2], -1)
    colours = 3 if shaped.shape[2] > 2 else 1  # noqa: PLR2004  (grey and alpha)
    alpha = opacity_of(shaped[:, :, colours], bits) if shaped.shape[2] == colours + 1 else None
    return Decoded(pixels=pixels_from(eight_bit(shaped[:, :, :colours], bits)), alpha=alpha, note=note)


def by_ffmpeg(codec: str, data: bytes) -> Decoded:
    """Returns the first picture that FFmpeg's decoder `codec` reads from a file. Raises any exception."""
    context = av.CodecContext.create(codec, "r")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(f"unsupported: {codec} decodes no pictures")
    context.thread_count = 1
    frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    if not frames:
        raise MediaError("damaged picture: it cannot be decoded")
    frame = frames[0]
    if frame.format.name in _DEEP_GREY:
        return of_samples(frame.to_ndarray(), 2 * _BYTE)
    return of_samples(frame.to_ndarray(format="gray" if frame.format.name == "gray" else "rgb24"), _BYTE)


def prepare(codecs: tuple[str, ...]) -> None:
    """Creates each decoder once, so that it is loaded."""
    for name in codecs:
        av.CodecContext.create(name, "r")
