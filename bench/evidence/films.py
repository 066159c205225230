"""Films in every container and coding that FFmpeg can write, and what may be wrong in one that is not damaged.

Rules this module upholds:

- A film shows its original from its first second to its last, at `FILM_RATE` frames a second.
- A pair of container and coding that FFmpeg refuses is left out and counted.
"""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, Protocol, Self, cast

import av
from av.container import OutputContainer

from bench.evidence.originals import FILM_RATE, FILM_SECONDS, FILM_SIDES, Original, Rgb


class Frames(Protocol):
    """What a film is made of."""

    def frame(self, number: int) -> Rgb:
        """The frame of this number."""


@dataclass(frozen=True, slots=True)
class Film:
    """A kind of film: file suffix, FFmpeg's container and encoder, pixels as the encoder takes them."""

    suffix: str
    container: str
    codec: str
    pixels: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    coding: Mapping[str, str] = field(default_factory=dict)
    rate: int = FILM_RATE
    """Frames a second; few where each frame is large."""


_FEW: Final = 5
_FAST: Final = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1:frame-threads=1"}
_X264: Final = {"preset": "veryfast", "g": "25"}
_FRAGMENTED: Final = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}

FILMS: Final[Mapping[str, Film]] = {
    "mp4 h264": Film(".mp4", "mp4", "libx264", coding=_X264),
    "mp4 h264 index first": Film(".mp4", "mp4", "libx264", options={"movflags": "faststart"}, coding=_X264),
    "mp4 h264 fragmented": Film(".mp4", "mp4", "libx264", options=_FRAGMENTED, coding=_X264),
    "mp4 h264 10 bits": Film(".mp4", "mp4", "libx264", "yuv420p10le", coding=_X264),
    "mp4 h265": Film(".mp4", "mp4", "libx265", coding=_FAST),
    "mp4 av1": Film(".mp4", "mp4", "libsvtav1", coding={"preset": "12", "svtav1-params": "lp=1"}),
    "mp4 mpeg4": Film(".mp4", "mp4", "mpeg4"),
    "mp4 mjpeg": Film(".mp4", "mp4", "mjpeg", "yuvj420p"),
    "mp4 vp9": Film(".mp4", "mp4", "libvpx-vp9", coding={"deadline": "realtime", "cpu-used": "8"}),
    "m4v h264": Film(".m4v", "ipod", "libx264", coding=_X264),
    "3gp h263": Film(".3gp", "3gp", "h263"),
    "3gp mpeg4": Film(".3gp", "3gp", "mpeg4"),
    "3g2 mpeg4": Film(".3g2", "3g2", "mpeg4"),
    "mov h264": Film(".mov", "mov", "libx264", coding=_X264),
    "mov mjpeg": Film(".mov", "mov", "mjpeg", "yuvj420p"),
    "mov prores": Film(".mov", "mov", "prores", "yuv422p10le"),
    "mov animation": Film(".mov", "mov", "qtrle", "rgb24", rate=_FEW),
    "mov png": Film(".mov", "mov", "png", "rgb24", rate=_FEW),
    "mov svq1": Film(".mov", "mov", "svq1", "yuv410p"),
    "mov uncompressed": Film(".mov", "mov", "rawvideo", "uyvy422", rate=_FEW),
    "mkv h264": Film(".mkv", "matroska", "libx264", coding=_X264),
    "mkv h265": Film(".mkv", "matroska", "libx265", coding=_FAST),
    "mkv mpeg2": Film(".mkv", "matroska", "mpeg2video"),
    "mkv ffv1": Film(".mkv", "matroska", "ffv1", rate=_FEW),
    "mkv uncompressed": Film(".mkv", "matroska", "rawvideo", rate=_FEW),
    "webm vp8": Film(".webm", "webm", "libvpx", coding={"deadline": "realtime", "cpu-used": "8"}),
    "webm vp9": Film(".webm", "webm", "libvpx-vp9", coding={"deadline": "realtime", "cpu-used": "8"}),
    "webm av1": Film(".webm", "webm", "libsvtav1", coding={"preset": "12", "svtav1-params": "lp=1"}),
    "avi mpeg4": Film(".avi", "avi", "mpeg4"),
    "avi msmpeg4": Film(".avi", "avi", "msmpeg4"),
    "avi msmpeg4v2": Film(".avi", "avi", "msmpeg4v2"),
    "avi mjpeg": Film(".avi", "avi", "mjpeg", "yuvj420p"),
    "avi huffyuv": Film(".avi", "avi", "huffyuv", "yuv422p", rate=_FEW),
    "avi video 1": Film(".avi", "avi", "msvideo1", "rgb555le", rate=_FEW),
    "avi h264": Film(".avi", "avi", "libx264", coding={**_X264, "bf": "0"}),
    "avi uncompressed": Film(".avi", "avi", "rawvideo", "bgr24", rate=_FEW),
    "avi dv": Film(".avi", "avi", "dvvideo", "yuv420p"),
    "ts mpeg2": Film(".ts", "mpegts", "mpeg2video"),
    "ts h264": Film(".ts", "mpegts", "libx264", coding=_X264),
    "ts h265": Film(".ts", "mpegts", "libx265", coding={**_FAST, "g": "25"}),
    "m2ts h264": Film(".m2ts", "mpegts", "libx264", options={"mpegts_m2ts_mode": "1"}, coding=_X264),
    "mpg mpeg1": Film(".mpg", "mpeg", "mpeg1video"),
    "mpg mpeg2": Film(".mpg", "vob", "mpeg2video"),
    "vcd": Film(".mpg", "vcd", "mpeg1video"),
    "flv flv1": Film(".flv", "flv", "flv"),
    "flv h264": Film(".flv", "flv", "libx264", coding=_X264),
    "flv screen": Film(".flv", "flv", "flashsv", "bgr24", rate=_FEW),
    "wmv wmv2": Film(".wmv", "asf", "wmv2"),
    "wmv wmv1": Film(".wmv", "asf", "wmv1"),
    "asf msmpeg4": Film(".asf", "asf", "msmpeg4"),
    "ogv vp8": Film(".ogv", "ogg", "libvpx", coding={"deadline": "realtime", "cpu-used": "8"}),
    "raw h264": Film(".h264", "h264", "libx264", coding=_X264),
    "raw h265": Film(".h265", "hevc", "libx265", coding=_FAST),
    "raw mpeg1": Film(".m1v", "mpeg1video", "mpeg1video"),
    "raw mpeg2": Film(".m2v", "mpeg2video", "mpeg2video"),
    "raw mpeg4": Film(".m4v", "m4v", "mpeg4"),
    "raw h263": Film(".h263", "h263", "h263"),
    "raw mjpeg": Film(".mjpeg", "mjpeg", "mjpeg", "yuvj420p"),
    "raw dv": Film(".dv", "dv", "dvvideo", "yuv420p"),
    "raw av1": Film(".obu", "obu", "libsvtav1", coding={"preset": "12", "svtav1-params": "lp=1"}),
    "ivf vp8": Film(".ivf", "ivf", "libvpx", coding={"deadline": "realtime", "cpu-used": "8"}),
    "mxf mpeg2": Film(".mxf", "mxf", "mpeg2video"),
    "nut mpeg4": Film(".nut", "nut", "mpeg4"),
    "rm rv10": Film(".rm", "rm", "rv10"),
    "rm rv20": Film(".rm", "rm", "rv20"),
    "swf flv1": Film(".swf", "swf", "flv"),
    "wtv mpeg2": Film(".wtv", "wtv", "mpeg2video"),
    "y4m": Film(".y4m", "yuv4mpegpipe", "wrapped_avframe", rate=_FEW),
}
_SIDES: Final = {"dvvideo": (720, 576)}
_SMOOTH: Final = frozenset({"mpeg1video", "mpeg2video", "mpeg4", "wmv1", "wmv2", "flv", "h263", "msmpeg4", "msmpeg4v2"})
"""Encoders whose own choice of bits makes pictures too coarse to be known again."""


def encoded(film: Film, shown: Sequence[tuple[Frames, range]]) -> bytes:
    """A film of one stream a pair; each shows these frames of its original."""
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder:
        path = Path(folder, "film")  # some containers are written twice
        with av.open(str(path), mode="w", format=film.container, options=dict(film.options)) as container:
            streams = [_stream(container, film) for _ in shown]
            for number in range(max(len(frames) for _, frames in shown)):
                for stream, (original, frames) in zip(streams, shown, strict=True):
                    if number < len(frames):
                        container.mux(
                            stream.encode(_frame(original, frames[number], Fraction(number, film.rate), stream))
                        )
            for stream in streams:
                container.mux(stream.encode(None))
        return path.read_bytes()


def _stream(container: OutputContainer, film: Film) -> av.VideoStream:
    made = container.add_stream(film.codec, rate=film.rate, options=dict(film.coding))
    stream = cast("av.VideoStream", made)
    stream.width, stream.height = _SIDES.get(film.codec, FILM_SIDES)
    stream.pix_fmt = film.pixels
    stream.codec_context.time_base = Fraction(1, film.rate)
    stream.codec_context.thread_count = 1
    if film.codec in _SMOOTH:
        stream.bit_rate = 2_000_000
    return stream


def _frame(original: Frames, number: int, at: Fraction, stream: av.VideoStream) -> av.VideoFrame:
    """A frame of an original, to be shown at this second."""
    frame = av.VideoFrame.from_ndarray(original.frame(number))
    frame = frame.reformat(width=stream.width, height=stream.height, format=stream.pix_fmt)
    frame.time_base = stream.codec_context.time_base
    frame.pts = int(at / frame.time_base)
    return frame


WHOLE: Final = range(FILM_SECONDS * FILM_RATE)


def written(kind: str, *originals: Original) -> bytes | None:
    """A film of this kind with a stream an original, or None where FFmpeg refuses."""
    try:
        film = FILMS[kind]
        frames = WHOLE[:: FILM_RATE // film.rate]
        return encoded(film, [(original, frames) for original in originals])
    except Exception:  # noqa: BLE001  (an encoder that is absent or refuses is counted, whatever it says)
        return None


def with_edit_list(data: bytes, seconds: int) -> bytes:
    """An MP4 of which the edit list shows but the last `seconds`. Raises `ValueError` where it has no such list."""
    made = bytearray(data)
    at, header, media = data.find(b"elst"), data.find(b"mvhd"), data.find(b"mdhd")
    if min(at, header, media) < 0 or data[at + 4] != 0 or data[at + 8 : at + 12] != b"\0\0\0\1":
        raise ValueError("no edit list of one entry")
    movie_scale, media_scale = (struct.unpack_from(">II", data, place + 16)[0] for place in (header, media))
    media_ticks = struct.unpack_from(">I", data, media + 20)[0]
    struct.pack_into(">Ii", made, at + 12, seconds * movie_scale, media_ticks - seconds * media_scale)
    return bytes(made)


def spliced(film: Film, shown: Sequence[tuple[Original, range]]) -> bytes:
    """A film of one stream that shows these frames of these originals, one after the other."""
    return encoded(film, [(_Spliced.of(shown), range(sum(len(frames) for _, frames in shown)))])


@dataclass(frozen=True, slots=True)
class _Spliced:
    """What gives frames like an original: those of several, one after the other."""

    frames: tuple[tuple[Original, int], ...]

    @classmethod
    def of(cls, shown: Sequence[tuple[Original, range]]) -> Self:
        return cls(tuple((original, number) for original, frames in shown for number in frames))

    def frame(self, number: int) -> Rgb:
        original, own = self.frames[number]
        return original.frame(own)


def with_equal_stamps(*originals: Original) -> bytes:
    """A Matroska of JPEG frames that all claim to be shown at the same moment."""
    return _stamped(originals, lambda _number: 0)


def with_jumping_stamps(first: Original, second: Original, jump: int) -> bytes:
    """A Matroska whose clock jumps by so many seconds between the two."""
    return _stamped((first, second), lambda number: number + (jump * FILM_RATE if number >= len(WHOLE) else 0))


def _stamped(originals: Sequence[Original], stamp: Callable[[int], int]) -> bytes:
    spliced = _Spliced.of([(original, WHOLE) for original in originals])
    buffer = io.BytesIO()
    film = Film(".mkv", "matroska", "mjpeg", "yuvj420p")
    with av.open(buffer, mode="w", format=film.container) as container:
        stream = _stream(container, film)
        frames = (_frame(spliced, n, Fraction(n, FILM_RATE), stream) for n in range(len(spliced.frames)))
        packets = [packet for frame in frames for packet in stream.encode(frame)]
        for number, packet in enumerate([*packets, *stream.encode(None)]):
            packet.pts = packet.dts = stamp(number)
            packet.time_base = Fraction(1, FILM_RATE)
            container.mux(packet)
    return buffer.getvalue()
