"""`vigil entity`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.conftest import Node, Vigil

Line = dict[str, Any]
HEAD: Line = {
    "entity": 4,
    "kind": "victim",
    "pseudonym": "Blue\x1b[2J coat",
    "status": "unknown",
    "added_at": 1_795_944_238,
}
WHOLE: Line = HEAD | {
    "merged_into": None,
    "version": 3,
    "cases": ["2031-117"],
    "merged": [HEAD | {"entity": 9, "pseudonym": "Coat"}],
    "notes": [
        {"entity": 4, "note": 1, "version": 2, "text": "one\ntwo\x1b[2J", "officer": None, "at": 1_795_944_238}
    ],
    "links": [
        {
            "link": 12, "entity": 4, "holding": 7, "role": "depicted", "certainty": "probable", "officer": "R. Diaz",
            "at": 1_795_944_238, "withdrawn_at": 1_795_944_300, "withdrawn_by": "K. Sato",
        },
    ],
    "more_links": True,
    "events": [
        {"entity": 4, "event": "status", "officer": "R. Diaz", "at": 1_795_944_238, "was": "unknown",
         "now": "identified"},
    ],
}  # fmt: skip


def test_an_entity_is_added_with_its_kind_pseudonym_and_cases(vigil: Vigil, node: Node) -> None:
    node.answers["entity-add"] = [{"entity": 4, "kind": "victim", "status": "identified", "version": 1}]
    ran = vigil("entity", "add", "victim", "Blue coat", "--status", "identified", "--case", "A", "--case", "B")
    assert node.call("entity-add").arguments == {
        "kind": "victim", "pseudonym": "Blue coat", "status": "identified", "cases": ["A", "B"],
    }  # fmt: skip
    assert ran.out == "Entity 4: victim, status identified.\n"


def test_a_list_escapes_a_pseudonym_and_says_where_it_continues(vigil: Vigil, node: Node) -> None:
    line = HEAD | {"merged": 1, "links": 2, "notes": 3, "cases": ["2031-117"]}
    node.answers["entities"] = [line, {"listed": 1, "next": 4}]
    ran = vigil("entity", "list", "--kind", "victim", "--case", "2031-117")
    assert node.call("entities").arguments == {"case": "2031-117", "limit": 100, "after": 0, "kind": "victim"}
    assert "\x1b" not in ran.out
    assert "1 merged into it" in ran.out
    assert "--after 4" in ran.err


def test_one_entity_is_shown_with_its_history(vigil: Vigil, node: Node) -> None:
    node.answers["entity"] = [WHOLE]
    ran = vigil("entity", "show", "4")
    for words in ("2031-117", "withdrawn", "K. Sato", "unknown -> identified", "entity 9, Coat", "unnamed"):
        assert words in ran.out
    assert "\x1b" not in ran.out
    assert "--after 12" in ran.err
    assert json.loads(vigil("entity", "show", "4", "--json").out) == WHOLE


def test_a_change_sends_only_what_was_given(vigil: Vigil, node: Node) -> None:
    node.answers["entity-change"] = [{"entity": 4, "status": "identified", "version": 2}]
    vigil("entity", "change", "4", "--status", "identified", "--leave-case", "A", "--seen", "1")
    assert node.call("entity-change").arguments == {
        "entity": 4, "cases": [], "leave_cases": ["A"], "seen": 1, "status": "identified",
    }  # fmt: skip


def test_holdings_are_linked_and_unlinked_by_number(vigil: Vigil, node: Node) -> None:
    node.answers["entity-link"] = [{"entity": 4, "linked": 1, "changed": 1, "unchanged": 1}]
    node.answers["entity-unlink"] = [{"entity": 4, "withdrawn": 1}]
    ran = vigil("entity", "link", "4", "7", "8", "9", "--role", "depicted", "--certainty", "probable")
    assert node.call("entity-link").arguments == {
        "entity": 4, "holdings": [7, 8, 9], "role": "depicted", "certainty": "probable",
    }  # fmt: skip
    assert ran.out == "Entity 4: 1 holding linked, 1 with another certainty than before, 1 linked before.\n"
    assert vigil("entity", "unlink", "4", "7").out == "1 link of entity 4 withdrawn.\n"


@pytest.mark.parametrize("option", [("--role", "seen"), ("--role", "depicted"), ("--certainty", "sure")])
def test_a_link_needs_a_known_role_and_certainty(vigil: Vigil, node: Node, option: tuple[str, str]) -> None:
    assert vigil("entity", "link", "4", "7", *option).code == 2
    assert node.calls == []


def test_notes_merges_and_splits_are_told(vigil: Vigil, node: Node) -> None:
    node.answers["entity-note"] = [WHOLE["notes"][0]]
    node.answers["entity-merge"] = [{"entity": 4, "into": 9}]
    node.answers["entity-split"] = [{"entity": 4, "version": 3}]
    assert vigil("entity", "note", "4", "one", "--edit", "1").out == "Note 1 of entity 4, version 2.\n"
    assert "vigil entity split 4" in vigil("entity", "merge", "4", "9").out
    assert vigil("entity", "split", "4").out == "Entity 4 is an entity of its own again.\n"


def test_deleting_without_a_terminal_needs_a_yes(vigil: Vigil, node: Node) -> None:
    plan = {"would_delete": [4, 9], "notes": 1, "links": 2, "plan": "ab" * 16}
    done = {"deleted": [4, 9], "notes": 1, "links": 2}
    node.answers["entity-delete"] = lambda arguments, _: [done if arguments.get("yes") else plan]
    ran = vigil("entity", "delete", "4")
    assert ran.code == 2
    assert "2 entities (4, 9) with 1 note and 2 links" in ran.err
    assert vigil("entity", "delete", "4", "--yes").out == "2 entities deleted.\n"


def test_the_history_of_an_entity_is_in_words(vigil: Vigil, node: Node) -> None:
    event = {"entity": 4, "officer": "R. Diaz", "at": 1_795_944_238, "was": None, "now": None}
    events = [
        event | {"event": "added", "now": "Coat"},
        event | {"event": "named-by-case", "now": "2031-117"},
        event | {"event": "left-case", "was": "2031-117"},
        event | {"event": "merged", "now": "9"},
    ]
    node.answers["entity"] = [WHOLE | {"more_links": False, "events": events}]
    out = vigil("entity", "show", "4").out
    for words in (
        "added as Coat",
        "named by case 2031-117",
        "no longer named by case 2031-117",
        "merged into entity 9",
    ):
        assert words in out


def test_a_note_that_is_edited_has_a_number(vigil: Vigil, node: Node) -> None:
    node.answers["entity-note"] = [{"entity": 4, "note": 1, "version": 1}]
    assert vigil("entity", "note", "4", "seen again").code == 0
    assert node.call("entity-note").arguments["edit"] == 0
    assert vigil("entity", "note", "4", "seen again", "--edit", "0").code == 2
