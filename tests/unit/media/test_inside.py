"""Parts: each is a subject of its own, in order; another worker goes on where one was lost; limits end in a note."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.material import DigestFingerprints, PictureFingerprints
from node.errors import MediaError
from node.media import inside, kinds, scratch, unpacking
from node.media.course import Course, Examined
from node.media.parts.part import MAX_DEPTH
from node.media.region import Region
from node.media.shortage import LACKED
from tests.unit.media.boxes import BOX, box
from tests.unit.media.listening import Died, Listener, examine, told_of
from tests.unit.media.pictures import encoded, scene

PHOTO = encoded(scene(80, 60), "PNG")


@pytest.fixture(autouse=True)
def boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "HOLDERS", (BOX,))


def told(data: bytes) -> list[Examined]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return told_of(Path(file.name))


def go_on(data: bytes, listener: Listener) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        examine(Region(file.fileno()), listener)


def note_of(each: Examined) -> str:
    assert not isinstance(each.result, MediaError)
    return each.result.note


def test_every_part_is_a_subject_of_its_own() -> None:
    inner = box(("S", PHOTO, "b.png"), ("P", b"text", "c.txt"))
    outer = box(("P", PHOTO, "a.png"), ("P", inner, "inner.box"), ("S", b"\x00\x01", ""))
    parts = told(outer)
    assert [each.place and (each.place.path, each.place.name, each.place.role.value) for each in parts] == [
        ((0,), "a.png", "attachment"),
        ((1, 0), "b.png", "member"),
        ((1, 1), "c.txt", "attachment"),
        ((1,), "inner.box", "attachment"),
        ((2,), "", "member"),
        None,
    ]
    contents = [PHOTO, PHOTO, b"text", inner, b"\x00\x01", outer]
    for each, content in zip(parts, contents, strict=True):
        assert not isinstance(each.result, MediaError)
        assert each.result.sha256 == hashlib.sha256(content).digest()
        assert each.result.size == len(content)
    parents = [each.place.parent for each in parts if each.place]
    assert parents == [hashlib.sha256(content).digest() for content in (outer, inner, inner, outer, outer)]
    assert isinstance(parts[0].result, PictureFingerprints)
    assert parts[0].result == parts[1].result
    assert isinstance(parts[2].result, DigestFingerprints)
    assert note_of(parts[2]) == "neither a picture nor a film: it is text"
    assert note_of(parts[-1]) == ""


LEAVES = st.sampled_from([
    ("S", b"one", "1"), ("P", b"two" * 999, "2"), ("D", b"three", "3"), ("O", b"this", ""), ("D", b"", "5"),
    ("X", b"", "6"),
])  # fmt: skip
BOXES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda letter, entries, name: (letter, box(*entries), name),
        st.sampled_from("SPD"),
        st.lists(inner, max_size=4),
        st.sampled_from(["", "name"]),
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BOXES, max_size=4).map(lambda entries: box(*entries)), st.lists(st.integers(0, 9), max_size=8))
def test_another_worker_goes_on_where_one_was_lost(data: bytes, deaths: list[int]) -> None:
    """Whenever workers die, the same is told in the end, but for what they died of."""
    whole = told(data)
    course = Course(path=Path("file"))
    listener = Listener(course)
    for lines in deaths:
        listener = Listener(course, until=lines)
        with suppress(Died):
            go_on(data, listener)
        if listener.root is not None:
            break
        course.take_back()
    if listener.root is None:
        listener = Listener(course)
        go_on(data, listener)
    assert listener.root is not None
    got = [*course.ready, Examined(path=course.path, result=listener.root)]
    assert [(each.place, each.result) for each in got] == [(each.place, each.result) for each in whole]


def test_what_a_reader_leaves_out_is_the_note_of_the_holder() -> None:
    parts = told(box(("O", b"3 encrypted members", ""), ("S", b"x", ""), ("O", b"this", ""), ("O", b"this", "")))
    assert note_of(parts[-1]) == "not looked at: 3 encrypted members, this (2 times)"


def test_a_reader_that_fails_costs_what_follows() -> None:
    parts = told(box(("S", b"x", ""), ("X", b"", ""), ("S", b"y", "")))
    assert len(parts) == 2
    assert note_of(parts[-1]) == f"not looked at: {unpacking.DAMAGED}"


def test_a_damaged_part_says_so_and_one_of_nothing_is_named_by_its_holder() -> None:
    parts = told(box(("D", PHOTO, "a.png"), ("D", b"", "b"), ("S", b"", "empty")))
    assert isinstance(parts[0].result, PictureFingerprints)
    assert note_of(parts[0]) == "its end is damaged"
    assert note_of(parts[1]) == "not looked at: a part that cannot be read"
    assert len(parts) == 2


def test_parts_lie_no_deeper_than_stated() -> None:
    data = b"the innermost"
    for _ in range(MAX_DEPTH + 2):
        data = box(("P", data, ""))
    parts = told(data)
    assert len(parts) == MAX_DEPTH + 1
    assert "levels deep" in note_of(parts[0])


def test_a_bomb_ends_in_a_note_on_its_holder() -> None:
    """And quickly: what is unpacked is bounded by the size of what it comes from."""
    parts = told(box(("Z", b"1000", "small"), ("Z", b"999999999999", "bomb"), ("S", b"x", "behind")))
    assert [each.place and each.place.name for each in parts] == ["small", None]
    assert note_of(parts[-1]) == f"not looked at: {unpacking.TOO_MUCH}"


def test_bombs_in_a_box_share_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 10_000)
    monkeypatch.setattr(unpacking, "MAX_RATIO", 1)
    inner = box(("Z", b"4000", ""), ("Z", b"4000", ""))
    parts = told(box(*[("S", inner, "")] * 3))
    assert unpacking.TOO_MUCH in note_of(parts[-1])
    sizes = [each.result.size for each in parts if not isinstance(each.result, MediaError)]
    assert sum(size for size in sizes if size == 4000) <= 12_000


def test_more_parts_than_a_file_may_have_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "MAX_PARTS", 3)
    parts = told(box(("S", box(("S", b"a", "")), ""), *[("S", b"b", "")] * 4))
    assert len(parts) == 4
    assert "what follows the first" in note_of(parts[-1])


def test_parts_that_take_too_long_to_be_unpacked_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "READING_SECONDS", -1)
    parts = told(box(("P", b"x", "")))
    assert [note_of(each) for each in parts] == [f"not looked at: {unpacking.TOO_LONG}"]


def test_parts_that_take_too_long_to_be_decoded_have_their_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "DECODING_SECONDS", -1)
    parts = told(box(("P", PHOTO, "")))
    assert isinstance(parts[0].result, DigestFingerprints)
    assert note_of(parts[0]) == "the parts of this file take too long to be decoded"


def test_a_full_disk_is_a_lack_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    parts = told(box(("S", b"x", ""), ("P", b"y", "")))
    assert len(parts) == 2
    assert scratch.FULL in note_of(parts[-1])
    assert note_of(parts[-1]).endswith(LACKED)


def test_a_file_whose_size_is_not_stated_is_read() -> None:
    (only,) = told_of(Path("/proc/version"))
    content = Path("/proc/version").read_bytes()
    assert isinstance(only.result, DigestFingerprints)
    assert (only.result.size, only.result.sha256) == (len(content), hashlib.sha256(content).digest())
