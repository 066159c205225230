"""contribute --list: what is asked, and what people are told."""

from __future__ import annotations

from tests.unit.cli.conftest import Line, Node, Vigil

SUMMARY: Line = {
    "list": "US set",
    "contributed": 2,
    "would_contribute": 0,
    "skipped": 4,
    "not_shared": {"before": 3, "category": 1},
    "queued": 2,
    "signed": 0,
    "published": 0,
    "why": "no node is running",
    "interrupted": False,
    "plan": "ab" * 16,
    "asks": False,
    "handling": {"audience": "everyone", "purposes": ["investigation"], "code": "1", "retain_until_day": None},
}


def test_rows_are_named_and_the_summary_says_why_others_stay(vigil: Vigil, node: Node) -> None:
    node.answers["contribute-list"] = [{"row": 7, "record": f"vigil.example/FR/log/1#{'9f' * 32}"}, SUMMARY]
    ran = vigil("contribute", "--list", "US set", "--row", 7, "--row", 9, "--all-categories", "--audience", "JP")
    assert ran.code == 0
    assert node.call("contribute-list").arguments == {
        "list": "US set",
        "rows": ["7", "9"],
        "all_categories": True,
        "handling": {"audience": ["JP"]},
        "dry_run": False,
        "yes": False,
    }
    for said in ("row         7", "2 rows of the list US set shared", "3 contributed before", "--all-categories"):
        assert said in ran.out


def test_a_statement_or_holdings_do_not_go_with_a_list(vigil: Vigil) -> None:
    for more in (("--series", "Bridge"), ("--holding", 3), ("--case", "C")):
        assert vigil("contribute", "--list", "L", *more).code == 2
    assert vigil("contribute", "--case", "C", "--row", 3).code == 2


def test_an_interrupted_run_says_how_to_continue(vigil: Vigil, node: Node) -> None:
    node.answers["contribute-list"] = [SUMMARY | {"interrupted": True}]
    ran = vigil("contribute", "--list", "L", "--yes")
    assert ran.code == 130
    assert "Interrupted: 2 rows" in ran.out
