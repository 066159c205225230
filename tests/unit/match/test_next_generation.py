"""The next generation of a kept index: when it is due, what goes on meanwhile, and how it is stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.domain.fingerprint_kinds import MD5, PDQ, PDQ_RADIUS
from node.domain.search_ports import Probe
from node.errors import Unavailable
from node.match import folder as folders
from node.match import merge_policy
from node.match.folder import IndexFolder
from node.match.mih_layout import PDQ_CUT
from tests.unit.match.every_kind import KINDS, LOG, WHOLE, add, answers, filled, probes
from tests.unit.match.keeping import MARK, keep, keep_again, reopened


def test_searching_and_removing_go_on_while_it_is_made_anew(tmp_path: Path) -> None:
    index = filled()
    files = keep(index, tmp_path)
    gone: list[int] = []

    def between(_done: int, _total: int) -> None:
        row = len(gone)
        index.remove(LOG, [row])
        gone.append(row)
        assert answers(index, range(row, row + 2)) == {hit for hit in WHOLE if hit[2] == row + 1}

    files.freeze(MARK)
    files.build(between)
    assert files.publish(len(gone))
    assert len(gone) > len(KINDS)
    left = {hit for hit in WHOLE if hit[2] >= len(gone)}
    assert answers(index) == answers(reopened(tmp_path)[0]) == left


def test_it_waits_for_enough_to_be_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "KEEP_AT_LEAST", 100)
    monkeypatch.setattr(merge_policy, "MERGE_AT_LEAST", 50)
    index = filled(100)
    files = IndexFolder(tmp_path, index)
    seen = [files.waiting]
    add(index, 100, 101)
    seen.append(files.waiting)
    keep_again(files)
    seen.append(files.waiting)
    index.remove(LOG, [1])
    files.sync(1)
    seen.append(files.waiting)
    assert seen == [False, True, False, False]
    monkeypatch.setattr(folders, "STALE_SECONDS", -1.0)
    assert files.waiting, "the places of what was removed are told by the tables until these are made anew"


def test_searches_that_have_cost_as_much_as_a_generation_make_it_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_policy, "FEWEST_COMPARED", 10)
    monkeypatch.setattr(merge_policy, "BUILD_COST", cost := 15 * PDQ_CUT.row_cost)
    index = filled(100)
    files = keep(index, tmp_path)
    add(index, 100, 110)
    due = int(110 * len(KINDS) * cost / PDQ_CUT.row_cost) // 10  # probes, each compared with ten hashes
    asked = [Probe(row, PDQ.code, bytes(32), 90) for row in range(due - 1)]
    index.search(asked, PDQ_RADIUS)
    index.search([probe for probe in probes(range(100)) if probe.code == MD5.code], PDQ_RADIUS)
    seen = [files.waiting]
    index.search(asked[:1], PDQ_RADIUS)
    seen.append(files.waiting)
    keep_again(files)
    seen.append(files.waiting)
    assert seen == [False, True, False]


def test_building_ends_in_the_middle_when_the_node_ends(tmp_path: Path) -> None:
    index = filled()
    files = keep(index, tmp_path)
    files.freeze(MARK)
    with pytest.raises(Unavailable):
        files.build(lambda _done, _total: files.stop())
    files.abandon()
    assert answers(index) == answers(reopened(tmp_path)[0]) == WHOLE
