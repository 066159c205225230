"""Attacks with questions and submissions on real daemons: honest members are served, the ledger names the attacker."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from bench.federation import Federation, federation
from node import app
from node.demo.stage import PASSPHRASE
from node.domain.fingerprint_kinds import SHA256

pytestmark = pytest.mark.faults

PATIENCE = 60.0


@pytest.fixture(scope="module")
def made() -> Iterator[Federation]:
    with federation() as founded:
        founded.found("FR", "JP", "YY", "ZZ")
        with ExitStack() as running:
            for member in ("FR", "JP"):
                founded.stage.start(member, "node", "run")
                running.callback(founded.stage.stop, member)
            yield founded


def ask(session: Any, number: int) -> str:
    """What becomes of Japan, when France asks it about one hash."""
    subject = {"label": "one", "fingerprints": [[SHA256.code, f"{number:064x}", None]], "orientations": []}
    arguments = {
        "case": "T-1",
        "purpose": "victim-identification",
        "legal_basis": "a test",
        "officer_role": "investigator",
        "to": ["JP"],
        "rule": "policy",
        "budget": 10.0,
        "show_all": True,
    }
    return str(list(session.run("query", arguments, [subject]))[-1]["outcomes"]["JP"])


def line_of(made: Federation, home: str, command: str, member: str) -> dict[str, Any]:
    return next(line for line in made.stage.ask(home, command) if line.get("member") == member)


def until_named(made: Federation, member: str, there: Callable[[dict[str, Any]], object], otherwise: str) -> None:
    """Waits for the hub's line of a member to show what is asked for. The hub stores its charges every few seconds."""
    deadline = time.monotonic() + PATIENCE
    while not there(line_of(made, "hub", "members", member)):
        assert time.monotonic() < deadline, otherwise


def is_refused(line: dict[str, Any]) -> bool:
    return bool(line["refused_today"])


def is_charged(line: dict[str, Any]) -> bool:
    return any(row["limit"] == "probes_a_day" and row["used"] for row in line["usage"])


@pytest.mark.parametrize(("name", "attacker"), [("padded", "YY"), ("burst", "ZZ")])
def test_honest_questions_are_answered_beside_an_attack_and_the_attacker_is_named(
    made: Federation, name: str, attacker: str
) -> None:
    module = importlib.import_module(f"bench.attacks.{name}")
    with app.session_at(made.stage.home("FR"), lambda: PASSPHRASE) as france:
        with module.attack(made, attacker):
            until_named(made, attacker, is_refused, "the attack is not refused")
            said = [ask(france, number) for number in range(20)]
            japan = line_of(made, "hub", "members", "JP")
        assert said == ["no-hit"] * 20
        assert japan["attending"], "another's stream was cut"
    until_named(made, attacker, is_refused, "the attack is not refused")
    until_named(made, attacker, is_charged, "the attack is not charged")
