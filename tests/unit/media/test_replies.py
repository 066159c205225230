"""A worker's reply is untrusted: what `write_reply` would not have written is refused, and only as Malformed."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.material import Animation, DigestFingerprints, PictureFingerprints, VideoFingerprints, VideoFrame
from node.domain.parts import Role
from node.errors import Empty, Malformed, MediaError
from node.media import orders, replies
from node.media.budget import Limits
from node.media.orders import Orders
from node.media.parts.part import MAX_DEPTH, MAX_PARTS
from node.media.region import EMPTY, MAX_FILE_BYTES
from node.media.reply_bounds import MAX_BETWEEN
from node.media.sampling import MAX_AT, MAX_FRAMES
from node.media.subject_replies import MAX_NAME, Begun, Done, plain_name
from tests.unit.media.example_replies import (
    EXAMPLE,
    PRINTS,
    VIDEOS,
)

LONGEST = VideoFingerprints(
    media_type="video/x-matroska",
    size=2**38,
    md5=bytes(16),
    sha1=bytes(20),
    sha256=bytes(32),
    frames=(VideoFrame(at=MAX_AT, pdq=bytes(32), quality=100),) * MAX_FRAMES,
    between=(VideoFrame(at=MAX_AT, pdq=bytes(32), quality=100),) * (4 * MAX_FRAMES),
    milliseconds=MAX_AT,
    width=8_192,
    height=8_192,
    note="x" * 300,
)
EXAMPLE_DIGESTS = DigestFingerprints(
    media_type="application/zip", size=1, md5=bytes(16), sha1=bytes(20), sha256=bytes(32), note="why"
)

LONGEST_ANIMATION = replace(
    EXAMPLE, animation=Animation(frames=LONGEST.frames, between=LONGEST.between, milliseconds=MAX_AT), note="x" * 300
)


@given(PRINTS | st.just(LONGEST_ANIMATION))
def test_fingerprints_come_back_as_they_were(prints: PictureFingerprints) -> None:
    line = replies.write_reply(prints)
    assert len(line) <= replies.MAX_REPLY_BYTES
    assert replies.read_reply(line) == prints


@given(VIDEOS | st.just(LONGEST))
def test_a_video_comes_back_as_it_was(prints: VideoFingerprints) -> None:
    line = replies.write_reply(prints)
    assert len(line) <= replies.MAX_REPLY_BYTES
    assert replies.read_reply(line) == prints


def test_no_reply_is_longer_than_what_is_read() -> None:
    between = (LONGEST.between[0],) * MAX_BETWEEN
    moves = Animation(frames=LONGEST.frames, between=between, milliseconds=MAX_AT)
    for prints in (replace(LONGEST, between=between), replace(LONGEST_ANIMATION, animation=moves)):
        line = replies.write_reply(prints)
        assert len(line) <= replies.MAX_REPLY_BYTES
        assert replies.read_reply(line) == prints
    with pytest.raises(Malformed):
        replies.read_reply(replies.write_reply(replace(LONGEST, between=(*between, between[0]))))


@given(st.integers(0, replies.MAX_ASKED_SECONDS), st.none() | PRINTS)
def test_time_that_is_asked_for_comes_back(seconds: int, so_far: PictureFingerprints | None) -> None:
    asked = replies.MoreTime(seconds=seconds, so_far=so_far)
    assert replies.read_reply(replies.write_reply(asked)) == asked


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("frames", ""),
        ("frames", "00" * 36),
        ("frames", "00" * 37 * (MAX_FRAMES + 1)),
        ("frames", "00000001" + "00" * 33 + "00" * 37),
        ("frames", "0000000065" + "00" * 32),
        ("frames", ["00" * 37]),
        ("between", None),
        ("media_type", "image/jpeg"),
        ("milliseconds", 2**32),
        ("milliseconds", 1.5),
        ("width", -1),
        ("note", "\x1b[2J"),
        ("extra", 1),
    ],
)
def test_a_value_of_a_video_out_of_place_is_refused(key: str, value: Any) -> None:
    said = json.loads(replies.write_reply(LONGEST))
    said[key] = value
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps(said).encode())


@pytest.mark.parametrize("short", [True, False])
def test_a_worker_that_is_spent_says_so(*, short: bool) -> None:
    spent = replies.Spent(short=short)
    assert replies.read_reply(replies.write_reply(spent)) == spent


@pytest.mark.parametrize("said", [{"spent": False, "short": True}, {"spent": True, "short": 1}, {"spent": True}])
def test_a_worker_that_is_spent_in_another_way_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps(said).encode())


@pytest.mark.parametrize("seconds", [-1, replies.MAX_ASKED_SECONDS + 1, True, 1.0, None])
def test_time_out_of_range_is_refused(seconds: Any) -> None:
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps({"seconds": seconds, "so_far": None}).encode())


@pytest.mark.parametrize("so_far", [{}, [], "none", 5, {"error": "", "remedy": ""}])
def test_what_is_known_so_far_is_a_picture_or_nothing(so_far: Any) -> None:
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps({"seconds": 5, "so_far": so_far}).encode())


def test_an_error_comes_back_with_its_remedy() -> None:
    read = replies.read_reply(replies.write_reply(MediaError("empty file", remedy="none")))
    assert isinstance(read, MediaError)
    assert (str(read), read.remedy) == ("empty file", "none")


NUMBERS = st.integers(1, replies.MAX_ASKED_SECONDS)
ORDERS = st.builds(
    Orders,
    limits=st.builds(Limits, first=NUMBERS, moving=NUMBERS, costly=NUMBERS),
    floor=NUMBERS,
    parts=st.booleans(),
    previews=st.booleans(),
    at=st.lists(st.integers(0, MAX_PARTS), max_size=MAX_DEPTH + 1).map(tuple),
    count=st.integers(0, MAX_PARTS),
)


@given(ORDERS)
def test_any_task_comes_back_as_it_was(told: Orders) -> None:
    message = orders.write_orders(told)
    assert len(message) <= orders.MAX_BYTES
    assert orders.read_orders(message) == told


DIGESTS = st.builds(
    DigestFingerprints,
    media_type=st.sampled_from(["application/octet-stream", "image/jpeg", "application/vnd.ms-outlook"]),
    size=st.integers(0, MAX_FILE_BYTES),
    md5=st.binary(min_size=16, max_size=16),
    sha1=st.binary(min_size=20, max_size=20),
    sha256=st.binary(min_size=32, max_size=32),
    note=st.text("abc ,:;()", max_size=300),
)
BEGUN = st.builds(
    Begun,
    digests=DIGESTS,
    holds=st.booleans(),
    index=st.none() | st.integers(0, MAX_PARTS),
    role=st.sampled_from(Role),
    name=st.text(max_size=MAX_NAME).map(plain_name),
)


@given(DIGESTS | BEGUN | st.builds(Done, note=st.text("abc ,:", max_size=300)) | st.just(Empty(EMPTY)))
def test_what_is_said_of_a_subject_comes_back_as_it_was(said: replies.Said) -> None:
    line = replies.write_reply(said)
    assert len(line) < replies.MAX_REPLY_BYTES
    read = replies.read_reply(line)
    assert isinstance(read, Empty) if isinstance(said, Empty) else read == said


@given(st.text())
def test_any_name_is_made_plain(name: str) -> None:
    assert plain_name(name).isprintable()
    assert len(plain_name(name)) <= MAX_NAME


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("holds", 1),
        ("index", -1),
        ("index", True),
        ("index", MAX_PARTS + 1),
        ("role", "thing"),
        ("role", []),
        ("name", "6"),
        ("name", "ff"),
        ("name", "0a"),
        ("name", "e280ae"),
        ("name", "61" * (MAX_NAME + 1)),
        ("name", None),
        ("begun", {}),
        ("begun", {**json.loads(replies.write_reply(EXAMPLE_DIGESTS)), "media_type": "image"}),
        ("begun", {**json.loads(replies.write_reply(EXAMPLE_DIGESTS)), "size": MAX_FILE_BYTES + 1}),
    ],
)
def test_a_subject_that_begins_wrongly_is_refused(key: str, value: object) -> None:
    line = json.loads(replies.write_reply(Begun(digests=EXAMPLE_DIGESTS, holds=True, index=0, name="a")))
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps({**line, key: value}).encode())


@given(st.binary())
def test_any_bytes_are_refused(line: bytes) -> None:
    with pytest.raises(Malformed):
        replies.read_reply(line)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("md5", "00" * 15),
        ("md5", "0G" * 16),
        ("md5", "AA" * 16),
        ("md5", None),
        ("pdq", ["00" * 32] * 7),
        ("pdq", "00" * 32),
        ("pdq", [0] * 8),
        ("pdq_quality", 101),
        ("pdq_quality", -1),
        ("pdq_quality", 7.0),
        ("pdq_quality", True),
        ("size", 2**60),
        ("size", "1"),
        ("media_type", "text/html"),
        ("media_type", ["image/png"]),
        ("note", 5),
        ("note", "\x1b[2J"),
        ("extra", 1),
    ],
)
def test_a_value_out_of_place_is_refused(key: str, value: Any) -> None:
    said = json.loads(replies.write_reply(EXAMPLE))
    said[key] = value
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps(said).encode())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("box", [0, 0, 1]),
        ("box", [0, 0, 0, 1]),
        ("box", [0, 1, 1, 1]),
        ("box", [-1, 0, 1, 1]),
        ("box", [0, 0, 1.5, 1]),
        ("box", None),
        ("pdq", ["00" * 32] * 7),
        ("pdq_quality", 101),
        ("phash", "00" * 7),
        ("extra", 1),
    ],
)
def test_an_inside_out_of_place_is_refused(key: str, value: Any) -> None:
    said = json.loads(replies.write_reply(EXAMPLE))
    said["trimmed"][key] = value
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps(said).encode())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("frames", ""),
        ("frames", "00" * 36),
        ("frames", "00000001" + "00" * 33 + "00" * 37),
        ("frames", None),
        ("between", "0000000065" + "00" * 32),
        ("milliseconds", -1),
        ("note", ""),
        ("width", 1),
    ],
)
def test_an_animation_out_of_place_is_refused(key: str, value: Any) -> None:
    said = json.loads(replies.write_reply(LONGEST_ANIMATION))
    said["animation"][key] = value
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps(said).encode())


@pytest.mark.parametrize("value", [[], {}, "none", 0, False])
def test_an_animation_that_is_no_object_is_refused(value: Any) -> None:
    said = json.loads(replies.write_reply(EXAMPLE))
    said["animation"] = value
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps(said).encode())


@pytest.mark.parametrize("value", [[], {}, "none", 0, False])
def test_an_inside_that_is_no_object_is_refused(value: Any) -> None:
    said = json.loads(replies.write_reply(EXAMPLE))
    said["trimmed"] = value
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps(said).encode())


@pytest.mark.parametrize(
    "said",
    [
        {"error": "clear the screen \x1b[2J", "remedy": ""},
        {"error": "x" * 301, "remedy": ""},
        {"error": 5, "remedy": ""},
        {"error": "no remedy"},
        {"error": "grüße", "remedy": ""},
        [],
        "ready",
        None,
    ],
)
def test_an_error_that_is_not_plain_words_is_refused(said: Any) -> None:
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps(said).encode())


def test_a_deeply_nested_reply_is_refused() -> None:
    with pytest.raises(Malformed):
        replies.read_reply(b"[" * 200_000)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [{}],
        [{"background": "red", "pdq": ["00" * 32] * 8, "pdq_quality": 1, "phash": "00" * 8}],
        [{"background": "white", "pdq": ["00" * 32] * 8, "pdq_quality": 1, "phash": "00" * 8}] * 2,
        [{"background": "black", "pdq": ["00" * 32] * 7, "pdq_quality": 1, "phash": "00" * 8}],
        [{"background": "black", "pdq": ["00" * 32] * 8, "pdq_quality": 101, "phash": "00" * 8}],
    ],
)
def test_a_look_that_no_worker_makes_is_refused(value: object) -> None:
    said = json.loads(replies.write_reply(EXAMPLE))
    said["composed"] = value
    with pytest.raises(Malformed):
        replies.read_reply(json.dumps(said).encode())
