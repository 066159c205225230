"""One video file, fingerprinted: frames sampled as they are decoded.

Rules this module upholds:

- One demuxer and the listed decoders (`containers`) are let near the bytes, for one stream of pictures; nothing else
  is opened, whatever the file names.
- No frame is decoded before the size that the header states was held against `MAX_FRAME_PIXELS`, and none past it.
- Frames are those of `sampling`, turned upright as the file says, as RGB, hashed by `pdq` at full resolution, with and
  without plain borders (`frames`).
- What can be read is kept: of a file that is damaged, cut short or too long for its time, the frames up to there, and
  a note that says so. Without one frame it is an error.
- Whatever goes wrong is a `MediaError` in our own words: a library's can quote the file. A lack of our own resources is
  no damage (`shortage`).
- One thread decodes, the same one converts, and nothing of a video outlives it (`upright`).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from node.domain.fingerprints import DigestFingerprints, VideoFingerprints
from node.errors import MediaError
from node.media.allowance import MAX_COST, PIXELS_A_SECOND, Allow, Time, Wish
from node.media.containers import DECODERS, Container
from node.media.frames import Sample, kept_of, looked_for, sample_of
from node.media.region import Region
from node.media.sampling import Clock, Sampler
from node.media.shortage import MEMORY, Shortage, damage, either, lack_in, shortage, suspected
from node.media.truncation import is_cut_short
from node.media.upright import Converter

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame as Frame
    from av.video.stream import VideoStream

MAX_FRAME_PIXELS: Final = 8_192 * 8_192
"""Pixels of one frame. 8K is 33 million, the largest cameras for all-round views give 61; a decoder holds up to 17."""
BASE_SECONDS: Final = 60
"""Processor time of a video of no length."""
SECONDS_A_SECOND: Final = 4
"""Processor time a second of video. 720 x 480 at 30 frames took 0.16 here; this leaves room for 24 times as much."""
BYTES_A_SECOND: Final = 4_096
"""Bytes below which no second of video is believed in: a file that states days of length must have the bytes for it."""
MAX_SECONDS: Final = 4 * 3_600
"""Processor time of any one video."""
_SLACK: Final = 0.05, 2.0
"""How much earlier than stated the last frame may be shown (share, seconds): sound often lasts a little longer."""
_USUAL_STEP: Final = 40.0
"""Milliseconds between frames where the file does not say."""
_PARTS: Final = (
    "audio.codeccontext", "audio.frame", "audio.stream", "container.streams", "stream", "subtitles.codeccontext",
    "subtitles.stream", "video.codeccontext", "video.format", "video.frame", "video.reformatter", "video.stream",
)  # fmt: skip
_PRIVATE: Final = "none"
"""No protocol has this name: nothing can be opened beside the file itself."""


def fingerprint_video(
    region: Region, digests: DigestFingerprints, container: Container, allow: Allow
) -> VideoFingerprints:
    """Every fingerprint of a video. `region`: where it lies; `digests`: of the whole file or part whose content it is.
    Raises `MediaError` with the reason for everything that is wrong with it; `Shortage` where a resource of ours
    ran out, with what was read all the same.
    """
    read = _read(region, container, allow)
    sampled = read.sampler.finish()
    kept = [sample for _, sample in sampled.frames]
    found = VideoFingerprints(
        media_type=container.media_type,
        size=digests.size,
        md5=digests.md5,
        sha1=digests.sha1,
        sha256=digests.sha256,
        frames=kept_of(kept),
        between=looked_for(kept, [sample for _, sample in sampled.between]),
        milliseconds=read.milliseconds,
        width=read.width,
        height=read.height,
        note=read.note,
    )
    if read.lack and not read.out_of_time:
        raise Shortage(read.note, left=found)
    return found


@dataclass(slots=True)
class _Read:
    """What has been read so far. `faults`: packets that could not be decoded; `lack`: what of ours they may have
    been in want of, "" where nothing.
    """

    sampler: Sampler[Sample]
    milliseconds: int = 0
    width: int = 0
    height: int = 0
    decoded: int = 0
    faults: int = 0
    out_of_time: bool = False
    note: str = ""
    lack: str = ""


def _read(stream: Region, known: Container, allow: Allow) -> _Read:
    try:
        with _opened(stream, known) as opened:
            pictures = _pictures(opened, known)
            return _decode(opened, pictures, stream, known, allow)
    except MediaError:
        raise
    except Exception as error:  # noqa: BLE001  (see the rules above)
        if lack := lack_in(error):
            raise shortage(f"decoding this {known.name}", lack) from None
        seems = "truncated" if is_cut_short(stream) else "damaged or truncated"
        raise damage(f"{seems} {known.name}: it cannot be read") from None


@lru_cache(maxsize=1)
def prepare() -> None:
    """Loads FFmpeg's libraries and all of PyAV that a file can call for, and silences them: what they log can quote the
    file.
    """
    import av.logging  # noqa: PLC0415  (a worker loads it once, before it confines itself)

    for name in _PARTS:
        importlib.import_module(f"av.{name}")
    av.logging.set_level(None)


def _opened(stream: Region, known: Container) -> InputContainer:
    import av  # noqa: PLC0415  (as `prepare`)

    prepare()
    return av.open(
        stream,
        mode="r",
        format=known.demuxer,
        container_options={
            "protocol_whitelist": _PRIVATE,
            "codec_whitelist": ",".join(DECODERS),
            "enable_drefs": "0",
        },
        io_open=_refuse,
        metadata_errors="replace",
    )


def _refuse(*_: object) -> None:
    raise MediaError("it asks for another file to be opened")


def _pictures(opened: InputContainer, known: Container) -> VideoStream:
    """The first stream of moving pictures. Raises `MediaError` where there is none that may be decoded."""
    from av.stream import Disposition  # noqa: PLC0415

    streams = [each for each in opened.streams.video if not each.disposition & Disposition.attached_pic]
    if not streams:
        sound = ": sound alone" if opened.streams.audio else ""
        raise damage(f"no moving pictures are in this {known.name}{sound}")
    pictures = streams[0]
    context = pictures.codec_context
    if getattr(context, "name", "") not in DECODERS:  # there is no context where FFmpeg has no decoder at all
        raise damage(f"the pictures in this {known.name} are coded in a way that Vigil does not decode")
    if context.width * context.height > MAX_FRAME_PIXELS:
        raise MediaError(
            f"too many pixels: {context.width} x {context.height}, the limit is {MAX_FRAME_PIXELS} a frame"
        )
    context.thread_count = 1
    context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
    return pictures


def _stated(opened: InputContainer, pictures: VideoStream) -> float:
    """Seconds that the file says it has; 0 where it does not say."""
    if pictures.duration and pictures.time_base:
        return float(pictures.duration * pictures.time_base)
    return opened.duration / 1_000_000 if opened.duration else 0.0


def processor_seconds(stated: float, size: int) -> int:
    """How much processor time a video may take to decode that states `stated` seconds and has `size` bytes."""
    return min(BASE_SECONDS + int(_believed(stated, size) * SECONDS_A_SECOND), MAX_SECONDS)


def _believed(stated: float, size: int) -> float:
    """Seconds of video that a file may have which states so many and has `size` bytes."""
    return min(stated if stated > 0 else float("inf"), size / BYTES_A_SECOND)


def _cost(pictures: VideoStream, stated: float, size: int, step: float) -> int:
    """Seconds of processor time that the video is estimated to take, one frame every `step` milliseconds; 0 where it
    does not say how long it is.
    """
    context = pictures.codec_context
    frames = _believed(stated, size) * 1_000 / step if stated > 0 else 0.0
    return min(int(frames * context.width * context.height / PIXELS_A_SECOND), MAX_COST)


def _decode(opened: InputContainer, pictures: VideoStream, stream: Region, known: Container, allow: Allow) -> _Read:
    stated = _stated(opened, pictures)
    rate = float(pictures.average_rate or 0)
    step = 1_000 / rate if rate > 0 else _USUAL_STEP
    seconds = processor_seconds(stated, stream.size)
    given = allow(Wish(size=stream.size, seconds=seconds, cost=_cost(pictures, stated, stream.size, step)))
    clock = Clock(step)
    read, converter = _Read(Sampler()), Converter()
    for frame in _decoded(opened, pictures, read, given):
        read.decoded += 1
        at = clock.at(_milliseconds(frame))
        read.milliseconds = at
        if read.sampler.wants(at):
            pixels = converter.upright(frame)
            if not read.width:
                read.width, read.height = pixels.width, pixels.height
            read.sampler.take(at, sample_of(pixels, at))
    if not read.decoded and not pictures.codec_context.width:
        # FFmpeg gives no size where it finds none, or one that it would not decode itself.
        raise damage(
            f"damaged {known.name}, or one of too many pixels (the limit is {MAX_FRAME_PIXELS} a frame): "
            "no frame can be decoded"
        )
    if not read.decoded:
        raise damage(f"damaged or truncated {known.name}: no frame can be decoded")
    read.note = _note(read, stated, cut=is_cut_short(stream))
    lack = (read.lack or suspected()) if read.note and not read.out_of_time else ""
    if lack:
        read.note, read.lack = either(read.note, lack), lack
    return read


def _decoded(opened: InputContainer, pictures: VideoStream, read: _Read, given: Time) -> Iterator[Frame]:
    """The frames in order of presentation, as far as they can be had; counts what cannot in `read`."""
    packets = opened.demux(pictures)
    while True:
        try:
            packet = next(packets, None)
        except Exception as error:  # noqa: BLE001  (the demuxer has lost its way: what came before stands)
            _count(error, read)
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except Exception as error:  # noqa: BLE001  (one packet that cannot be decoded stops only itself)
            _count(error, read)
            frames = []
        yield from frames
        if given.is_up():
            read.out_of_time = True
            return


def _count(error: Exception, read: _Read) -> None:
    """Counts what could not be decoded. Raises the error itself where memory ran out: what follows would fail too, and
    a part of the video would be taken for all of it.
    """
    lack = lack_in(error)
    if lack == MEMORY:
        raise error
    read.lack = read.lack or lack
    read.faults += 1


def _milliseconds(frame: Frame) -> float | None:
    """When a frame is shown; None where the container does not say (which PyAV's types leave out)."""
    seconds = cast("float | None", frame.time)
    return None if seconds is None else seconds * 1_000


def _note(read: _Read, stated: float, *, cut: bool) -> str:
    """Why not all of it was read, in plain words; "" where it was."""
    until = read.milliseconds / 1_000
    share, seconds = _SLACK
    if read.out_of_time:
        return f"only its first {until:.1f} seconds were read: decoding all of it takes too long"
    if until + max(stated * share, seconds) < stated:
        return f"cut short or damaged: its pictures end after {until:.1f} of the stated {stated:.1f} seconds"
    if cut:
        return f"cut short: the file ends before it should, its pictures after {until:.1f} seconds"
    if read.faults:
        return "damaged: parts could not be decoded"
    return ""
