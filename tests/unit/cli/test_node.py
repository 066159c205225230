"""vigil node: joining, running, status, doctor, fsck, backup, restore."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from node import app, config
from node.config import Home
from tests.unit.cli.conftest import Line, Node, Vigil

KEYS: Line = {
    "step": "keys", "member": "FR", "fingerprint": "cccc", "epoch": 2, "endorsed": True, "published": 419,
}  # fmt: skip

SESSION = app.session
"""The real one."""
STEPS: list[Line] = [
    {
        "step": "invitation",
        "federation": "vigil.example",
        "member": "FR",
        "ca_fingerprint": "aaaa",
        "root_fingerprint": "bbbb",
        "again": False,
        "say": "compare",
    },
    {"step": "keys", "fingerprint": "cccc", "made": True},
    {"step": "petition", "state": "pending"},
    {"step": "done", "state": "pending", "next": "wait"},
]


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every call of `app.join_node`."""
    asked: list[dict[str, Any]] = []

    def join(home: Home, token: str, passphrase: Callable[[], str], **options: Any) -> Iterator[Line]:
        asked.append({"home": home.folder, "token": token, "secret": passphrase(), **options})
        yield from STEPS

    monkeypatch.setattr(app, "join_node", join)
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    return asked


def test_join_shows_the_fingerprints_to_compare(
    vigil: Vigil, node: Node, joined: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    ran = vigil("node", "join", "--token", "vigil1.x", "--hub", "hub.example:8443", "--name", "France", "--no-wait")
    assert ran.code == 0
    assert joined == [
        {
            "home": tmp_path / "home",
            "token": "vigil1.x",
            "secret": "secret",
            "hub": "hub.example:8443",
            "name": "France",
            "wait": False,
            "new_root": False,
            "exercise": False,
        }
    ]
    assert all(digits in ran.out for digits in ("aaaa", "bbbb", "cccc"))


def test_joining_in_a_home_that_joined_before_says_what_stays(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub was lost: "keys are made" would frighten an administrator whose keys are signed for."""
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    asked: list[bool] = []

    def join(*_: object, new_root: bool, **__: object) -> Iterator[Line]:
        asked.append(new_root)
        yield {**STEPS[0], "again": True}
        yield {**STEPS[1], "made": False}
        yield {"step": "done", "state": "admitted", "next": "vigil node run"}

    monkeypatch.setattr(app, "join_node", join)
    ran = vigil("node", "join", "--token", "vigil1.x")
    assert "its keys and records stay" in ran.out
    assert "The existing keys are used." in ran.out
    assert "New keys were made" not in ran.out
    vigil("node", "join", "--token", "vigil1.x", "--new-root")
    assert asked == [False, True]


def test_join_waits_unless_told_and_init_never_does(
    vigil: Vigil, node: Node, joined: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    assert vigil("node", "join", "--json").lines == STEPS
    vigil("node", "init", "--token", "vigil1.x")
    assert [call["wait"] for call in joined] == [True, False]
    assert [call["hub"] for call in joined] == ["", ""]


@pytest.mark.parametrize("role", ["node", "hub"])
def test_run_prints_one_line_once_it_serves(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    ready = {"event": "ready", "member": "FR"}
    monkeypatch.setattr(app, f"run_{role}", lambda _home, _passphrase, say: say(ready))
    assert vigil(role, "run", "--json").lines == [ready]
    assert vigil(role, "run").out == "ready: member FR\n"


STATUS: list[Line] = [
    {
        "node": "FR",
        "federation": "vigil.example",
        "exercise": False,
        "state": "active",
        "hub": "reached",
        "certificate_expires": 1_700_000_000.0,
        "roster_version": 3,
        "roster_expires": 1_700_000_000.0,
        "roster_stale": True,
        "waiting": 2,
        "published": 1200,
        "holdings": {"national": 7, "shared": 1200},
        "hits": {"total": 12, "new": 3, "hidden": 4},
        "hits_left_out": 1,
        "not_matched_yet": 2_500,
        "new_alerts": 1_002,
        "daemon": True,
        "stopped_logs": {"vigil.example/JP/log/1": "fork"},
    },
    {
        "member": "JP",
        "name": "Japan",
        "state": "active",
        "log": "vigil.example/JP/log/1",
        "size": 100_000,
        "hub_size": None,
        "lag": None,
        "held": 99_000,
        "not_for_us": 0,
        "purged": 0,
        "missing": 3,
        "quarantined": 1,
        "frozen": "two checkpoints that cannot both be true",
    },
    {"member": "DE", "name": "Germany", "state": "suspended", "log": None},
]


def test_status_is_tidy_at_80_columns_and_hides_nothing_that_is_wrong(vigil: Vigil, node: Node) -> None:
    node.answers["status"] = STATUS
    ran = vigil("node", "status")
    assert ran.code == 0
    for words in ("STALE", "FROZEN", "cannot both be true", "suspended", "2 waiting", "7 national", "fork"):
        assert words in ran.out
    for words in ("12, 3 new: vigil hits --new", "4 more hidden", "more found than kept", "2,500 records not compared"):
        assert words in ran.out
    assert next(line for line in ran.out.splitlines() if line.startswith("JP")).split()[3] == "?"
    assert "1,002 new: vigil alerts --new" in ran.out
    assert "EXERCISE" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert vigil("node", "status", "--json").lines == STATUS


def test_status_says_that_a_federation_is_an_exercise(vigil: Vigil, node: Node) -> None:
    node.answers["status"] = [{**STATUS[0], "federation": "exercise.desk", "exercise": True, "new_alerts": 0}]
    ran = vigil("node", "status")
    assert "FR in exercise.desk: an EXERCISE" in ran.out
    assert "vigil alerts" not in ran.out


def test_a_log_that_waits_and_bodies_that_never_come_are_said(vigil: Vigil, node: Node) -> None:
    alarm = {"alarm": "quota", "member": "JP", "what": "JP is at its limit", "remedy": "ask the member"}
    usage = [{"limit": "log_entries", "used": 19, "allowed": 20, "what": "entries in all"}]
    waits = {"paused": "JP is at its limit of 10 entries a day", "given_up": 110_000, "usage": usage}
    paused = {**STATUS[1], "frozen": None, **waits}
    node.answers["status"] = [{**STATUS[0], "alarms": [alarm]}, paused]
    ran = vigil("node", "status")
    assert ran.out.startswith("ALARM: JP is at its limit\n  to do: ask the member\n")
    for words in ("PAUSED", "JP is paused: JP is at its limit of 10 entries a day", "110,000 bodies never arrived"):
        assert words in " ".join(ran.out.split())
    assert next(line for line in ran.out.splitlines() if line.startswith("JP ")).endswith("95%")
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_log_that_is_stopped_is_shown_with_its_reason(vigil: Vigil, node: Node) -> None:
    node.answers["status"] = [STATUS[0], {**STATUS[1], "frozen": None, "stopped": "a package that is too large"}]
    ran = vigil("node", "status")
    assert "STOPPED" in ran.out
    assert "JP is stopped: a package that is too large. The node tries it again" in " ".join(ran.out.split())


def test_doctor_names_the_fault_and_the_remedy_and_ends_with_1(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [
        {"check": "disk", "ok": True, "what": "77 GiB free", "remedy": ""},
        {"check": "clock", "ok": False, "what": "2 hours behind the hub", "remedy": "set the clock"},
    ]
    monkeypatch.setattr(app, "doctor", lambda *_: iter(checks))
    ran = vigil("node", "doctor")
    assert ran.code == 1
    assert "FAULT  clock" in ran.out
    assert "to do: set the clock" in ran.out
    assert node.calls == []
    assert vigil("node", "doctor", "--json").lines == checks
    del checks[1]
    assert vigil("node", "doctor").code == 0


@pytest.mark.parametrize("role", ["node", "hub"])
def test_fsck_ends_with_1_where_something_does_not_come_out(vigil: Vigil, node: Node, role: str) -> None:
    log = {"log": "vigil.example/FR/log/1", "entries": 1000, "bodies": 900, "ok": True, "faults": []}
    node.answers["fsck"] = [log, {"ok": True, "faults": 0, "signatures_checked": False}]
    ran = vigil(role, "fsck")
    assert ran.code == 0
    assert "1,000 entries" in ran.out
    assert "Signatures were not checked" in ran.out
    faults = [f"entry {number}" for number in range(30)]
    node.answers["fsck"] = [log | {"ok": False, "faults": faults}, {"ok": False, "faults": 30}]
    ran = vigil(role, "fsck")
    assert ran.code == 1
    assert "and 10 more" in ran.out
    node.answers["fsck"] = []
    assert vigil(role, "fsck").code == 1  # a check that ended without a verdict is no clean bill


def test_a_backup_is_named_whole_because_the_daemon_stands_elsewhere(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    node.answers["backup"] = [{"path": str(tmp_path / "copy"), "keys": "not in it"}]
    assert vigil("node", "backup", "copy").code == 0
    assert node.call("backup").arguments == {"path": str(tmp_path / "copy")}


def test_restore_hands_over_the_file_and_says_what_comes_next(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def restore(_: Home, backup: Path) -> Line:
        asked.append(backup)
        return {"restored": "x", "next": "vigil node run"}

    monkeypatch.setattr(app, "restore_node", restore)
    (tmp_path / "copy").write_bytes(b"")
    assert "vigil node run" in vigil("node", "restore", tmp_path / "copy").out
    assert asked == [tmp_path / "copy"]
    assert vigil("node", "restore", tmp_path / "missing").code == 2


@pytest.fixture
def rekeyed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every call of `app.rekey_node`."""
    asked: list[dict[str, Any]] = []
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")

    def rekey(_home: Home, token: str, passphrase: Callable[[], str], _who: object, **options: Any) -> Iterator[Line]:
        asked.append({"token": token, "secret": passphrase(), **options})
        yield KEYS | {"endorsed": not options["lost"]}
        yield {"step": "petition", "state": "pending"}
        yield {"step": "done", "state": "changed", "epoch": 2, "moved": 3, "next": None}

    monkeypatch.setattr(app, "rekey_node", rekey)
    return asked


def test_rekey_shows_the_digits_and_what_became_of_unpublished_records(
    vigil: Vigil, node: Node, rekeyed: list[dict[str, Any]]
) -> None:
    ran = vigil("node", "rekey", "--yes")
    assert rekeyed == [{"token": "", "secret": "secret", "lost": False, "wait": True}]
    assert "KEYS       cccc" in ran.out
    assert "Compare the KEYS digits with the authority by telephone" in ran.out
    assert "that moved to the new epoch under new names: 3" in ran.out
    ran = vigil("node", "rekey", "--yes", "--keys-lost", "--token", "vigil1.x", "--no-wait")
    assert rekeyed[-1] == {"token": "vigil1.x", "secret": "secret", "lost": True, "wait": False}
    assert "--replace-keys" in ran.out


def test_rekey_begins_nothing_that_nobody_agreed_to_and_goes_on_without_asking(
    vigil: Vigil, node: Node, rekeyed: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object, **__: object) -> bool:
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", ended)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    ran = vigil("node", "rekey")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert rekeyed == []
    (tmp_path / "home" / "keys").mkdir(parents=True)
    (tmp_path / "home" / "keys" / "coming.keys").write_bytes(b"")
    assert vigil("node", "rekey").code == 0
    assert len(rekeyed) == 1
    assert vigil("node", "rekey", "--cancel", "--keys-lost").code == 2


def standing(works: bool, fault: str | None = None, next_try: float | None = None) -> Line:
    return {"works": works, "since": 1_700_000_000.0, "fault": fault, "next_try": next_try}


def test_status_says_how_each_connection_stands_now_and_what_is_alarming_first(vigil: Vigil, node: Node) -> None:
    node.answers["status"] = [
        STATUS[0]
        | {
            "state": "suspended",
            "suspension_reason": "laptop \x1b[31mstolen",
            "suspended_since": 1_700_000_000,
            "attending": False,
            "publishing": "OK",
            "following": "connecting",
            "due_work": "OK",
            "alarms": [{"alarm": "foreign-append", "what": "2 entries of our own log", "remedy": "call"}],
            "connections": {
                "attending": standing(works=False, fault="suspended: FR is suspended", next_try=1_700_000_005.0),
                "publishing": standing(works=True),
                "following": standing(works=False),
            },
        }
    ]
    out = vigil("node", "status").out
    assert out.startswith("ALARM: 2 entries of our own log\n  to do: call\n")
    rows = {line[:18].strip(): line[19:] for line in out.splitlines()}
    assert rows["State"].startswith("suspended since 20")
    assert "The hub's operator says: laptop" in rows["State"]
    assert "\x1b" not in out
    assert rows["Answering queries"].startswith("no, since ")
    assert "suspended: FR is suspended (next try " in rows["Answering queries"]
    assert rows["Publishing"].startswith("OK, since ")
    assert rows["Following"].endswith(": connecting")
    assert rows["Background jobs"] == "OK"
    for words in ("well", "Attending", "Due work"):
        assert words not in out


def test_a_person_says_which_database_to_accept(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    accepted: list[tuple[str, bool]] = []

    def accept(_: Home, officer: str, *, empty: bool) -> Line:
        accepted.append((officer, empty))
        return {"accepted": "older", "entries": 1_000, "entries_known": 1_200, "next": "vigil node run"}

    monkeypatch.setattr(app, "accept_database", accept)
    for words in ((), ("--empty", "--older")):
        ran = vigil("node", "accept-database", *words)
        assert ran.code == 2
        assert "--empty or --older" in ran.err
    ran = vigil("node", "accept-database", "--older", "--officer", "Adm. Ito")
    assert ran.out == "Accepted, with 1,000 log entries of the 1,200 that this home has seen. Next: vigil node run\n"
    vigil("node", "accept-database", "--empty", "--officer", "Adm. Ito")
    assert accepted == [("Adm. Ito", False), ("Adm. Ito", True)]


def test_alarms_are_acknowledged_with_a_reason(vigil: Vigil, node: Node) -> None:
    node.answers["acknowledge"] = [{"acknowledged": 2}]
    assert vigil("node", "acknowledge").code == 2
    assert vigil("node", "acknowledge", "--reason", "new keys").out == "2 alarms acknowledged.\n"
    assert node.call("acknowledge").arguments == {"reason": "new keys"}


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("hub", ("node", "status")),
        ("hub", ("records",)),
        ("node", ("hub", "members")),
        ("node", ("hub", "run")),
    ],
)
def test_a_command_refuses_a_home_of_the_other_role(
    vigil: Vigil, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, role: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(app, "session", SESSION)
    home = Home(folder=tmp_path / "home")
    config.write(home, {"role": role, "federation": "vigil.example", "member": "FR", "hub": "h:1", "enrolment": "h:2"})
    ran = vigil(*words)
    assert ran.code == 2
    assert f"this is a {role}'s home" in ran.err
    assert f"vigil {role} --help" in ran.err


def test_the_doctor_names_keys_and_a_roster_that_are_gone_and_sends_nobody_to_itself(
    tmp_path: Path,
) -> None:
    """What was there and was deleted is to be restored; it is no node that waits for its first roster."""
    home = Home(folder=tmp_path)
    config.write(
        home,
        {
            "role": "node",
            "federation": "vigil.example",
            "member": "FR",
            "hub": "127.0.0.1:1",
            "enrolment": "127.0.0.1:1",
            "root_sha256": "0" * 64,
        },
    )
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "node.der").write_bytes(b"a certificate")
    found = {line["check"]: line for line in app.doctor(home, lambda: "secret")}
    assert "missing" in found["keys"]["what"]
    assert found["keys"]["remedy"] == "restore the folder keys/ from a backup"
    assert "roster of this node is missing" in found["roster"]["what"]
    assert "restore the folder roster/" in found["roster"]["remedy"]
    assert "is missing" in found["database"]["what"]
    assert "own log" not in found  # it depends on the database
    assert all("doctor" not in (line["remedy"] or "") for line in found.values())
    assert all(line["remedy"] for line in found.values() if not line["ok"])
    (tmp_path / "tls" / "node.der").unlink()
    found = {line["check"]: line for line in app.doctor(home, lambda: "secret")}
    assert "no roster yet" in found["roster"]["what"]
    assert found["database"]["ok"]
