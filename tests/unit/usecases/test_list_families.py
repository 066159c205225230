"""A later version of a statement that names fewer files takes the others back, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.references import Family, ListCase, ListHead, Reference, Withdrawal
from node.interop.formats import FORMATS
from node.interop.reading import Choices
from node.usecases.lists import ListTerms
from tests.unit.usecases.listed import Shelf, opened, value

HEAD = ListHead(format="stix21")


def indicator(name: int, numbers: list[int], at: int, **more: Any) -> dict[str, Any]:
    """An indicator whose pattern names the files of these numbers."""
    parts = [f"[file:hashes.MD5 = '{value(number, 16).hex()}']" for number in numbers]
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--5f0e1d2c-0000-4000-8000-{name:012}",
        "modified": f"2026-01-{at:02}T00:00:00Z",
        "pattern": " OR ".join(parts) or "[url:value = 'x']",
        "pattern_type": "stix",
    } | more


def take(shelf: Shelf, *objects: dict[str, Any]) -> None:
    """Imports a bundle into the list, as a file of its own."""
    data = json.dumps({"type": "bundle", "objects": objects}).encode()
    taking = shelf.lists.begin("S", ListTerms(), data[-32:], "officer", HEAD)
    rows = FORMATS["stix21"].read([data], Choices(now=0))
    taking.take(item for item in rows if isinstance(item, Reference | Withdrawal | ListCase | Family))
    taking.finish(HEAD)


def kept(shelf: Shelf) -> set[bytes]:
    return {each.reference.md5 for each in shelf.lists.rows("S", 0, 1_000)}


def md5s(*numbers: int) -> set[bytes]:
    return {value(number, 16) for number in numbers}


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with opened(tmp_path / "vigil.db") as made:
        yield made


def test_a_later_version_with_fewer_alternatives_takes_the_others_back(shelf: Shelf) -> None:
    take(shelf, indicator(1, [1, 2, 3, 4], 1), indicator(2, [5, 6], 1))
    take(shelf, indicator(1, [1, 4], 2))
    assert kept(shelf) == md5s(1, 4, 5, 6)


def test_an_earlier_version_that_comes_late_takes_nothing_back(shelf: Shelf) -> None:
    take(shelf, indicator(1, [1, 2, 3], 2))
    take(shelf, indicator(1, [1], 1))
    assert kept(shelf) == md5s(1, 2, 3)


@pytest.mark.parametrize(
    "later",
    [
        {"revoked": True},
        {"revoked": True, "pattern": "nothing"},
        {"valid_until": "1969-01-01T00:00:00Z"},
        {"pattern": "[url:value = 'x']"},
        {"pattern": "a rule", "pattern_type": "yara"},
    ],
)
def test_a_later_version_that_names_no_file_takes_all_back(shelf: Shelf, later: dict[str, Any]) -> None:
    take(shelf, indicator(1, [1, 2, 3], 1), indicator(2, [9], 1))
    take(shelf, indicator(1, [1], 2, **later))
    assert kept(shelf) == md5s(9)


def test_a_later_version_that_is_not_understood_takes_nothing_back(shelf: Shelf) -> None:
    take(shelf, indicator(1, [1, 2], 1))
    take(shelf, indicator(1, [], 2, pattern="[file:hashes.MD5 LIKE 'a']"))
    assert kept(shelf) == md5s(1, 2)


def test_the_ends_of_statements_do_not_cut_batches(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch is a transaction: an import of as many as it has rows would take hours."""
    sizes: list[int] = []
    take_rows = shelf.lists.take

    def counted(of: Any, rows: Any, case: str) -> Any:
        sizes.append(len(rows))
        return take_rows(of, rows, case)

    monkeypatch.setattr(shelf.lists, "take", counted)
    take(shelf, *(indicator(number, [number], 1) for number in range(1, 60)))
    take(shelf, *(indicator(number, [number, number + 100], 2) for number in range(1, 60)))
    assert sizes == [59, 118]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.lists(st.integers(0, 9), max_size=5, unique=True), st.booleans()), max_size=6
    )
)
def test_a_list_has_what_the_last_version_of_each_statement_names(
    tmp_path_factory: pytest.TempPathFactory, versions: list[tuple[int, list[int], bool]]
) -> None:
    last: dict[int, set[bytes]] = {}
    with opened(tmp_path_factory.mktemp("list") / "vigil.db") as shelf:
        take(shelf)
        for at, (name, numbers, revoked) in enumerate(versions, 1):
            take(shelf, indicator(name, numbers, at, revoked=revoked))
            last[name] = set() if revoked else md5s(*numbers)
        assert kept(shelf) == set().union(*last.values())
