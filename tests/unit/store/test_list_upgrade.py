"""A database whose lists have one row of a table for each of theirs gets them as blocks, without a loss."""

from __future__ import annotations

import json
import random
import sqlite3
import struct
import zlib
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import pytest
from alembic import command

from node.domain.fingerprint_kinds import MD5, PDQ
from node.domain.references import At, Reference, Withdrawal
from node.domain.statements import Tri
from node.store.store import SqliteNodeStore, open_node_store

BEFORE = "0014"
FIRST, SECOND = 1, 2
"""Two lists."""
COLUMNS = (
    *("id", "list_number", "identity", "generation", "md5", "sha1", "sha256", "pdq", "pdq_quality", "photodna"),
    *("code", "flags", "series", "tags", "media_type", "size", "case_id", "record", "line", "offset", "rest"),
    *("vault_id", "vault_at"),
)

INSERT = f"INSERT INTO list_rows ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608


def old_identity(row: Reference) -> bytes:
    if row.id:
        return blake2b(b"i" + row.id.encode(), digest_size=16).digest()
    hashes = (row.md5, row.sha1, row.sha256, row.pdq, row.photodna)
    return blake2b(b"h" + bytes(map(len, hashes)) + b"".join(hashes), digest_size=16).digest()


def old_block(words: list[str]) -> bytes:
    said = [each.encode("utf-8", "surrogatepass") for each in words]
    lengths = b"".join(struct.pack(">I", len(each)) for each in said)
    return zlib.compress(struct.pack(">H", len(said)) + lengths + b"".join(said), 1)


def old_rest(row: Reference) -> str:
    given: dict[str, object] = {
        "id": row.id,
        "at": row.at.name,
        "not_searched": row.not_searched,
        "audience": row.audience,
    }
    given |= {"handling": row.handling, "disputes": row.disputes, "warnings": row.warnings, "changed": row.changed}
    kept = {name: value for name, value in given.items() if value}
    return json.dumps(kept) if kept else ""


def rows_of(rng: random.Random, count: int) -> list[Reference]:
    rows = []
    for number in range(count):
        md5 = rng.randbytes(16)
        row = Reference(
            at=At(number + 1, number + 2, 300 * number, rng.choice(("", "a-uuid"))),
            id=rng.choice(("", f"id {md5.hex()}")),
            md5=md5,
            sha1=rng.choice((b"", rng.randbytes(20))),
            pdq=rng.choice((b"", rng.randbytes(32))),
            pdq_quality=rng.choice((-1, 77)),
            photodna=rng.choice((b"", rng.randbytes(144))),
            code=rng.choice((None, "1")),
            victim_identified=rng.choice(list(Tri)),
            baseline=rng.choice(list(Tri)),
            series=rng.choice(("", "Série 7")),
            size=rng.choice((-1, 2**62)),
            not_searched=rng.choice(((), ("ZZ40",))),
            handling=rng.choice(("", "tlp:red")),
            warnings=rng.choice(((), ("bad-pdq",))),
            said=f'{{"MD5":"{md5.hex()}","Name":"a name \\udcff {number}"}}',
            changed=rng.choice(("", "2031-05-03")),
        )
        rows.append(row)
    return rows


class Old:
    """A database of 0014, and what its lists have: (list, id) -> (row, generation, case)."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.rows: dict[tuple[int, int], tuple[Reference, int, str]] = {}
        self.last = 0
        whole = command.upgrade
        with monkeypatch.context() as patched:
            patched.setattr(command, "upgrade", lambda config, _: whole(config, BEFORE))
            open_node_store(path, create=True).close()
        with closing(sqlite3.connect(path)) as connection:
            for number, name in ((FIRST, "one"), (SECOND, "two")):
                texts = (name, "vics", "2.0", "US", "media", "us-vics", "2.0")
                values = (number, *texts, 1, "", 0, "1", 0, 5, "x", 1, 3, b"", 0)
                connection.execute(f"INSERT INTO lists VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608
            connection.execute("INSERT INTO list_cases VALUES (1, 1, 'C-1', 0)")
            connection.commit()

    def put(self, of: int, rows: list[Reference], generation: int, case: str = "", *, shuffled: bool = False) -> None:
        """Rows as 0014 kept them; `shuffled`: with words in another order, as they were after a deletion."""
        with closing(sqlite3.connect(self.path)) as connection:
            (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM vault").fetchone()
            for start in range(0, len(rows), 64):
                some, last = rows[start : start + 64], last + 1
                places = list(range(len(some)))
                if shuffled:
                    places.reverse()
                words = [some[places.index(at)].said for at in range(len(some))]
                connection.execute("INSERT INTO vault VALUES (?, x'01', ?)", (last, old_block(words)))
                connection.execute("UPDATE vault_use SET live = live + 1")
                for row, place in zip(some, places, strict=True):
                    self.last += 1
                    flags = row.victim_identified | row.offender_identified << 2 | row.distributed << 4
                    values = (
                        *(self.last, of, old_identity(row), generation, row.md5, row.sha1, row.sha256, row.pdq),
                        *(row.pdq_quality, row.photodna, row.code or "", flags | row.baseline << 6, row.series),
                        *(row.tags, row.media_type, row.size, 1 if case else 0, row.at.record, row.at.line),
                        *(row.at.offset, old_rest(row), last, place),
                    )
                    connection.execute(INSERT, values)
                    self.rows[of, self.last] = (row, generation, case)
            connection.commit()

    def delete(self, ids: list[int]) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executemany("DELETE FROM list_rows WHERE id = ?", [(each,) for each in ids])
            connection.commit()
        self.rows = {key: value for key, value in self.rows.items() if key[1] not in ids}

    def of(self, number: int) -> list[tuple[int, Reference, str]]:
        return [(row_id, row, case) for (of, row_id), (row, _, case) in sorted(self.rows.items()) if of == number]


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Old:
    rng = random.Random(7)
    made = Old(tmp_path / "node.db", monkeypatch)
    made.put(FIRST, rows_of(rng, 300), 3)
    made.put(SECOND, rows_of(rng, 70), 1, shuffled=True)
    made.put(FIRST, rows_of(rng, 65), 2, "C-1")
    made.put(SECOND, rows_of(rng, 3_000), 1)
    made.put(FIRST, rows_of(rng, 5), 1)
    made.delete([1, 2, 64, 65, 200, *range(310, 316), made.last])
    return made


def upgraded(old: Old) -> SqliteNodeStore:
    return open_node_store(old.path, create=False)


def test_every_row_has_its_id_its_case_and_its_words(old: Old) -> None:
    store = upgraded(old)
    with store.read() as reader:
        for number in (FIRST, SECOND):
            rows = reader.rows_of_list(number, 0, 9_999, words=True)
            assert [(row.id, row.reference, row.case) for row in rows] == old.of(number)
            found = reader.list_columns(number, 0, 9_999)
            assert found is not None
            columns = {each.code: each for each in found[0].columns}
            assert columns[MD5.code].rows.tolist() == [row_id for row_id, *_ in old.of(number)]
            assert columns[MD5.code].values.tobytes() == b"".join(row.md5 for _, row, _ in old.of(number))
            assert columns[PDQ.code].rows.tolist() == [row_id for row_id, row, _ in old.of(number) if row.pdq]
        assert reader.last_list_row() == old.last
    assert store.check() == []
    store.close()
    with closing(sqlite3.connect(old.path)) as connection:
        used = connection.execute("SELECT sum(live = x'01'), sum(live = x'00') FROM vault").fetchall()
        assert connection.execute("SELECT live, blank FROM vault_use").fetchall() == used


def test_a_later_file_finds_the_rows_again(old: Old) -> None:
    store = upgraded(old)
    rows = [row for _, row, _ in old.of(FIRST)]
    with store.write() as writer:
        again = writer.put_rows(FIRST, 4, rows[10:])
        assert (again.unchanged, again.added) == (len(rows) - 10, [])
        assert writer.delete_rows(FIRST, 9_999, before=4) == [row_id for row_id, *_ in old.of(FIRST)[:10]]
        assert writer.withdraw_rows(SECOND, [Withdrawal(At(), "", old.of(SECOND)[0][1])]).withdrawn <= 1
        new = writer.put_rows(SECOND, 2, [Reference(At(), md5=b"n" * 16)])
        assert new.added == [old.last + 1]
    store.close()


def test_what_an_unfinished_file_left_is_still_told_from_the_rest(old: Old) -> None:
    store = upgraded(old)
    of_first = [
        row_id for (of, row_id), (_, generation, _) in sorted(old.rows.items()) if of == FIRST and generation < 3
    ]
    with store.write() as writer:
        assert writer.delete_rows(FIRST, 9_999, before=3) == of_first
    store.close()


def test_nothing_of_the_old_copies_stays_once_the_rows_are_gone(old: Old) -> None:
    hashes = [row.photodna for _, row, _ in old.of(FIRST) if row.photodna]
    with closing(sqlite3.connect(old.path)) as connection:
        words = [sealed for (sealed,) in connection.execute("SELECT sealed FROM vault")]
    store = upgraded(old)
    data = old.path.read_bytes()
    assert [each for each in words if each[:64] in data] == []
    # Some lie across the edge of a page.
    assert sum(each in data for each in hashes) > 0.9 * len(hashes)
    with store.write() as writer:
        writer.delete_rows(FIRST, 9_999)
    store.scrub()
    store.close()
    assert [each for each in hashes if each in old.path.read_bytes()] == []


def test_a_database_without_lists_is_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = upgraded(Old(tmp_path / "node.db", monkeypatch))
    with store.write() as writer:
        assert writer.last_list_row() == 0
        assert writer.put_rows(FIRST, 1, [Reference(At(), md5=b"n" * 16)]).added == [1]
    store.close()
