"""Decodes one track of a film, from the first frame that can be decoded to the last.

Rules this module upholds:

- Damage costs only the damaged part: reading continues after a packet that cannot be decoded, and after bytes that the
  demuxer cannot parse. The loss is counted.
- If a decoder repaired a frame, the repaired frame is hashed, because a viewer shows it. It counts as damaged.
- If no frame of a track is complete (it begins within a scene and has no later key frame), the track is read once more,
  and incomplete frames are accepted.
- Frames are selected by `sampling`, at the times of `clock`, turned upright, as RGB, hashed at full resolution.
- One thread decodes and converts, and no object of a video outlives it (`upright`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from node.errors import MediaError
from node.media.clock import Clock
from node.media.demux import Feed, opened
from node.media.frames import Sample, sample_of
from node.media.previewing import Stills
from node.media.sampling import SECOND, Sampler
from node.media.shortage import MEMORY, lack_in
from node.media.tracks import MAX_FRAME_PIXELS, Track
from node.media.upright import Converter

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame as Frame
    from av.video.stream import VideoStream

    from node.media.allowance import Time
    from node.media.containers import Container
    from node.media.region import Region

_MAX_STUCK: Final = 3
"""How often a demuxer may continue after a fault without any progress in its file."""
_MENDED: Final = {"flags": "output_corrupt", "flags2": "showall"}
"""Options of decoders: also return frames that refer to missing frames."""
_GAP_STEPS: Final = 3
"""Frames may be missing between two frames that are at least this many steps apart."""


@dataclass(slots=True, kw_only=True)
class Read:
    """The state of reading a track. `clock`: the source of its times; `milliseconds`: when its last frame is shown;
    `width`, `height`: of its first frame, upright, in pixels.

    `decoded`: number of frames; `faults`: packets that could not be decoded; `breaks`: places where the demuxer failed;
    `mended`: frames that the decoder repaired; `before`: packets before the first frame; `steps`: how often two frames
    were a number of milliseconds apart. `lack`: the resource of ours that may have been missing, or ""; `sized`:
    whether a frame size was known; `stills`: for previews, if they are wanted.
    """

    track: Track
    clock: Clock
    sampler: Sampler[Sample] = field(default_factory=Sampler)
    milliseconds: int = 0
    width: int = 0
    height: int = 0
    decoded: int = 0
    faults: int = 0
    breaks: int = 0
    mended: int = 0
    before: int = 0
    steps: Counter[int] = field(default_factory=Counter)
    out_of_time: bool = False
    lack: str = ""
    sized: bool = False
    stills: Stills | None = None

    @property
    def step(self) -> float:
        """The most frequent time between two frames, in milliseconds."""
        return float(self.steps.most_common(1)[0][0]) if self.steps else SECOND / 25

    @property
    def is_regular(self) -> bool:
        """Whether nearly all frames are equally far apart, within a millisecond of rounding."""
        step = round(self.step)
        return sum(self.steps[each] for each in (step - 1, step, step + 1)) * 20 >= self.steps.total() * 19

    def missing(self) -> float:
        """Returns the milliseconds between frames in which more frames should exist."""
        step = self.step
        return sum((apart - step) * count for apart, count in self.steps.items() if apart >= _GAP_STEPS * step)

    def lost(self) -> float:
        """Returns the milliseconds that are known to be damaged: not decoded, or repaired."""
        return (self.faults + self.mended) * self.step


def read_track(
    region: Region, known: Container, track: Track, given: Time, covers: Mapping[int, bytes], *, previews: bool = False
) -> Read:
    """Decodes a track within the given time. `covers`: bytes that replace those of the file (`mending`). Raises PyAV's
    errors if the film cannot be opened, or if memory runs out.
    """
    read = _read_with(known, track, given, _feed(region, track, given, covers), {}, previews=previews)
    if read.decoded or read.out_of_time or not read.sized:
        return read
    again = _read_with(known, track, given, _feed(region, track, given, covers), _MENDED, previews=previews)
    return again if again.decoded else read


def _feed(region: Region, track: Track, given: Time, covers: Mapping[int, bytes]) -> Feed:
    return Feed(region.part(track.start) if track.start else region, given, covers)


def _read_with(
    known: Container, track: Track, given: Time, feed: Feed, options: dict[str, str], *, previews: bool
) -> Read:
    read = Read(track=track, clock=Clock(track.rate), stills=Stills() if previews else None)
    with opened(feed, known, **track.options) as film:
        stream = next((each for each in film.streams.video if each.index == track.index), None)
        if stream is None:  # the file says another thing than when it was planned
            return read
        context = stream.codec_context
        context.thread_count = 1
        context.options = {"max_pixels": str(MAX_FRAME_PIXELS), **options}
        converter = Converter()
        for frame in _frames(_packets(film, stream, read, feed), read, given):
            _take(read, frame, converter)
        read.out_of_time = given.was_up
        read.sized = bool(context.width)
    return read


def _take(read: Read, frame: Frame, converter: Converter) -> None:
    at = read.clock.at(_milliseconds(frame))
    if read.decoded:
        apart = at - read.milliseconds
        read.steps[apart if apart < SECOND else apart - apart % 100] += 1  # few numbers, however long the film
    read.decoded += 1
    read.mended += frame.is_corrupt
    read.milliseconds = at
    if read.sampler.wants(at):
        pixels = converter.upright(frame)
        if not read.width:
            read.width, read.height = pixels.width, pixels.height
        read.sampler.take(at, sample_of(pixels, at))
        if read.stills:
            read.stills.take(at, pixels)


def _milliseconds(frame: Frame) -> float | None:
    """Returns when a frame is shown, or None if the container does not state it (PyAV's types omit this case)."""
    seconds = cast("float | None", frame.time)
    return None if seconds is None else seconds * SECOND


def _frames(packets: Iterator[Packet[VideoStream]], read: Read, given: Time) -> Iterator[Frame]:
    """Yields the frames that can be decoded, in the order of presentation. Counts the others in `read`."""
    for packet in packets:
        read.before += not read.decoded
        try:
            frames = packet.decode()
        except Exception as error:  # noqa: BLE001  (one packet that cannot be decoded stops only itself)
            _count(error, read)
            frames = []
        yield from frames
        if given.is_up():
            return


def _packets(film: InputContainer, stream: VideoStream, read: Read, feed: Feed) -> Iterator[Packet[VideoStream]]:
    """Yields the packets of a stream in order, and continues after places where the demuxer fails."""
    stuck, reached = 0, -1
    while stuck < _MAX_STUCK:
        packets = film.demux(stream)
        try:
            while (packet := next(packets, None)) is not None:
                stuck = 0
                yield packet
        except Exception as error:  # what came before stands, and there may be more behind
            if isinstance(error, MediaError) or lack_in(error) == MEMORY:
                raise
            read.breaks += 1
            before, reached = reached, feed.tell()
            stuck = 0 if reached > before else stuck + 1
        else:
            return


def _count(error: Exception, read: Read) -> None:
    """Counts an error of decoding. Raises the error if the file cannot be read, or if memory ran out: the following
    packets would fail too, and a part of the video would pass for the whole.
    """
    lack = lack_in(error)
    if lack == MEMORY or isinstance(error, MediaError):
        raise error
    read.lack = read.lack or lack
    read.faults += 1
