"""vigil audit: acts are read with their outcome."""

from tests.unit.cli.conftest import Line, Node, Vigil

LINES: list[Line] = [
    {
        "index": 7,
        "kind": "outcome",
        "state": "held",
        "what": "outcome",
        "of": 6,
        "outcome": "done",
        "at": 1_700_000_000,
    },
    {
        "index": 8,
        "kind": "administration",
        "state": "held",
        "what": "suspend",
        "member": "XX",
        "outcome": "refused",
        "error": "refused",
        "why": "XX is not a member of vigil.example",
        "ended_at": 1_700_000_000,
        "at": 1_700_000_000,
    },
    {
        "index": 9,
        "kind": "outcome",
        "state": "held",
        "what": "outcome",
        "of": 8,
        "outcome": "refused",
        "at": 1_700_000_000,
    },
    {
        "index": 10,
        "kind": "administration",
        "state": "held",
        "what": "invite",
        "outcome": "unknown",
        "at": 1_700_000_000,
    },
]


def test_an_act_and_its_outcome_are_one_row_for_people_and_two_lines_for_scripts(vigil: Vigil, node: Node) -> None:
    node.answers["read-audit"] = LINES
    assert vigil("audit", "--json").lines == LINES
    out = " ".join(vigil("audit").out.split())
    assert "suspend refused" in out
    assert "because: XX is not a member of vigil.example" in out
    assert "invite unknown" in out
    assert "of: 6" in out
    assert "of: 8" not in out
