"""vigil authority policy: what was agreed is shown with its ranges, a change is checked, and none is signed unseen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from node import app
from node.domain.limits import Limits
from node.domain.policy_terms import changed, differences, terms
from node.domain.roster import Policy
from node.errors import Misuse
from node.pki.authority import Authority
from node.pki.documents import checked_policy, decode_policy
from tests.unit.cli.conftest import Line, Node, Vigil
from tests.unit.pki.federation import EMPTY, NOW, Federation


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """An authority that has signed nothing yet."""
    app.init_authority(tmp_path / "stick", "a.example", lambda: "secret", keys=1, threshold=1)
    return tmp_path / "stick"


def test_a_number_is_changed_within_its_range_and_the_version_counts_up(vigil: Vigil, node: Node, stick: Path) -> None:
    words = ["authority", "policy", "--folder", stick]
    ran = vigil(*words)
    assert "log_entries_a_day" in ran.out
    assert "not signed yet" in ran.out
    (line,) = vigil(*words, "--set", "log_entries_a_day=70000", "--set", "pdq_radius=20", "--json").lines
    assert (line["version"], line["signed_version"], line["waits_for_signature"]) == (2, None, True)
    assert line["changed"] == [
        {"name": "pdq_radius", "from": 31, "to": 20},
        {"name": "log_entries_a_day", "from": 2_000_000, "to": 70_000},
    ]
    (again,) = vigil(*words, "--set", "pdq_radius=20", "--json").lines
    assert (again["version"], again["changed"]) == (2, [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("log_entries_a_day=1", "from 65536 to"),
        ("pdq_radius=32", "from 0 to 31"),
        ("pdq_radius=two", "whole number"),
        ("query_budget_seconds=nan", "from 0.001"),
        ("no_such=1", "no number called"),
        ("pdq_radius", "not understood"),
        ("pdq_radius=", "not understood"),
    ],
)
def test_what_no_reader_would_take_is_refused_and_nothing_is_changed(
    vigil: Vigil, node: Node, stick: Path, change: str, words: str
) -> None:
    ran = vigil("authority", "policy", "--folder", stick, "--set", change)
    assert ran.code == 2
    assert words in ran.err
    assert "to do:" in ran.err
    assert vigil("authority", "policy", "--folder", stick, "--json").lines[0]["version"] == 1
    assert vigil("authority", "policy", "--folder", stick, "--set", "pdq_radius=1", "--set", "pdq_radius=2").code == 2


def test_whoever_signs_is_shown_the_change_and_asked_for_it(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Federation(tmp_path)
    made.admit()
    folder = tmp_path / "authority"
    assert app.policy_change(folder) == []
    assert not app.authority_policy(folder, {})["waits_for_signature"]
    app.authority_policy(folder, {"log_set_aside": "5"})
    shown: list[Line] = app.policy_change(folder)
    changes = [{"name": "log_set_aside", "from": 1_000, "to": 5}]
    assert shown == [{"policy": 2, "former_version": 1, "changed": changes}]
    assert app.describe_request(folder, lambda: "x", made.request()) == shown

    monkeypatch.setattr(app, "describe_request", lambda *_: shown)
    (tmp_path / "request").write_bytes(b"asked")
    asked: list[str] = []

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr(typer, "confirm", confirm)
    monkeypatch.setenv("VIGIL_PASSPHRASE", "x")
    words = ["--request", tmp_path / "request", "--out", tmp_path / "bundle"]
    ran = vigil("authority", "sign", "--folder", folder, *words)
    assert ran.code == 1
    assert "log_set_aside: 1,000 becomes 5" in ran.out
    assert asked == ["Did the federation agree to this change of its policy?"]

    made.hub.repository.accept(Authority(folder, EMPTY).extend(now=NOW), now=NOW)
    assert made.roster().policy == Policy(version=2, limits=Limits(log_set_aside=5))
    assert app.policy_change(folder) == []


@given(st.data())
def test_every_change_that_is_taken_is_a_policy_that_every_reader_takes(data: st.DataObject) -> None:
    before = Policy()
    chosen = data.draw(st.lists(st.sampled_from(terms(before)), unique_by=lambda term: term.name))
    changes = {}
    for term in chosen:
        low, high = term.low, term.high
        value = st.floats(low, high) if term.name == "query_budget_seconds" else st.integers(int(low), int(high))
        changes[term.name] = str(data.draw(value))
    after = changed(before, changes)
    assert decode_policy(checked_policy(after)) == after
    assert after.version == (1 if after == before else 2)
    assert {name for name, _, _ in differences(before, after)} <= set(changes)


def test_every_number_of_a_policy_can_be_changed() -> None:
    plain = Policy()
    names = {term.name for term in terms(plain)}
    words = {"version", "purposes", "handling_codes", "schemes", "limits"}
    assert names == ({*plain.__slots__} - words) | {*Limits.__slots__}
    with pytest.raises(Misuse):
        changed(replace(plain), {"version": "7"})
