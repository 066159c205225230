"""Workers take no more for the last of many files than for the first."""

from __future__ import annotations

from pathlib import Path

from node.errors import MediaError
from tests.unit.media.soak import clips, judge, soak


def test_two_hundred_videos_are_read_with_flat_threads_and_memory(tmp_path: Path) -> None:
    """A converter or a decoder that is kept for each frame or video shows in the threads of the workers, and at last in
    healthy videos that are called damaged.
    """
    results, taken = soak(clips(tmp_path), 200, workers=2, warm_up=30)
    assert not [str(result) for result in results.values() if isinstance(result, MediaError) or result.note]
    judge(taken, 2)
