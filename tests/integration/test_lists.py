"""Lists of other tools: imported by the real command, found by an ingest and by a member's question, and removed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.pictures import picture
from tests.integration.processes import Federation, Line, environment, federation, until, vigil

BASIS = ("--case", "T-1", "--purpose", "victim-identification", "--legal-basis", "made up")
ROOT = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Cases"
MANY = 30_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("lists"), "FR", "BR") as running:
        yield running


def lines_of(made: Federation, name: str, *words: str, code: int = 0) -> list[Line]:
    done = vigil(made.home(name).folder, *words, "--json")
    assert done.returncode == code, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def vics(path: Path, *media: Line) -> Path:
    case = {"CaseID": "1", "CaseNumber": "secret case", "ContactName": "Secret Person", "Media": list(media)}
    path.write_text(json.dumps({"@odata.context": ROOT, "value": [case]}, indent=0))
    return path


def media_of(file: Path) -> Line:
    md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    return {"MediaID": 7, "Category": 1, "MD5": md5.upper(), "Series": "Made up", "RelativeFilePath": "secret\\a.jpg"}


def outcomes(made: Federation, file: Path) -> Line:
    return dict(lines_of(made, "BR", "query", str(file), *BASIS)[-1]["outcomes"])


def test_a_list_is_imported_found_asked_about_and_removed(made: Federation, tmp_path: Path) -> None:
    file = picture(tmp_path / "held" / "one.jpg", 1)
    other = {"MediaID": 8, "Category": 0, "MD5": "ab" * 16}
    exported = vics(tmp_path / "secret name.json", media_of(file), other)
    (dry,) = lines_of(made, "FR", "import", "--dry-run", str(exported))
    made.run("FR", "officer-add", {"name": "Dupont", "role": "investigator"})
    (done,) = lines_of(
        made, "FR", "import", str(exported), "--list", "US set", "--provider", "US", "--officer", "Dupont"
    )
    assert (dry["records"], done["records"], done["added"], done["list_state"]) == (2, 2, 2, "whole")
    assert [each["category"]["label"] for each in done["categories"]] == ["uncategorized", "illegal"]

    found, *_ = lines_of(made, "FR", "ingest", str(tmp_path / "held"), "--case", "C-1")
    (hit,) = [each for each in found["hits"] if each["list"]]
    assert (hit["list"]["name"], hit["list"]["provider"], hit["list"]["record"]) == ("US set", "US", 1)
    assert (hit["category"]["scheme"], hit["category"]["code"], hit["series"]) == ("us-vics", "1", "Made up")
    shown = lines_of(made, "FR", "lists", "show", "US set")
    assert [line["at"]["record"] for line in shown if "row" in line] == [1, 2]
    assert shown[0]["imported_by"] == "Dupont"
    assert "ecret" in vigil(made.home("FR").folder, "lists", "show", "US set", "--words").stdout
    matching = lines_of(made, "FR", "lists", "hits", "US set")
    assert any(line.get("holding") == found["holding"] for line in matching)
    _the_case_of_the_list_is_a_case_here(made, found["holding"])

    assert outcomes(made, file) == {"FR": "no-hit"}
    lines_of(made, "FR", "lists", "change", "US set", "--level", "hit-no-hit")
    *hits, summary = [line for line in lines_of(made, "BR", "query", str(file), *BASIS) if "member" not in line]
    assert summary["outcomes"] == {"FR": "hit"}
    assert [(each["record"], each["list"], each["series"], each["category"]) for each in hits] == [(None,) * 4]

    (again,) = lines_of(made, "FR", "import", str(exported), "--list", "US set")
    assert (again["added"], again["unchanged"], again["changed"]) == (0, 2, 0)
    assert (again["own_holdings"]["matching"], again["own_holdings"]["by"]) == (1, {"md5": 1})
    said = vigil(made.home("FR").folder, "import", str(exported), "--list", "US set").stdout
    assert "1 holding of this node matches rows of this file (1 by MD5): vigil lists hits 'US set'" in said
    refused = vigil(made.home("FR").folder, "lists", "remove", "US set")
    assert (refused.returncode, "2 rows" in refused.stderr) == (2, True)
    assert lines_of(made, "FR", "lists", "remove", "US set", "--yes") == [
        {"list": "US set", "removed": 2, "awaiting_retraction": 0}
    ]
    assert [each["case"] for each in lines_of(made, "FR", "case", "list")[:-1]] == ["C-1"]
    (end,) = lines_of(made, "FR", "hits")
    assert end["lists"]["holdings"] == 0
    assert outcomes(made, file) == {"FR": "no-hit"}
    *hits, _ = lines_of(made, "FR", "match", str(file))
    assert not any(each["list"] for each in hits)
    assert made.run("FR", "fsck")[-1]["ok"]
    audit = json.dumps([each for each in lines_of(made, "FR", "audit") if "list" in str(each.get("what"))])
    assert "US set" in audit
    for words in (audit, made.log_text("FR")):
        for secret in ("ecret", media_of(file)["MD5"].lower(), "secret name"):
            assert secret not in words


def _the_case_of_the_list_is_a_case_here(made: Federation, holding: int) -> None:
    """Its number is told on request alone: nothing of it is in a log (see the end of the test)."""
    *cases, _ = lines_of(made, "FR", "case", "list")
    assert [(each["case"], each["list"], each["provider"]) for each in cases] == [
        ("C-1", None, None),
        ("secret case", "US set", "US"),
    ]
    (case, *rows) = lines_of(made, "FR", "case", "show", "secret case", "--words")
    assert (case["references"], [each["series"] for each in rows]) == (2, ["Made up", None])
    assert "Secret Person" in case["said"]
    assert "secret\\\\a.jpg" in rows[0]["said"]
    *found, end = lines_of(made, "FR", "match", "--case", "secret case")
    assert (end["references"], end["list"]) == (2, "US set")
    assert [each["holding"] for each in found] == [holding]
    *found, end = lines_of(made, "FR", "hits", "--case", "C-1")
    (listed,) = [each for each in found if "hit" not in each]
    assert listed["holding"] == holding
    assert [(hit["signed"], hit["list"]["name"], hit["list"]["case"]) for hit in listed["hits"]] == [
        (False, "US set", "secret case")
    ]
    refused = vigil(made.home("FR").folder, "case", "level", "secret case", "national")
    assert (refused.returncode != 0, "it came with a list (US set)" in refused.stderr) == (True, True)


def test_a_file_that_is_not_well_formed_changes_nothing_and_one_that_ends_early_says_so(
    made: Federation, tmp_path: Path
) -> None:
    whole = vics(tmp_path / "a.json", {"MD5": "01" * 16, "Category": 1}, {"MD5": "02" * 16, "Category": 1})
    data = whole.read_text()
    broken, cut = tmp_path / "b.json", tmp_path / "c.json"
    broken.write_text(data + data)
    cut.write_text(data[: data.rindex("{")])
    (line,) = lines_of(made, "FR", "import", str(broken), "--list", "Broken", code=1)
    assert (line["file"], line["records"], line["error"]["reason"]) == ("rejected", 0, "data after the document")
    assert not any(each["list"] == "Broken" for each in made.run("FR", "list-list"))
    (line,) = lines_of(made, "FR", "import", str(cut), "--list", "Cut", code=1)
    assert (line["file"], line["records"], line["list_state"]) == ("incomplete", 1, "incomplete")
    lines_of(made, "FR", "import", str(broken), "--list", "Cut", code=1)
    (known,) = made.run("FR", "list-list", {"list": "Cut"})
    assert (known["state"], known["rows"], known["files"]) == ("incomplete", 1, 1)
    (line,) = lines_of(made, "FR", "import", str(whole), "--list", "Cut")
    assert (line["list_state"], line["list_rows"], line["unchanged"]) == ("whole", 2, 1)


@pytest.mark.parametrize("victim", ["daemon", "command"])
def test_an_import_that_is_killed_in_the_middle_is_completed_by_the_same_command(
    made: Federation, tmp_path: Path, victim: str
) -> None:
    def md5(number: int) -> str:
        return hashlib.md5(f"{victim} {number}".encode(), usedforsecurity=False).hexdigest()

    listed = tmp_path / "many.txt"
    listed.write_text("".join(f"{md5(number)}  secret {number}.jpg\n" for number in range(MANY)))
    words = ("import", str(listed), "--list", victim, "--json")

    def state() -> Line:
        (line,) = made.run("FR", "list-list", {"list": victim}) or [{"rows": 0, "state": "none"}]
        return line

    with subprocess.Popen(
        [sys.executable, "-m", "node.cli.main", *words],
        env=environment(made.home("FR").folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        until(lambda: state()["rows"], "the first rows are stored")
        if victim == "daemon":
            made.daemons.pop("FR").kill()
        else:
            running.kill()
        assert running.wait(60) != 0
        assert "secret" not in (running.stderr.read() if running.stderr else "")
    if victim == "daemon":
        made.start("FR")
    before = state()
    assert before["state"] == "taking"
    assert 0 < before["rows"] < MANY
    subject = f"md5:{md5(0)}"
    assert not [line for line in lines_of(made, "FR", "match", subject) if line.get("list")]

    (done,) = lines_of(made, "FR", *words[:-1])
    assert (done["list_rows"], done["list_state"]) == (MANY, "whole")
    assert done["unchanged"] >= before["rows"]
    assert done["added"] + done["unchanged"] == MANY
    assert [line["list"]["line"] for line in lines_of(made, "FR", "match", subject) if line.get("list")] == [1]
    assert made.run("FR", "fsck")[-1]["ok"]
    made.run("FR", "list-remove", {"list": victim})
