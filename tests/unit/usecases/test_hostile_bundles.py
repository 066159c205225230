"""Nothing hostile in a bundle is stored."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.batch import BodyState
from node.domain.ids import federation_id
from node.errors import Malformed, PeerFault
from node.tlog.note import ED25519, make_vkey
from node.usecases.bundle_format import Frame
from node.usecases.bundle_log import Standing
from node.wire.convert_federation import decode_package, encode_package
from tests.simulator.federation import Log, Speaker, cosigned, roster
from tests.simulator.world import Node, Wire
from tests.unit.usecases.bundled_logs import evidence, file_of, logs_of, spoken
from tests.unit.usecases.bundles import FOR_JP, FOR_LAB, FR, JP, LAB, Sea, bundle, frames_of, joined, read

HELD, MISSING, NOT_FOR_US = BodyState.HELD, BodyState.MISSING, BodyState.NOT_FOR_US


@pytest.fixture
def sea() -> Sea:
    return Sea()


def test_a_body_for_others_is_not_stored(sea: Sea) -> None:
    sea.share(sea.fr, [1], FOR_JP)
    sea.share(sea.fr, [2], FOR_LAB)
    read(sea.lab, bundle(sea.fr, to=JP.id))
    assert sea.lab.states(FR.origin) == [NOT_FOR_US, NOT_FOR_US]
    assert not sea.lab.finds(1)
    again = Node(sea.world, LAB, Wire(sea.hub, LAB.id))
    read(again, bundle(sea.fr, to=LAB.id))
    assert again.states(FR.origin) == [NOT_FOR_US, HELD]


def test_a_member_that_the_roster_does_not_have_is_refused_and_others_are_read(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    sea.share(sea.jp, [2])
    data = bundle(sea.fr)
    sea.world.roster = roster(FR, LAB)
    results = read(sea.lab, data)
    assert results[JP.id].standing is Standing.STOPPED
    assert "no key of the roster" in results[JP.id].why
    assert (sea.lab.size(JP.origin), sea.lab.size(FR.origin)) == (0, 1)


def test_a_log_without_the_hubs_cosignature_is_refused(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    frames = frames_of(bundle(sea.fr))
    package = decode_package(frames[1][1])
    bare = package.checkpoint.rsplit(b"\n", 2)[0] + b"\n"
    frames[1] = (Frame.PACKAGE, encode_package(replace(package, checkpoint=bare)))
    assert read(sea.lab, joined(frames))[FR.id].standing is Standing.STOPPED
    assert sea.lab.size(FR.origin) == 0


def test_an_older_checkpoint_over_newer_entries_is_refused() -> None:
    node, log = Sea().lab, spoken(1, 2, 3)
    frames = frames_of(file_of(log))
    older = replace(decode_package(frames[1][1]), checkpoint=cosigned(log.note(2)))
    frames[1] = (Frame.PACKAGE, encode_package(older))
    assert read(node, joined(frames))[FR.id].standing is Standing.STOPPED
    assert node.size(FR.origin) == 0


def test_a_log_of_another_federation_is_refused() -> None:
    origin, signer = replace(FR.origin, federation=federation_id("other.example")), FR.signer
    log = Log(Speaker(FR.id, origin, signer, make_vkey(str(origin), ED25519, signer.public)))
    log.pictures([1])
    node = Sea().lab
    assert read(node, file_of(log))[FR.id].standing is Standing.STOPPED
    assert logs_of(node) == []


def test_runs_out_of_order_twice_or_of_another_log_refuse_the_file() -> None:
    log = spoken(1, 2, 3)
    head, first, second, end = frames_of(file_of(log, 0, 2))
    elsewhere = Log(JP)
    elsewhere.pictures([1])
    other = frames_of(file_of(elsewhere))[1]
    for frames in ([head, second, first, end], [head, first, first, end], [head, first, head, second, end]):
        with pytest.raises(Malformed):
            read(Sea().lab, joined(frames))
    with pytest.raises(Malformed):
        read(Sea().lab, joined([head, other, end]))


def test_two_checkpoints_of_one_log_stop_it() -> None:
    log = spoken(1, 2, 3)
    head, first, second, end = frames_of(file_of(log, 0, 2))
    resigned = replace(decode_package(second[1]), checkpoint=cosigned(log.note(), time=1))
    node = Sea().lab
    result = read(node, joined([head, first, (Frame.PACKAGE, encode_package(resigned)), end]))[FR.id]
    assert (result.standing, result.after) == (Standing.STOPPED, 2)


GOOD = file_of(spoken(1, 2, 3), 0, 2)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_flipped_byte_never_stores_anything_that_was_not_said(at: int, change: int) -> None:
    """A change is refused, or is in a body that then counts as withheld; never is there another entry or body."""
    node, data = Sea().lab, bytearray(GOOD)
    data[at] ^= change
    try:
        results = read(node, bytes(data))
    except PeerFault:
        results = {}
    assert evidence(node) == []
    whole = Sea().lab
    read(whole, GOOD)
    size = node.size(FR.origin)
    assert size in {0, 2, 3}
    for index in range(size):
        assert node.states(FR.origin)[index] in {HELD, MISSING}
    assert results.get(FR.id) is None or results[FR.id].standing is not Standing.FROZEN
    with node.store.read() as got, whole.store.read() as right:
        mine, theirs = got.run(FR.origin, 0, size, 1 << 20) if size else None, right.run(FR.origin, 0, 3, 1 << 20)
    if mine is not None:
        assert list(mine.entries) == list(theirs.entries[:size])
        assert all(b in {b"", t} for b, t in zip(mine.bodies, theirs.bodies, strict=False))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(GOOD) - 1))
def test_a_cut_file_is_refused_and_the_whole_one_completes_it(size: int) -> None:
    node = Sea().lab
    with pytest.raises(Malformed):
        read(node, GOOD[:size])
    read(node, GOOD)
    assert node.states(FR.origin) == [HELD] * 3
