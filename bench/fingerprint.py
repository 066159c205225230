"""Fingerprinting photographs, and the memory of an ingest, against a simple program for the same work.

Rules this module upholds:

- Vigil runs the whole pipeline of the commands: confined workers, one read, every digest, every hash, also pHash. The
  reference does less: Pillow's RGB decode, hashlib's three digests, PDQ in eight orientations.
- Both use the same number of processes, one thread each, on the same files in the same order, in turns. Their start is
  not timed: small pictures are sent first until every process has answered, and no other picture is sent before the
  clock starts.
- All timed results are compared: the run ends if hashes differ by more than `LIMITS`.
- The floor is printed too: only the reference's decode and digests. A better kernel cannot be faster than this floor;
  only less copying can.
"""

from __future__ import annotations

import hashlib
import io
import math
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bench import Figure, figure, ingest
from node.domain.material import PictureFingerprints
from node.media.pool import fingerprint_files

PHOTOGRAPH_PIXELS: Final = 2_000_000
"""From here on a picture counts as a photograph."""
JUDGED_QUALITY: Final = 80
"""Of PDQ: below it, hashes of two right implementations may be far apart."""
LIMITS: Final = {"mean": 0.5, "p99": 2.0, "max": 4.0}
"""Bits between ours and the reference's, over all orientations of all pictures of `JUDGED_QUALITY`."""
ROUNDS: Final = 3
_FIRST_HANDED: Final = 8
"""Small pictures a process; the pool hands out two before it waits for an answer."""
RENDERED: Final = 24
"""Pictures that are made up where there are no photographs."""
_ALIKE: Final = frozenset({"L", "LA", "P", "RGB", "RGBA"})
"""Modes of 8 bits a channel. Pillow's own conversion of a deeper grey to RGB cuts off all that is bright."""
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_LUMA: Final = (0.299, 0.587, 0.114)

Bits = NDArray[np.uint8]
Run = tuple[float, list["Outcome"]]
"""Seconds, and an outcome a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one side makes of a picture: PDQ in eight orientations (uint8 of shape (8, 32)), its quality, digests."""

    hashes: Bits
    quality: int
    digests: tuple[bytes, ...]


def run(records: int | None = None) -> Iterator[Figure]:
    """The rates over at most `records` photographs, then the memory of an ingest of `records` files."""
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as scratch:
        yield from _rates(Path(scratch), records)
    yield from ingest.run(records)


def _rates(scratch: Path, limit: int | None) -> Iterator[Figure]:
    groups, whose = _photographs(scratch, limit)
    workers = len(os.sched_getaffinity(0))
    ahead = _rendered(scratch / "ahead.jpg", (64, 64), 0)
    reference = f"{_reference_name()}, {workers} processes, {whose}"
    seconds: list[tuple[float, ...]] = []
    distances: list[int] = []
    with _reference_pool(workers) as pool:
        pool.map(_settled, [ahead] * workers, chunksize=1)
        for kind, files in groups.items():
            rounds: list[tuple[float, ...]] = []
            for number in range(ROUNDS):
                ours, mine = _ours(ahead, files, workers)
                theirs, other = _timed(pool, _reference, files)
                floor, _nothing = _timed(pool, _floor, files)
                rounds.append((ours, theirs, floor))
                if number == 0:
                    distances += _apart(kind, mine, other)
            seconds.append(tuple(map(statistics.median, zip(*rounds, strict=True))))
            ours, theirs, _floored = seconds[-1]
            yield _rate(f"fingerprint.rate_{kind}", len(files), ours, theirs, f"{reference}: {len(files)} files")
    count = sum(map(len, groups.values()))
    ours, theirs, floor = map(sum, zip(*seconds, strict=True))
    yield _rate("fingerprint.rate", count, ours, theirs, reference)
    yield _rate("fingerprint.floor", count, ours, floor, "Pillow's RGB decode and the digests alone, without any hash")
    yield from _fidelity(distances, reference)


def _rate(name: str, count: int, ours: float, theirs: float, reference: str) -> Figure:
    return figure(
        name,
        count / ours,
        "pictures a second",
        reference=reference,
        reference_value=count / theirs,
        more_is_better=True,
    )


def _photographs(scratch: Path, limit: int | None) -> tuple[dict[str, list[Path]], str]:
    """Photographs by their coding, large ones first so that no process is left with one at the end; and whose they are.

    They lie under the folder that VIGIL_PHOTOS names; where it names none, pictures are made up.
    """
    named = os.environ.get("VIGIL_PHOTOS", "")
    found: list[tuple[int, str, Path]] = []
    for path in sorted(Path(named).rglob("*")) if named else ():
        pixels, kind = _looked_at(path)
        if pixels >= PHOTOGRAPH_PIXELS:
            found.append((-pixels, kind, path))
    whose = "photographs of VIGIL_PHOTOS" if found else "pictures made up for want of photographs"
    found = found or [
        (-1, "jpeg", _rendered(scratch / f"{number}.jpg", (2400, 1600), number))
        for number in range(min(RENDERED, limit or RENDERED))
    ]
    groups: dict[str, list[Path]] = {}
    # Every n-th where fewer are asked for, so that all codings stay in.
    for _size, kind, path in sorted(found)[:: max(1, len(found) // (limit or len(found)))][:limit]:
        groups.setdefault(kind, []).append(path)
    return groups, whose


def _looked_at(path: Path) -> tuple[int, str]:
    """Pixels and coding of a picture by its header; no pixels where it is none that both sides read alike."""
    try:
        with Image.open(path) as image:
            kind = f"{image.format}_progressive" if "progressive" in image.info else f"{image.format}"
            return (image.width * image.height if image.mode in _ALIKE else 0), kind.lower()
    except (OSError, ValueError, Image.DecompressionBombError):  # a text beside the pictures, a folder
        return 0, ""


def _rendered(path: Path, size: tuple[int, int], seed: int) -> Path:
    """Soft coloured blots under fine noise, as a JPEG file."""
    random = np.random.default_rng(seed)
    blots = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    soft = np.asarray(blots.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    noisy = soft + random.integers(-6, 7, (size[1], size[0], 1), dtype=np.int16)
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(path, quality=90)
    return path


# ---- the two sides


def _ours(ahead: Path, files: Sequence[Path], workers: int) -> Run:
    """Results come in order: once as many are there as the processes are first handed, every process has answered."""
    began: list[float] = []
    answered = 0

    def source() -> Iterator[Path]:
        while answered < _FIRST_HANDED * workers:
            yield ahead
        began.append(time.perf_counter())
        yield from files

    outcomes: list[Outcome] = []
    for each in fingerprint_files(source(), workers=workers):
        answered += each.place is None
        if each.path != ahead and each.place is None:
            outcomes.append(_outcome(each.result))
    return time.perf_counter() - began[0], outcomes


def _outcome(result: object) -> Outcome:
    if not isinstance(result, PictureFingerprints):
        raise RuntimeError(f"a photograph could not be fingerprinted: {result}")  # noqa: TRY004 (an outcome)
    hashes = np.frombuffer(b"".join(result.pdq_orientations), np.uint8).reshape(8, -1)
    return Outcome(hashes=hashes, quality=result.pdq_quality, digests=(result.md5, result.sha1, result.sha256))


def _timed(pool: multiprocessing.pool.Pool, work: Callable[[Path], Outcome], files: Sequence[Path]) -> Run:
    start = time.perf_counter()
    outcomes = list(pool.imap(work, files))
    return time.perf_counter() - start, outcomes


def _settled(path: Path) -> None:
    """Imports what a process of the reference needs, and keeps it busy while the others do."""
    _reference(path)
    time.sleep(1.0)


def _reference_pool(workers: int) -> multiprocessing.pool.Pool:
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    return multiprocessing.get_context("spawn").Pool(workers)


def _reference_name() -> str:
    try:
        import pdqhash  # noqa: F401, PLC0415  (an extra)
    except ImportError:
        return "Pillow's RGB decode, hashlib and a plain PDQ in NumPy"
    return "Pillow's RGB decode, hashlib and pdqhash.compute_dihedral"


def _reference(path: Path) -> Outcome:
    digests, rgb = _read(path)
    try:
        import pdqhash  # noqa: PLC0415  (an extra)
    except ImportError:
        return Outcome(hashes=_plain_pdq(rgb), quality=-1, digests=digests)
    hashes, quality = pdqhash.compute_dihedral(rgb)
    return Outcome(hashes=np.packbits(np.asarray(hashes), axis=1), quality=int(quality), digests=digests)


def _floor(path: Path) -> Outcome:
    digests, _rgb = _read(path)
    return Outcome(hashes=np.zeros((8, 32), np.uint8), quality=0, digests=digests)


def _read(path: Path) -> tuple[tuple[bytes, ...], Bits]:
    data = path.read_bytes()
    digests = tuple(hashlib.new(name, data, usedforsecurity=False).digest() for name in ("md5", "sha1", "sha256"))
    with Image.open(io.BytesIO(data)) as image:
        ImageOps.exif_transpose(image, in_place=True)
        return digests, np.asarray(image.convert("RGB"))


def _plain_pdq(rgb: Bits) -> Bits:
    """PDQ of the eight orientations by prefix sums over the whole picture, without a kernel of ours."""
    values = rgb @ np.asarray(_LUMA)
    for axis in (0, 1, 0, 1):
        values = _boxed(values, axis)
    places = [[int((k + 0.5) * length / 64) for k in range(64)] for length in values.shape]
    buffer = values[np.ix_(*places)]
    angles = np.pi / 128 * np.outer(np.arange(1, 17), 2 * np.arange(64) + 1)
    cosines = np.cos(angles) * math.sqrt(2 / 64)
    dct = cosines @ buffer @ cosines.T
    flip = np.where(np.arange(16) % 2 == 0, -1.0, 1.0)[:, np.newaxis]
    turned, flop = dct.T, flip.T
    orientations = (
        dct, turned * flip, dct * flip * flop, turned * flop, dct * flip, dct * flop, turned, turned * flip * flop,
    )  # fmt: skip
    bits = [(one > np.sort(one, axis=None)[127]).reshape(-1)[::-1] for one in orientations]
    return np.packbits(np.asarray(bits), axis=1)


def _boxed(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    length = values.shape[axis]
    window = (length + 127) // 128
    places = np.arange(length)
    low, high = np.maximum(places - (window - 1) // 2, 0), np.minimum(places + window // 2, length - 1) + 1
    sums = np.insert(np.cumsum(values, axis=axis), 0, 0.0, axis=axis)
    shares = (high - low).reshape((-1, 1) if axis == 0 else (1, -1))
    return np.asarray((np.take(sums, high, axis=axis) - np.take(sums, low, axis=axis)) / shares)


# ---- whether both found the same


def _apart(kind: str, mine: Sequence[Outcome], theirs: Sequence[Outcome]) -> list[int]:
    """Bits between the hashes of pictures of judged quality. Raises where a digest or a quality differs."""
    apart: list[int] = []
    for one, other in zip(mine, theirs, strict=True):
        if one.digests != other.digests or other.quality not in {-1, one.quality}:
            raise RuntimeError(f"fingerprint.rate_{kind}: a digest or a quality is not the reference's")
        if one.quality >= JUDGED_QUALITY:
            apart += np.bitwise_count(one.hashes ^ other.hashes).sum(axis=1).tolist()
    return apart


def _fidelity(distances: Sequence[int], reference: str) -> Iterator[Figure]:
    """How far apart the hashes are, beside what is allowed. What is nought counts as what could just be measured."""
    if not distances:
        raise RuntimeError("fingerprint.fidelity: no picture is of a quality at which hashes can be compared")
    measured = {
        "mean": float(np.mean(distances)),
        "p99": float(np.percentile(distances, 99)),
        "max": float(max(distances)),
    }
    for name, value in measured.items():
        if value > LIMITS[name]:
            raise RuntimeError(f"fingerprint.fidelity: {name} {value} bits from {reference}, allowed {LIMITS[name]}")
        made = figure(
            f"fingerprint.fidelity_{name}",
            max(value, 1 / len(distances)),
            "bits",
            reference=f"the bound on the distance from {reference}",
            reference_value=LIMITS[name],
        )
        yield {**made, "value": float(f"{value:.4g}")}
