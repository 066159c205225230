"""The originals: pictures and films that are in the files of the corpus, and how they are known again.

Rules this module upholds:

- The same seed gives the same originals. Pictures are photographs without people from the folder VIGIL_PHOTOS, or are
  rendered where it names none. Films are made of a picture over which a camera goes.
- An original is known by PDQ hashes as a record would have them: of a picture one, of a film one a second. Only
  originals of a quality at which PDQ is searched are taken.
- Any two originals are further apart than `APART`, so that one is never taken for another.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR, PDQ_RADIUS
from node.media.pdq import pdq_hashes

SEED: Final = 2026
COUNT: Final = 12
"""Originals."""
SIDES: Final = (640, 480)
"""Pixels of a picture."""
FILM_SIDES: Final = (352, 288)
"""Pixels of a film's frames (CIF: some old codings take no other)."""
FILM_SECONDS: Final = 4
FILM_RATE: Final = 25
"""Frames a second; MPEG-1 and MPEG-2 take few rates."""
APART: Final = 2 * PDQ_RADIUS
_COARSE: Final = 5
"""Times smaller in width and height: what is lost by it is fine detail."""
_STURDY: Final = 12
"""Bits that a hash may change by without fine detail."""
_ENDINGS: Final = frozenset({".jpg", ".png", ".webp"})
_ZOOM: Final = 0.55
"""The share of a picture's width and height that a film shows at a time."""

Rgb = NDArray[np.uint8]
Hashes = NDArray[np.uint8]
"""PDQ, uint8 (n, 32)."""


@dataclass(frozen=True, slots=True, eq=False)
class Original:
    """A picture, or a film of one. `looks`: its PDQ hashes; `film`: whether it moves."""

    name: str
    image: Image.Image
    looks: Hashes
    film: bool = False

    def frame(self, number: int) -> Rgb:
        """The film's frame of this number, (height, width, 3)."""
        return _seen(self.image, number)


def hashes_of(rgb: Rgb) -> tuple[Hashes, int]:
    """PDQ in all eight orientations, uint8 (8, 32), and the quality. `rgb` is (height, width, 3)."""
    made = pdq_hashes(np.ascontiguousarray(rgb.reshape(rgb.shape[0], -1)), 3)
    return np.frombuffer(b"".join(made.orientations), np.uint8).reshape(8, 32), made.quality


def near(some: Hashes, others: Hashes) -> bool:
    """Whether any of these hashes lies within the radius of any of those."""
    return least(some, others) <= PDQ_RADIUS


def least(some: Hashes, others: Hashes) -> int:
    """The fewest bits between any two; more than any distance where one side is empty."""
    if not len(some) or not len(others):
        return 257
    apart = np.bitwise_count(some[:, np.newaxis] ^ others[np.newaxis]).sum(axis=2, dtype=np.int16)
    return int(apart.min())


class Originals:
    """All originals, handed out in turns: pictures and films apart. `turn`: where the turns begin."""

    def __init__(self, pictures: Sequence[Original], films: Sequence[Original], turn: int = 0) -> None:
        self.pictures, self.films = pictures, films
        self._turn = turn

    @classmethod
    def made(cls, count: int = COUNT) -> Self:
        """`count` originals, a third of them films."""
        pictures: list[Original] = []
        films: list[Original] = []
        for name, image in _sources():
            made = _film(name, image) if len(films) < len(pictures) // 2 else _picture(name, image)
            if made is not None and all(least(made.looks, other.looks) > APART for other in (*pictures, *films)):
                (films if made.film else pictures).append(made)
            if len(pictures) + len(films) >= count:
                break
        return cls(pictures, films)

    def turned(self, title: str) -> Originals:
        """The same, handed out in turns that begin where the title says."""
        return Originals(self.pictures, self.films, zlib.crc32(title.encode()))

    def picture(self) -> Original:
        """The next picture."""
        return self._next(self.pictures)

    def film(self) -> Original:
        """The next film."""
        return self._next(self.films)

    def _next(self, some: Sequence[Original]) -> Original:
        self._turn += 1
        return some[self._turn % len(some)]


def _picture(name: str, image: Image.Image) -> Original | None:
    look = _sturdy(np.asarray(image))
    return None if look is None else Original(name, image, look)


def _sturdy(rgb: Rgb) -> Hashes | None:
    """The hash of a picture that stays itself when its fine detail goes, as in a film of few bits; None of another."""
    hashes, quality = hashes_of(rgb)
    image = Image.fromarray(rgb)
    coarse = image.resize((image.width // _COARSE, image.height // _COARSE)).resize(image.size)
    moved = least(hashes_of(np.asarray(coarse))[0][:1], hashes[:1])
    return hashes[:1] if quality >= PDQ_QUALITY_FLOOR and moved <= _STURDY else None


def _film(name: str, image: Image.Image) -> Original | None:
    seen = (_sturdy(_seen(image, second * FILM_RATE)) for second in range(FILM_SECONDS))
    looks = [look for look in seen if look is not None]
    return Original(f"{name} (film)", image, np.concatenate(looks), film=True) if len(looks) == FILM_SECONDS else None


def _seen(image: Image.Image, number: int) -> Rgb:
    """A window that goes across the picture once, from the upper left to the lower right."""
    width, height = (int(side * _ZOOM) for side in image.size)
    share = number / (FILM_SECONDS * FILM_RATE)
    left, top = int((image.width - width) * share), int((image.height - height) * share)
    return np.asarray(image.crop((left, top, left + width, top + height)).resize(FILM_SIDES))


def _sources() -> Iterator[tuple[str, Image.Image]]:
    """Photographs of different subjects in an order by the seed, then rendered pictures without end."""
    folder = os.environ.get("VIGIL_PHOTOS")
    files = [path for path in sorted(Path(folder).rglob("*")) if path.suffix in _ENDINGS] if folder else []
    Random(SEED).shuffle(files)
    # Packages ship one picture in several sizes, told apart by what follows the first word of its name.
    for word, path in {re.split(r"[-_0-9]", path.stem)[0].lower(): path for path in files}.items():
        with Image.open(path) as opened:
            made = opened.convert("RGB").resize(SIDES, Image.Resampling.LANCZOS)
        made.info.clear()  # a profile would go into each file
        yield word, made
    number = 0
    while True:
        number += 1
        yield f"rendered-{number}", rendered(number)


def rendered(seed: int) -> Image.Image:
    """An RGB picture of soft coloured blots under fine grain, by its seed."""
    random = np.random.default_rng(seed)
    blots = Image.fromarray(random.integers(0, 256, (18, 24, 3), dtype=np.uint8))
    soft = np.asarray(blots.resize(SIDES, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2)), dtype=np.int16)
    grain = random.integers(-6, 7, (SIDES[1], SIDES[0], 1), dtype=np.int16)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))
