"""vigil query over cases and in parts: what is sent, what a person reads, and which exit code it ends with."""

import json

import pytest

from tests.unit.cli.conftest import Line, Node, Vigil
from tests.unit.cli.search_lines import PDQ_HEX, hit, outcome, summary

WHOLE, FIRST, SECOND = "0a" * 16, "0b" * 16, "0c" * 16


def plan(**changes: object) -> Line:
    return {
        "asking": WHOLE,
        "case": "C-1",
        "subjects": 300,
        "fingerprints": 1_500,
        "levels": {"national": 1_000, "hit-no-hit": 500},
        "from_case": True,
        "parts": 2,
        "parts_to_ask": 2,
        "members": ["FR", "JP"],
        "again": None,
        **changes,
    }


def part(number: int, query: str, parts: int = 2) -> Line:
    return {"query": query, "part": number, "parts": parts, "subjects": 150, "fingerprints": 750}


def closing(**changes: object) -> Line:
    return {
        **summary({"FR": "hit", "JP": "offline"}),
        "reasons": {"JP": "said by the hub"},
        "hits": 1,
        "from_case": True,
        "parts": 2,
        "parts_asked": 2,
        "queries": [FIRST, SECOND],
        "coverage": {"FR": {"answered": 2, "parts": 2, "hits": 1}, "JP": {"answered": 1, "parts": 2, "hits": 0}},
        "again": None,
        **changes,
    }


IN_PARTS = [
    plan(),
    part(1, FIRST),
    outcome("FR", "hit", hits=1),
    hit("holding 3", where="FR"),
    outcome("JP", "no-hit"),
    {"waiting_seconds": 11.6, "because": "a member may ask about 6,000 fingerprints a minute"},
    part(2, SECOND),
    outcome("FR", "no-hit"),
    outcome("JP", "offline", reason="said by the hub"),
    closing(),
]


def test_a_case_without_files_is_asked_about_from_its_holdings(vigil: Vigil, node: Node) -> None:
    node.answers["query-case"] = IN_PARTS
    ran = vigil("query", "--case", "C-1", "--legal-basis", "B", "--json")
    assert ran.code == 3
    assert ran.lines == IN_PARTS
    call = node.call("query-case")
    assert (call.arguments["case"], call.arguments["legal_basis"], call.items) == ("C-1", "B", [])


def test_a_person_reads_what_leaves_why_it_waits_and_one_table_over_all_parts(vigil: Vigil, node: Node) -> None:
    node.answers["query-case"] = IN_PARTS
    ran = vigil("query", "--case", "C-1", "--legal-basis", "B")
    assert "asking FR, JP about 300 holdings of case C-1" in ran.out
    assert "leave this node: 1,500 (1,000 of national holdings, 500 of hit/no-hit holdings)" in ran.out
    assert "Waiting 12 s: a member may ask about 6,000 fingerprints a minute." in ran.out
    assert f"Part 2 of 2 ({SECOND})" in ran.out
    table = ran.out[ran.out.index("\nQuery") :]
    assert [" ".join(line.split()) for line in table.splitlines() if line.startswith(("FR ", "JP "))] == [
        "FR hit 2 of 2 1",
        "JP offline 1 of 2 0 not reached: ask again later; said by the",  # and the rest on the next line
    ]
    assert "Stored fingerprints were used" in table


def test_a_plain_question_of_one_part_has_the_lines_that_scripts_know(vigil: Vigil, node: Node) -> None:
    one = plan(parts=1, parts_to_ask=1, from_case=False, levels=None)
    told = [outcome("FR", "no-hit"), summary({"FR": "no-hit"})]
    node.answers["query"] = [one, part(1, WHOLE, 1), *told]
    heard, closed = vigil("query", PDQ_HEX, "--case", "C", "--legal-basis", "B", "--json").lines
    assert heard == told[0]
    assert closed.items() >= told[1].items()
    assert closed.keys() - told[1].keys() == {
        *("files", "fingerprinted", "digests_alone", "unreadable", "empty", "file_parts", "file_parts_unreadable")
    }
    assert "Part" not in vigil("query", PDQ_HEX, "--case", "C", "--legal-basis", "B").out
    node.answers["query"] = [plan(from_case=False), part(1, WHOLE), *told]
    assert len(vigil("query", PDQ_HEX, "--case", "C", "--legal-basis", "B", "--json").lines) == 4


def test_offline_is_never_said_to_come_later(vigil: Vigil, node: Node) -> None:
    """The hub keeps no question for a member that is away, so no answer can come."""
    node.answers["query"] = [outcome("JP", "offline", reason="said by the hub"), summary({"JP": "offline"})]
    ran = vigil("query", PDQ_HEX, "--case", "C", "--legal-basis", "B")
    assert "not reached: ask again later" in ran.out
    assert "come later" not in ran.err
    assert f"vigil query --again {WHOLE}" in ran.err
    node.answers["query"] = [outcome("JP", "timeout"), summary({"JP": "timeout"})]
    ran = vigil("query", PDQ_HEX, "--case", "C", "--legal-basis", "B")
    assert f"Answers that come later: vigil queries {WHOLE}" in ran.err


def test_the_same_question_is_asked_again_by_its_id_and_says_what_changed(vigil: Vigil, node: Node) -> None:
    changed = {"outcomes": {"JP": ["offline", "hit"]}, "new_hits": 2, "gone_hits": 1}
    node.answers["query-again"] = [plan(parts=1, from_case=False), summary({"JP": "hit"}, again=FIRST, changed=changed)]
    ran = vigil("query", "--again", FIRST.upper(), "--to", "JP", "--budget", "2s")
    assert ran.code == 0
    assert node.call("query-again").arguments == {"query": FIRST, "to": ["JP"], "budget": 2.0}
    assert f"Since query {FIRST}: JP: offline, now hit; 2 new hits; 1 hit no longer there." in ran.out
    node.calls.clear()
    vigil("query", "--again", FIRST)
    assert node.call("query-again").arguments == {"query": FIRST}, "who is asked and how long is as before"


@pytest.mark.parametrize(
    "words",
    [
        ("--again", FIRST, "--case", "C"),
        ("--again", FIRST, "--legal-basis", "B"),
        ("--again", FIRST, PDQ_HEX),
        ("--again", FIRST, "--rule", "exact"),
        ("--again", FIRST, "--resume", FIRST),
        ("--resume", FIRST, "--to", "JP"),
        ("--resume", FIRST, "--budget", "5s"),
        ("--resume", "12"),
        ("--legal-basis", "B"),
        (),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(vigil: Vigil, node: Node, words: tuple[str, ...]) -> None:
    assert vigil("query", *words).code == 2
    assert node.calls == []


def test_what_was_not_asked_is_asked_by_the_same_id(vigil: Vigil, node: Node) -> None:
    node.answers["query-rest"] = [plan(parts_to_ask=1), closing(parts_asked=1)]
    ran = vigil("query", "--resume", WHOLE)
    assert node.call("query-rest").arguments == {"query": WHOLE}
    assert "1 of them now" in ran.out
    assert f"1 part not asked yet: vigil query --resume {WHOLE}" in ran.err


def test_an_interrupted_query_says_what_was_asked_and_how_to_go_on(vigil: Vigil, node: Node) -> None:
    def interrupted(_: Line, _items: object) -> object:
        yield plan()
        yield part(1, FIRST)
        raise KeyboardInterrupt

    node.answers["query-case"] = interrupted  # type: ignore[assignment]
    ran = vigil("query", "--case", "C-1", "--legal-basis", "B", "--json")
    assert ran.code == 130
    assert json.loads(ran.out.splitlines()[-1]) == {
        "query": WHOLE,
        "interrupted": True,
        "parts": 2,
        "parts_asked": 1,
        "queries": [FIRST],
    }
    assert "1 of 2 parts went out" in ran.err
    assert f"vigil query --resume {WHOLE}" in ran.err


def test_a_case_is_matched_from_its_holdings(vigil: Vigil, node: Node) -> None:
    found = {"searched": {"FR/holdings": 3}, "hits": 1, "subjects": 3, "holdings": 3, "files": 0, "seconds": 0.1}
    node.answers["match-case"] = [hit("holding 1"), found]
    ran = vigil("match", "--case", "C-1")
    assert node.call("match-case").arguments == {"rule": "policy", "case": "C-1"}
    assert "holding 1\n" in ran.out
    assert "3 holdings looked up. Stored fingerprints were used" in ran.out
    assert vigil("match", "--case", "C-1", "--json").lines == [hit("holding 1"), found]
    assert vigil("match").code == 2


def test_a_case_of_a_list_is_matched_from_its_rows_and_cases_of_the_same_reference_are_told(
    vigil: Vigil, node: Node
) -> None:
    found = {"searched": {"FR/holdings": 3}, "hits": 0, "subjects": 2, "holdings": 0, "references": 2, "list": "L"}
    node.answers["match-case"] = [found | {"files": 0, "seconds": 0.1, "same_name": []}]
    ran = vigil("match", "--case", "K-1", "--list", "L")
    assert node.call("match-case").arguments == {"rule": "policy", "case": "K-1", "list": "L"}
    assert "2 rows of the list L looked up." in ran.out
    own = found | {"holdings": 2, "references": 0, "list": None, "same_name": [{"list": "L", "provider": "US"}]}
    node.answers["match-case"] = [own | {"files": 0, "seconds": 0.1}]
    said = vigil("match", "--case", "K-1").out
    assert "A case with this reference also came with: L (US). It is another case." in said
    assert vigil("match", "--list", "L", "a.jpg").code == 2
