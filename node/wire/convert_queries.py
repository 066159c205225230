"""Queries and answers: domain values to the bytes that are signed, and back.

Rules this module upholds:

- Decoding raises only `Malformed`, also for sealed data and for a later reader: a query that cannot be read is answered
  with a named error, never with "no hit".
- The header can be read without the payload.
- The person's name for a subject (`Subject.label`) is local and never encoded.
"""

from typing import Final

from node.domain.ids import HASH_SIZE, QUERY_ID_SIZE, member_id
from node.domain.queries import SIGNED, Answer, Level, Outcome, QueryHeader, QueryPayload
from node.domain.statements import MAX_TEXT, READER
from node.errors import Malformed
from node.wire import checks
from node.wire.convert_hits import hit_from_pb, hit_to_pb, kind_to_pb, kinds_from_pb
from node.wire.convert_subjects import question_from_pb, question_to_pb
from node.wire.pb import record_pb2 as pb

MAX_RECIPIENTS: Final = 1_000
MAX_SUBJECTS: Final = 4_000
MAX_HITS: Final = 10_000
ANSWER_READER: Final = 2
"""The version of answer that this program reads. Version 2 has hits on a question as a whole: an earlier reader would
take them for hits on the first subject.
"""

_OUTCOME_TO_PB: Final[dict[Outcome, pb.Outcome]] = {
    Outcome.HIT: pb.OUTCOME_HIT,
    Outcome.NO_HIT: pb.OUTCOME_NO_HIT,
    Outcome.HELD: pb.OUTCOME_HELD,
    Outcome.REFUSED: pb.OUTCOME_REFUSED,
    Outcome.ERROR: pb.OUTCOME_ERROR,
}
_OUTCOME_FROM_PB: Final = {number: outcome for outcome, number in _OUTCOME_TO_PB.items()}


def _readable(min_reader: int, what: str, reader: int = READER) -> None:
    if not 0 < min_reader <= reader:
        raise Malformed(
            f"{what} asks for reader {min_reader}, and this program is reader {reader}", remedy="update Vigil"
        )


# --- header -----------------------------------------------------------------------------------------------------------


def header_from_pb(message: pb.QueryHeader) -> QueryHeader:
    """Raises `Malformed`."""
    _readable(message.min_reader, "a query")
    checks.at_most(len(message.recipients), MAX_RECIPIENTS, "recipients")
    return QueryHeader(
        query_id=checks.size(message.query_id, "a query id", QUERY_ID_SIZE),
        asker=member_id(message.asker),
        recipients=tuple(map(member_id, message.recipients)),
        purpose=checks.text(message.purpose, "a purpose"),
        issued_at=checks.time(message.issued_at, "a query's issue"),
        expires_at=checks.time(message.expires_at, "a query's expiry"),
        cost=message.cost,
    )


def header_to_pb(header: QueryHeader) -> pb.QueryHeader:
    """The other way."""
    return pb.QueryHeader(
        min_reader=READER,
        query_id=header.query_id,
        asker=header.asker,
        recipients=header.recipients,
        purpose=header.purpose,
        issued_at=header.issued_at,
        expires_at=header.expires_at,
        cost=header.cost,
    )


# --- payload ----------------------------------------------------------------------------------------------------------


def payload_from_pb(message: pb.QueryPayload) -> QueryPayload:
    """Raises `Malformed`, also for a sealed payload."""
    _readable(message.min_reader, "a query")
    if message.WhichOneof("payload") != "plain":
        raise Malformed("a query's payload is sealed or empty, and cannot be searched", remedy="update Vigil")
    plain = message.plain
    checks.at_most(len(plain.subjects), MAX_SUBJECTS, "subjects")
    return question_from_pb(QueryPayload, plain)


def payload_to_pb(payload: QueryPayload) -> pb.QueryPayload:
    """The other way."""
    return pb.QueryPayload(min_reader=READER, plain=question_to_pb(pb.Question, payload))


# --- answer -----------------------------------------------------------------------------------------------------------


def answer_from_pb(message: pb.Answer) -> Answer:
    """Raises `Malformed`, also for an outcome that no member can state (offline, timeout)."""
    _readable(message.min_reader, "an answer", ANSWER_READER)
    outcome = _OUTCOME_FROM_PB.get(message.outcome)
    if outcome is None:
        raise Malformed("an answer has an outcome that no member can state")
    checks.at_most(len(message.hits), MAX_HITS, "hits")
    checks.at_most(len(message.scope), len(Level), "levels searched")
    return Answer(
        query_id=checks.size(message.query_id, "a query id", QUERY_ID_SIZE),
        query_digest=checks.size(message.query_digest, "a query digest", HASH_SIZE),
        answerer=member_id(message.answerer),
        outcome=outcome,
        hits=tuple(map(hit_from_pb, message.hits)),
        kinds=kinds_from_pb(message.kinds),
        scope=tuple([(checks.enum(Level, part.level, "a level"), part.holdings) for part in message.scope]),
        cursors_digest=checks.size(message.cursors_digest, "a digest of cursors", 0, HASH_SIZE),
        policy_digest=checks.size(message.policy_digest, "a digest of the policy", 0, HASH_SIZE),
        roster_version=message.roster_version,
        reduced=message.reduced,
        reason=checks.text(message.reason, "a reason", MAX_TEXT),
        at=checks.time(message.at, "an answer's time"),
    )


def answer_to_pb(answer: Answer) -> pb.Answer:
    """The inverse. Raises `Malformed` for an outcome outside `SIGNED`."""
    if answer.outcome not in SIGNED:
        raise Malformed("an answer has an outcome that no member can state")
    return pb.Answer(
        min_reader=ANSWER_READER if any(hit.whole for hit in answer.hits) else READER,
        query_id=answer.query_id,
        query_digest=answer.query_digest,
        answerer=answer.answerer,
        outcome=_OUTCOME_TO_PB[answer.outcome],
        hits=map(hit_to_pb, answer.hits),
        kinds=map(kind_to_pb, answer.kinds),
        scope=[pb.Scope(level=checks.number(level), holdings=count) for level, count in answer.scope],
        cursors_digest=answer.cursors_digest,
        policy_digest=answer.policy_digest,
        roster_version=answer.roster_version,
        reduced=answer.reduced,
        reason=answer.reason,
        at=answer.at,
    )
