"""Lists in the kept index: in step with the store after every start, however the last life ended."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA
from node.domain.lists import ListedRow
from node.domain.queries import Level
from node.domain.references import Reference
from node.domain.search_ports import Probe
from node.match.index import LocalIndex
from node.store.store import SqliteNodeStore, open_node_store
from node.usecases.catalogue import Catalogue
from node.usecases.lists import ListTerms
from tests.simulator.world import CODEC
from tests.stores import fresh_store
from tests.unit.usecases.listed import Shelf, of_kind, row, value

PROBES = [
    Probe(number, kind.code, value(number, kind.size), 90) for number in range(40) for kind in (MD5, PDQ, PHOTODNA)
]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.end()


class Home:
    """A database and a folder for its index, and the node that runs over them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store: SqliteNodeStore = fresh_store(path / "vigil.db")
        self.shelf = Shelf(self.store, path / "index")

    def end(self) -> None:
        self.shelf.close()
        self.store.close()

    def start(self) -> Shelf:
        """The next life."""
        self.store = open_node_store(self.path / "vigil.db", create=False)
        self.shelf = Shelf(self.store, self.path / "index")
        return self.shelf

    def again(self) -> Shelf:
        self.end()
        return self.start()


def rich(*numbers: int) -> list[Reference]:
    """Rows with three kinds of hashes each."""
    return [row(each, pdq=value(each, 32), pdq_quality=90, photodna=value(each, 144)) for each in numbers]


def everything(index: LocalIndex) -> list[tuple[int, int, int, int]]:
    return sorted((hit.subject, hit.code, hit.source, hit.row) for hit in index.search(PROBES, 31))


def in_step(shelf: Shelf) -> None:
    """The index finds exactly what an index that is filled from the store finds, and its check agrees."""
    fresh = LocalIndex(workers=1)
    Catalogue(store=shelf.store, index=fresh, codec=CODEC).rebuild()
    assert everything(shelf.index) == everything(fresh)
    assert shelf.index.sizes() == fresh.sizes()
    report = shelf.catalogue.check_index()
    assert report is not None
    assert report.faults == ()


class Dies(BaseException):
    """The process ends here."""


@contextmanager
def dying(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process ends right after a transaction, before the index hears of it."""

    def die(*_: object) -> None:
        raise Dies

    with monkeypatch.context() as patch:
        patch.setattr(shelf.index, "remove", die)
        patch.setattr(shelf.index, "add", die)
        with suppress(Dies):
            yield


def test_a_start_opens_what_was_kept_and_adds_newer_rows(home: Home) -> None:
    shelf = home.shelf
    shelf.take("A", rich(*range(10)))
    shelf.catalogue.keep()
    shelf.take("A", rich(*range(15)))
    shelf.take("B", rich(3, 30))
    shelf = home.again()
    assert (shelf.index.tables["md5"].settled, shelf.index.tables["md5"].waiting) == (10, 7)
    assert (shelf.index.tables["photodna"].settled, shelf.index.tables["photodna"].waiting) == (10, 7)
    in_step(shelf)


def test_an_import_that_a_crash_ends_is_in_no_answer_and_continues(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = home.shelf
    shelf.hold(1)
    shelf.catalogue.keep()
    taking = shelf.lists.begin("A", ListTerms(), b"f" * 32, "officer")
    taking.take(rich(1, 2))
    with dying(shelf, monkeypatch):
        taking.take(rich(3, 4))
    shelf = home.again()
    in_step(shelf)
    asked = [of_kind(MD5.code, value(each, 16)) for each in (1, 2, 3)]
    assert [(hit.subject, hit.row) for hit in shelf.found(*asked).hits] == [(0, None)], "the holding alone"
    assert shelf.lists.named("A").rows == 4
    again = shelf.lists.begin("A", ListTerms(), b"f" * 32, "officer")
    again.take(rich(1, 2, 3, 4, 5))
    again.finish(shelf.lists.named("A").head)
    assert (again.counts.unchanged, again.added) == (4, 1)
    in_step(shelf)


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "in memory"])
def test_a_crash_between_a_withdrawal_and_the_index_leaves_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    shelf = home.shelf
    shelf.take("A", rich(*range(10)))
    if kept:
        shelf.catalogue.keep()
    secret = value(7, 144)[:16]
    folder = home.path / "index"
    with dying(shelf, monkeypatch):
        shelf.take("A", [each for each in rich(*range(10)) if each.at.record != 7])
        shelf.lists.delete_rows(shelf.lists.named("A"), before=2)
    assert kept is any(secret in path.read_bytes() for path in folder.glob("*"))
    shelf = home.again()
    assert not any(secret in path.read_bytes() for path in folder.glob("*"))
    assert {hit.subject for hit in shelf.index.search(PROBES, 31)} == set(range(10)) - {7}
    in_step(shelf)


def test_a_removed_list_leaves_the_index_its_files_and_the_database(home: Home) -> None:
    shelf = home.shelf
    shelf.take("A", rich(*range(10)))
    shelf.take("B", rich(1))
    shelf.catalogue.keep()
    assert shelf.lists.remove("A") == 10
    in_step(shelf)
    secret = value(7, 144)[:16]
    assert not any(secret in path.read_bytes() for path in (home.path / "index").iterdir())
    shelf = home.again()
    in_step(shelf)
    assert {hit.subject for hit in shelf.index.search(PROBES, 31)} == {1}
    shelf.catalogue.keep()
    home.end()
    assert not any(secret in path.read_bytes() for path in home.path.glob("vigil.db*"))
    in_step(home.start())


def test_a_removal_that_a_crash_ends_is_in_no_answer_and_continues(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = home.shelf
    shelf.take("A", rich(*range(10)), Level.HIT_NO_HIT)
    shelf.catalogue.keep()
    with dying(shelf, monkeypatch):
        shelf.lists.remove("A")
    shelf = home.again()
    in_step(shelf)
    with shelf.store.read() as tx:
        (of,) = tx.lists()
        assert not of.is_searched
    assert shelf.lists.finish_removals() == 1
    assert shelf.lists.lists() == []
    in_step(shelf)


def test_a_list_that_takes_the_name_of_a_removed_one_is_another_source(home: Home) -> None:
    shelf = home.shelf
    first = shelf.take("A", rich(1, 2))
    shelf.catalogue.keep()
    rows = [each.id for each in _rows(shelf, first.number)]
    shelf.lists.remove("A")
    shelf = home.again()
    second = shelf.take("A", rich(1, 2))
    assert second.number > first.number
    assert min(each.id for each in _rows(shelf, second.number)) > max(rows)
    in_step(shelf)
    in_step(home.again())


def _rows(shelf: Shelf, number: int) -> list[ListedRow]:
    with shelf.store.read() as tx:
        return tx.rows_of_list(number, 0, 1_000)


def test_the_index_of_after_a_backup_is_not_used_with_the_restored_store(home: Home) -> None:
    shelf = home.shelf
    shelf.take("A", rich(1, 2, 3))
    shelf.catalogue.keep()
    home.store.backup_to(str(home.path / "backup"))
    shelf.take("B", rich(4, 5))
    shelf.lists.remove("A")
    shelf.catalogue.keep()
    home.end()
    shutil.copyfile(home.path / "backup", home.path / "vigil.db")
    shelf = home.start()
    assert [each.name for each in shelf.lists.lists()] == ["A"]
    assert {hit.subject for hit in shelf.index.search(PROBES, 31)} == {1, 2, 3}
    in_step(shelf)


def test_a_copied_database_with_an_index_that_has_more_rows_is_told(home: Home) -> None:
    """A copy that was made by hand has the same history. The highest row of the lists tells the difference."""
    home.shelf.take("A", rich(1))
    home.shelf.catalogue.keep()
    home.end()
    shutil.copyfile(home.path / "vigil.db", home.path / "copy")
    shelf = home.start()
    shelf.take("A", rich(1, 2))
    shelf.catalogue.keep()
    home.end()
    shutil.copyfile(home.path / "copy", home.path / "vigil.db")
    shelf = home.start()
    assert shelf.index.tables["md5"].settled == 0, "it was filled again"
    in_step(shelf)


def test_the_check_of_the_index_names_a_missing_row_and_one_too_many(home: Home) -> None:
    shelf = home.shelf
    of = shelf.take("A", rich(1, 2, 3))
    shelf.index.remove(of.source, [_rows(shelf, of.number)[0].id])
    report = shelf.catalogue.check_index()
    assert report is not None
    assert [fault.split(":")[0] for fault in report.faults] == [
        "3 of 9 fingerprints are not found",
        "2 rows are in the index, but the database has 3",
    ]
