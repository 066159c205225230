"""The section of a report on what officers decided about the hits of a case.

Rules this module upholds:

- Every decision is a row, also one that a later decision replaced.
- A review belongs to a pair. It is in the report if one side is a holding of the case, and once if both are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from node.domain.reviews import ReviewState
from node.usecases.report_values import Column, Fact, Form, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.reviews import Decision, Review
    from node.usecases.report_source import ReportSource
    from node.usecases.report_values import Row

_PAGE: Final = 1_000
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
    total = latest = 0
    for each in _reviews(source):
        states[each.state] += 1
        for decision in source.tx.decisions(each.id):
            total += 1
            latest = max(latest, decision.at)
    decided = Section(
        name="decided",
        title="Decisions about hits",
        facts=[
            Fact(name=state.name.lower(), title=f"Pairs {state.name.lower()}", value=states[state], form=Form.NUMBER)
            for state in ReviewState
            if state is not ReviewState.NEW
        ],
        columns=_COLUMNS,
        rows=lambda: source.first(_rows(source)),
        total=total,
        listed=source.listed(total),
        latest=latest,
    )
    return [decided]


def _rows(source: ReportSource) -> Iterator[Row]:
    for review in _reviews(source):
        for decision in source.tx.decisions(review.id):
            yield _row(review, decision)


def _row(review: Review, decision: Decision) -> Row:
    return (
        review.pair.holding,
        review.hit or None,
        review.pair.other or None,
        decision.record or None,
        decision.state.name.lower(),
        decision.at,
        decision.officer or None,
        decision.role or None,
        decision.note or None,
        "yes" if review.closed else "no",
    )


def _reviews(source: ReportSource) -> Iterator[Review]:
    after = 0
    while page := source.tx.holdings(case=source.case, after=after, limit=_PAGE, bare=True):
        after = page[-1].id
        here = {each.id for each in page}
        for review in source.tx.reviews_of(sorted(here)):
            if review.pair.holding in here or not _is_of_case(source, review.pair.holding):
                yield review


def _is_of_case(source: ReportSource, holding: int) -> bool:
    found = source.tx.holdings_by_id([holding]).get(holding)
    return found is not None and source.case in found.cases
