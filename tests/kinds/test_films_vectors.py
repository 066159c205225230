"""The films of the outside vectors: each holds clip B, which is found both ways, or comes out as their README says."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.domain.material import VideoFingerprints
from tests.kinds.films import findable, frames_by_ffmpeg, share_found, video

WORDS = {
    "09a-begins-in-a-packet.ts": "it begins within a packet: what came before is missing",
    "10a-two-streams.mp4": "the frames of 2 streams of pictures are kept together",
    "10b-still-stream-first.mov": "the frames of 2 streams of pictures are kept together",
    "10c-first-stream-unknown.avi": "1 of 2 streams of pictures: coded in a way that Vigil does not decode",
    "11-stamps-all-the-same.mkv": "its time stamps stand still or lie too close together: frames were counted instead",
    "12-clock-jumps-55-years.mkv": "its time stamps jump too far: time was counted there",
    "13-edit-list-shows-2-of-11-seconds.mp4": "its edit list hides 9.0 seconds: they were read too",
    "14-zeroed-middle.ts": "damaged: about 1.4 of 9.0 seconds could not be decoded whole",
}
"""What is said of each; "" where nothing need be."""


@pytest.fixture(scope="module")
def clip(vectors: Path) -> VideoFingerprints:
    return video(vectors / "files" / "base" / "clipB.mp4")


@pytest.mark.parametrize("name", sorted(WORDS))
def test_the_clip_in_each_film_is_found_and_what_is_odd_is_said(
    vectors: Path, clip: VideoFingerprints, name: str
) -> None:
    path = vectors / "files" / name
    found = video(path)
    assert findable(found, clip)
    assert found.note == WORDS[name]
    if not name.startswith("10c"):  # its first stream is no decoder's that is started here
        assert share_found(found, frames_by_ffmpeg(path)) >= 0.9


def test_the_clip_itself_has_the_frames_that_it_had(vectors: Path, clip: VideoFingerprints) -> None:
    """Of a sound film nothing changes: its records stay as they are."""
    assert [frame.at for frame in clip.frames] == [1_000 * second for second in range(9)]
    assert len(clip.between) == 36
    assert clip.note == ""
