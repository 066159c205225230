"""The pool: results in order, one bad file costs only itself, and nothing is left running."""

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.domain.material import DigestFingerprints, PictureFingerprints
from node.errors import MediaError, Unavailable
from node.media import budget, confine, pool, turns
from node.media import workers as workers_of
from node.media.budget import Budget, is_cut
from node.media.walk import Unreadable
from node.media.worker_process import WorkerProcess, start
from tests.conftest import absent
from tests.unit.media.forked_workers import MISBEHAVING, forking
from tests.unit.media.pictures import encoded, scene
from tests.unit.media.reading import fingerprint, of_files, reason


@pytest.fixture(scope="module", autouse=True)
def _forked() -> Iterator[None]:
    """Workers that misbehave are forked; those that do not are started."""
    with forking():
        yield


@pytest.fixture
def good(tmp_path: Path) -> list[Path]:
    """Twelve pictures."""
    files = []
    for number in range(12):
        file = tmp_path / f"good-{number:02}.png"
        file.write_bytes(encoded(scene(80, 60, number), "PNG"))
        files.append(file)
    return files


@pytest.fixture
def children() -> Iterator[None]:
    """Fails where a test leaves a child process."""
    before = running()
    yield
    assert running() <= before


def running() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def bad(folder: Path, deed: str) -> Path:
    """A picture with which the misbehaving worker does something else."""
    file = folder / f"{deed}.png"
    file.write_bytes(encoded(scene(80, 60), "PNG") + f"deed({deed})".encode())
    return file


def short() -> Budget:
    """Of a run in which no file has much time."""
    return Budget(floor=1, run=1)


@pytest.mark.usefixtures("children")
@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_those_of_one_process_and_in_order(good: list[Path], workers: int) -> None:
    results = of_files(pool.fingerprint_files(good, workers=workers))
    assert results == [(path, fingerprint(path)) for path in good]


@pytest.mark.usefixtures("children")
def test_workers_give_way_to_everything_else(good: list[Path]) -> None:
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    before = running()
    results = pool.fingerprint_files(good, workers=1)
    next(results)
    (worker,) = running() - before
    assert os.getpriority(os.PRIO_PROCESS, int(worker)) == min(mine + confine.NICENESS, 19)
    group = Path(f"/proc/{worker}/autogroup")
    if group.exists():
        assert group.read_text().split()[-1] == str(min(mine + confine.NICENESS, 19))
    assert len(list(results)) == len(good) - 1


def test_no_files_start_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    assert list(pool.fingerprint_files([])) == []


@pytest.mark.usefixtures("children")
@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("exit", "the worker that read it failed"),
        ("vanish", "the worker that read it failed"),
        ("fault", "the worker that read it failed"),
        ("crash", "it crashed its decoder (Segmentation fault)"),
        ("nonsense", "the worker that read it sent an invalid reply and was stopped"),
        ("flood", "the worker that read it sent an invalid reply and was stopped"),
        ("greed", "the worker that read it sent an invalid reply and was stopped"),
        ("overask", "the worker that read it sent an invalid reply and was stopped"),
        ("nothing", "the worker that read it sent an invalid reply and was stopped"),
        ("parts", "the worker that read it sent an invalid reply and was stopped"),
        ("lie", "the worker that read it sent an invalid reply and was stopped"),
        ("break-out", "its decoder was stopped: it tried what a worker may not do"),
        ("open", "decoding this PNG needs something that a worker may not do"),
        ("part", "decoding this PNG needs something that a worker may not do"),
        ("memory", "it takes more memory than a worker may have"),
    ],
)
def test_a_file_that_ends_its_worker_costs_only_itself(good: list[Path], tmp_path: Path, deed: str, words: str) -> None:
    files = [*good[:5], bad(tmp_path, deed), *good[5:]]
    results = of_files(pool.fingerprint_files(files, workers=2, command=MISBEHAVING, budget=short()))
    assert sorted(path for path, _ in results) == sorted(files)
    (found,) = (result for path, result in results if path not in good)
    assert isinstance(found, DigestFingerprints)
    assert found.note.startswith(words)
    assert found.sha256 == hashlib.sha256(files[5].read_bytes()).digest()
    assert all(isinstance(result, PictureFingerprints) for path, result in results if path in good)


@pytest.mark.usefixtures("children")
def test_a_file_that_goes_on_for_ever_is_ended(
    good: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put off at first, and gets more time when all others are done."""
    for module in (budget, turns):
        monkeypatch.setattr(module, "PROCESSOR_SECONDS", 1)
    files = [good[0], bad(tmp_path, "spin"), *good[1:]]
    results = of_files(pool.fingerprint_files(files, workers=1, command=MISBEHAVING, budget=short()))
    assert [path for path, _ in results] == [*good, files[1]]
    assert reason(results[-1][1]) == "decoding it took more than 1 seconds of processor time"


@pytest.mark.usefixtures("children")
def test_a_file_that_hangs_is_given_up_by_the_clock(good: list[Path], tmp_path: Path) -> None:
    files = [bad(tmp_path, "hang"), *good]
    results = dict(of_files(pool.fingerprint_files(files, workers=1, command=MISBEHAVING, wall_seconds=1.0)))
    assert reason(results[files[0]]) == "reading and decoding it took longer than 1 seconds"
    assert all(isinstance(results[path], PictureFingerprints) for path in good)


@pytest.mark.usefixtures("children")
def test_a_file_that_asked_for_time_is_given_it_and_no_more(good: list[Path], tmp_path: Path) -> None:
    files = [bad(tmp_path, "patience"), *good[:2]]
    results = dict(of_files(pool.fingerprint_files(files, workers=1, command=MISBEHAVING, wall_seconds=1.0)))
    assert reason(results[files[0]]) == "reading and decoding it took longer than 5 seconds"
    assert all(isinstance(results[path], PictureFingerprints) for path in good[:2])


@pytest.mark.usefixtures("children")
def test_an_animation_that_kills_its_worker_behind_its_first_frame_keeps_that(good: list[Path], tmp_path: Path) -> None:
    late = bad(tmp_path, "late")
    results = dict(of_files(pool.fingerprint_files([*good[:2], late, *good[2:]], workers=1, command=MISBEHAVING)))
    kept, whole = results[late], fingerprint(late)
    assert isinstance(kept, PictureFingerprints)
    assert isinstance(whole, PictureFingerprints)
    assert kept == replace(whole, note="only its first frame was read: it crashed its decoder (Segmentation fault)")
    assert all(isinstance(results[path], PictureFingerprints) for path in good)


@pytest.mark.usefixtures("children")
def test_an_animation_whose_worker_was_killed_may_be_tried_again(good: list[Path], tmp_path: Path) -> None:
    """For want of memory, which there may be another time: kept, it would be taken for done."""
    killed = bad(tmp_path, "killed")
    results = dict(of_files(pool.fingerprint_files([killed, *good[:2]], workers=1, command=MISBEHAVING)))
    assert reason(results[killed]).startswith("only its first frame was read: the worker that read it was killed")
    assert is_cut(results[killed])
    assert all(isinstance(results[path], PictureFingerprints) for path in good[:2])


@pytest.mark.usefixtures("children")
def test_a_file_is_not_blamed_for_what_its_worker_lacked(good: list[Path], tmp_path: Path) -> None:
    """A worker that has read other files may lack what a new one has: the file is tried again in a new one."""
    lacks = ("short", "memory", "threads", "crash", "exit", "killed")
    files = [
        file
        for pair in zip(good, (bad(tmp_path, f"{lack}-when-used") for lack in lacks), strict=False)
        for file in pair
    ]
    results = of_files(pool.fingerprint_files([*files, *good[6:]], workers=2, command=MISBEHAVING))
    assert [path for path, _ in results] == [*files, *good[6:]]
    assert [str(result) for _, result in results if isinstance(result, MediaError) or result.note] == []


@pytest.mark.usefixtures("children")
def test_a_file_that_a_new_worker_lacks_something_for_too_is_told_so(good: list[Path], tmp_path: Path) -> None:
    """And is not called damaged, as if nothing else could be the reason."""
    expected = {
        "short": "damaged PNG: it cannot be decoded, or decoding it takes more memory than a worker may have",
        "memory": "it takes more memory than a worker may have",
        "threads": "decoding this PNG needs a thread or another resource that this machine cannot give now",
    }
    files = [good[0], *(bad(tmp_path, lack) for lack in expected), *good[1:3]]
    results = dict(of_files(pool.fingerprint_files(files, workers=2, command=MISBEHAVING)))
    told = [result for result in results.values() if isinstance(result, DigestFingerprints)]
    for result, words in zip(told, expected.values(), strict=True):
        assert result.note.startswith(words)
        assert is_cut(result)


@pytest.mark.usefixtures("children")
@pytest.mark.parametrize("deed", ["grow", "multiply"])
def test_a_worker_that_has_grown_is_replaced(
    good: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """What a library leaves behind is no room for the next file."""
    files = [good[0], bad(tmp_path, deed), *good[1:]]
    starting, started = start, list[tuple[str, ...]]()

    def counted(command: tuple[str, ...], *, workers: int) -> WorkerProcess:
        started.append(command)
        return starting(command, workers=workers)

    monkeypatch.setattr(workers_of, "start", counted)
    for each in pool.fingerprint_files(files, workers=1, command=MISBEHAVING):
        assert isinstance(each.result, PictureFingerprints)
    assert len(started) == 2


@pytest.mark.usefixtures("children")
def test_a_machine_that_starts_no_process_is_told_so(good: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", refuse)
    with pytest.raises(Unavailable, match="no worker process can be started") as caught:
        of_files(pool.fingerprint_files(good, workers=2))
    assert caught.value.remedy


@pytest.mark.usefixtures("children")
def test_a_machine_that_starts_no_further_process_goes_on_with_what_it_has(
    good: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    starting = subprocess.Popen
    started: list[bool] = []

    def once(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        if started:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        started.append(True)
        return starting(*arguments, **options)

    monkeypatch.setattr("subprocess.Popen", once)
    results = of_files(pool.fingerprint_files(good, workers=3))
    assert [path for path, _ in results] == good
    assert all(isinstance(result, PictureFingerprints) for _, result in results)


@pytest.mark.usefixtures("children")
def test_many_bad_files_in_a_row_do_not_wear_the_pool_out(good: list[Path], tmp_path: Path) -> None:
    doomed = []
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        doomed.append(bad(tmp_path / str(number), "exit"))
    results = of_files(pool.fingerprint_files([*doomed, *good[:2]], workers=2, command=MISBEHAVING))
    assert [isinstance(result, DigestFingerprints) for _, result in results] == [True] * 4 + [False] * 2


@pytest.mark.usefixtures("children")
def test_a_reader_that_stops_leaves_nothing_running(good: list[Path]) -> None:
    results = pool.fingerprint_files(good, workers=2)
    next(results)
    assert running()
    results.close()  # type: ignore[attr-defined]  # an Iterator that is a generator


@pytest.mark.usefixtures("children")
def test_an_interrupt_leaves_nothing_running(good: list[Path]) -> None:
    def files() -> Iterator[Path]:
        yield from good[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        of_files(pool.fingerprint_files(files(), workers=2))


def test_files_are_taken_as_there_is_room(good: list[Path]) -> None:
    """A pool of one worker is far from having asked for all of a long list when the first result comes."""
    asked = 0

    def files() -> Iterator[Path]:
        nonlocal asked
        for _ in range(1000):
            asked += 1
            yield good[0]

    results = pool.fingerprint_files(files(), workers=1)
    next(results)
    assert asked <= 40
    results.close()  # type: ignore[attr-defined]  # an Iterator that is a generator


def test_what_the_walk_could_not_read_keeps_its_place(good: list[Path]) -> None:
    gone = Unreadable(path=Path("gone"), error=MediaError("no such file or folder"))
    results = of_files(pool.fingerprint_files([good[0], gone, good[1]], workers=1))
    assert [path for path, _ in results] == [good[0], Path("gone"), good[1]]
    assert results[1][1] is gone.error


def test_a_path_longer_than_any_files_costs_only_itself(good: list[Path]) -> None:
    results = of_files(pool.fingerprint_files([Path("x/" * 40_000), good[0]], workers=1))
    assert str(results[0][1]) == "cannot be read: file name too long"
    assert isinstance(results[1][1], PictureFingerprints)


@pytest.mark.usefixtures("children")
def test_workers_that_cannot_start_are_told_once(good: list[Path]) -> None:
    with pytest.raises(Unavailable, match="cannot be started") as caught:
        of_files(pool.fingerprint_files(good, workers=2, command=(sys.executable, "-c", "raise SystemExit(1)")))
    assert caught.value.remedy


def test_a_worker_takes_no_module_from_the_folder_it_is_started_in(
    good: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of evidence may hold a file named as a module of ours."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    [(_, result)] = of_files(pool.fingerprint_files([Path(good[0].name)], workers=1))
    assert isinstance(result, PictureFingerprints)


def test_a_worker_inherits_no_secret(monkeypatch: pytest.MonkeyPatch, good: list[Path]) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    results = pool.fingerprint_files(good, workers=1)
    before = running()
    next(results)
    environments = [Path(f"/proc/{child}/environ") for child in running() - before]
    try:
        # The filter makes a worker's memory unreadable to others of its user; to root it is not.
        assert all(b"VIGIL_PASSPHRASE" not in file.read_bytes() for file in environments)
    except PermissionError:
        absent("only root may look into a confined worker")
    finally:
        results.close()  # type: ignore[attr-defined]  # an Iterator that is a generator
    assert environments
