"""A file of a list beside what is here: our holdings that match it, and rows that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.lists import ReferenceList
from node.domain.references import At, Reference, Withdrawal
from node.usecases import list_comparing
from node.usecases.list_comparing import Matching
from node.usecases.list_standing import Standing
from node.usecases.list_taking import Row, Taking
from tests.unit.usecases.listed import HEAD, Shelf, opened, prints, row, value
from tests.unit.usecases.test_list_hits import near


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with opened(tmp_path / "vigil.db") as made:
        yield made


def imported(shelf: Shelf, *batches: Sequence[Row], name: str = "L") -> Taking:
    taking = shelf.begin(name, [])
    for batch in batches:
        taking.take(batch)
    taking.finish(HEAD)
    return taking


def matching(taking: Taking) -> Matching:
    found = taking.matching()
    assert found is not None
    return found


def test_holdings_are_counted_by_the_strongest_hash_that_matches(shelf: Shelf) -> None:
    shelf.hold(*range(1, 9))
    mirrored = prints(4).pdq_orientations[4]
    rows = [
        row(1, sha1=value(1, 20), sha256=prints(1).sha256),
        row(2, md5=b"", sha1=value(2, 20)),
        row(3),
        row(4, md5=b"", pdq=near(mirrored, 31), pdq_quality=70),
        row(5, md5=b"", pdq=near(prints(5).pdq, 32), pdq_quality=70),
        *(row(3, id=str(each)) for each in range(5)),
        row(6),
        row(200),
    ]
    with shelf.store.write() as tx:
        tx.allow([prints(6).sha256], 1)
    found = matching(imported(shelf, rows[:3], rows[3:]))
    assert found.by == {"sha256": 1, "sha1": 1, "md5": 1, "pdq": 1}
    assert (found.holdings, found.hidden, found.rows_left, found.holdings_left) == (4, 1, 0, 0)
    assert {each.holding for page in shelf.hits.of("L") for each in page if not each.allowed} == {1, 2, 3, 4}


def test_a_second_import_counts_the_rows_of_its_file_also_those_that_did_not_change(shelf: Shelf) -> None:
    shelf.hold(1, 2, 3)
    imported(shelf, [row(1), row(2), row(3)])
    again = imported(shelf, [row(1), row(2, series="New")])
    assert (again.counts.unchanged, again.counts.changed) == (1, 1)
    assert matching(again).by == {"md5": 2}


def test_a_row_that_the_file_takes_back_is_not_counted(shelf: Shelf) -> None:
    shelf.hold(1, 2)
    assert matching(imported(shelf, [row(1), row(2)], [Withdrawal(At(), "", row(1))])).by == {"md5": 1}


def test_what_is_not_compared_with_near_pictures_is_counted(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_comparing, "NEAR_ROWS", 2)
    monkeypatch.setattr(list_comparing, "NEAR_HOLDINGS", 1)
    shelf.hold(1, 2, 3)
    rows = [row(each, md5=b"", pdq=near(prints(each).pdq, 5), pdq_quality=90) for each in (1, 2, 3)]
    found = matching(imported(shelf, rows[:1], rows[1:]))
    assert (found.by, found.rows_left, found.holdings_left) == ({"pdq": 1}, 1, 1)


def test_without_holdings_nothing_matches(shelf: Shelf) -> None:
    assert matching(imported(shelf, [row(1), row(2, pdq=value(2, 32))])) == Matching()


def test_rows_that_share_a_hash_and_differ_in_another_are_told_with_the_first_place(shelf: Shelf) -> None:
    """One SHA-1 under two MD5s; one MD5 under two SHA-1s; the same hashes under two ids contradict nothing."""
    rows = [
        row(1, sha1=value(50, 20)),
        row(2, sha1=value(50, 20)),
        row(3, sha1=value(51, 20)),
        row(3, at=At(record=4), sha1=value(52, 20)),
        row(5, sha1=value(53, 20)),
        row(5, at=At(record=6), id="again", sha1=value(53, 20)),
        row(5, at=At(record=7)),
    ]
    assert imported(shelf, rows).contradicting == (2, At(record=2))
    later = imported(shelf, [row(8, sha1=value(50, 20)), row(9)])
    assert later.contradicting == (1, At(record=8)), "a row of an earlier file"
    assert imported(shelf, [row(9, at=At(record=1), sha1=value(50, 20))], name="other").contradicting == (0, None)


PARTS = st.integers(0, 3)
ROWS = st.lists(st.tuples(PARTS, PARTS, PARTS, st.sampled_from(["", "x", "y"])), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=ROWS, cut=st.integers(0, 12))
def test_an_import_counts_contradictions_as_a_dry_run_does(
    shelf: Shelf, made: list[tuple[int, int, int, str]], cut: int
) -> None:
    rows = [
        Reference(
            At(record=at),
            id=name and f"{name}{at % 3}",
            md5=value(md5, 16) if md5 else b"",
            sha1=value(sha1, 20) if sha1 else b"",
            sha256=value(sha256, 32) if sha256 else b"",
        )
        for at, (md5, sha1, sha256, name) in enumerate(made)
        if md5 or sha1 or sha256
    ]
    standing = Standing()
    for each in rows:
        standing.add(each)
    known = {each.name for each in shelf.lists.lists()}
    taken = imported(shelf, rows[:cut], rows[cut:], name=f"L{len(known)}")
    assert taken.contradicting == (standing.contradicting, standing.first)


def test_a_row_older_than_the_withdrawal_before_it_does_not_come_back(shelf: Shelf) -> None:
    """Pages of NCMEC are in no order of time."""
    dated = row(1, id="a", changed="2031-01-02T00:00:00Z")
    gone = Withdrawal(At(), "a", changed="2031-01-03T00:00:00Z")
    taking = imported(shelf, [gone], [dated, row(2)])
    assert (taking.counts.stale, taking.counts.unknown, shelf.lists.named("L").rows) == (1, 1, 1)
    newer = dated._replace(changed="2031-01-04T00:00:00Z")
    taking = imported(shelf, [gone, newer])
    assert (taking.counts.stale, shelf.lists.named("L").rows) == (0, 2)


def test_a_list_that_is_in_no_answer_has_no_hits_of_a_picture(shelf: Shelf) -> None:
    """Pictures that are near a row are searched for, and a list whose import did not end is in no search."""
    shelf.hold(1)
    taking = shelf.begin("L", [row(1, md5=b"", pdq=prints(1).pdq, pdq_quality=90)])
    assert matching(taking).by == {}
    of: ReferenceList = taking.finish(replace(HEAD))
    assert of.is_searched
    assert matching(taking).by == {"pdq": 1}
