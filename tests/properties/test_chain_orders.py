"""Corrections, retractions and remarks come to one outcome, in whatever order the logs arrive and are cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.batch import BodyState
from node.domain.envelope import OWN_TARGET, REPLACING, Kind, replaced_by
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.log_ports import Chain, Link
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.statements import Comment, Opinion, Retraction, Statement, Verdict
from node.tlog.merkle import leaf_hash
from node.usecases import pointing_entries
from node.usecases.catalogue import Catalogue
from node.usecases.chain_check import chain_faults
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import TODAY, Log, Speaker, entry_of, picture, roster
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC

SPEAKERS = [Speaker.named("FR"), Speaker.named("FR", epoch=2), Speaker.named("FR", epoch=3), Speaker.named("JP")]
ROSTER = roster(*SPEAKERS)
CLOSED = Handling(audience=(MemberId("FR"), MemberId("JP")))
"""What happens: who says it, what, about which of the entries before, and to whom."""
Step = tuple[int, Kind, int, bool]
AGAIN = 25
"""From this number on a contribution is one of the log's entries once more."""
NOWHERE = 28
"""From this number on a step is about an entry that does not stand in the log."""
KINDS = [*[*Kind][:5], Kind.LINK, Kind.REVISION]
steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(KINDS), st.integers(0, 30), st.booleans()),
    min_size=2,
    max_size=14,
)


@dataclass
class Story:
    """The logs of what was said, and every entry's name."""

    logs: list[Log] = field(default_factory=lambda: [Log(each) for each in SPEAKERS])
    said: list[RecordId] = field(default_factory=list)
    records: dict[RecordId, int | None] = field(default_factory=dict)
    """What may replace each record."""

    def tell(self, number: int, step: Step) -> None:
        who, kind, about, closed = step
        log = self.logs[who]
        own = [each for each in self.said if self._may_change(log.speaker.origin, kind, each)]
        targets = own if kind in OWN_TARGET else self.said
        begins = kind in {Kind.CONTRIBUTION, Kind.LINK}
        target = None if begins or not targets else targets[about % len(targets)]
        if about >= NOWHERE and not begins:
            target = RecordId(log.speaker.origin, leaf_hash(b"nowhere %d" % about))
        if target is None and not begins:
            kind = Kind.CONTRIBUTION
        if kind == Kind.CONTRIBUTION and about >= AGAIN and log.size:
            at = about % log.size
            self.said.append(log.add(log.entries[at], log.disclosures[at]))
            return
        handling = CLOSED if closed and kind != Kind.RETRACTION else Handling()
        entry = entry_of(
            log.speaker.origin,
            self._statement(kind, number),
            kind=kind,
            handling=handling,
            target=target,
            nonce=leaf_hash(b"%d" % number),
        )
        self.said.append(log.add(*entry))
        if begins or kind == Kind.CONTRIBUTION:
            self.records[self.said[-1]] = replaced_by(kind)
        elif target is not None and kind in REPLACING and self.records.get(target) == kind:
            self.records[self.said[-1]] = kind

    def _may_change(self, speaker: Origin, kind: Kind, target: RecordId) -> bool:
        """Anything of its own log; of an earlier epoch, records alone, and each by what may replace it. What else is
        nonsense there is told as such by everybody who has both logs, but who was told that a record ends deletes what
        was said of it, and does not wait to see whether there was a record.
        """
        if target.origin == speaker:
            return True
        earlier = target.origin.member == speaker.member and target.origin.epoch < speaker.epoch
        return earlier and target in self.records and (kind not in REPLACING or self.records[target] == kind)

    def _statement(self, kind: Kind, number: int) -> Statement:
        if kind not in {Kind.LINK, Kind.REVISION}:
            return _statement(kind, number)
        nowhere = [RecordId(SPEAKERS[0].origin, leaf_hash(b"%d of %d" % (at, number))) for at in range(2)]
        before = list(dict.fromkeys(self.said[number % 3 :: 2]))[-3:]
        targets = tuple([*nowhere, *before][-max(2, len(before)) :])
        return RecordLink(relation=Relation.SAME_PLACE, targets=targets, certainty=Certainty.POSSIBLE)


def _statement(kind: Kind, number: int) -> Statement:
    if kind in {Kind.CONTRIBUTION, Kind.CORRECTION}:
        return picture(number)
    if kind == Kind.RETRACTION:
        return Retraction()
    return Opinion(verdict=Verdict.DISPUTE) if kind == Kind.OPINION else Comment(text=f"word {number}")


Place = tuple[Origin, int]
Outcome = tuple[
    dict[Origin, list[int]], dict[Place, Link], dict[RecordId, Chain], dict[Place, frozenset[tuple[int, RecordId]]]
]


def stored(logs: list[Log], cuts: list[tuple[int, int]]) -> MemoryStore:
    """The store of a hub that got the logs in these pieces (log, how many entries), and then the rest."""
    store = MemoryStore()
    catalogue = Catalogue(store=store, index=None, codec=CODEC)
    for which, count in [*cuts, *((which, 1 << 20) for which in range(len(logs)))]:
        log = logs[which]
        with store.write() as writer:
            at = position(writer, writer.open_log(log.speaker.origin))
        stop = min(log.size, at.state.size + count)
        if stop == at.state.size:
            continue
        rules = Rules(roster=ROSTER, copy=Copy(reader=None, expired_before=TODAY), cosigned=True)
        package = log.package(at.state.size, stop, hub=True)
        verified = verify_package(at, package, rules, Handlings(CODEC.decode_handling))
        with catalogue.change() as change:
            change.apply(verified)
    return store


def outcome(logs: list[Log], cuts: list[tuple[int, int]]) -> Outcome:
    """What such a hub holds in the end."""
    store = stored(logs, cuts)
    with store.read() as reader:
        for log in logs:
            run = reader.run(log.speaker.origin, 0, log.size, 1 << 30)
            assert chain_faults(reader, log.speaker.origin, run) == []
        states = {log.speaker.origin: list(reader.run(log.speaker.origin, 0, log.size, 1 << 30).states) for log in logs}
    links = store._state.links
    roots = {link.chain for link in links.values() if link.counts}
    # A mention makes a chain of a record that nothing points at, and leaves it there when its statement goes.
    chains = {root: chain for root, chain in store._state.chains.items() if root in roots}
    mentions = store._state.mentions.items()
    return states, links, chains, {place: frozenset((m.role, m.record) for m in each) for place, each in mentions}


@settings(max_examples=300, deadline=None)
@given(steps=steps, cuts=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=25))
def test_any_order_of_arrival_ends_the_same(steps: list[Step], cuts: list[tuple[int, int]]) -> None:
    """Whoever follows the logs in another order, or in other runs, holds the same bodies in the end, and files every
    entry under the same record.
    """
    check_orders(steps, cuts)


@settings(max_examples=300, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(KINDS),
            st.integers(0, 3),
            st.just(value=False),
        ),
        min_size=6,
        max_size=24,
    ),
    cuts=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=25),
)
def test_any_order_of_arrival_ends_the_same_where_much_is_over_the_bounds(
    steps: list[Step], cuts: list[tuple[int, int]]
) -> None:
    """A bound is decided by one log alone: who has other logs, or has them in another order, decides the same."""
    with patch.multiple(pointing_entries, RECORD_CORRECTIONS=2, REMARKS_ON_ONE=1, WORDS_ON_ONE=1):
        check_orders(steps, cuts)


def check_orders(steps: list[Step], cuts: list[tuple[int, int]]) -> None:
    story = Story()
    for number, step in enumerate(steps):
        story.tell(number, step)
    plain, mixed = outcome(story.logs, []), outcome(story.logs, cuts)
    assert mixed[0] == plain[0]
    assert mixed[2] == plain[2]
    assert mixed[3] == plain[3]
    held = BodyState.HELD
    for place, link in plain[1].items():
        # Where an entry was set aside, only where it belongs has to agree.
        assert mixed[1][place].chain == link.chain
        assert plain[0][place[0]][place[1]] != held or mixed[1][place] == link
