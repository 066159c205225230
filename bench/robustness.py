"""Whether an edited copy of a picture is found: recall per transform, for PDQ and pHash, whole and trimmed.

Rules this module upholds:

- It searches as Vigil does: the copy in all eight orientations (PDQ), also the area inside its plain borders, and no
  hash below the quality floor. The original is upright, as in a record.
- Recall is given at the radius in force, and at a threshold fitted for each transform to a precision of at least
  99.99 % over all pairs of a copy and another picture's original, as in the published figures.
- A false positive is a pair of different pictures, counted over all pairs. No rate below three in the number of pairs
  is claimed, because this number of pairs cannot show a lower one.
- The pictures are a sample, by a fixed seed, of photographs without people in the folder VIGIL_PHOTOS. If there are
  none, pictures are rendered, and the first figure says so.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.transforms import THORN, TRANSFORMS, WITH_ANOTHER, Given
from node.domain.fingerprint_kinds import PDQ, PDQ_QUALITY_FLOOR, PDQ_RADIUS, PHASH, PHASH_RADIUS
from node.domain.orientations import ORIENTATIONS
from node.media.borders import cut, find_inside
from node.media.pdq import pdq_hashes
from node.media.phash import phash
from node.media.pixels import Pixels, pixels_of

if TYPE_CHECKING:
    from rich.console import Group

PICTURES: Final = 240
LONGEST_SIDE: Final = 1_024
"""Pixels to which the originals are brought before anything is done to them."""
SEED: Final = 2026
SHARES: Final = {"land": 0.5, "walls": 0.25, "sky": 0.25}
"""Folders of VIGIL_PHOTOS, and how much of the sample comes from each, as far as it has so many."""
ENDINGS: Final = frozenset({".jpg", ".png", ".webp"})
PRECISION: Final = 0.9999
PUBLISHED: Final = "Thorn perception, 256 bits, threshold fitted"
UNPUBLISHED: Final = "none published"
NEVER: Final = 1_000
"""A distance at which nothing matches: of what is not searched at all."""
RADIUS: Final = {"pdq": PDQ_RADIUS, "phash": PHASH_RADIUS}
SEARCHES: Final = ("pdq", "pdq-trimmed", "phash", "phash-trimmed")

Line = dict[str, Any]
Distances = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Hashes:
    """PDQ uint8 (8, 32) in all orientations, None below the quality floor; pHash uint8 (8,)."""

    pdq: NDArray[np.uint8] | None
    phash: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy, whole and, where it has a plain border, what lies within."""

    whole: Hashes
    inside: Hashes | None


def run(records: int | None = None) -> Iterator[Line]:
    """All figures, of `records` pictures (`PICTURES` unless said)."""
    pictures, real = _pictures(PICTURES if records is None else max(records, 3))
    unit = "photographs" if real else "rendered pictures: VIGIL_PHOTOS names no folder of photographs"
    with ProcessPoolExecutor(
        max_workers=len(os.sched_getaffinity(0)), mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        done = list(pool.map(_copies, pictures, [*pictures[1:], *pictures[:1]], range(len(pictures)), chunksize=4))
    yield _line("robustness.pictures", len(done), unit, UNPUBLISHED, None)
    matchable = [number for number, (original, _) in enumerate(done) if original.pdq is not None]
    yield _line(
        "robustness.below-quality-floor",
        len(done) - len(matchable),
        "pictures that PDQ never searches, left out below",
        UNPUBLISHED,
        None,
    )
    yield from _measured(done, matchable)


def _measured(done: Sequence[tuple[Hashes, dict[str, Copy]]], matchable: Sequence[int]) -> Iterator[Line]:
    count = len(matchable)
    at = {number: place for place, number in enumerate(matchable)}
    false = {search: np.zeros((count, count), dtype=bool) for search in SEARCHES}
    originals = [done[number][0] for number in matchable]
    for name in TRANSFORMS:
        copies = [done[number][1][name] for number in matchable]
        wrong = ~np.eye(count, dtype=bool)
        if name == WITH_ANOTHER:
            for place, number in enumerate(matchable):
                beside = at.get((number + 1) % len(done))
                if beside is not None:
                    wrong[place, beside] = False
        for search in SEARCHES:
            distances = _distances(search, copies, originals)
            false[search] |= wrong & (distances <= RADIUS[search.partition("-")[0]])
            yield from _recalls(name, search, distances, wrong)
    pairs = count * (count - 1) // 2
    for search in SEARCHES:
        either = false[search] | false[search].T
        yield _line(
            f"robustness.{search}.false-positives",
            int(np.triu(either, 1).sum()),
            f"of {pairs} pairs of different pictures, by any copy",
            "the least that so many pairs can show, 3/n of n",
            3,
        )


def _recalls(name: str, search: str, distances: Distances, wrong: NDArray[np.bool_]) -> Iterator[Line]:
    """The two lines of a transform and a search."""
    algorithm = search.partition("-")[0]
    own, others = np.diagonal(distances), distances[wrong]
    threshold = fitted(own, others, PDQ.size * 8 if algorithm == "pdq" else PHASH.size * 8)
    published = THORN[name][algorithm == "phash"] if name in THORN else None
    reference = UNPUBLISHED if published is None else PUBLISHED
    radius = RADIUS[algorithm]
    found = float((own <= radius).mean() * 100)
    yield _line(f"robustness.{search}.{name}.radius-{radius}", found, "% found", reference, published)
    found = float((own <= threshold).mean() * 100)
    line = _line(f"robustness.{search}.{name}.fitted", found, "% found", reference, published)
    yield line | {"threshold": threshold}


def fitted(own: Distances, others: Distances, bits: int) -> int:
    """The widest threshold of 0 to `bits` at which a precision of `PRECISION` is kept; -1 where there is none.

    Precision: of the pairs within the threshold, the share that are a copy and its own original.
    """
    best = -1
    for threshold in range(bits + 1):
        right, wrong = int((own <= threshold).sum()), int((others <= threshold).sum())
        if wrong > (1 - PRECISION) * (right + wrong):
            break
        best = threshold
    return best


def _distances(search: str, copies: Sequence[Copy], originals: Sequence[Hashes]) -> Distances:
    """Bits between each copy and each original, int16 (copies, originals): the least over what is searched."""
    algorithm, _, trimmed = search.partition("-")
    known = np.stack([_upright(original, algorithm) for original in originals])
    result = np.full((len(copies), len(originals)), NEVER, dtype=np.int16)
    for place, copy in enumerate(copies):
        for hashes in (copy.whole, copy.inside if trimmed else None):
            probes = None if hashes is None else hashes.pdq if algorithm == "pdq" else hashes.phash[np.newaxis]
            if probes is not None:
                apart = np.bitwise_count(probes[:, np.newaxis] ^ known[np.newaxis]).sum(axis=2, dtype=np.int16)
                np.minimum(result[place], apart.min(axis=0), out=result[place])
    return result


def _upright(hashes: Hashes, algorithm: str) -> NDArray[np.uint8]:
    if algorithm == "phash":
        return hashes.phash
    if hashes.pdq is None:
        raise ValueError("an original below the quality floor is in no record")
    return np.asarray(hashes.pdq[0], dtype=np.uint8)


def _line(name: str, value: float, unit: str, reference: str, reference_value: float | None) -> Line:
    ratio = None if not reference_value or unit != "% found" else float(f"{value / reference_value:.4g}")
    return {
        "figure": name,
        "value": float(f"{value:.4g}"),
        "unit": unit,
        "reference": reference,
        "reference_value": reference_value,
        "ratio": ratio,
    }


# --- pictures ---------------------------------------------------------------------------------------------------------


def _copies(source: Path | int, beside: Path | int, seed: int) -> tuple[Hashes, dict[str, Copy]]:
    """An original's hashes and those of all its copies; in a process of its own."""
    given = Given(_opened(source), _opened(beside), seed)
    made: dict[str, Copy] = {}
    for name, transform in TRANSFORMS.items():
        pixels = pixels_of(transform(given))
        box = find_inside(pixels)
        made[name] = Copy(_hashes(pixels), None if box is None else _hashes(cut(pixels, box)))
    return _hashes(pixels_of(given.image)), made


def _hashes(pixels: Pixels) -> Hashes:
    pdq = pdq_hashes(pixels.values, pixels.channels)
    turned = np.frombuffer(b"".join(pdq.orientations), np.uint8).reshape(len(ORIENTATIONS), PDQ.size)
    return Hashes(
        turned if pdq.quality >= PDQ_QUALITY_FLOOR else None,
        np.frombuffer(phash(pixels.values, pixels.channels), np.uint8),
    )


def _pictures(count: int) -> tuple[list[Path | int], bool]:
    """`count` sources in an order by the seed, and whether they are photographs.

    Packages ship one picture in several sizes and shades, told apart by what follows the first word of its name: of
    each first word there is one.
    """
    folder = os.environ.get("VIGIL_PHOTOS")
    random = Random(SEED)
    chosen: list[Path | int] = []
    for name, share in SHARES.items() if folder else ():
        files = [path for path in sorted((Path(str(folder)) / name).glob("*")) if path.suffix in ENDINGS]
        random.shuffle(files)
        words = {re.split(r"[-_]", path.stem)[0].lower(): path for path in files}
        chosen += list(words.values())[: round(share * count)]
    if not chosen:
        return list(range(count)), False
    random.shuffle(chosen)
    return chosen, True


def _opened(source: Path | int) -> Image.Image:
    """A photograph, or a rendered picture by its number: soft blots under fine grain."""
    if isinstance(source, Path):
        with Image.open(source) as opened:
            image = opened.convert("RGB")
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        return image
    random = np.random.default_rng(source)
    blots = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    soft = np.asarray(blots.resize((640, 480), Image.Resampling.BICUBIC), dtype=np.int16)
    grain = random.integers(-6, 7, (480, 640, 1), dtype=np.int16)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


# --- for people -------------------------------------------------------------------------------------------------------


def table(lines: Sequence[Line]) -> Group:
    """The recalls as people read them, in percent: a table an algorithm, a row a transform; behind a stroke the
    threshold that was fitted. Then the numbers behind it.
    """
    from rich import box  # noqa: PLC0415  (only where people read)
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    found = {line["figure"].removeprefix("robustness."): line for line in lines}
    shown: list[Table | str] = []
    for algorithm, title in (("pdq", "PDQ"), ("phash", "pHash")):
        radius = RADIUS[algorithm]
        made = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, header_style="")
        made.add_column(f"{title}, % found", no_wrap=True)
        for head in (f"<= {radius}", "trimmed", "fitted", "trimmed", "Thorn"):
            made.add_column(head, justify="right", no_wrap=True)
        for name in TRANSFORMS:
            searches = (algorithm, f"{algorithm}-trimmed")
            kinds = (f"radius-{radius}", "fitted")
            cells = [_cell(found[f"{search}.{name}.{kind}"]) for kind in kinds for search in searches]
            published = THORN.get(name)
            made.add_row(name, *cells, "" if published is None else f"{published[algorithm == 'phash']:g}")
        shown += [made, ""]
    shown += [f"{found[name]['value']:.0f} {found[name]['unit']}" for name in ("pictures", "below-quality-floor")]
    for search in SEARCHES:
        line = found[f"{search}.false-positives"]
        shown.append(f"{search}: {line['value']:.0f} false positives {line['unit']}")
    return Group(*shown)


def _cell(line: Line) -> str:
    if line.get("threshold", 0) < 0:
        return "none"
    value = f"{line['value']:.0f}" if line["value"] in {0, 100} else f"{line['value']:.1f}"
    return f"{value}/{line['threshold']}" if "threshold" in line else value
