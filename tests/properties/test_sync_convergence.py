"""Whatever is said, cut, crashed, restarted or restored, in whatever order: in the end everybody holds the same logs.

A state machine over three nodes and a hub in one process. Its model knows only what a person would: who said what, who
may read it, and whether it still stands.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.domain.batch import BodyState, Package
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId
from node.domain.services import Head
from node.domain.statements import Comment
from node.errors import NotFound, Refused, StoreError, Unavailable
from node.sync.streams import reading
from node.usecases.ledger import Draft
from tests.simulator.federation import Speaker, picture
from tests.simulator.memory_state import State
from tests.simulator.world import Hub, Node, Wire, World

SPEAKERS = [Speaker.named(name) for name in ("FR", "JP", "DE")]
NAMES = [speaker.id for speaker in SPEAKERS]
AUDIENCES = [None, *((name,) for name in NAMES), *((a, b) for a in NAMES for b in NAMES if a < b)]
members = st.sampled_from(NAMES)


@dataclass
class Remark:
    """A comment, by whom it may be read of itself, and the version of the record that it was said of (0: the first)."""

    record: RecordId
    readers: tuple[MemberId, ...] | None
    version: int

    def readable_by(self, member: MemberId) -> bool:
        return member == self.record.origin.member or self.readers is None or member in self.readers


@dataclass
class Chain:
    """A record with its corrections, as its owner thinks of it, and what was said of it."""

    versions: list[Said] = field(default_factory=list)
    retracted: bool = False
    remarks: list[Remark] = field(default_factory=list)


@dataclass
class Said:
    """A contribution or correction, as its owner thinks of it."""

    record: RecordId
    number: int
    audience: tuple[MemberId, ...] | None
    chain: Chain
    stands: bool = True

    def __post_init__(self) -> None:
        self.chain.versions.append(self)

    def readable_by(self, member: MemberId) -> bool:
        return member == self.record.origin.member or self.audience is None or member in self.audience


class LossyWire(Wire):
    """A connection that loses the next submission, or its answer."""

    lose = ""

    async def submit(self, package: Package) -> Head:
        lose, self.lose = self.lose, ""
        if lose == "request":
            raise Unavailable("cut")
        head = await super().submit(package)
        if lose == "answer":
            raise Unavailable("cut")
        return head


class Federation(RuleBasedStateMachine):
    """Rules are what happens to nodes and hub; `teardown` lets everything settle, and compares."""

    @initialize()
    def begin(self) -> None:
        self.world = World(SPEAKERS)
        self.hub = Hub(self.world)
        self.nodes = {each.id: Node(self.world, each, LossyWire(self.hub, each.id)) for each in SPEAKERS}
        self.said: list[Said] = []
        self.backups: dict[MemberId, State] = {}
        self.behind: set[MemberId] = set()
        self.numbers = 0

    # --- what people do -----------------------------------------------------------------------------------------------

    def _mine(self, member: MemberId) -> list[Said]:
        return [each for each in self.said if each.stands and each.record.origin.member == member]

    @rule(member=members, audience=st.sampled_from(AUDIENCES))
    def contribute(self, member: MemberId, audience: tuple[MemberId, ...] | None) -> None:
        self.numbers += 1
        draft = Draft(statement=picture(self.numbers), handling=Handling(audience=audience))
        (record,) = self.nodes[member].ledger.contribute([draft])
        self.said.append(Said(record=record, number=self.numbers, audience=audience, chain=Chain()))

    @precondition(lambda self: any(each.stands for each in self.said))
    @rule(data=st.data(), audience=st.sampled_from(AUDIENCES))
    def correct(self, data: st.DataObject, audience: tuple[MemberId, ...] | None) -> None:
        old = data.draw(st.sampled_from([each for each in self.said if each.stands]))
        member = old.record.origin.member
        if member in self.behind:
            return
        self.numbers += 1
        handling = Handling(audience=audience)
        record = self.nodes[member].ledger.correct(old.record, picture(self.numbers), handling)
        old.stands = False
        self.said.append(Said(record=record, number=self.numbers, audience=audience, chain=old.chain))

    @precondition(lambda self: any(each.stands for each in self.said))
    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from([each for each in self.said if each.stands]))
        if old.record.origin.member not in self.behind:
            self.nodes[old.record.origin.member].ledger.retract(old.record)
            old.stands, old.chain.retracted = False, True

    @precondition(lambda self: self.said)
    @rule(data=st.data(), member=members)
    def comment(self, data: st.DataObject, member: MemberId) -> None:
        about = data.draw(st.sampled_from(self.said))
        try:
            record = self.nodes[member].ledger.comment(about.record, Comment(text="seen"))
        except (NotFound, Refused):
            # It has not come here, is not for this member, or is known here to be replaced or retracted.
            return
        readers = None if about.audience is None else (*about.audience, about.record.origin.member)
        version = about.chain.versions.index(about)
        about.chain.remarks.append(Remark(record=record, readers=readers, version=version))

    # --- what happens to machines and lines ---------------------------------------------------------------------------

    @rule(member=members, lose=st.sampled_from(["", "", "request", "answer"]))
    def publish(self, member: MemberId, lose: str) -> None:
        wire = self.nodes[member].carrier
        assert isinstance(wire, LossyWire)
        wire.lose = lose
        try:
            asyncio.run(self.nodes[member].publisher.round())
            self.behind.discard(member)
        except Unavailable:
            assert lose
        finally:
            wire.lose = ""

    @rule(member=members, packages=st.integers(1, 3), crash=st.booleans())
    def follow(self, member: MemberId, packages: int, crash: bool) -> None:
        node = self.nodes[member]
        if crash:
            node.store.fail_next_commit = StoreError("killed")
        try:
            asyncio.run(self._follow(node, packages))
        except StoreError:
            assert crash
            self.restart(member)
        finally:
            node.store.fail_next_commit = None

    async def _follow(self, node: Node, packages: int) -> None:
        cursors = node.copies.open()
        due = sum(
            head.cosigned_size > node.size(head.origin)
            for head in await node.carrier.heads([])
            if head.origin != node.origin
        )
        async with reading(node.carrier.follow(cursors)) as stream:
            for _ in range(min(packages, due)):
                node.copies.commit(node.copies.verify([await anext(stream)]))

    @rule(member=members)
    def restart(self, member: MemberId) -> None:
        self.nodes[member] = self.nodes[member].restarted()

    @rule()
    def restart_hub(self) -> None:
        self.hub = Hub(self.world, self.hub.store)
        for node in self.nodes.values():
            assert isinstance(node.carrier, Wire)
            node.carrier.hub = self.hub

    @rule(member=members)
    def back_up(self, member: MemberId) -> None:
        """With nothing waiting: a backup brings back what waited then, though it may have been taken back since."""
        asyncio.run(self.nodes[member].publisher.round())
        self.behind.discard(member)
        self.backups[member] = self.nodes[member].store._state

    @precondition(lambda self: self.backups)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        """The store becomes what it was. All that was acknowledged has been published, or it would be lost with it."""
        member = data.draw(st.sampled_from(sorted(self.backups)))
        asyncio.run(self.nodes[member].publisher.round())
        self.nodes[member].store._state = self.backups.pop(member)
        self.restart(member)
        self.behind.add(member)

    # --- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_in_trouble(self) -> None:
        for node in self.nodes.values():
            assert node.copies.stopped == {}
            with node.store.read() as reader:
                assert not any(log.frozen or reader.quarantined(log.origin) for log in reader.logs())

    def teardown(self) -> None:
        if not hasattr(self, "nodes"):
            return
        for node in self.nodes.values():
            asyncio.run(node.publisher.round())
        for node in self.nodes.values():
            asyncio.run(self._follow(node, 10**6))
            node.custody.sweep()
        for node in self.nodes.values():
            self._same_logs(node)
            self._right_bodies(node)
            self._right_remarks(node)
            rebuilt = node.restarted()
            assert rebuilt.index.sizes() == node.index.sizes()

    def _same_logs(self, node: Node) -> None:
        with self.hub.store.read() as reader:
            for log in reader.logs():
                here = node.log(log.origin)
                assert here is not None
                assert (here.size, here.root, here.cosigned) == (log.size, log.root, log.cosigned)

    def _right_bodies(self, node: Node) -> None:
        member = node.speaker.id
        for said in self.said:
            readable = said.stands and said.readable_by(member)
            assert node.finds(said.number) == readable
            view = node.catalogue.record(said.record)
            # What was taken back before it had a place never left, and is nowhere.
            assert (view is not None) or not said.stands
            if view is not None:
                wanted = BodyState.HELD if readable else BodyState.PURGED
                assert view.state is (wanted if readable or not said.stands else BodyState.NOT_FOR_US)

    def _right_remarks(self, node: Node) -> None:
        member = node.speaker.id
        for chain in {id(each.chain): each.chain for each in self.said}.values():
            for remark in chain.remarks:
                view = node.catalogue.record(remark.record)
                assert view is not None
                later = chain.versions[remark.version :]
                if chain.retracted:
                    assert view.state is BodyState.PURGED
                elif remark.record.origin.member == member:
                    assert view.state is BodyState.HELD
                elif not (remark.readable_by(member) and later[-1].readable_by(member)):
                    assert view.state in {BodyState.NOT_FOR_US, BodyState.PURGED}
                elif all(each.readable_by(member) for each in later):
                    # Where the record was not for this member for a while, it depends on what came when.
                    assert view.state is BodyState.HELD
            self._shown(node, chain)

    def _shown(self, node: Node, chain: Chain) -> None:
        """A record shows what was said of any of its versions, and which was said of an earlier one."""
        newest = node.catalogue.record(chain.versions[-1].record)
        if newest is None or chain.retracted:
            assert newest is None or newest.remarks == ()
            return
        version = {remark.record: remark.version for remark in chain.remarks}
        for shown in newest.remarks:
            assert shown.earlier == (version[shown.record] < len(chain.versions) - 1)
        if newest.state is BodyState.HELD:
            held = {each.record for each in newest.remarks if each.body is not None}
            for remark in chain.remarks:
                view = node.catalogue.record(remark.record)
                assert view is not None
                assert (remark.record in held) == (view.state is BodyState.HELD)


TestFederation = Federation.TestCase
TestFederation.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
