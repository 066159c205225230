"""What a check of the store says of the checkpoints that are stored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.statements import Comment, Retraction
from node.tlog.merkle import EMPTY_ROOT
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.fsck import check_store
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import Log, Speaker, roster
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC

FR, JP = Speaker.named("FR"), Speaker.named("JP")
ROSTER = roster(FR, JP)


def a_store(log: Log) -> MemoryStore:
    """Six entries of the log, under checkpoints of 9 and then of 12."""
    store = MemoryStore()
    catalogue = Catalogue(store=store, index=None, codec=CODEC)
    rules = Rules(roster=ROSTER, copy=Copy(reader=JP.id), cosigned=True)
    for start, stop, size in ((0, 4, 9), (4, 6, 12)):
        with catalogue.change() as change:
            at = position(change.writer, change.writer.open_log(FR.origin))
            package = log.package(start, stop, at=size, hub=True)
            change.apply(verify_package(at, package, rules, Handlings(CODEC.decode_handling)))
    return store


def faults(store: MemoryStore) -> list[str]:
    return [fault for report in check_store(store, ROSTER) for fault in report.faults]


def test_checkpoints_that_are_not_reached_yet_are_no_fault() -> None:
    log = Log(FR)
    log.pictures(range(12))
    assert faults(a_store(log)) == []


@pytest.mark.parametrize(
    ("note", "size"),
    [(JP.note(9, EMPTY_ROOT), 9), (FR.note(9, EMPTY_ROOT), 10), (b"no note", 9)],
    ids=["of another log", "of another size", "no note"],
)
def test_a_checkpoint_to_be_reached_that_is_none_is_named(note: bytes, size: int) -> None:
    log = Log(FR)
    log.pictures(range(12))
    store = a_store(log)
    with store.write() as writer:
        writer.set_anchor(FR.origin, note, size)
    (fault,) = faults(store)
    assert fault.startswith("the checkpoint to be reached")


def a_thread() -> tuple[MemoryStore, RecordId]:
    """A record, a comment on it, and the chain that both belong to."""
    log = Log(FR)
    (record,) = log.pictures([1])
    log.say(Comment(text="seen"), kind=Kind.COMMENT, target=record)
    log.pictures(range(2, 6))
    for number in range(6):
        log.say(Retraction(), kind=Kind.RETRACTION, target=log.pictures([10 + number])[0])
    return a_store(log), record


def test_what_is_filed_under_another_record_than_it_points_at_is_named() -> None:
    store, record = a_thread()
    assert faults(store) == []
    with store.write() as writer:
        (link,) = writer.linked(record, [Kind.COMMENT])
        writer.put_links([replace(link, chain=RecordId(FR.origin, bytes(32)))])
    assert any("entry 1 is not filed under the record" in fault for fault in faults(store))


def test_a_body_that_outlived_the_retraction_of_its_record_is_named() -> None:
    store, record = a_thread()
    with store.write() as writer:
        chain = writer.chain(record)
        assert chain is not None
        writer.put_chain(replace(chain, ended=True))
    (fault,) = faults(store)
    assert fault.startswith("entry 1 still has a body, though its record was retracted")
