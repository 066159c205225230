"""`vigil holdings` and `vigil case`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.conftest import Node, Vigil

Line = dict[str, Any]
RECORD = "vigil.example/FR/log/1#" + "9f" * 32


def holding(**more: object) -> Line:
    return {
        "holding": 7,
        "cases": ["2031-117"],
        "media_type": "image/jpeg",
        "size": 24_107,
        "level": "shared",
        "added_at": 1_795_944_238,
        "record": RECORD,
        "hits": 2,
        **more,
    }


def test_a_list_has_the_cases_as_a_column_and_says_that_it_was_cut(vigil: Vigil, node: Node) -> None:
    node.answers["holdings"] = [holding(), holding(holding=8, record=None), {"listed": 2, "more": True, "after": 8}]
    ran = vigil("holdings", "--case", "2031-117", "--level", "shared", "--limit", "2")
    assert node.call("holdings").arguments == {"case": "2031-117", "limit": 2, "after": 0, "level": "shared"}
    assert "2031-117" in ran.out
    assert "9f9f9f9f9f9f" in ran.out
    assert "--after 8" in ran.err
    assert max(map(len, ran.out.splitlines())) <= 80


def test_one_holding_is_opened_with_where_its_files_were(vigil: Vigil, node: Node) -> None:
    files = [{"case": "2031-117", "path": "/evidence/a\x1b[2J.jpg"}]
    node.answers["holding"] = [holding(files=files, original=True, fingerprints=None)]
    ran = vigil("holdings", "7")
    assert node.call("holding").arguments == {"holding": 7, "digests": False}
    assert "/evidence/a" in ran.out
    assert "\x1b" not in ran.out
    assert "copied into the home" in ran.out


def test_fingerprints_are_shown_where_they_are_asked_for(vigil: Vigil, node: Node) -> None:
    prints = [{"algorithm": "pdq", "value": "ab" * 32, "quality": 90, "seconds": None, "searched": True}]
    prints += [
        {"algorithm": "vpdq", "value": "cd" * 32, "quality": 80, "seconds": n, "searched": True} for n in range(9)
    ]
    node.answers["holding"] = [holding(files=[], original=False, fingerprints=prints)]
    ran = vigil("holdings", "7", "--digests")
    assert "ab" * 32 in ran.out
    assert "4 more frames" in ran.out
    assert "no reference was kept" in ran.out
    assert json.loads(vigil("holdings", "7", "--digests", "--json").out)["fingerprints"] == prints


@pytest.mark.parametrize(
    "words",
    [
        ("--delete",),
        ("--set-level", "national"),
        ("7", "--case", "C"),
        ("7", "--delete", "--digests"),
        ("7", "--set-level", "shared"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(vigil: Vigil, node: Node, words: tuple[str, ...]) -> None:
    assert vigil("holdings", *words).code == 2
    assert node.calls == []


PLAN = {"would_delete": 2, "would_leave": 1, "would_retract": 1, "plan": "ab" * 16}


def deletes(arguments: Line, _items: object) -> list[Line]:
    if not arguments.get("yes"):
        return [PLAN]
    return [
        {"holding": 1, "state": "deleted", "retracted": RECORD, "original_deleted": True},
        {"holding": 2, "state": "left the case", "retracted": None, "original_deleted": False},
        {"deleted": 1, "left_case": 1, "retracted": 1, "originals": 1},
    ]


def test_nothing_is_deleted_where_nobody_can_be_asked_and_nobody_said_yes(vigil: Vigil, node: Node) -> None:
    node.answers["delete"] = deletes
    ran = vigil("case", "delete", "C-1")
    assert ran.code == 2
    assert [call.arguments.get("yes") for call in node.calls] == [None]
    for words in ("delete 2 holdings", "retract 1 record", "1 holding of other cases", "--yes"):
        assert words in ran.err


def test_a_case_is_deleted_with_yes_and_each_holding_is_told(vigil: Vigil, node: Node) -> None:
    node.answers["delete"] = deletes
    ran = vigil("case", "delete", "C-1", "--yes", "--reason", "mistake")
    assert node.calls[-1].arguments == {"case": "C-1", "reason": "mistake", "yes": True}
    assert "record 9f9f9f9f9f9f retracted" in ran.out
    assert "left the case" in ran.out
    assert vigil("holdings", "7", "--delete", "--yes").code == 0
    assert node.calls[-1].arguments == {"holdings": ["7"], "reason": "unstated", "yes": True}


def test_levels_are_changed_for_a_holding_and_for_a_case(vigil: Vigil, node: Node) -> None:
    node.answers["set-level"] = [
        {"holding": 1, "before": "national", "level": "hit-no-hit", "state": "changed"},
        {"holding": 2, "before": "shared", "level": "shared", "state": "shared"},
        {"changed": 1, "unchanged": 0, "shared": 1},
    ]
    assert "was national" in vigil("holdings", "1", "--set-level", "hit-no-hit").out
    assert node.calls[-1].arguments == {"holdings": ["1"], "level": "hit-no-hit"}
    assert "retract its record" in vigil("case", "level", "C-1", "hit-no-hit").out
    assert node.calls[-1].arguments == {"case": "C-1", "level": "hit-no-hit"}


def test_cases_are_listed(vigil: Vigil, node: Node) -> None:
    node.answers["cases"] = [
        {"case": "C-1", "list": None, "provider": None, "holdings": 3, "same_name": True},
        {"case": "C-1", "list": "L", "provider": "US", "references": 40, "same_name": True},
        {"case": "C-2", "list": "L", "provider": None, "references": 1, "same_name": False},
        {"listed": 2, "more": True, "after": "C-1"},
    ]
    ran = vigil("case", "list", "--limit", "1")
    assert ran.out.splitlines() == [
        "C-1: 3 holdings",
        "C-1: 40 rows of the list L (US); another case than those above or below with this reference",
        "C-2: 1 row of the list L",
    ]
    assert "--after C-1" in ran.err


def test_a_case_is_shown_with_where_it_is_from_and_what_its_list_says_on_request(vigil: Vigil, node: Node) -> None:
    own: Line = {"case": "C 1", "list": None, "provider": None, "holdings": 3, "same_name": True}
    own |= {
        "levels": {"national": 2, "shared": 1},
        "shared": 1,
        "hits": 5,
        "new_hits": 2,
        "list_hits": {"holdings": 1, "more": True},
    }
    listed: Line = {"case": "C 1", "list": "L", "provider": "US", "references": 2, "same_name": True, "said": None}
    node.answers["case-show"] = [own, listed]
    ran = vigil("case", "show", "C 1")
    for words in (
        "levels: 2 national, 1 shared; 1 shared",
        "5 hits on records, 2 new; holdings that match lists: at least 1",
        "all hits: vigil hits --case 'C 1'",
        "C 1: 2 rows of the list L (US); another case",
        "our holdings that match it: vigil lists hits L --case 'C 1'",
    ):
        assert words in ran.out
    assert node.call("case-show").arguments == {
        "case": "C 1", "list": "", "limit": 20, "after": 0, "words": False,
    }  # fmt: skip
    row: Line = {
        "row": 7, "case": "C 1", "at": {"record": 1}, "hashes": {"md5": "ab"}, "code_raw": None, "category": None,
        "flags": {}, "series": "Bridge", "said": '{"Comments": "seen"}', "list": "L",
    }  # fmt: skip
    node.answers["case-show"] = [listed | {"said": '{"Contact": "x"}'}, row]
    ran = vigil("case", "show", "C 1", "--list", "L", "--words", "--limit", "1")
    for words in ('the list L (US) says: {"Contact": "x"}', "row 7: record 1", "series Bridge", '{"Comments": "seen"}'):
        assert words in ran.out
    assert "--after 7" in ran.err


def test_a_part_says_what_it_is_a_part_of_and_a_file_how_many_parts_it_has(vigil: Vigil, node: Node) -> None:
    place = {"parent": "ab" * 32, "path": [4, 0], "role": "page", "name": None, "holding": 3}
    named = place | {"role": "member", "name": "a\x1b[2J.jpg", "holding": None}
    files = [{"case": "2031-117", "path": "/evidence/a.zip", "inside": "a\x1b[2J.jpg (member 1)"}]
    whole = holding(
        files=files,
        original=False,
        fingerprints=None,
        note="not looked at: 3 encrypted members",
        part_of=[place, named],
        part_of_total=5,
        parts=41,
    )
    node.answers["holding"] = [whole]
    ran = vigil("holdings", "7")
    assert "not looked at: 3 encrypted members" in ran.out
    assert "/evidence/a.zip \N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK} a" in ran.out
    assert "holding 3 (page 2)" in ran.out
    assert "not held (a" in ran.out
    assert "and of 4 more files" in ran.out
    assert "41 directly in it" in ran.out
    assert "\x1b" not in ran.out


def test_deleting_a_file_says_what_becomes_of_its_parts(vigil: Vigil, node: Node) -> None:
    node.answers["delete"] = [PLAN | {"parts": 40, "parts_kept": 1}]
    ran = vigil("holdings", "7", "--delete")
    assert ran.code == 2
    assert "including 40 parts inside the file" in ran.err
    assert "keep 1 part that other files also contain" in ran.err
