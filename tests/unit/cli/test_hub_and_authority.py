"""vigil hub and vigil authority: what is carried, what is shown to compare, and that nobody is signed in unseen."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from node import app
from node.config import Home
from tests.unit.cli.conftest import Line, Node, Vigil

MEMBERS: list[Line] = [
    {
        "member": "FR",
        "name": "France, an office with quite a long name that has to be folded somewhere",
        "state": "active",
        "attending": True,
        "size": 1200,
        "cosigned": 1200,
        "frozen": None,
        "certificate_expires": 1_700_000_000,
    },
    {"member": "JP", "name": "Japan", "state": "pending", "attending": False, "requested_at": 1_700_000_000},
]
HUB: Line = {
    "hub": "vigil.example",
    "daemon": True,
    "roster_version": 3,
    "roster_expires": 1_700_000_000.0,
    "roster_stale": True,
    "authority_signs_again_by": 1_700_000_000.0,
    "new_keys": "wait for the authority's signature",
    "attending": 1,
}


def test_hub_init_hands_over_the_root_and_the_addresses(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def init(home: Home, federation: str, root: bytes, _: object, **options: Any) -> Line:
        asked.append((home.folder, federation, root, options))
        return {
            "federation": federation,
            "home": str(home.folder),
            "ca_fingerprint": "aaaa",
            "hub_fingerprint": "bbbb",
            "root_fingerprint": "cccc",
            "next": "vigil authority sign",
        }

    monkeypatch.setattr(app, "init_hub", init)
    (tmp_path / "root.json").write_bytes(b"root")
    words = ["--federation", "vigil.example", "--root", tmp_path / "root.json", "--listen", "0.0.0.0:8443"]
    ran = vigil("hub", "init", *words, "--enrolment-listen", "0.0.0.0:8444", "--host", "hub.example", "--host", "h2")
    assert ran.code == 0
    options = {"listen": "0.0.0.0:8443", "enrolment_listen": "0.0.0.0:8444", "hosts": ["hub.example", "h2"]}
    assert asked == [(tmp_path / "home", "vigil.example", b"root", options)]
    assert all(digits in ran.out for digits in ("aaaa", "bbbb", "cccc"))


def test_an_invitation_is_a_token_and_what_to_compare(vigil: Vigil, node: Node) -> None:
    node.answers["invite"] = [
        {
            "member": "FR",
            "token": "vigil1." + "x" * 250,
            "expires": 1_700_000_000,
            "hub": "h:1",
            "enrolment": "h:2",
            "ca_fingerprint": "aaaa",
            "root_fingerprint": "bbbb",
        }
    ]
    ran = vigil("hub", "invite", "FR", "--valid", "2h")
    assert node.call("invite").arguments == {"member": "FR", "valid_seconds": 7200.0}
    assert "vigil1." + "x" * 250 + "\n" in ran.out  # on one line, to be copied
    assert all(digits in ran.out for digits in ("aaaa", "bbbb"))
    node.calls.clear()
    vigil("hub", "invite", "FR")
    assert node.call("invite").arguments == {"member": "FR", "valid_seconds": 172_800.0}


def test_members_and_status_are_tidy_at_80_columns(vigil: Vigil, node: Node) -> None:
    node.answers |= {"members": MEMBERS, "status": [HUB, *MEMBERS]}
    for words in (["hub", "members"], ["hub", "status"]):
        ran = vigil(*words)
        assert "pending" in ran.out
        assert max(map(len, ran.out.splitlines())) <= 80
    assert "STALE" in vigil("hub", "status").out
    assert "has to sign again by 2023-11-1" in vigil("hub", "status").out
    assert "New keys     wait for the authority" in vigil("hub", "status").out
    assert vigil("hub", "status", "--json").lines == [HUB, *MEMBERS]
    node.answers["members"] = []
    assert vigil("hub", "members").err == "no members yet\n"


@pytest.mark.parametrize(
    ("words", "command", "arguments"),
    [
        (["suspend", "FR", "--reason", "stolen laptop"], "suspend", {"member": "FR", "reason": "stolen laptop"}),
        (["unsuspend", "FR"], "unsuspend", {"member": "FR"}),
        (["refuse", "FR"], "refuse", {"member": "FR"}),
    ],
)
def test_a_members_state_is_changed_by_name(
    vigil: Vigil, node: Node, words: list[str], command: str, arguments: Line
) -> None:
    node.answers[command] = [{"member": "FR", "state": "changed"}]
    assert vigil("hub", *words).out == "FR: changed\n"
    assert node.call(command).arguments == arguments
    assert vigil("hub", *words[:1], "fr", *words[2:]).code == 2


def test_suspending_needs_a_reason(vigil: Vigil, node: Node) -> None:
    assert vigil("hub", "suspend", "FR").code == 2


IN_FORCE: Line = {"roster_version": 2, "members": ["FR"], "expires": 1_700_000_000.0}


def test_a_request_is_written_to_a_file_and_a_bundle_read_from_one(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    asked: Line = {
        "request": base64.b64encode(b"asked").decode(),
        "hub_fingerprint": "aaaa 1111",
        "petitions": [
            {"member": "FR", "name": "France", "fingerprint": "bbbb 2222", "changes_keys": True},
            {"member": "JP", "name": "Japan", "fingerprint": "cccc 3333", "changes_keys": False},
        ],
    }
    node.answers |= {"requests": [asked], "admit": [IN_FORCE]}
    ran = vigil("hub", "requests", "--out", tmp_path / "request")
    assert ran.code == 0
    assert all(words in ran.out for words in ("HUB        aaaa 1111", "KEYS FR    bbbb 2222", "KEYS JP    cccc 3333"))
    assert "no more records of FR:" in ran.out
    assert (tmp_path / "request").read_bytes() == b"asked"
    assert vigil("hub", "requests", "--out", tmp_path / "request").code == 2
    ran = vigil("hub", "admit", tmp_path / "request")
    assert node.call("admit").arguments == {"bundle": base64.b64encode(b"asked").decode()}
    assert "roster version 2" in ran.out


def petition(member: str, verdict: str, **changes: Any) -> Line:
    return {
        "member": member, "name": f"Country {member}", "verdict": verdict, "fingerprint": "bbbb 2222",
        "former_log_ends": None, "reason": None, **changes,
    }  # fmt: skip


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every signature that `app.sign_members` was asked for."""
    signed: list[dict[str, Any]] = []
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")

    def describe(_: Path, passphrase: Callable[[], str], request: bytes) -> list[Line]:
        passphrase()
        if request == b"nothing":
            return []
        return [
            {"hub": "new", "fingerprint": "aaaa 1111", "former_fingerprint": None},
            petition("FR", "admit"),
            petition("JP", "refuse", fingerprint=None, reason="a bad proof"),
            petition("BR", "replace", former_log_ends=419),
        ]

    def sign(folder: Path, passphrase: Callable[[], str], request: bytes, **options: Any) -> bytes:
        signed.append({"folder": folder, "secret": passphrase(), "request": request, **options})
        return b"bundle"

    monkeypatch.setattr(app, "describe_request", describe)
    monkeypatch.setattr(app, "sign_members", sign)
    return signed


def sign_words(tmp_path: Path, request: bytes = b"asked") -> list[str | Path]:
    (tmp_path / "request").write_bytes(request)
    words: list[str | Path] = ["authority", "sign", "--folder", tmp_path / "stick"]
    return [*words, "--request", tmp_path / "request", "--out", tmp_path / "bundle"]


def test_every_fingerprint_is_shown_and_a_person_is_asked_before_anything_is_signed(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    ran = vigil(*sign_words(tmp_path))
    assert ran.code == 1
    assert "nothing was signed" in ran.err
    assert all(words in ran.out for words in ("HUB        aaaa 1111", "KEYS       bbbb 2222", "a bad proof"))
    assert "published under the former key: 419" in ran.out
    assert "BR are NOT replaced" in ran.err
    assert authority == []
    assert not (tmp_path / "bundle").exists()


def test_what_was_compared_is_signed_into_a_new_file(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: True)
    assert vigil(*sign_words(tmp_path), "FR", "--replace-keys", "DE").code == 0
    assert authority == [
        {
            "folder": tmp_path / "stick",
            "secret": "secret",
            "request": b"asked",
            "admit": ["FR"],
            "replace_keys": ["DE"],
            "accept_hub": True,
            "former_hub_until": None,
            "former_hub_compromised": False,
            "key_folders": [],
        }
    ]
    assert (tmp_path / "bundle").read_bytes() == b"bundle"


@pytest.mark.parametrize(
    ("hub", "words"),
    [
        ({"hub": "new", "fingerprint": "aaaa 1111", "former_fingerprint": None}, ["The first hub"]),
        (
            {"hub": "replaces", "fingerprint": "aaaa 1111", "former_fingerprint": "845d 2222"},
            ["replaces hub 845d", "did not sign for it", "845d 2222"],
        ),
        (
            {"hub": "rekey", "fingerprint": "aaaa 1111", "former_fingerprint": "845d 2222"},
            ["changes its keys", "present keys sign for the new ones", "845d 2222"],
        ),
    ],
)
def test_it_is_said_what_a_hub_is_to_the_authority(  # noqa: PLR0917 (fixtures)
    vigil: Vigil,
    node: Node,
    authority: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hub: Line,
    words: list[str],
) -> None:
    """After a loss the digits of the hub that is replaced are shown; a first hub is called so."""
    monkeypatch.setattr(app, "describe_request", lambda *_: [hub])
    given = [*sign_words(tmp_path), "--yes", "--former-hub-until", "2026-05-03T14:00", "--former-hub-compromised"]
    ran = vigil(*given)
    assert ran.code == 0
    assert all(each in ran.out for each in ["aaaa 1111", *words])
    assert (authority[0]["former_hub_until"], authority[0]["former_hub_compromised"]) == (1_777_816_800.0, True)
    assert vigil(*sign_words(tmp_path), "--former-hub-until", "yesterday").code == 2


def test_new_keys_of_the_hub_are_shown_with_what_comes_next(vigil: Vigil, node: Node) -> None:
    waiting: Line = {
        "rekey": "waiting",
        "hub_fingerprint": "aaaa 1111",
        "former_fingerprint": "bbbb 2222",
        "compromised": True,
        "next": "vigil hub requests --out FILE",
    }
    node.answers["rekey"] = [waiting]
    ran = vigil("hub", "rekey", "--compromised")
    assert node.call("rekey").arguments == {"compromised": True, "drop": False}
    assert all(each in ran.out for each in ("aaaa 1111", "bbbb 2222", "vigil hub requests", "Nothing is cosigned"))
    node.answers["rekey"] = [{"rekey": "dropped"}]
    assert vigil("hub", "rekey", "--drop").out == "The new keys are deleted.\n"
    node.answers["rekey"] = [{"rekey": "none waited"}]
    assert vigil("hub", "rekey", "--drop").out == "No new keys were waiting.\n"


def test_a_hub_is_backed_up_into_a_file_and_restored_from_one(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    node.answers["backup"] = [{"path": str(tmp_path / "copy"), "files": 12, "roster_version": 3}]
    assert "12 files" in vigil("hub", "backup", "copy").out
    assert node.call("backup").arguments == {"path": str(tmp_path / "copy")}
    asked: list[Any] = []

    def restore(home: Home, archive: Path, *, newest: bool) -> Line:
        asked.append((home.folder, archive, newest))
        about = {"federation": "vigil.example", "taken": 1_700_000_000, "roster_version": 3, "suspended": ["FR"]}
        return {"restored": str(home.folder), **about, "next": "vigil hub run"}

    monkeypatch.setattr(app, "restore_hub", restore)
    ran = vigil("hub", "restore", "copy")
    assert all(each in ran.out for each in ("vigil.example", "2023-11-1", "suspended then: FR", "vigil hub run"))
    vigil("hub", "restore", "copy", "--newest")
    assert asked == [(tmp_path / "home", tmp_path / "copy", newest) for newest in (False, True)]


def test_what_members_have_and_the_hub_has_not_is_said(vigil: Vigil, node: Node) -> None:
    node.answers["members"] = [{**MEMBERS[0], "claimed": 1_300}, MEMBERS[1]]
    ran = vigil("hub", "members")
    assert "other members have 1,300 entries of its log, this hub has 1,200" in " ".join(ran.out.split())


def test_a_log_that_cannot_be_handed_out_is_named(vigil: Vigil, node: Node) -> None:
    node.answers["members"] = [{**MEMBERS[0], "trouble": "damaged: a tile is cut short"}, MEMBERS[1]]
    said = " ".join(vigil("hub", "members").out.split())
    assert "the hub cannot serve its log, and tries again: damaged: a tile is cut short." in said


def test_a_hub_that_lost_its_suspensions_says_so(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["admit"] = [{**IN_FORCE, "suspended": [], "suspensions_unknown": True}]
    (tmp_path / "bundle").write_bytes(b"signed")
    assert "Suspend those members again" in vigil("hub", "admit", tmp_path / "bundle").out


def test_without_names_all_that_are_sound_are_meant_and_an_empty_request_is_not_asked_about(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")

    def ask(*_: object, **__: object) -> bool:
        raise AssertionError("nothing was to be compared")

    monkeypatch.setattr(typer, "confirm", ask)
    assert vigil(*sign_words(tmp_path, b"nothing")).code == 0
    assert [(each["admit"], each["accept_hub"]) for each in authority] == [(None, False)]


def test_with_the_hubs_home_the_request_is_fetched_and_the_bundle_handed_over(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    node.answers |= {"requests": [{"request": base64.b64encode(b"asked").decode()}], "admit": [IN_FORCE]}
    words = ["authority", "sign", "--folder", tmp_path / "stick", "--hub-home", tmp_path / "hub", "--yes", "--json"]
    ran = vigil(*words)
    assert ran.code == 0
    assert node.homes == [tmp_path / "hub"] * 2
    assert node.call("admit").arguments == {"bundle": base64.b64encode(b"bundle").decode()}
    assert ran.lines[-1] == IN_FORCE


def test_keys_on_other_sticks_are_named(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path
) -> None:
    words = [*sign_words(tmp_path), "--yes", "--key-folder", tmp_path / "second", "--key-folder", tmp_path / "third"]
    assert vigil(*words).code == 0
    assert authority[0]["key_folders"] == [tmp_path / "second", tmp_path / "third"]


def test_where_nobody_can_be_asked_nothing_is_signed(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object, **__: object) -> bool:
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", ended)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    ran = vigil(*sign_words(tmp_path))
    assert ran.code == 2
    assert "--yes" in ran.err
    assert authority == []


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the authority was asked to decide without a request."""
    seen: list[tuple[Any, ...]] = []
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")

    def extend(folder: Path, passphrase: Callable[[], str], *, key_folders: list[Path]) -> bytes:
        seen.append(("extend", folder, passphrase(), key_folders))
        return b"extended"

    def release(folder: Path, passphrase: Callable[[], str], member: str, *, key_folders: list[Path]) -> bytes:
        seen.append(("release", folder, passphrase(), member, key_folders))
        return b"released"

    def last(folder: Path) -> bytes:
        seen.append(("bundle", folder))
        return b"last"

    def changed(_folder: Path) -> list[Line]:
        return [{"policy": 3, "former_version": 2, "changed": [{"name": "log_entries", "from": 10_000, "to": 9_000}]}]

    monkeypatch.setattr(app, "policy_change", changed)
    monkeypatch.setattr(app, "extend_members", extend)
    monkeypatch.setattr(app, "release_member", release)
    monkeypatch.setattr(app, "last_bundle", last)
    return seen


@pytest.mark.parametrize(
    ("words", "bundle"),
    [("extend", b"extended"), ("release FR --yes", b"released"), ("bundle", b"last")],
)
def test_what_needs_no_request_is_written_to_a_file_or_handed_over(  # noqa: PLR0917 (fixtures)
    vigil: Vigil, node: Node, decided: list[tuple[Any, ...]], tmp_path: Path, words: str, bundle: bytes
) -> None:
    node.answers["admit"] = [IN_FORCE]
    whole = ["authority", *words.split(), "--folder", tmp_path / "stick"]
    assert vigil(*whole).code == 2
    assert vigil(*whole, "--out", tmp_path / "bundle", "--hub-home", tmp_path / "hub").code == 2
    assert decided == []
    ran = vigil(*whole, "--out", tmp_path / "bundle")
    assert ran.code == 0
    assert ("log_entries: 10,000 becomes 9,000" in ran.err) == (words != "bundle")
    assert (tmp_path / "bundle").read_bytes() == bundle
    assert vigil(*whole, "--hub-home", tmp_path / "hub", "--json").lines == [IN_FORCE]
    assert node.call("admit").arguments == {"bundle": base64.b64encode(bundle).decode()}


def test_a_member_at_a_limit_is_an_alarm_and_its_share_is_shown(vigil: Vigil, node: Node) -> None:
    usage = [{"limit": "log_set_aside", "used": 95, "allowed": 100, "what": "malformed entries in all"}]
    alarm = {"alarm": "quota", "what": "FR is at its limit log_set_aside: 95 of 100", "remedy": "ask the member"}
    node.answers["members"] = [{**MEMBERS[0], "usage": usage, "alarms": [alarm]}, MEMBERS[1]]
    ran = vigil("hub", "members")
    assert "ALARM: FR is at its limit log_set_aside: 95 of 100\n  to do: ask the member" in ran.out
    assert "95%" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_member_is_not_released_unless_a_person_says_so(
    vigil: Vigil, node: Node, decided: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    ran = vigil("authority", "release", "FR", "--folder", tmp_path / "stick", "--out", tmp_path / "bundle")
    assert ran.code == 1
    assert decided == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--request", "r"],
        ["--out", "o"],
        ["--hub-home", "h", "--request", "r", "--out", "o"],
        ["--hub-home", "h", "--out", "o"],
    ],
)
def test_a_request_comes_from_one_place(vigil: Vigil, node: Node, words: list[str]) -> None:
    assert vigil("authority", "sign", "--folder", "stick", *words).code == 2
    assert node.calls == []


def test_authority_init_shows_the_roots_fingerprint(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def init(folder: Path, federation: str, _: object, **options: Any) -> Line:
        asked.append((folder, federation, options))
        return {
            "federation": federation, "root": "root.json", "root_version": 1, "root_fingerprint": "aaaa", "keys": 3,
            "threshold": 2,
        }  # fmt: skip

    monkeypatch.setattr(app, "init_authority", init)
    monkeypatch.chdir(tmp_path)
    ran = vigil(
        "authority", "init", "--folder", "stick", "--federation", "vigil.example", "--keys", "3", "--threshold", "2"
    )
    assert asked == [(tmp_path / "stick", "vigil.example", {"keys": 3, "threshold": 2})]
    assert "ROOT 1     aaaa" in ran.out
    assert "3 root and 3 targets keys; 2 of each must sign" in ran.out
    assert vigil("authority", "init", "--folder", "stick").code == 2


def test_authority_rotate_shows_the_new_root_and_hands_the_bundle_over(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")

    def rotate(folder: Path, passphrase: Callable[[], str], **options: Any) -> tuple[Line, bytes]:
        asked.append((folder, passphrase(), options))
        made: Line = {
            "federation": "f.example",
            "root_version": 4,
            "root_fingerprint": "dddd",
            "keys": 1,
            "threshold": 1,
        }
        return made, b"rotated"

    monkeypatch.setattr(app, "rotate_authority", rotate)
    monkeypatch.setattr(app, "policy_change", lambda _: [])
    words = ["authority", "rotate", "--folder", tmp_path / "stick", "--out", tmp_path / "bundle", "--keys", "3"]
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    assert vigil(*words).code == 1
    assert asked == []
    ran = vigil(*words, "--yes", "--key-folder", tmp_path / "second")
    assert asked == [
        (tmp_path / "stick", "secret", {"keys": 3, "threshold": None, "key_folders": [tmp_path / "second"]})
    ]
    assert "ROOT 4     dddd" in ran.out
    assert "1 root and 1 targets key; 1 of each must sign" in ran.out
    assert (tmp_path / "bundle").read_bytes() == b"rotated"


def test_admit_tells_new_root_digits_and_who_still_waits(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    more = {"root_version": 4, "root_fingerprint": "dddd", "root_changed": True, "waiting": ["BR"]}
    node.answers["admit"] = [IN_FORCE | more]
    (tmp_path / "bundle").write_bytes(b"x")
    ran = vigil("hub", "admit", tmp_path / "bundle")
    assert "ROOT 4     dddd" in ran.out
    assert "Still waiting for the authority: BR." in ran.out


@pytest.mark.parametrize("group", ["node", "hub", "authority"])
def test_a_passphrase_is_changed_from_one_source_to_another(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    asked: list[tuple[str, str]] = []
    done: Line = {"keys": ["root-1", "targets-1"], "changed": 2, "missing": ["root 1"]}

    def change(_: object, former: Callable[[], str], fresh: Callable[[], str], *_who: object, **_more: object) -> Line:
        asked.append((former(), fresh()))
        return done

    monkeypatch.setattr(app, "change_passphrase", change)
    monkeypatch.setattr(app, "change_authority_passphrase", change)
    monkeypatch.setenv("VIGIL_PASSPHRASE", "former")
    where = ["--folder", tmp_path / "stick"] if group == "authority" else []
    assert vigil(group, "passphrase", *where).code == 2, "no terminal, and no new passphrase"
    monkeypatch.setenv("VIGIL_NEW_PASSPHRASE", "from a variable")
    ran = vigil(group, "passphrase", *where)
    assert "the new passphrase opens 2 key files" in ran.out
    assert "root 1" in ran.out
    (tmp_path / "new").write_text("from a file\n")
    vigil(group, "passphrase", *where, "--new-passphrase-file", tmp_path / "new")
    assert asked == [("former", "from a variable"), ("former", "from a file")]
