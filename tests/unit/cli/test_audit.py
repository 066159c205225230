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
    assert "suspend: refused" in out
    assert "because: XX is not a member of vigil.example" in out
    assert "invite: unknown" in out
    assert "of 6" in out
    assert "of 8" not in out


def test_an_entry_fits_a_terminal_and_draws_numbers_together(vigil: Vigil, node: Node) -> None:
    entry = LINES[1] | {"what": "contribute", "outcome": "done", "officer": "Lt. Dupont", "error": None, "why": None}
    more = {"holdings": [12, *range(1, 11)], "record": f"vigil.example/FR/log/1#{'9f' * 32}", "case": "2031-117"}
    node.answers["read-audit"] = [entry | more | {"reason": "asked for by the family " * 5}]
    out = vigil("audit").out
    assert max(map(len, out.splitlines())) <= 80
    words = " ".join(out.split())
    assert "contribute: done, by Lt. Dupont" in words
    assert "case 2031-117; holdings 1 to 10, 12;" in words
    assert words.endswith("record 9f9f9f9f9f9f")
