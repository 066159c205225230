"""What the tables promise beyond the port: nothing left in memory, nothing made slow, no more memory than needed."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from node.domain.batch import FingerprintColumn, FingerprintColumns
from node.domain.fingerprint_kinds import MD5, PDQ, PHASH, SHA1, SHA256
from node.errors import Misuse
from node.match.digests import DigestTable
from node.match.flat import CHUNK, FIRST_ROOM, FlatTable
from node.match.index import LocalIndex
from node.match.rows import PAGE, RowSets
from tests.unit.match.builders import array_columns, columns

MARK = bytes(range(1, 33))


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def qualities(count: int) -> np.ndarray:
    return np.full(count, 80, dtype=np.int16)


def values(count: int, size: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size), dtype=np.uint8)


def mark(size: int, count: int = 1) -> np.ndarray:
    return np.tile(np.frombuffer(MARK[:size], dtype=np.uint8), (count, 1))


def flat_words(table: FlatTable) -> list[bytes]:
    """Every hash in the table's memory, dead slots included."""
    return [column.tobytes() for chunk in table._chunks for column in chunk.words.T]


@pytest.mark.parametrize("size", [PHASH.size, PDQ.size])
def test_a_removed_hash_is_nowhere_in_memory(size: int) -> None:
    table = FlatTable(size)
    table.add(1, rows(0, 1, 2), np.concatenate([values(2, size), mark(size)]), qualities(3))
    assert MARK[:size] in flat_words(table)
    assert table.remove(1, rows(2)) == 1
    assert MARK[:size] not in flat_words(table)


@pytest.mark.parametrize("size", [MD5.size, SHA1.size, SHA256.size])
def test_a_removed_digest_is_nowhere_in_memory_nor_in_what_growing_left_behind(size: int) -> None:
    table = DigestTable(size)
    table.add(1, rows(7), mark(size), qualities(1))
    left_behind = table._values
    assert MARK[:size] in left_behind.tobytes()
    table.add(1, np.arange(100, 5_000), values(4_900, size), qualities(4_900))
    assert table._values is not left_behind
    assert MARK[:size] not in left_behind.tobytes()
    assert MARK[:size] in table._values.tobytes()
    assert table.remove(1, rows(7)) == 1
    assert MARK[:size] not in table._values.tobytes()


def test_clearing_overwrites() -> None:
    flat, digests = FlatTable(PDQ.size), DigestTable(SHA256.size)
    for table in (flat, digests):
        table.add(1, rows(0), mark(32), qualities(1))
    chunk, column = flat._chunks[0].words, digests._values
    flat.clear()
    digests.clear()
    assert not chunk.any()
    assert MARK not in column.tobytes()


def test_emptied_slots_are_filled_before_the_table_grows() -> None:
    table = FlatTable(PDQ.size)
    table.add(1, np.arange(CHUNK), values(CHUNK, 32), qualities(CHUNK))
    reserved = table.nbytes
    for turn in range(3):
        assert table.remove(turn + 1, np.arange(0, CHUNK, 2)) == (CHUNK // 2)
        table.remove(turn + 1, np.arange(1, CHUNK, 2))
        table.add(turn + 2, np.arange(CHUNK), values(CHUNK, 32, turn), qualities(CHUNK))
    assert len(table) == CHUNK
    assert table.nbytes == reserved


def test_digests_that_come_and_go_do_not_make_the_table_grow() -> None:
    table = DigestTable(MD5.size)
    for turn in range(20):
        table.add(1, np.arange(2_000), values(2_000, 16, turn), qualities(2_000))
        assert table.nbytes <= 4_096 * (16 + 4 + 8 + 4 + 4)
        table.remove(1, np.arange(2_000))
    assert len(table) == 0


def test_a_digest_table_gives_memory_back_once_most_of_it_is_dead() -> None:
    table = DigestTable(MD5.size)
    table.add(1, np.arange(50_000), values(50_000, 16), qualities(50_000))
    reserved = table.nbytes
    table.remove(1, np.arange(100, 50_000))
    assert table.nbytes < reserved // 10
    assert len(table) == 100
    assert sorted(table.search(values(50_000, 16).view(np.uint32), 0).row.tolist()) == list(range(100))


@pytest.mark.parametrize("copies", [FIRST_ROOM - 1, FIRST_ROOM, FIRST_ROOM + 1, 5 * FIRST_ROOM])
def test_more_hits_than_there_was_room_for_are_all_told(copies: int) -> None:
    flat, digests = FlatTable(PDQ.size), DigestTable(SHA256.size)
    for table, word in ((flat, np.uint64), (digests, np.uint32)):
        table.add(1, np.arange(copies), mark(32, copies), qualities(copies))
        found = table.search(mark(32).view(word), 0)
        assert sorted(found.row.tolist()) == list(range(copies))


def test_a_table_that_moves_its_digests_does_not_look_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches once passed such a table over, and so missed what had been in it for long."""
    table = DigestTable(MD5.size)
    table.add(1, np.arange(1_000), values(1_000, 16), qualities(1_000))
    told: list[int] = []
    asking = threading.Thread(target=lambda: told.append(len(table)))
    reset = DigestTable._reset

    def ask_in_the_middle(self: DigestTable, capacity: int) -> None:
        reset(self, capacity)
        asking.start()
        asking.join(0.1)  # it may not end before the move has

    monkeypatch.setattr(DigestTable, "_reset", ask_in_the_middle)
    table.add(2, np.arange(100), values(100, 16, 2), qualities(100))
    asking.join()
    assert told == [1_100]


def test_equal_digests_are_chained_and_do_not_slow_others_down() -> None:
    """A member that repeats one digest makes one long chain, which no other digest is in."""
    table = DigestTable(MD5.size)
    count = 50_000
    table.add(1, np.arange(count), mark(16, count), qualities(count))
    table.add(2, np.arange(count), values(count, 16), qualities(count))
    chain = {}
    for head in np.flatnonzero(table._heads >= 0).tolist():
        length, slot = 0, int(table._heads[head])
        while slot >= 0:
            length, slot = length + 1, int(table._following[slot])
        chain[head] = length
    assert sorted(chain.values())[-2] < 20


def test_buckets_are_chosen_by_a_secret() -> None:
    stored = values(1_000, 16)
    tables = [DigestTable(MD5.size) for _ in range(2)]
    for table in tables:
        table.add(1, np.arange(1_000), stored, qualities(1_000))
    assert tables[0]._heads.tolist() != tables[1]._heads.tolist()


def test_an_odd_quality_is_no_match() -> None:
    index = LocalIndex()
    index.add(1, columns(PDQ, [0, 1, 2], [MARK] * 3, [101, -2, 90]))
    assert index.counts()["pdq"] == 1


@pytest.mark.parametrize("source", [-1, 2**31])
def test_a_source_out_of_range_is_refused(source: int) -> None:
    with pytest.raises(Misuse, match="source"):
        LocalIndex().add(source, columns(PDQ, [0], [MARK]))
    with pytest.raises(Misuse, match="source"):
        LocalIndex().remove(source, [0])


@pytest.mark.parametrize("code", [PDQ.code, SHA256.code])
@pytest.mark.parametrize("fault", ["size", "rows", "quality", "negative"])
def test_a_crooked_column_is_refused_before_anything_is_added(code: int, fault: str) -> None:
    straight = array_columns(SHA1.code, 0, values(2, SHA1.size)).columns[0]
    crooked = FingerprintColumn(
        code=code,
        rows=np.array([0, -1] if fault == "negative" else [0] if fault == "rows" else [0, 1], dtype=np.int64),
        values=values(2, 31 if fault == "size" else 32),
        quality=qualities(3 if fault == "quality" else 2),
    )
    index = LocalIndex()
    with pytest.raises(Misuse):
        index.add(1, FingerprintColumns(columns=[straight, crooked]))
    assert index.sizes() == {}
    assert set(index.counts().values()) == {0}


def test_rows_of_any_order_and_size_are_counted_once() -> None:
    sets = RowSets()
    sets.add(1, rows(PAGE, 0, PAGE - 1, 5 * PAGE, 0, PAGE))
    sets.add(1, rows(0))
    sets.add(2, rows(2**40))
    assert sets.sizes() == {1: 4, 2: 1}
    sets.remove(1, rows(PAGE - 1, PAGE, 7, 9 * PAGE))
    sets.remove(3, rows(1))
    assert sets.sizes() == {1: 2, 2: 1}
    sets.remove(2, rows(2**40))
    assert sets.sizes() == {1: 2}
    assert not sets._pages[2]
    sets.clear()
    assert sets.sizes() == {}
