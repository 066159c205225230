"""The file of a bundle: its parts come back however it is divided, and a false one costs no memory."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.ids import Origin, federation_id, member_id
from node.errors import Malformed, Misuse
from node.tlog import tiles
from node.usecases.bundle_format import (
    MAGIC,
    Frame,
    FrameReader,
    LogHead,
    frame,
    log_frame,
    read_log_head,
    read_roster_file,
    roster_frames,
)
from tests.simulator.federation import Log, Speaker

ORIGIN = Origin(federation_id("sim.example"), member_id("FR"), 1)
ORDERLY = [
    (Frame.ROSTER_FILE, b"\x01aroster"),
    (Frame.LOG, log_frame(LogHead(origin=ORIGIN, start=0, edge=()))[5:]),
    (Frame.PACKAGE, b"package"),
    (Frame.PACKAGE, b""),
    (Frame.LOG, b""),
    (Frame.END, b""),
]
DATA = MAGIC + b"".join(frame(kind, content) for kind, content in ORDERLY)


def read(*pieces: bytes) -> list[tuple[Frame, bytes]]:
    reader = FrameReader()
    found = [each for piece in pieces for each in reader.feed(piece)]
    reader.end()
    return found


@given(st.lists(st.integers(0, len(DATA)), max_size=12))
def test_the_parts_come_back_however_the_file_is_divided(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(DATA)]
    assert read(*(DATA[a:b] for a, b in pairwise(places))) == ORDERLY


@given(st.integers(0, len(DATA) - 1))
def test_a_cut_file_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        read(DATA[:size])


@pytest.mark.parametrize("more", [b"\0", MAGIC, frame(Frame.END, b""), frame(Frame.LOG, b"")])
def test_nothing_comes_after_the_end(more: bytes) -> None:
    with pytest.raises(Malformed):
        read(DATA + more)
    with pytest.raises(Malformed):
        read(DATA, more)


@pytest.mark.parametrize("kind", list(Frame))
@pytest.mark.parametrize("length", [b"\xff\xff\xff\xff", b"\x40\x00\x00\x00"])
def test_a_claim_of_a_gigabyte_is_refused_at_once(kind: Frame, length: bytes) -> None:
    before = {Frame.PACKAGE: frame(Frame.LOG, b"")}.get(kind, b"")
    with pytest.raises(Malformed, match="impossible length"):
        list(FrameReader().feed(MAGIC + before + bytes([kind]) + length))


@pytest.mark.parametrize("first", [b"", b"v", b"vigil/bundle/v1\n", b"PK\x03\x04", b"\0" * 100])
def test_another_file_is_told_apart(first: bytes) -> None:
    with pytest.raises(Malformed):
        read(first)


@pytest.mark.parametrize(
    "kinds",
    [
        [Frame.PACKAGE],
        [Frame.LOG, Frame.ROSTER_FILE],
        [Frame.LOG, Frame.PACKAGE, Frame.ROSTER_FILE],
        [Frame.ROSTER_FILE, Frame.PACKAGE],
    ],
)
def test_parts_out_of_order_are_refused(kinds: list[Frame]) -> None:
    with pytest.raises(Malformed, match="order"):
        list(FrameReader().feed(MAGIC + b"".join(frame(kind, b"") for kind in kinds)))


def test_a_part_of_a_later_version_is_refused() -> None:
    with pytest.raises(Malformed, match="does not know"):
        list(FrameReader().feed(MAGIC + b"\x09\0\0\0\0"))


def test_a_part_that_no_reader_takes_is_not_written() -> None:
    with pytest.raises(Misuse):
        frame(Frame.END, b"1")


@given(st.integers(0, 600))
def test_the_head_of_a_log_comes_back_with_its_tree(size: int) -> None:
    log = Log(Speaker.named("FR"))
    log.add_all([number.to_bytes(100, "big") for number in range(size)])
    head = LogHead(origin=ORIGIN, start=size, edge=tiles.read_edge(log, size))
    again = read_log_head(log_frame(head)[5:])
    assert again == head
    assert again.tree().root() == log.root(size)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_head_are_refused(data: bytes) -> None:
    try:
        head = read_log_head(data)
    except Malformed:
        return
    assert log_frame(head)[5:] == data


@pytest.mark.parametrize("start", [2**63, 2**64 - 1])
def test_a_log_that_begins_past_any_end_is_refused(start: int) -> None:
    name = str(ORIGIN).encode()
    with pytest.raises(Malformed):
        read_log_head(len(name).to_bytes(2, "big") + name + start.to_bytes(8, "big"))


@given(st.dictionaries(st.from_regex(r"[a-z0-9.]{1,30}", fullmatch=True), st.binary(max_size=50), max_size=5))
def test_the_files_of_a_roster_come_back(files: dict[str, bytes]) -> None:
    data = MAGIC + b"".join(roster_frames(files)) + frame(Frame.END, b"")
    assert dict(read_roster_file(content) for kind, content in read(data) if kind is Frame.ROSTER_FILE) == files


@pytest.mark.parametrize("content", [b"", b"\0abc", b"\x05abc", "\x03é1".encode()])
def test_a_file_of_a_roster_without_a_name_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        read_roster_file(content)
