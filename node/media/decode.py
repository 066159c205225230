"""Decoding untrusted bytes into pixels, within limits.

Rules this module upholds:

- Only the one decoder that the content calls for is let near the bytes (`sniff`).
- No pixel is decoded before the size that the header states was held against `MAX_PIXELS`.
- Whatever goes wrong is a `MediaError` in our own words: a library's can quote the file. Decoders raise far more than
  OSError (SyntaxError, ValueError, NotImplementedError, their bomb errors), so everything that they raise ends here.
- The first frame is the picture: of an animation as of a still one, for that is what every other user of these hashes
  takes. The other frames are not searchable: a record holds one PDQ a picture, and frames belong to a video's.
"""

from __future__ import annotations

import importlib
import io
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pillow_heif
from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from node.errors import MediaError
from node.media.pixels import Pixels, pixels_of, turn_of
from node.media.sniff import WEBP, Format, recognise

MAX_PIXELS: Final = 200_000_000
"""Pixels of one picture. The largest sensors of phones give 199.8 million; decoded they take 4 bytes each."""
_PLUGINS: Final = ("Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedPicture:
    """A picture's first frame, upright, and the media type that its content has."""

    pixels: Pixels
    media_type: str


def decode_picture(data: bytes) -> DecodedPicture:
    """Decodes a picture file held in memory. Raises `MediaError` with the reason for all that can be wrong with it."""
    known = recognise(data)
    _prepare_decoders()
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, which is no reason to refuse the pixels; of a bomb it must not merely warn.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _decode(data, known)
        except MediaError:
            raise
        except MemoryError:
            raise MediaError(f"decoding this {known.name} takes more memory than a worker may have") from None
        except Exception as error:  # noqa: BLE001  (see the rules above)
            raise MediaError(_reason(error, known, data)) from None


def _decode(data: bytes, known: Format) -> DecodedPicture:
    # Pillow's own check would refuse without telling the size; ours follows at once, before any pixel is decoded, and
    # then Pillow's stands behind it, for frames that turn out larger than the header said.
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(io.BytesIO(data), formats=(known.decoder,)) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise MediaError(f"too many pixels: {width} x {height}, the limit is {MAX_PIXELS} in all")
        if width < 1 or height < 1:
            raise MediaError(f"damaged {known.name}: it states a size of {width} x {height} pixels")
        Image.MAX_IMAGE_PIXELS = MAX_PIXELS
        return DecodedPicture(pixels=_pixels(image, known), media_type=known.media_type)


def _pixels(image: Image.Image, known: Format) -> Pixels:
    """The upright pixels of an opened image's first frame.

    WebP's decoder gives them as they are wanted; Pillow would copy them three times more, a seventh of all the work.
    """
    decoder = getattr(image, "_decoder", None) if known is WEBP else None
    if decoder is None or turn_of(image) is not None:
        image.load()
        return pixels_of(image)
    frame = decoder.get_next()
    if frame is None:
        raise EOFError
    return Pixels(values=np.frombuffer(frame[0], np.uint8).reshape(image.height, image.width * 4), channels=4)


@lru_cache(maxsize=1)
def _prepare_decoders() -> None:
    """Makes the decoders of the allow-list known to Pillow and keeps each to the thread that it runs in."""
    for plugin in _PLUGINS:
        importlib.import_module(f"PIL.{plugin}ImagePlugin")
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    # One allocation a picture, so that its pixels can be read in place (see `pixels`).
    vars(Image)["core"].set_use_block_allocator(1)


def _reason(error: Exception, known: Format, data: bytes) -> str:
    """Our words for a decoder's error."""
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"too many pixels: a frame is larger than its header says, the limit is {MAX_PIXELS} in all"
    if _is_cut_short(data) or isinstance(error, EOFError) or "truncated" in str(error).lower():
        return f"truncated {known.name}"
    if isinstance(error, NotImplementedError) or "unsupported" in str(error).lower():
        return f"a {known.name} of a kind that Vigil does not decode"
    if isinstance(error, UnidentifiedImageError):
        return f"damaged {known.name}: its header cannot be read"
    return f"damaged {known.name}: it cannot be decoded"


def _is_cut_short(data: bytes) -> bool:
    """Whether a container of stated length (RIFF, ISO media) ends after the file does."""
    if data.startswith(b"RIFF"):
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if data[4:8] != b"ftyp":
        return False
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:  # the size follows in 8 bytes
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:  # noqa: PLR2004  (0: to the end of the file; else no box is smaller than its header)
            return False
        at += size
    return at > len(data)
