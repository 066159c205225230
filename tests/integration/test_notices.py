"""Notices beside running nodes: requested, published, found, amended, withdrawn; and a hub that lost its past."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import app
from node.control.lines import item_line
from node.domain.holdings import IngestItem
from tests.integration.pictures import picture
from tests.integration.processes import Federation, Line, federation, until, vigil
from tests.unit.usecases.desk import prints, whole_prints

CONSENT = ("--consent-day", "2026-01-15")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("notices"), "FR", "JP", run=False) as running:
        running.settings = {"VIGIL_ROSTER_REFRESH_SECONDS": "1"}
        for name in ("FR", "JP"):
            running.start(name)
        until(lambda: running.attending() == 2, "both nodes hold their streams")
        yield running


def lines(made: Federation, name: str, *words: str, code: int = 0) -> list[Line]:
    done = vigil(made.home(name).folder, *words, "--json")
    assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


def take_in(made: Federation, name: str, case: str, number: int) -> int:
    """A made-up picture, handed over as `ingest` does; its holding."""
    item = item_line(IngestItem(tag=number.to_bytes(32, "big"), label="it", prints=whole_prints(number)))
    return next(int(line["holding"]) for line in made.run(name, "ingest", {"case": case}, [item]) if "holding" in line)


def request(made: Federation, reference: str, number: int, *more: str) -> str:
    said = lines(
        made,
        "FR",
        *("notice", "request", "--colour", "yellow", "--reference", reference, *CONSENT, *more),
        f"sha256:{prints(number).sha256.hex()}",
    )[-1]
    assert said["published"] == 1
    return str(said["notice"])


def hits(made: Federation, name: str, holding: int) -> list[Line]:
    return [line for line in made.run(name, "hits-list", {"limit": 100}) if line.get("holding") == holding]


def state_of(made: Federation, name: str) -> str:
    found = made.run("FR", "notice-show", {"notice": name})
    return str(found[0]["state"])


def test_a_published_notice_is_found_at_once_and_later_and_ends_with_its_withdrawal(made: Federation) -> None:
    held = take_in(made, "JP", "BEFORE", 1)
    name = request(made, "2026/101", 1, "--since", "2026-01-02", "--until", "2030-01-01")
    waiting = lines(made, "hub", "hub", "notices", "list", "--waiting")
    assert waiting[0] == {
        "notice": name,
        "member": "FR",
        "state": "waiting",
        "colour": "yellow",
        "reference": "2026/101",
        "consent_day": "2026-01-15",
        "since": "2026-01-02",
        "until": "2030-01-01",
        "fingerprints": {"sha256": 1},
        "decision": None,
        "reason": None,
    }
    assert not hits(made, "JP", held)
    lines(made, "hub", "hub", "notices", "publish", name)
    until(lambda: hits(made, "JP", held), "the notice is found in what JP held before")
    (hit,) = hits(made, "JP", held)
    assert hit["notice"] == {"colour": "yellow", "reference": "2026/101", "requested_by": "FR"}
    assert hit["member"] == "HUB"
    listed = lines(made, "JP", "notice", "list")
    assert [line.get("reference") for line in listed] == ["2026/101", None]

    # A change waits for the operator; until then the first version is searched.
    other = take_in(made, "JP", "OTHER", 2)
    changed = lines(made, "FR", "notice", "amend", name[-64:], f"sha256:{prints(2).sha256.hex()}")[-1]["notice"]
    until(lambda: state_of(made, changed) == "amended", "the change waits")
    assert hits(made, "JP", held)
    lines(made, "hub", "hub", "notices", "publish", changed)
    until(lambda: hits(made, "JP", other) and not hits(made, "JP", held), "the change is found in place of the former")

    lines(made, "FR", "notice", "withdraw", changed)
    until(lambda: not hits(made, "JP", other), "the hit has ended")
    assert lines(made, "JP", "notice", "list")[-1] == {"notices": 0}
    assert lines(made, "FR", "notice", "list", "--mine")[0]["state"] == "retracted"
    assert all(line["ok"] for line in lines(made, "hub", "hub", "fsck")[-1:])
    assert all(line["ok"] for line in lines(made, "JP", "node", "fsck")[-1:])


def test_what_is_taken_in_later_matches_and_the_operator_may_withdraw(made: Federation) -> None:
    name = request(made, "2026/102", 3)
    lines(made, "hub", "hub", "notices", "publish", name)
    until(lambda: lines(made, "JP", "notice", "list")[-1]["notices"] == 1, "JP has the notice")
    held = take_in(made, "JP", "AFTER", 3)
    until(lambda: hits(made, "JP", held), "what is taken in matches the notice")
    refused = vigil(made.home("hub").folder, "hub", "notices", "refuse", name, "--reason", "late", "--json")
    assert refused.returncode == 4
    lines(made, "hub", "hub", "notices", "withdraw", name, "--reason", "the person is found")
    until(lambda: not hits(made, "JP", held), "the hit has ended")
    until(lambda: state_of(made, name) == "withdrawn", "FR knows")
    assert made.run("FR", "notice-show", {"notice": name})[0]["reason"] == "the person is found"


def test_a_refusal_is_read_by_its_member_alone(made: Federation) -> None:
    name = request(made, "2026/103", 4)
    lines(made, "hub", "hub", "notices", "refuse", name, "--reason", "no published photograph")
    until(lambda: state_of(made, name) == "refused", "FR knows")
    assert made.run("FR", "notice-show", {"notice": name})[0]["reason"] == "no published photograph"
    text = json.dumps(lines(made, "JP", "records", "--member", "HUB"))
    assert "no published photograph" not in text


def test_a_notice_of_a_photograph_is_found_and_no_file_or_hash_is_told(made: Federation, tmp_path: Path) -> None:
    photograph = picture(tmp_path / "published.png", 7)
    said = lines(
        made,
        "FR",
        *("notice", "request", "--colour", "green", "--reference", "2026/104", str(photograph)),
    )[-1]
    waiting = lines(made, "hub", "hub", "notices", "list", "--waiting")
    kinds = next(line["fingerprints"] for line in waiting if line.get("notice") == said["notice"])
    assert set(kinds) == {"md5", "sha1", "sha256", "pdq", "phash"}
    lines(made, "hub", "hub", "notices", "publish", said["notice"])
    until(lambda: lines(made, "JP", "notice", "list")[-1]["notices"] >= 1, "JP has the notice")
    found = lines(made, "JP", "match", str(photograph))
    assert any((line.get("notice") or {}).get("colour") == "green" for line in found)
    for name in ("hub", "FR", "JP"):
        assert "published.png" not in made.log_text(name)


def test_a_restored_hub_publishes_only_under_a_new_key_of_its_log(made: Federation, tmp_path: Path) -> None:
    saved = tmp_path / "hub.tar"
    lines(made, "hub", "hub", "backup", str(saved))
    name = request(made, "2026/105", 5)
    lines(made, "hub", "hub", "notices", "publish", name)
    until(lambda: state_of(made, name) == "published", "FR knows")
    made.stop("hub")
    made.home("hub").folder.rename(tmp_path / "lost")
    app.restore_hub(made.home("hub"), saved, newest=False)
    bundle = app.last_bundle(made.root / "authority")
    app.before_admission(made.home("hub"), bundle)
    made.run("hub", "admit", {"bundle": base64.b64encode(bundle).decode()})
    made.start("hub")
    until(lambda: made.attending() == 2, "both nodes are back")
    again = request(made, "2026/106", 6)
    refused = vigil(made.home("hub").folder, "hub", "notices", "publish", again, "--json")
    assert refused.returncode == 1
    assert "restored from a backup" in refused.stdout + refused.stderr
    lines(made, "hub", "hub", "log-key")
    made.sign()
    until(lambda: made.status("FR")["roster_version"] == made.status("hub")["roster_version"], "FR has the roster")
    lines(made, "hub", "hub", "notices", "publish", again)
    until(lambda: state_of(made, again) == "published", "the next log of the hub is followed")
    assert {line["log"].rsplit("/", 1)[1] for line in made.run("FR", "status") if line.get("member") == "HUB"} == {
        "1",
        "2",
    }
    assert not made.run("FR", "status")[0]["alarms"] or all(
        each["alarm"] == "hub-rollback" for each in made.run("FR", "status")[0]["alarms"]
    )


def test_no_member_is_named_like_the_hub(made: Federation) -> None:
    refused = vigil(made.home("hub").folder, "hub", "invite", "HUB", "--json")
    assert refused.returncode == 4
