"""Films of every kind that tests make, what FFmpeg shows of a file without our code, and what of that Vigil found."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import numpy.typing as npt

from node.domain.fingerprint_kinds import PDQ_RADIUS
from node.domain.material import VideoFingerprints
from node.domain.videos import compare, looked_for
from node.media.pdq import pdq_hashes
from tests.unit.match.brute import distance
from tests.unit.media.reading import examined
from tests.unit.media.videos import Scene, write_video

if TYPE_CHECKING:
    from node.domain.material import MaterialFingerprints

SECONDS = 8
RATE = 10
SIZE = (240, 136)
SCENE = Scene(seed=11)
OTHER = Scene(seed=12)
CLOSE = {"keyint": "20", "g": "20"}
"""A frame that stands alone every two seconds, as cameras write them."""


@dataclass(frozen=True)
class Film:
    """A film to be made. `options`: of the container; `coding`: of the encoder."""

    suffix: str
    codec: str
    options: dict[str, str] = field(default_factory=dict)
    rate: int = RATE


FILMS = {
    "mp4": Film(".mp4", "libx264", {"movflags": "faststart"}),
    "mp4-table-last": Film(".mp4", "libx264"),
    "mp4-fragments": Film(".mp4", "libx264", {"movflags": "frag_keyframe+empty_moov"}),
    # Fragments that do not say where they lie in the file, as those that are sent one by one.
    "mp4-segments": Film(".mp4", "libx264", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    "mov": Film(".mov", "mpeg4"),
    "mkv": Film(".mkv", "libx264", {"cluster_time_limit": "1000"}),
    "mkv-mpeg4": Film(".mkv", "mpeg4", {"cluster_time_limit": "1000"}),
    "webm": Film(".webm", "libvpx", {"cluster_time_limit": "1000"}),
    "avi": Film(".avi", "mpeg4"),
    "ts": Film(".ts", "libx264"),
    "ts-mpeg2": Film(".ts", "mpeg2video", rate=25),
    "mpg": Film(".mpg", "mpeg1video", rate=25),
    "flv": Film(".flv", "flv"),
    "wmv": Film(".wmv", "wmv2"),
    "ogv": Film(".ogv", "libvpx"),
}


@lru_cache(maxsize=32)
def film(folder: Path, name: str, scene: Scene = SCENE, seconds: float = SECONDS) -> bytes:
    """The bytes of a film of this kind."""
    kind = FILMS[name]
    path = write_video(
        folder / f"{name}{kind.suffix}",
        scene,
        seconds=seconds,
        size=SIZE,
        rate=kind.rate,
        codec=kind.codec,
        options=kind.options,
        coding=CLOSE,
    )
    return path.read_bytes()


def video(path: Path) -> VideoFingerprints:
    """What Vigil makes of a film. Fails where it sees none."""
    found = examined(path)
    assert isinstance(found, VideoFingerprints), found.note
    return found


def note_of(found: MaterialFingerprints) -> str:
    """What is said of it."""
    return found.note


def frames_by_ffmpeg(path: Path, container: str | None = None) -> list[bytes]:
    """The hashes of all frames of all streams of pictures, decoded by a plain loop, without our demuxing or sampling;
    none where FFmpeg cannot open the file. A frame that the decoder calls corrupt is none that has to be found.
    """
    hashes: list[bytes] = []
    with suppress(av.FFmpegError), av.open(str(path), format=container) as opened:
        for stream in opened.streams.video:
            stream.codec_context.thread_count = 1  # several make up other pictures where some are missing
        for packet in opened.demux(video=list(range(len(opened.streams.video)))):
            with suppress(av.FFmpegError):
                hashes += [
                    hashed(frame.to_ndarray(format="rgb24")) for frame in packet.decode() if not frame.is_corrupt
                ]
    return hashes


def hashed(pixels: npt.NDArray[Any]) -> bytes:
    """The PDQ of RGB pixels (height, width, 3)."""
    values = np.ascontiguousarray(pixels)
    return pdq_hashes(values.reshape(values.shape[0], -1), 3).orientations[0]


def share_found(found: VideoFingerprints, shown: list[bytes], rate: int = RATE) -> float:
    """Of the seconds shown (so many frames each) the share in which a frame is near one that was sampled."""
    if not shown:
        return 1.0
    sampled = [frame.pdq for frame in (*found.frames, *found.between)]
    seconds = [shown[at : at + rate] for at in range(0, len(shown), rate)]
    seconds = [second for second in seconds if len(second) == rate] or seconds  # the last is a part of one
    near = sum(min(distance(one, other) for other in sampled for one in second) <= PDQ_RADIUS for second in seconds)
    return near / len(seconds)


def matches(query: MaterialFingerprints, held: MaterialFingerprints) -> bool:
    """Whether a question about the one finds the other."""
    return compare(looked_for(query.probes()), held.fingerprints(), PDQ_RADIUS) is not None


def findable(one: MaterialFingerprints, other: MaterialFingerprints) -> bool:
    """Whether each finds the other."""
    return matches(one, other) and matches(other, one)
