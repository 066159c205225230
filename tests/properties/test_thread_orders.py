"""A thread is the same at a node in whatever order the logs of the others arrive, hostile ones too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.batch import Package
from node.domain.consultations import Consultation, ConsultationStep
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId
from node.domain.statements import Retraction
from node.errors import NotFound
from node.tlog.merkle import leaf_hash
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.replica import Rules, position, verify_package
from node.usecases.threads import Thread, Threads
from tests.simulator.federation import TODAY, Log, Speaker, entry_of, roster
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC

SPEAKERS = [Speaker.named("FR"), Speaker.named("FR", epoch=2), Speaker.named("JP"), Speaker.named("DE")]
ROSTER = roster(*SPEAKERS)
READER = SPEAKERS[2]
MEMBERS = tuple(MemberId(each) for each in ("DE", "FR", "JP"))
NOWHERE = 12
"""From this number on a message names what nobody said."""


@dataclass(frozen=True)
class Step:
    """What a member says: where, about which of the messages before, after which ones, when, and to whom."""

    who: int
    what: str
    about: int
    after: tuple[int, ...]
    at: int
    to: frozenset[int]


steps = st.lists(
    st.builds(
        Step,
        who=st.integers(0, 3),
        what=st.sampled_from(["reply", "reply", "reply", "open", "close", "revise", "turn", "retract"]),
        about=st.integers(0, 15),
        after=st.lists(st.integers(0, 15), max_size=3, unique=True).map(tuple),
        at=st.integers(0, 3),
        to=st.frozensets(st.integers(0, 2)) | st.just(frozenset(range(3))),
    ),
    min_size=2,
    max_size=14,
)
cuts = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=25)


@dataclass
class Story:
    """The logs of what was said, and the name of every message. `openings`: which of them open a thread."""

    logs: list[Log] = field(default_factory=lambda: [Log(each) for each in SPEAKERS])
    said: list[RecordId] = field(default_factory=list)
    openings: list[RecordId] = field(default_factory=list)

    def tell(self, number: int, step: Step) -> None:
        log = self.logs[step.who]
        own = [each for each in self.said if each.origin == log.speaker.origin]
        what = "open" if not self.said or (step.what in {"revise", "turn", "retract"} and not own) else step.what
        target, kind = None, Kind.CONSULTATION
        if what in {"revise", "turn", "retract"}:
            target = own[step.about % len(own)]
            kind = Kind.RETRACTION if what == "retract" else Kind.REVISION
        closed = Handling(audience=tuple(MEMBERS[each] for each in sorted(step.to)))
        statement = Retraction() if what == "retract" else self._message(number, step, what)
        handling = Handling() if what == "retract" else closed
        nonce = leaf_hash(b"%d" % number)
        entry = entry_of(log.speaker.origin, statement, kind=kind, handling=handling, target=target, nonce=nonce)
        self.said.append(log.add(*entry))
        if what == "open":
            self.openings.append(self.said[-1])

    def _message(self, number: int, step: Step, what: str) -> Consultation:
        after = tuple(dict.fromkeys(self._named(each) for each in step.after))
        if what in {"open", "turn"}:
            return Consultation(
                step=ConsultationStep.OPEN, subject=f"subject {number}", text="t", at=step.at, after=after
            )
        return Consultation(
            step=ConsultationStep.CLOSE if what == "close" else ConsultationStep.REPLY,
            thread=self._named(step.about) if step.about % 4 == 0 else self.openings[step.about % len(self.openings)],
            text=f"word {number}",
            at=step.at,
            after=after,
        )

    def _named(self, number: int) -> RecordId:
        if number >= NOWHERE or not self.said:
            return RecordId(SPEAKERS[number % 4].origin, leaf_hash(b"nowhere %d" % number))
        return self.said[number % len(self.said)]


def threads_at(logs: list[Log], pieces: list[tuple[int, int]]) -> dict[RecordId, Thread]:
    """The threads of a node that got the logs in these pieces (log, how many entries), and then the rest."""
    store = MemoryStore()
    catalogue = Catalogue(store=store, index=None, codec=CODEC)
    for which, count in [*pieces, *((which, 1 << 20) for which in range(len(logs)))]:
        log = logs[which]
        with store.write() as writer:
            at = position(writer, writer.open_log(log.speaker.origin))
        stop = min(log.size, at.state.size + count)
        if stop == at.state.size:
            continue
        rules = Rules(roster=ROSTER, copy=Copy(reader=READER.id, expired_before=TODAY), cosigned=True)
        package = disclosed(log, at.state.size, stop)
        verified = verify_package(at, package, rules, Handlings(CODEC.decode_handling))
        with catalogue.change() as change:
            change.apply(verified)
    found = {}
    with store.read() as tx:
        threads = Threads(tx, CODEC, READER.origin)
        for root in {each.record for each in tx.openings(limit=100)} | {each for log in logs for each in names(log)}:
            try:
                found[root] = threads.thread(root)
            except NotFound:
                continue
        opened = [each.record for each in tx.openings(limit=100)]
    assert len(opened) == len(set(opened)), "a thread is opened once"
    assert {root for root, thread in found.items() if thread.opening} == set(opened)
    return found


def disclosed(log: Log, start: int, stop: int) -> Package:
    """The run as the hub sends it to the reader: without what is not for it."""
    package = log.package(start, stop, hub=True)
    hidden = [
        not CODEC.decode_handling(each).admits(READER.id, log.speaker.id) if each else True
        for each in package.handlings
    ]
    parts: dict[str, Any] = {
        name: [b"" if gone else each for each, gone in zip(getattr(package, name), hidden, strict=True)]
        for name in ("nonces", "bodies", "handling_nonces", "handlings")
    }
    return log.package(start, stop, hub=True, **parts)


def names(log: Log) -> list[RecordId]:
    return [RecordId(log.speaker.origin, leaf_hash(entry)) for entry in log.entries]


@settings(max_examples=250, deadline=None)
@given(steps=steps, cuts=cuts)
def test_any_order_of_arrival_gives_the_same_threads(steps: list[Step], cuts: list[tuple[int, int]]) -> None:
    story = Story()
    for number, step in enumerate(steps):
        story.tell(number, step)
    plain, mixed = threads_at(story.logs, []), threads_at(story.logs, cuts)
    assert mixed == plain


@settings(max_examples=150, deadline=None)
@given(steps=steps)
def test_a_node_reads_only_what_is_for_it_and_each_message_once(steps: list[Step]) -> None:
    story = Story()
    for number, step in enumerate(steps):
        story.tell(number, step)
    for thread in threads_at(story.logs, []).values():
        records = [each.record for each in thread.messages]
        assert len(records) == len(set(records))
        for each in thread.messages:
            origin, index = each.place or (None, 0)
            log = next(log for log in story.logs if log.speaker.origin == origin)
            handling = CODEC.decode_handling(log.disclosures[index].handling)
            assert handling.admits(READER.id, log.speaker.id)
