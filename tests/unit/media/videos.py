"""Videos that tests make: a scene through which a camera moves, in any container that PyAV writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

CODECS = {
    ".mp4": "libx264",
    ".mov": "libx264",
    ".m4v": "libx264",
    ".3gp": "mpeg4",
    ".mkv": "libx264",
    ".webm": "libvpx",
    ".avi": "mpeg4",
    ".ts": "mpeg2video",
    ".mpg": "mpeg1video",
    ".flv": "flv",
    ".wmv": "wmv2",
    ".ogv": "libvpx",
}
FORMATS = {".mkv": "matroska", ".ts": "mpegts", ".wmv": "asf", ".ogv": "ogg", ".mpg": "mpeg", ".m4v": "mp4"}
RATE = 10
"""Frames a second."""


@dataclass(frozen=True)
class Scene:
    """A plane of coloured shapes over which the camera goes, always the same one for the same seed."""

    seed: int
    brightness: float = 1.0
    size: tuple[int, int] = (480, 270)
    _plane: dict[str, Image.Image] = field(default_factory=dict, compare=False)

    def picture(self, second: float) -> Image.Image:
        """What is seen at this second."""
        if "plane" not in self._plane:
            random = np.random.default_rng(self.seed)
            coarse = random.integers(0, 256, (48, 48, 3), dtype=np.uint8)
            plane = Image.fromarray(coarse).resize((1600, 1600), Image.Resampling.BICUBIC)
            self._plane["plane"] = plane.filter(ImageFilter.GaussianBlur(3))
        left = int(second * 60)
        seen = self._plane["plane"].crop((left, left, left + 960, left + 540)).resize(self.size)
        return seen if self.brightness == 1.0 else seen.point(lambda value: int(value * self.brightness))


@dataclass(frozen=True)
class Edited(Scene):
    """The same scene, each picture of it changed by `edit`."""

    edit: Callable[[Image.Image], Image.Image] = ImageOps.mirror

    def picture(self, second: float) -> Image.Image:
        return self.edit(super().picture(second))


@lru_cache(maxsize=256)  # of a scene of up to 25 seconds, which is written in one container after another
def pixels_of(scene: Scene, second: float, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """What is seen of a scene at this second in a film of this size: RGB, read-only, of shape (height, width, 3)."""
    pixels = np.array(scene.picture(second).resize(size))
    pixels.flags.writeable = False
    return pixels


def letterboxed(image: Image.Image) -> Image.Image:
    """A picture between two black bars, each a sixth as high as it is."""
    return ImageOps.expand(image, (0, image.height // 12 * 2), "black")


def write_video(
    path: Path,
    scene: Scene,
    *,
    seconds: float,
    start: float = 0.0,
    size: tuple[int, int] | None = None,
    rate: int = RATE,
    codec: str = "",
    options: dict[str, str] | None = None,
    coding: dict[str, str] | None = None,
) -> Path:
    """Writes `seconds` of a scene from `start` on; the container is told by the suffix. `options`: of the container;
    `coding`: of the encoder.
    """
    made_format = FORMATS.get(path.suffix, path.suffix[1:])
    with av.open(str(path), mode="w", format=made_format, options=options or {}) as container:
        stream = cast("av.VideoStream", container.add_stream(codec or CODECS[path.suffix], rate=rate))
        stream.width, stream.height = size or scene.size
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, rate)
        stream.codec_context.options = coding or {}
        for number in range(int(seconds * rate)):
            frame = av.VideoFrame.from_ndarray(pixels_of(scene, start + number / rate, size or scene.size))
            frame.pts = number
            frame.time_base = Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_loud(path: Path, clip: Path, seconds: float) -> Path:
    """The pictures of a video, bit for bit, with sound beside them: encoding twice need not give the same pictures."""
    with av.open(str(clip)) as source, av.open(str(path), mode="w") as container:
        pictures = container.add_stream_from_template(source.streams.video[0])
        voice = container.add_stream("aac", rate=44_100)
        for packet in source.demux(video=0):
            if packet.dts is not None:  # the last is empty, and flushes
                packet.stream = pictures
                container.mux(packet)
        _add_sound(container, voice, seconds)
    return path


def write_sound(path: Path, seconds: float = 1.0) -> Path:
    """A file of a video's kind with sound in it alone."""
    with av.open(str(path), mode="w") as container:
        _add_sound(container, container.add_stream("aac", rate=44_100), seconds)
    return path


def _add_sound(container: av.container.OutputContainer, voice: av.AudioStream, seconds: float) -> None:
    for start in range(0, int(seconds * 44_100), 1_024):
        wave = np.sin(np.arange(start, start + 1_024) / 20, dtype=np.float32)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44_100, start
        container.mux(voice.encode(frame))
    container.mux(voice.encode(None))
