"""Ceremony 4 of certs/CEREMONIES.md with real processes: a member changes its keys, and nothing of before is lost."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator

import pytest

from node import app
from node.control.lines import subject_line
from node.domain.fingerprint_kinds import SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.ids import federation_id
from node.domain.queries import Subject
from node.errors import Damaged, NotFound, Unauthenticated
from node.pki.keys import KeyRing
from node.pki.wrapping import Passphrase
from tests.integration.pictures import picture
from tests.integration.processes import FEDERATION, PASSPHRASE, Federation, Line, federation, secret, until, vigil

PICTURES = {"FR": range(8), "JP": range(20, 22)}
"""The pictures that each country takes in at the start, to be shared one by one."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("keys"), "FR", "JP", run=False) as running:
        running.settings = {"VIGIL_ROSTER_REFRESH_SECONDS": "1"}
        for name in ("FR", "JP"):
            running.start(name)
            ingest(running, name)
        until(lambda: running.attending() == 2, "both nodes hold their streams")
        yield running


def ingest(made: Federation, name: str) -> None:
    for number in PICTURES[name]:
        picture(made.root / "pictures" / name / f"{number}.jpg", number)
    lines_of(made, name, "ingest", str(made.root / "pictures" / name), "--case", "KEYS")


def lines_of(made: Federation, name: str, *words: str, code: int = 0) -> list[Line]:
    done = vigil(made.home(name).folder, *words, "--json")
    assert done.returncode == code, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def digest(made: Federation, name: str, number: int) -> str:
    return hashlib.sha256((made.root / "pictures" / name / f"{number}.jpg").read_bytes()).hexdigest()


def share(made: Federation, number: int, name: str = "FR") -> str:
    """Contributes the picture of this number; its record."""
    what: Line = {"sha256": [digest(made, name, number)], "statement": {}, "handling": {}}
    return str(made.run(name, "contribute", what)[0]["record"])


def finds(made: Federation, finder: str, number: int, name: str = "FR") -> int:
    """How many records of another country a node has of this picture."""
    value = bytes.fromhex(digest(made, name, number))
    subject = Subject(fingerprints=(Fingerprint(code=SHA256.code, value=value),), label="it")
    lines = made.run(finder, "match", {}, [subject_line(subject)])
    return sum(1 for line in lines if line.get("record") and f"/{name}/log/" in line["record"])


def logs_of(made: Federation, name: str, member: str) -> dict[str, Line]:
    """A member's logs as a node has them, by epoch."""
    lines = [line for line in made.run(name, "status")[1:] if line["member"] == member and line["log"]]
    return {line["log"].rpartition("/")[2]: line for line in lines}


def sizes(made: Federation, name: str, member: str = "FR") -> dict[str, int]:
    return {epoch: line["size"] for epoch, line in logs_of(made, name, member).items() if line["size"]}


def everybody_has(made: Federation, expected: dict[str, int], member: str = "FR") -> None:
    def has() -> bool:
        return all(sizes(made, name, member) == expected for name in ("FR", "JP"))

    until(has, f"both have {member}'s logs: {expected}")


def nothing_is_wrong(made: Federation) -> None:
    for name in ("hub", "FR", "JP"):
        faults = [line for line in made.run(name, "fsck") if line.get("faults")]
        assert faults == [], name
    for name in ("FR", "JP"):
        assert [line for line in app.doctor(made.home(name), secret) if not line["ok"]] == []


def keys_of(made: Federation, name: str) -> KeyRing:
    return KeyRing.load(
        made.home(name).keys / "node.keys",
        Passphrase(PASSPHRASE.encode()),
        federation=federation_id(FEDERATION),
        owner=name,
    )


def evidence(made: Federation, record: str) -> bytes:
    return base64.b64decode(made.run("JP", "evidence", {"record": record})[0]["evidence"])


def outcome(made: Federation, asker: str) -> dict[str, str]:
    basis = ("--case", "T-4", "--purpose", "victim-identification", "--legal-basis", "a test")
    return dict(lines_of(made, asker, "query", "pdq:" + "5a" * 32, *basis)[-1]["outcomes"])


def test_a_change_that_the_former_key_endorses_beside_the_running_node(made: Federation) -> None:
    """Rotate: the node goes on with its present keys until the authority has signed, then it switches by itself; what
    was published stays and verifies, what was said meanwhile is published in the next epoch of the log.
    """
    record, taken_back = share(made, 0), share(made, 1)
    everybody_has(made, {"1": 2})
    proof, former = evidence(made, record), keys_of(made, "FR")
    (keys, petition, done) = lines_of(made, "FR", "node", "rekey", "--yes", "--no-wait")
    assert (keys["step"], keys["epoch"], keys["endorsed"], keys["published"]) == ("keys", 2, True, 2)
    assert (petition["state"], done["state"]) == ("pending", "pending")
    share(made, 2)
    everybody_has(made, {"1": 3})
    request = made.run("hub", "requests")[0]
    assert [(each["member"], each["fingerprint"]) for each in request["petitions"]] == [("FR", keys["fingerprint"])]
    share(made, 3)
    until(lambda: "takes no more entries" in str(made.status("FR")["publishing"]), "the hub has closed the former log")
    described = app.describe_request(made.root / "authority", secret, base64.b64decode(request["request"]))
    assert [(line["verdict"], line["fingerprint"], line["former_log_ends"]) for line in described] == [
        ("rotate", keys["fingerprint"], 3)
    ]
    again = lines_of(made, "FR", "node", "rekey", "--no-wait")
    assert again[0]["fingerprint"] == keys["fingerprint"], "the same command goes on with the same keys"
    made.sign()
    everybody_has(made, {"1": 3, "2": 1})
    until(lambda: made.attending() == 2, "France attends with its new certificate")
    assert keys_of(made, "FR").log_epoch == 2
    assert sorted(file.name for file in made.home("FR").keys.iterdir()) == ["node.keys"]
    made.run("FR", "retract", {"record": taken_back, "reason": "mistake"})
    everybody_has(made, {"1": 3, "2": 2})
    assert [finds(made, "JP", number) for number in (0, 1, 2, 3)] == [1, 0, 1, 1]
    assert app.verify_evidence(proof, made.home("JP").metadata)["record"] == record
    assert app.verify_evidence(evidence(made, record), made.home("JP").metadata)["record"] == record
    mine = [line for line in made.run("FR", "records", {"mine": True}) if "record" in line]
    assert {line["record"].partition("#")[0] for line in mine} == {f"{FEDERATION}/FR/log/{n}" for n in (1, 2)}
    assert (outcome(made, "FR"), outcome(made, "JP")) == ({"JP": "no-hit"}, {"FR": "no-hit"})
    nothing_is_wrong(made)
    # Nobody's old key comes back: not even to ask for others.
    thief = Federation(made.root / "thief")
    shutil.copytree(made.home("FR").folder, thief.home("FR").folder, ignore=shutil.ignore_patterns("*.sock"))
    former.save(thief.home("FR").keys / "node.keys", Passphrase(PASSPHRASE.encode()))
    with pytest.raises(Unauthenticated):
        list(app.rekey_node(thief.home("FR"), "", secret, ""))


def test_keys_that_are_lost_are_replaced_on_the_authoritys_word(made: Federation) -> None:
    """Replace: a token and a call stand for the former keys. What was acknowledged and never published is not lost."""
    record = share(made, 4)
    epoch, before = max(sizes(made, "FR"), key=int), sizes(made, "FR")
    following = str(int(epoch) + 1)
    until(lambda: sizes(made, "JP") == sizes(made, "FR"), "Japan has it")
    before = sizes(made, "FR")
    proof = evidence(made, record)
    made.stop("FR")
    made.stop("hub")
    share(made, 5)
    made.start("hub")
    (made.home("FR").keys / "node.keys").unlink()
    assert vigil(made.home("FR").folder, "node", "run").returncode == 1
    words = ("node", "rekey", "--keys-lost", "--yes", "--no-wait")
    lost = vigil(made.home("FR").folder, *words)
    assert (lost.returncode, "--token" in lost.stderr) == (4, True)
    (keys, _, done) = lines_of(made, "FR", *words, "--token", made.invite("FR"))
    assert (keys["epoch"], keys["endorsed"], keys["published"]) == (int(following), False, before[epoch])
    assert done["state"] == "pending"
    made.sign()
    assert lines_of(made, "FR", *words)[-1]["state"] == "pending", "nobody's keys are replaced unasked"
    made.sign(replace_keys=["FR"])
    changed = lines_of(made, "FR", *words)[-1]
    assert (changed["state"], changed["moved"]) == ("changed", 1)
    made.start("FR")
    until(lambda: made.attending() == 2, "both attend")
    everybody_has(made, {**before, following: 1})
    assert [finds(made, "JP", number) for number in (4, 5)] == [1, 1]
    assert app.verify_evidence(proof, made.home("JP").metadata)["record"] == record
    nothing_is_wrong(made)


def test_a_machine_that_is_lost_with_all_it_had_joins_again_into_the_next_epoch(made: Federation) -> None:
    """The member's log under its former key comes back from the hub, as everybody has it."""
    record = share(made, 20, "JP")
    everybody_has(made, {"1": 1}, "JP")
    made.stop("JP")
    shutil.rmtree(made.home("JP").folder)
    assert made.join("JP")[-1]["state"] == "pending"
    made.sign(replace_keys=["JP"])
    made.start("JP")
    until(lambda: made.attending() == 2, "Japan is back")
    everybody_has(made, {"1": 1}, "JP")
    ingest(made, "JP")
    share(made, 21, "JP")
    made.run("JP", "retract", {"record": record, "reason": "mistake"})
    everybody_has(made, {"1": 1, "2": 2}, "JP")
    assert [finds(made, "FR", number, "JP") for number in (20, 21)] == [0, 1]
    nothing_is_wrong(made)


def test_a_change_is_given_up_before_the_authority_signs_and_not_after(made: Federation) -> None:
    lines_of(made, "FR", "node", "rekey", "--yes", "--no-wait")
    made.run("hub", "requests")
    assert lines_of(made, "FR", "node", "rekey", "--cancel")[-1]["state"] == "cancelled"
    made.run("hub", "refuse", {"member": "FR"})
    epoch = max(sizes(made, "FR"), key=int)
    before = sizes(made, "FR")
    share(made, 6)
    everybody_has(made, {**before, epoch: before[epoch] + 1})
    with pytest.raises(NotFound):
        app.cancel_rekey(made.home("FR"), secret, "")
    nothing_is_wrong(made)


def test_a_passphrase_is_changed_while_no_daemon_runs(made: Federation) -> None:
    home = made.home("JP").folder
    fresh = {"VIGIL_NEW_PASSPHRASE": "another one"}
    running = vigil(home, "node", "passphrase", extra=fresh)
    assert running.returncode == 1
    assert "stop it" in running.stderr
    made.stop("JP")
    assert vigil(home, "node", "passphrase", extra={**fresh, "VIGIL_PASSPHRASE": "a wrong one"}).returncode == 1
    assert keys_of(made, "JP").log_epoch
    assert vigil(home, "node", "passphrase", extra=fresh).returncode == 0
    with pytest.raises(Damaged, match="passphrase"):
        keys_of(made, "JP")
    made.start("JP", extra={"VIGIL_PASSPHRASE": "another one"})
    until(lambda: made.attending() == 2, "Japan runs under the new passphrase")
    made.stop("JP")
    back = {"VIGIL_PASSPHRASE": "another one", "VIGIL_NEW_PASSPHRASE": PASSPHRASE}
    assert vigil(home, "node", "passphrase", extra=back).returncode == 0
    assert vigil(home, "node", "passphrase", extra=back).returncode == 0, "once more changes nothing"
    made.start("JP")
    until(lambda: made.attending() == 2, "both attend")
