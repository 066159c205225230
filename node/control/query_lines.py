"""Questions, their parts and their results as the lines that `--json` prints.

Rules this module upholds:

- A key that does not apply is null, never absent; bytes are lower-case hex.
- Nothing here decides anything.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

from node.control.hit_lines import tally_line
from node.control.lines import hit_line, outcome_line, told_hit_line
from node.domain.held_questions import RefusedAnswer
from node.domain.queries import MatchRule, Outcome
from node.usecases.asking import Waits
from node.usecases.query_plan import Plan, Thinned
from node.usecases.query_reading import PastQuestion, PastStand, PastSubject, PastTable, Unreadable
from node.usecases.querying import Allowed, PartBegun, QueryEnded
from node.usecases.telling import Told

if TYPE_CHECKING:
    from node.domain.questions import KeptQuestion, Terms
    from node.usecases.history import Changes
    from node.usecases.query_reading import Past
    from node.usecases.querying import Cost, QueryEvent

ON_THE_LIST: Final = "it is on the allow-list of known-harmless content"
Line = dict[str, Any]


def plan_line(plan: Plan) -> Line:
    """What is about to be sent. `levels`: for holdings, how many fingerprints of each level."""
    levels = {level.spelled: number for level, number in sorted(plan.levels.items())}
    return {
        "asking": plan.id.hex(),
        "case": plan.terms.case,
        "subjects": plan.subjects,
        "fingerprints": plan.fingerprints,
        "left_out": plan.terms.left_out,
        "levels": levels or None,
        "from_case": plan.terms.from_case,
        "parts": plan.parts,
        "parts_to_ask": len(plan.todo),
        "members": list(plan.terms.members),
        "again": plan.terms.again.hex() or None,
    }


def part_line(begun: PartBegun) -> Line:
    """A part that is being sent now."""
    return {
        "query": begun.part.query_id.hex(),
        "part": begun.part.number,
        "parts": begun.parts,
        "subjects": len(begun.labels),
        "fingerprints": begun.part.cost,
    }


def told_lines(told: Told) -> list[Line]:
    """A member's state, followed by its hits."""
    head = outcome_line(told.query_id, told.outcome) | {"grouped": told.grouped}
    member = told.outcome.member
    return [
        head,
        *(told_hit_line(told.labels, member, each.hit, each.standing, each.verification) for each in told.hits),
    ]


def cost_line(cost: Cost) -> Line:
    """What a question would take; nothing is stored, so it has no id. `not_asked`: subjects on the allow-list."""
    plan = cost.plan
    return plan_line(plan) | {
        "asking": None,
        "purpose": plan.terms.purpose,
        "legal_basis": plan.terms.legal_basis,
        "officer_role": plan.terms.officer_role,
        "not_asked": list(plan.not_asked),
        "budget_left": cost.left,
        "budget_a_minute": cost.a_minute,
    }


def table_line(table: PastTable) -> Line:
    """The closing table of a past question. `waiting`: expected members without a state yet."""
    tally = table.tally
    return {
        "table": table.id.hex(),
        "outcomes": {member: state.value for member, state in tally.states().items()},
        "reasons": dict(sorted(tally.reasons.items())),
        "coverage": {
            member: {"answered": tally.answered(member), "parts": tally.parts, "hits": tally.member_hits[member]}
            for member in tally.states()
        },
        "hits": tally.hits,
        "complete": tally.complete(),
        "waiting": list(table.waiting),
        "late": list(table.late),
    }


def stand_line(past: PastStand) -> Line:
    """A past question with its present state alone. `states`: how many members have each of them."""
    stand = past.stand
    states = {outcome.value: members for outcome, members in stand.outcomes.items()}
    return _past_line(past.past) | {"states": states, "late": stand.late}


def _past_line(past: PastQuestion) -> Line:
    line = question_line(past.kept, past.terms)
    return line if past.error is None else line | {"error": past.error}


def summary_line(plan: Plan) -> Line:
    """The closing table over all parts."""
    tally = plan.tally
    return {
        "query": plan.id.hex(),
        "outcomes": {member: state.value for member, state in tally.states().items()},
        "reasons": dict(sorted(tally.reasons.items())),
        "hits": tally.hits,
        "local_hits": tally.local_hits,
        "hidden": tally.hidden,
        "not_asked": len(plan.not_asked),
        "reduced": plan.reduced,
        "left_out": plan.terms.left_out,
        "from_case": plan.terms.from_case,
        "complete": tally.complete(),
        "parts": plan.parts,
        "parts_asked": len(plan.queries),
        "queries": [query_id.hex() for _, query_id in sorted(plan.queries.items())],
        "coverage": {
            member: {
                "answered": tally.answered(member),
                "parts": plan.parts,
                "hits": tally.member_hits[member],
            }
            for member in tally.states()
        },
        "again": plan.terms.again.hex() or None,
    }


def changes_line(changes: Changes) -> Line:
    """The result of a question that was asked again."""
    return {
        "outcomes": {member: [_state(before), _state(now)] for member, (before, now) in changes.states.items()},
        "new_hits": changes.new_hits,
        "gone_hits": changes.gone_hits,
    }


def _state(outcome: Outcome | None) -> str | None:
    return outcome.value if outcome else None


def question_line(kept: KeptQuestion, terms: Terms) -> Line:
    """A past question. `closed_at`: the time of its last part, null while a part has no closing table."""
    return {
        "query": kept.id.hex(),
        "asked_at": kept.created_at,
        "closed_at": kept.closed_at,
        "case": terms.case,
        "purpose": terms.purpose,
        "legal_basis": terms.legal_basis,
        "officer": terms.officer or None,
        "officer_role": terms.officer_role,
        "recipients": list(terms.recipients) or None,
        "members": list(terms.members) or None,
        "rule": "exact" if terms.rule is MatchRule.EXACT else "policy",
        "budget": terms.budget,
        "from_case": terms.from_case,
        "subjects": terms.subjects,
        "fingerprints": terms.fingerprints,
        "left_out": terms.left_out,
        "again": terms.again.hex() or None,
        "parts": len(kept.parts),
        "part_states": [
            {
                "query": part.query_id.hex(),
                "part": part.number,
                "fingerprints": part.cost,
                "state": part.state.value,
            }
            for part in kept.parts
        ],
    }


def refused_line(refused: RefusedAnswer) -> Line:
    """An answer that does not count, as evidence: the bytes received, and why they were refused. Their content is not
    shown, because no member vouches for it.
    """
    return {
        "query": refused.query_id.hex(),
        "refused_answer_of": refused.member,
        "reason": refused.reason or None,
        "late": refused.late,
        "received_at": refused.at or None,
        "sha256": hashlib.sha256(refused.answer.answer).hexdigest(),
        "answer": base64.b64encode(refused.answer.answer).decode("ascii"),
        "signature": base64.b64encode(refused.answer.signature).decode("ascii"),
    }


def subject_line(subject: PastSubject) -> Line:
    """A subject of a past question. `kinds`: how many fingerprints of each kind were asked about."""
    return {
        "query": subject.query_id.hex(),
        "subject": subject.label,
        "digest": subject.digest,
        "kinds": dict(subject.kinds),
        "fingerprints": subject.fingerprints,
    }


def past_lines(past: Past) -> list[Line]:
    """A part of what is known of a past question."""
    match past:
        case PastQuestion():
            return [_past_line(past)]
        case PastStand():
            return [stand_line(past)]
        case PastTable():
            return [table_line(past)]
        case PastSubject():
            return [subject_line(past)]
        case Told():
            return told_lines(past)
        case RefusedAnswer():
            return [refused_line(past)]
        case Unreadable():
            return [{"query": past.query_id.hex(), "error": past.error, "remedy": past.remedy}]


def event_lines(event: QueryEvent) -> list[Line]:
    """What happens while a question is asked."""
    match event:
        case Allowed():
            return [{"subject": event.label, "not_asked": ON_THE_LIST}]
        case Thinned():
            return [{"subject": event.label, "left_out": event.left_out, "fingerprints": event.fingerprints}]
        case Plan():
            return [plan_line(event)]
        case Waits():
            return [{"waiting_seconds": round(event.seconds, 1), "because": event.because}]
        case PartBegun():
            hits = [
                hit_line(event.labels[hit.subject], hit, event.known.get(hit.record) if hit.record else None)
                | {"where": "here"}
                for hit in event.found.hits
            ]
            return [part_line(event), *hits]
        case Told():
            head, *hits = told_lines(event)
            return [head | {"muted": event.muted}, *hits]
        case QueryEnded():
            return [_ended_line(event)]


def _ended_line(ended: QueryEnded) -> Line:
    line = summary_line(ended.plan) | {"searched": dict(ended.searched), **tally_line(ended.tally)}
    if ended.plan.terms.again:
        line["changed"] = None if ended.changes is None else changes_line(ended.changes)
    return line
