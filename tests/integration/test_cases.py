"""A case from its opening to its purge, with a hub and two nodes as processes: opened, taken in, categorised, asked
about by its reference alone, shared, noted, closed, and deleted without a trace.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.control.lines import item_line
from node.domain.holdings import IngestItem
from tests.integration.pictures import picture
from tests.integration.processes import Federation, Line, federation, until, vigil
from tests.simulator.asking import prints

Lines = Callable[..., list[Line]]
SECRET = "a telltale word"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), "FR", "JP") as running:
        until(lambda: running.attending() == 2, "both nodes hold their streams")
        yield running


@pytest.fixture
def lines_of(made: Federation) -> Lines:
    def run(name: str, *words: str, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, *words, "--json")
        assert done.returncode == code, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_a_case_from_its_opening_to_its_purge(made: Federation, lines_of: Lines, tmp_path: Path) -> None:
    abroad = [item_line(IngestItem(tag=each.sha256, prints=each)) for each in (prints(1),)]
    made.run("JP", "ingest", {"case": "JP-1", "level": "hit-no-hit"}, abroad)
    home = [item_line(IngestItem(tag=each.sha256, prints=each)) for each in (prints(1), prints(2))]

    (opened,) = lines_of("FR", "case", "open", "C-1", "--title", SECRET, "--legal-basis", "art. 706-47", "--purpose",
                         "investigation")  # fmt: skip
    assert (opened["version"], opened["status"], opened["officers"]) == (1, "open", [opened["lead"]])
    assert opened["lead"]
    assert made.run("FR", "ingest", {"case": "C-1"}, home)[-1]["new"] == 2

    *said, end = lines_of("FR", "categorise", "1", "--category", "uk-caid:1:A", "--baseline", "yes", "--series", SECRET)
    assert (end["changed"], said[0]["says"]["category"]["code"]) == (1, "A")
    (uncategorised, _) = lines_of("FR", "holdings", "--case", "C-1", "--uncategorised")
    assert uncategorised["holding"] == 2
    lines_of("FR", "categorise", "--case", "C-1", "--victim-identified", "no")
    (whole,) = lines_of("FR", "holdings", "1")
    assert [each["version"] for each in whole["said"]] == [2, 1]
    assert (whole["says"]["category"]["code"], whole["says"]["victim_identified"]) == ("A", "no")

    *_, answer = lines_of("FR", "query", "--case", "C-1")
    assert answer["outcomes"] == {"JP": "hit"}
    head, *_ = lines_of("FR", "queries", answer["query"])
    assert (head["case"], head["purpose"], head["legal_basis"]) == ("C-1", "investigation", "art. 706-47")

    *shared, end = lines_of("FR", "contribute", "--case", "C-1")
    assert (len(shared), end["contributed"], end["handling"]["purposes"]) == (2, 2, ["investigation"])
    (first, second) = lines_of("FR", "records", "--mine")[:2]
    assert sorted((each["category"] or {}).get("code", "") for each in (first, second)) == ["", "A"]

    (note,) = lines_of("FR", "case", "note", "C-1", SECRET)
    (edited,) = lines_of("FR", "case", "note", "C-1", f"{SECRET} again", "--edit", str(note["note"]))
    assert (note["version"], edited["version"]) == (1, 2)
    *versions, _ = lines_of("FR", "case", "notes", "C-1", "--note", "1")
    assert [each["text"] for each in versions] == [SECRET, f"{SECRET} again"]

    lines_of("FR", "case", "close", "C-1", "--outcome", SECRET, "--if-version", "9", code=4)
    (closed,) = lines_of("FR", "case", "close", "C-1", "--outcome", SECRET)
    assert (closed["status"], closed["version"], closed["outcome"]) == ("closed", 2, SECRET)
    file = picture(tmp_path / "more.jpg", 3)
    for words in (("ingest", str(file)), ("query",), ("query", str(file))):
        (*_, refused) = lines_of("FR", *words, "--case", "C-1", code=4)
        assert "is closed" in refused["error"]
        assert "vigil case reopen C-1" in refused["remedy"]

    *events, _ = lines_of("FR", "case", "timeline", "C-1")
    assert [each["event"] for each in events if each["event"] != "hits"] == [
        "closed", "note edited", "noted", "shared", "answers", "asked", "categorised", "ingested", "opened",
    ]  # fmt: skip
    asked = next(each for each in events if each["event"] == "asked")
    assert (asked["about"], asked["question"]) == (answer["query"], {"outcomes": {"hit": 1}, "closed": True})
    listed, end = lines_of("FR", "case", "list", "--status", "closed", "--mine")
    assert (listed["case"], listed["title"], listed["holdings"]) == ("C-1", SECRET, 2)


def test_a_purged_case_is_in_no_file_of_the_node(made: Federation, lines_of: Lines) -> None:
    lines_of("FR", "case", "purge", "C-1", "--yes", code=4)
    lines_of("FR", "case", "delete", "C-1", "--yes")
    (shown, *_) = lines_of("FR", "case", "show", "C-1")
    assert (shown["holdings"], shown["status"]) == (0, "closed")
    (gone,) = lines_of("FR", "case", "purge", "C-1", "--yes")
    assert (gone["notes"], gone["purged"]) == (1, True)
    lines_of("FR", "case", "show", "C-1", code=1)
    files = [each for each in made.home("FR").folder.rglob("*") if each.is_file()]
    assert [each.name for each in files if SECRET.encode() in each.read_bytes()] == []
    assert SECRET not in made.log_text("FR")
    assert "C-1" not in made.log_text("FR")
