"""Categorising holdings: what is said, what is refused, what stays, and what a contribution takes over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import SHA256
from node.domain.queries import Level
from node.domain.statements import Category, Tri
from node.domain.wording import Terms, Wording
from node.errors import Misuse, NotFound, Refused
from node.usecases import contribution
from node.usecases.case_work import Defaults
from node.usecases.categorising import BATCH, Categorised, CategorisingEnd, Wanted
from node.usecases.contribution import Stand
from node.usecases.in_threads import Stop
from node.usecases.selection import Fault, Named, Selection
from tests.unit.usecases.case_desk import CaseDesk, named, officer
from tests.unit.usecases.desk import YES, prints

A = Category(scheme="uk-caid", version="1", code="A")
B = Category(scheme="uk-caid", version="1", code="B")


@pytest.fixture
def desk() -> Iterator[CaseDesk]:
    made = CaseDesk()
    yield made
    made.close()


def row(number: int, line: int, wording: Wording) -> Named:
    return Named(code=SHA256.code, value=prints(number).sha256, row=line, wording=wording)


def test_words_that_are_not_given_stay_and_every_version_is_kept(desk: CaseDesk) -> None:
    (holding,) = desk.hold(1)
    with officer("Dupont"):
        desk.categorise(Wanted(selection=named(holding), wording=Wording(category=A, baseline=Tri.YES, series="S")))
    with officer("Sato"):
        (done,) = desk.categorise(Wanted(selection=named(holding), wording=Wording(tags=("bridge",))))
    assert done.said.wording == Wording(category=A, baseline=Tri.YES, series="S", tags=("bridge",))
    (again,) = desk.categorise(Wanted(selection=named(holding), wording=Wording(series="S")))
    assert (again.changed, again.said.version) == (False, 2)
    with desk.node.store.read() as tx:
        history = tx.categorisation_history(holding, 9)
    assert [(each.version, each.officer) for each in history] == [(2, "Sato"), (1, "Dupont")]
    assert history[1].statement.category == replace(A, baseline=Tri.YES)


def test_another_category_leaves_the_former_baseline_out(desk: CaseDesk) -> None:
    (holding,) = desk.hold(1)
    desk.categorise(Wanted(selection=named(holding), wording=Wording(category=A, baseline=Tri.YES)))
    (done,) = desk.categorise(Wanted(selection=named(holding), wording=Wording(category=B)))
    assert (done.said.wording.category, done.said.wording.baseline) == (B, None)
    (done,) = desk.categorise(Wanted(selection=named(holding), wording=Wording(baseline=Tri.NO)))
    assert done.said.statement.category == replace(B, baseline=Tri.NO)


def test_what_was_said_can_be_taken_back_and_the_history_stays(desk: CaseDesk) -> None:
    (holding,) = desk.hold(1)
    desk.categorise(Wanted(selection=named(holding), wording=Wording(category=A)))
    (done,) = desk.categorise(Wanted(selection=named(holding), wording=Wording(), clear=True))
    assert (done.changed, done.said.says_something) == (True, False)
    with desk.node.store.read() as tx:
        assert len(tx.categorisation_history(holding, 9)) == 2
        assert [each.id for each in tx.holdings(category="")] == [holding]


@pytest.mark.parametrize(
    ("wording", "clear", "error"),
    [
        (Wording(), False, Misuse),
        (Wording(series="S"), True, Misuse),
        (Wording(baseline=Tri.YES), False, Misuse),
        (Wording(category=replace(A, code="Z")), False, Refused),
        (Wording(category=replace(A, scheme="other")), False, Refused),
        (Wording(tags=("a", "a")), False, Misuse),
        (Wording(language="not a tag"), False, Misuse),
    ],
)
def test_invalid_words_change_nothing(desk: CaseDesk, wording: Wording, clear: bool, error: type[Exception]) -> None:
    desk.hold(1, 2)
    with pytest.raises(error):
        desk.categorise(Wanted(selection=Selection(case="C"), wording=wording, clear=clear))
    with desk.node.store.read() as tx:
        assert tx.categorisations([1, 2]) == {}
    with pytest.raises(NotFound):
        desk.categorise(Wanted(selection=named(99), wording=Wording(category=A)))


def test_a_list_says_something_else_of_each_row_and_one_faulty_row_stops_all(desk: CaseDesk) -> None:
    first, second = desk.hold(1, 2)
    rows = Selection(named=(row(1, 2, Wording(category=A)), row(2, 3, Wording(category=B, series="S"))))
    done = desk.categorise(Wanted(selection=rows, wording=Wording(series="common")))
    assert {each.said.holding: each.said.wording for each in done} == {
        first: Wording(category=A, series="common"),
        second: Wording(category=B, series="S"),
    }
    bad = Selection(named=(row(1, 2, Wording(category=replace(A, code="Z"))), row(2, 3, Wording(category=A)),
                           row(7, 4, Wording(category=A))))  # fmt: skip

    faults: list[Categorised | CategorisingEnd | Fault] = []

    async def run() -> None:
        async for each in desk.categorising.run(Wanted(selection=bad, wording=Wording()), Stop()):
            faults.append(each)  # noqa: PERF401 (what came before the error counts)

    with pytest.raises(Misuse, match="nothing was categorised"):
        asyncio.run(run())
    assert [(each.row, type(each.error)) for each in faults if isinstance(each, Fault)] == [(2, Refused), (4, NotFound)]
    with desk.node.store.read() as tx:
        assert tx.categorisations([second])[second].version == 1


def test_a_large_case_is_done_in_batches_and_stops_between_two(desk: CaseDesk) -> None:
    desk.hold(*range(1, 2 * BATCH + 2))
    stop = Stop()

    wanted = Wanted(selection=Selection(case="C"), wording=Wording(category=A))

    async def run(*, stops: bool) -> CategorisingEnd:
        told = []
        async for each in desk.categorising.run(wanted, stop):
            stop.asked = stops
            told.append(each)
        assert isinstance(told[-1], CategorisingEnd)
        return told[-1]

    end = asyncio.run(run(stops=True))
    assert (end.changed, end.unchanged, end.remaining) == (BATCH, 0, BATCH + 1)
    stop.asked = False
    end = asyncio.run(run(stops=False))
    assert (end.changed, end.unchanged, end.remaining) == (BATCH + 1, BATCH, 0)
    assert [(each.kind, each.count) for each in desk.events()] == [("categorised", 2 * BATCH + 1)], "one act, one event"


def test_the_audit_log_has_the_holdings_and_no_word(desk: CaseDesk) -> None:
    desk.hold(1, 2)
    with officer("Dupont"):
        desk.categorise(Wanted(selection=Selection(case="C"), wording=Wording(category=A, series="telltale")))
    said, outcome = desk.written()
    assert (said["what"], said["holdings"], said["officer"], outcome["outcome"]) == (
        "categorise", [1, 2], "Dupont", "done",
    )  # fmt: skip
    assert "telltale" not in json.dumps([said, outcome])
    assert "uk-caid" not in json.dumps([said, outcome])


# --- contributing -----------------------------------------------------------------------------------------------------


def share(desk: CaseDesk, **wanted: object) -> list[contribution.Planned]:
    given = {"selection": Selection(case="C"), **wanted}
    plan = desk.contributing.plan(contribution.Wanted(**given))  # type: ignore[arg-type]
    return [each for batch in desk.contributing.carry_out(plan, YES) for each in batch]


def test_each_holding_is_contributed_with_its_own_words_and_given_ones_win(desk: CaseDesk) -> None:
    first, second, third = desk.hold(1, 2, 3)
    desk.categorise(Wanted(selection=named(first), wording=Wording(category=A, baseline=Tri.YES, series="own")))
    desk.categorise(Wanted(selection=named(second), wording=Wording(category=B)))
    shared = share(desk, wording=Wording(series="given"))
    assert [each.stand for each in shared] == [Stand.SHARED] * 3
    again = {each.chosen.holding: each.said for each in share(desk)}
    said = {number: each[0] for number, each in again.items() if each}
    assert said[first].category == replace(A, baseline=Tri.YES)
    assert said[second].category == B
    assert said[third].category is None
    assert {each.series for each in said.values()} == {"given"}


def test_a_given_baseline_goes_with_the_own_category_and_is_refused_where_there_is_none(desk: CaseDesk) -> None:
    first, second = desk.hold(1, 2)
    desk.categorise(Wanted(selection=named(first), wording=Wording(category=A)))
    with pytest.raises(Misuse, match="baseline needs a category"):
        share(desk, wording=Wording(baseline=Tri.NO))
    (done,) = share(desk, selection=named(first), wording=Wording(baseline=Tri.NO))
    assert done.words == Wording(category=A, baseline=Tri.NO)
    rows = Selection(named=(row(2, 5, Wording(baseline=Tri.YES)),))
    plan = desk.contributing.plan(contribution.Wanted(selection=rows))
    assert [each.row for each in plan.faults] == [5]
    with desk.node.store.read() as tx:
        assert tx.holdings_by_id([second])[second].level is Level.NATIONAL


def test_a_category_that_the_policy_dropped_since_is_not_signed(desk: CaseDesk) -> None:
    (holding,) = desk.hold(1)
    desk.policy = replace(desk.policy, schemes=())
    desk.categorise(Wanted(selection=named(holding), wording=Wording(category=replace(A, code="x" * 100))))
    with desk.node.store.write() as tx:
        old = tx.categorisations([holding])[holding]
        tx.put_categorisations([replace(old, wording=Wording(tags=("x" * 200,)))])
    with pytest.raises(Misuse, match="a tag"):
        share(desk)


def test_a_shared_holding_says_that_its_record_stays_and_a_contribution_shows_the_difference(desk: CaseDesk) -> None:
    (holding,) = desk.hold(1)
    (record,) = desk.shared(contribution.Wanted(selection=named(holding), wording=Wording(category=A)))
    (done,) = desk.categorise(Wanted(selection=named(holding), wording=Wording(category=B)))
    assert (done.changed, done.record) == (True, record)
    (planned,) = share(desk)
    assert (planned.stand, planned.differs) == (Stand.DIFFERS, ("category",))


def test_consent_to_a_plan_does_not_cover_other_words(desk: CaseDesk) -> None:
    (holding,) = desk.hold(1)
    before = desk.contributing.plan(contribution.Wanted(selection=named(holding))).digest
    desk.categorise(Wanted(selection=named(holding), wording=Wording(category=A)))
    assert desk.contributing.plan(contribution.Wanted(selection=named(holding))).digest != before


@pytest.mark.parametrize(
    ("terms", "purposes"),
    [(Terms(), ("prosecution",)), (Terms(purposes=("training",)), ("training",))],
)
def test_a_contribution_of_a_case_is_for_its_default_purpose(
    desk: CaseDesk, terms: Terms, purposes: tuple[str, ...]
) -> None:
    desk.hold(1)
    desk.work.open("C", Defaults(title="Bridge", purpose="prosecution"))
    plan = desk.contributing.plan(contribution.Wanted(selection=Selection(case="C"), terms=terms))
    assert plan.wanted.terms.purposes == purposes
    assert [each.stand for each in share(desk, terms=terms)] == [Stand.SHARED]
    assert next((each.kind, each.count) for each in desk.events()) == ("shared", 1)
