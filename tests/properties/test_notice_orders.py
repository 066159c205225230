"""Notices come to one state, in whatever order the members' logs and the hub's arrive and are cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure, Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.log_ports import LogReader
from node.domain.notices import NoticeDecision, NoticeStep
from node.domain.statements import Retraction
from node.tlog.merkle import leaf_hash
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.notice_check import UNASKED
from node.usecases.notice_views import NoticeView, published_views
from node.usecases.replica import Rules, position, verify_package
from node.wire.convert_statements import encode_body
from tests.simulator.federation import NOTHING, TODAY, Log, Speaker, entry_of, roster
from tests.simulator.hub_log import ASKED, HUB, HUB_2, notice, with_hub_logs
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC

FR = Speaker.named("FR")
JP = MemberId("JP")
OPEN = Handling()


ROSTER = with_hub_logs(roster(FR, Speaker.named("JP")), HUB, HUB_2)


@dataclass
class Story:
    """What FR asks for, and what the hub says of it: in the order in which it happened."""

    asks: Log = field(default_factory=lambda: Log(FR))
    hubs: list[Log] = field(default_factory=lambda: [Log(HUB), Log(HUB_2)])
    requests: list[tuple[RecordId, Disclosure]] = field(default_factory=list)
    decisions: list[list[RecordId]] = field(default_factory=lambda: [[], []])
    roots: list[int] = field(default_factory=list)
    """Which request each request is a version of, by the number of the first version."""
    subjects: dict[RecordId, int] = field(default_factory=dict)
    """The request that each decision is about, in the same way."""

    @property
    def logs(self) -> list[Log]:
        return [self.asks, *self.hubs]

    def ask(self, about: int) -> None:
        kind, target = Kind.NOTICE, None
        number = len(self.requests)
        self.roots.append(number)
        if self.requests and about % 3:
            kind, target = Kind.REVISION, self.requests[about % len(self.requests)][0]
            self.roots[number] = self.roots[about % number]
        entry, shown = entry_of(
            FR.origin, notice(number), kind=kind, handling=ASKED, target=target, nonce=leaf_hash(b"n%d" % number)
        )
        self.requests.append((self.asks.add(entry, NOTHING), shown))

    def retract(self, about: int) -> None:
        if self.requests:
            self.asks.say(Retraction(), kind=Kind.RETRACTION, target=self.requests[about % len(self.requests)][0])

    def decide(self, which: int, step: NoticeStep, about: int, *, forged: bool) -> None:
        nowhere = RecordId(FR.origin, leaf_hash(b"nowhere"))
        before = self.decisions[which]
        target = before[about % len(before)] if before and about % 2 else None
        which_one = about % len(self.requests) if self.requests else -1
        if target is not None and self.subjects[target] >= 0:
            # A hub that turns a decision to another request, or to one that was never made, can make nodes disagree
            # (ADR 50).
            forged = False
            same = [at for at, root in enumerate(self.roots) if root == self.subjects[target]]
            which_one = same[about % len(same)]
        elif target is not None:
            target = None
        request, shown = self.requests[which_one] if which_one >= 0 else (nowhere, NOTHING)
        body = encode_body(notice(1_000 + about)) if forged or not shown.body else shown.body
        is_out = step is NoticeStep.PUBLISHED
        said = NoticeDecision(
            request=request,
            step=step,
            nonce=(shown.nonce or bytes(32)) if is_out else b"",
            body=body if is_out else b"",
        )
        kind = Kind.NOTICE_DECISION if target is None else Kind.REVISION
        log = self.hubs[which]
        entry = entry_of(
            log.speaker.origin, said, kind=kind, handling=OPEN, target=target, nonce=leaf_hash(b"d%d" % log.size)
        )
        before.append(log.add(*entry))
        self.subjects[before[-1]] = self.roots[which_one] if which_one >= 0 else -1


Outcome = tuple[dict[Origin, list[int]], list[NoticeView]]


def outcome(logs: Sequence[Log], cuts: Sequence[tuple[int, int]]) -> Outcome:
    """What a member that asked for nothing holds and shows, if it got the logs in these pieces, and then the rest. An
    entry without a body says so alone: a forged notice is set aside, unless it was replaced or had ended before.
    """
    with arrived(logs, cuts).read() as reader:
        held = {log.speaker.origin: held_in(reader, log) for log in logs}
        # A node lists logs in the order in which it met them.
        return held, sorted(published_views(reader, CODEC), key=lambda view: str(view.request))


def arrived(
    logs: Sequence[Log],
    cuts: Sequence[tuple[int, int]],
    unasked: Callable[[str, int], None] = lambda _log, _notices: None,
) -> MemoryStore:
    """The store of that member."""
    store = MemoryStore()
    catalogue = Catalogue(store=store, index=None, codec=CODEC, unasked=unasked)
    for which, count in [*cuts, *((which, 1 << 20) for which in range(len(logs)))]:
        log = logs[which]
        with store.write() as writer:
            at = position(writer, writer.open_log(log.speaker.origin))
        stop = min(log.size, at.state.size + count)
        if stop == at.state.size:
            continue
        rules = Rules(roster=ROSTER, copy=Copy(reader=JP, expired_before=TODAY), cosigned=True)
        package = log.package(at.state.size, stop, hub=True)
        with catalogue.change() as change:
            change.apply(verify_package(at, package, rules, Handlings(CODEC.decode_handling)))
    return store


def held_in(reader: LogReader, log: Log) -> list[int]:
    states = reader.run(log.speaker.origin, 0, log.size, 1 << 30).states if log.size else b""
    return [index for index, state in enumerate(states) if state == BodyState.HELD]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 9)),
        st.tuples(st.just("retract"), st.integers(0, 9)),
        st.tuples(st.just("decide"), st.integers(0, 1), st.sampled_from(NoticeStep), st.integers(0, 9), st.booleans()),
    ),
    min_size=2,
    max_size=14,
)


def told(said: list[tuple[object, ...]]) -> Story:
    story = Story()
    for step in said:
        match step:
            case ("ask", int(about)):
                story.ask(about)
            case ("retract", int(about)):
                story.retract(about)
            case ("decide", int(which), NoticeStep() as what, int(about), bool(forged)):
                story.decide(which, what, about, forged=forged)
    return story


@settings(max_examples=400, deadline=None)
@given(said=steps, cuts=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), max_size=20))
def test_any_order_of_arrival_shows_the_same_notices(
    said: list[tuple[object, ...]], cuts: list[tuple[int, int]]
) -> None:
    story = told(said)
    assert outcome(story.logs, cuts) == outcome(story.logs, [])


@settings(max_examples=200, deadline=None)
@given(said=steps)
def test_nothing_is_published_that_its_member_did_not_ask_for_or_has_ended(said: list[tuple[object, ...]]) -> None:
    """Whatever a hostile hub writes: what is shown as published has the content of a request that stands."""
    story = told(said)
    _, views = outcome(story.logs, [])
    wanted = {request: f"2026/{number}" for number, (request, _) in enumerate(story.requests)}
    assert [wanted.get(view.request) for view in views] == [view.reference for view in views]


def test_a_forged_notice_is_set_aside_whichever_entry_comes_first() -> None:
    story = Story()
    story.ask(0)
    story.decide(0, NoticeStep.PUBLISHED, 0, forged=True)
    for cuts in ([(0, 1), (1, 1)], [(1, 1), (0, 1)]):
        told_of: list[tuple[str, int]] = []
        store = arrived(story.logs, cuts, lambda log, notices: told_of.append((log, notices)))  # noqa: B023
        with store.read() as reader:
            assert dict(reader.quarantined(HUB.origin, 0, 1)) == {0: UNASKED}
            assert list(published_views(reader, CODEC)) == []
        assert told_of == [(str(HUB.origin), 1)]


def test_a_forged_decision_displaces_no_honest_one_that_waits_beside_it() -> None:
    """Both wait for versions of one request, which come together."""
    story = Story()
    story.ask(0)
    story.ask(1)
    story.decide(0, NoticeStep.PUBLISHED, 0, forged=False)
    story.decide(1, NoticeStep.PUBLISHED, 1, forged=True)
    assert outcome(story.logs, [(1, 1), (2, 1), (0, 2)]) == outcome(story.logs, [])
    _, views = outcome(story.logs, [(1, 1), (2, 1), (0, 2)])
    assert [view.reference for view in views] == ["2026/0"]
