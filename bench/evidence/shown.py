"""What other programs show of a file: the judges of the benchmark, none of which is Vigil's own way to read it.

Rules this module upholds:

- A file shows an original where any judge gives a picture or a frame within the radius of the original's hashes, in any
  orientation. Judges: FFmpeg through PyAV (every stream, on behind damage), imagecodecs, tifffile, Pillow told to go
  on behind damage, and a carver of JPEGs for raw files. A judge that is not installed is absent.
- The judges run in processes of their own: one that crashes shows nothing, and costs nobody else.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context
from typing import Any, Final

import av
import numpy as np
import pillow_heif
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageFile, ImageOps

from bench.evidence.originals import Hashes, Rgb, hashes_of, near

_EVERY: Final = 2
"""Of so many frames of a film one is hashed."""
_MOST_FRAMES: Final = 400
_MOST_PAGES: Final = 4
_SECONDS: Final = 120.0
"""For one file; a judge that takes longer shows nothing."""

Judge = Callable[[bytes], Iterator[Rgb]]


def shows(data: bytes, looks: Hashes) -> bool:
    """Whether any judge shows a look of these, uint8 (n, 32)."""
    return any(near(hashes_of(rgb)[0], looks) for judge in JUDGES for rgb in _given(judge, data))


def _given(judge: Judge, data: bytes) -> Iterator[Rgb]:
    """What a judge gives until it fails: pictures of an acceptable size, one by one."""
    pictures = judge(data)
    while True:
        try:
            rgb = next(pictures)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001  (a library that refuses shows nothing more, whatever it says)
            return
        if rgb.ndim == 3 and rgb.shape[2] == 3 and min(rgb.shape[:2]) >= 16:
            yield np.ascontiguousarray(rgb)


# ---- judges


def by_ffmpeg(data: bytes) -> Iterator[Rgb]:
    """Frames of all streams of pictures, on behind what does not decode."""
    av.logging.set_level(av.logging.PANIC)
    options = {"ignore_editlist": "1", "fflags": "+genpts"}
    with av.open(io.BytesIO(data), mode="r", metadata_errors="ignore", options=options) as container:
        count = 0
        for packet in container.demux(video=list(range(len(container.streams.video)))):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue
            for frame in frames:
                count += 1
                if count <= 3 or count % _EVERY == 0:
                    yield frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
                if count >= _MOST_FRAMES:
                    return


def by_imagecodecs(data: bytes) -> Iterator[Rgb]:
    """As the codec shows it that the content calls for."""
    yield _eight_bit(importlib.import_module("imagecodecs").imread(io.BytesIO(data)))


def by_tifffile(data: bytes) -> Iterator[Rgb]:
    """The pages of a TIFF."""
    with importlib.import_module("tifffile").TiffFile(io.BytesIO(data)) as file:
        for page in list(file.pages)[:_MOST_PAGES]:
            values = page.asarray()
            if page.planarconfig == 2 and values.ndim == 3:
                values = np.moveaxis(values, 0, -1)
            shown = _eight_bit(values)
            yield 255 - shown if page.photometric == 0 else shown


def by_pillow(data: bytes) -> Iterator[Rgb]:
    """As a viewer on Pillow shows it: on behind damage, turned as EXIF says."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    pillow_heif.register_heif_opener()
    with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as image:
        warnings.simplefilter("ignore")
        image.load()
        yield np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def by_carving(data: bytes) -> Iterator[Rgb]:
    """The JPEGs in a camera's raw file, as a carver finds them."""
    if not data.startswith((b"FUJIFILM", b"II", b"MM")):
        return
    at = -1
    while (at := data.find(b"\xff\xd8\xff", at + 1)) >= 0:
        with suppress(Exception):
            yield from by_pillow(data[at:])


JUDGES: Final[tuple[Judge, ...]] = (by_pillow, by_ffmpeg, by_imagecodecs, by_tifffile, by_carving)


def _eight_bit(given: ArrayLike) -> Rgb:
    """Samples of any kind as 8 bits, RGB."""
    values: NDArray[Any] = np.asarray(given)
    if values.dtype.kind == "f":
        values = (np.clip(values.astype(np.float64), 0, 1) * 255).astype(np.uint8)
    elif values.dtype == bool:
        values = values.astype(np.uint8) * 255
    elif values.dtype.itemsize == 2:
        values = (values >> (8 if values.max(initial=0) > 4095 else 2)).astype(np.uint8)
    if values.ndim == 2:
        values = values[:, :, np.newaxis]
    return np.repeat(values, 3, axis=2) if values.shape[2] < 3 else np.ascontiguousarray(values[:, :, :3])


# ---- in processes of their own


class Judges:
    """Asks the judges in `workers` processes. The same question is asked once."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = self._started(workers)
        self._asked: dict[tuple[bytes, bytes], Future[bool]] = {}

    @staticmethod
    def _started(workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_quiet)

    def ask(self, data: bytes, looks: Hashes) -> Future[bool]:
        """Begins to ask."""
        question = (hashlib.sha256(data).digest(), looks.tobytes())
        if question not in self._asked:
            self._asked[question] = self._begun(data, looks)
        return self._asked[question]

    def _begun(self, data: bytes, looks: Hashes) -> Future[bool]:
        try:
            return self._pool.submit(shows, data, looks)
        except BrokenProcessPool:
            self._pool = self._started(self._workers)
            return self._pool.submit(shows, data, looks)

    def answer(self, asked: Future[bool], data: bytes, looks: Hashes) -> bool:
        """The answer. Where a process died meanwhile, by this file or by another, it is asked once more, alone."""
        try:
            return asked.result(_SECONDS)
        except BrokenProcessPool:
            with self._started(1) as alone:
                try:
                    return alone.submit(shows, data, looks).result(_SECONDS)
                except (BrokenProcessPool, TimeoutError):
                    return False
        except TimeoutError:
            return False

    def close(self) -> None:
        """Ends the processes."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _quiet() -> None:
    """A crash of a judge is expected: it writes nothing."""
    os.nice(5)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)
    warnings.simplefilter("ignore")
