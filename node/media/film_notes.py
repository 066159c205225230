"""The notes about a film that was not read completely, or whose file states wrong facts.

Rules this module upholds:

- Plain words, in ASCII, with amounts: the seconds that could not be decoded, the streams that were not examined.
- The most important note is first. No text is longer than `reply_values.MAX_REASON`: notes at the end are dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.media.containers import WITHOUT_STAMPS, Container
from node.media.reply_values import MAX_REASON
from node.media.sampling import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.media.decoding import Read

_SLACK: Final = 0.05, 2.0
"""How much earlier than stated the last frame may be shown (share, seconds). Sound often lasts a little longer."""
_LEAST: Final = 0.1
"""A note states no number of seconds below this value."""
_MISSING: Final = 0.25
"""Seconds without frames. After a longer time, a film with regular frames seems to have lost some."""
_ROOM: Final = MAX_REASON - 100
"""The most characters of a note. Words on a lack of ours (`shortage.either`) may follow."""


def note_of(
    reads: Sequence[Read], known: Container, *, cut: bool, adrift: bool = False, left_out: Sequence[str]
) -> str:
    """Returns why a film with these tracks was not read completely, or "". The film itself is the first track.
    `adrift`: its first packet is incomplete.
    """
    parts = [*_of_film(reads[0], known, cut=cut)]
    parts += ["it begins within a packet: what came before is missing"] if adrift else []
    parts += [_of_other(number, read) for number, read in enumerate(reads) if number]
    parts += left_out
    streams = len({(read.track.start, read.track.index) for read in reads})
    if streams > 1:
        parts.append(f"the frames of {streams} streams of pictures are kept together")
    note = ""
    for part in filter(None, parts):
        longer = f"{note}; {part}" if note else part
        if len(longer) > _ROOM:
            break
        note = longer
    return note


def is_short(read: Read, *, cut: bool) -> bool:
    """Tells whether a part of a track could not be read."""
    return bool(read.out_of_time or read.faults or read.breaks or read.mended or cut or _ends_early(read))


def _of_film(read: Read, known: Container, *, cut: bool) -> list[str]:
    parts = []
    until = read.milliseconds / SECOND
    if read.out_of_time:
        parts.append(f"only its first {until:.1f} seconds were read: decoding all of it takes too long")
    elif _ends_early(read):
        stated = read.track.stated
        parts.append(f"cut short or damaged: its pictures end after {until:.1f} of the stated {stated:.1f} seconds")
    elif cut:
        parts.append(f"cut short: the file ends before it should, its pictures after {until:.1f} seconds")
    damaged = _damage(read, cut=cut or bool(parts))
    parts += [damaged] if damaged else []
    parts += [*_beginning(read), *_stamps(read, known)]
    return parts


def _ends_early(read: Read) -> bool:
    """Tells whether the last frame is shown well before the stated end of the film."""
    clock = read.clock
    if clock.counted or read.out_of_time:
        return False
    share, seconds = _SLACK
    stated = read.track.stated - clock.skipped / SECOND
    return read.milliseconds / SECOND + max(stated * share, seconds) < stated


def _damage(read: Read, *, cut: bool) -> str:
    total = max(read.milliseconds + read.step, 0 if cut else read.track.stated * SECOND) / SECOND
    lost, missing = read.lost() / SECOND, (read.missing() / SECOND if read.is_regular else 0.0)
    if cut and read.faults + read.mended <= 1 and missing < _MISSING:
        return ""  # the last frame, of which a part is there
    if lost:
        seconds = lost + missing
        many = f"about {seconds:.1f}" if seconds >= _LEAST else f"less than {_LEAST}"
        return f"damaged: {many} of {total:.1f} seconds could not be decoded whole"
    if missing >= _MISSING:
        return f"about {missing:.1f} of {total:.1f} seconds have no frames: they may be damaged or lost"
    if read.breaks > cut:  # where a film is cut, its end is one
        return "damaged: parts of the file could not be read"
    return ""


def _beginning(read: Read) -> list[str]:
    """Returns the note on what is missing before the first decoded frame: at least a second, and more than a decoder
    holds back.
    """
    rate = SECOND / max(read.step, 1.0)
    if read.before <= max(rate, 32):
        return []
    return [f"its first {read.before / rate:.1f} seconds could not be decoded: it begins within a scene"]


def _stamps(read: Read, known: Container) -> list[str]:
    clock = read.clock
    faults = list(clock.faults)
    if known not in WITHOUT_STAMPS and 2 * clock.missing > clock.frames > 1:
        faults.append("most of its frames have no time stamps: they were counted instead")
    return faults


def _of_other(number: int, read: Read) -> str:
    if read.out_of_time:
        until = read.milliseconds / SECOND
        return f"of its stream of pictures {number + 1} only the first {until:.1f} seconds were read"
    if read.track.hidden:
        return f"its edit list hides {read.track.hidden:.1f} seconds: they were read too"
    return f"its stream of pictures {number + 1} is damaged or cut short" if is_short(read, cut=False) else ""
