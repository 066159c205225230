"""What every store owes lists: rows are taken in once, change, are withdrawn, and leave nothing behind."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA
from node.domain.lists import ListState, ReferenceList
from node.domain.queries import Level
from node.domain.references import At, ListCase, ListHead, Reference, Withdrawal
from node.domain.statements import Tri
from node.domain.stores import NodeStore
from node.errors import Misuse

HEAD = ListHead(format="vics", version="2.0", region="US", kind="media", scheme="us-vics", scheme_version="2.0")


def reference(number: int, **changed: Any) -> Reference:
    row = Reference(
        at=At(record=number + 1, line=number + 2, offset=100 * number),
        md5=hashlib.md5(f"row {number}".encode(), usedforsecurity=False).digest(),
        code="1",
        series=f"Series {number % 3}",
        said=f'{{"MediaID": {number}, "Name": "kept here {number}"}}',
    )
    return row._replace(**changed)


def new_list(store: NodeStore, name: str = "US set") -> int:
    with store.write() as writer:
        return writer.put_list(ReferenceList(number=0, name=name, head=HEAD, provider="US", imported_at=5))


def test_a_list_is_kept_and_changed(store: NodeStore) -> None:
    first, second = new_list(store), new_list(store, "A set")
    with store.write() as writer:
        with pytest.raises(Misuse):
            writer.put_list(ReferenceList(number=0, name="US set", head=HEAD))
        one = writer.list_named("US set")
        assert one is not None
        writer.set_list(replace(one, level=Level.HIT_NO_HIT, state=ListState.WHOLE, digest=b"d" * 32, rows=99))
    with store.read() as reader:
        assert [each.number for each in reader.lists()] == [second, first]
        one = reader.list_named("US set")
        assert one is not None
        assert (one.head, one.level, one.state, one.digest, one.rows) == (
            HEAD,
            Level.HIT_NO_HIT,
            ListState.WHOLE,
            b"d" * 32,
            0,
        )
        assert reader.list_named("nobody's") is None


def test_rows_come_back_as_they_were(store: NodeStore) -> None:
    number = new_list(store)
    rich = Reference(
        at=At(record=7, line=9, offset=1 << 40, name="5f0e1d2c"),
        id="7/x1 (image)",
        md5=b"m" * 16,
        sha1=b"s" * 20,
        sha256=b"t" * 32,
        pdq=b"p" * 32,
        pdq_quality=77,
        photodna=b"d" * 144,
        code="0",
        victim_identified=Tri.YES,
        offender_identified=Tri.NO,
        distributed=Tri.UNKNOWN,
        baseline=Tri.YES,
        series="Série",
        tags="one, two",
        media_type="image",
        size=2**62,
        not_searched=("ZZ40",),
        audience="organisation only",
        handling="tlp:red",
        disputes=2,
        warnings=("bad-pdq",),
        said='{"name": "\\udcff"}',
        changed="2031-05-03T14:00:00Z",
    )
    plain = [reference(each) for each in range(200)]
    with store.write() as writer:
        writer.put_list_case(number, ListCase(at=At(), number="C-1", said='{"Contact": "x"}'))
        first = writer.put_rows(number, 1, [rich], case="C-1")
        then = writer.put_rows(number, 1, plain)
    assert len(first.added) == 1
    assert then.added == sorted(then.added)
    with store.read() as reader:
        (only,) = reader.rows_of_list(number, 0, 1, words=True)
        assert (only.reference, only.case, only.list) == (rich, "C-1", number)
        rows = reader.rows_of_list(number, only.id, 500, words=True)
        assert [row.reference for row in rows] == plain
        assert reader.list_rows([only.id, 10**9]) == {only.id: replace(only, reference=rich._replace(said=""))}
        named = reader.list_named("US set")
        assert named is not None
        assert named.rows == 201
        assert reader.list_cases(number) == {"C-1": '{"Contact": "x"}'}
        found = reader.list_columns(number, 0, 100)
        assert found is not None
        columns, last, count = found
        assert (last, count) == (rows[98].id, 100)
        by_code = {each.code: each for each in columns.columns}
        assert by_code[MD5.code].rows.tolist() == [only.id, *(row.id for row in rows[:99])]
        assert by_code[PDQ.code].quality.tolist() == [77]
        assert by_code[PHOTODNA.code].values.tobytes() == b"d" * 144
        assert reader.list_columns(number, reader.last_list_row(), 10) is None


def test_a_later_file_adds_changes_and_repeats(store: NodeStore) -> None:
    number = new_list(store)
    with store.write() as writer:
        before = writer.put_rows(number, 1, [reference(each) for each in range(100)])
        again = writer.put_rows(number, 1, [reference(3), reference(4, code="2"), reference(5, at=At(record=99))])
        assert (again.added, again.repeated, again.conflicting) == ([], 2, 1)
        later = writer.put_rows(
            number,
            2,
            [reference(3, at=At(record=1)), reference(4, series="New"), reference(5, said="{}"), reference(200)],
        )
    assert (later.unchanged, later.changed, len(later.added)) == (1, 2, 3)
    assert later.removed == [before.added[4], before.added[5]]
    assert min(later.added) > max(before.added)
    with store.read() as reader:
        row = next(each for each in reader.rows_of_list(number, 0, 200, words=True) if each.reference.series == "New")
        assert row.reference == reference(4, series="New")
        rest = {each.reference.said for each in reader.rows_of_list(number, 0, 200, words=True)}
        assert rest == {reference(each).said for each in [*range(100), 200] if each != 5} | {"{}"}


def test_one_file_that_repeats_a_row_within_a_batch_keeps_the_first(store: NodeStore) -> None:
    number = new_list(store)
    with store.write() as writer:
        taken = writer.put_rows(number, 1, [reference(1), reference(1), reference(1, code="4"), reference(2)])
    assert (len(taken.added), taken.repeated, taken.conflicting) == (2, 1, 1)


def test_of_two_statements_under_one_id_the_later_one_holds_in_any_order(store: NodeStore) -> None:
    number = new_list(store)
    old, new = (reference(1, id="x", code=day, changed=f"2031-01-0{day}T00:00:00Z") for day in "12")
    with store.write() as writer:
        assert len(writer.put_rows(number, 1, [new, old]).added) == 1
        writer.put_rows(number, 1, [reference(2, id="y", code="1", changed="2031-01-01")])
        later = writer.put_rows(number, 1, [reference(2, id="y", code="2", changed="2031-01-02"), old])
        assert (later.changed, len(later.added), later.unchanged) == (1, 1, 1)
        assert writer.put_rows(number, 2, [old]).unchanged == 1
    with store.read() as reader:
        assert [row.reference.code for row in reader.rows_of_list(number, 0, 9)] == ["2", "2"]
        assert reader.rows_of_list(number, 0, 9)[0].reference.changed == "2031-01-02T00:00:00Z"


def test_a_tombstone_that_states_id_and_hashes_takes_back_the_row_with_the_id(store: NodeStore) -> None:
    """MISP, STIX, ThreatExchange and Tech Against Terrorism write such ones."""
    number = new_list(store)
    with store.write() as writer:
        put = writer.put_rows(number, 1, [reference(1, id="x"), reference(2, id="y"), reference(3)])
        tombstones = [Withdrawal(At(), "x", reference(1)), Withdrawal(At(), "y"), Withdrawal(At(), "", reference(3))]
        gone = writer.withdraw_rows(number, tombstones)
    assert (gone.removed, gone.withdrawn, gone.unknown) == (put.added, 3, 0)


def test_rows_are_withdrawn_by_id_and_by_hashes(store: NodeStore) -> None:
    number = new_list(store)
    with store.write() as writer:
        rows = [reference(each, id=f"7/x{each}") for each in range(3)] + [reference(each) for each in range(10, 14)]
        put = writer.put_rows(number, 1, rows)
        gone = writer.withdraw_rows(
            number,
            [
                Withdrawal(at=At(), id="7/x1"),
                Withdrawal(at=At(), reference=reference(12, code=None)),
                Withdrawal(at=At(), id="7/never-seen"),
            ],
        )
    assert (gone.removed, gone.withdrawn, gone.unknown) == ([put.added[1], put.added[5]], 2, 1)
    with store.read() as reader:
        left = reader.rows_of_list(number, 0, 20, words=True)
        assert [row.reference for row in left] == [rows[at] for at in (0, 2, 3, 4, 6)]


def test_rows_are_found_by_their_ids_in_their_own_list(store: NodeStore) -> None:
    number, other = new_list(store), new_list(store, "other")
    with store.write() as writer:
        writer.put_rows(number, 1, [reference(1, id="x", changed="2031"), reference(2), reference(3, id="y")])
        writer.put_rows(other, 1, [reference(4, id="z")])
        found = writer.rows_named(number, ["x", "z", "never seen", ""])
    assert {name: (row.md5, row.changed) for name, row in found.items()} == {"x": (reference(1).md5, "2031")}


def test_what_a_later_file_does_not_name_can_be_deleted(store: NodeStore) -> None:
    number, other = new_list(store), new_list(store, "other")
    with store.write() as writer:
        put = writer.put_rows(number, 1, [reference(each) for each in range(10)])
        writer.put_rows(other, 1, [reference(each) for each in range(10)])
        writer.put_rows(number, 2, [reference(each) for each in range(5)])
        first = writer.delete_rows(number, 3, before=2)
        assert len(first) == 3
        assert first == sorted(first)
        assert sorted([*first, *writer.delete_rows(number, 3, before=2)]) == put.added[5:]
        assert writer.delete_rows(number, 3, before=2) == []
        assert len(writer.delete_rows(number, 100)) == 5
        writer.delete_list(number)
    with store.read() as reader:
        assert [each.name for each in reader.lists()] == ["other"]
        assert len(reader.rows_of_list(other, 0, 100)) == 10


def test_an_id_is_never_used_twice(store: NodeStore) -> None:
    number = new_list(store)
    with store.write() as writer:
        first = writer.put_rows(number, 1, [reference(1)])
        writer.delete_rows(number, 10)
    with store.write() as writer:
        second = writer.put_rows(number, 1, [reference(1)])
        assert writer.last_list_row() == second.added[0]
    assert second.added[0] > first.added[0]


@pytest.mark.parametrize("known", [False, True])
def test_a_case_gets_another_number_with_its_rows(store: NodeStore, known: bool) -> None:
    number, other = new_list(store), new_list(store, "other")
    with store.write() as writer:
        for of in (number, other):
            writer.put_list_case(of, ListCase(at=At(), number="case at byte 7", said="{}"))
            writer.put_rows(of, 1, [reference(each) for each in range(3)], case="case at byte 7")
        if known:
            writer.put_list_case(number, ListCase(at=At(), number="C-1", said='{"known": 1}'))
            writer.put_rows(number, 1, [reference(9)], case="C-1")
        writer.rename_list_case(number, "case at byte 7", "C-1")
        writer.rename_list_case(number, "never seen", "C-2")
    with store.read() as reader:
        assert {row.case for row in reader.rows_of_list(number, 0, 10)} == {"C-1"}
        assert reader.list_cases(number) == {"C-1": '{"known": 1}' if known else "{}"}
        assert {row.case for row in reader.rows_of_list(other, 0, 10)} == {"case at byte 7"}


@pytest.mark.parametrize("in_one_batch", [False, True])
def test_a_withdrawal_that_is_older_than_the_last_change_of_its_row_takes_nothing_back(
    store: NodeStore, in_one_batch: bool
) -> None:
    """Rows with an id and rows without one; times as numbers of different length, and in different zones."""
    number = new_list(store)
    rows = [
        reference(1, id="a", changed="1000000000"),
        reference(2, changed="2031-05-03T14:00:00Z"),
        reference(3, id="c", changed="1000000000"),
        reference(4, id="d"),
        reference(5, id="e", changed="2031-05-03T14:00:00Z"),
    ]
    stale = [
        Withdrawal(At(), "a", changed="999999999"),
        Withdrawal(At(), "", reference(2), changed="2031-05-03T14:30:00+02:00"),
    ]
    good = [
        Withdrawal(At(), "c", changed="1000000000"),
        Withdrawal(At(), "d", changed="1"),
        Withdrawal(At(), "e"),
    ]
    with store.write() as writer:
        put = writer.put_rows(number, 1, rows)
        if in_one_batch:
            taken = writer.withdraw_rows(number, [*stale, *good])
            assert (taken.removed, taken.withdrawn, taken.stale, taken.unknown) == (put.added[2:], 3, 2, 0)
        else:
            assert (writer.withdraw_rows(number, stale).stale, writer.withdraw_rows(number, good).withdrawn) == (2, 3)
        assert [row.id for row in writer.rows_of_list(number, 0, 9)] == put.added[:2]
        later = writer.withdraw_rows(number, [stale[0], Withdrawal(At(), "a", changed="1000000001"), stale[0]])
        assert later.removed == put.added[:1]


def test_cases_are_found_by_their_reference_and_their_rows_by_case(store: NodeStore) -> None:
    number, other = new_list(store), new_list(store, "other")
    with store.write() as writer:
        writer.put_list_case(number, ListCase(at=At(), number="B", said="{}"))
        writer.put_rows(number, 1, [reference(0)])
        in_b = writer.put_rows(number, 1, [reference(each) for each in range(1, 8)], case="B")
        in_a = writer.put_rows(number, 1, [reference(10, photodna=b"d" * 144)], case="A")
        writer.put_rows(other, 1, [reference(1)], case="B")
        writer.put_list_case(other, ListCase(at=At(), number="C", said=""))
    with store.read() as reader:
        assert reader.case_sizes([number]) == {(number, "A"): 1, (number, "B"): 7}
        assert reader.case_sizes([other, 99]) == {(other, "B"): 1, (other, "C"): 0}
        assert reader.imported_cases("", 2) == [("A", number), ("B", number), ("B", other)]
        assert reader.imported_cases("B", 2) == [("C", other)]
        assert reader.lists_with_case(["B", "C", "D"]) == {"B": [number, other], "C": [other]}
        page = reader.rows_of_list(number, 0, 3, case="B", words=True)
        assert [row.id for row in page] == in_b.added[:3]
        assert page[0].reference.said == reference(1).said
        assert [row.id for row in reader.rows_of_list(number, page[-1].id, 9, case="B")] == in_b.added[3:]
        assert reader.rows_of_list(number, 0, 9, case="C") == []
        found = reader.list_columns(number, 0, 9, "A")
        assert found is not None
        assert (found[0].columns[-1].rows.tolist(), found[1:]) == (in_a.added, (in_a.added[0], 1))
        assert reader.list_columns(number, in_a.added[0], 9, "A") is None
