"""An import from its first row to its counts, and what a person keeps lists with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from node.domain.caller import Caller
from node.domain.queries import Level
from node.domain.references import At, ListCase, Reference
from node.errors import Misuse, NotFound, Refused
from node.usecases.acting import acting_for
from node.usecases.cases import Cases, SameNames
from node.usecases.list_importing import (
    FileEnded,
    FileUnusable,
    Imported,
    ImportRequest,
    ImportStep,
    ListImporting,
    RowsRead,
)
from node.usecases.list_keeping import ListKeeping
from node.usecases.lists import ListTerms
from tests.unit.usecases.listed import HEAD, Shelf, opened, row
from tests.unit.usecases.readings import stream

REQUEST = ImportRequest(name="L", terms=ListTerms(provider="US"), new=True)
KNOWN = ImportRequest(name="L", terms=ListTerms())
END = FileEnded(head=HEAD, file=b"f" * 32)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with opened(tmp_path / "vigil.db") as made:
        yield made


def run(shelf: Shelf, request: ImportRequest, *steps: ImportStep) -> Imported | None:
    return asyncio.run(ListImporting(lists=shelf.lists, cases=Cases(shelf.store)).run(request, stream(steps)))


def imported(shelf: Shelf, *rows: Any, request: ImportRequest = REQUEST) -> Imported:
    made = run(shelf, request, RowsRead(rows=iter(rows)), END)
    assert made is not None
    return made


@pytest.fixture
def keeping(shelf: Shelf) -> ListKeeping:
    return ListKeeping(lists=shelf.lists)


def test_an_import_counts_its_rows_and_names_who_ran_it(shelf: Shelf) -> None:
    shelf.hold(1, case="K-1")
    with acting_for(Caller(name="Sgt. Sato")):
        made = imported(shelf, ListCase(at=At(), number="K-1"), row(1), row(2), row(1))
    assert (made.added, made.counts.repeated, made.awaiting) == (2, 1, 0)
    assert (made.of.imported_by, made.of.provider, made.of.digest) == ("Sgt. Sato", "US", b"f" * 32)
    assert made.matching is not None
    assert made.same == SameNames(own=1)


def test_a_name_that_another_import_took_meanwhile_is_refused(shelf: Shelf) -> None:
    imported(shelf, row(1))
    with pytest.raises(Misuse, match="came into being meanwhile"):
        run(shelf, REQUEST, END)
    assert imported(shelf, row(1), request=KNOWN).counts.unchanged == 1


def test_an_import_without_the_end_of_its_file_is_interrupted_and_goes_on(shelf: Shelf, keeping: ListKeeping) -> None:
    with pytest.raises(Misuse, match="interrupted"):
        run(shelf, REQUEST, RowsRead(rows=[row(1)]))
    (kept,) = keeping.all().lists
    assert not kept.of.is_searched
    assert imported(shelf, row(1), row(2), request=KNOWN).of.is_searched


def test_a_file_that_is_unusable_leaves_no_new_list_and_changes_no_known_one(
    shelf: Shelf, keeping: ListKeeping
) -> None:
    assert run(shelf, REQUEST, RowsRead(rows=[row(1)]), FileUnusable()) is None
    assert keeping.all().lists == []
    imported(shelf, row(1))
    assert run(shelf, KNOWN, FileUnusable()) is None
    assert [each.of.rows for each in keeping.all().lists] == [1]


def test_a_fault_among_the_rows_frees_the_list(shelf: Shelf) -> None:
    def torn() -> Iterator[Reference]:
        yield row(1)
        raise Misuse("this is no row")

    with pytest.raises(Misuse, match="this is no row"):
        run(shelf, REQUEST, RowsRead(rows=torn()))
    assert imported(shelf, row(1), request=KNOWN).of.rows == 1


def test_while_a_file_comes_in_its_list_is_neither_changed_nor_removed(shelf: Shelf, keeping: ListKeeping) -> None:
    async def during() -> AsyncIterator[ImportStep]:
        for work in (lambda: keeping.remove("L"), lambda: keeping.change("L", ListTerms())):
            with pytest.raises(Refused, match="in use"):
                await asyncio.to_thread(work)
        yield END

    asyncio.run(ListImporting(lists=shelf.lists, cases=Cases(shelf.store)).run(REQUEST, during()))
    assert keeping.remove("L").rows == 0


def test_a_list_is_kept_page_by_page_and_its_words_come_on_request(shelf: Shelf, keeping: ListKeeping) -> None:
    imported(shelf, ListCase(at=At(), number="K-1", said='{"Contact": "secret"}'), *(row(at) for at in range(5)))
    first = keeping.page("L", limit=3)
    assert (first.cases, len(first.rows), first.kept.of.rows) == ({"K-1": None}, 3, 5)
    assert "secret" not in str(first)
    rest = keeping.page("L", after=first.rows[-1].id, limit=3, words=True)
    assert (rest.cases, len(rest.rows)) == ({}, 2)
    assert all(each.reference.said for each in rest.rows)
    assert keeping.page("L", limit=1, words=True).cases == {"K-1": '{"Contact": "secret"}'}
    with pytest.raises(NotFound):
        keeping.page("M")


def test_lists_are_named_changed_and_removed(shelf: Shelf, keeping: ListKeeping) -> None:
    imported(shelf, row(1))
    assert [each.of.name for each in keeping.all("L").lists] == ["L"]
    assert (keeping.all("M").lists, keeping.all("M").removed) == ([], {})
    assert keeping.change("L", ListTerms(level=Level.HIT_NO_HIT)).of.level is Level.HIT_NO_HIT
    assert (keeping.remove("L").rows, keeping.all().lists) == (1, [])
    with pytest.raises(NotFound):
        keeping.remove("L")
