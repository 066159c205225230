"""A removed record is overwritten on the disk, and the folder counts what it has overwritten."""

from __future__ import annotations

from pathlib import Path

from node.match.folder import IndexFolder
from node.match.generation import ERASED
from node.match.index import LocalIndex
from tests.unit.match.every_kind import KINDS, LOG, WHOLE, answers, filled, on_disk, values
from tests.unit.match.keeping import MARK, keep, keep_again, reopened


def traces(row: int) -> list[bytes]:
    """Eight bytes from either end of every fingerprint of a row: a hash may be kept in halves."""
    return [part for kind in KINDS for value in [values(kind)[row].tobytes()] for part in (value[:8], value[-8:])]


def test_a_removed_record_is_overwritten_on_the_disk(tmp_path: Path) -> None:
    index = filled()
    files = keep(index, tmp_path)
    secrets = traces(17)
    assert all(secret in on_disk(tmp_path) for secret in secrets)
    index.remove(LOG, [17])
    files.sync(1)
    assert not any(secret in on_disk(tmp_path) for secret in secrets)
    again, kept = reopened(tmp_path)
    assert answers(again) == {hit for hit in WHOLE if hit[2] != 17}
    assert kept.scrub(1 << 40)
    assert IndexFolder(tmp_path, LocalIndex()).open() == (MARK, 1)


def test_what_is_removed_while_it_is_built_is_not_in_what_is_built(tmp_path: Path) -> None:
    index = filled()
    files = IndexFolder(tmp_path, index)
    index.remove(LOG, [1])
    files.freeze(MARK)
    index.remove(LOG, [2])
    files.build(lambda _done, _total: None)
    index.remove(LOG, [3])
    secrets = traces(3)
    assert files.publish(3)
    assert not any(secret in on_disk(tmp_path) for secret in secrets)
    left = {hit for hit in WHOLE if hit[2] not in {1, 2, 3}}
    assert answers(index) == answers(reopened(tmp_path)[0]) == left


def test_the_number_of_another_generation_counts_for_nothing(tmp_path: Path) -> None:
    index = filled()
    files = keep(index, tmp_path)
    files.sync(9)
    written = (tmp_path / ERASED).read_bytes()
    keep_again(files, erased=2)
    (tmp_path / ERASED).write_bytes(written)
    opened = IndexFolder(tmp_path, LocalIndex()).open()
    assert opened is not None
    assert opened[1] == 2
    for torn in (b"", written[:7], bytes(len(written)), written + b"x"):
        (tmp_path / ERASED).write_bytes(torn)
        opened = IndexFolder(tmp_path, LocalIndex()).open()
        assert opened is not None
        assert opened[1] == 2
