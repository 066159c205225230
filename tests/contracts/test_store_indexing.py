"""What every store tells an index that is kept in files."""

from __future__ import annotations

import pytest

from node.domain.index_ports import STORE_IDENTITY_SIZE, RowChange
from node.domain.stores import NodeStore


def test_a_store_has_a_line_of_its_own(store: NodeStore) -> None:
    with store.read() as reader:
        line = reader.line()
        assert (len(line.identity), line.changes, line.forgotten) == (STORE_IDENTITY_SIZE, 0, 0)
        assert any(line.identity)
        assert reader.line() == line
        assert reader.last_holding() == 0


def test_changes_are_numbered_on_and_no_number_is_used_twice(store: NodeStore) -> None:
    with store.write() as writer:
        assert writer.note_changes([(3, 7, False), (3, 8, False)]) == 2
        assert writer.note_changes([]) == 2
        assert writer.note_changes([(0, 7, True)]) == 3
    with store.write() as writer:
        assert writer.changes() == [RowChange(1, 3, 7, False), RowChange(2, 3, 8, False), RowChange(3, 0, 7, True)]
        writer.forget_changes(2)
        assert [change.number for change in writer.changes()] == [3]
        writer.forget_changes(3)
        writer.forget_changes(1)
        assert writer.note_changes([(1, 1, False)]) == 4
    with store.read() as reader:
        assert [change.number for change in reader.changes()] == [4]
        assert (reader.line().changes, reader.line().forgotten) == (4, 3)


def test_a_transaction_that_fails_notes_nothing(store: NodeStore) -> None:
    def fail() -> None:
        with store.write() as writer:
            writer.note_changes([(1, 1, False)])
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with store.read() as reader:
        assert (reader.changes(), reader.line().changes) == ([], 0)


def test_many_changes_are_noted_at_once(store: NodeStore) -> None:
    rows = [(1, row, row % 3 == 0) for row in range(1_234)]
    with store.write() as writer:
        assert writer.note_changes(rows) == 1_234
    with store.read() as reader:
        assert [(change.source, change.row, change.filled) for change in reader.changes()] == rows
