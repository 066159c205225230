"""Decodes a picture file, also a damaged one, and says what is wrong with it.

Rules this module upholds:

- Only the decoder that the content needs reads the bytes (`sniff`, `picture_decoding`).
- If a file cannot be decoded unchanged, it is decoded without its metadata, or its visible part is decoded (`partial`).
  A note states this.
- A picture that was decoded without an error gets a note if a part of its pixels is known to be wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from node.errors import MediaError
from node.media import decoders, icns, partial
from node.media.checksums import has_wrong_pixels
from node.media.decoders import tiff_segments
from node.media.decoders.decoded import Overstated, Unreliable
from node.media.icon import largest_first
from node.media.jpeg import has_invalid_pixels
from node.media.metadata import without_metadata
from node.media.picture_decoding import (
    DecodedPicture,
    TooManyPixels,
    decoded,
    in_our_words,
    opened_image,
    prepare,
)
from node.media.shortage import Shortage, lack_in
from node.media.sniff import (
    CUR,
    ICNS,
    ICO,
    J2C,
    JP2,
    JPEG,
    JPEG_XR,
    JPX,
    PNG,
    QOI,
    TIFF,
    Format,
    recognise,
)

_ICONS: Final = (ICO, CUR, ICNS)
_WITHIN_ICONS: Final = (PNG, JP2, JPX, J2C)
"""Formats of the images of an icon that are files of their own."""
_TOLERANT: Final = (QOI, JPEG_XR)
"""Formats whose decoders do not report that a file is cut short."""


def decode_picture(data: bytes) -> DecodedPicture:
    """Decodes a picture file in memory. Raises `MediaError` with the reason if it cannot be decoded."""
    known = recognise(data)
    prepare()
    try:
        picture = decoded(data, known)
    except (Shortage, TooManyPixels, Unreliable):
        raise
    except Overstated as error:
        if known not in _ICONS:
            raise
        return _of_icon(data, known, error)
    except MediaError as error:
        return _mended(data, known, error)
    if known in _TOLERANT or _may_end_early(picture, data, known):
        picture = _looked_at(picture, data, known)
    if picture.note:
        return picture
    if known is JPEG and has_invalid_pixels(data):
        return replace(picture, note="damaged JPEG: a part of its pixels is not valid and may be shown wrongly")
    if known is TIFF and tiff_segments.has_wiped_fax(data):
        return replace(picture, note="damaged TIFF: a part of its pixels is not valid and may be shown wrongly")
    if known is PNG and has_wrong_pixels(data):
        return replace(picture, note="damaged PNG: the checksum of its pixels is wrong, they may be shown wrongly")
    return picture


def _mended(data: bytes, known: Format, error: MediaError) -> DecodedPicture:
    """Decodes a picture that could not be decoded as it is: without its metadata, or the visible part of it. Raises
    `error`, or an error that says how little is visible.
    """
    words = "truncated" if str(error).startswith("truncated") else "damaged"
    clean = without_metadata(data, known)
    if clean is not None:
        try:
            picture = decoded(clean, known)
            return replace(picture, note=partial.note_of_clean(known, words, moves=picture.rest is not None))
        except (Shortage, TooManyPixels):
            raise
        except MediaError:
            data = clean
    seen = _seen(data, known)
    if (seen is None or seen.share == 0) and known in _ICONS:
        return _of_icon(data, known, error)
    if seen is None or seen.share == 0:
        raise error
    note = partial.note_of(seen, known, words)
    return DecodedPicture(
        pixels=seen.pixels, media_type=known.media_type, milliseconds=0, frames=1, rest=None, note=note
    )


def _of_icon(data: bytes, known: Format, error: MediaError) -> DecodedPicture:
    """Decodes the largest image of a damaged icon that is a file of its own and can be decoded. Raises `error` if there
    is none.
    """
    images = icns.largest_first(data) if known is ICNS else largest_first(data)
    for number, image in enumerate(images):
        try:
            kind = recognise(image)
            if kind in _WITHIN_ICONS:
                picture = decode_picture(image)
            elif kind is ICNS and len(images) > 1:  # of one image; else it is this file once more
                picture = decoded(image, kind)
            else:
                continue
        except Shortage:
            raise
        except MediaError:
            continue
        said = f"the image of {picture.pixels.width} x {picture.pixels.height} pixels in it was read"
        note = picture.note or (said if number else "its list of images is wrong, " + said)
        return replace(picture, media_type=known.media_type, note=f"damaged {known.name}: {note}")
    raise error


def _may_end_early(picture: DecodedPicture, data: bytes, known: Format) -> bool:
    if known is JPEG:
        return partial.needs_a_look(picture.pixels)
    return known is TIFF and tiff_segments.lacks_segments(data)


def _looked_at(picture: DecodedPicture, data: bytes, known: Format) -> DecodedPicture:
    """Decodes a picture a second time if it may end before its last row, and notes which rows are missing."""
    seen = _seen(data, known)
    if seen is None or seen.exact == 1:
        return picture
    return replace(picture, note=partial.note_of(seen, known, "damaged"))


def _seen(data: bytes, known: Format) -> partial.Shown | None:
    with in_our_words(data, known):
        if _is_for_pillow(data, known):
            return partial.shown(data, known, lambda made: opened_image(made, known))
        return partial.shown_by(data, known, lambda made: decoders.decode(made, known))


def _is_for_pillow(data: bytes, known: Format) -> bool:
    try:
        return decoders.decode(data, known) is None
    except Exception as error:
        if lack_in(error):
            raise
        return False
