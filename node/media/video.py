"""Fingerprints one video: the frames of every video stream in it.

Rules this module upholds:

- Every video stream is read, and the frames that an edit list hides. All frames belong to one video (`merging`). The
  longest track gives the size and length of the film.
- If a file is damaged, cut short or too slow to decode, the decoded frames are kept, with a note about the missing part
  (`film_notes`). Without any frame it is an error.
- Every failure is a `MediaError` in our own words, because a library's message can quote the file. A lack of our own
  resources is not reported as damage (`shortage`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.material import DigestFingerprints, VideoFingerprints
from node.errors import MediaError
from node.media import demux
from node.media.allowance import Allow, Time, Wish
from node.media.bitstreams import packet_bytes
from node.media.containers import MPEG_TS
from node.media.decoding import Read, read_track
from node.media.descriptors import Status, changed_meanwhile, not_read, status_of
from node.media.film_notes import is_short, note_of
from node.media.mending import covers_of
from node.media.merging import merged
from node.media.programs import late_pictures
from node.media.shortage import Shortage, damage, either, lack_in, shortage, suspected
from node.media.sniff import HEAD
from node.media.tracks import MAX_FRAME_PIXELS, MAX_SECONDS, Plan, Track, plan_of, processor_seconds, wish_of
from node.media.truncation import is_cut_short, lacking

if TYPE_CHECKING:
    from node.media.containers import Container
    from node.media.region import Region

__all__ = ("MAX_FRAME_PIXELS", "MAX_SECONDS", "fingerprint_video", "prepare", "processor_seconds")

prepare = demux.prepare


def fingerprint_video(
    region: Region, digests: DigestFingerprints, container: Container, allow: Allow, *, previews: bool = False
) -> VideoFingerprints:
    """Returns all fingerprints of a video. `region`: its location; `digests`: of the whole file or part; `previews`:
    also make its stills, of the film itself. Raises `MediaError` with the reason if it cannot be decoded, and
    `Shortage`, with the partial result, if a resource of ours ran out.
    """
    before = _status(region)
    reads, plan = _read(region, container, allow, previews=previews)
    if _status(region) != before:  # its frames would not be of one thing
        raise changed_meanwhile()
    film = reads[0]
    cut = is_cut_short(region)
    note = note_of(reads, container, cut=cut, adrift=_is_adrift(region, container), left_out=plan.left_out)
    lack = ""
    if not film.out_of_time and any(is_short(read, cut=cut) for read in reads):
        lack = next((read.lack for read in reads if read.lack), "") or suspected()
    together = merged([read.sampler.finish() for read in reads])
    found = VideoFingerprints(
        media_type=container.media_type,
        size=digests.size,
        md5=digests.md5,
        sha1=digests.sha1,
        sha256=digests.sha256,
        frames=together.frames,
        between=together.between,
        milliseconds=film.milliseconds,
        width=film.width,
        height=film.height,
        note=either(note, lack) if lack else note,
        previews=film.stills.finish(film.milliseconds) if film.stills else (),
    )
    if lack:
        raise Shortage(found.note, left=found)
    return found


def _is_adrift(region: Region, known: Container) -> bool:
    """Tells whether a transport stream begins within a packet."""
    packet = packet_bytes(region.head(HEAD)) if known == MPEG_TS else None
    return packet is not None and packet[1] > 0


def _status(region: Region) -> Status:
    try:
        return status_of(region.descriptor)
    except OSError as error:
        raise not_read(error) from None


def _read(region: Region, known: Container, allow: Allow, *, previews: bool) -> tuple[list[Read], Plan]:
    """Returns every track with at least one frame, the film itself first."""
    try:
        covers = covers_of(region) if known.demuxer == "mov" else {}
        with demux.opened(demux.Feed(region, covers=covers), known) as film:
            plan = plan_of(film, known)
        most, cost = wish_of(plan.tracks, region.size)
        given = allow(Wish(size=region.size, seconds=most, cost=cost))
        reads, left_out = _read_all(region, known, plan.tracks, given, covers, previews=previews)
        late, not_late = _read_late(region, known, plan, given)
    except MediaError:
        raise
    except Exception as error:  # noqa: BLE001  (see the rules above)
        if lack := lack_in(error):
            raise shortage(f"decoding this {known.name}", lack) from None
        raise damage(_unreadable(region, known)) from None
    whole = [read for read in (*reads, *late) if read.decoded]
    if not whole:
        raise damage(_without_frames(reads, known))
    whole.sort(key=lambda read: read.milliseconds * (not read.track.hidden), reverse=True)
    return whole, Plan(tracks=plan.tracks, left_out=(*plan.left_out, *left_out, *not_late))


def _read_all(
    region: Region,
    known: Container,
    tracks: tuple[Track, ...],
    given: Time,
    covers: dict[int, bytes],
    *,
    previews: bool,
) -> tuple[list[Read], tuple[str, ...]]:
    """Returns the reading of each track, and what was not examined, in plain words."""
    reads: list[Read] = []
    without: int = 0
    for number, track in enumerate(tracks):
        if reads and given.is_up():
            left = len(tracks) - number
            return reads, (f"not looked at because time ran out: {left} of {len(tracks)} streams of pictures",)
        read = read_track(region, known, track, given, covers, previews=previews)
        read.breaks += len(covers)
        reads.append(read)
        without += not read.decoded
    return reads, (f"{without} of {len(tracks)} streams of pictures: no frame can be decoded",) if without else ()


def _read_late(region: Region, known: Container, plan: Plan, given: Time) -> tuple[list[Read], tuple[str, ...]]:
    """Returns the streams of pictures that begin later in a transport stream, and which of them could not be read."""
    if known != MPEG_TS:
        return [], ()
    reads: list[Read] = []
    late = late_pictures(region, plan.identifiers, given)
    for identifier, start in late.items():
        if given.is_up():
            break
        with suppress(Exception), demux.opened(demux.Feed(region.part(start), given), known) as film:
            stream = next((each for each in film.streams.video if each.id == identifier), None)
            if stream is None:
                continue
            tracks = plan_of(film, known).tracks
            track = next((replace(each, start=start) for each in tracks if each.index == stream.index), None)
            if track is not None:
                read = read_track(region, known, track, given, {})
                reads += [read] if read.decoded else []
    left = len(late) - len(reads)
    return reads, (f"not looked at: {left} streams of pictures that begin later",) if left else ()


def _unreadable(region: Region, known: Container) -> str:
    """Returns why a film cannot be opened."""
    seems = "truncated" if is_cut_short(region) else "damaged or truncated"
    if known.demuxer == "mov" and (lacks := lacking(region)):
        return f"{seems} {known.name}: {lacks}"
    return f"{seems} {known.name}: it cannot be read"


def _without_frames(reads: list[Read], known: Container) -> str:
    if not any(read.sized for read in reads):
        # FFmpeg gives no size where it finds none, or one that it would not decode itself.
        return (
            f"damaged {known.name}, or one of too many pixels (the limit is {MAX_FRAME_PIXELS} a frame): "
            "no frame can be decoded"
        )
    return f"damaged or truncated {known.name}: no frame can be decoded"
