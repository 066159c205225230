"""Reports of cases: what is in them, that they are reproducible, and how they are checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import create_autospec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.entities import Certainty, EntityKind, LinkRole
from node.domain.ids import member_id
from node.domain.queries import Level
from node.domain.reviews import ReviewState
from node.domain.stored_hits import HitEvidence
from node.domain.verification import Verification
from node.errors import Misuse, NotFound
from node.usecases import case_reports
from node.usecases.acting import acting_for
from node.usecases.audit import unpack_body
from node.usecases.report_values import Choices
from node.usecases.verification import Verifier
from tests.contracts.holdings import prints
from tests.unit.usecases.callers import officer
from tests.unit.usecases.reported_cases import CASE, PATH, RENDERERS, Reported


@pytest.fixture
def node() -> Iterator[Reported]:
    made = Reported()
    made.hold(1, "another case")
    yield made
    made.audit.close()


def sections(report: bytes) -> dict[str, Any]:
    return {each["name"]: each for each in json.loads(report)["content"]["sections"]}


def rows(report: bytes, name: str) -> list[dict[str, Any]]:
    section = sections(report)[name]
    names = [each["name"] for each in section["columns"]]
    return [dict(zip(names, row, strict=True)) for row in section["rows"]]


def facts(report: bytes, name: str) -> dict[str, Any]:
    return {each["name"]: each["value"] for each in sections(report)[name]["facts"]}


def written(node: Reported) -> list[dict[str, Any]]:
    with node.store.read() as tx:
        log = tx.log(node.audit.origin)
        run = tx.run(node.audit.origin, 0, log.size if log else 0, 1 << 30)
    return [unpack_body(body)[0] for body in run.bodies]


def test_a_report_tells_what_was_taken_in_and_contributed(node: Reported) -> None:
    first, second = node.hold(2)
    node.share(first)
    report = node.make()
    assert [(row["holding"], row["added_at"]) for row in rows(report, "taken_in")] == [(first, 1_000), (second, 1_001)]
    assert all(len(row["sha256"]) == 64 and "paths" not in row for row in rows(report, "taken_in"))
    assert facts(report, "taken_in")["holdings"] == 2
    (shared,) = rows(report, "contributed")
    assert (shared["holding"], shared["place"], shared["state"]) == (first, 0, "signed")
    assert shared["record"].startswith("test.example/FR/log/1#")


def test_a_report_tells_the_hits_of_its_case_alone(node: Reported) -> None:
    (held,) = node.hold(1)
    node.hit(held)
    node.hit(1, 2)
    (row,) = rows(node.make(), "found")
    assert (row["holding"], row["member"], row["algorithm"], row["distance"]) == (held, "JP", "pdq", 7)
    assert facts(node.make(), "found")["hits_JP"] == 1


def test_a_report_counts_who_confirms_and_disputes_the_record_of_a_hit(node: Reported) -> None:
    (held,) = node.hold(1)
    node.hit(held)
    (uncounted,) = rows(node.make(), "found")
    assert (uncounted["confirmed_by"], uncounted["disputed_by"]) == (None, None)
    counted = Verification(confirmed=(member_id("BR"), member_id("DE")), disputed=(member_id("ES"),))
    verifier = create_autospec(Verifier, instance=True)
    verifier.at.side_effect = lambda _tx, places: dict.fromkeys(places, counted)
    (row,) = rows(Reported(store=node.store, verifier=verifier).make(), "found")
    assert (row["confirmed_by"], row["disputed_by"]) == (2, 1)


def test_a_report_tells_every_decision_about_a_hit(node: Reported) -> None:
    (held,) = node.hold(1)
    node.hit(held)
    node.decide(held, ReviewState.UNSURE, "too dark")
    node.decide(held, ReviewState.REJECTED, "another room", 2_600)
    report = node.make()
    told = [(row["holding"], row["decision"], row["note"], row["officer"]) for row in rows(report, "decided")]
    assert told == [(held, "unsure", "too dark", "K. Sato"), (held, "rejected", "another room", "K. Sato")]
    assert (facts(report, "decided")["rejected"], facts(report, "decided")["unsure"]) == (1, 0)


def test_a_note_of_a_decision_is_not_in_a_report_if_another_case_has_the_holding(node: Reported) -> None:
    (alone,) = node.hold(1)
    node.decide(alone, ReviewState.UNSURE, "only this case")
    with node.store.write() as writer:
        writer.put_holding(prints(f"{CASE} 0"), level=Level.NATIONAL, case="C-2", tag=b"", now=1_000)
    report = node.make()
    assert [(row["decision"], row["note"]) for row in rows(report, "decided")] == [("unsure", None)]
    assert facts(report, "decided")["notes_left_out"] == 1
    assert b"only this case" not in report


def test_every_member_that_was_expected_has_a_line(node: Reported) -> None:
    node.hold(1)
    answer = node.ask()
    report = node.make()
    (asked,) = rows(report, "asked")
    assert (asked["legal_basis"], asked["officer"], asked["rule"]) == ("art. 706-47", "R. Diaz", "policy")
    assert asked["members"] == "BR, ES, JP"
    outcomes = {row["member"]: (row["outcome"], row["answer_sha256"]) for row in rows(report, "answered")}
    assert outcomes == {
        "JP": ("no-hit", hashlib.sha256(answer).hexdigest()),
        "BR": ("offline", None),
        "ES": ("not closed", None),
    }


def test_a_question_of_another_case_is_not_in_the_report(node: Reported) -> None:
    node.hold(1)
    node.ask(case="another case")
    assert rows(node.make(), "asked") == rows(node.make(), "answered") == []


def test_a_report_has_the_entities_with_all_versions_of_their_notes(node: Reported) -> None:
    (held,) = node.hold(1)
    number = node.note()
    node.entities.note(number, "seen at the river", edit=1)
    node.entities.link(number, [1, held], LinkRole.DEPICTED, Certainty.CERTAIN)
    node.entities.unlink(number, [held])
    report = node.make()
    assert [row["pseudonym"] for row in rows(report, "entities")] == ["Blue coat"]
    assert [row["text"] for row in rows(report, "entity_notes")] == ["seen at the lake", "seen at the river"]
    (link,) = rows(report, "entity_links")
    assert (link["holding"], link["withdrawn_at"]) == (held, 4_000)


def test_a_report_has_the_case_file_with_its_notes_and_timeline(node: Reported) -> None:
    node.open()
    node.write("first look")
    node.write("second look", version=2)
    report = node.make()
    told = facts(report, "case")
    assert (told["status"], told["title"], told["officers"], told["legal_basis"]) == (
        "open", "Lake house", "K. Sato, R. Diaz", None,
    )  # fmt: skip
    notes = [(row["note"], row["version"], row["text"], row["officer"]) for row in rows(report, "notes")]
    assert notes == [(1, 1, "first look", "K. Sato"), (1, 2, "second look", "K. Sato")]
    assert [(row["event"], row["at"]) for row in rows(report, "timeline")] == [("opened", 500)]


def test_a_report_shows_the_category_that_officers_gave(node: Reported) -> None:
    (held,) = node.hold(1)
    node.categorise(held, "2")
    (row,) = rows(node.make(), "taken_in")
    assert (row["category"], row["series"]) == ("icse:1:2", "Lakes")


def test_a_case_that_was_opened_and_has_no_holding_is_reported_and_named(node: Reported) -> None:
    node.open("2031-118")
    node.entities.add(EntityKind.PLACE, "the lake", cases=["2031-118"])
    report = node.make(case="2031-118")
    assert (facts(report, "taken_in")["holdings"], facts(report, "entities")["entities"]) == (0, 1)


def test_paths_are_in_a_report_only_if_they_are_asked_for(node: Reported) -> None:
    node.fill()
    for form in RENDERERS:
        assert PATH.encode() not in node.make(form)
    report = node.make(choices=Choices(paths=True))
    assert {row["paths"] for row in rows(report, "taken_in")} == {PATH}


def test_rows_beyond_the_limit_are_counted(node: Reported) -> None:
    node.hold(5)
    section = sections(node.make(choices=Choices(rows=2)))["taken_in"]
    assert (section["total"], section["listed"], len(section["rows"])) == (5, 2, 2)
    assert b"3 are only counted" in node.make("html", Choices(rows=2))
    assert len(rows(node.make(choices=Choices(rows=0)), "taken_in")) == 5


def test_the_digest_of_the_content_is_that_of_its_bytes_in_the_file(node: Reported) -> None:
    node.fill()
    report = node.make()
    content = report[report.index(b'"content":') + len(b'"content":') : -2]
    assert json.loads(report)["content_sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("form", sorted(RENDERERS))
def test_the_same_state_gives_the_same_bytes_and_another_state_others(node: Reported, form: str) -> None:
    node.fill()
    first = node.make(form)
    with acting_for(officer("K. Sato")):
        assert node.make(form) == first
    node.entities.note(1, "one more fact")
    assert node.make(form) != first


CHANGES: dict[str, Callable[[Reported], object]] = {
    "a title": lambda node: node.open(title="Lake house, the second"),
    "a note of the case": lambda node: node.write("a later look"),
    "a decision": lambda node: node.decide(2, ReviewState.REJECTED),
    "a category": lambda node: node.categorise(2, "1"),
    "a holding": lambda node: node.hold(1, first=7),
    "a hit": lambda node: node.hit(2, 9),
    "a record": lambda node: node.share(2),
    "a question": lambda node: node.ask(),
    "a pseudonym": lambda node: node.entities.add(EntityKind.PLACE, "the lake", cases=[CASE]),
    "a note": lambda node: node.entities.note(1, "more"),
    "a link": lambda node: node.entities.link(1, [2], LinkRole.DEPICTED, Certainty.POSSIBLE),
}
ELSEWHERE: dict[str, Callable[[Reported], object]] = {
    "a holding": lambda node: node.hold(1, "another case", first=7),
    "a hit": lambda node: node.hit(1, 9),
    "an entity": lambda node: node.entities.add(EntityKind.PLACE, "the lake", cases=["another case"]),
}


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_each_change_of_the_case_is_noticed_by_a_check(node: Reported, what: str) -> None:
    node.hold(2)
    node.note()
    report = hashlib.sha256(node.make()).digest()
    assert node.reports.check(report).changed is False
    CHANGES[what](node)
    assert node.reports.check(report).changed is True


@pytest.mark.parametrize("what", sorted(ELSEWHERE))
def test_a_change_of_another_case_is_none_of_this_one(node: Reported, what: str) -> None:
    node.fill()
    first = node.make()
    ELSEWHERE[what](node)
    assert node.make() == first


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(sorted(CHANGES)), at=st.integers(0, 10))
def test_two_reports_are_equal_exactly_if_nothing_happened_between_them(order: list[str], at: int) -> None:
    node = Reported()
    try:
        node.hold(2)
        node.note()
        seen = {}
        for step, what in enumerate(order):
            seen[node.make()] = step
            if step == at:
                assert seen[node.make()] == step
            CHANGES[what](node)
        assert len(seen) == len(order)
    finally:
        node.audit.close()


def test_a_check_says_who_made_the_file_when_and_for_which_case(node: Reported) -> None:
    node.fill()
    with acting_for(officer("K. Sato")):
        report = node.make("html")
    checked = node.reports.check(hashlib.sha256(report).digest())
    assert (checked.case, checked.form, checked.officer, checked.at) == (CASE, "html", "K. Sato", 6_000)
    assert written(node)[checked.entry]["sha256_of_file"] == hashlib.sha256(report).hexdigest()


def test_a_file_of_which_one_bit_was_changed_is_not_known(node: Reported) -> None:
    node.fill()
    report = bytearray(node.make())
    report[100] ^= 1
    with pytest.raises(NotFound):
        node.reports.check(hashlib.sha256(report).digest())


def test_the_index_of_reports_is_not_believed_without_the_audit_log(node: Reported) -> None:
    node.fill()
    node.make()
    forged = b"\x09" * 32
    with node.store.write() as tx:
        tx.set_setting("case-report/file/" + forged.hex(), (1).to_bytes(8, "big"))
    with pytest.raises(NotFound):
        node.reports.check(forged)


def test_a_report_of_a_case_that_is_gone_is_still_known(node: Reported) -> None:
    (held,) = node.hold(1)
    report = hashlib.sha256(node.make()).digest()
    with node.store.write() as tx:
        tx.delete_holding(held)
    assert node.reports.check(report).changed is None


def test_a_look_is_recorded_before_and_the_digest_after_and_no_word_of_the_case(node: Reported) -> None:
    node.fill()
    before = len(written(node))
    report = node.make("pdf", Choices(paths=True))
    begins, made = written(node)[before:]
    assert begins == {
        "what": "case report begins",
        "case": CASE,
        "format": "pdf",
        "rows": 500,
        "paths": True,
        "at": 5_000,
    }
    assert made["sha256_of_file"] == hashlib.sha256(report).hexdigest()
    assert not any(word in str((begins, made)) for word in ("Blue coat", "lake", PATH))


def test_an_unknown_case_or_format_makes_no_report(node: Reported) -> None:
    with pytest.raises(NotFound, match="no such case") as unknown:
        node.make(case="nowhere")
    assert "vigil case list" in unknown.value.remedy
    with pytest.raises(Misuse):
        node.make("docx")
    assert not any(each["what"] == case_reports.WHAT for each in written(node))


def test_a_hit_whose_evidence_is_better_now_is_a_change(node: Reported) -> None:
    node.fill()
    report = hashlib.sha256(node.make()).digest()
    with node.store.write() as tx:
        (hit,) = tx.hits(case=CASE)
        tx.change_hits([replace(hit, evidence=HitEvidence(algorithm="sha256"))])
    assert node.reports.check(report).changed is True
