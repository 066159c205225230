"""A question to the federation, and the checks before it may be sent.

Rules this module upholds:

- A question that no member could answer is refused here, with its remedy.
- The expected members come from the asker's own roster, never from the hub (promise 5).
- A question may have any size: it is split into as many queries as the policy requires.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.fingerprints import has_frames
from node.domain.queries import MatchRule, QueryPayload
from node.domain.questions import Terms
from node.domain.roster import MemberStatus
from node.domain.statements import MAX_TEXT
from node.domain.texts import checked_text
from node.domain.videos import thinned
from node.errors import Misuse, Refused
from node.usecases.admitting import cost_of
from node.usecases.pacing import paced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import MemberId
    from node.domain.queries import Subject
    from node.domain.roster import Policy, Roster

DEFAULT_BUDGET: Final = 5.0
"""Seconds that a query waits for its members, if nobody chooses a time."""
MAX_BUDGET_SECONDS: Final = 3_600.0
"""The longest wait for answers; the hub allows far less."""
_LEAST_OF_A_VIDEO: Final = 33
"""Fewest fingerprints by which a video is asked about: three digests, and enough frames to recognise it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person asks. `recipients` empty: every active member. `budget` in seconds. `group`: a group as a person
    names it, whose present members are the recipients; "" for none.
    """

    subjects: tuple[Subject, ...]
    case: str
    purpose: str
    legal_basis: str
    officer_role: str = "investigator"
    recipients: tuple[MemberId, ...] = ()
    group: str = ""
    rule: MatchRule = MatchRule.POLICY
    budget: float = DEFAULT_BUDGET


def question_of(terms: Terms, subjects: tuple[Subject, ...]) -> Question:
    """The question with these terms about some of its subjects."""
    return Question(
        subjects=subjects,
        case=terms.case,
        purpose=terms.purpose,
        legal_basis=terms.legal_basis,
        officer_role=terms.officer_role,
        recipients=terms.recipients,
        rule=terms.rule,
        budget=terms.budget,
    )


def terms_of(question: Question) -> Terms:
    """The inverse: what a question says of itself, before anybody knows who asks, and whom."""
    return Terms(
        case=question.case,
        purpose=question.purpose,
        legal_basis=question.legal_basis,
        officer_role=question.officer_role,
        rule=question.rule,
        recipients=question.recipients,
        budget=question.budget,
        subjects=len(question.subjects),
        fingerprints=cost_of(question.subjects),
    )


def payload_of(question: Question) -> QueryPayload:
    """What the answering members learn of a question."""
    return QueryPayload(
        subjects=question.subjects,
        rule=question.rule,
        officer_role=question.officer_role,
        case_reference=question.case,
        legal_basis=question.legal_basis,
    )


def expected_members(
    roster: Roster, me: MemberId, recipients: tuple[MemberId, ...]
) -> tuple[tuple[MemberId, ...], tuple[tuple[MemberId, str], ...]]:
    """(members expected to answer, (member, why) left out) by the asker's own roster.

    Raises `Refused` for a recipient that is not an active member.
    """
    for member in recipients:
        roster.require_active(member)
    active = [m for m in roster.active() if m != me]
    expected = tuple(m for m in active if not recipients or m in recipients)
    left_out = [(m, "left out by --to") for m in active if m not in expected]
    left_out += [(m.id, "suspended") for m in roster.members.values() if m.status is MemberStatus.SUSPENDED]
    return expected, tuple(sorted(left_out))


def fitted(policy: Policy, question: Question) -> Question:
    """The question in a form that fits one part (see `_fitted`)."""
    return replace(question, subjects=_fitted(policy, policy.max_query_fingerprints, question.subjects))


def _fitted(policy: Policy, most: int, subjects: tuple[Subject, ...]) -> tuple[Subject, ...]:
    """If these are more than `most` fingerprints, the frames of each video are thinned out evenly, as far as that
    helps. Pictures and bare hashes stay whole.
    """
    over = cost_of(subjects) - most
    videos = [subject for subject in subjects if has_frames(subject.fingerprints)]
    if over <= 0 or not videos:
        return subjects
    room = sum(len(subject.fingerprints) for subject in videos) - over
    share = max(room // len(videos), _LEAST_OF_A_VIDEO)
    return tuple(
        replace(subject, fingerprints=thinned(subject.fingerprints, share, policy.pdq_quality_floor))
        if has_frames(subject.fingerprints)
        else subject
        for subject in subjects
    )


def largest_part(policy: Policy) -> int:
    """How many fingerprints one part may ask about: the limit of a query, and of the asker's own pace."""
    return max(1, min(policy.max_query_fingerprints, paced(policy)))


def split(policy: Policy, subjects: Sequence[Subject]) -> list[tuple[Subject, ...]]:
    """The subjects, in their order, in as few parts as the policy's limit per query allows.

    A subject is never divided between two parts. If one video alone has too many fingerprints, its frames are thinned
    out.
    """
    most = largest_part(policy)
    parts: list[tuple[Subject, ...]] = []
    part: list[Subject] = []
    room = most
    for each in subjects:
        (subject,) = _fitted(policy, most, (each,))
        cost = cost_of((subject,))
        if part and cost > room:
            parts.append(tuple(part))
            part, room = [], most
        part.append(subject)
        room -= cost
    if part:
        parts.append(tuple(part))
    return parts


def check_question(policy: Policy, question: Question) -> None:
    """Raises `Misuse` or `Refused` if no member could answer it."""
    for name, value in (("--case", question.case), ("--legal-basis", question.legal_basis)):
        if not value.strip():
            raise Misuse(f"a federated query needs {name}", remedy=f"give {name}: it goes into the audit log")
    for name, value in (
        ("the case reference", question.case),
        ("the legal basis", question.legal_basis),
        ("the officer's role", question.officer_role),
    ):
        if value:
            checked_text(value, MAX_TEXT, name, Misuse)
    if question.purpose not in policy.purposes:
        raise Refused(
            "the federation's policy does not know this purpose", remedy="one of: " + ", ".join(policy.purposes)
        )
    count = cost_of(question.subjects)
    if not 0 < count <= policy.max_query_fingerprints:
        raise Refused(
            f"a query asks about 1 to {policy.max_query_fingerprints} fingerprints, not {count}",
            remedy="split the files over several queries",
        )
    if not 0 < question.budget <= MAX_BUDGET_SECONDS:
        raise Misuse("the budget is a positive number of seconds, at most one hour")
