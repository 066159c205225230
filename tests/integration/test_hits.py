"""What another country shares later reaches what is held here: told by real processes, with stops and kills between."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.pictures import edited, picture
from tests.integration.processes import Federation, Line, federation, until, vigil


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("hits"), "FR", "JP") as running:
        yield running


def lines_of(made: Federation, name: str, *words: str) -> list[Line]:
    done = vigil(made.home(name).folder, *words, "--json")
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def share(made: Federation, folder: Path, case: str) -> list[str]:
    """Japan takes a folder in and contributes it."""
    lines_of(made, "JP", "ingest", str(folder), "--case", case)
    return [str(line["record"]) for line in lines_of(made, "JP", "contribute", "--case", case) if line.get("record")]


def counted(made: Federation) -> dict[str, Any]:
    return dict(made.status("FR")["hits"])


def matched(made: Federation) -> bool:
    """France has all that Japan has said, and has compared it."""
    return made.size("FR", "JP") == made.size("JP", "JP") and made.status("FR")["not_matched_yet"] == 0


def test_what_is_shared_later_is_a_hit_here_until_it_is_taken_back(made: Federation, tmp_path: Path) -> None:
    """Two files are held here. Japan shares an exact copy of the one and an edited copy of the other afterwards: status
    counts both, `hits` lists them, and the same ingest again says so of the whole case. A retraction ends a hit.
    """
    held = [picture(tmp_path / "held" / f"{n}.jpg", n) for n in range(2)]
    ingest = ("ingest", str(tmp_path / "held"), "--case", "LATER")
    assert lines_of(made, "FR", *ingest)[-1]["files_with_hits"] == 0
    folder = tmp_path / "japan"
    folder.mkdir()
    shutil.copy(held[0], folder / "copy.jpg")
    edited(held[1], folder / "edited.jpg")
    share(made, folder, "SHARED")
    until(lambda: counted(made) == {"total": 2, "new": 2, "hidden": 0}, "both hits are counted")

    *again, summary = lines_of(made, "FR", *ingest)
    assert (summary["skipped"], summary["files_with_hits"], summary["case_hits"]) == (2, 2, 2)
    assert {line["algorithm"] for line in again} == {"sha256", "pdq"}

    *hits, summary = lines_of(made, "FR", "hits", "--case", "LATER", "--new")
    assert (summary["hits"], summary["total"], summary["new"]) == (2, 2, 2)
    exact, near = sorted(hits, key=lambda line: line["holding"])
    assert (exact["algorithm"], exact["distance"], exact["orientation"], exact["cases"]) == (
        "sha256", None, None, ["LATER"],
    )  # fmt: skip
    assert (near["algorithm"], near["orientation"]) == ("pdq", "flop")
    assert 0 <= near["distance"] <= 31
    assert {line["origin"] for line in hits} == {"test.vigil/JP/log/1"}
    assert all(line["first_seen"] and line["new"] for line in hits)
    assert lines_of(made, "FR", "hits", "--unseen")[-1]["hits"] == 0, "they were shown"
    assert lines_of(made, "FR", "hits", "--new")[-1]["hits"] == 2, "nobody has decided yet"
    (decided,) = lines_of(made, "FR", "review", str(near["hit"]), "confirm", "--note", "the same bridge", "--opine")
    assert (decided["before"], decided["state"], decided["error"]) == ("new", "confirmed", None)
    assert decided["publication"] == "published"
    assert counted(made) == {"total": 2, "new": 1, "hidden": 0}
    (shown,) = lines_of(made, "FR", "hits", "show", str(near["hit"]))
    assert [(each["state"], each["note"]) for each in shown["history"]] == [("confirmed", "the same bridge")]
    assert [(each["member"], each["says"]) for each in shown["record"]["remarks"]] == [("FR", "confirm")]
    late = vigil(made.home("FR").folder, "review", str(near["hit"]), "reject", "--if-state", "new", "--json")
    assert (late.returncode, json.loads(late.stdout.splitlines()[0])["kind"]) == (4, "refused")
    words = vigil(made.home("FR").folder, "hits")
    assert "LATER" in words.stdout
    assert "JP" in words.stdout
    assert any(line.get("what") == "hits" for line in lines_of(made, "FR", "audit"))

    lines_of(made, "JP", "retract", str(exact["record"]), "--reason", "mistake")
    until(lambda: counted(made)["total"] == 1, "the hit has ended")
    (left, _) = lines_of(made, "FR", "hits")
    assert left["record"] == near["record"]
    assert lines_of(made, "FR", *ingest)[-1]["files_with_hits"] == 1
    assert made.run("FR", "fsck")[-1]["ok"]


def test_a_node_that_is_stopped_or_killed_misses_no_hit(made: Federation, tmp_path: Path) -> None:
    """Shared while the node was down; and killed as soon as the record was stored, whether it was compared or not."""
    held = [picture(tmp_path / "held" / f"{n}.jpg", 10 + n) for n in range(3)]
    lines_of(made, "FR", "ingest", str(tmp_path / "held"), "--case", "DOWN")
    before = counted(made)["total"]
    made.stop("FR")
    for number, file in enumerate(held):
        folder = tmp_path / f"shared {number}"
        folder.mkdir()
        shutil.copy(file, folder)
        share(made, folder, f"DOWN {number}")
        if number:
            until(lambda: made.size("FR", "JP") == made.size("JP", "JP"), "the record is stored")
            made.daemons.pop("FR").kill()
        made.start("FR")
    until(lambda: matched(made), "all is compared")
    assert counted(made)["total"] == before + 3
    assert lines_of(made, "FR", "ingest", str(tmp_path / "held"), "--case", "DOWN")[-1]["files_with_hits"] == 3
    assert made.run("FR", "fsck")[-1]["ok"]
