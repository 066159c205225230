"""A watch of France at Brazil and Japan, as processes: kept after an absence, answered once, withdrawn; and alerts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.control.lines import item_line
from node.domain.holdings import IngestItem
from node.domain.material import PictureFingerprints
from tests.integration.processes import Federation, Line, federation, until, vigil
from tests.simulator.asking import prints

BASIS = "art. 706-47"
WANTED = 7
UNTIL = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)).isoformat()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    root = tmp_path_factory.mktemp("federation")
    hook = root / "hook.sh"
    hook.write_text(f'#!/bin/sh\necho "$# $1" >> {root}/told\n/usr/bin/env >> {root}/environment\n')
    hook.chmod(0o700)
    with federation(root, "FR", "JP", "BR") as running:
        running.stop("FR")
        running.start("FR", {"VIGIL_ALERT_COMMAND": str(hook), "VIGIL_ALERT_SECONDS": "1"})
        yield running


def take(made: Federation, name: str, *pictures: PictureFingerprints, level: str = "hit-no-hit") -> list[Line]:
    items = [item_line(IngestItem(tag=each.sha256, prints=each)) for each in pictures]
    return made.run(name, "ingest", {"case": "ARRIVED", "level": level}, items)


def lines_of(made: Federation, name: str, *words: str, code: int = 0) -> list[Line]:
    done = vigil(made.home(name).folder, *words, "--json")
    assert done.returncode == code, (done.stdout[-2000:], done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


def asked(made: Federation) -> dict[str, Line]:
    (watch,) = lines_of(made, "FR", "watch", "list")
    found: dict[str, Line] = watch["asked"]
    return found


def states(made: Federation) -> dict[str, tuple[str, int]]:
    return {member: (said["state"], said["hits"]) for member, said in asked(made).items()}


def root_of(made: Federation) -> Path:
    return made.home("FR").folder.parent


def test_a_watch_reaches_a_member_that_was_away_and_is_answered_once(made: Federation) -> None:
    made.stop("BR")
    wanted = f"pdq:{prints(WANTED).pdq.hex()}"
    terms = ("--case", "C-7", "--legal-basis", BASIS, "--until", UNTIL, "--to", "BR,JP")
    added, *_, summary = lines_of(made, "FR", "watch", "add", wanted, *terms, code=3)
    assert (added["members"], added["subjects"], added["published"]) == (["BR", "JP"], 1, True)
    assert summary["outcomes"] == {"BR": "offline", "JP": "no-hit"}
    until(lambda: states(made) == {"BR": ("no-word", 0), "JP": ("kept", 0)}, "JP keeps the watch")

    made.start("BR")
    until(lambda: states(made)["BR"] == ("kept", 0), "BR keeps it after its return")
    take(made, "BR", prints(1), prints(WANTED), prints(2))
    take(made, "JP", prints(WANTED), level="national")
    until(lambda: states(made)["BR"] == ("kept", 1), "BR tells of its hit")

    take(made, "BR", prints(WANTED + 1, pdq=prints(WANTED).pdq))
    made.stop("BR")
    made.start("BR")
    until(lambda: made.run("BR", "status")[0]["hub"] == "reached", "BR is back")
    take(made, "BR", prints(3))
    shown = lines_of(made, "FR", "watch", "show", added["watch"])
    assert [(line["where"], line["algorithm"], line["record"]) for line in shown[1:]] == [("BR", "pdq", None)]
    assert states(made)["JP"] == ("kept", 0)


def test_the_alert_says_which_watch_and_the_hook_says_only_that_there_is_one(made: Federation) -> None:
    (alert,) = lines_of(made, "FR", "alerts", "--new")
    assert (alert["what"], alert["member"], alert["case"], alert["count"]) == ("watch-answered", "BR", "C-7", 1)
    told = root_of(made) / "told"
    until(told.exists, "the hook was run")
    assert told.read_text() == "1 Vigil: 1 new alert\n"
    environment = (root_of(made) / "environment").read_text()
    assert "VIGIL" not in environment
    assert "HOME=" not in environment
    lines_of(made, "FR", "alerts", "seen", str(alert["alert"]))
    assert lines_of(made, "FR", "alerts", "--new") == []
    assert [line["state"] for line in lines_of(made, "FR", "alerts", "--case", "C-7")] == ["seen"]


def test_a_withdrawal_is_acknowledged_and_nothing_is_told_after_it(made: Federation) -> None:
    (watch,) = lines_of(made, "FR", "watch", "list")
    lines_of(made, "FR", "watch", "remove", watch["watch"])
    until(lambda: {state for state, _ in states(made).values()} == {"ended"}, "both acknowledge")
    take(made, "JP", prints(WANTED), level="hit-no-hit")
    take(made, "JP", prints(4), level="hit-no-hit")
    assert states(made) == {"BR": ("ended", 1), "JP": ("ended", 0)}
    again = lines_of(made, "FR", "watch", "remove", watch["watch"], code=4)
    assert "withdrawn before" in again[-1]["error"]


def test_a_record_that_matches_a_holding_of_an_open_case_raises_an_alert(made: Federation) -> None:
    items = [item_line(IngestItem(tag=prints(9).sha256, prints=prints(9)))]
    made.run("FR", "ingest", {"case": "LOCAL", "level": "national"}, items)
    other = prints(10, pdq=prints(9).pdq)
    holding = take(made, "BR", other)[0]["holding"]
    lines_of(made, "BR", "contribute", "--holding", str(holding), "--yes")
    until(lambda: lines_of(made, "FR", "alerts", "--new", "--case", "LOCAL"), "an alert")
    (alert,) = lines_of(made, "FR", "alerts", "--new", "--case", "LOCAL")
    assert (alert["what"], alert["member"]) == ("case-hit", "BR")


def test_a_local_watch_alerts_its_officer_and_no_other_member_learns_of_it(made: Federation) -> None:
    stated = lines_of(made, "FR", "records", "--mine")
    wanted = f"pdq:{prints(20).pdq.hex()}"
    (added,) = lines_of(made, "FR", "watch", "add", "--local", wanted, "--case", "DESK", "--until", UNTIL)
    assert (added["local"], added["already"]) == (True, 0)
    made.stop("FR")
    made.start("FR")
    holding = take(made, "JP", prints(21, pdq=prints(20).pdq))[0]["holding"]
    lines_of(made, "JP", "contribute", "--holding", str(holding), "--yes")
    until(lambda: lines_of(made, "FR", "alerts", "--new", "--case", "DESK"), "an alert")
    (alert,) = lines_of(made, "FR", "alerts", "--new", "--case", "DESK")
    assert (alert["what"], alert["member"], alert["about"]) == ("local-watch", "JP", added["watch"])
    head, hit = lines_of(made, "FR", "watch", "show", added["watch"])
    assert (head["found"], hit["algorithm"], hit["origin"].split("/")[1]) == (1, "pdq", "JP")
    assert added["watch"] in [line["watch"] for line in lines_of(made, "FR", "watch", "list", "--case", "DESK")]
    assert lines_of(made, "FR", "records", "--mine") == stated, "nothing was stated about it"
    lines_of(made, "FR", "watch", "remove", added["watch"])
    assert lines_of(made, "FR", "watch", "list", "--case", "DESK") == []
