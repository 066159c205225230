"""Small files that cost much come last, take a bounded time of the run, and are never cut without a word."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.domain.material import PictureFingerprints
from node.errors import MediaError
from node.media import gif
from node.media.budget import CUT, MOST_PUT_OFF, RUN_SECONDS, Budget, cut, is_cut
from node.media.pool import fingerprint_files
from node.media.tasks import Task
from tests.unit.media.example_replies import EXAMPLE
from tests.unit.media.pictures import encoded, scene
from tests.unit.media.reading import of_files

MEGABYTE = 1_000_000


def flicker(path: Path, frames: int, size: tuple[int, int] = (200, 150)) -> Path:
    """A GIF of a few kilobytes whose every frame is a plain picture of this size."""
    shown = [Image.new("P", size, number % 2) for number in range(frames)]
    for number, image in enumerate(shown):
        image.putpalette([number, 0, 0, 255, number, 255])
    shown[0].save(path, save_all=True, append_images=shown[1:], duration=20, optimize=False, disposal=2)
    return path


@pytest.fixture
def good(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"good-{number}.png" for number in range(6)]
    for number, file in enumerate(files):
        file.write_bytes(encoded(scene(80, 60, number), "PNG"))
    return files


def test_small_files_that_cost_much_come_last_and_are_cut_where_the_run_has_no_time(
    good: list[Path], tmp_path: Path
) -> None:
    """The first of them is read to its end, the next one is not. Here no file has any time for what moves."""
    one, two = flicker(tmp_path / "one.gif", 40), flicker(tmp_path / "two.gif", 60)
    results = of_files(fingerprint_files([one, two, *good], workers=1, budget=Budget(floor=0, run=0)))
    assert [path for path, _ in results] == [*good, one, two]
    whole, part = results[-2][1], results[-1][1]
    assert isinstance(whole, PictureFingerprints)
    assert isinstance(part, PictureFingerprints)
    assert whole.note == ""
    assert whole.animation is not None
    assert whole.animation.milliseconds == 40 * 20
    assert part.note.startswith("only its first ")
    assert part.note.endswith(CUT)
    assert is_cut(part)
    assert not is_cut(whole)
    assert part.sha256 != whole.sha256


def test_frames_of_a_gif_are_counted_without_decoding_one(tmp_path: Path) -> None:
    for frames in (2, 7, 40):
        assert gif.count_frames(flicker(tmp_path / "a.gif", frames, (20, 10)).read_bytes()) == frames
    assert gif.count_frames(encoded(scene(40, 30).quantize(64), "GIF")) == 1


@given(st.binary() | st.binary().map(b"GIF89a\x0a\x00\x0a\x00\x80\x00\x00".__add__))
def test_any_bytes_have_a_number_of_frames(data: bytes) -> None:
    assert 0 <= gif.count_frames(data) <= len(data)


# --- the rules, without a worker --------------------------------------------------------------------------------------


def put_off(budget: Budget, costs: list[tuple[int, int]]) -> list[Task]:
    tasks = [Task(path=Path(str(number))) for number in range(len(costs))]
    for task, (cost, most) in zip(tasks, costs, strict=True):
        assert budget.put_off(task, replace(EXAMPLE, note="only its first 2 frames were read"), cost, most)
    return tasks


def test_time_grows_with_size() -> None:
    first = [Budget().first_turn(size).moving for size in (0, MEGABYTE, 28 * MEGABYTE, 500 * MEGABYTE)]
    assert first == sorted(first)
    assert first[0] == 10
    assert Budget().first_turn(1 << 38).first == 60


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 20_000)), min_size=1, max_size=30),
    st.floats(0, 100_000),
)
def test_the_time_of_a_run_is_bounded_and_nothing_is_cut_without_a_word(
    costs: list[tuple[int, int]], others: float
) -> None:
    budget = Budget()
    budget.took(Task(path=Path("others")), others)
    put_off(budget, costs)
    taken, order = 0, []
    for task in budget.last():
        order.append(task.cost)
        turn = budget.second_turn(task)
        if turn.result is not None:
            assert is_cut(turn.result)
            continue
        assert turn.limits is not None
        taken += turn.limits.moving
        budget.took(task, turn.limits.moving)
    assert order == sorted(order)
    first = max(min(costs)[1], 10)
    assert taken <= max(RUN_SECONDS, others) + first
    assert taken > 0


def test_time_that_was_not_taken_is_there_for_the_next() -> None:
    budget = Budget()
    put_off(budget, [(100, 600)] * 20)
    turns = []
    for task in budget.last():
        turns.append(budget.second_turn(task))
        if task.result is None:
            budget.took(task, 45.0)
    assert [task.result for task in turns] == [None] * 18 + [cut(task.so_far) for task in turns[18:]]


def test_a_run_keeps_a_bounded_number_for_later() -> None:
    budget = Budget()
    put_off(budget, [(1, 1)] * MOST_PUT_OFF)
    assert not budget.put_off(Task(path=Path("one more")), EXAMPLE, 1, 1)


def test_what_has_no_fingerprint_yet_is_an_error_that_says_why() -> None:
    result = cut(None)
    assert isinstance(result, MediaError)
    assert is_cut(result)
    assert result.remedy == CUT
