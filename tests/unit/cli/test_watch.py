"""vigil watch and vigil alerts: what is asked, and what an officer is told."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.conftest import Node, Vigil

NAME = "test.vigil/FR/log/1#" + "ab" * 32
PDQ = "pdq:" + "5a" * 32
OWN: dict[str, Any] = {
    "watch": NAME,
    "local": False,
    "case": "C-7",
    "purpose": "victim-identification",
    "legal_basis": "art. 1",
    "officer": "Dupont",
    "members": ["BR", "JP"],
    "subjects": 1,
    "fingerprints": 1,
    "until": "2031-12-31",
    "at": 1_700_000_000,
    "withdrawn_at": None,
}
ADDED = OWN | {"left_out": 0, "published": True}
KEPT = {"state": "kept", "hits": 1, "reason": None, "at": 1_700_000_100, "not_searched": [], "faults": 0, "left_out": 0}
SILENT = KEPT | {"state": "no-word", "hits": 0, "at": None}
REFUSED = SILENT | {"state": "refused", "reason": "too broad\x1b[2J", "at": 1_700_000_100}
FOLLOWED = OWN | {"withdrawn": False, "sent": True, "hits": 1, "asked": {"BR": KEPT, "JP": SILENT, "DE": REFUSED}}
LOCAL: dict[str, Any] = {
    "watch": "local-3",
    "local": True,
    "case": None,
    "officer": "Dupont",
    "subjects": 1,
    "fingerprints": 1,
    "until": "2031-12-31",
    "at": 1_700_000_000,
    "found": 2,
    "full": False,
}
ALERT: dict[str, Any] = {
    "alert": 3,
    "what": "watch-answered",
    "about": NAME,
    "case": "C-7",
    "member": "BR",
    "count": 2,
    "first_at": 1_700_000_000,
    "at": 1_700_000_050,
    "state": "new",
    "seen_at": None,
    "seen_by": None,
}
TERMS = ("--case", "C-7", "--until", "2031-12-31", "--legal-basis", "art. 1")


def test_a_watch_is_added_without_a_query(vigil: Vigil, node: Node) -> None:
    node.answers["watch-add"] = lambda _arguments, items: [ADDED] if list(items) else []
    ran = vigil("watch", "add", PDQ, *TERMS, "--to", "BR,JP", "--no-ask-now")
    assert ran.code == 0
    for words in (NAME, "1 subject", "until 2031-12-31", "BR, JP"):
        assert words in ran.out
    call = node.call("watch-add")
    assert call.arguments["to"] == ["BR", "JP"]
    assert call.arguments["until"] == 22_644
    assert len(call.items) == 1
    assert [each.command for each in node.calls] == ["watch-add"]


def test_a_local_watch_asks_nobody(vigil: Vigil, node: Node) -> None:
    node.answers["watch-local"] = lambda _arguments, items: [LOCAL | {"already": 2}] if list(items) else []
    ran = vigil("watch", "add", "--local", PDQ, "--until", "2031-12-31")
    assert ran.code == 0
    for words in ("local-3", "on this node alone", "2 records here match already"):
        assert words in ran.out
    assert [each.command for each in node.calls] == ["watch-local"]
    assert vigil("watch", "add", "--local", PDQ, "--until", "2031-12-31", "--to", "BR").code == 2
    assert vigil("watch", "add", "--local", "--until", "2031-12-31").code == 2


def test_local_watches_are_listed_shown_and_removed_by_their_names(vigil: Vigil, node: Node) -> None:
    node.answers["watch-list"] = [FOLLOWED, LOCAL | {"full": True}]
    ran = vigil("watch", "list")
    assert NAME in ran.out
    assert "local-3" in ran.out
    assert "finds no more" in ran.out
    node.answers["watch-show"] = [LOCAL]
    assert "2 records found" in vigil("watch", "show", "local-3").out
    assert node.call("watch-show").arguments == {"local": 3}
    node.answers["watch-remove"] = [LOCAL]
    assert "Removed: local-3" in vigil("watch", "remove", "local-3").out
    assert vigil("watch", "remove", "local-0").code == 2


def test_a_watch_that_waits_for_the_hub_says_so(vigil: Vigil, node: Node) -> None:
    node.answers["watch-case"] = [{"subject": "1", "not_asked": "it is on the list"}, ADDED | {"published": False}]
    ran = vigil("watch", "add", *TERMS, "--no-ask-now")
    assert "left out" in ran.out
    assert "will be sent" in ran.out


def test_a_watch_needs_a_case_and_a_day(vigil: Vigil) -> None:
    assert vigil("watch", "add", PDQ, "--until", "2031-12-31").code == 2
    assert vigil("watch", "add", PDQ, "--case", "C-7").code == 2
    assert vigil("watch", "add", PDQ, "--case", "C-7", "--until", "soon").code == 2


def test_what_each_member_says_is_listed_and_steers_no_terminal(vigil: Vigil, node: Node) -> None:
    node.answers["watch-list"] = [FOLLOWED]
    ran = vigil("watch", "list")
    for words in ("BR keeps it", "1 hit", "JP no word yet", "DE refuses: too broad"):
        assert words in ran.out
    assert "\x1b" not in ran.out
    assert vigil("watch", "list", "--json").lines == [FOLLOWED]
    node.answers["watch-list"] = [FOLLOWED | {"withdrawn": True}]
    assert "has not acknowledged" in vigil("watch", "list").out
    node.answers["watch-list"] = []
    assert "no watches" in vigil("watch", "list").err


def test_a_watch_is_withdrawn(vigil: Vigil, node: Node) -> None:
    node.answers["watch-remove"] = [OWN | {"withdrawn_at": 1_700_000_200}]
    assert "Withdrawn" in vigil("watch", "remove", "abababab").out
    assert node.call("watch-remove").arguments == {"watch": "abababab"}


def test_alerts_say_what_happened_and_how_to_see_more(vigil: Vigil, node: Node) -> None:
    node.answers["alerts"] = [ALERT, ALERT | {"alert": 2, "what": "case-hit", "about": None, "state": "seen"}]
    ran = vigil("alerts", "--new", "--case", "C-7")
    for words in (f"vigil watch show {NAME}", "2 times", "vigil hits --case C-7 --new", "seen by nobody named"):
        assert words in ran.out
    assert node.call("alerts").arguments == {"new": True, "case": "C-7", "limit": 50, "before": 0}
    assert vigil("alerts", "--json").lines == node.answers["alerts"]
    node.answers["alerts"] = []
    assert "no new alerts" in vigil("alerts", "--new").err


def test_alerts_are_marked_as_seen(vigil: Vigil, node: Node) -> None:
    node.answers["alerts-seen"] = [{"seen": [3]}]
    assert "1 alert marked" in vigil("alerts", "seen", "3", "4").out
    assert node.call("alerts-seen").arguments == {"alerts": ["3", "4"]}
    node.answers["alerts-seen"] = [{"seen": []}]
    assert "before" in vigil("alerts", "seen", "3").out
    assert vigil("alerts", "seen").code == 2


def test_a_held_watch_is_named_by_its_letter(vigil: Vigil, node: Node) -> None:
    held = {
        "held_watch": 7,
        "asker": "FR",
        "watch": NAME,
        "at": 1_700_000_000,
        "until": "2031-12-31",
        "why": "too many near",
        "standing": "kept",
        "hit_waits": True,
        "decided_at": None,
    }
    node.answers["held-list"] = [held]
    ran = vigil("held", "list")
    assert "w7" in ran.out
    assert "a hit on it waits" in ran.out
    node.answers["held-release"] = [held]
    assert "Watch w7 of FR is kept." in vigil("held", "release", "w7").out
    assert node.call("held-release").arguments == {"watch": 7}
    node.answers["held-refuse"] = [held]
    assert "Watch w7 of FR is refused." in vigil("held", "refuse", "w7", "--reason", "no").out
    assert node.call("held-refuse").arguments == {"watch": 7, "reason": "no"}
