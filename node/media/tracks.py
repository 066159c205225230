"""Selects the video streams of a film that are examined.

Rules this module upholds:

- All of them, up to `MAX_TRACKS`. A stream gets no preference because it is first or marked as the default.
- Frames that an edit list hides are examined too, as a track of their own.
- The size in the header is compared with `MAX_FRAME_PIXELS` before a frame is decoded. Larger frames are not decoded.
- A picture that is attached to the film (its cover) is a part, not a track (`parts.streams`).
- A note names every stream that is not examined.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.errors import MediaError
from node.media.allowance import MAX_COST, PIXELS_A_SECOND
from node.media.containers import DECODERS, Container
from node.media.demux import UNCUT
from node.media.shortage import damage

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_TRACKS: Final = 16
"""The most streams of pictures of one film. A camera for all-round views writes up to 8."""
MAX_FRAME_PIXELS: Final = 8_192 * 8_192
"""The most pixels of one frame. 8K is 33 million, and the largest cameras for all-round views have 61. A decoder holds
up to 17 frames."""
BASE_SECONDS: Final = 60
"""Processor time (seconds) of a video without any length."""
SECONDS_A_SECOND: Final = 4
"""Processor time (seconds) per second of video. 720 x 480 at 30 frames took 0.16, so this allows 24 times as much."""
BYTES_A_SECOND: Final = 4_096
"""The fewest bytes for a second of video. A file that states days of length must have the bytes for it."""
MAX_SECONDS: Final = 4 * 3_600
"""The most processor time (seconds) of any video."""
USUAL_RATE: Final = 25.0
"""Frames per second, if the file does not state it."""
_HIDDEN_SECONDS: Final = 0.5
"""Seconds. An edit list that hides less is ignored, because nearly every MP4 has one."""
_MAX_INDEX: Final = 4_000_000
"""The most samples whose positions are examined: 44 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A stream of pictures. `index`: its number in the file; `rate`: frames per second, 0 if not stated; `stated`: its
    stated length in seconds, 0 if not stated; `pixels`: of one frame, as stated.

    `options`: for opening the file for this track; `hidden`: seconds that the edit list hides, of a track that shows
    them; `start`: the offset from which the file is read for it.
    """

    index: int
    rate: float
    stated: float
    pixels: int
    options: dict[str, str] = field(default_factory=dict)
    hidden: float = 0.0
    start: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The tracks of a film, the reasons (in plain words) for streams of pictures that are not tracks, and the
    container's own identifiers of all streams.
    """

    tracks: tuple[Track, ...]
    left_out: tuple[str, ...] = ()
    identifiers: frozenset[int] = frozenset()


def plan_of(film: InputContainer, known: Container) -> Plan:
    """Returns the plan of an open film. Raises `MediaError` if nothing in it may be decoded."""
    streams = [each for each in film.streams.video if not is_attached(each)]
    if not streams:
        sound = ": sound alone" if film.streams.audio else ""
        raise damage(f"no moving pictures are in this {known.name}{sound}")
    tracks: list[Track] = []
    refused: list[str] = []
    for stream in streams:
        reason = _refusal(stream)
        if reason:
            refused.append(reason)
        elif len(tracks) < MAX_TRACKS:
            tracks += _tracks_of(film, stream)
        else:
            refused.append(f"this version reads {MAX_TRACKS} streams of pictures of a film")
    if not tracks:
        if refused[0] == _NOT_DECODED:
            raise damage(f"the pictures in this {known.name} are {_NOT_DECODED}")
        raise MediaError(refused[0])
    left_out = [_left_out(refused.count(reason), len(streams), reason) for reason in dict.fromkeys(refused)]
    return Plan(tracks=tuple(tracks), left_out=tuple(left_out), identifiers=frozenset(each.id for each in film.streams))


def is_attached(stream: VideoStream) -> bool:
    """Tells whether it is a single picture beside the film: its cover, or an attachment."""
    from av.stream import Disposition  # noqa: PLC0415  (a worker loads FFmpeg once: `demux.prepare`)

    return bool(stream.disposition & Disposition.attached_pic) and not (
        stream.disposition & Disposition.timed_thumbnails
    )


_NOT_DECODED: Final = "coded in a way that Vigil does not decode"


def _left_out(count: int, of: int, reason: str) -> str:
    return f"{count} of {of} streams of pictures: {reason}"


def _refusal(stream: VideoStream) -> str:
    """Returns why a stream is not decoded, or ""."""
    context = stream.codec_context
    if getattr(context, "name", "") not in DECODERS:  # there is no context where FFmpeg has no decoder at all
        return _NOT_DECODED
    if context.width * context.height > MAX_FRAME_PIXELS:
        return f"too many pixels: {context.width} x {context.height}, the limit is {MAX_FRAME_PIXELS} a frame"
    return ""


def _tracks_of(film: InputContainer, stream: VideoStream) -> list[Track]:
    rate = float(stream.average_rate or 0)
    context = stream.codec_context
    shown = Track(index=stream.index, rate=rate, stated=_stated(film, stream), pixels=context.width * context.height)
    hidden = _hidden_frames(stream) / (rate or USUAL_RATE) if film.format.name.startswith("mov") else 0.0
    if hidden < _HIDDEN_SECONDS:
        return [shown]
    all_of_it = shown.stated + hidden
    return [
        shown,
        Track(index=stream.index, rate=rate, stated=all_of_it, pixels=shown.pixels, options=UNCUT, hidden=hidden),
    ]


def _stated(film: InputContainer, stream: VideoStream) -> float:
    """Returns the stated length in seconds, or 0."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return film.duration / 1_000_000 if film.duration else 0.0


def _hidden_frames(stream: VideoStream) -> int:
    """Returns how many frames an edit list (ISO/IEC 14496-12, 8.6.6) hides. FFmpeg removes them from its index, or
    marks them as hidden.
    """
    if not 0 < stream.frames <= _MAX_INDEX or len(stream.index_entries) > _MAX_INDEX:
        return 0
    shown = {entry.pos for entry in stream.index_entries if not entry.is_discard}
    return max(stream.frames - len(shown), 0) if shown else 0


def processor_seconds(stated: float, size: int) -> int:
    """Returns the most processor time (seconds) for decoding a video of `size` bytes with a stated length of `stated`
    seconds.
    """
    return min(BASE_SECONDS + int(_believed(stated, size) * SECONDS_A_SECOND), MAX_SECONDS)


def _believed(stated: float, size: int) -> float:
    """Returns the seconds of video that are believed of a file of `size` bytes that states this length."""
    return min(stated if stated > 0 else float("inf"), size / BYTES_A_SECOND)


def wish_of(tracks: tuple[Track, ...], size: int) -> tuple[int, int]:
    """Returns (the most processor time of all tracks by the size of their file, the estimate) in seconds. A track
    without a stated length counts as 0 in the estimate.
    """
    most = sum(processor_seconds(track.stated, size) for track in tracks)
    cost = sum(
        _believed(track.stated, size) * (track.rate or USUAL_RATE) * track.pixels / PIXELS_A_SECOND
        for track in tracks
        if track.stated > 0
    )
    return min(most, MAX_SECONDS), min(int(cost), MAX_COST)
