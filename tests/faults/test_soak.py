"""Thousands of videos, healthy and damaged ones, through two workers that are never replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.errors import MediaError
from tests.unit.media.soak import broken, clips, judge, soak

pytestmark = pytest.mark.faults


def test_five_thousand_videos_are_read_with_flat_threads_and_memory(tmp_path: Path) -> None:
    healthy = clips(tmp_path)
    results, taken = soak([*healthy, *broken(tmp_path, healthy)], 5_000, workers=2, warm_up=100)
    assert not [path.name for path in healthy if isinstance(results[path], MediaError)]
    judge(taken, 2)
