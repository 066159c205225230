"""What this member says, and its own log: acknowledged, placed, signed, compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from node.domain.batch import BodyState, Package
from node.domain.calendar import LAST_DAY
from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import PDQ, PHOTODNA
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId
from node.domain.material import PictureFingerprints
from node.domain.queries import Level
from node.domain.roster import CategoryScheme
from node.domain.services import Head
from node.domain.statements import Category, Comment, Contribution, Opinion, Reason, Verdict
from node.errors import (
    BadProof,
    BadSignature,
    Conflict,
    Fork,
    Malformed,
    Misuse,
    NotFound,
    Refused,
    StoreError,
    Unavailable,
)
from node.tlog.checkpoint import parse_text
from node.tlog.note import parse
from node.usecases.catalogue import RecordView
from node.usecases.ledger import Draft
from node.usecases.ownlog import Standing
from tests.simulator.federation import HUB_VKEY, NOW, TODAY, Log, Speaker, cosigned, picture
from tests.simulator.world import Hub, Node, Wire, World

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
HELD, NOT_FOR_US, PURGED, MISSING, QUARANTINED = map(int, BodyState)
NOTHING_YET = Head(origin=FR.origin, size=0, cosigned=b"", cosigned_size=0)
FR_AND_DE = Handling(audience=(MemberId("DE"), MemberId("FR")))


def a_node(speaker: Speaker = FR) -> Node:
    world = World([FR, JP, DE])
    return Node(world, speaker, Wire(Hub(world), speaker.id))


def drafts(*numbers: int) -> list[Draft]:
    return [Draft(statement=picture(number)) for number in numbers]


def pending(node: Node) -> int:
    with node.store.read() as reader:
        return len(reader.pending(node.origin, 1 << 20))


def view(node: Node, record: RecordId) -> RecordView:
    found = node.catalogue.record(record)
    assert found is not None
    return found


def published(node: Node) -> None:
    asyncio.run(node.publisher.round())


def head_of(log: Log, size: int | None = None) -> Head:
    size = log.size if size is None else size
    return Head(origin=log.speaker.origin, size=size, cosigned=cosigned(log.note(size)), cosigned_size=size)


@contextmanager
def a_crash(node: Node) -> Iterator[None]:
    """The next transaction never ends."""
    node.store.fail_next_commit = StoreError("killed")
    with pytest.raises(StoreError):
        yield


# --- acknowledged -----------------------------------------------------------------------------------------------------


def test_a_record_has_its_name_before_it_has_a_place() -> None:
    node = a_node()
    records = node.ledger.contribute(drafts(1, 2))
    assert (pending(node), node.size(FR.origin)) == (2, 0)
    node.own.reconcile(NOTHING_YET)
    node.own.place_and_sign()
    assert [view(node, each).index for each in records] == [0, 1]
    assert pending(node) == 0
    assert node.finds(1)


def test_what_was_not_acknowledged_is_not_there_and_what_was_survives_a_restart() -> None:
    node = a_node()
    with a_crash(node):
        node.ledger.contribute(drafts(1, 2))
    assert pending(node) == 0
    node.ledger.contribute(drafts(3))
    assert pending(node.restarted()) == 1


def test_every_acknowledgement_wakes_the_publisher() -> None:
    node, woken = a_node(), []
    node.ledger._acknowledged = lambda: woken.append(1)
    (record,) = node.ledger.contribute(drafts(1))
    node.ledger.correct(record, picture(2), Handling())
    assert len(woken) == 2


def test_only_fingerprints_that_may_leave_are_contributed() -> None:
    node = a_node()
    poor = Fingerprint(code=PDQ.code, value=bytes(32), quality=49)
    good = picture(1)
    (record,) = node.ledger.contribute([Draft(statement=replace(good, fingerprints=(*good.fingerprints, poor)))])
    published(node)
    body = view(node, record).body
    assert isinstance(body, Contribution)
    assert body.fingerprints == good.fingerprints
    with pytest.raises(Refused):
        node.ledger.contribute([Draft(statement=Contribution(fingerprints=(poor,)))])


def test_what_the_policy_does_not_know_is_refused() -> None:
    node = a_node()
    scheme = CategoryScheme(scheme="icse", version="1", codes=("1",))
    node.world.roster = replace(node.world.roster, policy=replace(node.world.roster.policy, schemes=(scheme,)))
    named = replace(picture(1), category=Category(scheme="uk-caid", version="1", code="A"))
    with pytest.raises(Refused):
        node.ledger.contribute([Draft(statement=named)])
    for handling in (Handling(purposes=("curiosity",)), Handling(code="9")):
        with pytest.raises(Refused):
            node.ledger.contribute([Draft(statement=picture(1), handling=handling)])
    for day in (TODAY - 1, LAST_DAY + 1):
        with pytest.raises(Misuse):
            node.ledger.contribute([Draft(statement=picture(1), handling=Handling(retain_until_day=day))])
    assert pending(node) == 0


def a_holding(node: Node) -> int:
    prints = PictureFingerprints(
        media_type="image/png",
        size=1,
        md5=bytes(16),
        sha1=bytes(20),
        sha256=bytes(32),
        pdq=bytes(32),
        pdq_quality=90,
        pdq_orientations=(bytes(32),) * 8,
        phash=bytes(8),
        width=1,
        height=1,
    )
    with node.store.write() as writer:
        return writer.put_holding(prints, level=Level.NATIONAL, case="c", tag=bytes(32), now=NOW)[0]


def test_a_holding_follows_its_record_from_national_to_shared_and_back() -> None:
    node = a_node()
    number = a_holding(node)

    def stands() -> tuple[RecordId | None, Level]:
        with node.store.read() as reader:
            holding = reader.holding(number)
        assert holding is not None
        return holding.record, holding.level

    (record,) = node.ledger.contribute([Draft(statement=picture(1), holding=number)])
    assert node.ledger.contribute([Draft(statement=picture(1), holding=number)]) == [record]
    assert stands() == (record, Level.SHARED)
    published(node)
    fixed = node.ledger.correct(record, picture(2), Handling())
    assert stands() == (fixed, Level.SHARED)
    node.ledger.retract(fixed)
    assert stands() == (None, Level.NATIONAL)
    with pytest.raises(NotFound):
        node.ledger.contribute([Draft(statement=picture(1), holding=99)])


# --- corrected and retracted ------------------------------------------------------------------------------------------


def test_what_never_got_a_place_never_leaves() -> None:
    node = a_node()
    first, second = node.ledger.contribute(drafts(1, 2))
    fixed = node.ledger.correct(first, picture(3), Handling())
    assert node.ledger.retract(second) is None
    published(node)
    assert node.states(FR.origin) == [HELD]
    assert view(node, fixed).kind == Kind.CONTRIBUTION
    assert (node.finds(1), node.finds(2), node.finds(3)) == (False, False, True)


def test_a_correction_replaces_the_head_once() -> None:
    node = a_node()
    (record,) = node.ledger.contribute(drafts(1))
    published(node)
    fixed = node.ledger.correct(record, picture(2), FR_AND_DE)
    with pytest.raises(Refused):
        node.ledger.correct(record, picture(3), Handling())
    published(node)
    with pytest.raises(Refused):
        node.ledger.correct(record, picture(3), Handling())
    assert node.states(FR.origin) == [PURGED, HELD]
    assert (view(node, fixed).kind, view(node, fixed).open) == (Kind.CORRECTION, False)


def test_a_retracted_body_is_gone_at_once_with_its_whole_chain() -> None:
    node = a_node()
    (record,) = node.ledger.contribute(drafts(1))
    published(node)
    fixed = node.ledger.correct(record, picture(2), Handling())
    published(node)
    waiting = node.ledger.correct(fixed, picture(3), Handling())
    node.ledger.retract(fixed, Reason.MISTAKE)
    assert node.states(FR.origin) == [PURGED, PURGED]
    assert not any(map(node.finds, (1, 2, 3)))
    published(node)
    assert node.states(FR.origin) == [PURGED, PURGED, HELD]
    assert node.catalogue.record(waiting) is None
    for each in (record, fixed):
        with pytest.raises(Refused):
            node.ledger.retract(each)


def test_retracting_a_correction_that_still_waits_retracts_what_it_would_have_replaced() -> None:
    node = a_node()
    (record,) = node.ledger.contribute(drafts(1))
    published(node)
    waiting = node.ledger.correct(record, picture(2), Handling())
    gone = node.ledger.retract(waiting)
    published(node)
    assert gone is not None
    assert view(node, gone).target == record
    assert node.states(FR.origin) == [PURGED, HELD]


def test_a_retraction_that_still_waits_is_not_said_twice() -> None:
    node = a_node()
    (record,) = node.ledger.contribute(drafts(1))
    published(node)
    gone = node.ledger.retract(record)
    for target in (record, gone):
        assert target is not None
        with pytest.raises(Refused):
            node.ledger.retract(target)
    with pytest.raises(Refused):
        node.ledger.correct(record, picture(2), Handling())


def test_nobody_corrects_or_retracts_anothers_record_or_one_that_is_not_there() -> None:
    node = a_node()
    for target, error in ((RecordId(JP.origin, bytes(32)), Refused), (RecordId(FR.origin, bytes(32)), NotFound)):
        with pytest.raises(error):
            node.ledger.retract(target)
        with pytest.raises(error):
            node.ledger.correct(target, picture(1), Handling())


# --- about others' ----------------------------------------------------------------------------------------------------


def test_an_opinion_has_the_readers_of_its_record_and_no_more() -> None:
    async def story() -> None:
        world = World([FR, JP, DE])
        hub = Hub(world)
        fr, de, jp = (Node(world, each, Wire(hub, each.id)) for each in (FR, DE, JP))
        open_one, closed = fr.ledger.contribute(
            [Draft(statement=picture(1)), Draft(statement=picture(2), handling=FR_AND_DE)]
        )
        await fr.publisher.round()
        await asyncio.gather(de.catch_up(), jp.catch_up())
        view_of_it = Opinion(verdict=Verdict.CONFIRM)
        de.ledger.opine(open_one, view_of_it)
        closed_opinion = de.ledger.opine(closed, view_of_it)
        de.ledger.comment(closed, Comment(text="ours too"), Handling(audience=(MemberId("FR"),)))
        with pytest.raises(Refused):
            de.ledger.opine(closed, view_of_it, Handling())
        with pytest.raises(Refused):
            de.ledger.opine(closed, view_of_it, Handling(audience=(MemberId("FR"), MemberId("JP"))))
        with pytest.raises(NotFound):
            jp.ledger.opine(closed, view_of_it)
        with pytest.raises(Refused):
            fr.ledger.opine(open_one, view_of_it)
        await de.publisher.round()
        await asyncio.gather(fr.catch_up(), jp.catch_up())
        assert fr.states(DE.origin) == [HELD, HELD, HELD]
        assert jp.states(DE.origin) == [HELD, NOT_FOR_US, NOT_FOR_US]
        handling = view(fr, closed_opinion).handling
        assert handling is not None
        assert handling.audience == ("DE", "FR")
        assert len(view(fr, closed).remarks) == 2

    asyncio.run(story())


# --- placed and signed ------------------------------------------------------------------------------------------------


def test_nothing_is_placed_signed_or_published_before_this_start_was_compared() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1))
    for deed in (node.own.place_and_sign, lambda: node.own.run_from(0)):
        with pytest.raises(Unavailable):
            deed()
    assert (pending(node), node.own.state().checkpoint) == (1, b"")
    assert node.own.reconcile(NOTHING_YET) is Standing.EQUAL
    assert node.own.place_and_sign().checkpoint_size == 1


def test_a_crash_before_the_leaves_are_durable_leaves_them_waiting() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1))
    node.own.reconcile(NOTHING_YET)
    with a_crash(node):
        node.own.place_and_sign()
    assert (pending(node), node.size(FR.origin)) == (1, 0)
    assert not node.finds(1)


def test_a_crash_between_placing_and_persisting_the_signature_signs_the_same_size_again() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1, 2))
    node.own.reconcile(NOTHING_YET)
    sign, made = node.own._note, []

    def sign_and_die(size: int, root: bytes) -> bytes:
        made.append(sign(size, root))
        node.store.fail_next_commit = StoreError("killed")
        return made[0]

    node.own._note = sign_and_die  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        node.own.place_and_sign()
    again = node.restarted()
    assert (again.own.state().size, again.own.state().checkpoint_size) == (2, 0)
    with pytest.raises(Unavailable):
        again.own.place_and_sign()
    again.own.reconcile(NOTHING_YET)
    again.ledger.contribute(drafts(3))
    assert again.own.sign().checkpoint == made[0]
    assert again.own.place_and_sign().size == 3


def test_signing_again_changes_nothing() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1))
    node.own.reconcile(NOTHING_YET)
    assert node.own.place_and_sign() == node.own.place_and_sign() == node.own.sign()


def test_runs_are_cut_to_size_and_each_ends_with_a_checkpoint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    node = a_node()
    node.ledger.contribute(drafts(*range(20)))
    node.own.reconcile(NOTHING_YET)
    node.own.place_and_sign()
    monkeypatch.setattr("node.usecases.ownlog.RUN_BYTES", 2_000)
    at, sizes = 0, []
    while (run := node.own.run_from(at)) is not None:
        at = run.end
        checkpoint = parse_text(parse(run.checkpoint).text)
        sizes.append(checkpoint.size)
        assert (checkpoint.size, run.proof) == (at, ())
    assert at == 20
    assert len(sizes) > 3


# --- compared with the hub --------------------------------------------------------------------------------------------


def test_the_hub_behind_or_equal_lets_the_log_go_on() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1, 2))
    published(node)
    again = node.restarted()
    (head,) = asyncio.run(again.carrier.heads([FR.origin]))
    assert again.own.reconcile(NOTHING_YET) is Standing.HUB_BEHIND
    assert again.own.reconcile(head) is Standing.EQUAL
    assert again.own.state().cosigned == head.cosigned


def a_log_and_a_node_behind_it(known: int, size: int) -> tuple[Log, Node]:
    """A store restored from a backup: it has the first entries of a log that the hub has whole."""
    log, node = Log(FR), a_node()
    log.pictures(range(size))
    if known:
        node.own.adopt(log.package(0, known, hub=True))
    return log, node


def test_a_hub_that_is_ahead_stops_signatures_until_its_entries_are_adopted() -> None:
    log, node = a_log_and_a_node_behind_it(3, 7)
    (record,) = node.ledger.contribute(drafts(100))
    assert node.own.reconcile(head_of(log)) is Standing.HUB_AHEAD
    with pytest.raises(Unavailable):
        node.own.place_and_sign()
    node.own.adopt(log.package(3, 7, hub=True))
    assert node.own.reconcile(head_of(log)) is Standing.EQUAL
    state = node.own.place_and_sign()
    assert view(node, record).index == 7
    assert state.size == 8
    assert all(map(node.finds, (0, 6, 100)))


def test_a_hub_that_rolls_back_while_we_take_our_own_entries_back_gets_no_signature() -> None:
    log, node = a_log_and_a_node_behind_it(3, 7)
    node.own.adopt(log.package(3, 5, at=7, hub=True))
    node.ledger.contribute(drafts(100))
    for size in (3, 5):
        note = cosigned(log.note(size))
        with pytest.raises(BadProof, match="less of our own log"):
            node.own.reconcile(Head(origin=FR.origin, size=size, cosigned=note, cosigned_size=size))
        with pytest.raises(Unavailable):
            node.own.place_and_sign()
    node.own.adopt(log.package(5, 7, hub=True))
    assert node.own.reconcile(head_of(log)) is Standing.EQUAL
    assert node.own.place_and_sign().size == 8


def test_a_waiting_statement_that_was_published_before_the_restore_is_not_placed_twice() -> None:
    log, node = a_log_and_a_node_behind_it(3, 3)
    again, lost = node.ledger.contribute(drafts(50, 51))
    with node.store.read() as reader:
        waiting = reader.find_pending(again.leaf)
    assert waiting is not None
    log.add(waiting.entry, waiting.disclosure)
    node.own.adopt(log.package(3, 4, hub=True))
    node.own.reconcile(head_of(log))
    node.own.place_and_sign()
    assert (view(node, again).index, view(node, lost).index, node.size(FR.origin)) == (3, 4, 5)


@pytest.mark.parametrize("size", [2, 3])
def test_another_history_under_our_key_freezes_the_log_with_its_evidence(size: int) -> None:
    _, node = a_log_and_a_node_behind_it(3, 3)
    other = Log(FR)
    other.pictures(range(50, 50 + size))
    with pytest.raises(Fork):
        node.own.reconcile(head_of(other))
    assert node.own.state().frozen
    with node.store.read() as reader:
        assert head_of(other).cosigned in reader.evidence(FR.origin)
    again = node.restarted()
    with pytest.raises(Refused):
        again.own.reconcile(NOTHING_YET)
    with pytest.raises(Unavailable):
        again.own.place_and_sign()


def test_a_head_that_is_not_signed_and_cosigned_convinces_nobody() -> None:
    log, node = a_log_and_a_node_behind_it(0, 3)
    uncosigned = replace(head_of(log), cosigned=log.note())
    of_jp = Log(JP)
    of_jp.pictures([1])
    with pytest.raises(BadSignature):
        node.own.reconcile(uncosigned)
    with pytest.raises(Malformed):
        node.own.reconcile(replace(head_of(log), cosigned=cosigned(of_jp.note())))
    with pytest.raises(Malformed):
        node.own.reconcile(head_of(of_jp))
    with pytest.raises(Conflict):
        node.own.reconcile(replace(NOTHING_YET, size=3))
    assert not node.own.compared


def test_adopting_is_verifying() -> None:
    log, node = a_log_and_a_node_behind_it(0, 3)

    def refused(package: Package, error: type[Exception]) -> None:
        with pytest.raises(error):
            node.own.adopt(package)
        assert node.size(FR.origin) == 0

    refused(log.package(), BadSignature)
    refused(log.package(1, 3, hub=True), Conflict)
    assert HUB_VKEY.name.encode() in log.package(hub=True).checkpoint


def test_a_statement_that_is_too_long_to_travel_is_refused() -> None:
    node = a_node()
    many = tuple(Fingerprint(code=PHOTODNA.code, value=bytes(144)) for _ in range(3_900))
    with pytest.raises(Misuse):
        node.ledger.contribute([Draft(statement=replace(picture(1), fingerprints=(*picture(1).fingerprints, *many)))])
