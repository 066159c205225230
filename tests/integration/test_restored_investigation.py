"""A node that is restored from a backup has its investigation again: what it kept, and what was said since."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import app
from node.control.lines import item_line
from node.domain.holdings import IngestItem
from node.domain.material import PictureFingerprints
from tests.integration.processes import Federation, Line, federation, until, vigil
from tests.simulator.asking import prints

UNTIL = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)).isoformat()
BASIS = ("--legal-basis", "art. 706-47")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), "FR", "JP") as running:
        yield running


def lines(made: Federation, name: str, *words: str) -> list[Line]:
    done = vigil(made.home(name).folder, *words, "--json")
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


def shared(made: Federation, name: str, picture: PictureFingerprints) -> str:
    """The record of a picture that a member takes in and contributes."""
    item = item_line(IngestItem(tag=picture.sha256, prints=picture))
    holding = made.run(name, "ingest", {"case": "C-7", "level": "hit-no-hit"}, [item])[0]["holding"]
    before = {line.get("record") for line in lines(made, name, "records", "--mine")}
    lines(made, name, "contribute", "--holding", str(holding), "--yes")
    (record,) = {line["record"] for line in lines(made, name, "records", "--mine") if line.get("record")} - before
    return str(record)


def restore(made: Federation, backup: Path) -> None:
    """France loses its database, and takes the backup."""
    home = made.home("FR")
    made.stop("FR")
    for file in home.folder.glob("vigil.sqlite3*"):
        file.unlink()
    app.restore_node(home, backup)
    made.start("FR")


def test_an_investigation_survives_the_loss_of_its_database(made: Federation, tmp_path: Path) -> None:
    lines(made, "FR", "case", "open", "C-7", "--title", "the blue room", *BASIS)
    ours, theirs = shared(made, "FR", prints(1)), shared(made, "JP", prints(2, pdq=prints(1).pdq))
    until(lambda: lines(made, "FR", "hits", "--case", "C-7")[0].get("hit"), "France has the hit")
    hit = lines(made, "FR", "hits", "--case", "C-7")[0]["hit"]
    lines(made, "FR", "review", str(hit), "confirm", "--note", "the same room")
    link = lines(made, "FR", "link", ours, theirs, "--relation", "same-place")[-1]["link"]
    (opened,) = lines(made, "FR", "consult", "open", "Do you know it?", "--to", "JP", "--subject", "room")
    asked = lines(
        made, "FR", "watch", "add", *_hash(3), "--case", "C-7", "--until", UNTIL, "--to", "JP", "--no-ask-now"
    )
    local = lines(made, "FR", "watch", "add", "--local", *_hash(4), "--case", "C-7", "--until", UNTIL)
    notice = ("--colour", "yellow", "--reference", "2026/7", "--consent-day", "2026-01-01")
    requested = lines(made, "FR", "notice", "request", *notice, f"sha256:{prints(5).sha256.hex()}")[-1]["notice"]
    lines(made, "hub", "hub", "notices", "publish", requested)
    backup = tmp_path / "fr.backup"
    made.run("FR", "backup", {"path": str(backup)})

    later = lines(
        made, "FR", "watch", "add", *_hash(6), "--case", "C-7", "--until", UNTIL, "--to", "JP", "--no-ask-now"
    )
    lines(made, "FR", "consult", "reply", opened["thread"], "We ask again.")
    lines(made, "FR", "watch", "remove", asked[0]["watch"])
    until(lambda: made.status("FR")["waiting"] == 0, "all of it is published")
    size = made.size("FR", "FR")
    restore(made, backup)
    until(lambda: made.size("FR", "FR") == size, "France has its own entries again")
    lines(made, "JP", "consult", "reply", opened["thread"], "We know it.")
    said = {"thread": opened["thread"], "peek": True}
    until(lambda: len(made.run("FR", "consult-show", said)) == 4, "the thread is whole")

    assert [line["text"] for line in made.run("FR", "consult-show", said)[:-1]] == [
        "Do you know it?",
        "We ask again.",
        "We know it.",
    ]
    assert lines(made, "FR", "links", ours)[0]["link"] == link
    assert lines(made, "FR", "hits", "show", str(hit))[0]["review"] == "confirmed"
    assert lines(made, "FR", "case", "show", "C-7")[0]["title"] == "the blue room"
    assert lines(made, "FR", "notice", "list", "--mine")[0]["state"] == "published"
    watches = {line["watch"]: line for line in lines(made, "FR", "watch", "list", "--case", "C-7")}
    assert set(watches) == {asked[0]["watch"], later[0]["watch"], local[0]["watch"]}
    assert watches[asked[0]["watch"]]["withdrawn"]
    record = shared(made, "JP", prints(7, pdq=prints(4).pdq))
    until(lambda: "local-watch" in alerts(made), "the local watch still watches")
    assert shared(made, "JP", prints(8, pdq=prints(6).pdq)) != record
    until(lambda: "watch-answered" in alerts(made), "the watch of after the backup is answered")
    lines(made, "FR", "watch", "remove", later[0]["watch"])
    assert made.run("FR", "fsck")[-1]["ok"]


def alerts(made: Federation) -> set[str]:
    return {line["what"] for line in lines(made, "FR", "alerts", "--new")}


def _hash(number: int) -> tuple[str, ...]:
    return (f"pdq:{prints(number).pdq.hex()}", *BASIS) if number != 4 else (f"pdq:{prints(number).pdq.hex()}",)
