"""Opening, changing, assigning, closing and purging a case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from node.domain.caller import Role
from node.domain.case_events import FIRST_PLACE
from node.domain.case_files import CaseStatus
from node.domain.queries import Level
from node.errors import Misuse, NotFound, Refused
from node.usecases.case_work import Defaults
from node.usecases.cases import Cases
from tests.unit.usecases.case_desk import TITLE, CaseDesk, officer
from tests.unit.usecases.desk import prints


@pytest.fixture
def desk() -> Iterator[CaseDesk]:
    made = CaseDesk()
    yield made
    made.close()


def test_a_case_is_opened_by_its_lead_and_keeps_its_words(desk: CaseDesk) -> None:
    words = Defaults(title="Bridge", purpose="investigation", legal_basis="art. 706-47")
    with officer("Dupont"):
        case = desk.work.open("C", words, officers=["Sato"])
    assert (case.version, case.status, case.lead, case.officers) == (1, CaseStatus.OPEN, "Dupont", ("Dupont", "Sato"))
    with desk.node.store.read() as tx:
        assert tx.case_file("C") == case
    assert (case.words.title, case.words.purpose, case.words.legal_basis) == ("Bridge", "investigation", "art. 706-47")
    assert [(each.kind, each.officer, each.version) for each in desk.events()] == [("opened", "Dupont", 1)]
    with pytest.raises(Refused, match="open already"):
        desk.work.open("C", TITLE)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (Defaults(), Misuse),
        (Defaults(title=""), Misuse),
        (Defaults(title="two\nlines"), Misuse),
        (Defaults(title="x" * 201), Misuse),
        (Defaults(title="x", purpose="revenge"), Refused),
        (Defaults(title="x", legal_basis=" padded"), Misuse),
    ],
)
def test_a_case_is_not_opened_with_invalid_words(desk: CaseDesk, words: Defaults, error: type[Exception]) -> None:
    with pytest.raises(error):
        desk.work.open("C", words)
    assert desk.events() == []
    with pytest.raises(NotFound):
        desk.work.version("C")


def test_changes_and_assignments_make_versions_and_name_their_officers(desk: CaseDesk) -> None:
    with officer("Dupont"):
        desk.work.open("C", TITLE)
        changed = desk.work.change("C", Defaults(legal_basis="art. 1"), 1)
    with officer("Sato"):
        case = desk.work.assign("C", 2, lead="Sato", add=["Silva"], remove=["Dupont"])
    assert (changed.words.title, changed.words.legal_basis) == ("Bridge", "art. 1")
    assert (case.version, case.lead, case.officers) == (3, "Sato", ("Sato", "Silva"))
    assert case.words == changed.words
    assert [(each.kind, each.officer) for each in desk.events()] == [
        ("assigned", "Sato"), ("changed", "Dupont"), ("opened", "Dupont"),
    ]  # fmt: skip
    for wrong in ({"remove": ["Sato"]}, {"add": ["A"], "remove": ["A"]}, {"remove": ["Nobody"]}, {}, {"lead": "a\nb"}):
        with pytest.raises(Misuse):
            desk.work.assign("C", 3, **wrong)
    assert desk.work.version("C") == 3


def test_a_change_of_what_another_officer_changed_is_refused_and_says_what_happened(desk: CaseDesk) -> None:
    with officer("Dupont"):
        seen = desk.work.open("C", TITLE).version
        desk.work.assign("C", seen, add=["Silva"])
    with officer("Sato"):
        with pytest.raises(Refused, match=r"version 1, now 2.*assigned by Dupont at") as caught:
            desk.work.close("C", seen, "no victim", note="a last word")
        assert caught.value.remedy
        with desk.node.store.read() as tx:
            assert tx.count_notes("C") == 0, "nothing of a refused act is done"
        closed = desk.work.close("C", 2, "no victim", note="a last word")
    assert (closed.status, closed.words.outcome) == (CaseStatus.CLOSED, "no victim")
    with desk.node.store.read() as tx:
        assert [(each.text, each.officer) for each in tx.case_notes("C")] == [("a last word", "Sato")]


def test_an_outcome_stays_in_the_timeline_when_the_case_goes_on(desk: CaseDesk) -> None:
    desk.work.open("C", TITLE)
    desk.work.close("C", None, "no victim")
    with pytest.raises(Refused, match="cannot rest"):
        desk.work.rest("C", None)
    again = desk.work.reopen("C", None)
    assert (again.status, again.words.outcome) == (CaseStatus.OPEN, "")
    resting = desk.work.rest("C", None)
    assert resting.status is CaseStatus.DORMANT
    with pytest.raises(Refused, match="dormant already"):
        desk.work.rest("C", None)
    told = [(each.kind, each.words) for each in desk.events()]
    assert told == [("dormant", ""), ("reopened", ""), ("closed", "no victim"), ("opened", "")]


def test_only_a_closed_case_without_holdings_is_purged_and_nothing_of_it_stays(desk: CaseDesk) -> None:
    (holding,) = desk.hold(1)
    desk.work.open("C", TITLE)
    desk.notes.write("C", "a secret note")
    with pytest.raises(Refused, match="only a closed case"):
        desk.work.to_purge("C")
    desk.work.close("C", None, "no victim")
    with pytest.raises(Refused, match="holdings belong"):
        desk.work.purge("C", 2)
    with desk.node.catalogue.change() as change:
        change.delete_holding(holding)
    found = desk.work.to_purge("C")
    assert (found.version, found.notes) == (2, 1)
    with pytest.raises(Refused, match="has changed"):
        desk.work.purge("C", 1)
    scrubs = desk.node.store.scrubs
    assert desk.work.purge("C", 2).notes == 1
    assert desk.node.store.scrubs == scrubs + 1
    with desk.node.store.read() as tx:
        assert (tx.case_file("C"), tx.count_notes("C"), tx.case_events("C", FIRST_PLACE, 9)) == (None, 0, [])


def test_the_audit_log_has_every_act_and_none_of_its_words(desk: CaseDesk) -> None:
    with officer("Dupont"):
        desk.work.open("C", Defaults(title="telltale", legal_basis="telltale"))
        desk.work.change("C", Defaults(title="telltale 2"), 1)
        desk.work.assign("C", 2, add=["Sato"])
        desk.notes.write("C", "telltale")
        desk.notes.edit("C", 1, "telltale")
        desk.work.close("C", 3, "telltale", "telltale")
        with pytest.raises(Refused):
            desk.work.reopen("C", 1)
        desk.work.purge("C", 4)
    told = [body for body in desk.written() if body["what"] != "outcome"]
    assert [body["what"] for body in told] == [
        "case open", "case change", "case assign", "case note", "case note edit", "case close", "case reopen",
        "case purge",
    ]  # fmt: skip
    assert {body["case"] for body in told} == {"C"}
    assert (told[1]["fields"], told[2]["added"], told[4]["note_number"]) == (["title"], ["Sato"], 1)
    assert "telltale" not in json.dumps(desk.written())
    outcomes = [body["outcome"] for body in desk.written() if body["what"] == "outcome"]
    assert outcomes.count("refused") == 1


def test_what_cannot_be_written_down_is_not_done(desk: CaseDesk) -> None:
    desk.audit.close()
    with pytest.raises(Exception, match="audit"):
        desk.work.open("C", TITLE)
    assert desk.events() == []


def test_a_case_of_holdings_alone_counts_as_open_and_the_list_is_chosen_by_status_and_officer(desk: CaseDesk) -> None:
    desk.hold(1, 2, case="B-holdings")
    desk.hold(3, case="C-both")
    with officer("Dupont"):
        desk.work.open("C-both", TITLE)
        desk.work.open("D-closed", TITLE)
        desk.work.close("D-closed", 1, "done")
    with officer("Sato"):
        desk.work.open("A-file", TITLE)
    cases = Cases(desk.node.store)

    def listed(**of: Any) -> list[tuple[str, int, bool]]:
        found, more = cases.page_of("", 9, **of)
        assert not more
        return [(each.reference, each.holdings, each.file is not None) for each in found]

    every, _ = cases.page("", 9)
    assert [each.reference for each in every] == ["A-file", "B-holdings", "C-both", "D-closed"]
    assert listed(status=CaseStatus.OPEN) == [("A-file", 0, True), ("B-holdings", 2, False), ("C-both", 1, True)]
    assert listed(status=CaseStatus.CLOSED) == [("D-closed", 0, True)]
    assert listed(officer="Dupont") == [("C-both", 1, True), ("D-closed", 0, True)]
    assert listed(officer="Dupont", status=CaseStatus.OPEN) == [("C-both", 1, True)]
    page, more = cases.page_of("", 1, status=CaseStatus.OPEN)
    assert ([each.reference for each in page], more) == (["A-file"], True)
    page, more = cases.page_of("B-holdings", 1, status=CaseStatus.OPEN)
    assert ([each.reference for each in page], more) == (["C-both"], False)


def test_the_last_holding_of_an_opened_case_leaves_the_case(desk: CaseDesk) -> None:
    (holding,) = desk.hold(1)
    desk.work.open("C", TITLE)
    with desk.node.catalogue.change() as change:
        change.delete_holding(holding)
    found = Cases(desk.node.store).named("C")
    assert (found.holdings, found.is_own, found.file is not None) == (0, True, True)
    with desk.node.store.write() as tx:
        assert tx.put_holding(prints(9), level=Level.NATIONAL, case="C", tag=b"", now=1)[1]


def test_an_officer_of_a_case_is_registered_and_not_disabled_or_runs_the_command(desk: CaseDesk) -> None:
    with desk.node.store.write() as tx:
        tx.add_officer("Dupont", Role.INVESTIGATOR, None, 1)
        gone = tx.add_officer("Silva", Role.INVESTIGATOR, None, 1)
        tx.set_officer_disabled(gone.id, 2, disabled=True)
    with officer("the account of the home"):
        case = desk.work.open("C", TITLE, officers=["Dupont"])
        assert case.officers == ("Dupont", "the account of the home")
        for name in ("Silva", "Nobody"):
            with pytest.raises(Refused, match=name):
                desk.work.assign("C", 1, add=[name])
        assert desk.work.assign("C", 1, lead="Dupont", remove=["the account of the home"]).officers == ("Dupont",)
