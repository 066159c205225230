"""Reads a question from a command's arguments: what is asked, on which terms, and of whom.

Rules this module upholds:

- A term that is not given stays empty: the use case takes the default of the case.
- An unknown word is `Misuse`; the remedy lists the known words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.control.statements import read_recipients
from node.domain.fingerprints import parse
from node.domain.queries import MatchRule, Subject
from node.errors import Misuse
from node.usecases.question import DEFAULT_BUDGET, Question

if TYPE_CHECKING:
    from node.control.arguments import Arguments

RULES: Final = {"policy": MatchRule.POLICY, "exact": MatchRule.EXACT}


def read_question(given: Arguments, subjects: tuple[Subject, ...] = ()) -> Question:
    """{"case", "purpose", "legal_basis", "officer_role", "to", "rule", "budget"} -> the question about these subjects.
    `budget` in seconds. Raises `Misuse`.
    """
    members, group = read_recipients(given)
    return Question(
        subjects=subjects,
        case=given.text("case"),
        purpose=given.text("purpose", ""),
        legal_basis=given.text("legal_basis", ""),
        officer_role=given.text("officer_role", ""),
        recipients=members,
        group=group,
        rule=read_rule(given.text("rule", "policy")),
        budget=given.number("budget", DEFAULT_BUDGET),
    )


def read_hashes(given: Arguments) -> tuple[Subject, ...]:
    """{"hashes": [ALGORITHM:HEX]} -> each of them as a subject, whose label is the text. Raises `Misuse`."""
    return tuple(Subject(fingerprints=(parse(text),), label=text) for text in given.texts("hashes"))


def read_rule(text: str) -> MatchRule:
    """A match rule that a person can type. Raises `Misuse`."""
    rule = RULES.get(text)
    if rule is None:
        raise Misuse(f"no match rule {text[:20]!r}", remedy="one of: policy, exact")
    return rule
