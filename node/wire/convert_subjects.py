"""The question of a query or of a watch, with its subjects, to and from protobuf.

Rules this module upholds:

- As `node.wire.convert`: reading raises only `Malformed`, and accepts what an honest writer emits.
- A query and a watch state a question in the same fields, and these have the same limits. The number of subjects is
  limited by the caller.
- A label is local: it is not in the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from node.domain.fingerprint_kinds import PDQ
from node.domain.material import BACKGROUNDS
from node.domain.orientations import ORIENTATIONS
from node.domain.queries import Look, MatchRule, QueryPayload, Subject
from node.domain.watches import Watch
from node.errors import Malformed
from node.wire import checks
from node.wire.convert_records import fingerprints_from_pb, fingerprints_to_pb
from node.wire.pb import record_pb2 as pb

QuestionT = TypeVar("QuestionT", QueryPayload, Watch)
QuestionPb = TypeVar("QuestionPb", pb.Question, pb.Watch)


def question_from_pb(kind: type[QuestionT], message: pb.Question | pb.Watch) -> QuestionT:
    """The question as a value of `kind`. Raises `Malformed`."""
    return kind(
        subjects=tuple(map(subject_from_pb, message.subjects)),
        rule=checks.enum(MatchRule, message.rule, "a match rule"),
        officer_role=checks.text(message.officer_role, "an officer's role", checks.MAX_PHRASE),
        case_reference=checks.text(message.case_reference, "a case reference", checks.MAX_PHRASE),
        legal_basis=checks.text(message.legal_basis, "a legal basis", checks.MAX_PHRASE),
    )


def question_to_pb(kind: type[QuestionPb], question: QueryPayload | Watch) -> QuestionPb:
    """The other way, as a message of `kind`."""
    return kind(
        subjects=map(subject_to_pb, question.subjects),
        rule=checks.number(question.rule),
        officer_role=question.officer_role,
        case_reference=question.case_reference,
        legal_basis=question.legal_basis,
    )


def subject_from_pb(message: pb.Subject) -> Subject:
    """Raises `Malformed`."""
    return Subject(
        fingerprints=fingerprints_from_pb(message.fingerprints),
        orientations=_orientations(message.orientations),
        trimmed=_orientations(message.trimmed_orientations),
        looks=_looks(message.looks),
    )


def subject_to_pb(subject: Subject) -> pb.Subject:
    """The other way."""
    return pb.Subject(
        fingerprints=fingerprints_to_pb(subject.fingerprints),
        orientations=subject.orientations,
        trimmed_orientations=subject.trimmed,
        looks=[
            pb.Look(background=background_to_pb(look.background), orientations=look.orientations)
            for look in subject.looks
        ],
    )


def _orientations(values: Sequence[bytes]) -> tuple[bytes, ...]:
    checks.at_most(len(values), len(ORIENTATIONS), "orientations")
    found = tuple(values)
    for value in found:
        if len(value) != PDQ.size:
            checks.size(value, "an orientation's PDQ", PDQ.size)
    return found


def _looks(messages: Sequence[pb.Look]) -> tuple[Look, ...]:
    if not messages:
        return ()
    checks.at_most(len(messages), len(BACKGROUNDS), "looks of a picture")
    looks = tuple(
        Look(background=background_from_pb(each.background), orientations=_orientations(each.orientations))
        for each in messages
    )
    if not all(look.background and look.orientations for look in looks):
        raise Malformed("a look of a picture has no background, or no hash")
    places = [BACKGROUNDS.index(look.background) for look in looks]
    if places != sorted(set(places)):
        raise Malformed("the looks of a picture are one for each background, in their order")
    return looks


def background_from_pb(number: int) -> str:
    """A background; "" for none. Raises `Malformed`."""
    if not 0 <= number <= len(BACKGROUNDS):
        raise Malformed("a look of a picture has a background that does not exist")
    return BACKGROUNDS[number - 1] if number else ""


def background_to_pb(background: str) -> Any:  # noqa: ANN401  (see `checks.number`)
    """The other way."""
    return BACKGROUNDS.index(background) + 1 if background else 0
