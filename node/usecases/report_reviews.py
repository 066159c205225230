"""The section of a report on what officers decided about the hits of a case.

Rules this module upholds:

- Every decision is a row, also one that a later decision replaced.
- A review belongs to a pair. It is in the report if one side is a holding of the case, and once if both are.
- A note may be about another case that has the holding too. So it is in the report only if no other case has a holding
  of the pair; the notes that are left out are counted.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

from node.domain.reviews import ReviewState
from node.usecases.report_values import Column, Fact, Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.reviews import Decision, Review
    from node.usecases.report_source import ReportSource
    from node.usecases.report_values import Row, Section

_COLUMNS: Final = (
    Column(name="holding", title="Holding", form=Form.NUMBER),
    Column(name="hit", title="Hit", form=Form.NUMBER),
    Column(name="other_holding", title="Other holding", form=Form.NUMBER),
    Column(name="record", title="Record", form=Form.DIGEST),
    Column(name="decision", title="Decision"),
    Column(name="at", title="Decided", form=Form.MOMENT),
    Column(name="officer", title="Officer"),
    Column(name="role", title="Role"),
    Column(name="note", title="Why"),
    Column(name="history", title="Other file since"),
)


def reviews(source: ReportSource) -> list[Section]:
    """The decisions by holding; those of one pair in the order in which they were made."""
    states: Counter[ReviewState] = Counter()
    total = latest = left_out = 0
    for each, alone in _reviews(source):
        states[each.state] += 1
        for decision in source.tx.decisions(each.id):
            total += 1
            latest = max(latest, decision.at)
            left_out += bool(decision.note) and not alone
    facts = [
        Fact(name=state.name.lower(), title=f"Pairs {state.name.lower()}", value=states[state], form=Form.NUMBER)
        for state in ReviewState
        if state is not ReviewState.NEW
    ]
    title = "Notes left out: another case has the holding too"
    facts.append(Fact(name="notes_left_out", title=title, value=left_out, form=Form.NUMBER))
    rows = partial(_rows, source)
    return [source.table("decided", "Decisions about hits", _COLUMNS, rows, total=total, latest=latest, facts=facts)]


def _rows(source: ReportSource) -> Iterator[Row]:
    for review, alone in _reviews(source):
        for decision in source.tx.decisions(review.id):
            yield _row(review, decision, note=decision.note if alone else "")


def _row(review: Review, decision: Decision, *, note: str) -> Row:
    return (
        review.pair.holding,
        review.hit or None,
        review.pair.other or None,
        decision.record or None,
        decision.state.name.lower(),
        decision.at,
        decision.officer or None,
        decision.role or None,
        note or None,
        "yes" if review.closed else "no",
    )


def _reviews(source: ReportSource) -> Iterator[tuple[Review, bool]]:
    """The reviews, each with whether its holdings belong to no other case."""
    for page in source.holding_pages():
        found = source.tx.reviews_of([each.id for each in page])
        cases = {each.id: each.cases for each in page}
        others = {number for each in found for number in (each.pair.holding, each.pair.other) if number} - cases.keys()
        cases |= {each.id: each.cases for each in source.tx.holdings_by_id(sorted(others)).values()}
        for review in found:
            own = cases.get(review.pair.holding, ())
            if review.pair.holding not in others or source.case not in own:
                both = {*own, *cases.get(review.pair.other, ())}
                yield review, both == {source.case}
