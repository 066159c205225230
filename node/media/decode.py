"""Decoding untrusted bytes into pixels, within limits.

Rules this module upholds:

- Only the one decoder that the content calls for is let near the bytes (`sniff`).
- No pixel is decoded before the size that the header states was held against `MAX_PIXELS`.
- Whatever goes wrong is a `MediaError` in our own words: a library's can quote the file. Decoders raise far more than
  OSError (SyntaxError, ValueError, NotImplementedError, their bomb errors), so everything that they raise ends here.
- A lack of our own resources is no damage (`shortage`).
- The first frame is the picture: of an animation as of a still one, for that is what every other user of these hashes
  takes. The others come one by one, as they are asked for, composed as a viewer would show them. Pages of a TIFF and
  further images of a HEIF are no frames, and not decoded.
- A still picture's decoder is let go at once: beside its pixels nothing of it stays in memory.
"""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import numpy as np
import pillow_heif
from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from node.errors import MediaError
from node.media import decoders
from node.media.decoders.decoded import MAX_PIXELS as MAX_PIXELS  # noqa: PLC0414  (part of this module's interface)
from node.media.decoders.decoded import Decoded
from node.media.gif import count_frames
from node.media.pixels import Pixels, pixels_of, turn_of
from node.media.shortage import damage, lack_in, shortage
from node.media.sniff import AVIF, GIF, PNG, WEBP, Format, recognise

_PLUGINS: Final = tuple(
    f"{kind}ImagePlugin"
    for kind in (
        "Bmp", "Cur", "Dds", "Gif", "Icns", "Ico", "Jpeg", "Jpeg2K", "Mpo", "Pcx", "Png", "Ppm", "Tga", "Tiff", "WebP",
    )
)  # fmt: skip
_PARTS: Final = ("ImageCms", "ImageColor", "ImageFilter", "ImageOps", "ImagePalette", "JpegPresets", "TiffTags")
"""What Pillow would load when a picture calls for it; a worker has shut itself in by then."""
_MOVING: Final = (GIF, WEBP, PNG, AVIF)
_MAX_BOXES: Final = 100_000
"""Boxes of an ISO media file that are walked over: a picture has a few dozen."""
_BELIEVED: Final = 10
"""Milliseconds up to which no frame is believed to be shown; browsers show such a frame for `_UNBELIEVED`."""
_UNBELIEVED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFrame:
    """One frame, upright; `milliseconds`: how long a viewer shows it."""

    pixels: Pixels
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedPicture:
    """A picture's first frame, upright, and the media type that its content has. `milliseconds` as in `ShownFrame`.

    `note`: what a person must know of how it was read, "" for nothing. `frames`: how many it states. `rest`: those
    after the first, decoded as they are asked for; raises `MediaError` where one cannot be. None of a picture that has
    no others; of a GIF that is known no sooner than its second frame was looked for.
    """

    pixels: Pixels
    media_type: str
    milliseconds: int
    frames: int
    rest: Iterator[ShownFrame] | None
    note: str = ""


def decode_picture(data: bytes) -> DecodedPicture:
    """Decodes a picture file held in memory. Raises `MediaError` with the reason for all that can be wrong with it."""
    known = recognise(data)
    prepare()
    with _in_our_words(data, known):
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
    return DecodedPicture(
        pixels=first.pixels,
        media_type=known.media_type,
        milliseconds=first.milliseconds,
        frames=count_frames(data) if known is GIF else frames.stated if frames.moves else 1,
        rest=_rest(frames, data, known) if frames.moves else None,
    )


def _still(decoded: Decoded, known: Format) -> DecodedPicture:
    """A picture that another decoder than Pillow read."""
    return DecodedPicture(
        pixels=decoded.pixels,
        media_type=decoded.media_type or known.media_type,
        milliseconds=_UNBELIEVED,
        frames=1,
        rest=None,
        note=decoded.note,
    )


def _rest(frames: _Frames, data: bytes, known: Format) -> Iterator[ShownFrame]:
    while True:
        with _in_our_words(data, known):
            frame = frames.next()
        if frame is None:
            return
        yield frame
        del frame  # the next one wants the room


@contextmanager
def _in_our_words(data: bytes, known: Format) -> Iterator[None]:
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


def _opened(data: bytes, known: Format) -> _Frames:
    # Pillow's own check would refuse without telling the size; ours follows at once, before any pixel is decoded, and
    # then Pillow's stands behind it, for frames that turn out larger than the header said.
    Image.MAX_IMAGE_PIXELS = None
    try:
        image = Image.open(io.BytesIO(data), formats=(known.decoder,))
    finally:
        Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise MediaError(f"too many pixels: {width} x {height}, the limit is {MAX_PIXELS} in all")
    if width < 1 or height < 1:
        raise MediaError(f"damaged {known.name}: its header states a size of {width} x {height} pixels")
    decoder = getattr(image, "_decoder", None) if known is WEBP else None
    if decoder is None or turn_of(image) is not None:
        return _Frames(image, known)
    return _WebPFrames(image, known, decoder)


class _Frames:
    """The frames of an opened picture, as Pillow gives them."""

    def __init__(self, image: Image.Image, known: Format) -> None:
        self._image = image
        self._known = known
        self._given = 0

    @property
    def moves(self) -> bool:
        """Whether there may be more than the first."""
        return self._known is GIF or (self._known in _MOVING and self.stated > 1)

    @property
    def stated(self) -> int:
        """Frames by the file's own account, which Pillow would count by reading all of a GIF's."""
        return int(getattr(self._image, "n_frames", 1))

    def next(self) -> ShownFrame | None:
        """The next one; None after the last. Raises whatever Pillow raises."""
        image = self._image
        if self._given:
            if self._known is not GIF and self._given >= self.stated:
                return None
            try:
                image.seek(self._given)
            except EOFError:
                if self._known is GIF:  # which ends so, be it by its trailer or without
                    return None
                raise
        self._given += 1
        image.load()
        return ShownFrame(pixels=pixels_of(image), milliseconds=_shown_for(image.info.get("duration")))


class _WebPDecoder(Protocol):
    """Pillow's binding of libwebp's WebPAnimDecoder, as far as it is used here."""

    def get_next(self) -> tuple[bytes, int] | None:
        """The next composed frame and the milliseconds until which it is shown; None where there is none."""
        ...


class _WebPFrames(_Frames):
    """The same of a WebP that is upright, straight from its decoder, which gives the pixels as they are wanted; Pillow
    would copy them three times more, a seventh of all the work.
    """

    def __init__(self, image: Image.Image, known: Format, decoder: _WebPDecoder) -> None:
        super().__init__(image, known)
        self._decoder = decoder
        self._until = 0

    def next(self) -> ShownFrame | None:
        if self._given >= self.stated:
            return None
        frame = self._decoder.get_next()
        if frame is None:
            raise EOFError
        values, until = frame
        self._given += 1
        shown, self._until = until - self._until, until
        height, width = self._image.height, self._image.width
        pixels = Pixels(values=np.frombuffer(values, np.uint8).reshape(height, width * 4), channels=4)
        return ShownFrame(pixels=pixels, milliseconds=_shown_for(shown))


def _shown_for(stated: object) -> int:
    """How long a frame is shown (ms). Viewers do not believe in a hundredth of a second or less, or in none at all."""
    if not isinstance(stated, int | float) or not _BELIEVED < stated < float("inf"):
        return _UNBELIEVED
    return round(stated)


@lru_cache(maxsize=1)
def prepare() -> None:
    """Makes the decoders of the allow-list known to Pillow and keeps each to the thread that it runs in. Nothing of
    Pillow is loaded later.
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
    """Our words for a decoder's error."""
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return MediaError(f"too many pixels: a frame is larger than its header says, the limit is {MAX_PIXELS} in all")
    if lack := lack_in(error):
        return shortage(f"decoding this {known.name}", lack)
    if _is_cut_short(data):
        return MediaError(f"truncated {known.name}")
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return damage(f"truncated {known.name}")
    if isinstance(error, NotImplementedError) or "unsupported" in str(error).lower():
        return damage(f"a {known.name} of a kind that Vigil does not decode")
    if isinstance(error, UnidentifiedImageError):
        return damage(f"damaged {known.name}: its header cannot be read")
    return damage(f"damaged {known.name}: it cannot be decoded")


def _is_cut_short(data: bytes) -> bool:
    """Whether a container of stated length (RIFF, ISO media) ends after the file does."""
    if data.startswith(b"RIFF"):
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if data[4:8] != b"ftyp":
        return False
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(data):
            break
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:  # the size follows in 8 bytes
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:  # noqa: PLR2004  (0: to the end of the file; else no box is smaller than its header)
            return False
        at += size
    return at > len(data)
