"""Who may speak: suspension, expiry, foreign certificates, absence, and what the doctor says of each."""

import base64
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from node import app
from node.domain.ids import federation_id, member_id
from node.pki.ca import CertificateAuthority, make_request
from node.pki.files import write_atomic
from node.pki.keys import CA, HUB, KeyRing
from node.pki.wrapping import Passphrase
from tests.integration.pictures import picture
from tests.integration.processes import (
    FEDERATION,
    PASSPHRASE,
    Federation,
    environment,
    federation,
    secret,
    until,
    vigil,
)

BASIS = ("--case", "T-2", "--purpose", "victim-identification", "--legal-basis", "a test")
DAY = 86_400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("members"), "FR", "JP", run=False) as running:
        running.settings = {"VIGIL_ROSTER_REFRESH_SECONDS": "1"}
        for name in ("FR", "JP"):
            running.start(name)
        until(lambda: running.attending() == 2, "both nodes hold their streams")
        yield running


@pytest.fixture
def three(made: Federation) -> Federation:
    """The same with Brazil, which joins once."""
    if "BR" not in made.daemons:
        made.join("BR")
        made.sign()
        made.start("BR")
    until(lambda: made.attending() == 3, "all three hold their streams")
    return made


def faults(made: Federation, name: str) -> dict[str, tuple[str, str]]:
    """What the doctor finds: check -> (what, remedy)."""
    found = list(app.doctor(made.home(name), secret))
    assert all(line["remedy"] for line in found if not line["ok"]), "every fault has a remedy"
    return {line["check"]: (line["what"], line["remedy"]) for line in found if not line["ok"]}


def ring_of(made: Federation, name: str, file: str = "node.keys") -> KeyRing:
    return KeyRing.load(
        made.home(name).keys / file,
        Passphrase(PASSPHRASE.encode()),
        federation=federation_id(FEDERATION),
        owner=HUB if name == "hub" else name,
    )


def query(made: Federation, *words: str) -> tuple[int, dict[str, object]]:
    done = vigil(made.home("FR").folder, "query", "pdq:" + "5a" * 32, *BASIS, *words, "--json")
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_a_suspended_member_loses_its_live_stream_and_is_told_so_and_comes_back(made: Federation) -> None:
    made.run("hub", "suspend", {"member": "JP", "reason": "keys lost"})
    until(lambda: made.attending() == 1, "the hub ended Japan's stream")
    until(lambda: "suspended" in str(made.status("JP")["hub"]), "Japan's calls are refused")
    until(lambda: made.status("FR")["roster_version"] is not None and query(made)[1]["outcomes"] == {"JP": "not-asked"},
          "France's own roster knows of it")  # fmt: skip
    until(lambda: made.status("JP")["state"] == "suspended", "Japan's own roster knows of it")
    shown = made.status("JP")
    assert shown["suspension_reason"] == "keys lost"
    assert not shown["attending"]
    assert "keys lost" in shown["connections"]["attending"]["fault"]
    assert shown["connections"]["attending"]["since"] <= time.time()
    found = faults(made, "JP")
    for check in ("membership", "admission"):
        what, remedy = found[check]
        assert "suspended" in what
        assert "keys lost" in what
        assert "operator" in remedy
        assert "authority" not in remedy
    assert "keys lost" not in made.log_text("JP")
    made.run("hub", "unsuspend", {"member": "JP"})
    until(lambda: made.attending() == 2, "Japan is back", patience=20)
    until(lambda: all_well(made, "JP"), "Japan says so, though nobody asked it anything since", patience=20)
    until(lambda: made.status("JP")["state"] == "active", "Japan's roster says so too")


def all_well(made: Federation, name: str) -> bool:
    """Whether a node's status shows it connected in every way, now."""
    shown = made.status(name)
    works = [each["works"] for each in shown["connections"].values()]
    return shown["attending"] and shown["following"] == shown["publishing"] == "OK" and all(works)


def test_a_hub_that_was_away_is_found_again_within_seconds_and_status_says_so(made: Federation) -> None:
    """Nothing is asked and nothing published meanwhile: status tells by the connections themselves."""
    until(lambda: all_well(made, "JP"), "all is well before")
    made.daemons.pop("hub").kill()
    until(lambda: not made.status("JP")["attending"], "Japan knows that the hub is away")
    until(lambda: made.status("JP")["publishing"] != "OK", "also the part that had nothing to do")
    until(lambda: made.status("JP")["connections"]["attending"]["next_try"], "it waits, and says until when")
    made.start("hub")
    until(lambda: all_well(made, "JP") and all_well(made, "FR"), "both are back", patience=30)


def test_a_node_that_was_away_catches_up_and_a_new_member_bootstraps(made: Federation, tmp_path: Path) -> None:
    assert made.stop("JP") == 0
    for number in range(5):
        picture(tmp_path / f"{number}.jpg", number)
    vigil(made.home("FR").folder, "ingest", str(tmp_path), "--case", "AWAY")
    vigil(made.home("FR").folder, "contribute", "--case", "AWAY")
    code, summary = query(made)
    assert (code, summary["outcomes"]) == (3, {"JP": "offline"})
    made.join("BR")
    made.sign()
    for name in ("JP", "BR"):
        made.start(name)
    until(lambda: made.size("JP", "FR") == made.size("BR", "FR") == 5, "both have all of France's records")
    until(lambda: made.attending() == 3, "all attend")


def test_a_certificate_that_ran_out_is_named_by_the_doctor_and_renewed_by_the_statement_key(three: Federation) -> None:
    made = three
    made.stop("BR")
    hub, home = ring_of(made, "hub", "hub.keys"), made.home("BR")
    authority = CertificateAuthority(hub, (made.home("hub").tls / "ca.der").read_bytes())
    old = authority.issue_member(member_id("BR"), make_request(ring_of(made, "BR")), now=time.time() - 10 * DAY)
    write_atomic(home.tls / "node.der", old.der)
    what, remedy = faults(made, "BR")["certificate"]
    assert "expired" in what
    assert "node run" in remedy
    made.start("BR")
    until(lambda: made.attending() == 3, "Brazil attends again, with a new certificate")
    assert float(made.status("BR")["certificate_expires"]) > time.time()


def test_a_certificate_of_a_foreign_ca_is_named_and_renewed(three: Federation) -> None:
    """The hub takes no such certificate. The node proves who it is by its statement key, and gets another."""
    made = three
    made.stop("BR")
    home = made.home("BR")
    stranger = KeyRing.generate(federation_id(FEDERATION), HUB, (CA,))
    foreign = CertificateAuthority.create(stranger, now=time.time())
    request = make_request(ring_of(made, "BR"))
    wrong = foreign.issue_member(member_id("BR"), request, now=time.time()).der
    write_atomic(home.tls / "node.der", wrong)
    what, _ = faults(made, "BR")["certificate"]
    assert "not signed by" in what
    made.start("BR")
    until(lambda: made.attending() == 3, "Brazil is back")
    assert (home.tls / "node.der").read_bytes() != wrong
    assert "certificate" not in faults(made, "BR")


@pytest.mark.parametrize(
    ("shift", "check", "words"),
    [
        (-2 * 3_600, "certificate", "behind"),
        (3_600, "clock and hub identity", "ahead of the hub"),
        (2 * DAY, "roster", "has expired: no member can be verified"),
        (4 * DAY, "certificate", "expired"),
    ],
)
def test_the_doctor_names_a_wrong_clock_and_a_stale_roster(
    made: Federation, monkeypatch: pytest.MonkeyPatch, shift: int, check: str, words: str
) -> None:
    monkeypatch.setattr("node.app.examination.time", SimpleNamespace(time=lambda: time.time() + shift))
    what, remedy = faults(made, "JP")[check]
    assert words in what
    assert "clock" in remedy


def test_the_doctor_names_keys_that_do_not_open_and_a_home_that_is_none(made: Federation, tmp_path: Path) -> None:
    wrong = list(app.doctor(made.home("JP"), lambda: "another passphrase"))
    assert any(line["check"] == "keys" and "passphrase" in line["what"] for line in wrong if not line["ok"])
    nowhere = list(app.doctor(type(made.home("JP"))(folder=tmp_path / "nowhere"), secret))
    assert nowhere[0]["check"] == "settings"
    assert not nowhere[0]["ok"]


def test_a_used_invitation_gives_no_second_node_a_voice(made: Federation, tmp_path: Path) -> None:
    token = made.invite("NO")
    made.join("NO", token)
    thief = Federation(tmp_path)
    with pytest.raises(Exception, match="used before"):
        thief.join("NO", token)
    made.run("hub", "refuse", {"member": "NO"})


def test_a_hub_killed_in_the_middle_of_a_query_leaves_every_member_one_state(three: Federation) -> None:
    made = three
    until(lambda: made.attending() == 3, "all attend")
    japan = made.daemons["JP"].process
    japan.send_signal(signal.SIGSTOP)
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "node.cli.main", "query", "pdq:" + "5a" * 32, *BASIS, "--budget", "20s", "--json"],
            env=environment(made.home("FR").folder),
            stdout=subprocess.PIPE,
            text=True,
        ) as asking:
            assert asking.stdout is not None
            first = json.loads(asking.stdout.readline())
            assert (first["member"], first["outcome"]) == ("BR", "no-hit")
            made.daemons.pop("hub").kill()
            last = asking.stdout.read().splitlines()[-1]
            assert asking.wait(60) == 3
        assert json.loads(last)["outcomes"] == {"BR": "no-hit", "JP": "error"}
    finally:
        japan.send_signal(signal.SIGCONT)
    made.start("hub")
    until(lambda: made.attending() == 3, "all nodes came back to the hub")
    until(lambda: query(made)[1]["outcomes"] == {"BR": "no-hit", "JP": "no-hit"}, "queries work again")


def test_who_listens_on_the_hub_without_a_certificate_learns_nothing(made: Federation) -> None:
    import asyncio

    import grpc

    from node.wire import tls
    from node.wire.pb import federation_pb2 as pb
    from node.wire.pb import federation_pb2_grpc as pb_grpc

    ca = (made.home("JP").tls / "ca.pem").read_bytes()

    async def ask() -> grpc.StatusCode:
        async with grpc.aio.secure_channel(made.hub_address, tls.pinned_client_credentials(ca)) as channel:
            try:
                await pb_grpc.LogCarrierStub(channel).Heads(pb.HeadsRequest(), timeout=5)
            except grpc.aio.AioRpcError as error:
                return error.code()
        return grpc.StatusCode.OK

    assert asyncio.run(ask()) is grpc.StatusCode.UNAVAILABLE


def test_a_node_restored_from_an_older_backup_takes_its_own_entries_back(made: Federation, tmp_path: Path) -> None:
    backup = tmp_path / "fr.backup"
    made.run("FR", "backup", {"path": str(backup)})
    for number in range(80, 83):
        picture(tmp_path / "later" / f"{number}.jpg", number)
    vigil(made.home("FR").folder, "ingest", str(tmp_path / "later"), "--case", "LATER")
    vigil(made.home("FR").folder, "contribute", "--case", "LATER")
    until(lambda: made.status("FR")["published"] == made.size("FR", "FR"), "it is published")
    size = made.size("FR", "FR")
    made.stop("FR")
    home = made.home("FR")
    for file in home.folder.glob("vigil.sqlite3*"):
        file.unlink()
    app.restore_node(home, backup)
    made.start("FR")
    until(lambda: made.size("FR", "FR") == size, "France has its own entries again")
    picture(tmp_path / "new" / "84.jpg", 84)
    vigil(home.folder, "ingest", str(tmp_path / "new"), "--case", "NEW")
    vigil(home.folder, "contribute", "--case", "NEW")
    until(lambda: made.size("JP", "FR") == size + 1, "and goes on after them")
    assert made.run("FR", "fsck")[-1]["ok"]


def test_entries_that_somebody_else_signs_with_our_key_stay_an_alarm_until_a_person_acknowledges_it(
    made: Federation, tmp_path: Path
) -> None:
    """A second node on stolen keys: its owner is told by status and doctor, also after a restart."""
    until(lambda: all_well(made, "FR"), "France is connected")
    made.stop("FR")
    shutil.copytree(made.home("FR").folder, made.home("thief").folder)
    made.start("FR")
    made.start("thief")
    for name, number in (("thief", 90), ("FR", 91)):
        picture(tmp_path / name / f"{number}.jpg", number)
        vigil(made.home(name).folder, "ingest", str(tmp_path / name), "--case", name)
    before = made.size("FR", "FR")
    vigil(made.home("thief").folder, "contribute", "--case", "thief")
    until(lambda: made.status("thief")["waiting"] == 0 and made.size("thief", "FR") > before, "the thief published")
    made.stop("thief")
    vigil(made.home("FR").folder, "contribute", "--case", "FR")
    until(lambda: made.status("FR")["alarms"], "France is told")
    made.stop("FR")
    made.start("FR")
    (alarm,) = made.status("FR")["alarms"]
    assert (alarm["alarm"], alarm["first"], alarm["size"]) == ("foreign-append", before, before + 1)
    what, remedy = faults(made, "FR")["own log"]
    assert "not written by this node" in what
    assert "operator" in remedy
    shown = vigil(made.home("FR").folder, "node", "status")
    assert shown.stdout.startswith("ALARM")
    vigil(made.home("FR").folder, "node", "acknowledge", "--reason", "keys changed")
    assert made.status("FR")["alarms"] == []
    assert "own log" not in faults(made, "FR")
    until(lambda: made.status("FR")["waiting"] == 0, "France goes on")


def test_a_refused_act_does_not_read_like_a_done_one_in_the_hubs_audit(made: Federation) -> None:
    vigil(made.home("hub").folder, "hub", "suspend", "XX", "--reason", "a slip of the keyboard")
    vigil(made.home("hub").folder, "hub", "suspend", "JP", "--reason", "a test")
    vigil(made.home("hub").folder, "hub", "unsuspend", "JP")
    acts = [line for line in made.run("hub", "read-audit") if line.get("what") in {"suspend", "unsuspend"}][-3:]
    assert [(line["member"], line["outcome"]) for line in acts] == [
        ("XX", "refused"),
        ("JP", "done"),
        ("JP", "done"),
    ]
    assert "not a member" in acts[0]["why"]


def test_base64_of_a_bundle_that_nobody_signed_changes_nothing(made: Federation) -> None:
    def members() -> list[dict[str, object]]:
        # Who attends may change at any moment: a node comes back from the test before.
        return [{name: line[name] for name in line if name != "attending"} for line in made.run("hub", "members")]

    before = members()
    with pytest.raises(Exception, match="a bundle is not of type"):
        made.run("hub", "admit", {"bundle": base64.b64encode(b"{}").decode()})
    assert members() == before
