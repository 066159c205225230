"""Questions, their parts and their results as the lines that `--json` prints.

Rules this module upholds:

- A key that does not apply is null, never absent; bytes are lower-case hex.
- Nothing here decides anything.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from node.domain.queries import MatchRule, Outcome
from node.usecases.admitting import cost_of
from node.usecases.history import digest_of, kinds_of

if TYPE_CHECKING:
    from node.domain.held_questions import RefusedAnswer
    from node.domain.queries import Subject
    from node.domain.questions import KeptQuestion, Part, Terms
    from node.usecases.asking import Begins
    from node.usecases.history import Changes
    from node.usecases.planning import Plan

Line = dict[str, Any]


def plan_line(plan: Plan) -> Line:
    """What is about to be sent. `levels`: for holdings, how many fingerprints of each level."""
    levels = {level.name.lower().replace("_", "-"): number for level, number in sorted(plan.levels.items())}
    return {
        "asking": plan.id.hex(),
        "case": plan.terms.case,
        "subjects": sum(len(todo.subjects) for todo in plan.todo),
        "fingerprints": sum(todo.part.cost for todo in plan.todo),
        "left_out": plan.terms.left_out,
        "levels": levels or None,
        "from_case": plan.terms.from_case,
        "parts": plan.parts,
        "parts_to_ask": len(plan.todo),
        "members": list(plan.terms.members),
        "again": plan.terms.again.hex() or None,
    }


def part_line(plan: Plan, begins: Begins) -> Line:
    """A part that is being sent now."""
    return {
        "query": begins.part.query_id.hex(),
        "part": begins.part.number,
        "parts": plan.parts,
        "subjects": len(begins.subjects),
        "fingerprints": begins.part.cost,
    }


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
        "closed_at": max(part.closed_at for part in kept.parts) if kept.closed else None,
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
                "state": "closed" if part.closed_at else "interrupted" if part.asked_at else "not asked",
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


def subject_told_line(part: Part, subject: Subject) -> Line:
    """A subject of a past question. `kinds`: how many fingerprints of each kind were asked about."""
    return {
        "query": part.query_id.hex(),
        "subject": subject.label,
        "digest": digest_of(subject),
        "kinds": dict(kinds_of(subject)),
        "fingerprints": cost_of((subject,)),
    }
