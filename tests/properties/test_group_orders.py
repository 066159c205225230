"""What a node knows about groups depends on the statements alone, not on the order in which they arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.envelope import Kind
from node.domain.groups import Group, GroupState, GroupStep, Standing
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId, member_id
from node.domain.statements import Retraction
from node.tlog.merkle import leaf_hash
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.group_book import GroupBook, GroupView
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import TODAY, Log, Speaker, entry_of, roster
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC

SPEAKERS = [Speaker.named("FR"), Speaker.named("FR", epoch=2), Speaker.named("JP"), Speaker.named("YY")]
READER = Speaker.named("BR")
ROSTER = roster(*SPEAKERS, READER)
BR, JP, FR, YY = map(member_id, ("BR", "JP", "FR", "YY"))
AUDIENCES: tuple[tuple[MemberId, ...], ...] = ((BR,), (BR, JP), (JP,), (BR, FR, JP, YY))
"""Who says it, what, about which of the statements before, and to whom. `None`: a retraction."""
Step = tuple[int, GroupStep | None, int, int]
steps = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from([*GroupStep, GroupStep.FOUND, None]), st.integers(0, 20), st.integers(0, 3)
    ),
    min_size=3,
    max_size=14,
)


@dataclass
class Story:
    """The logs of what was said."""

    logs: list[Log] = field(default_factory=lambda: [Log(each) for each in SPEAKERS])
    said: list[RecordId] = field(default_factory=list)
    foundings: list[RecordId] = field(default_factory=list)

    def tell(self, number: int, step: Step) -> None:
        who, what, about, audience = step
        log = self.logs[who]
        handling = Handling(audience=AUDIENCES[audience])
        own = [each for each in self.foundings if each.origin == log.speaker.origin or self._is_later(log, each)]
        target = own[about % len(own)] if own else None
        if what is None:
            if target is not None:
                self._add(log, number, Retraction(), kind=Kind.RETRACTION, target=target)
        elif what is GroupStep.FOUND:
            revises = target if about % 2 else None
            kind = Kind.REVISION if revises else Kind.GROUP
            said = Group(step=what, name=f"group {number}", purpose="x")
            self.foundings.append(self._add(log, number, said, kind=kind, handling=handling, target=revises))
        else:
            nowhere = RecordId(SPEAKERS[0].origin, leaf_hash(b"nowhere"))
            group = [*self.foundings, nowhere][about % (len(self.foundings) + 1)]
            self._add(log, number, Group(step=what, group=group), kind=Kind.GROUP, handling=handling)

    @staticmethod
    def _is_later(log: Log, target: RecordId) -> bool:
        own, other = log.speaker.origin, target.origin
        return own.member == other.member and other.epoch < own.epoch

    def _add(self, log: Log, number: int, said: Group | Retraction, **how: Any) -> RecordId:
        entry = entry_of(log.speaker.origin, said, nonce=leaf_hash(b"%d" % number), **how)
        self.said.append(log.add(*entry))
        return self.said[-1]


def groups(logs: list[Log], cuts: list[tuple[int, int]]) -> set[tuple[object, ...]]:
    """What BR knows in the end, if it got the logs in these pieces (log, how many entries), and then the rest."""
    store = MemoryStore()
    catalogue = Catalogue(store=store, index=None, codec=CODEC)
    for which, count in [*cuts, *((which, 1 << 20) for which in range(len(logs)))]:
        log = logs[which]
        with store.write() as writer:
            at = position(writer, writer.open_log(log.speaker.origin))
        stop = min(log.size, at.state.size + count)
        if stop == at.state.size:
            continue
        rules = Rules(roster=ROSTER, copy=Copy(reader=BR, expired_before=TODAY), cosigned=True)
        verified = verify_package(
            at, log.package(at.state.size, stop, hub=True), rules, Handlings(CODEC.decode_handling)
        )
        with catalogue.change() as change:
            change.apply(verified)
    with store.read() as reader:
        book = GroupBook(reader, CODEC, READER.origin, TODAY)
        views = book.groups()
        assert all(book.one(each.newest) == each for each in views)
        return {_comparable(each) for each in views}


def _comparable(view: GroupView) -> tuple[object, ...]:
    return (*(getattr(view, name) for name in ("group", "newest", "state", "name")), tuple(view.standings.items()))


@settings(max_examples=250, deadline=None)
@given(steps=steps, cuts=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=20))
def test_any_order_of_arrival_gives_the_same_groups(steps: list[Step], cuts: list[tuple[int, int]]) -> None:
    story = Story()
    for number, step in enumerate(steps):
        story.tell(number, step)
    known = groups(story.logs, [])
    assert groups(story.logs, cuts) == known
    for group, _, state, _, standings in known:
        assert isinstance(group, RecordId)
        assert state in {GroupState.OPEN, GroupState.CLOSED, GroupState.HIDDEN}
        assert isinstance(standings, tuple)
        assert dict(standings)[group.origin.member] is Standing.FOUNDER
