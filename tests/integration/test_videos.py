"""Videos from a file on the one side to a hit on the other: the clips that vPDQ was shown with, and their edits."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from tests.integration.processes import Federation, Line, federation, until, vigil
from tests.unit.media.videos import Edited, Scene, letterboxed, write_video

Lines = Callable[..., list[Line]]
BASIS = ("--case", "V-1", "--purpose", "victim-identification", "--legal-basis", "a test")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), "FR", "JP") as running:
        yield running


@pytest.fixture(scope="module")
def lines_of(made: Federation) -> Lines:
    def run(name: str, *words: str, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, *words, "--json")
        assert done.returncode == code, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def family(path: str) -> str:
    return Path(path).name.partition("-")[0]


@pytest.fixture(scope="module")
def known(made: Federation, lines_of: Lines, vectors: Path) -> dict[str, str]:
    """France holds all seven clips, shares them, and Japan has the records: record -> name of the clip."""
    taken = lines_of("FR", "ingest", str(vectors / "video"), "--case", "CLIPS")
    names = {line["holding"]: Path(line["path"]).name for line in taken if "path" in line}
    assert len(names) == 7
    shared = lines_of("FR", "contribute", "--case", "CLIPS")
    until(lambda: made.size("JP", "FR") >= 7, "Japan has the records of France's clips")
    return {line["record"]: names[line["holding"]] for line in shared if line.get("record")}


def test_every_edit_of_a_clip_finds_its_original_and_no_other_clip(
    lines_of: Lines, vectors: Path, known: dict[str, str]
) -> None:
    *hits, summary = lines_of("JP", "match", str(vectors / "video"))
    found = {(Path(hit["subject"]).name, known[hit["record"]]) for hit in hits}
    clips = set(known.values())
    assert found == {(one, other) for one in clips for other in clips if family(one) == family(other)}
    assert summary["hits"] == len(hits) == len(found)
    for hit in hits:
        if Path(hit["subject"]).name == known[hit["record"]]:
            assert hit["algorithm"] == "sha256"
        else:
            assert hit["algorithm"] == "vpdq"
            assert max(hit["shares"]["query_percent"], hit["shares"]["compared_percent"]) >= 50
            assert hit["shares"]["radius"] == (66 if "large-logo" in hit["subject"] + known[hit["record"]] else 31)
            assert hit["seconds"] is not None
            assert hit["subject_seconds"] is not None


def test_an_ingest_of_an_edit_says_at_once_what_it_is_an_edit_of(
    lines_of: Lines, vectors: Path, known: dict[str, str]
) -> None:
    edit = vectors / "video" / "pattern-sd-with-small-logo-bar.mp4"
    (line, _) = lines_of("JP", "ingest", str(edit), "--case", "EDIT")
    assert sorted(known[hit["record"]] for hit in line["hits"]) == [
        "pattern-sd-grey-bar.mp4",
        "pattern-sd-with-small-logo-bar.mp4",
    ]


def test_a_question_about_an_edit_is_answered_as_the_level_allows(lines_of: Lines, tmp_path: Path) -> None:
    write_video(tmp_path / "held.mp4", Scene(seed=3), seconds=8)
    lines_of("JP", "ingest", str(tmp_path / "held.mp4"), "--case", "HNH", "--level", "hit-no-hit")
    write_video(tmp_path / "edit.mkv", Scene(seed=3, brightness=0.8), seconds=6, start=1.5, size=(320, 180))
    lines = lines_of("FR", "query", str(tmp_path / "edit.mkv"), *BASIS)
    (hit,) = [line for line in lines if "algorithm" in line]
    assert lines[-1]["outcomes"] == {"JP": "hit"}
    assert (hit["algorithm"], hit["level"], hit["where"]) == ("vpdq", "hit-no-hit", "JP")
    told = ("record", "distance", "quality", "shares", "seconds", "subject_seconds")
    assert [hit[name] for name in told] == [None] * len(told)


@pytest.fixture(scope="module")
def upright(lines_of: Lines, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Japan holds a video, and says yes or no: the number of the holding."""
    path = write_video(tmp_path_factory.mktemp("upright") / "held.mp4", Scene(seed=21), seconds=8)
    (line, _) = lines_of("JP", "ingest", str(path), "--case", "TURNED", "--level", "hit-no-hit")
    holding: int = line["holding"]
    return holding


@pytest.mark.parametrize(
    ("edit", "orientation"),
    [
        (ImageOps.mirror, "flop"),
        (ImageOps.flip, "flip"),
        (lambda image: image.transpose(Image.Transpose.ROTATE_90), "rotate270"),
        (letterboxed, "original"),
        (lambda image: letterboxed(ImageOps.mirror(image)), "flop"),
    ],
    ids=["mirrored", "upside down", "on its side", "in a letterbox", "mirrored in a letterbox"],
)
def test_a_copy_that_was_turned_or_put_into_a_letterbox_is_found_here_and_abroad(
    lines_of: Lines, tmp_path: Path, upright: int, edit: Callable[[Image.Image], Image.Image], orientation: str
) -> None:
    copy = Edited(21, edit=edit)
    write_video(tmp_path / "copy.mp4", copy, seconds=6, start=1.5, size=copy.picture(0).size)
    *hits, _ = lines_of("JP", "match", str(tmp_path / "copy.mp4"))
    assert [(hit["holding"], hit["algorithm"], hit["orientation"]) for hit in hits] == [(upright, "vpdq", orientation)]
    lines = lines_of("FR", "query", str(tmp_path / "copy.mp4"), *BASIS)
    assert lines[-1]["outcomes"] == {"JP": "hit"}
    assert [(line["algorithm"], line["level"]) for line in lines if "algorithm" in line] == [("vpdq", "hit-no-hit")]


def test_a_question_about_a_shared_clip_says_the_shares(lines_of: Lines, vectors: Path, known: dict[str, str]) -> None:
    lines = lines_of("JP", "query", str(vectors / "video" / "chair-20-sd-bar.mp4"), *BASIS)
    abroad = {known[line["record"]]: line for line in lines if line.get("where") == "FR"}
    assert {family(name) for name in abroad} == {"chair"}
    original = abroad["chair-orig-22-sd-bar.mp4"]
    assert original["shares"]["query_percent"] == 100
    assert original["shares"]["radius"] == 31


def test_a_still_picture_finds_the_video_it_was_taken_from_and_the_other_way_round(
    lines_of: Lines, tmp_path: Path
) -> None:
    scene = Scene(seed=8)
    write_video(tmp_path / "film.mp4", scene, seconds=6)
    still = tmp_path / "still.jpg"
    scene.picture(3.0).save(still, quality=70)
    (taken, _) = lines_of("FR", "ingest", str(tmp_path / "film.mp4"), "--case", "STILL")
    *hits, _ = lines_of("FR", "match", str(still))
    assert [(h["holding"], h["algorithm"], h["seconds"]) for h in hits] == [(taken["holding"], "vpdq-frame", 3.0)]
    other = Scene(seed=9)
    other.picture(2.0).save(tmp_path / "other.png")
    (kept, _) = lines_of("FR", "ingest", str(tmp_path / "other.png"), "--case", "STILL")
    write_video(tmp_path / "later.webm", other, seconds=5)
    *hits, _ = lines_of("FR", "match", str(tmp_path / "later.webm"))
    assert [(h["holding"], h["algorithm"], h["subject_seconds"]) for h in hits] == [
        (kept["holding"], "vpdq-frame", 2.0)
    ]
