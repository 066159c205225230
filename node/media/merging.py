"""Merges the frames of all tracks of a film into the frames of one video.

Rules this module upholds:

- A film of one track keeps exactly its sampled frames.
- Each frame keeps the time at which its own track shows it. Frames of several tracks may have the same time.
- If there are more frames than a record holds, each track gets an equal share of the places, and places that a short
  track does not need go to the others. Frames that do not fit are still used in searches.
- If two tracks have a frame with the same bits, it is kept once.
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
"""The most samples between those that are kept. One track has fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The fields of `VideoFingerprints` with these names."""

    frames: tuple[VideoFrame, ...]
    between: tuple[VideoFrame, ...]


def merged(tracks: Sequence[Sampled[Sample]]) -> Merged:
    """Merges the samples of all tracks. Those of the film itself come first."""
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
