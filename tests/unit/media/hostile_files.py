"""Small valid files of every kind that the evidence benchmark makes, and what a seed makes of one of them.

Rules this module upholds:

- A kind is made once, when a seed first calls for it; one that nothing here can write is left out.
- The same seed gives the same damage of the same kind.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Final

import numpy as np

from bench.evidence import composites, films, stills
from bench.evidence.holders import HOLDERS, packed
from bench.evidence.originals import Original, Originals
from tests.kinds import documents
from tests.kinds import holders as handmade
from tests.kinds.mac_icons import mac_icon, packed_colours
from tests.unit.media.hostile import hurt
from tests.unit.media.pictures import encoded, scene

SMALL: Final = scene(72, 56)
_LOOKS: Final = np.zeros((1, 32), np.uint8)
_FRAMES: Final = range(4)
_UNPACKED: Final = ("y4m",)
"""Films whose frames are not compressed: two of them are large enough."""
LARGEST: Final = 400_000
"""Bytes of a valid file; a larger one of its kind tells nothing more."""


class Tiny(Original):
    """An original whose films are of a few grey frames with a moving edge."""

    def frame(self, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        return np.asarray(self.image.rotate(5 * number).resize((352, 288)))


def _given() -> Originals:
    some = [Original(str(seed), scene(72, 56, seed), _LOOKS) for seed in (1, 2, 3, 4)]
    return Originals(some, some)


def _still(kind: str) -> bytes | None:
    return _mac_icon() if kind == "icns" else stills.written(kind, SMALL)


def _mac_icon() -> bytes:
    """A small one: a PNG, packed colours with their mask, and packed colours with alpha."""
    colours = packed_colours(scene(32, 32, 3))
    mask = bytes(range(256)) * 4
    with_alpha = packed_colours(scene(16, 16, 2), alpha=True)
    return mac_icon(
        (b"ic07", encoded(scene(128, 128), "PNG")), (b"il32", colours), (b"l8mk", mask), (b"ic04", with_alpha)
    )


def _film(kind: str) -> bytes | None:
    try:
        frames = _FRAMES if kind not in _UNPACKED else _FRAMES[:2]
        return films.encoded(films.FILMS[kind], [(Tiny("film", SMALL, _LOOKS), frames)])
    except Exception:  # noqa: BLE001  (an encoder that is absent)
        return None


def _holder(kind: str) -> bytes | None:
    suffix = ".jpg" if ".jpg" in HOLDERS[kind].takes or HOLDERS[kind].takes == ("",) else ".png"
    members = [(f"{seed}{suffix}", encoded(scene(72, 56, seed), "JPEG")) for seed in (1, 2)]
    return packed(kind, members)


def _archive(write: Callable[[dict[str, bytes]], bytes]) -> bytes:
    return write({f"{seed}.jpg": encoded(scene(72, 56, seed), "JPEG") for seed in (1, 2)})


def _stream(write: Callable[[bytes], bytes]) -> bytes:
    return write(encoded(scene(72, 56, 1), "JPEG"))


def _office(write: Callable[[Sequence[bytes]], bytes]) -> bytes:
    return write([encoded(scene(72, 56, seed), "JPEG") for seed in (1, 2)])


def _composite(kind: str) -> bytes | None:
    try:
        return composites.COMPOSITES[kind].compose(_given())[0]
    except Exception:  # noqa: BLE001  (a writer that is absent)
        return None


_MOVING: Final = ("film", "motion", "stream", "clock", "edit", "stamps")
"""Words in the names of composites that hold whole films: too large here."""
_MAKERS: Final[dict[str, Callable[[], bytes | None]]] = {
    **{kind: partial(_still, kind) for kind in stills.STILLS},
    **{kind: partial(_film, kind) for kind in films.FILMS},
    **{kind: partial(_holder, kind) for kind in HOLDERS},
    **{kind: partial(_composite, kind) for kind in composites.COMPOSITES if not any(word in kind for word in _MOVING)},
    # Kinds for which the benchmark has no writer, or needs one that may be absent.
    "7z": partial(_archive, handmade.seven_zip_of),
    "7z deflate": partial(_archive, partial(handmade.seven_zip_of, method="deflate")),
    "7z copy": partial(_archive, partial(handmade.seven_zip_of, method="copy")),
    "rar": partial(_archive, handmade.rar_of),
    "cab": partial(_archive, handmade.cab_of),
    "compress": partial(_stream, handmade.compress_of),
    "lz4": partial(_stream, handmade.lz4_of),
    "lzip": partial(_stream, handmade.lzip_of),
    "doc": partial(_office, documents.old_letter_of),
    "xls": partial(_office, documents.old_sheet_of),
    "ppt": partial(_office, documents.old_slides_of),
    "winmail.dat": partial(_archive, documents.winmail_of),
}
KINDS: Final = tuple(_MAKERS)


_TOGETHER: Final = {
    "psb": "psd", "pgm": "ppm", "pbm": "ppm", "pam": "ppm", "pfm": "ppm",
    "m4v": "mp4", "3gp": "mp4", "3g2": "mp4", "mov": "mp4", "webm": "mkv", "m2ts": "ts", "vcd": "mpg", "asf": "wmv",
    "xls": "doc", "ppt": "doc", "pptx": "docx", "xlsx": "docx", "odt": "docx", "epub": "docx",
    "mbox": "eml", "mhtml": "eml",
}  # fmt: skip
"""First words of kinds that one reader reads."""
_TRIED_ELSEWHERE: Final = frozenset({"jpeg", "png", "gif", "webp", "bmp", "avif", "heic"})
"""By `hostile`."""


def _formats() -> dict[str, tuple[str, ...]]:
    """Kinds by what reads them, as far as the first word of a kind tells."""
    made: dict[str, list[str]] = {}
    for kind in KINDS:
        first = kind.split()[0].split(".")[0]
        if kind in composites.COMPOSITES:
            made.setdefault("composites", []).append(kind)
        elif first not in _TRIED_ELSEWHERE or kind.startswith(("jpeg 2000", "jpeg x", "jpeg ls")):
            name = kind if kind.startswith("jpeg") else _TOGETHER.get(first, first)
            made.setdefault(name, []).append(kind)
    return {name: tuple(kinds) for name, kinds in made.items()}


FORMATS: Final = _formats()


@cache
def whole(kind: str) -> bytes | None:
    """A valid file of a kind; None where nothing here can write it, or where it would be large."""
    made = _MAKERS[kind]()
    return made if made is not None and len(made) <= LARGEST else None


def damaged(kinds: Sequence[str], seed: int) -> bytes | None:
    """What a seed makes of a file of one of these kinds. Another of them lends its insides."""
    source = random.Random(f"{kinds[0]} {seed}")
    one, other = whole(source.choice(kinds)), whole(source.choice(kinds))
    return None if one is None else hurt(one, source, [other or one])
