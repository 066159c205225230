"""An index that is kept in a folder answers the same after it is opened again."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from node.domain.index_ports import IndexMark
from node.match.folder import MANIFEST, IndexFolder
from node.match.index import LocalIndex
from tests.unit.match.every_kind import COUNT, KINDS, LOG, WHOLE, add, answers, filled
from tests.unit.match.keeping import keep, keep_again, reopened


def test_a_kept_index_answers_as_the_one_that_was_kept(tmp_path: Path) -> None:
    index = filled()
    index.remove(LOG, [3, 4])
    keep(index, tmp_path)
    left = {hit for hit in WHOLE if hit[2] not in {3, 4}}
    assert answers(index) == left
    again, files = reopened(tmp_path)
    assert answers(again) == left
    assert again.sizes() == {LOG: COUNT - 2}
    assert again.counts() == index.counts() == {kind.name: COUNT - 2 for kind in KINDS}
    assert files.scrub(1 << 40)


def test_opening_gives_the_mark_back_and_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(filled(), tmp_path, IndexMark(store=b"s" * 16, changes=3, sources={0: 1, LOG: COUNT}), erased=4)

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("built something")

    monkeypatch.setattr("node.match.segmented.SegmentedTable.build", refuse)
    index = LocalIndex()
    opened = IndexFolder(tmp_path, index).open()
    assert opened == (IndexMark(store=b"s" * 16, changes=3, sources={0: 1, LOG: COUNT}), 4)
    assert answers(index) == WHOLE


def test_where_nothing_is_kept_nothing_is_opened(tmp_path: Path) -> None:
    assert IndexFolder(tmp_path / "none", LocalIndex()).open() is None


def test_what_is_added_after_is_found_and_kept_with_the_next_generation(tmp_path: Path) -> None:
    index = filled(200)
    files = keep(index, tmp_path)
    add(index, 200, COUNT)
    assert answers(index) == WHOLE
    keep_again(files)
    assert answers(index) == WHOLE
    assert answers(reopened(tmp_path)[0]) == WHOLE
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(f"000000000002.{name}" for name in sorted([*(kind.name for kind in KINDS), "rows"])),
        MANIFEST,
    ]
