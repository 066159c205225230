"""contribute --list: what is asked, and what people are told."""

from __future__ import annotations

from tests.unit.cli.conftest import Line, Node, Vigil

SUMMARY: Line = {
    "list": "US set",
    "contributed": 2,
    "would_contribute": 0,
    "retracted": 0,
    "would_retract": 0,
    "kept": 0,
    "retract_later": 0,
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
    node.answers["contribute-list"] = [
        {"row": 7, "record": f"vigil.example/FR/log/1#{'9f' * 32}", "retracted": False},
        SUMMARY,
    ]
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


def test_records_of_rows_that_left_the_list_are_offered_for_retraction(vigil: Vigil, node: Node) -> None:
    asked = {name: value for name, value in SUMMARY.items() if name not in ("queued", "signed", "published", "why")}
    due = asked | {"contributed": 0, "would_contribute": 0, "would_retract": 3, "kept": 1, "retract_later": 2}
    node.answers["contribute-list"] = [due]
    said = vigil("contribute", "--list", "US set", "--dry-run").out
    assert "3 records would be retracted: the list changed or withdrew the rows" in said
    assert "1 kept" in said
    assert "2 more to be retracted: run the same command again" in said
    node.answers["contribute-list"] = [due | {"asks": True}]
    ran = vigil("contribute", "--list", "US set")
    assert ran.code == 2
    assert "This would retract 3 records whose rows the list changed or withdrew. Do it?" in ran.err
    node.answers["contribute-list"] = [due | {"asks": True, "would_contribute": 2}]
    assert "share 2 rows of the list" in (err := vigil("contribute", "--list", "US set").err)
    assert "and retract 3 records" in err
    record = f"vigil.example/FR/log/1#{'9f' * 32}"
    node.answers["contribute-list"] = [{"row": 7, "record": record, "retracted": True}, SUMMARY | {"retracted": 1}]
    said = vigil("contribute", "--list", "US set", "--yes").out
    assert "retracted: the list changed or withdrew the row" in said
    assert "1 record retracted" in said
