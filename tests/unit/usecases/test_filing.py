"""What statements of cooperation mention is filed with their bodies, in every order, and checked."""

from __future__ import annotations

from itertools import permutations

import pytest

from node.domain.batch import BodyState
from node.domain.consultations import Consultation, ConsultationStep
from node.domain.envelope import Kind
from node.domain.groups import Group, GroupStep
from node.domain.ids import RecordId
from node.domain.mentions import Mention, Role
from node.domain.statements import Cooperation, Retraction
from node.domain.watches import WatchReply, WatchState
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.fsck import check_store
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import Log, Speaker, picture, roster
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC
from tests.unit.usecases.linked import link_of

FR, JP, BR = map(Speaker.named, ("FR", "JP", "BR"))
ROSTER = roster(FR, JP, BR)
OPEN, REPLY = ConsultationStep.OPEN, ConsultationStep.REPLY
ELSEWHERE = RecordId(FR.origin, bytes([9]) * 32)


def taken(*runs: tuple[Log, int, int]) -> MemoryStore:
    """A store that took these runs of logs in this order."""
    store = MemoryStore()
    catalogue = Catalogue(store=store, index=None, codec=CODEC)
    for log, start, stop in runs:
        with catalogue.change() as change:
            at = position(change.writer, change.writer.open_log(log.speaker.origin))
            rules = Rules(roster=ROSTER, copy=Copy(reader=None), cosigned=True)
            package = log.package(start, stop, hub=True)
            change.apply(verify_package(at, package, rules, Handlings(CODEC.decode_handling)))
    return store


def faults(store: MemoryStore) -> list[str]:
    return [fault for report in check_store(store, ROSTER, CODEC) for fault in report.faults]


def filed(store: MemoryStore, log: Log) -> list[tuple[int, Role, RecordId]]:
    with store.read() as reader:
        found = reader.mentions(log.speaker.origin, 0, log.size)
    return [(each.index, each.role, each.record) for each in found]


@pytest.mark.parametrize(
    ("said", "kind", "role"),
    [
        (Consultation(step=REPLY, thread=ELSEWHERE, text="yes", at=1), Kind.CONSULTATION, Role.THREAD),
        (
            Consultation(step=OPEN, subject="a", text="b", about=(ELSEWHERE,), at=1),
            Kind.CONSULTATION,
            Role.ABOUT,
        ),
        (WatchReply(watch=ELSEWHERE, state=WatchState.KEPT, at=1), Kind.WATCH_REPLY, Role.WATCH),
        (Group(step=GroupStep.ACCEPT, group=ELSEWHERE), Kind.GROUP, Role.GROUP),
    ],
    ids=lambda each: each.name.lower() if isinstance(each, Role) else "",
)
def test_each_kind_is_filed_under_what_it_is_about(said: Cooperation, kind: Kind, role: Role) -> None:
    log = Log(JP)
    log.say(said, kind=kind)
    store = taken((log, 0, 1))
    assert (0, role, ELSEWHERE) in filed(store, log)
    assert faults(store) == []


def test_a_link_is_filed_under_the_first_versions_in_every_order_of_arrival() -> None:
    fr, jp, br = Log(FR), Log(JP), Log(BR)
    (first,) = fr.pictures([1])
    newest = fr.say(picture(2), kind=Kind.CORRECTION, target=first)
    (other,) = jp.pictures([3])
    br.say(link_of(newest, other), kind=Kind.LINK)
    expected = sorted([(0, Role.LINKED, first), (0, Role.LINKED, other)], key=str)
    runs = [(fr, 0, 1), (fr, 1, 2), (jp, 0, 1), (br, 0, 1)]
    for order in permutations(runs):
        if order.index(runs[0]) < order.index(runs[1]):
            store = taken(*order)
            assert sorted(filed(store, br), key=str) == expected
            assert faults(store) == []


def test_a_link_ends_with_a_record_in_every_order_of_arrival() -> None:
    """The retraction may come first, and then the link comes without an effect."""
    fr, jp, br = Log(FR), Log(JP), Log(BR)
    (gone,) = fr.pictures([1])
    fr.say(Retraction(), kind=Kind.RETRACTION, target=gone)
    (other,) = jp.pictures([3])
    br.say(link_of(gone, other), kind=Kind.LINK)
    runs = [(fr, 0, 1), (fr, 1, 2), (jp, 0, 1), (br, 0, 1)]
    for order in permutations(runs):
        if order.index(runs[0]) < order.index(runs[1]):
            store = taken(*order)
            with store.read() as reader:
                assert reader.entry_at(BR.origin, 0)[1] == BodyState.PURGED
            assert filed(store, br) == []
            assert faults(store) == []


def test_a_body_that_cannot_be_read_mentions_nothing() -> None:
    log = Log(JP)
    log.say(b"\xff\xff", kind=Kind.LINK)
    store = taken((log, 0, 1))
    assert filed(store, log) == []
    assert faults(store) == []


def test_a_check_names_a_statement_that_is_filed_wrongly() -> None:
    log = Log(JP)
    records = log.pictures([1, 2])
    log.say(link_of(*records), kind=Kind.LINK)
    store = taken((log, 0, 3))
    assert faults(store) == []
    mention = Mention(origin=JP.origin, index=2, kind=Kind.LINK, role=Role.LINKED, record=records[0])
    place = (JP.origin, 2)
    kept = store._state.mentions[place]
    for wrong in ((mention,), (*kept, mention._replace(record=ELSEWHERE)), (mention._replace(role=Role.ABOUT), *kept)):
        store._state.mentions[place] = wrong
        (fault,) = faults(store)
        assert fault.startswith("entry 2 is not filed under what it is about")


def test_a_check_names_what_a_deleted_statement_was_about() -> None:
    log = Log(JP)
    records = log.pictures([1, 2])
    log.say(link_of(*records), kind=Kind.LINK)
    store = taken((log, 0, 3))
    kept = store._state.mentions[JP.origin, 2]
    with store.write() as writer:
        writer.purge(JP.origin, [2])
    store._state.mentions[JP.origin, 2] = kept
    (fault,) = faults(store)
    assert fault.startswith("entry 2 has no body, but what it was about is still filed")
