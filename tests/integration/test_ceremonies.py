"""The ceremonies of certs/CEREMONIES.md as they are written there: real processes, typed commands, compared digits.

One federation goes through all of them: each test leaves it whole for the next, and can be run alone.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from node import app
from node.pki import authority, metadata
from node.pki.client import RosterClient
from node.usecases.evidence import verify_evidence
from node.wire.convert import ProtoCodec
from tests.faults.taking_in import take_in
from tests.integration.processes import FEDERATION, Federation, Line, free_port, secret, until, vigil


def lose(folder: Path) -> None:
    """Removes a home. The hub's helpers remove their sockets at the same moment, when their hub is gone."""
    while folder.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)


@dataclass
class Story:
    """The federation, the authority's sticks, and the evidence of every record that was shared so far."""

    made: Federation
    sticks: tuple[Path, Path]
    evidence: list[bytes] = field(default_factory=list)
    members: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.made.root

    def new(self, name: str) -> Path:
        """A name for a file that a person carries."""
        path = self.folder / f"{len(list(self.folder.iterdir()))}-{name}"
        assert not path.exists()
        return path

    def type(self, name: str, *words: object) -> subprocess.CompletedProcess[str]:
        return vigil(self.folder / name, *map(str, words), "--json")

    def run(self, name: str, *words: object) -> list[Line]:
        """What a command says as JSON lines; it must succeed."""
        done = self.type(name, *words)
        assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    def type_as_authority(self, *words: object) -> list[Line]:
        """A command of the authority, whose second stick is put in."""
        return self.run("nobody", "authority", *words, "--folder", self.sticks[0], "--key-folder", self.sticks[1])

    # --- ceremony 3 ---------------------------------------------------------------------------------------------------

    def sign(self, *how: object) -> list[Line]:
        """The request is carried to the authority, what it signed is carried back. What was shown to compare."""
        request, bundle = self.new("request"), self.new("bundle")
        self.run("hub", "hub", "requests", "--out", request)
        shown = self.type_as_authority("sign", "--request", request, "--out", bundle, "--yes", *how)
        self.run("hub", "hub", "admit", bundle)
        return shown[:-1]

    def newest_bundle(self) -> Path:
        """`vigil authority bundle`: it needs no key."""
        bundle = self.new("bundle")
        self.run("nobody", "authority", "bundle", "--folder", self.sticks[0], "--out", bundle)
        return bundle

    # --- what must go on holding --------------------------------------------------------------------------------------

    def share(self, name: str) -> str:
        """A member shares a record; it is published, and its evidence is kept for good. The record."""
        case = f"CASE {len(self.evidence)}"
        take_in(self.made, name, case, 1)
        lines = self.made.run(name, "contribute", {"case": case})
        (record,) = [str(line["record"]) for line in lines if line.get("record")]
        until(lambda: self.published(name), f"{name} has published what it shared")
        (shown,) = self.made.run(name, "evidence", {"record": record})
        self.evidence.append(base64.b64decode(shown["evidence"]))
        return record

    def published(self, name: str) -> bool:
        status = self.made.status(name)
        return not status["waiting"] and bool(status["published"] == self.made.size(name, name))

    def everything_holds(self) -> None:
        """All members attend and have all records, what was ever proven is proven, and every store is whole."""
        made, names = self.made, self.members
        until(lambda: made.attending() == len(names), f"{names} attend")
        until(lambda: all(self.is_everywhere(owner, names) for owner in names), "all records are everywhere")
        for name in names:
            roster = RosterClient(made.home(name).metadata, federation=None, root_sha256=None).load()
            assert len([verify_evidence(data, roster, ProtoCodec()) for data in self.evidence]) == len(self.evidence)
        for name in (*names, "hub"):
            checked = made.run(name, "fsck")
            assert checked[-1]["ok"], (name, checked)

    def is_everywhere(self, owner: str, names: Sequence[str]) -> bool:
        return {self.made.size(name, owner) for name in names} == {self.at_hub(owner)}

    def at_hub(self, owner: str) -> int:
        lines = {str(line["member"]): line for line in self.made.run("hub", "members")}
        return int(lines[owner].get("cosigned") or 0)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Ceremonies 1 and 2: a federation is founded, its keys on two sticks in different hands; three members join."""
    root = tmp_path_factory.mktemp("ceremonies")
    made = Federation(root, settings={"VIGIL_ROSTER_REFRESH_SECONDS": "1"})
    made.hub_address, made.enrolment_address = (f"127.0.0.1:{free_port()}" for _ in range(2))
    story = Story(made, (root / "stick", root / "second-stick"))
    words = ["--folder", story.sticks[0], "--federation", FEDERATION, "--keys", 3, "--threshold", 2]
    told = story.run("nobody", "authority", "init", *words)[0]
    story.sticks[1].mkdir()
    for file in (story.sticks[0] / "keys").glob("*-[23].key"):
        file.rename(story.sticks[1] / file.name)
    try:
        hub = new_hub(story)
        assert hub["root_fingerprint"] == told["root_fingerprint"], "the digits that two people compare"
        (shown,) = story.sign()
        assert (shown["hub"], shown["fingerprint"]) == ("new", hub["hub_fingerprint"])
        made.start("hub")
        members_join(story)
        yield story
    finally:
        for daemon in reversed(list(made.daemons.values())):
            daemon.stop()


def new_hub(story: Story) -> Line:
    """`vigil hub init` with the authority's public root."""
    words = ["--federation", FEDERATION, "--root", story.sticks[0] / "root.json", "--listen", story.made.hub_address]
    return story.run("hub", "hub", "init", *words, "--enrolment-listen", story.made.enrolment_address)[0]


def join(story: Story, name: str) -> tuple[Line, list[Line]]:
    """An invitation is handed over, and used: (what the hub shows, what the node shows)."""
    invited = story.run("hub", "hub", "invite", name)[0]
    return invited, story.run(name, "node", "join", "--token", invited["token"], "--no-wait")


def members_join(story: Story) -> None:
    """Ceremony 2: the digits are the same at both ends, and a token that was copied is worth nothing."""
    keys, token = {}, ""
    for name in ("FR", "JP", "BR"):
        invited, (invitation, made, petition, done) = join(story, name)
        for digits in ("ca_fingerprint", "root_fingerprint"):
            assert invitation[digits] == invited[digits]
        assert (made["made"], petition["state"], done["state"]) == (True, "pending", "pending")
        keys[name], token = made["fingerprint"], invited["token"]
    thief = story.type("thief", "node", "join", "--token", token, "--no-wait")
    assert thief.returncode != 0
    assert "used before" in thief.stderr
    shown = {line["member"]: line for line in story.sign()}
    assert {name: shown[name]["fingerprint"] for name in keys} == keys
    assert {line["verdict"] for line in shown.values()} == {"admit"}
    for name in keys:
        story.made.start(name)
        story.members.append(name)


def test_1_and_2_a_federation_is_founded_and_its_members_share(story: Story) -> None:
    story.share("FR")
    story.share("JP")
    story.everything_holds()


def test_3_the_authority_signs_again_before_its_dates_run_out(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too few sticks sign nothing. A missed date stops the federation; the next signature starts it again."""
    alone = story.type("nobody", "authority", "extend", "--folder", story.sticks[0], "--out", story.new("bundle"))
    assert alone.returncode != 0
    assert "--key-folder" in alone.stderr
    with monkeypatch.context() as patch:
        # Signed for some seconds, on a clock that the last signature must not hold back.
        patch.setattr(metadata, "TARGETS_LIFE", 10)
        patch.setattr(authority, "CLOCK_SLACK", 91 * 86_400)
        short = app.extend_members(story.sticks[0], secret, key_folders=[story.sticks[1]])
    version = story.made.run("hub", "admit", {"bundle": base64.b64encode(short).decode()})[0]["roster_version"]
    until(lambda: story.made.status("JP")["roster_stale"], "what the authority signed has run out at Japan")
    until(lambda: story.made.attending() == 0, "the hub lets nobody speak")
    bundle = story.new("bundle")
    story.type_as_authority("extend", "--out", bundle)
    admitted = story.run("hub", "hub", "admit", bundle)[0]
    assert admitted["roster_version"] == version + 1
    until(lambda: not any(story.made.status(name)["roster_stale"] for name in story.members), "it is fresh everywhere")
    story.share("FR")
    story.everything_holds()


def test_5_a_member_is_suspended_and_another_one_leaves(story: Story) -> None:
    made = story.made
    story.run("hub", "hub", "suspend", "FR", "--reason", "keys lost")
    until(lambda: made.attending() == len(story.members) - 1, "the streams of France end")
    until(lambda: "suspended" in str(made.status("FR")["hub"]), "its calls are refused")
    until(lambda: suspended_at(story, "JP") == {"FR"}, "every node learns it with its next roster")
    story.run("hub", "hub", "unsuspend", "FR")
    until(lambda: made.attending() == len(story.members), "France is back")
    bundle = story.new("bundle")
    story.type_as_authority("release", "BR", "--yes", "--out", bundle)
    story.members.remove("BR")
    assert story.run("hub", "hub", "admit", bundle)[0]["members"] == sorted(story.members)
    until(lambda: made.attending() == len(story.members), "Brazil has left")
    assert story.type("hub", "hub", "unsuspend", "BR").returncode != 0, "the hub cannot undo it"
    made.stop("BR")
    story.everything_holds()


def suspended_at(story: Story, name: str) -> set[str]:
    lines = story.made.run(name, "status")[1:]
    return {str(line["member"]) for line in lines if line["state"] == "suspended"}


@pytest.mark.parametrize("how", [(), ("--compromised",)])
def test_7_the_hub_changes_its_keys_and_nobody_joins_again(story: Story, how: tuple[str, ...]) -> None:
    made = story.made
    former = (made.home("FR").tls / "ca.pem").read_bytes()
    told = story.run("hub", "hub", "rekey", *how)[0]
    assert story.run("hub", "hub", "rekey", *how)[0] == told, "the same command again changes nothing"
    if not how:
        story.share("FR")
    (shown,) = story.sign()
    assert shown["hub"] == "rekey"
    assert shown["fingerprint"] == told["hub_fingerprint"]
    assert shown["former_fingerprint"] == told["former_fingerprint"]
    until(lambda: all((made.home(name).tls / "ca.pem").read_bytes() != former for name in ("FR", "JP")), "both know it")
    story.share("FR")
    story.share("JP")
    story.everything_holds()
    until(lambda: made.status("FR")["publishing"] == "OK", "France speaks to the hub")
    assert [line for line in app.doctor(made.home("FR"), secret) if not line["ok"]] == []


def test_6_a_lost_roster_comes_back_from_the_hubs_own_copy_or_from_the_authority(story: Story) -> None:
    made, home = story.made, story.made.home("hub")
    made.stop("hub")
    made.run("hub", "suspend", {"member": "JP", "reason": "a test"})
    shutil.rmtree(home.repository)
    states = {str(line["member"]): line["state"] for line in made.run("hub", "members")}
    assert states["JP"] == "suspended", "it stands: it was in the hub's own copy"
    made.run("hub", "unsuspend", {"member": "JP"})
    shutil.rmtree(home.repository)
    shutil.rmtree(home.metadata)
    refused = story.type("hub", "hub", "run")
    assert refused.returncode != 0
    assert "vigil authority bundle" in refused.stderr
    admitted = story.run("hub", "hub", "admit", story.newest_bundle())[0]
    assert (admitted["members"], admitted["suspensions_unknown"]) == (sorted(story.members), True)
    made.start("hub")
    story.share("FR")
    story.everything_holds()


def test_6_a_hub_restored_from_an_older_backup_gets_its_records_back_from_the_members(story: Story) -> None:
    made, home = story.made, story.made.home("hub")
    backup = story.new("backup")
    story.run("hub", "hub", "backup", backup)
    assert backup.stat().st_mode & 0o077 == 0
    for name in ("FR", "JP", "FR"):
        story.share(name)
    made.daemons.pop("hub").kill()
    lose(home.folder)
    told = story.run("hub", "hub", "restore", backup)[0]
    assert told["suspended"] == []
    assert story.type("hub", "hub", "restore", backup).returncode != 0, "a hub is never restored over another"
    refused = story.type("hub", "hub", "run")
    assert refused.returncode != 0
    assert "restored from a backup" in refused.stderr
    story.run("hub", "hub", "admit", story.newest_bundle())
    made.start("hub")
    story.everything_holds()
    story.share("JP")
    story.everything_holds()


def test_6_of_a_hub_nothing_is_left_and_the_federation_goes_on(story: Story) -> None:
    """France's node runs on and finds the new hub by what the authority signed. Japan's joins with a new token and the
    keys that it has. Norway, which is new, gets what was published before the loss.
    """
    made, home = story.made, story.made.home("hub")
    before = {name: story.at_hub(name) for name in story.members}
    made.daemons.pop("hub").kill()
    lose(home.folder)
    made.stop("JP")
    hub = new_hub(story)
    (shown,) = story.sign()
    assert (shown["hub"], shown["fingerprint"]) == ("replaces", hub["hub_fingerprint"])
    assert shown["former_fingerprint"] != hub["hub_fingerprint"]
    made.start("hub")
    invited, (invitation, keys, _, done) = join(story, "JP")
    assert (invitation["ca_fingerprint"], invitation["again"]) == (invited["ca_fingerprint"], True)
    assert invited["ca_fingerprint"] == hub["ca_fingerprint"]
    assert (keys["made"], done["state"]) == (False, "admitted"), "nobody has to sign: the roster holds its keys"
    made.start("JP")
    story.everything_holds()
    assert {name: story.at_hub(name) for name in before} == before, "the records came back by themselves"
    join(story, "NO")
    story.sign()
    made.start("NO")
    story.members.append("NO")
    story.share("FR")
    story.everything_holds()
