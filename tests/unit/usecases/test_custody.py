"""What has to be forgotten, and how sure of the date one must be."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest

from node.config import MIN_QUERY_DAYS, parse
from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import Origin, RecordId
from node.domain.queries import QueryHeader, SignedAnswer, SignedQuery
from node.domain.query_ports import AskedQuery, GivenAnswer
from node.domain.roster import Policy
from node.domain.statements import Comment
from node.errors import ConfigError
from node.tlog import tiles
from node.usecases.admitting import MAX_QUERY_SECONDS
from node.usecases.audit import RETENTION_DAYS, AuditEntry, AuditLog
from node.usecases.checkpoint_trust import LogTiles
from node.usecases.custody import Custody, newest_entry
from node.usecases.ledger import Draft
from tests.simulator.federation import TODAY, Speaker, picture
from tests.simulator.world import Clock, Hub, Node, Wire, World, first

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
HELD, PURGED = int(BodyState.HELD), int(BodyState.PURGED)
DAY = 86_400


def kept_until(day: int, number: int) -> Draft:
    return Draft(statement=picture(number), handling=Handling(retain_until_day=day))


def a_federation() -> tuple[World, Hub, Node, Node]:
    world = World([FR, JP])
    hub = Hub(world)
    return world, hub, Node(world, FR, Wire(hub, FR.id)), Node(world, JP, Wire(hub, JP.id))


async def shared(fr: Node, jp: Node, *drafts: Draft) -> list[RecordId]:
    records = fr.ledger.contribute(drafts)
    await fr.publisher.round()
    await jp.catch_up()
    return records


def test_a_record_goes_on_the_day_after_its_expiry_with_what_was_said_about_it() -> None:
    async def story() -> None:
        world, _, fr, jp = a_federation()
        first, _ = await shared(fr, jp, kept_until(TODAY + 2, 1), kept_until(TODAY + 3, 2))
        jp.ledger.comment(first, Comment(text="seen"))
        await jp.publisher.round()
        world.clock.now += 2 * DAY
        await shared(fr, jp, Draft(statement=picture(3)))
        assert jp.custody.sweep().expired == 0
        world.clock.now += DAY
        await shared(fr, jp, Draft(statement=picture(4)))
        before = jp.store.scrubs
        assert (jp.custody.sweep().expired, jp.store.scrubs) == (2, before + 1)
        assert jp.states(FR.origin) == [PURGED, HELD, HELD, HELD]
        assert jp.states(JP.origin) == [PURGED]
        assert (jp.finds(1), jp.finds(2)) == (False, True)
        assert jp.custody.sweep().expired == 0

    asyncio.run(story())


def test_what_was_said_of_any_version_goes_when_the_newest_one_expires() -> None:
    async def story() -> None:
        world, _, fr, jp = a_federation()
        (first,) = await shared(fr, jp, kept_until(TODAY + 9, 1))
        jp.ledger.comment(first, Comment(text="seen"))
        await jp.publisher.round()
        await fr.catch_up()
        second = fr.ledger.correct(first, picture(2), Handling(retain_until_day=TODAY + 2))
        await shared(fr, jp)
        jp.ledger.comment(second, Comment(text="seen again"))
        await jp.publisher.round()
        assert (jp.custody.sweep().expired, jp.states(JP.origin)) == (0, [HELD, HELD])
        world.clock.now += 3 * DAY
        await shared(fr, jp, Draft(statement=picture(4)))
        jp.custody.sweep()
        assert jp.states(FR.origin) == [PURGED, PURGED, HELD]
        assert jp.states(JP.origin) == [PURGED, PURGED]

    asyncio.run(story())


def test_whoever_may_no_longer_read_a_record_loses_what_others_said_of_it_and_keeps_its_own_words() -> None:
    async def story() -> None:
        world = World([FR, JP, DE])
        hub = Hub(world)
        fr, jp, de = (Node(world, each, Wire(hub, each.id)) for each in (FR, JP, DE))
        (record,) = await shared(fr, jp, Draft(statement=picture(1)))
        await de.catch_up()
        jp.ledger.comment(record, Comment(text="seen"))
        de.ledger.comment(record, Comment(text="so have we"))
        await asyncio.gather(jp.publisher.round(), de.publisher.round())
        for node in (fr, jp, de):
            await node.catch_up()
        fr.ledger.correct(record, picture(2), Handling(audience=(JP.id,)))
        await fr.publisher.round()
        for node in (jp, de):
            await node.catch_up()
            node.custody.sweep()
        assert (jp.states(JP.origin), jp.states(DE.origin)) == ([HELD], [HELD])
        assert (de.states(JP.origin), de.states(DE.origin)) == ([PURGED], [HELD])
        late = Node(world, DE, Wire(hub, DE.id))
        await late.catch_up()
        late.custody.sweep()
        assert late.states(JP.origin) == [PURGED]

    asyncio.run(story())


def test_nothing_is_deleted_for_want_of_a_version_that_is_on_its_way() -> None:
    """The hub has no body of a version that was replaced. Before a log is caught up, that does not mean that the record
    is not for this node.
    """

    async def story() -> None:
        _, hub, fr, jp = a_federation()
        closed = Handling(audience=(JP.id,))
        (record,) = await shared(fr, jp, Draft(statement=picture(1), handling=closed))
        fr.ledger.comment(record, Comment(text="ours"))
        await shared(fr, jp)
        second = fr.ledger.correct(record, picture(2), closed)
        await fr.publisher.round()
        fr.ledger.correct(second, picture(3), closed)
        await fr.publisher.round()
        package = (await first(hub.carrier.follow(JP.id, jp.copies.open()), 1))[0]
        head = len(package.entries) - 1
        proof = consistency(hub, FR.origin, package.start + head, package.end)
        cut = replace(
            package,
            proof=proof,
            **{
                name: getattr(package, name)[:head]
                for name in ("entries", "nonces", "bodies", "handling_nonces", "handlings")
            },
        )
        jp.copies.commit(jp.copies.verify([cut]))
        jp.custody.sweep()
        assert jp.states(FR.origin) == [PURGED, HELD, int(BodyState.NOT_FOR_US)]
        await jp.catch_up()
        jp.custody.sweep()
        assert jp.states(FR.origin) == [PURGED, HELD, PURGED, HELD]

    asyncio.run(story())


def consistency(hub: Hub, origin: Origin, old: int, new: int) -> tuple[bytes, ...]:
    with hub.store.read() as reader:
        log = reader.log(origin)
        assert log is not None
        return tuple(tiles.consistency_proof(LogTiles(reader, log.number), old, new))


def test_one_clock_that_jumps_ahead_expires_nothing() -> None:
    async def story() -> None:
        world, _, fr, jp = a_federation()
        await shared(fr, jp, kept_until(TODAY + 2, 1))
        world.clock.now += 3_650 * DAY
        assert jp.custody.sweep().expired == 0
        assert jp.custody.today() == TODAY
        behind = Custody(store=jp.store, catalogue=jp.catalogue, clock=Clock(0), witnessed=lambda _: 1e12)
        assert behind.sweep().expired == 0
        assert jp.states(FR.origin) == [HELD]

    asyncio.run(story())


def test_a_node_that_has_seen_no_cosignature_expires_nothing() -> None:
    _, _, fr, _ = a_federation()
    assert fr.custody.today() == 0


def test_the_hub_believes_a_day_once_two_members_have_lived_it() -> None:
    async def story() -> None:
        world, hub, fr, jp = a_federation()
        custody = Custody(store=hub.store, catalogue=hub.catalogue, clock=lambda: 1e12, witnessed=newest_entry)
        fr.ledger.contribute([kept_until(TODAY + 1, 1)])
        await fr.publisher.round()
        assert custody.today() == 0
        world.clock.now += 5 * DAY
        jp.ledger.contribute([Draft(statement=picture(2))])
        await jp.publisher.round()
        assert (custody.today(), custody.sweep().expired) == (TODAY, 0)
        fr.ledger.contribute([Draft(statement=picture(3))])
        await fr.publisher.round()
        assert (custody.today(), custody.sweep().expired) == (TODAY + 5, 1)

    asyncio.run(story())


def test_a_sweep_that_was_interrupted_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        world, _, fr, jp = a_federation()
        await shared(fr, jp, *(kept_until(TODAY + 1, number) for number in range(7)))
        world.clock.now += 3 * DAY
        await shared(fr, jp, Draft(statement=picture(50)))
        monkeypatch.setattr("node.usecases.custody.PURGE_AT_ONCE", 3)
        jp.store.fail_next_commit = RuntimeError("killed")
        with pytest.raises(RuntimeError):
            jp.custody.sweep()
        assert jp.states(FR.origin) == [HELD] * 8
        assert jp.custody.sweep().expired == 7
        assert jp.states(FR.origin) == [PURGED] * 7 + [HELD]

    asyncio.run(story())


def asked(number: int, at: int) -> AskedQuery:
    header = QueryHeader(
        query_id=bytes([number]) * 16,
        asker=JP.id,
        recipients=(),
        purpose="victim-identification",
        issued_at=at,
        expires_at=at + 60,
        cost=1,
    )
    query = SignedQuery(header=b"header", payload=b"holds hashes", signature=bytes(64))
    return AskedQuery(query=query, header=header, created_at=at)


def test_queries_go_after_their_days_once_two_clocks_say_so_and_nothing_of_them_stays() -> None:
    async def story() -> None:
        world, _, fr, jp = a_federation()
        given = SignedAnswer(answerer=JP.id, answer=b"signed", signature=bytes(64))
        start = int(world.clock.now)
        for number, at in ((1, start), (2, start + 5 * DAY)):
            with jp.store.write() as tx:
                tx.put_asked(asked(number, at))
                tx.put_answered([GivenAnswer(asker=FR.id, query_id=bytes([number]) * 16, answer=given, at=at)])
        world.clock.now += 11 * DAY
        # Only our own clock says so: it may have jumped.
        assert jp.custody.forget_queries(10) == 0
        await shared(fr, jp, Draft(statement=picture(1)))
        before = jp.store.scrubs
        assert (jp.custody.forget_queries(10), jp.store.scrubs) == (2, before + 1)
        with jp.store.read() as tx:
            assert [each.id[0] for each in tx.recent_questions(10)] == [2]
            assert tx.answered(FR.id, bytes([1]) * 16) is None
            assert tx.answered(FR.id, bytes([2]) * 16) == given
        assert (jp.custody.forget_queries(10), jp.store.scrubs) == (0, before + 1)

    asyncio.run(story())


def test_the_audit_logs_bodies_expire_by_the_same_sweep_and_the_log_stays_whole() -> None:
    async def story() -> None:
        world, _, fr, jp = a_federation()
        origin = Origin(jp.own.origin.federation, JP.id, 1, "audit")
        audit = AuditLog(store=jp.store, origin=origin, clock=world.clock, random=os.urandom)
        try:
            audit.append(AuditEntry(kind=Kind.AUDIT_SEARCH, body={"what": "match", "hashes": ["5a" * 32]}))
            with jp.store.read() as tx:
                (log,) = [each for each in tx.logs() if each.origin == origin]
            for passed, state in ((RETENTION_DAYS, HELD), (1, PURGED)):
                world.clock.now += passed * DAY
                await shared(fr, jp, Draft(statement=picture(passed)))
                jp.custody.sweep()
                with jp.store.read() as tx:
                    run = tx.run(origin, 0, 1, 1 << 20)
                    assert (run.states[0], bool(run.bodies[0])) == (state, state == HELD)
                    assert [each.root for each in tx.logs() if each.origin == origin] == [log.root]
        finally:
            audit.close()

    asyncio.run(story())


def test_an_answer_is_remembered_for_longer_than_its_query_is_good() -> None:
    assert MAX_QUERY_SECONDS + Policy().skew_seconds < MIN_QUERY_DAYS * DAY
    with pytest.raises(ConfigError, match="query_retention_days"):
        parse({"query_retention_days": MIN_QUERY_DAYS - 1}, {})
