"""The sections of a report on the questions of a case: what was asked, and what each member answered.

Rules this module upholds:

- Every member that was expected to answer has a row for each part. A member without an outcome is shown as not closed.
- A late answer is a row of its own, labelled: it changes no state of the closing table.
- An answer is named by the SHA-256 of its signed bytes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Final

from node.usecases.history import counted
from node.usecases.report_values import Column, Fact, Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.questions import KeptQuestion, Part
    from node.usecases.report_source import ReportSource
    from node.usecases.report_values import Row, Section

MOST_QUESTIONS: Final = 10_000
"""Most questions of the node, the newest, that are looked through for those of the case."""
NOT_CLOSED: Final = "not closed"
_QUESTIONS: Final = (
    Column(name="question", title="Question", form=Form.DIGEST),
    Column(name="asked_at", title="Asked", form=Form.MOMENT),
    Column(name="closed_at", title="Closed", form=Form.MOMENT),
    Column(name="officer", title="Officer"),
    Column(name="officer_role", title="Role"),
    Column(name="purpose", title="Purpose"),
    Column(name="legal_basis", title="Legal basis"),
    Column(name="rule", title="Rule"),
    Column(name="subjects", title="Subjects", form=Form.NUMBER),
    Column(name="fingerprints", title="Hashes", form=Form.NUMBER),
    Column(name="members", title="Members"),
)
_ANSWERS: Final = (
    Column(name="question", title="Question", form=Form.DIGEST),
    Column(name="query", title="Query", form=Form.DIGEST),
    Column(name="member", title="Member"),
    Column(name="outcome", title="Outcome"),
    Column(name="late", title="Late"),
    Column(name="hits", title="Hits", form=Form.NUMBER),
    Column(name="answer_sha256", title="SHA-256 of the answer", form=Form.DIGEST),
    Column(name="reason", title="Reason"),
)


def questions(source: ReportSource) -> list[Section]:
    """The questions that were asked for the case, the newest first, and what each member answered to them."""
    every = source.tx.recent_questions(MOST_QUESTIONS)
    mine = [each for each in every if each.terms is not None and each.terms.case == source.case]
    return [_asked(source, every, mine), _answered(source, mine)]


def _asked(source: ReportSource, every: Sequence[KeptQuestion], mine: Sequence[KeptQuestion]) -> Section:
    unread = sum(each.terms is None for each in every)
    facts = [Fact(name="questions", title="Questions", value=len(mine), form=Form.NUMBER)]
    if unread:
        title = "Questions of this node without readable terms, of any case"
        facts.append(Fact(name="unread", title=title, value=unread, form=Form.NUMBER))
    if len(every) == MOST_QUESTIONS:
        title = "Older questions were not looked through beyond"
        facts.append(Fact(name="looked_through", title=title, value=MOST_QUESTIONS, form=Form.NUMBER))
    return source.table(
        "asked",
        "Questions asked",
        _QUESTIONS,
        lambda: map(_asked_row, mine),
        total=len(mine),
        latest=max((max(each.created_at, _closed_at(each) or 0) for each in mine), default=0),
        facts=facts,
    )


def _answered(source: ReportSource, mine: Sequence[KeptQuestion]) -> Section:
    outcomes = Counter(str(row[3]) for row in _answers(source, mine))
    return source.table(
        "answered",
        "Answers",
        _ANSWERS,
        lambda: _answers(source, mine),
        total=outcomes.total(),
        facts=[
            Fact(name=outcome.replace("-", "_").replace(" ", "_"), title=outcome, value=number, form=Form.NUMBER)
            for outcome, number in sorted(outcomes.items())
        ],
    )


def _closed_at(kept: KeptQuestion) -> int | None:
    return max(part.closed_at for part in kept.parts) if kept.closed else None


def _asked_row(kept: KeptQuestion) -> Row:
    terms = kept.terms
    if terms is None:  # `questions` leaves these out
        return (kept.id.hex(), kept.created_at, _closed_at(kept), *(None,) * 8)
    return (
        kept.id.hex(),
        kept.created_at,
        _closed_at(kept),
        terms.officer or None,
        terms.officer_role,
        terms.purpose,
        terms.legal_basis,
        terms.rule.name.lower(),
        terms.subjects,
        terms.fingerprints,
        ", ".join(terms.members),
    )


def _answers(source: ReportSource, mine: Sequence[KeptQuestion]) -> Iterator[Row]:
    for kept in mine:
        for part in kept.parts:
            yield from _answers_to(source, kept, part)


def _answers_to(source: ReportSource, kept: KeptQuestion, part: Part) -> Iterator[Row]:
    head = (kept.id.hex(), part.query_id.hex())
    reasons = source.tx.outcome_reasons(part.query_id)
    heard = set()
    for member, outcome, signed, late in source.tx.outcomes(part.query_id):
        heard.add(member)
        answer = counted(source.codec, outcome, signed) if signed else None
        reason = answer.reason if answer else "" if late else reasons.get(member, "")
        digest = hashlib.sha256(signed.answer).hexdigest() if signed else None
        hits = len(answer.hits) if answer else None
        yield (*head, member, outcome, "yes" if late else "no", hits, digest, reason or None)
    for member in kept.terms.members if kept.terms else ():
        if member not in heard:
            yield (*head, member, NOT_CLOSED, "no", None, None, None)
