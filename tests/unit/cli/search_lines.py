"""What the tests of `test_search` share with others."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.conftest import Line

PDQ_HEX = "ab" * 32


RECORD = "vigil.example/JP/log/1#" + "9f" * 32


def hit(subject: str, **changes: Any) -> Line:
    found = {
        "subject": subject,
        "origin": "vigil.example/JP/log/1",
        "record": RECORD,
        "algorithm": "pdq",
        "distance": 12,
        "quality": 98,
        "orientation": "rotate90",
        "category": {"scheme": "uk-caid", "version": "1", "code": "B", "baseline": "yes"},
        "series": "Bridge",
        "weak": False,
        "level": "shared",
    }
    return found | changes


def outcome(member: str, state: str, **changes: Any) -> Line:
    return {
        "query": "0a" * 16,
        "member": member,
        "outcome": state,
        "reason": None,
        "late": False,
        "hits": None,
        "searched": None,
        "not_searched": None,
        "scope": None,
        "reduced": None,
        "roster_version": None,
    } | changes


def summary(outcomes: dict[str, str], **changes: Any) -> Line:
    return {
        "query": "0a" * 16,
        "outcomes": outcomes,
        "reasons": {},
        "hits": 0,
        "local_hits": 0,
        "reduced": False,
        "searched": {},
        "complete": set(outcomes.values()) <= {"hit", "no-hit"},
    } | changes


SEARCHED = {"searched": {"vigil.example/JP/log/1": 1200, "holdings": 3}, "hits": 1, "subjects": 1, "seconds": 0.1}


ASK = ("query", "--case", "C-1", "--legal-basis", "Art. 5")
