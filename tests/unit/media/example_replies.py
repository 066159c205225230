"""What the tests of `test_replies` share with others."""

from __future__ import annotations

from operator import attrgetter

from hypothesis import strategies as st

from node.domain.material import (
    Animation,
    ComposedFingerprints,
    PictureFingerprints,
    TrimmedFingerprints,
    VideoFingerprints,
    VideoFrame,
)
from node.media.containers import CONTAINERS
from node.media.sniff import FORMATS

FRAMES = st.builds(
    VideoFrame, at=st.integers(0, 2**32 - 1), pdq=st.binary(min_size=32, max_size=32), quality=st.integers(0, 100)
)


def in_order(frames: list[VideoFrame]) -> tuple[VideoFrame, ...]:
    return tuple(sorted(frames, key=attrgetter("at")))


EIGHT = st.tuples(*[st.binary(min_size=32, max_size=32)] * 8)


TRIMMED = st.builds(
    lambda left, top, width, height, **values: TrimmedFingerprints(
        box=(left, top, left + width, top + height), **values
    ),
    left=st.integers(0, 2**20),
    top=st.integers(0, 2**20),
    width=st.integers(1, 2**20),
    height=st.integers(1, 2**20),
    pdq_quality=st.integers(0, 100),
    pdq_orientations=EIGHT,
    phash=st.binary(min_size=8, max_size=8),
)


ANIMATIONS = st.builds(
    Animation,
    frames=st.lists(FRAMES, min_size=1, max_size=9).map(in_order),
    between=st.lists(FRAMES, max_size=9).map(in_order),
    milliseconds=st.integers(0, 2**32 - 1),
)


def looks(background: str) -> st.SearchStrategy[ComposedFingerprints]:
    return st.builds(
        ComposedFingerprints,
        background=st.just(background),
        pdq_quality=st.integers(0, 100),
        pdq_orientations=EIGHT,
        phash=st.binary(min_size=8, max_size=8),
    )


PRINTS = st.builds(
    lambda orientations, **values: PictureFingerprints(pdq=orientations[0], pdq_orientations=orientations, **values),
    orientations=EIGHT,
    media_type=st.sampled_from([known.media_type for known in FORMATS]),
    md5=st.binary(min_size=16, max_size=16),
    sha1=st.binary(min_size=20, max_size=20),
    sha256=st.binary(min_size=32, max_size=32),
    phash=st.binary(min_size=8, max_size=8),
    pdq_quality=st.integers(0, 100),
    size=st.integers(0, 2**40),
    width=st.integers(0, 2**20),
    height=st.integers(0, 2**20),
    trimmed=st.none() | TRIMMED,
    composed=st.sampled_from(((), ("white",), ("black",), ("white", "black"))).flatmap(
        lambda names: st.tuples(*[looks(name) for name in names])
    ),
    animation=st.none() | ANIMATIONS,
    note=st.sampled_from(["", "only its first 3 frames were read: truncated GIF"]),
)


VIDEOS = st.builds(
    VideoFingerprints,
    media_type=st.sampled_from([known.media_type for known in CONTAINERS]),
    md5=st.binary(min_size=16, max_size=16),
    sha1=st.binary(min_size=20, max_size=20),
    sha256=st.binary(min_size=32, max_size=32),
    frames=st.lists(FRAMES, min_size=1, max_size=9).map(in_order),
    between=st.lists(FRAMES, max_size=9).map(in_order),
    milliseconds=st.integers(0, 2**32 - 1),
    size=st.integers(0, 2**38),
    width=st.integers(0, 2**13),
    height=st.integers(0, 2**13),
    note=st.sampled_from(["", "damaged: parts could not be decoded"]),
)


EXAMPLE = PictureFingerprints(
    media_type="image/png",
    size=1,
    md5=bytes(16),
    sha1=bytes(20),
    sha256=bytes(32),
    pdq=bytes(32),
    pdq_quality=7,
    pdq_orientations=(bytes(32),) * 8,
    phash=bytes(8),
    width=1,
    height=1,
    trimmed=TrimmedFingerprints(box=(0, 0, 1, 1), pdq_quality=7, pdq_orientations=(bytes(32),) * 8, phash=bytes(8)),
    composed=tuple(
        ComposedFingerprints(background=name, pdq_quality=100, pdq_orientations=(b"\xff" * 32,) * 8, phash=bytes(8))
        for name in ("white", "black")
    ),
)
