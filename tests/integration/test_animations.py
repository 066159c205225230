"""Animated pictures from a file on the one side to a hit on the other, by any of their frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from tests.integration.pictures import image
from tests.integration.processes import Federation, Line, until
from tests.integration.test_videos import BASIS, lines_of, made

__all__ = ["lines_of", "made"]

Lines = Callable[..., list[Line]]
LASTING = 300
"""Milliseconds of each of the ten pictures: none but every third or fourth is shown at a whole second."""


def shown(first: int = 1, count: int = 10) -> list[Image.Image]:
    return [image(seed) for seed in range(first, first + count)]


def write(path: Path, pictures: list[Image.Image]) -> Path:
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=LASTING)
    return path


@pytest.fixture(scope="module")
def held(made: Federation, lines_of: Lines, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """France holds an animation and shares it, and Japan has the record: the line of the contribution."""
    path = write(tmp_path_factory.mktemp("animation") / "moving.gif", shown())
    (taken, _) = lines_of("FR", "ingest", str(path), "--case", "MOVES")
    assert (taken["new"], taken["hits"]) == (True, [])
    (shared, *_) = lines_of("FR", "contribute", "--case", "MOVES")
    until(lambda: made.size("JP", "FR") >= 1, "Japan has the record of France's animation")
    return shared


def test_a_still_of_each_picture_that_it_shows_finds_the_record(lines_of: Lines, held: Line, tmp_path: Path) -> None:
    for number, picture in enumerate(shown()):
        picture.resize((320, 213)).save(tmp_path / f"{number}.jpg", quality=85)
    ImageOps.mirror(shown()[4]).save(tmp_path / "mirrored.png")
    image(99).save(tmp_path / "other.jpg")
    *hits, summary = lines_of("JP", "match", str(tmp_path))
    assert {hit["record"] for hit in hits} == {held["record"]}
    found = {Path(hit["subject"]).stem: hit for hit in hits}
    assert found.keys() == {*map(str, range(10)), "mirrored"}
    assert (found["0"]["algorithm"], found["0"]["seconds"]) == ("pdq", None)
    for number in range(1, 10):
        hit = found[str(number)]
        assert (hit["algorithm"], hit["seconds"]) == ("vpdq-frame", number * LASTING / 1_000)
    assert (found["mirrored"]["orientation"], found["mirrored"]["seconds"]) == ("flop", 4 * LASTING / 1_000)
    assert summary["hits"] == len(hits)


def test_another_file_that_begins_later_is_found_as_a_video_is_here_and_abroad(
    lines_of: Lines, held: Line, tmp_path: Path
) -> None:
    later = write(tmp_path / "later.webp", shown(3, 8))
    (hit, _) = lines_of("JP", "match", str(later))
    assert (hit["record"], hit["algorithm"]) == (held["record"], "vpdq")
    assert hit["shares"]["query_percent"] == 100
    assert hit["shares"]["compared_percent"] >= 70
    assert (hit["seconds"] or 0) - (hit["subject_seconds"] or 0) == pytest.approx(2 * LASTING / 1_000)
    lines = lines_of("JP", "query", str(later), *BASIS)
    (abroad,) = [line for line in lines if line.get("where") == "FR" and "algorithm" in line]
    assert (abroad["record"], abroad["algorithm"], abroad["shares"]) == (held["record"], "vpdq", hit["shares"])
    assert lines[-1]["outcomes"] == {"FR": "hit"}
    assert lines[-1]["reduced"] is False


def test_the_index_agrees_with_the_store_after_a_start_and_after_a_retraction(
    made: Federation, lines_of: Lines, held: Line, tmp_path: Path
) -> None:
    shown()[6].save(tmp_path / "still.png")
    *hits, _ = lines_of("FR", "match", str(tmp_path))
    assert [hit["algorithm"] for hit in hits] == ["vpdq-frame"]
    assert made.stop("FR") == 0
    checked = lines_of("FR", "node", "fsck")
    assert checked[-1]["ok"]
    again = lines_of("FR", "match", str(tmp_path))
    assert again[:-1] == hits
    made.start("FR")
    lines_of("FR", "retract", held["record"], "--reason", "mistake")
    until(lambda: lines_of("JP", "match", str(tmp_path))[:-1] == [], "Japan has forgotten the animation")
    assert [hit["algorithm"] for hit in lines_of("FR", "match", str(tmp_path))[:-1]] == ["vpdq-frame"], "still held"
