"""A kept index of other algorithms or of an older format is not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.domain.fingerprint_kinds import FRAME
from node.match.folder import MANIFEST, IndexFolder
from node.match.index import LocalIndex
from tests.unit.match.every_kind import COUNT, WHOLE, add, answers, filled
from tests.unit.match.keeping import keep, keep_again, reopened


def test_other_algorithms_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(filled(), tmp_path)
    monkeypatch.setattr(LocalIndex, "rules", lambda _: {"pdq": 2})
    assert IndexFolder(tmp_path, LocalIndex()).open() is None


def test_an_index_from_before_there_were_frames_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = filled()
    rules = {name: version for name, version in index.rules().items() if name != FRAME.name}
    with monkeypatch.context() as patch:
        patch.setattr(LocalIndex, "rules", lambda _: rules)
        keep(index, tmp_path)
    fresh = LocalIndex()
    assert IndexFolder(tmp_path, fresh).open() is None
    assert answers(fresh) == set()


def test_an_index_from_before_phash_had_tables_is_made_anew(tmp_path: Path) -> None:
    keep(filled(), tmp_path)
    path = tmp_path / MANIFEST
    path.write_bytes(path.read_bytes().replace(b"vigil-index/2 ", b"vigil-index/1 ", 1))
    fresh = LocalIndex()
    files = IndexFolder(tmp_path, fresh)
    assert files.open() is None
    assert answers(fresh) == set()
    add(fresh, 0, COUNT)
    keep_again(files)
    assert answers(reopened(tmp_path)[0]) == WHOLE
