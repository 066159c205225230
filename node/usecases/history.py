"""Past questions and their answers as stored: subjects, outcomes and hits of a question and its parts.

Rules this module upholds:

- Subjects have the labels that the person typed; without a stored label, their strongest fingerprint.
- A refused answer is shown as refused, with the reason, and never counts as an answer.
- A row that cannot be read affects only itself.
- A late answer is shown as late. It changes no state, but it is the newest information on a member.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import SHA256, name_of
from node.domain.queries import SIGNED, MatchRule, MemberOutcome, Outcome
from node.domain.questions import Terms, combined
from node.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Codec
    from node.domain.queries import Answer, Hit, SignedAnswer, Subject
    from node.domain.questions import KeptQuestion, Part
    from node.domain.stores import NodeStore, NodeStoreReader

UNREAD: Final = "the stored answer does not match this state, or cannot be read"
HitKey = tuple[str, str, str, str]
"""(subject's digest, member, record or "", algorithm)."""


def digest_of(subject: Subject) -> str:
    """The fingerprint that distinguishes a subject, as a person may type it: its SHA-256, else its first one."""
    exact = next((each for each in subject.fingerprints if each.code == SHA256.code), None)
    chosen = exact or next(iter(subject.fingerprints), None)
    return "" if chosen is None else f"{name_of(chosen.code)}:{chosen.value.hex()}"


def kinds_of(subject: Subject) -> Mapping[str, int]:
    """How many fingerprints of each kind a subject has."""
    return Counter(name_of(each.code) for each in subject.fingerprints)


def asked_subjects(store: NodeStore, codec: Codec, part: Part) -> tuple[Subject, ...]:
    """Blocking. The subjects of a part, with labels. Empty if they were deleted. Raises `Damaged`, `Malformed`."""
    with store.read() as tx:
        body = tx.part_body(part.query_id)
    if body is None:
        return ()
    subjects = codec.decode_payload(body.payload).subjects
    labels = dict(enumerate(body.labels))
    return tuple(replace(each, label=labels.get(at) or digest_of(each)) for at, each in enumerate(subjects))


def question_terms(store: NodeStore, codec: Codec, kept: KeptQuestion) -> Terms:
    """Blocking. The terms of a question; for one of an earlier version, the terms that its query contains."""
    if kept.terms is not None:
        return kept.terms
    first = kept.parts[0]
    with store.read() as tx:
        body, asked = tx.part_body(first.query_id), tx.asked(first.query_id)
    payload = codec.decode_payload(body.payload) if body else None
    return Terms(
        case=payload.case_reference if payload else "",
        purpose=asked.header.purpose if asked else "",
        legal_basis=payload.legal_basis if payload else "",
        officer_role=payload.officer_role if payload else "",
        recipients=asked.header.recipients if asked else (),
        subjects=len(payload.subjects) if payload else 0,
        fingerprints=sum(part.cost for part in kept.parts),
        rule=payload.rule if payload else MatchRule.POLICY,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionStand:
    """The present state of a question. `outcomes`: how many members have each state over all its parts; `closed`:
    whether every part has its closing table. `late`: how many members have answered after that.
    """

    outcomes: Mapping[Outcome, int]
    closed: bool
    late: int = 0


def question_stand(tx: NodeStoreReader, kept: KeptQuestion) -> QuestionStand:
    """The present state of a stored question, without opening an answer."""
    states: dict[MemberId, list[Outcome]] = {}
    late: set[MemberId] = set()
    for part in kept.parts:
        for member, outcome, _, is_late in tx.outcomes(part.query_id):
            if is_late:
                late.add(member)
            else:
                states.setdefault(member, []).append(Outcome(outcome))
    outcomes = Counter(combined(each) for each in states.values())
    return QuestionStand(outcomes=outcomes, closed=kept.closed, late=len(late))


def told_outcomes(store: NodeStore, codec: Codec, query_id: bytes) -> list[MemberOutcome]:
    """Blocking. Each member's stored answer to one query, in the order in which they were recorded."""
    with store.read() as tx:
        rows, reasons = tx.outcomes(query_id), tx.outcome_reasons(query_id)
        refused = {(each.member, each.late): each for each in tx.refused_answers(query_id)}
    told: list[MemberOutcome] = []
    for member, state, signed, late in rows:
        answer = counted(codec, state, signed) if signed else None
        evidence = None if signed else refused.get((member, late))
        unread = signed is not None and answer is None
        reason = answer.reason if answer else "" if late else reasons.get(member, "")
        if not reason and (evidence or unread):
            reason = evidence.reason if evidence else UNREAD
        told.append(
            MemberOutcome(
                member=member,
                outcome=Outcome(state),
                answer=answer,
                reason=reason,
                late=late,
                refused=unread or evidence is not None,
            )
        )
    # A late answer came last, even if it was stored before the table was closed.
    return sorted(told, key=lambda each: each.late)


def counted(codec: Codec, state: str, signed: SignedAnswer) -> Answer | None:
    """The stored answer for a member's state; None if it does not match this state or cannot be read: an earlier
    version stored answers before they were judged.
    """
    if state not in {each.value for each in SIGNED}:
        return None
    try:
        answer = codec.decode_answer(signed.answer)
    except Malformed:
        return None
    return answer if answer.outcome == state else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The result of a question that was asked again. `states`: (before, now) of members whose state has changed."""

    states: Mapping[MemberId, tuple[Outcome | None, Outcome | None]]
    new_hits: int
    gone_hits: int


def changes(
    store: NodeStore, codec: Codec, before: Sequence[Part], now: Sequence[Part], members: Collection[MemberId]
) -> Changes:
    """Blocking. Compares these members' answers to two questions about the same subjects."""
    old_states, old_hits = _known(store, codec, before, members)
    new_states, new_hits = _known(store, codec, now, members)
    return Changes(
        states={
            member: (old_states.get(member), new_states.get(member))
            for member in sorted(members)
            if old_states.get(member) != new_states.get(member)
        },
        new_hits=len(new_hits - old_hits),
        gone_hits=len(old_hits - new_hits),
    )


def _known(
    store: NodeStore, codec: Codec, parts: Sequence[Part], members: Collection[MemberId]
) -> tuple[dict[MemberId, Outcome], set[HitKey]]:
    """(The present state of each member, with late answers, and the hits of all)."""
    by_member: dict[MemberId, dict[int, Outcome]] = {}
    hits: set[HitKey] = set()
    for part in parts:
        subjects = asked_subjects(store, codec, part)
        for outcome in [each for each in told_outcomes(store, codec, part.query_id) if each.member in members]:
            by_member.setdefault(outcome.member, {})[part.number] = outcome.outcome
            for hit in outcome.answer.hits if outcome.answer else ():
                hits.add(_key(subjects, outcome.member, hit))
    return {member: combined(list(states.values())) for member, states in by_member.items()}, hits


def _key(subjects: Sequence[Subject], member: MemberId, hit: Hit) -> HitKey:
    subject = digest_of(subjects[hit.subject]) if hit.subject < len(subjects) and not hit.whole else ""
    return subject, member, str(hit.record) if hit.record else "", hit.algorithm
