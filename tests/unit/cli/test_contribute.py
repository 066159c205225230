"""contribute and correct: only what was said is sent on, and what is chosen is chosen by name."""

import io
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.cli.conftest import Line, Node, Vigil

LEAF = "9f" * 32
RECORD = f"vigil.example/FR/log/1#{LEAF}"
SUMMARY: Line = {
    "contributed": 1,
    "would_contribute": 0,
    "skipped": 1,
    "differs": 0,
    "queued": 0,
    "signed": 0,
    "published": 1,
    "why": None,
    "interrupted": False,
    "remaining": 0,
    "plan": "ab" * 16,
    "asks": False,
    "handling": {"audience": "everyone", "purposes": ["investigation"], "code": "1", "retain_until_day": None},
}


def test_a_bare_contribution_leaves_everything_to_the_nodes_defaults(vigil: Vigil, node: Node) -> None:
    node.answers["contribute"] = [SUMMARY]
    assert vigil("contribute", "--case", "C-1", "--all-in-case").code == 0
    assert node.call("contribute").arguments == {
        "case": "C-1",
        "holdings": [],
        "sha256": [],
        "rows": [],
        "statement": {},
        "handling": {},
        "dry_run": False,
        "yes": False,
    }


def test_everything_that_can_be_said_is_sent_on(vigil: Vigil, node: Node) -> None:
    node.answers["contribute"] = [SUMMARY]
    words = (
        f"--holding 7 --holding 8 --sha256 {'AB' * 32} --category uk-caid:1:B --baseline yes --series Bridge "
        "--tag river --tag dusk --language fr --victim-identified no --offender-identified unknown --audience FR,JP "
        "--purpose prosecution --handling-code 2 --retain-until 1970-01-11 --dry-run"
    )
    assert vigil("contribute", *shlex.split(words)).code == 0
    assert node.call("contribute").arguments == {
        "case": "",
        "holdings": ["7", "8"],
        "sha256": ["ab" * 32],
        "rows": [],
        "statement": {
            "category": "uk-caid:1:B",
            "baseline": "yes",
            "series": "Bridge",
            "tags": ["river", "dusk"],
            "language": "fr",
            "victim_identified": "no",
            "offender_identified": "unknown",
        },
        "handling": {"audience": ["FR", "JP"], "purposes": ["prosecution"], "code": "2", "retain_until_day": 10},
        "dry_run": True,
        "yes": False,
    }


@pytest.mark.parametrize(
    "words",
    [
        ["--all-in-case"],
        ["--case", "C", "--category", "1"],
        ["--case", "C", "--baseline", "maybe"],
        ["--case", "C", "--audience", "everyone,FR"],
        ["--case", "C", "--handling-code", "4"],
        ["--case", "C", "--retain-until", "31.12.2031"],
        ["--holding", "0"],
        ["--sha256", "ab"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(vigil: Vigil, node: Node, words: list[str]) -> None:
    assert vigil("contribute", *words).code == 2
    assert node.calls == []


def test_a_person_reads_a_line_a_holding_and_a_sum(vigil: Vigil, node: Node) -> None:
    node.answers["contribute"] = [
        {"holding": 7, "record": RECORD, "state": "contributed", "differs": [], "says": None},
        {"holding": 8, "record": None, "state": "nothing that may be shared", "differs": [], "says": None},
        SUMMARY,
    ]
    out = vigil("contribute", "--case", "C").out
    assert "9f9f9f9f9f9f  contributed" in out
    assert "nothing that may be shared" in out
    assert "1 record shared, 1 skipped." in out
    assert "1 published, 0 waiting" in out


def test_a_dry_run_says_that_nothing_was_shared(vigil: Vigil, node: Node) -> None:
    node.answers["contribute"] = [SUMMARY | {"contributed": 0, "would_contribute": 3}]
    assert (
        "3 records would be shared, 1 skipped. Nothing was shared."
        in vigil("contribute", "--case", "C", "--dry-run").out
    )


@pytest.mark.parametrize(
    ("words", "statement", "handling"),
    [
        (["--series", ""], {"series": ""}, {}),
        (["--audience", "everyone"], {}, {"audience": ["everyone"]}),
        (["--victim-identified", "yes"], {"victim_identified": "yes"}, {}),
    ],
)
def test_a_correction_sends_what_changes_and_nothing_else(
    vigil: Vigil, node: Node, words: list[str], statement: dict[str, Any], handling: dict[str, Any]
) -> None:
    node.answers["correct"] = [{"record": RECORD, "state": "corrected"}]
    ran = vigil("correct", LEAF[:8], *words)
    assert ran.code == 0
    assert node.call("correct").arguments == {"record": LEAF[:8], "statement": statement, "handling": handling}
    assert RECORD in ran.out


def test_a_correction_of_nothing_is_a_usage_error(vigil: Vigil, node: Node) -> None:
    assert vigil("correct", RECORD).code == 2
    assert node.calls == []


ASKED: Line = SUMMARY | {"contributed": 0, "would_contribute": 419, "asks": True}


def test_where_nobody_can_be_asked_many_records_need_a_yes(vigil: Vigil, node: Node) -> None:
    node.answers["contribute"] = [ASKED]
    ran = vigil("contribute", "--case", "C", "--json")
    assert ran.code == 2
    assert "419 records" in ran.lines[-1]["error"]
    assert "--yes" in ran.lines[-1]["remedy"]
    node.answers["contribute"] = [SUMMARY]
    assert vigil("contribute", "--case", "C", "--yes").code == 0
    assert node.calls[-1].arguments["yes"] is True


@pytest.mark.parametrize(("answer", "code", "calls"), [("y\n", 0, 2), ("n\n", 4, 1)])
def test_at_a_terminal_a_person_is_asked_and_says_yes_to_what_was_shown(  # noqa: PLR0917
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, calls: int
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer))
    node.answers["contribute"] = lambda arguments, _: [SUMMARY] if arguments.get("plan") else [ASKED]
    ran = vigil("contribute", "--case", "C")
    assert ran.code == code
    assert "This would share 419 records (everyone, for investigation; handling code 1 (police use))" in ran.err
    assert len(node.calls) == calls
    if calls > 1:
        assert node.calls[-1].arguments["plan"] == ASKED["plan"]


def test_who_comes_second_reads_what_the_record_says_and_how_to_change_it(vigil: Vigil, node: Node) -> None:
    says = {
        "media_type": "image/jpeg",
        "category": {"scheme": "uk-caid", "version": "1", "code": "B", "baseline": "unknown"},
        "series": None,
        "victim_identified": "unknown",
        "offender_identified": "unknown",
        "tags": [],
        "language": None,
        "handling": SUMMARY["handling"],
    }
    state = "contributed before, and says otherwise"
    node.answers["contribute"] = [
        {"holding": 7, "record": RECORD, "state": state, "differs": ["category"], "says": says},
        SUMMARY | {"contributed": 0, "differs": 1},
    ]
    ran = vigil("contribute", "--case", "C")
    assert ran.code == 1
    assert "the record says: category uk-caid:1:B" in ran.out
    assert "vigil correct 9f9f9f9f9f9f" in ran.out


def test_what_waits_for_the_hub_is_said_to_wait(vigil: Vigil, node: Node) -> None:
    node.answers["contribute"] = [SUMMARY | {"queued": 1, "published": 0, "why": "no node is running here"}]
    out = vigil("contribute", "--case", "C").out
    assert "0 published, 1 waiting to leave this node." in out
    assert "Reason: no node is running here." in out


def test_an_interrupted_contribution_ends_with_130_and_says_where_to_look(vigil: Vigil, node: Node) -> None:
    node.answers["contribute"] = [SUMMARY | {"contributed": 200, "interrupted": True, "remaining": 400}]
    ran = vigil("contribute", "--case", "C", "--yes")
    assert ran.code == 130
    assert "Interrupted: 200 records shared, 1 skipped. 400 not begun." in ran.out
    assert "vigil records --mine" in ran.err


def test_a_second_interruption_says_what_is_known_and_is_no_fault(vigil: Vigil, node: Node) -> None:
    def answer(_: Line, __: object) -> Iterator[Line]:
        yield {"holding": 7, "record": RECORD, "state": "contributed", "differs": [], "says": None}
        raise KeyboardInterrupt

    node.answers["contribute"] = answer
    ran = vigil("contribute", "--case", "C", "--json")
    assert ran.code == 130
    assert ran.lines[-1] == {"contributed": 1, "interrupted": True, "remaining": None}
    assert "vigil records --mine" in ran.err
