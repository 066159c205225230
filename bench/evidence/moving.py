"""Files in which a film is not all that there is to see: films in pictures, several streams, what a clock hides.

Rules this module upholds:

- Each is made as the programs make it that write such files: telephones, recorders, editors.
- Every one is sound: what is in it can be shown whole.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from bench.evidence import films
from bench.evidence.case import Wanted
from bench.evidence.films import FILMS, WHOLE
from bench.evidence.originals import FILM_RATE, Original, Originals
from bench.evidence.stills import heif_of, saved

Made = tuple[bytes, tuple[Wanted, ...]]
Compose = Callable[[Originals], Made]
_XMP: Final = (
    b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
    b"xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
    b"xmlns:GCamera='http://ns.google.com/photos/1.0/camera/' GCamera:MotionPhoto='1' GCamera:MicroVideo='1' "
    b"GCamera:MicroVideoOffset='%d'/></rdf:RDF></x:xmpmeta>"
)


def jpeg(original: Original, **options: object) -> bytes:
    """A JPEG of a picture."""
    return saved(original.image, "JPEG", quality=90, **options)


def shown(*originals: Original) -> tuple[Wanted, ...]:
    """These originals, which are there whole."""
    return tuple(Wanted(original=original, shown=True) for original in originals)


def _mp4(original: Original, kind: str = "mp4 h264") -> bytes:
    return films.encoded(FILMS[kind], [(original, WHOLE)])


def motion_photo(given: Originals) -> Made:
    """Google's: a film behind the JPEG, told in its XMP."""
    picture, film = given.picture(), given.film()
    clip, plain = _mp4(film), jpeg(picture)
    told = _XMP % len(clip)
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(told) + 2) + told + plain[2:] + clip, shown(picture, film)


def samsung(given: Originals) -> Made:
    """Samsung's: a film behind a marker, with a directory of what is behind at the end."""
    picture, film = given.picture(), given.film()
    clip = _mp4(film)
    marked = struct.pack("<HHI", 0, 0x0A30, 16) + b"MotionPhoto_Data" + clip
    listed = b"SEFH" + struct.pack("<IIHHII", 106, 1, 0, 0x0A30, len(marked), len(marked))
    return jpeg(picture) + marked + listed + struct.pack("<I", len(listed)) + b"SEFT", shown(picture, film)


def heic_motion(given: Originals) -> Made:
    """A HEIC with a film in a box of its own behind it."""
    picture, film = given.picture(), given.film()
    clip = _mp4(film)
    return heif_of([picture.image], quality=80) + struct.pack(">I", len(clip) + 8) + b"mpvd" + clip, shown(
        picture, film
    )


def streams(kind: str) -> Compose:
    """Two streams of pictures."""

    def compose(given: Originals) -> Made:
        one, two = given.film(), given.film()
        return films.encoded(FILMS[kind], [(one, WHOLE), (two, WHOLE)]), shown(one, two)

    return compose


def still_first(kind: str) -> Compose:
    """A first stream of one picture, then the film."""

    def compose(given: Originals) -> Made:
        one, two = given.film(), given.film()
        return films.encoded(FILMS[kind], [(one, WHOLE[:1]), (two, WHOLE)]), shown(two)

    return compose


def unknown_first(given: Originals) -> Made:
    """A first stream of a coding that nobody knows."""
    one, two = given.film(), given.film()
    data = films.encoded(FILMS["avi mpeg4"], [(one, WHOLE[:5]), (two, WHOLE)])
    return data.replace(b"FMP4", b"ZZZZ", 2), shown(two)


def edit_list(given: Originals) -> Made:
    """An edit list that hides all but the last second."""
    one, two = given.film(), given.film()
    half = range(FILM_RATE, len(WHOLE) - FILM_RATE)
    data = films.spliced(FILMS["mp4 h264"], [(one, half), (two, WHOLE[-2 * FILM_RATE :])])
    return films.with_edit_list(data, 1), shown(one)


def equal_stamps(given: Originals) -> Made:
    """Every frame claims to be shown at the same moment."""
    one, two = given.film(), given.film()
    return films.with_equal_stamps(one, two), shown(one, two)


def jump(seconds: int) -> Compose:
    """A clock that jumps by so many seconds."""

    def compose(given: Originals) -> Made:
        one, two = given.film(), given.film()
        return films.with_jumping_stamps(one, two, seconds), shown(one, two)

    return compose


def joined(kind: str) -> Compose:
    """Two films of one kind, one behind the other, as recorders leave them."""

    def compose(given: Originals) -> Made:
        one, two = given.film(), given.film()
        return _mp4(one, kind) + _mp4(two, kind), shown(one, two)

    return compose
