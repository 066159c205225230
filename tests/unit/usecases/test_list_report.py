"""What a file has in it is counted in bounded memory, and without anything of its rows."""

from __future__ import annotations

from node.domain.references import At, EndsEarly, Fault, Ignored, ListCase, ListHead, Notice, Reference, Withdrawal
from node.domain.statements import Tri
from node.usecases.list_report import MAX_NAMES, MAX_PLACES, OTHERS, ListReport
from node.usecases.list_standing import Place, Standing

MD5 = b"m" * 16


def test_each_sort_of_item_is_counted_with_its_first_place() -> None:
    report = ListReport()
    head = ListHead(format="vics")
    for item in (
        ListCase(at=At(), number="secret case"),
        Reference(At(1), md5=MD5, code="1", victim_identified=Tri.YES, warnings=("bad-sha1",), said="secret"),
        Reference(At(2), md5=MD5, victim_identified=Tri.NO, warnings=("bad-sha1",)),
        Withdrawal(At(3), "7/x1"),
        Fault(At(4, 5, 6), "no usable hash"),
        Fault(At(7), "no usable hash"),
        Ignored("url"),
        Notice("bad-sha1", "a SHA-1 is left out", At(1)),
        Notice("bad-sha1", "again", At(2)),
        head,
        EndsEarly(At(offset=99)),
    ):
        report.add(item)
    assert (report.seen, report.references, report.withdrawals, report.cases) == (6, 2, 1, 1)
    assert report.codes.counts == {"1": 1, "": 1}
    assert report.flags["victim_identified"] == [1, 1]
    assert report.faults.counts == {"no usable hash": 2}
    assert report.first_faults == {"no usable hash": At(4, 5, 6)}
    assert report.notices["bad-sha1"].at == At(1)
    assert report.warned.counts == {"bad-sha1": 2}
    assert report.ignored.counts == {"url": 1}
    assert (report.head, report.ends_early) == (head, At(offset=99))
    assert "secret" not in repr(report)


def test_a_file_with_any_number_of_codes_and_faults_takes_bounded_memory() -> None:
    report = ListReport()
    for number in range(MAX_NAMES + 50):
        report.add(Reference(At(), md5=MD5, code=str(number)))
        report.add(Fault(At(number), "no usable hash"))
        report.add(Withdrawal(At(number), str(number)))
    assert len(report.codes.counts) == MAX_NAMES + 1
    assert report.codes.counts[OTHERS] == 50
    assert len(report.fault_places) == len(report.taken_back) == MAX_PLACES
    assert report.faults.counts.total() == report.withdrawals == MAX_NAMES + 50


def test_rows_of_one_file_are_compared_by_their_identity() -> None:
    standing = Standing()
    one = Reference(At(1), md5=MD5, code="1", said="a")
    assert standing.add(one) is Place.NEW
    assert standing.add(one._replace(at=At(2), said="b")) is Place.REPEATED
    assert standing.add(one._replace(code="2")) is Place.CONFLICTING
    assert standing.add(one._replace(id="x")) is Place.NEW
    standing.withdraw(Withdrawal(At(), "x"))
    standing.withdraw(Withdrawal(At(), "y"))
    standing.withdraw(Withdrawal(At(), "", one))
    assert (standing.rows, standing.repeated, standing.conflicting) == (0, 1, 1)
    assert (standing.withdrawn, standing.unknown, standing.is_exact) == (2, 1, True)


def test_the_later_of_two_statements_stands_and_is_claimed_once() -> None:
    standing = Standing()
    old = Reference(At(1), id="x", md5=MD5, code="1", changed="2031-01-01")
    new = old._replace(code="2", changed="2031-01-02")
    for row in (old, new, old):
        standing.add(row)
    assert standing.rows == 1
    assert [standing.claim(row) for row in (old, new, new)] == [False, True, False]


def test_beyond_its_bound_nothing_more_is_compared() -> None:
    standing = Standing(most=2)
    rows = [Reference(At(number), md5=bytes([number]) * 16) for number in range(3)]
    for row in [*rows, *rows]:
        standing.add(row)
    assert (standing.rows, standing.repeated, standing.is_exact) == (2, 2, False)
    assert [standing.claim(row) for row in rows] == [True, True, True]


def test_a_withdrawal_and_a_row_that_a_later_statement_overrules_change_nothing() -> None:
    standing = Standing()
    row = Reference(At(1), id="x", md5=MD5, changed="1000000000")
    standing.add(row)
    standing.withdraw(Withdrawal(At(), "x", changed="999999999"))
    assert (standing.rows, standing.stale, standing.withdrawn) == (1, 1, 0)
    standing.withdraw(Withdrawal(At(), "x", changed="1000000001"))
    assert standing.add(row) is Place.STALE
    assert (standing.rows, standing.stale, standing.withdrawn) == (0, 2, 1)
    assert standing.add(row._replace(changed="1000000002")) is Place.NEW
