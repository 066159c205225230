"""A bundle brings a node without a line to the same state as the hub's stream, and nothing hostile in it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.domain.ids import Origin, federation_id
from node.domain.limits import Limits
from node.domain.roster import Policy, Roster
from node.domain.statements import Comment, Opinion, Verdict
from node.errors import Expired, Malformed, PeerFault, StoreError
from node.tlog import tiles
from node.tlog.note import ED25519, make_vkey
from node.usecases.bundle_format import Frame, LogHead, log_frame
from node.usecases.bundle_log import Standing
from node.usecases.bundle_reading import BundleReading
from node.usecases.export_sources import Selection
from node.usecases.from_files import read_ranges
from node.wire.convert_federation import decode_package, encode_package
from tests.simulator.federation import TODAY, Log, Speaker, cosigned, roster
from tests.simulator.world import Node, Wire
from tests.unit.usecases.bundles import (
    ASK_FIRST,
    FOR_JP,
    FOR_LAB,
    FR,
    JP,
    LAB,
    Sea,
    bundle,
    frames_of,
    joined,
    read,
    reader_of,
    written,
)

HELD, MISSING, NOT_FOR_US, PURGED = BodyState.HELD, BodyState.MISSING, BodyState.NOT_FOR_US, BodyState.PURGED


@pytest.fixture
def sea() -> Sea:
    return Sea()


def logs_of(node: Node) -> object:
    """Everything that a node has of the logs of others, and what it finds."""
    with node.store.read() as tx:
        logs = {each.origin: each for each in tx.logs()}
        return [
            (origin, log.size, log.root, log.cosigned, log.frozen, tx.run(origin, 0, log.size, 1 << 30))
            for origin, log in sorted(logs.items())
        ]


# --- the same as a line -----------------------------------------------------------------------------------------------


def test_what_is_read_is_stored_and_found(sea: Sea) -> None:
    records = sea.share(sea.fr, [1, 2]) + sea.share(sea.jp, [3])
    results = read(sea.lab, bundle(sea.fr))
    assert {member: (each.standing, each.after, each.records) for member, each in results.items()} == {
        FR.id: (Standing.READ, 2, 2),
        JP.id: (Standing.READ, 1, 1),
    }
    assert all(sea.lab.finds(number) for number in (1, 2, 3))
    assert [sea.lab.catalogue.record(each) is not None for each in records] == [True] * 3


def test_a_bundle_gives_the_same_state_as_the_hub(sea: Sea) -> None:
    first, second = sea.share(sea.fr, [1, 2])
    sea.share(sea.jp, [3])
    sea.fr.ledger.retract(first)
    sea.jp.ledger.opine(second, Opinion(verdict=Verdict.CONFIRM))
    sea.publish(sea.fr, sea.jp)
    sea.share(sea.jp, [4], FOR_JP)
    other = Node(sea.world, LAB, Wire(sea.hub, LAB.id))
    asyncio.run(other.catch_up())
    read(sea.lab, bundle(sea.fr, to=LAB.id))
    assert logs_of(sea.lab) == logs_of(other)


def test_reading_again_or_an_older_bundle_changes_nothing(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    older = bundle(sea.fr)
    sea.share(sea.fr, [2])
    newer = bundle(sea.fr)
    read(sea.lab, newer)
    before = logs_of(sea.lab)
    for data in (newer, older):
        assert {each.standing for each in read(sea.lab, data).values()} == {Standing.KNOWN}
        assert logs_of(sea.lab) == before


def test_a_later_bundle_continues_and_the_line_continues_after_it(sea: Sea) -> None:
    sea.share(sea.fr, [1, 2])
    read(sea.lab, bundle(sea.fr))
    sea.share(sea.fr, [3])
    results = read(sea.lab, bundle(sea.jp, sizes={FR.origin: 2}))
    assert (results[FR.id].before, results[FR.id].after) == (2, 3)
    sea.share(sea.fr, [4])
    asyncio.run(sea.lab.catch_up())
    assert sea.lab.states(FR.origin) == [HELD] * 4
    assert {each.standing for each in read(sea.lab, bundle(sea.fr)).values()} == {Standing.KNOWN}


def test_a_bundle_that_begins_later_than_what_is_here_is_a_gap(sea: Sea) -> None:
    sea.share(sea.fr, [1, 2, 3])
    result = read(sea.lab, bundle(sea.fr, sizes={FR.origin: 2}))[FR.id]
    assert (result.standing, result.after) == (Standing.GAP, 0)
    assert sea.lab.size(FR.origin) == 0


def test_the_own_log_is_never_read_from_a_file(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    sea.share(sea.lab, [2])
    asyncio.run(sea.fr.catch_up())
    again = Node(sea.world, LAB, Wire(sea.hub, LAB.id))
    assert read(again, bundle(sea.fr))[LAB.id].standing is Standing.OWN
    assert (again.size(LAB.origin), again.size(FR.origin)) == (0, 1)


# --- chosen bodies ----------------------------------------------------------------------------------------------------


def test_bodies_that_were_not_chosen_come_with_another_bundle(sea: Sea) -> None:
    records = sea.share(sea.fr, [1, 2, 3])
    chosen, counts, _ = written(sea.fr, Selection(series="series 2"))
    assert counts.written == 1
    result = read(sea.lab, chosen)[FR.id]
    assert (result.records, result.missing, result.after) == (1, 2, 3)
    assert sea.lab.states(FR.origin) == [MISSING, HELD, MISSING]
    sea.fr.ledger.retract(records[0])
    sea.publish(sea.fr)
    result = read(sea.lab, bundle(sea.fr))[FR.id]
    assert result.late == 1
    assert sea.lab.states(FR.origin) == [PURGED, HELD, HELD, HELD]
    assert [sea.lab.finds(number) for number in (1, 2, 3)] == [False, True, True]


def test_the_line_brings_the_bodies_that_a_bundle_left_out(sea: Sea) -> None:
    sea.share(sea.fr, [1], ASK_FIRST)
    assert read(sea.lab, bundle(sea.fr))[FR.id].missing == 1
    assert asyncio.run(sea.lab.repairer.round()) == 1
    assert sea.lab.finds(1)


def test_a_record_for_this_member_comes_with_a_later_bundle_or_over_the_line(sea: Sea) -> None:
    sea.share(sea.fr, [1], replace(FOR_LAB, retain_until_day=TODAY + 9))
    sea.share(sea.fr, [2], FOR_JP)
    (third,) = sea.share(sea.jp, [3], FOR_LAB)
    sea.jp.ledger.comment(third, Comment(text="here"))
    sea.publish(sea.jp)
    read(sea.lab, bundle(sea.fr))
    assert (sea.lab.states(FR.origin), sea.lab.states(JP.origin)) == ([NOT_FOR_US] * 2, [NOT_FOR_US] * 2)
    asyncio.run(sea.lab.catch_up())
    again = Node(sea.world, LAB, Wire(sea.hub, LAB.id))
    read(again, bundle(sea.fr))

    # With a bundle of a member that may read it.
    assert read(sea.lab, bundle(sea.fr, to=LAB.id))[FR.id].late == 1
    assert sea.lab.states(FR.origin) == [HELD, NOT_FOR_US]
    assert sea.lab.finds(1)
    with sea.lab.store.read() as tx:
        assert tx.expiring(TODAY + 10, 9) == [(FR.origin, 0)]

    # Over the line: each entry is asked for once, and only what came from a file.
    assert asyncio.run(again.closed.round()) == 3
    assert (again.states(FR.origin), again.states(JP.origin)) == ([HELD, NOT_FOR_US], [HELD, HELD])
    assert all(again.finds(number) for number in (1, 3))
    assert asyncio.run(again.closed.round()) == 0
    with again.store.read() as tx:
        assert read_ranges(tx) == {}


class Sparing(Wire):
    """A hub whose answers have room for one body, and that counts what it is asked."""

    asked: list[int]

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        given = await super().bodies(origin, indices)
        self.asked = [*getattr(self, "asked", []), len(indices)]
        return dict(sorted(given.items())[:1])


def test_an_answer_that_was_too_long_is_continued(sea: Sea) -> None:
    for number in range(6):
        sea.share(sea.fr, [number], FOR_LAB if number % 2 else FOR_JP)
    wire = Sparing(sea.hub, LAB.id)
    node = Node(sea.world, LAB, wire)
    read(node, bundle(sea.jp))
    asyncio.run(node.closed.round())
    assert node.states(FR.origin) == [NOT_FOR_US, HELD] * 3
    assert wire.asked == [6, 4, 2]


def test_nothing_is_asked_for_before_the_log_is_caught_up(sea: Sea) -> None:
    sea.share(sea.fr, [1], FOR_LAB)
    read(sea.lab, bundle(sea.jp))
    sea.share(sea.fr, [2])
    assert asyncio.run(sea.lab.closed.round()) == 0
    asyncio.run(sea.lab.catch_up())
    assert asyncio.run(sea.lab.closed.round()) == 1
    assert sea.lab.states(FR.origin) == [HELD, HELD]


def test_remarks_stay_on_a_record_that_is_for_us_after_all(sea: Sea) -> None:
    (record,) = sea.share(sea.fr, [1], FOR_LAB)
    read(sea.lab, bundle(sea.jp))
    sea.fr.ledger.comment(record, Comment(text="here"))
    sea.publish(sea.fr)
    read(sea.lab, bundle(sea.fr, to=LAB.id))
    sea.lab.custody.sweep()
    assert sea.lab.states(FR.origin) == [HELD, HELD]


def test_a_body_of_a_retracted_record_is_not_taken_from_an_older_bundle(sea: Sea) -> None:
    (record,) = sea.share(sea.fr, [1])
    whole, chosen = bundle(sea.fr), written(sea.fr, Selection(series="none"))[0]
    read(sea.lab, chosen)
    sea.fr.ledger.retract(record)
    sea.publish(sea.fr)
    read(sea.lab, bundle(sea.fr))
    assert read(sea.lab, whole)[FR.id].late == 0
    assert sea.lab.states(FR.origin) == [PURGED, HELD]
    assert not sea.lab.finds(1)


# --- hostile bundles --------------------------------------------------------------------------------------------------


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


def spoken(*numbers: int) -> Log:
    """A log of FR in which these pictures were said."""
    log = Log(FR)
    log.pictures(numbers)
    return log


def file_of(log: Log, start: int = 0, *cuts: int, **wrong: object) -> bytes:
    """A bundle of one log, cosigned, in packages that begin at `start` and at each of `cuts`."""
    head = log_frame(LogHead(origin=log.speaker.origin, start=start, edge=tiles.read_edge(log, start)))
    places = [start, *cuts, log.size]
    runs = [log.package(a, b, at=log.size, hub=True, **wrong) for a, b in pairwise(places)]
    return joined([(Frame.LOG, head[5:]), *((Frame.PACKAGE, encode_package(run)) for run in runs), (Frame.END, b"")])


def evidence(node: Node) -> list[bytes]:
    with node.store.read() as tx:
        return tx.evidence(FR.origin)


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (3,), (1, 2, 3)])
@pytest.mark.parametrize("other", [(1, 2), (1, 9), (1, 9, 3), (9, 2, 3, 4), (1, 2, 9, 4), (1, 9, 3, 4, 5)])
def test_a_fork_is_kept_as_evidence_and_nothing_of_it_is_stored(cuts: tuple[int, ...], other: tuple[int, ...]) -> None:
    node = Sea().lab
    read(node, file_of(spoken(1, 2, 3)))
    contradicts = other != (1, 2, 3)[: len(other)]
    log = spoken(*other)
    result = read(node, file_of(log, 0, *[each for each in cuts if each < log.size]))[FR.id]
    # (1, 2) is the beginning of what is here; every other one contradicts it.
    assert (result.standing is Standing.FROZEN) == contradicts
    assert len(evidence(node)) == 2 * contradicts
    assert node.states(FR.origin) == [HELD] * 3
    assert not node.finds(9)
    if contradicts:
        assert read(node, file_of(spoken(1, 2, 3, 4)))[FR.id].standing is Standing.FROZEN


@pytest.mark.parametrize("other", [(9, 2, 3, 4), (1, 9, 3), (1, 2, 9), (1, 9, 3, 4, 5)])
def test_a_fork_is_found_where_a_checkpoint_was_ahead_of_what_is_here(other: tuple[int, ...]) -> None:
    node = Sea().lab
    log = spoken(1, 2, 3)
    frames = frames_of(file_of(log, 0, 1))
    read(node, joined([*frames[:2], frames[-1]]))
    assert (node.size(FR.origin), node.states(FR.origin)) == (1, [HELD])
    result = read(node, file_of(spoken(*other)))[FR.id]
    assert (result.standing, len(evidence(node))) == (Standing.FROZEN, 2)
    assert node.states(FR.origin) == [HELD]


def test_a_fork_below_a_bundle_that_begins_later_is_found() -> None:
    node = Sea().lab
    read(node, file_of(spoken(1, 2, 3)))
    assert read(node, file_of(spoken(1, 9, 3, 4), 2))[FR.id].standing is Standing.FROZEN
    assert read(Sea().lab, file_of(spoken(1, 9, 3, 4), 2))[FR.id].standing is Standing.GAP


def test_an_edge_that_is_not_of_the_log_is_refused_and_freezes_nothing() -> None:
    node = Sea().lab
    read(node, file_of(spoken(1, 2)))
    frames = frames_of(file_of(spoken(1, 2, 3, 4), 1))
    wrong = LogHead(origin=FR.origin, start=1, edge=(bytes(32),))
    result = read(node, joined([(Frame.LOG, log_frame(wrong)[5:]), *frames[1:]]))[FR.id]
    assert (result.standing, evidence(node), node.size(FR.origin)) == (Standing.STOPPED, [], 2)
    assert read(node, file_of(spoken(1, 2, 3, 4)))[FR.id].standing is Standing.READ


def test_a_changed_entry_is_refused_and_freezes_nothing() -> None:
    node = Sea().lab
    read(node, file_of(spoken(1, 2)))
    log = spoken(1, 2, 3)
    for entries in ([*spoken(9, 2).entries, log.entries[2]], [*log.entries[:2], spoken(9).entries[0]]):
        result = read(node, file_of(log, 0, entries=entries))[FR.id]
        assert (result.standing, evidence(node), node.size(FR.origin)) == (Standing.STOPPED, [], 2)


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


def test_a_member_at_its_limit_pauses_and_the_next_reading_continues(sea: Sea) -> None:
    limits = replace(Limits(), log_entries=2)
    sea.world.roster = replace(sea.world.roster, policy=Policy(limits=limits))
    log = spoken(1, 2, 3, 4)
    result = read(sea.lab, file_of(log, 0, 1, 2, 3))[FR.id]
    assert (result.standing, result.after) == (Standing.PAUSED, 2)
    sea.world.roster = replace(sea.world.roster, policy=Policy())
    assert read(sea.lab, file_of(log, 0, 1, 2, 3))[FR.id].after == 4


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
    assert evidence(node) == [] if node.size(FR.origin) else True
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


def test_a_crash_while_storing_loses_the_group_and_the_next_reading_completes_it(
    sea: Sea, monkeypatch: pytest.MonkeyPatch
) -> None:
    sea.share(sea.fr, [1, 2])
    sea.share(sea.jp, [3])
    data = bundle(sea.fr)
    failing = sea.lab.catalogue.change
    calls = 0

    def change() -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreError("killed")
        return failing()

    monkeypatch.setattr(sea.lab.catalogue, "change", change)
    with pytest.raises(StoreError):
        read(sea.lab, data)
    assert (sea.lab.size(FR.origin), sea.lab.size(JP.origin)) == (2, 0)
    again = sea.lab.restarted()
    results = read(again, data)
    assert (results[FR.id].standing, results[JP.id].standing) == (Standing.KNOWN, Standing.READ)
    assert again.finds(3)


def test_an_expired_roster_stores_nothing(sea: Sea) -> None:
    sea.share(sea.fr, [1])
    data = bundle(sea.fr)

    def expired() -> Roster:
        raise Expired("too old")

    reading = BundleReading(replace(reader_of(sea.lab), roster=expired))
    for kind, content in frames_of(data):
        reading.take(kind, content)
    assert [each.standing for each in reading.results] == [Standing.STOPPED]
    assert sea.lab.size(FR.origin) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.lists(st.integers(0, 40), max_size=4))
def test_however_a_log_is_divided_over_bundles_it_ends_the_same(sizes: list[int], cuts: list[int]) -> None:
    node = Sea().lab
    for size in sizes:
        log = spoken(*range(1, size + 1))
        read(node, file_of(log, 0, *sorted({each for each in cuts if 0 < each < size})))
    assert node.states(FR.origin) == [HELD] * max(sizes)
    here = node.log(FR.origin)
    assert here is not None
    assert here.root == spoken(*range(1, max(sizes) + 1)).root(max(sizes))
