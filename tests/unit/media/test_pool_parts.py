"""Parts through real workers: each costs only itself, whatever becomes of its worker; nothing is left on the disk."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.domain.material import DigestFingerprints, PictureFingerprints
from node.errors import MediaError
from node.media import budget as of_run
from node.media import pool, turns, worker_process
from node.media import workers as workers_of
from node.media.budget import Budget, is_cut
from node.media.course import Examined
from node.media.scratch import FULL
from node.media.tasks import Task
from tests.unit.media.boxes import box
from tests.unit.media.forked_workers import MISBEHAVING, forking
from tests.unit.media.pictures import encoded, scene
from tests.unit.media.reading import reason

PHOTO = encoded(scene(80, 60), "PNG")
ANOTHER = encoded(scene(80, 60, 7), "PNG")


@pytest.fixture(scope="module", autouse=True)
def _forked() -> Iterator[None]:
    """Workers that misbehave are forked; those that do not are started."""
    with forking():
        yield


def deed(name: str) -> tuple[str, bytes, str]:
    """A part that does something to its worker."""
    return ("P", PHOTO + f"deed({name})".encode(), name)


def written(folder: Path, data: bytes, name: str = "file.box") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def run(*files: Path, workers: int = 1, wall_seconds: float = 60.0, budget: Budget | None = None) -> list[Examined]:
    results = pool.fingerprint_files(
        files, workers=workers, command=MISBEHAVING, wall_seconds=wall_seconds, budget=budget
    )
    return list(results)


def names(results: list[Examined]) -> list[str]:
    return [each.place.name if each.place else each.path.name for each in results]


def check_digest(each: Examined, data: bytes) -> None:
    assert not isinstance(each.result, MediaError)
    assert each.result.sha256 == hashlib.sha256(data).digest()


def test_parts_come_before_their_file_and_files_in_order(tmp_path: Path) -> None:
    inner = box(("P", ANOTHER, "c"))
    one = written(tmp_path, box(("S", PHOTO, "a"), ("P", inner, "b")), "one")
    two = written(tmp_path, PHOTO, "two")
    results = run(one, two, one, workers=2)
    assert names(results) == ["a", "c", "b", "one", "two", "a", "c", "b", "one"]
    assert [each.place.path for each in results[:3] if each.place] == [(0,), (1, 0), (1,)]
    assert [each.place.parent for each in results[:3] if each.place] == [
        hashlib.sha256(data).digest() for data in (one.read_bytes(), inner, one.read_bytes())
    ]
    assert isinstance(results[0].result, PictureFingerprints)
    assert results[0].result == results[4].result
    assert not reason(results[3].result)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crash", "it crashed its decoder (Segmentation fault)"),
        ("nonsense", "the worker that read it sent an invalid reply and was stopped"),
        ("break-out", "its decoder was stopped: it tried what a worker may not do"),
    ],
)
def test_a_part_that_ends_its_worker_costs_only_itself(tmp_path: Path, name: str, words: str) -> None:
    bad = deed(name)
    file = written(tmp_path, box(("P", PHOTO, "a"), ("P", box(("P", PHOTO, "b"), bad, ("P", ANOTHER, "d")), "c")))
    results = run(file)
    assert names(results) == ["a", "b", name, "d", "c", "file.box"]
    assert [reason(each.result).startswith(words) for each in results] == [False, False, True, False, False, False]
    assert isinstance(results[2].result, DigestFingerprints)
    check_digest(results[2], bad[1])
    assert isinstance(results[3].result, PictureFingerprints)


def test_a_part_that_hangs_is_given_up_by_the_clock(tmp_path: Path) -> None:
    file = written(tmp_path, box(deed("hang"), ("P", PHOTO, "b")))
    results = run(file, wall_seconds=15.0)
    assert names(results) == ["hang", "b", "file.box"]
    assert reason(results[0].result).startswith("reading and decoding it took longer than")
    assert isinstance(results[1].result, PictureFingerprints)


def test_a_part_that_goes_on_for_ever_has_no_second_turn(tmp_path: Path) -> None:
    file = written(tmp_path, box(deed("spin"), ("P", PHOTO, "b")))
    results = run(file, wall_seconds=300.0, budget=Budget(floor=1))
    assert names(results) == ["spin", "b", "file.box"]
    assert reason(results[0].result).startswith("decoding it took more than")
    assert isinstance(results[1].result, PictureFingerprints)


def test_a_part_is_tried_again_where_its_worker_lacked_something(tmp_path: Path) -> None:
    file = written(tmp_path, box(("P", PHOTO, "a"), deed("short-when-used"), deed("crash-when-used"), deed("threads")))
    results = run(file)
    assert names(results) == ["a", "short-when-used", "crash-when-used", "threads", "file.box"]
    assert all(isinstance(each.result, PictureFingerprints) for each in results[:3])
    assert isinstance(results[3].result, DigestFingerprints)
    assert is_cut(results[3].result)


def test_a_reader_that_crashes_costs_what_follows_in_its_holder(tmp_path: Path) -> None:
    inner = box(("S", b"a", "a"), ("C", b"", ""), ("S", b"b", "b"))
    results = run(written(tmp_path, box(("P", inner, "inner"), ("P", PHOTO, "c"))))
    assert names(results) == ["a", "inner", "c", "file.box"]
    assert reason(results[1].result).startswith("not looked at: what follows in it: it crashed its decoder")
    assert not reason(results[3].result)


def test_a_file_that_costs_too_many_workers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MAX_LOST", 2)
    first, second = written(tmp_path, box(*[deed("vanish")] * 4)), written(tmp_path, PHOTO, "next")
    results = run(first, second)
    assert names(results) == ["vanish", "vanish", "file.box", "next"]
    assert "ended too many workers" in reason(results[2].result)
    assert isinstance(results[3].result, PictureFingerprints)


def test_a_worker_that_has_grown_among_parts_is_replaced(tmp_path: Path) -> None:
    results = run(written(tmp_path, box(deed("grow"), ("P", PHOTO, "b"), deed("multiply"), ("P", PHOTO, "d"))))
    assert names(results) == ["grow", "b", "multiply", "d", "file.box"]
    assert all(isinstance(each.result, PictureFingerprints) for each in results[:4])


def test_parts_of_the_first_file_come_as_they_are_found(tmp_path: Path) -> None:
    """Before the file is done: a large one would fill the memory otherwise."""
    file = written(tmp_path, box(("S", b"a", "a"), deed("hang")))
    results = pool.fingerprint_files([file], workers=1, command=MISBEHAVING, wall_seconds=600)
    assert next(results).place is not None
    results.close()  # type: ignore[attr-defined]  # an Iterator that is a generator


def test_parts_that_cannot_be_handed_on_hold_up_their_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_of, "_MOST_READY", 3)
    held: list[int] = []
    listening = workers_of.Workers._pause

    def looked(self: workers_of.Workers, first: Task) -> None:
        held.extend(
            len(worker.tasks[0].course.ready) for worker in self._workers if worker.tasks and first not in worker.tasks
        )
        listening(self, first)

    monkeypatch.setattr(workers_of.Workers, "_pause", looked)
    slow = written(
        tmp_path, box(*[("P", encoded(scene(1200, 900, number), "PNG"), "s") for number in range(6)]), "slow"
    )
    many = written(tmp_path, box(*[("S", str(number).encode() * 4000, str(number)) for number in range(400)]), "many")
    results = run(slow, many, workers=2)
    assert names(results) == [*["s"] * 6, "slow", *map(str, range(400)), "many"]
    assert max(held) < 400


def test_a_part_that_needs_more_room_than_there_is_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "room", lambda *_, **__: 100_000)
    results = run(written(tmp_path, box(("P", PHOTO, "a"), ("Z", b"200000", "b"), ("P", PHOTO, "c"))))
    assert names(results) == ["a", "file.box"]
    assert FULL in reason(results[1].result)
    assert is_cut(results[1].result)


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    file = written(tmp_path, box(("Z", b"1000000", "a"), deed("hang")))
    results = pool.fingerprint_files([file], workers=1, command=MISBEHAVING)
    next(results)
    assert list(folder.iterdir()) == []
    results.close()  # type: ignore[attr-defined]  # an Iterator that is a generator


def test_a_costly_file_has_its_parts_in_its_first_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And once: its second turn looks at the file itself alone."""
    for module in (of_run, turns):
        monkeypatch.setattr(module, "PROCESSOR_SECONDS", 1)
    spins = written(tmp_path, PHOTO + ANOTHER + b"deed(spin)", "spins")
    results = run(spins, written(tmp_path, PHOTO, "other"), budget=Budget(floor=1, run=1))
    assert [(each.path.name, bool(each.place)) for each in results] == [
        ("spins", True),
        ("other", False),
        ("spins", False),
    ]
    assert isinstance(results[-1].result, DigestFingerprints)
    assert reason(results[-1].result).count("decoding it took more than") == 1


def test_an_empty_file_is_told_apart(tmp_path: Path) -> None:
    (only,) = run(written(tmp_path, b"", "nothing"))
    assert str(only.result) == "empty file"
    assert type(only.result).__name__ == "Empty"
