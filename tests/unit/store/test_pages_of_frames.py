"""What is read for the index at a time is bounded by the frames of videos as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.domain.fingerprint_kinds import FRAME, SHA256
from node.domain.queries import Level
from node.store import frames
from node.store.store import open_node_store
from tests.contracts.holdings import put, video


def test_pages_end_where_there_are_many_frames_and_leave_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "FRAMES_AT_ONCE", 10)
    lengths = [0, 4, 0, 6, 1, 30, 0, 0, 3, 3, 3, 3, 10, 0]
    store = open_node_store(tmp_path / "node.db", create=True)
    with store.write() as writer:
        for number, length in enumerate(lengths):
            if length:
                writer.put_holding(video(f"{number}", length), level=Level.NATIONAL, case="", tag=b"", now=1)
            else:
                put(writer, f"{number}")
    pages: list[list[int]] = []
    rows: list[int] = []
    with store.read() as reader:
        after = 0
        while columns := reader.holding_columns(after, 100):
            by_code = {each.code: each.rows.tolist() for each in columns.columns}
            pages.append(by_code[SHA256.code])
            rows += by_code.get(FRAME.code, [])
            after = pages[-1][-1]
    store.close()
    assert pages == [[1, 2, 3, 4], [5], [6], [7, 8, 9, 10, 11], [12], [13, 14]]
    assert rows == [number for number, length in enumerate(lengths, 1) for _ in range(length)]
