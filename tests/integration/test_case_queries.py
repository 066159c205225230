"""A case as a unit of work, as processes: 300 holdings asked about in parts, interrupted, gone on with, asked again."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.control.lines import item_line
from node.domain.holdings import IngestItem
from node.domain.material import PictureFingerprints
from tests.integration.pictures import edited, picture
from tests.integration.processes import Federation, Line, environment, federation, until, vigil
from tests.simulator.asking import prints

BASIS = ("--legal-basis", "art. 706-47")
OFFICER = ("--officer", "Lt. Dupont")
HOLDINGS = 300
ELSEWHERE = (7, 250)
"""Which of the pictures Japan has too."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), "FR", "JP", "BR") as running:
        take(running, "FR", "BIG", [prints(n) for n in range(200)], "national")
        take(running, "FR", "BIG", [prints(n) for n in range(200, HOLDINGS)], "hit-no-hit")
        take(running, "JP", "ABROAD", [prints(n) for n in ELSEWHERE], "hit-no-hit")
        running.run("FR", "officer-add", {"name": OFFICER[1], "role": "investigator"})
        yield running


def take(made: Federation, name: str, case: str, pictures: list[PictureFingerprints], level: str) -> None:
    """An ingest of pictures that were fingerprinted already: what is in the files is not the matter here."""
    items = [item_line(IngestItem(tag=each.sha256, prints=each)) for each in pictures]
    assert made.run(name, "ingest", {"case": case, "level": level}, items)[-1]["new"] == len(pictures)


def lines_of(made: Federation, name: str, *words: str, code: int = 0) -> list[Line]:
    done = vigil(made.home(name).folder, *words, "--json")
    assert done.returncode == code, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def use_the_budget_up(made: Federation) -> None:
    """Questions of 1,000 hashes of nothing, until one of them has to wait: the policy allows 6,000 a minute."""
    for number in range(20):
        hashes = [[3, (number * 1_000 + n).to_bytes(32, "big").hex(), None] for n in range(1_000)]
        items = [{"label": "made up", "fingerprints": [each], "orientations": []} for each in hashes]
        terms = {"case": "FLOOD", "purpose": "victim-identification", "legal_basis": "a test", "to": ["JP"]}
        lines = made.run("FR", "query", terms, items)
        assert lines[-1]["complete"]
        if any("waiting_seconds" in line for line in lines):
            return
    raise AssertionError("the budget was never used up")


def attending(made: Federation, count: int) -> None:
    until(lambda: made.attending() == count, f"{count} nodes hold their streams")


def test_a_case_of_300_holdings_is_asked_about_in_parts_within_the_budget(made: Federation) -> None:
    """With a member offline, and the budget used up before. One query may ask about 1,000 fingerprints; this case has
    1,500.
    """
    made.stop("BR")
    attending(made, 2)
    use_the_budget_up(made)

    plan, *lines, summary = lines_of(made, "FR", "query", "--case", "BIG", *BASIS, *OFFICER, code=3)
    assert (plan["subjects"], plan["fingerprints"], plan["parts"]) == (HOLDINGS, 5 * HOLDINGS, 2)
    assert plan["levels"] == {"national": 1_000, "hit-no-hit": 500}
    assert [line["part"] for line in lines if "part" in line] == [1, 2]
    assert any("waiting_seconds" in line for line in lines)
    assert summary["outcomes"] == {"BR": "offline", "JP": "hit"}
    assert summary["coverage"]["JP"] == {"answered": 2, "parts": 2, "hits": 2}
    assert summary["coverage"]["BR"]["answered"] == 0
    assert summary["complete"] is False
    # Of what JP holds at hit/no-hit level each part is told that there is something, and not which subject it is.
    hits = [(line["subject"], line["subjects"] > 1) for line in lines if line.get("where") == "JP"]
    assert hits == [(None, True)] * len(ELSEWHERE)

    head, *told = lines_of(made, "FR", "queries", summary["query"])
    assert (head["case"], head["legal_basis"], head["officer"]) == ("BIG", "art. 706-47", "Lt. Dupont")
    assert [line["subject"] for line in told if "digest" in line] == [f"holding {n + 1}" for n in range(HOLDINGS)]
    assert [(line["subject"], line["subjects"] > 1) for line in told if line.get("where") == "JP"] == hits
    asked = [line for line in lines_of(made, "FR", "audit") if line["kind"] == "query-asked" and line["case"] == "BIG"]
    assert [line["officer"] for line in asked] == ["Lt. Dupont"] * 2

    made.start("BR")
    attending(made, 3)
    made.stop("hub")
    made.start("hub")  # a budget that is whole again
    attending(made, 3)
    *_, again = lines_of(made, "FR", "query", "--again", summary["query"], "--to", "BR")
    assert again["changed"] == {"outcomes": {"BR": ["offline", "no-hit"]}, "new_hits": 0, "gone_hits": 0}
    assert again["query"] != summary["query"]
    assert again["outcomes"] == {"BR": "no-hit", "JP": "not-asked"}


def test_an_interrupted_query_keeps_what_came_and_goes_on_with_what_was_not_asked(made: Federation) -> None:
    made.stop("JP")
    for name in {"BR", "JP"} - made.daemons.keys():
        made.start(name)
    japan = made.daemons["JP"]
    attending(made, 3)
    japan.process.send_signal(signal.SIGSTOP)
    try:
        words = ["query", "--case", "BIG", *BASIS, "--budget", "30s", "--json"]
        asking = subprocess.Popen(
            [sys.executable, "-m", "node.cli.main", *words],
            env=environment(made.home("FR").folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert asking.stdout is not None
        assert asking.stderr is not None
        for text in asking.stdout:
            if json.loads(text).get("member") == "BR":
                break
        asking.send_signal(signal.SIGINT)
        # Not `communicate`: it reads past what the loop has buffered, and loses that.
        printed, err = asking.stdout.readlines(), asking.stderr.read()
        asking.stdout.close()
        asking.stderr.close()
        asking.wait(60)
    finally:
        japan.process.send_signal(signal.SIGCONT)
    assert asking.returncode == 130, err
    *_, summary = map(json.loads, printed)
    assert (summary["interrupted"], summary["parts"], summary["parts_asked"]) == (True, 2, 1)
    assert f"vigil query --resume {summary['query']}" in err

    def told() -> list[Line]:
        return made.run("FR", "queries", {"query": summary["query"]})

    until(lambda: any(line.get("member") == "BR" for line in told()), "what came is kept")
    head = told()[0]
    assert head["closed_at"] is None
    assert [part["state"] for part in head["part_states"]] == ["interrupted", "not asked"]

    *_, rest = lines_of(made, "FR", "query", "--resume", summary["query"])
    assert rest["outcomes"] == {"BR": "no-hit", "JP": "hit"}
    assert rest["coverage"] == {
        "BR": {"answered": 2, "parts": 2, "hits": 0},
        "JP": {"answered": 2, "parts": 2, "hits": 2},
    }
    assert [part["state"] for part in told()[0]["part_states"]] == ["closed", "closed"]


def test_a_case_is_matched_from_its_holdings_without_their_files(made: Federation, tmp_path: Path) -> None:
    original = picture(tmp_path / "in" / "one.jpg", 900)
    lines_of(made, "FR", "ingest", str(original), "--case", "OTHER")
    copy = edited(original, tmp_path / "copy.jpg")
    lines_of(made, "FR", "ingest", str(copy), "--case", "COPY")
    copy.unlink()
    hit, summary = lines_of(made, "FR", "match", "--case", "COPY")
    assert (hit["algorithm"], hit["orientation"], hit["distance"] <= 31) == ("pdq", "flop", True)
    assert hit["subject"].startswith("holding ")
    assert (summary["holdings"], summary["hits"]) == (1, 1)
    assert "this node has no such case" in vigil(made.home("FR").folder, "match", "--case", "NONE").stderr
