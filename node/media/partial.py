"""Decodes the visible part of a picture whose file is cut short or damaged.

Rules this module upholds:

- A pixel counts as decoded only if the file determines it. The picture is decoded twice: over two backgrounds, and with
  two different continuations of the file if its decoder needs one. Pixels that are equal in both come from the file.
- Missing pixels are filled as the format's decoder fills them for viewers: grey in a JPEG, black elsewhere. So other
  programs get the same hash for the same file. PDQ does not distinguish these fills (measured).
- A picture stored in passes (interlaced GIF and PNG) is shown with the detail that exists.
- Below `LEAST_SHARE` there is no picture, because its hash would depend more on the fill than on the visible part.

Source of the continuation: libwebp, libheif with libde265, dav1d and libtiff decode the data up to its end, and refuse
a file that is shorter than it states. Their Python bindings have no switch for this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from node.errors import MediaError
from node.media.continuation import continued
from node.media.decoders.decoded import LEAST_SHARE, Decoded
from node.media.pixels import Pixels, pixels_of, turn_of
from node.media.shortage import lack_in
from node.media.sniff import AVIF, HEIC, HEIF, JPEG, TIFF, WEBP, Format

METADATA: Final = "its metadata is damaged or too large and was left out"
_CONTINUED_FORMATS: Final = (WEBP, AVIF, HEIC, HEIF, TIFF)
_PLANE: Final = 2
_BLOCK_ROWS: Final = 16
"""The greatest height of a row of blocks in an ordinary JPEG: 8 rows, subsampled twofold."""
_ROWS_AT_AN_END: Final = 64
"""Rows that may be partly decoded: one row of blocks of a JPEG, one row of coding units of an HEVC or AV1 picture."""
_FILLERS: Final = (0x00, 0x55, 0xAA, 0x5B, 0x11)
"""Bytes with which a file is continued. Some decoders reject some of them: the first two accepted ones are used."""
_BACKGROUNDS: Final = (0, 255)
_STEP: Final = 8
"""Rows and columns between neighbours in the first pass of an interlaced GIF or PNG."""
_GREY: Final = 128
"""The value that libjpeg shows without data: zero coefficients, the middle of the range (jdhuff.c, insufficient_data).
"""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The decoded part of a picture, upright. `share`: of the visible pixels, 0 to 1; `exact`: of the pixels decoded at
    full detail; `rows`: rows that were decoded completely.
    """

    pixels: Pixels
    share: float
    exact: float
    rows: int


def shown(data: bytes, known: Format, opened: Callable[[bytes], Image.Image]) -> Shown | None:
    """Returns the visible part of a damaged file, or None if it cannot be opened. `opened` opens it and checks the
    limits. Raises errors that state a lack of our resources.
    """
    found: list[Image.Image] = []
    for filler in _FILLERS if known in _CONTINUED_FORMATS else _FILLERS[: len(_BACKGROUNDS)]:
        background = _BACKGROUNDS[len(found)]
        decoded = _decoded(continued(data, known, filler), known, background, opened)
        if decoded is not None:
            found.append(decoded)
        if len(found) == len(_BACKGROUNDS):
            break
    if len(found) < len(_BACKGROUNDS) or found[0].size != found[1].size or found[0].mode != found[1].mode:
        return None
    decided = _decided(found[0], found[1], known)
    del found[1]
    if known is JPEG:  # what it shows by itself behind the end of its data
        plain = _decoded(data, known, 0, opened)
        return None if plain is None else _of_jpeg(plain, decided)
    return _filled(found[0], decided)


def shown_by(data: bytes, known: Format, decode: Callable[[bytes], Decoded | None]) -> Shown | None:
    """The same with a decoder that refuses a cut file: it decodes two continuations of the file."""
    found: list[Pixels] = []
    for filler in _FILLERS:
        try:
            decoded = decode(continued(data, known, filler))
        except Exception as error:
            if lack_in(error):
                raise
            continue
        if decoded is not None:
            found.append(decoded.pixels)
        if len(found) == len(_BACKGROUNDS):
            break
    if len(found) < len(_BACKGROUNDS) or found[0].values.shape != found[1].values.shape:
        return None
    shape = (found[0].height, found[0].width, found[0].channels)
    decided: Mask = np.asarray((found[0].values == found[1].values).reshape(shape).all(axis=2))
    values = np.array(found[0].values).reshape(shape)
    values[~decided] = 0
    return _shown(_as_pixels(values), decided, decided)


def _decoded(data: bytes, known: Format, background: int, opened: Callable[[bytes], Image.Image]) -> Image.Image | None:
    """Decodes over a background as far as the decoder can. Returns None if it returns nothing."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image = opened(data)
        _put_under(image, background, whole=known is TIFF)
        try:
            image.load()
        except Exception as error:
            if lack_in(error):  # decoders raise anything; what they decoded before stays
                raise
            image.tile = []  # type: ignore[attr-defined]  # of ImageFile: nothing is left to decode
            image.load()
        return image
    except Exception as error:
        if lack_in(error):
            raise
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _put_under(image: Any, level: int, *, whole: bool) -> None:  # noqa: ANN401  (Pillow's hooks have no type)
    """Fills an image with a background instead of black where its tiles will be. `whole`: everywhere, because tiles may
    be missing.
    """
    prepare = image.load_prepare
    places = [] if whole else [tile[1] for tile in image.tile]

    def prepared() -> None:
        prepare()
        core = image.im
        colour = level if core.bands == 1 else (level,) * core.bands
        for place in places or [(0, 0, *core.size)]:
            core.paste(colour, place)

    image.load_prepare = prepared


def _decided(one: Image.Image, other: Image.Image, known: Format) -> Mask:
    """Returns which pixels are equal in both images, upright. With a palette, the indices are compared, because two of
    them may have the same colour.

    A JPEG is stored in rows of blocks. After the first different row, equal pixels are equal by chance.
    """
    same = np.asarray(one) == np.asarray(other)
    same = same if same.ndim == _PLANE else same.all(axis=2)
    if known is JPEG and not same.all():
        same[int(np.argmin(same.all(axis=1))) + _BLOCK_ROWS :] = False
    flags = Image.fromarray(same.astype(np.uint8))
    turn = turn_of(one)
    return np.asarray(flags if turn is None else flags.transpose(turn)).astype(bool)


def _filled(image: Image.Image, decided: Mask) -> Shown:
    pixels = pixels_of(image)
    values = np.array(pixels.values).reshape(pixels.height, pixels.width, pixels.channels)
    seen = _spread(values, decided)
    values[~seen] = 0
    return _shown(_as_pixels(values), decided, seen)


def _of_jpeg(image: Image.Image, decided: Mask) -> Shown:
    """Returns the visible part of a JPEG. libjpeg fills the rest with grey, except in a progressive JPEG that lost only
    details.
    """
    pixels = pixels_of(image)
    grey = blank(pixels.values.reshape(pixels.height, pixels.width, pixels.channels)[:, :, :3])
    lost = ~decided & grey
    return _shown(pixels, decided, ~lost)


def _shown(pixels: Pixels, decided: Mask, seen: Mask) -> Shown:
    return Shown(
        pixels=pixels,
        share=float(seen.mean()),
        exact=float(decided.mean()),
        rows=int(decided.all(axis=1).sum()),
    )


def blank(values: npt.NDArray[np.uint8]) -> Mask:
    """Returns where a JPEG shows the value that libjpeg shows without data. `values` has the shape (..., channels)."""
    return np.asarray(((values == _GREY) | (values == _GREY - 1)).all(axis=-1))  # the lower one: inverted, in CMYK


def needs_a_look(pixels: Pixels) -> bool:
    """Tells whether any side of a JPEG that was decoded without an error has the value that libjpeg shows
    without data.
    """
    values = pixels.values.reshape(pixels.height, pixels.width, pixels.channels)[:, :, :3]
    return any(bool(blank(edge).all()) for edge in (values[-1], values[0], values[:, -1], values[:, 0]))


def note_of(seen: Shown, known: Format, words: str) -> str:
    """Returns the note on a partly decoded picture. `words`: "truncated" or "damaged". Raises `MediaError` with this
    note if the visible share is less than `LEAST_SHARE`.
    """
    note = _note(seen, known, words)
    if seen.share < LEAST_SHARE:
        raise MediaError(f"{note}, which is too little to compare")
    return note


def note_of_clean(known: Format, words: str, *, moves: bool) -> str:
    """Returns the note on a picture that was decoded without its metadata. `words`: see `note_of`."""
    if words != "truncated":
        return METADATA
    return f"truncated {known.name}: {'its last frames are missing' if moves else 'its pixels are whole'}"


def _note(seen: Shown, known: Format, words: str) -> str:
    height = seen.pixels.height
    if seen.exact == 1:
        return f"{words} {known.name}: all of its {height} rows could be decoded"
    if seen.share == 1:
        return f"{words} {known.name}: all of it can be seen, but {1 - seen.exact:.0%} of it in less detail"
    if abs(seen.rows - seen.share * height) < _ROWS_AT_AN_END:
        return f"{words} {known.name}: {seen.rows} of {height} rows could be decoded"
    return f"{words} {known.name}: about {seen.share:.0%} of its pixels could be decoded"


def _spread(values: npt.NDArray[np.uint8], decided: Mask) -> Mask:
    """Fills pixels between the passes of an interlaced picture with the decoded pixel to the left, then above, within
    one step, as viewers do. Returns which pixels are visible.
    """
    seen = np.array(decided)
    whole, some = np.asarray(decided.all(axis=1)), np.asarray(decided.any(axis=1))
    if int(some.sum()) - int(whole.sum()) <= 1 and int(np.count_nonzero(whole[1:] != whole[:-1])) <= 1:
        return seen  # rows in one stretch: no passes, and of a large picture much time and memory saved
    for axis in (1, 0):
        view, mask = (values, seen) if axis == 1 else (values.swapaxes(0, 1), seen.T)
        places = np.arange(mask.shape[1], dtype=np.int32)
        # A pixel with a decided one at both sides within a step: what lies beyond all data stays as it is.
        left = np.maximum.accumulate(np.where(mask, places, -_STEP), axis=1)
        right = np.minimum.accumulate(np.where(mask, places, 2 * mask.shape[1])[:, ::-1], axis=1)[:, ::-1]
        edge = places >= mask.shape[1] - _STEP
        between = ~mask & (places - left < _STEP) & ((right - left <= _STEP) | edge)
        rows, columns = np.nonzero(between)
        view[rows, columns] = view[rows, left[rows, columns]]
        mask |= between
    return seen


def _as_pixels(values: npt.NDArray[np.uint8]) -> Pixels:
    flat = np.ascontiguousarray(values.reshape(values.shape[0], -1))
    flat.flags.writeable = False
    return Pixels(values=flat, channels=values.shape[2])
