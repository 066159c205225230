"""What every store owes a transaction, a snapshot and several threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from node.domain.stores import NodeStore
from node.errors import Conflict, Misuse, StoreError
from tests.simulator.batches import FR, append, batch, disclosure
from tests.stores import EVERYTHING


class Unrelated(Exception):
    """Somebody else's error."""


def test_an_error_inside_a_block_undoes_all_of_it_and_passes(store: NodeStore) -> None:
    append(store, batch(store, FR, ["a"]))
    more = batch(store, FR, ["b"])

    def fail_at_the_end() -> None:
        with store.write() as writer:
            writer.append(more)
            writer.purge(FR, [0])
            writer.set_setting("name", b"value")
            writer.acknowledge([(FR, b"entry", b"l" * 32, disclosure("p"))])
            raise Unrelated

    with pytest.raises(Unrelated):
        fail_at_the_end()
    with store.read() as reader:
        run = reader.run(FR, 0, 9, EVERYTHING)
        assert (len(run.entries), list(run.states)) == (1, [0])
        assert run.bodies[0] == disclosure("a").body
        assert reader.setting("name") == b""
        assert reader.pending(FR, 9) == []


def test_a_writer_reads_what_it_wrote(store: NodeStore) -> None:
    made = batch(store, FR, ["a", "b"])
    with store.write() as writer:
        writer.open_log(FR)
        writer.append(made)
        assert len(writer.run(FR, 0, 9, EVERYTHING).entries) == 2
        writer.purge(FR, [0])
        assert writer.run(FR, 0, 9, EVERYTHING).bodies[0] == b""


def test_a_snapshot_is_that_of_the_beginning_of_its_block(store: NodeStore) -> None:
    append(store, batch(store, FR, ["a"]))
    with store.read() as reader:
        append(store, batch(store, FR, ["b"]))
        with store.write() as writer:
            writer.purge(FR, [0])
        seen = reader.run(FR, 0, 9, EVERYTHING)
        log = reader.log(FR)
        assert log is not None
        assert (log.size, len(seen.entries), bool(seen.bodies[0])) == (1, 1, True)
    with store.read() as reader:
        log = reader.log(FR)
        assert log is not None
        assert log.size == 2


def test_a_transaction_inside_a_transaction_of_the_same_thread_is_refused(store: NodeStore) -> None:
    with store.write() as writer:
        writer.set_setting("name", b"value")
        with pytest.raises(Misuse), store.write():
            pass
    with store.read() as reader:
        assert reader.setting("name") == b"value"


def test_a_second_writer_waits_for_the_first(store: NodeStore) -> None:
    began, order = threading.Event(), []

    def second() -> None:
        began.set()
        with store.write() as writer:
            order.append("second")
            writer.set_setting("name", writer.setting("name") + b"2")

    with ThreadPoolExecutor(1) as pool:
        with store.write() as writer:
            waiting = pool.submit(second)
            assert began.wait(30)
            writer.set_setting("name", b"1")
            order.append("first")
        waiting.result(30)
    assert order == ["first", "second"]
    with store.read() as reader:
        assert reader.setting("name") == b"12"


def test_of_appends_at_one_place_from_many_threads_one_wins(store: NodeStore) -> None:
    append(store, batch(store, FR, ["a"]))
    rivals = [batch(store, FR, [f"rival {number}"]) for number in range(8)]

    def size_in_the_way(number: int) -> int:
        try:
            append(store, rivals[number])
        except Conflict as lost:
            return lost.have
        return 0

    with ThreadPoolExecutor(8) as pool:
        lost = list(pool.map(size_in_the_way, range(8)))
    assert sorted(lost) == [0] + [2] * 7
    with store.read() as reader:
        assert list(reader.run(FR, 1, 9, EVERYTHING).entries) == list(rivals[lost.index(0)].entries)


def test_readers_and_writers_in_many_threads_see_whole_transactions(store: NodeStore) -> None:
    append(store, batch(store, FR, ["start"]))

    def write(number: int) -> None:
        with store.write() as writer:
            count = int(writer.setting("count") or b"0")
            writer.set_setting("count", b"%d" % (count + 1))
            writer.set_setting("twice", b"%d" % (2 * count + 2))
            writer.set_setting(f"{number}", b"x")

    def read(_: int) -> bool:
        with store.read() as reader:
            return 2 * int(reader.setting("count") or b"0") == int(reader.setting("twice") or b"0")

    with ThreadPoolExecutor(8) as pool:
        reads = [pool.submit(read, number) for number in range(40)]
        writes = [pool.submit(write, number) for number in range(40)]
        assert all(each.result(60) for each in reads)
        assert [each.result(60) for each in writes] == [None] * 40
    with store.read() as reader:
        assert reader.setting("count") == b"40"


def test_a_healthy_store_finds_nothing_wrong_with_itself(store: NodeStore) -> None:
    append(store, batch(store, FR, ["a"]))
    store.scrub()
    assert store.check() == []


def test_a_closed_store_says_so_and_closing_it_again_changes_nothing(store: NodeStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"), store.read():
        pass
    with pytest.raises(StoreError, match="closed"), store.write():
        pass
    with pytest.raises(StoreError, match="closed"):
        store.scrub()
    with pytest.raises(StoreError, match="closed"):
        store.check()
