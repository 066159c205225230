"""Decodes a picture file as it is, with the decoder of its format, within limits.

Rules this module upholds:

- The size in the header is compared with `MAX_PIXELS` before a pixel is decoded.
- Every failure is a `MediaError` in our own words, because a library's message can quote the file. Decoders raise much
  more than OSError (SyntaxError, ValueError, NotImplementedError, their bomb errors), so all exceptions end here.
- A lack of our own resources is not reported as damage (`shortage`).
- The first frame is the picture, also in an animation, because all other users of these hashes use it. The other frames
  are decoded one by one on request, and composed as a viewer shows them. Pages of a TIFF and further images of a HEIF
  are not frames and are not decoded here.
- A still picture's decoder is released at once. Only the pixels stay in memory.
"""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from node.errors import MediaError
from node.media import decoders
from node.media.continuation import is_cut_short
from node.media.decoders.decoded import MAX_PIXELS, Decoded
from node.media.gif import count_frames
from node.media.pixels import Pixels, turn_of
from node.media.shortage import damage, lack_in, shortage
from node.media.sniff import GIF, WEBP, Format
from node.media.still_frames import UNBELIEVED, Frames, ShownFrame, WebPFrames

_PLUGINS: Final = tuple(
    f"{kind}ImagePlugin"
    for kind in (
        "Bmp", "Cur", "Dds", "Gif", "Icns", "Ico", "Jpeg", "Jpeg2K", "Mpo", "Pcx", "Png", "Ppm", "Tga", "Tiff", "WebP",
    )
)  # fmt: skip
_PARTS: Final = ("ImageCms", "ImageColor", "ImageFilter", "ImageOps", "ImagePalette", "JpegPresets", "TiffTags")
"""Modules that Pillow would load later, for some pictures. A worker cannot open files then."""


class TooManyPixels(MediaError):
    """A picture is larger than `MAX_PIXELS`. No other decoder is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedPicture:
    """A picture's first frame, upright, and the media type of its content. `milliseconds`: see `ShownFrame`.

    `note`: what a person must know about the decoding, or "". `frames`: the stated number of frames. `rest`: an
    iterator over the other frames, which are decoded on request; None for a picture with one frame. It raises
    `MediaError` for a frame that cannot be decoded. A GIF may turn out to have one frame only when the second one is
    requested. `alpha`: the opacity of each pixel, see `transparency.alpha_of`.
    """

    pixels: Pixels
    media_type: str
    milliseconds: int
    frames: int
    rest: Iterator[ShownFrame] | None
    note: str = ""
    alpha: npt.NDArray[np.uint8] | None = None


def decoded(data: bytes, known: Format) -> DecodedPicture:
    """Decodes a picture file. Raises `MediaError` with the reason if it cannot be decoded as it is."""
    with in_our_words(data, known):
        if (other := decoders.decode(data, known)) is not None:
            return _still(other, known)
        try:
            frames = _opened(data, known)
        except OSError as error:  # it has no name for this kind
            if lack_in(error) or (other := decoders.decode(data, known, pillow_failed=True)) is None:
                raise
            return _still(other, known)
        first = frames.next()
        if first is None:
            raise EOFError
        alpha = frames.alpha()
    return DecodedPicture(
        pixels=first.pixels,
        media_type=known.media_type,
        milliseconds=first.milliseconds,
        frames=count_frames(data) if known is GIF else frames.stated if frames.moves else 1,
        rest=_rest(frames, data, known) if frames.moves else None,
        alpha=alpha,
    )


def _still(made: Decoded, known: Format) -> DecodedPicture:
    """Returns a picture that another decoder than Pillow read."""
    return DecodedPicture(
        pixels=made.pixels,
        media_type=made.media_type or known.media_type,
        milliseconds=UNBELIEVED,
        frames=1,
        rest=None,
        note=made.note,
        alpha=made.alpha,
    )


def _rest(frames: Frames, data: bytes, known: Format) -> Iterator[ShownFrame]:
    while True:
        with in_our_words(data, known):
            frame = frames.next()
        if frame is None:
            return
        yield frame
        del frame  # the next one wants the room


@contextmanager
def in_our_words(data: bytes, known: Format) -> Iterator[None]:
    """Translates every error of the block into a `MediaError`."""
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, which is no reason to refuse the pixels; of a bomb it must not merely warn.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except MediaError:
            raise
        except Exception as error:  # noqa: BLE001  (see the rules above)
            raise _reason(error, known, data) from None


def opened_image(data: bytes, known: Format) -> Image.Image:
    """Opens a picture whose size is within the limits. No pixel is decoded yet."""
    # Pillow's own check would refuse without telling the size; ours follows at once, before any pixel is decoded, and
    # then Pillow's stands behind it, for frames that turn out larger than the header said.
    Image.MAX_IMAGE_PIXELS = None
    try:
        image = Image.open(io.BytesIO(data), formats=(known.decoder,))
    finally:
        Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooManyPixels(f"too many pixels: {width} x {height}, the limit is {MAX_PIXELS} in all")
    if width < 1 or height < 1:
        raise MediaError(f"damaged {known.name}: its header states a size of {width} x {height} pixels")
    return image


def _opened(data: bytes, known: Format) -> Frames:
    image = opened_image(data, known)
    decoder = getattr(image, "_decoder", None) if known is WEBP else None
    if decoder is None or turn_of(image) is not None:
        return Frames(image, known)
    return WebPFrames(image, known, decoder)


@lru_cache(maxsize=1)
def prepare() -> None:
    """Registers the allowed decoders with Pillow and limits each one to the calling thread. Pillow loads
    nothing later.
    """
    for name in (*_PLUGINS, *_PARTS):
        importlib.import_module(f"PIL.{name}")
    Image.preinit()
    decoders.prepare()
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    # One allocation a picture, so that its pixels can be read in place (see `pixels`).
    vars(Image)["core"].set_use_block_allocator(1)


def _reason(error: Exception, known: Format, data: bytes) -> MediaError:
    """Translates a decoder's error into our own words."""
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return TooManyPixels(
            f"too many pixels: a frame is larger than its header says, the limit is {MAX_PIXELS} in all"
        )
    if lack := lack_in(error):
        return shortage(f"decoding this {known.name}", lack)
    if is_cut_short(data):
        return MediaError(f"truncated {known.name}")
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return damage(f"truncated {known.name}")
    if isinstance(error, NotImplementedError) or "unsupported" in str(error).lower():
        return damage(f"a {known.name} of a kind that Vigil does not decode")
    if isinstance(error, UnidentifiedImageError):
        return damage(f"damaged {known.name}: its header cannot be read")
    return damage(f"damaged {known.name}: it cannot be decoded")
