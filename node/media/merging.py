"""The frames of all tracks of a film, put together as one video's.

Rules this module upholds:

- A film of one track has exactly the frames that were sampled of it.
- Each frame keeps the time at which its own track shows it; frames of several tracks may share a time.
- Where all together are more than a record takes, each track has an equal share of the room, and what a short one does
  not need goes to the others. What does not fit is looked for all the same.
- A frame that two tracks show alike, to the bit, is kept once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.videos import evenly
from node.media.frames import Sample, kept_of, looked_for
from node.media.sampling import LOOKED_FOR, MAX_FRAMES, SECOND, Sampled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.material import VideoFrame

MAX_SAMPLES: Final = (SECOND // LOOKED_FOR) * (MAX_FRAMES + 1) + 2 * MAX_FRAMES
"""Samples between those that are kept. One track has fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What `VideoFingerprints` has of these names."""

    frames: tuple[VideoFrame, ...]
    between: tuple[VideoFrame, ...]


def merged(tracks: Sequence[Sampled[Sample]]) -> Merged:
    """The samples of all tracks, the film's own first."""
    kept_by = [[sample for _, sample in track.frames] for track in tracks]
    between = [sample for track in tracks for _, sample in track.between]
    if len(tracks) > 1:
        kept_by, between = _fitted(kept_by, between)
    kept = [sample for samples in kept_by for sample in samples]
    if len(tracks) > 1:
        kept, between = _in_order(kept), _in_order(between)
    return Merged(frames=kept_of(kept), between=looked_for(kept, between))


def _fitted(kept_by: list[list[Sample]], between: list[Sample]) -> tuple[list[list[Sample]], list[Sample]]:
    seen: set[bytes] = set()
    for number, samples in enumerate(kept_by):
        own = [sample for sample in samples if sample.whole.pdq not in seen]
        seen |= {sample.whole.pdq for sample in own}
        kept_by[number] = own
    room, left = MAX_FRAMES, len(kept_by)
    rest: list[Sample] = []
    for samples in sorted(kept_by, key=len):
        chosen = set(evenly(len(samples), room // left))
        rest += [sample for at, sample in enumerate(samples) if at not in chosen]
        samples[:] = [sample for at, sample in enumerate(samples) if at in chosen]
        room -= len(samples)
        left -= 1
    others = _in_order([*between, *rest])
    return kept_by, [others[at] for at in evenly(len(others), MAX_SAMPLES)]


def _in_order(samples: list[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda sample: sample.whole.at)
