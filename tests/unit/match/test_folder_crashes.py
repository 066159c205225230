"""A crash, a failing disk and a full disk while the next generation is written."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from node.domain.index_ports import IndexMark
from node.match.folder import MANIFEST, IndexFolder
from node.match.generation import ERASED
from node.match.index import LocalIndex
from node.match.manifest import read
from tests.unit.match.every_kind import COUNT, KINDS, LOG, WHOLE, add, answers, filled
from tests.unit.match.keeping import MARK, keep, keep_again, reopened


class Crash(BaseException):
    """The process ends here."""


PRIMITIVES = ("open", "ftruncate", "posix_fallocate", "pwrite", "fsync", "rename", "unlink", "mkdir")


def crash_at(monkeypatch: pytest.MonkeyPatch, step: int, error: Callable[[], BaseException]) -> list[str]:
    """From the `step`-th call on, every primitive of the file system fails: before it did anything."""
    calls: list[str] = []
    for name in PRIMITIVES:
        real = getattr(os, name)

        def wrapped(*args: object, name: str = name, real: Callable[..., object] = real, **more: object) -> object:
            calls.append(name)
            if len(calls) > step:
                raise error()
            return real(*args, **more)

        monkeypatch.setattr(os, name, wrapped)
    return calls


def test_a_crash_at_any_step_leaves_the_old_generation_or_the_new(tmp_path: Path) -> None:
    reached, step = set(), 0
    while True:
        folder = tmp_path / str(step)
        index = filled(200)
        files = keep(index, folder, IndexMark(store=bytes(16), changes=0, sources={LOG: 200}))
        add(index, 200, COUNT)
        index.remove(LOG, [0])
        with pytest.MonkeyPatch.context() as patch:
            calls = crash_at(patch, step, Crash)
            with suppress(Crash):
                keep_again(files, IndexMark(store=bytes(16), changes=0, sources={LOG: COUNT}))
            ended = len(calls) <= step
        again = LocalIndex()
        opened = IndexFolder(folder, again).open()
        assert opened is not None
        stop = opened[0].sources[LOG]
        reached.add(stop)
        some = [0, 1, 199, 200, COUNT - 1]
        expected = {hit for hit in WHOLE if hit[2] in some and 0 < hit[2] < stop}
        assert answers(again, some) == expected, f"step {step}: {calls[-1:]}"
        generation = read((folder / MANIFEST).read_bytes()).generation
        left = {path.name for path in folder.iterdir()} - {MANIFEST, ERASED}
        assert left == {f"{generation:012}.{name}" for name in (*(kind.name for kind in KINDS), "rows")}
        if ended:
            break
        step += 1
    assert reached == {200, COUNT}
    assert step > 40


def test_a_disk_that_fails_after_the_rename_leaves_the_new_generation_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is removed later has to be overwritten in the files that the manifest names, and in no others."""
    index = filled(200)
    files = keep(index, tmp_path)
    add(index, 200, COUNT)
    real = Path.rename

    def fail(*_: object) -> NoReturn:
        raise OSError(errno.EIO, "the disk failed")

    def rename(path: Path, target: Path) -> Path:
        moved = real(path, target)
        monkeypatch.setattr(os, "fsync", fail)
        return moved

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        keep_again(files)
    monkeypatch.undo()
    index.remove(LOG, [250])
    files.sync(1)
    again, _ = reopened(tmp_path)
    assert answers(index) == answers(again) == {hit for hit in WHOLE if hit[2] != 250}


def test_a_full_disk_leaves_an_index_in_memory_that_says_so(tmp_path: Path) -> None:
    for step in (0, 3, 7, 19, 30):
        folder = tmp_path / str(step)
        index = filled(200)
        files = keep(index, folder)
        add(index, 200, COUNT)
        with pytest.MonkeyPatch.context() as patch:
            crash_at(patch, step, lambda: OSError(errno.ENOSPC, "No space left on device"))
            files.freeze(MARK)
            files.build(lambda _done, _total: None)
            index.remove(LOG, [7])
            patch.undo()
            assert not files.publish(1)
        assert "no space" in files.trouble
        assert not files.waiting
        assert answers(index) == {hit for hit in WHOLE if hit[2] != 7}
        assert IndexFolder(folder, LocalIndex()).open() is None
        keep_again(files)
        assert not files.trouble
        assert answers(reopened(folder)[0]) == {hit for hit in WHOLE if hit[2] != 7}
