"""The folder that keeps an index: opened as it is, noticed where it is damaged, replaced at one moment."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.batch import FingerprintColumns
from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, PDQ_RADIUS, PHASH, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.domain.index_ports import IndexMark
from node.domain.search_ports import Probe
from node.errors import Damaged, Unavailable
from node.match import folder as folders
from node.match import merge_policy
from node.match.folder import MANIFEST, IndexFolder
from node.match.generation import ERASED
from node.match.index import LocalIndex
from node.match.manifest import read
from node.match.mih_layout import PDQ_CUT
from node.match.segments import unguarded
from tests.unit.match.builders import array_columns, flipped, where
from tests.unit.match.keeping import MARK, keep, keep_again, reopened

KINDS = (MD5, SHA1, SHA256, PDQ, PHASH, PHOTODNA, FRAME)
COUNT = 300
LOG = 7


def values(kind: FingerprintKind, count: int = COUNT) -> np.ndarray:
    rng = np.random.default_rng(KINDS.index(kind))
    return rng.integers(0, 256, (count, kind.size), dtype=np.uint8)


def filled(count: int = COUNT, first: int = 0) -> LocalIndex:
    index = LocalIndex()
    add(index, first, count)
    return index


def add(index: LocalIndex, first: int, stop: int) -> None:
    parts = [array_columns(kind.code, first, values(kind, stop)[first:]).columns[0] for kind in KINDS]
    index.add(LOG, FingerprintColumns(columns=parts))


def probes(rows: range | list[int], count: int = COUNT) -> list[Probe]:
    """A probe a kind for these rows; of the perceptual ones a few bits away."""
    found = []
    for kind in KINDS:
        for row in rows:
            value = values(kind, count)[row].tobytes()
            found.append(Probe(row, kind.code, value if kind.exact else flipped(value, [0, 9, 41]), 90))
    return found


def answers(index: LocalIndex, rows: range | list[int] = range(COUNT), count: int = COUNT) -> set[tuple[int, int, int]]:
    """(subject, code, row) of all hits."""
    return {(hit.subject, hit.code, hit.row) for hit in index.search(probes(rows, count), PDQ_RADIUS)}


WHOLE = {(row, kind.code, row) for kind in KINDS for row in range(COUNT)}


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


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


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


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "index"
    keep(filled(), folder)
    return folder


def judged(folder: Path) -> None:
    """What is opened answers right, or is said to be damaged by the end of a round of scrubbing."""
    index = LocalIndex()
    files = IndexFolder(folder, index)
    if files.open() is None:
        assert answers(index) == set()
        return
    try:
        while not files.scrub(1 << 20):
            pass
    except Damaged:
        return
    assert answers(index) == WHOLE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_any_flipped_byte_is_noticed_or_changes_nothing(small: Path, data: st.DataObject) -> None:
    path = small / data.draw(st.sampled_from(sorted(path.name for path in small.iterdir())))
    raw = np.memmap(path, np.uint8)
    # Most bytes of a small file are padding: aim at what is there.
    places = np.flatnonzero(raw) if data.draw(st.booleans()) else np.arange(len(raw))
    at, before = places[data.draw(st.integers(0, len(places) - 1))], raw.copy()
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        judged(small)
    finally:
        path.write_bytes(before.tobytes())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_file_cut_short_or_grown_is_noticed_at_once(tmp_path: Path, share: float) -> None:
    keep(filled(), tmp_path)
    for path in sorted(tmp_path.iterdir()):
        before = path.read_bytes()
        path.write_bytes(before[: int(len(before) * share)])
        assert IndexFolder(tmp_path, LocalIndex(), read_only=True).open() is None
        path.write_bytes(before + b"\0")
        assert IndexFolder(tmp_path, LocalIndex(), read_only=True).open() is None
        path.write_bytes(before)
    assert IndexFolder(tmp_path, LocalIndex()).open() is not None


def test_a_missing_file_is_noticed_at_once(tmp_path: Path) -> None:
    keep(filled(), tmp_path)
    (tmp_path / "000000000001.pdq").unlink()
    index = LocalIndex()
    assert IndexFolder(tmp_path, index).open() is None
    assert answers(index) == set()


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


@pytest.mark.parametrize("kind", [PDQ, FRAME, PHASH], ids=lambda kind: kind.name)
@pytest.mark.parametrize("fault", ["no tables", "other chunks", "too few ids", "other size"])
def test_tables_that_do_not_fit_their_hashes_are_not_believed(
    tmp_path: Path, kind: FingerprintKind, fault: str
) -> None:
    keep(filled(), tmp_path)
    whole = reopened(tmp_path)[0].tables[kind.name]._mapped
    assert whole is not None
    arrays = dict(whole.segment.arrays())
    if fault == "no tables":
        arrays = {name: array for name, array in arrays.items() if name not in {"chunks", "blocks", "wide", "ids"}}
    elif fault == "other chunks":
        arrays["chunks"] = arrays["chunks"][:-1]
    elif fault == "too few ids":
        arrays["ids"] = arrays["ids"][:-1]
    else:
        arrays["hashes"] = arrays["hashes"].reshape(-1, 3 - arrays["hashes"].shape[1])
    with pytest.raises(Damaged):
        LocalIndex().tables[kind.name].open(arrays, unguarded)


def test_removing_from_a_damaged_block_does_not_make_the_damage_good(tmp_path: Path) -> None:
    index = filled()
    keep(index, tmp_path)
    path = tmp_path / "000000000001.sha256"
    laid = {each.name: each for each in read((tmp_path / MANIFEST).read_bytes()).files[2].arrays}
    raw = bytearray(path.read_bytes())
    raw[laid["hashes"].offset] ^= 1
    path.write_bytes(raw)
    again, files = reopened(tmp_path)
    again.remove(LOG, [5])
    files.sync(1)
    with pytest.raises(Damaged):
        files.scrub(1 << 40)
    _, files = reopened(tmp_path)
    with pytest.raises(Damaged):
        files.scrub(1 << 40)


# --- crashes ----------------------------------------------------------------------------------------------------------


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


# --- several processes ------------------------------------------------------------------------------------------------

READER = """
import sys
from pathlib import Path
from node.domain.search_ports import Probe
from node.match.folder import IndexFolder
from node.match.index import LocalIndex

def opened():
    index = LocalIndex()
    files = IndexFolder(Path(sys.argv[1]), index, read_only=True)
    assert files.open() is not None
    return index

index = opened()
for line in sys.stdin:
    word, _, value = line.strip().partition(" ")
    if word == "anew":
        index = opened()
    hits = index.search([Probe(0, 3, bytes.fromhex(value))], 31) if value else []
    print(sorted((hit.source, hit.row) for hit in hits), flush=True)
"""


def test_another_process_reads_while_the_owner_overwrites_and_replaces(tmp_path: Path) -> None:
    index = filled(200)
    files = keep(index, tmp_path)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    to, back = reader.stdin, reader.stdout
    assert to is not None
    assert back is not None

    def ask(word: str, row: int) -> str:
        to.write(f"{word} {values(SHA256)[row].tobytes().hex()}\n")
        to.flush()
        return back.readline().strip()

    try:
        assert ask("same", 5) == f"[({LOG}, 5)]"
        index.remove(LOG, [5])
        files.sync(1)
        assert ask("same", 5) == "[]", "an overwriting is seen through the mapping at once"
        add(index, 200, COUNT)
        for _ in range(3):
            keep_again(files)
        assert ask("same", 6) == f"[({LOG}, 6)]", "what was replaced can still be read"
        assert ask("same", 250) == "[]"
        assert ask("anew", 250) == f"[({LOG}, 250)]"
        assert ask("same", 5) == "[]"
    finally:
        to.close()
        assert reader.wait() == 0
        back.close()


def test_a_reader_changes_nothing_on_the_disk(tmp_path: Path) -> None:
    keep(filled(), tmp_path)
    (tmp_path / "000000000009.pdq").write_bytes(b"a leftover")
    before = on_disk(tmp_path)
    index, files = reopened(tmp_path, read_only=True)
    index.remove(LOG, [1])
    files.sync(0)
    assert where(index.search(probes([1]), PDQ_RADIUS)) == []
    assert on_disk(tmp_path) == before


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
