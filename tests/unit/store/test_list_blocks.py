"""Blocks of rows of lists: nothing is lost in one, and nothing stays of a row that is gone."""

from __future__ import annotations

import random
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA
from node.domain.lists import ReferenceList
from node.domain.references import At, ListHead, Reference, Withdrawal
from node.domain.statements import Tri
from node.errors import Damaged
from node.store.kept_kinds import LISTED
from node.store.list_codec import BLOCK_ROWS, by_column, pack_blocks, unpack_hashes, unpack_qualities, unpack_rows
from node.store.store import SqliteNodeStore
from tests.stores import fresh_store

TAG = b"a mark: "
numbers = st.integers(-1, 2**62)
texts = st.one_of(st.sampled_from(("", "a", "\ud83d", "\x01", "é")), st.text(max_size=12))


def hashes(size: int) -> st.SearchStrategy[bytes]:
    return st.one_of(st.just(b""), st.binary(min_size=size, max_size=size))


@st.composite
def references(draw: st.DrawFn) -> Reference:
    row = Reference(
        at=At(draw(numbers), draw(numbers), draw(numbers), draw(texts)),
        id=draw(texts),
        md5=draw(hashes(16)),
        sha1=draw(hashes(20)),
        sha256=draw(hashes(32)),
        pdq=draw(hashes(32)),
        pdq_quality=draw(st.integers(-1, 100)),
        photodna=draw(hashes(144)),
        code=draw(st.one_of(st.none(), texts)),
        victim_identified=draw(st.sampled_from(Tri)),
        baseline=draw(st.sampled_from(Tri)),
        series=draw(texts),
        size=draw(numbers),
        not_searched=draw(st.sampled_from(((), ("ZZ40",), ("a", "b")))),
        disputes=draw(st.integers(0, 9)),
        warnings=draw(st.sampled_from(((), ("bad-md5",)))),
        changed=draw(texts),
    )
    spelt = [row.md5.hex(), row.sha1.hex().upper(), b64encode(row.photodna).decode(), row.md5.hex().upper()]
    said = draw(st.lists(st.sampled_from([*spelt, '{"MD5":"', "\x01\x04", row.series]), max_size=5))
    return row._replace(said="".join(said))


@given(st.lists(references(), min_size=1, max_size=9))
def test_rows_come_out_of_a_block_as_they_were(rows: list[Reference]) -> None:
    (block,) = pack_blocks(by_column(rows))
    assert unpack_rows(block, range(len(rows)), words=True) == rows
    assert unpack_rows(block, range(len(rows))) == [row._replace(said="") for row in rows]
    assert unpack_rows(block, [len(rows) - 1], words=True) == rows[-1:]
    assert unpack_qualities(block, "pdq_quality").tolist() == [row.pdq_quality for row in rows]
    found = {kind: (slots.tolist(), values.tobytes()) for kind, slots, values in unpack_hashes(block)}
    for kind, field in LISTED.items():
        each = [getattr(row, field.value) for row in rows]
        slots = [slot for slot, value in enumerate(each) if value]
        assert found.get(kind, ([], b"")) == (slots, b"".join(each))


@given(st.lists(references(), min_size=1, max_size=3), st.data())
def test_a_damaged_block_is_a_damaged_store_or_gives_rows(rows: list[Reference], data: st.DataObject) -> None:
    (block,) = pack_blocks(by_column(rows))
    cut = data.draw(st.integers(0, len(block) - 1))
    flipped = bytearray(block)
    flipped[cut] ^= data.draw(st.integers(1, 255))
    for bad in (block[:cut], bytes(flipped)):
        for read in (
            unpack_hashes,
            lambda given: unpack_rows(given, [0]),
            lambda given: unpack_rows(given, [0], words=True),
        ):
            with suppress(Damaged):
                assert read(bad) is not None


def test_a_hash_is_kept_once_however_its_row_spells_it() -> None:
    rng = random.Random(1)
    rows = []
    for number in range(BLOCK_ROWS):
        row = Reference(At(number), md5=rng.randbytes(16), sha1=rng.randbytes(20), photodna=rng.randbytes(144))
        said = f'{{"MD5":"{row.md5.hex()}","SHA1":"{row.sha1.hex().upper()}","P":"{b64encode(row.photodna).decode()}"}}'
        rows.append(row._replace(said=said))
    (block,) = pack_blocks(by_column(rows))
    assert len(block) < BLOCK_ROWS * (16 + 20 + 144 + 12)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteNodeStore]:
    made = fresh_store(tmp_path / "node.db")
    yield made
    made.close()


def marked(rng: random.Random, number: int) -> Reference:
    """A row whose PhotoDNA can be recognised in a file."""
    return Reference(
        At(number), md5=rng.randbytes(16), pdq=rng.randbytes(32), photodna=TAG + rng.randbytes(136), said=f"{number}"
    )


def new_list(store: SqliteNodeStore) -> int:
    with store.write() as writer:
        return writer.put_list(ReferenceList(number=0, name="L", head=ListHead(format="vics")))


def left_in(folder: Path, rows: list[Reference]) -> int:
    """How many of these rows left a hash in any file."""
    data = b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
    return sum(row.photodna in data or row.pdq in data for row in rows)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_row_that_is_gone_leaves_no_byte_and_its_neighbours_stay(
    store: SqliteNodeStore, tmp_path: Path, seed: int
) -> None:
    """However it goes: withdrawn, changed by a later file, or not named by it any more."""
    rng = random.Random(seed)
    number = new_list(store)
    rows = [marked(rng, each) for each in range(1_000)]
    for start in range(0, len(rows), 300):
        with store.write() as writer:
            writer.put_rows(number, 1, rows[start : start + 300])
    order = rng.sample(range(len(rows)), len(rows))
    gone = [rows[at] for at in order[:400]]
    for start in range(0, 400, 50):
        with store.write() as writer:
            taken = writer.withdraw_rows(number, [Withdrawal(At(), "", row) for row in gone[start : start + 50]])
            assert taken.withdrawn == 50
    again = [rows[at] for at in sorted(order[400:800])]
    with store.write() as writer:
        assert writer.put_rows(number, 2, again).unchanged == 400
    old = [rows[at] for at in sorted(order[800:])]
    with store.write() as writer:
        assert len(writer.delete_rows(number, 150, before=2)) == 150
        assert len(writer.delete_rows(number, 150, before=2)) == 50
        assert writer.delete_rows(number, 150, before=2) == []
    store.scrub()
    assert left_in(tmp_path, gone + old) == 0
    assert left_in(tmp_path, again) == len(again)
    with store.read() as reader:
        assert [row.reference for row in reader.rows_of_list(number, 0, 1_000, words=True)] == again
        named = reader.list_named("L")
        assert named is not None
        assert named.rows == 400
    with store.write() as writer:
        assert len(writer.delete_rows(number, 1_000)) == 400
    store.scrub()
    assert left_in(tmp_path, rows) == 0


def test_pages_and_columns_pass_over_rows_that_are_gone(store: SqliteNodeStore) -> None:
    rng = random.Random(3)
    number = new_list(store)
    rows = [marked(rng, each) for each in range(3 * BLOCK_ROWS)]
    with store.write() as writer:
        ids = writer.put_rows(number, 1, rows).added
        middle = rows[BLOCK_ROWS - 5 : 2 * BLOCK_ROWS]
        writer.withdraw_rows(number, [Withdrawal(At(), "", row) for row in [*middle, rows[-1]]])
    left = [*ids[: BLOCK_ROWS - 5], *ids[2 * BLOCK_ROWS : -1]]
    with store.read() as reader:
        for limit in (1, BLOCK_ROWS - 5, BLOCK_ROWS, 1_000):
            after, paged, columns = 0, [], []
            while page := reader.rows_of_list(number, after, limit):
                found = reader.list_columns(number, after, limit)
                assert found is not None
                prints, after, count = found
                assert (after, count) == (page[-1].id, len(page))
                paged += [row.id for row in page]
                by_code = {each.code: each.rows.tolist() for each in prints.columns}
                assert by_code[MD5.code] == by_code[PDQ.code] == by_code[PHOTODNA.code]
                columns += by_code[MD5.code]
            assert paged == columns == left
            assert reader.list_columns(number, left[-1], limit) is None
        assert set(reader.list_rows(ids)) == set(left)
        assert reader.last_list_row() == ids[-1]


def test_rows_that_a_later_file_says_again_stay_and_their_blocks_are_of_one_age(
    store: SqliteNodeStore, tmp_path: Path
) -> None:
    rng = random.Random(4)
    number = new_list(store)
    rows = [marked(rng, each) for each in range(2 * BLOCK_ROWS)]
    seen = rows[: BLOCK_ROWS + 50]
    with store.write() as writer:
        ids = writer.put_rows(number, 1, rows).added
        for start in range(0, len(seen), 50):
            some = seen[start : start + 50]
            assert writer.put_rows(number, 2, some).unchanged == len(some)
    assert ages(tmp_path) == [(2, 0), (1, BLOCK_ROWS)]
    with store.write() as writer:
        assert writer.delete_rows(number, 1_000, before=2) == ids[len(seen) :]
        assert writer.put_rows(number, 3, seen).unchanged == len(seen)
        assert writer.delete_rows(number, 1_000, before=3) == []
    # Where rows are gone, each slot has an age of its own.
    assert ages(tmp_path) == [(3, 0), (3, BLOCK_ROWS)]


def ages(folder: Path) -> list[tuple[int, int]]:
    """(Earliest age of a row, how many ages are kept one by one) of each block."""
    with closing(sqlite3.connect(folder / "node.db")) as connection:
        query = "SELECT generation, length(generations) / 4 FROM list_blocks ORDER BY last"
        return connection.execute(query).fetchall()
