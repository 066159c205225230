"""vigil hub invite, requests and admit: what is carried to the authority and back, and what is shown to compare."""

import base64
from pathlib import Path

from tests.unit.cli.conftest import Line, Node, Vigil
from tests.unit.cli.hub_lines import IN_FORCE


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


def test_a_hub_that_lost_its_suspensions_says_so(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["admit"] = [{**IN_FORCE, "suspended": [], "suspensions_unknown": True}]
    (tmp_path / "bundle").write_bytes(b"signed")
    assert "Suspend those members again" in vigil("hub", "admit", tmp_path / "bundle").out


def test_admit_tells_new_root_digits_and_who_still_waits(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    more = {"root_version": 4, "root_fingerprint": "dddd", "root_changed": True, "waiting": ["BR"]}
    node.answers["admit"] = [IN_FORCE | more]
    (tmp_path / "bundle").write_bytes(b"x")
    ran = vigil("hub", "admit", tmp_path / "bundle")
    assert "ROOT 4     dddd" in ran.out
    assert "Still waiting for the authority: BR." in ran.out
