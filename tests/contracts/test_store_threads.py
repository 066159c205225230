"""What every node's store owes threads of messages: their counts, and what officers did with them."""

from __future__ import annotations

import pytest

from node.domain.envelope import Kind
from node.domain.ids import Origin, RecordId
from node.domain.mentions import Mention, Role
from node.domain.stores import NodeStore
from node.domain.threads import ThreadLog
from tests.simulator.federation import Speaker

FR = Speaker.named("FR").origin
JP = Speaker.named("JP").origin
THREAD = RecordId(FR, b"\x01" * 32)
OTHER = RecordId(FR, b"\x02" * 32)


def put(store: NodeStore, *said: tuple[Origin, int, Role, RecordId]) -> None:
    with store.write() as tx:
        for origin in (FR, JP):
            tx.open_log(origin)
        tx.put_mentions(
            [
                Mention(origin=origin, index=index, kind=Kind.CONSULTATION, role=role, record=record)
                for origin, index, role, record in said
            ]
        )


@pytest.fixture
def threads(store: NodeStore) -> NodeStore:
    """A thread with messages in two logs, and another thread."""
    put(
        store,
        (FR, 3, Role.OPENS, THREAD),
        (FR, 8, Role.THREAD, THREAD),
        (FR, 8, Role.CLOSES, THREAD),
        (JP, 0, Role.THREAD, THREAD),
        (JP, 5, Role.THREAD, THREAD),
        (JP, 6, Role.ABOUT, THREAD),
        (JP, 7, Role.OPENS, OTHER),
    )
    return store


def test_a_new_store_has_no_thread(store: NodeStore) -> None:
    with store.read() as tx:
        assert tx.openings(limit=5) == []
        assert tx.thread_logs(THREAD, "Sato") == []
        assert tx.thread_messages(THREAD, FR, 5) == []
        assert (tx.read_places(THREAD, "Sato"), tx.cases_of_thread(THREAD)) == ({}, [])
        assert tx.muted_threads([THREAD]) == set()


def test_the_messages_of_a_thread_are_counted_in_each_log(threads: NodeStore) -> None:
    with threads.read() as tx:
        assert tx.thread_logs(THREAD, "Sato") == [
            ThreadLog(origin=FR, messages=2, last=8, unread=2),
            ThreadLog(origin=JP, messages=2, last=5, unread=2),
        ]
        assert tx.thread_messages(THREAD, FR, 5) == [3, 8]
        assert tx.thread_messages(THREAD, JP, 1) == [0]
        assert (tx.closing_logs(THREAD), tx.closing_logs(OTHER)) == ({FR}, set())


def test_openings_come_in_log_order_and_in_pages(threads: NodeStore) -> None:
    with threads.read() as tx:
        first = tx.openings(limit=1)
        assert [(each.origin, each.index, each.record) for each in first] == [(FR, 3, THREAD)]
        rest = tx.openings(limit=5, after=(FR, 3))
        assert [(each.origin, each.index, each.record) for each in rest] == [(JP, 7, OTHER)]
        assert tx.openings(limit=5, after=(JP, 7)) == []


def test_what_an_officer_read_is_no_longer_unread_for_this_officer_alone(threads: NodeStore) -> None:
    with threads.write() as tx:
        tx.put_read_places(THREAD, "Sato", {JP: 0, FR: 8})
    with threads.read() as tx:
        assert [each.unread for each in tx.thread_logs(THREAD, "Sato")] == [0, 1]
        assert [each.unread for each in tx.thread_logs(THREAD, "Dupont")] == [2, 2]
        assert [each.unread for each in tx.thread_logs(OTHER, "Sato")] == [1]
        assert tx.read_places(THREAD, "Sato") == {JP: 0, FR: 8}


def test_a_place_never_goes_back_and_an_unknown_log_has_none(threads: NodeStore) -> None:
    unknown = Speaker.named("DE").origin
    with threads.write() as tx:
        tx.put_read_places(THREAD, "Sato", {JP: 5})
        tx.put_read_places(THREAD, "Sato", {JP: 0, unknown: 9})
        tx.put_read_places(THREAD, "Sato", {})
        assert tx.read_places(THREAD, "Sato") == {JP: 5}


def test_a_thread_is_left_and_joined_again(threads: NodeStore) -> None:
    with threads.write() as tx:
        tx.set_muted(THREAD, muted=True)
        tx.set_muted(THREAD, muted=True)
        assert tx.muted_threads([OTHER, THREAD]) == {THREAD}
        tx.set_muted(THREAD, muted=False)
        tx.set_muted(OTHER, muted=False)
        assert tx.muted_threads([OTHER, THREAD]) == set()


def test_a_thread_belongs_to_cases_until_they_are_purged(threads: NodeStore) -> None:
    with threads.write() as tx:
        for case in ("B-2", "A-1", "A-1"):
            tx.put_thread_case(THREAD, case)
        tx.put_thread_case(OTHER, "B-2")
        assert tx.cases_of_thread(THREAD) == ["A-1", "B-2"]
        tx.forget_case("B-2")
        assert (tx.cases_of_thread(THREAD), tx.cases_of_thread(OTHER)) == (["A-1"], [])
