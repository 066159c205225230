"""The index whose tables are kept in files, and short ways to keep and open it."""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path

from node.domain.batch import FingerprintColumns
from node.domain.index_ports import IndexMark
from node.match.folder import IndexFolder
from node.match.index import LocalIndex

MARK = IndexMark(store=bytes(range(16)), changes=0, sources={0: 5, 7: 1_000})


def keep(index: LocalIndex, folder: Path, mark: IndexMark = MARK, erased: int = 0) -> IndexFolder:
    """Keeps all of an index in this folder."""
    files = IndexFolder(folder, index)
    keep_again(files, mark, erased)
    return files


def keep_again(files: IndexFolder, mark: IndexMark = MARK, erased: int = 0) -> None:
    """Makes the next generation at once."""
    files.freeze(mark)
    files.build(lambda _done, _total: None)
    assert files.publish(erased)


def reopened(folder: Path, *, read_only: bool = False) -> tuple[LocalIndex, IndexFolder]:
    """What a start finds in the folder."""
    index = LocalIndex()
    files = IndexFolder(folder, index, read_only=read_only)
    assert files.open() is not None
    return index, files


class FolderIndex(LocalIndex):
    """`LocalIndex` with a folder of its own, which goes with it."""

    def __init__(self) -> None:
        super().__init__()
        held = tempfile.TemporaryDirectory()
        self.folder = Path(held.name) / "index"
        weakref.finalize(self, held.cleanup)
        self.files = IndexFolder(self.folder, self)


class ReopenedIndex(FolderIndex):
    """Keeps everything after each `add`, and goes on with what a start finds: every search is one of mapped files."""

    def add(self, source: int, columns: FingerprintColumns) -> None:
        super().add(source, columns)
        keep_again(self.files)
        index, self.files = reopened(self.folder)
        self.adopt(index)
        self.files._index = self
