"""vigil notice and vigil hub notices: what is sent to the node, and how a notice is shown."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.integration.pictures import picture
from tests.unit.cli.conftest import Line, Node, Vigil

NOTICE: Line = {
    "notice": "vigil.example/FR/log/1#" + "ab" * 32,
    "member": "FR",
    "state": "waiting",
    "colour": "yellow",
    "reference": "2031/117",
    "consent_day": "2031-05-02",
    "since": None,
    "until": "2032-05-02",
    "fingerprints": {"md5": 1, "pdq": 2},
    "decision": None,
    "reason": None,
}
STATED: Line = {"notice": NOTICE["notice"], "queued": 0, "signed": 0, "published": 1, "why": None}


def taken(_arguments: Line, items: Iterable[Line]) -> Iterable[Line]:
    """A node reads all items, then answers."""
    list(items)
    return [STATED]


def test_a_photograph_is_sent_as_the_fingerprints_of_a_record_without_its_name(
    vigil: Vigil, node: Node, tmp_path: Path
) -> None:
    node.answers["notice-request"] = taken
    photograph = picture(tmp_path / "portrait.jpg", 3)
    given = ("--colour", "yellow", "--reference", "2031/117", "--consent-day", "2031-05-02", "--until", "2032-05-02")
    ran = vigil("notice", "request", *given, str(photograph))
    assert "The hub has it, and its operator decides." in ran.out
    (asked,) = node.calls
    assert asked.command == "notice-request"
    assert asked.arguments == {
        "colour": "yellow",
        "reference": "2031/117",
        "consent_day": 22_401,
        "until_day": 22_767,
    }
    (item,) = asked.items
    assert len(item["fingerprints"]) == 5
    assert (item["label"], item["orientations"], item["trimmed"], item["looks"]) == ("", [], [], [])


def test_a_photograph_that_cannot_be_read_requests_nothing(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    ran = vigil("notice", "request", "--colour", "green", "--reference", "G-1", str(tmp_path / "missing.jpg"))
    assert ran.code != 0
    assert node.calls == []
    assert vigil("notice", "request", "--colour", "green", "--reference", "G-1").code == 2


def test_a_change_sends_what_was_given_alone(vigil: Vigil, node: Node) -> None:
    node.answers["notice-amend"] = taken
    vigil("notice", "amend", "ab" * 6, "--reference", "2031/118")
    (asked,) = node.calls
    assert (asked.arguments, list(asked.items)) == ({"notice": "ab" * 6, "reference": "2031/118"}, [])


def test_a_withdrawal_says_how_far_it_has_come(vigil: Vigil, node: Node) -> None:
    node.answers["notice-withdraw"] = [STATED]
    assert "every node ends the notice when it arrives" in vigil("notice", "withdraw", "ab" * 6).out
    node.answers["notice-withdraw"] = [{**STATED, "notice": None, "published": 0}]
    assert vigil("notice", "withdraw", "ab" * 6).out == "The request was never sent, and is deleted.\n"


def test_a_notice_is_shown_with_counts_and_days(vigil: Vigil, node: Node) -> None:
    node.answers["notice-list"] = [NOTICE, {"notices": 1}]
    out = vigil("notice", "list", "--mine").out
    assert "yellow notice 2031/117 of FR: waits for the hub's operator" in out
    assert "3 fingerprints (1 md5, 2 pdq); consent recorded 2031-05-02; until 2032-05-02" in out
    assert node.calls[-1].arguments == {"mine": True}
    node.answers["notice-show"] = [{**NOTICE, "state": "withdrawn", "reason": "found\x1b[2J"}]
    shown = vigil("notice", "show", "ab" * 6).out
    assert "Reason: found" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["publish"], "notices-publish"),
        (["refuse", "--reason", "no consent"], "notices-refuse"),
        (["withdraw", "--reason", "found"], "notices-withdraw"),
    ],
)
def test_the_operator_decides_by_name(vigil: Vigil, node: Node, words: list[str], command: str) -> None:
    node.answers[command] = [{**NOTICE, "state": "published"}]
    assert "published" in vigil("hub", "notices", words[0], "ab" * 6, *words[1:]).out
    assert node.calls[-1].arguments == {"notice": "ab" * 6, "reason": words[2] if words[1:] else ""}


def test_the_operators_list_says_who_has_more(vigil: Vigil, node: Node) -> None:
    node.answers["notices"] = [NOTICE, {"notices": 1, "left_out": {"JP": 7}}]
    assert "7 older requests of JP not shown" in vigil("hub", "notices", "list", "--waiting").out


def test_a_new_key_of_the_hubs_log_is_compared_by_telephone(vigil: Vigil, node: Node) -> None:
    node.answers["log-key"] = [{"hub_fingerprint": "aaaa bbbb", "next": "vigil hub requests"}]
    out = vigil("hub", "log-key").out
    assert "aaaa bbbb" in out
    assert "vigil hub requests" in out
