"""Queries and answers: domain values to the bytes that are signed, and back.

Rules this module upholds:

- Decoding raises only `Malformed`, also for sealed data and for a later reader: a query that cannot be read is answered
  with a named error, never with "no hit".
- The header can be read without the payload.
- The person's name for a subject (`Subject.label`) is local and never encoded.
"""

from functools import lru_cache
from typing import Final

from node.domain.fingerprint_kinds import FRAME, PDQ, PDQ_BITS
from node.domain.ids import HASH_SIZE, QUERY_ID_SIZE, Origin, RecordId, member_id
from node.domain.orientations import ORIENTATIONS
from node.domain.queries import (
    SIGNED,
    Answer,
    Hit,
    Level,
    MatchRule,
    Outcome,
    QueryHeader,
    QueryPayload,
    SearchedKind,
)
from node.domain.statements import MAX_TEXT, READER
from node.domain.videos import Shares
from node.errors import Malformed
from node.wire import checks
from node.wire.convert_records import category_from_pb, category_to_pb
from node.wire.convert_subjects import background_from_pb, background_to_pb, subject_from_pb, subject_to_pb
from node.wire.pb import record_pb2 as pb

MAX_RECIPIENTS: Final = 1_000
MAX_SUBJECTS: Final = 4_000
MAX_HITS: Final = 10_000
MAX_KINDS: Final = 64
ANSWER_READER: Final = 2
"""The version of answer that this program reads. Version 2 has hits on a question as a whole: an earlier reader would
take them for hits on the first subject.
"""
_ALL: Final = 100
"""Percent."""
MAX_TIME: Final = 1 << 53
"""Unix seconds that a float still distinguishes."""

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


def _time(value: int, what: str) -> int:
    if not 0 <= value <= MAX_TIME:
        raise Malformed(f"{what} is not a time")
    return value


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
        issued_at=_time(message.issued_at, "a query's issue"),
        expires_at=_time(message.expires_at, "a query's expiry"),
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
    return QueryPayload(
        subjects=tuple(map(subject_from_pb, plain.subjects)),
        rule=checks.enum(MatchRule, plain.rule, "a match rule"),
        officer_role=checks.text(plain.officer_role, "an officer's role", checks.MAX_PHRASE),
        case_reference=checks.text(plain.case_reference, "a case reference", checks.MAX_PHRASE),
        legal_basis=checks.text(plain.legal_basis, "a legal basis", checks.MAX_PHRASE),
    )


def payload_to_pb(payload: QueryPayload) -> pb.QueryPayload:
    """The other way."""
    return pb.QueryPayload(
        min_reader=READER,
        plain=pb.Question(
            subjects=[subject_to_pb(subject) for subject in payload.subjects],
            rule=checks.number(payload.rule),
            officer_role=payload.officer_role,
            case_reference=payload.case_reference,
            legal_basis=payload.legal_basis,
        ),
    )


# --- answer -----------------------------------------------------------------------------------------------------------


def _hit_from_pb(message: pb.Hit) -> Hit:
    orientation = None
    if message.HasField("orientation"):
        if message.orientation >= len(ORIENTATIONS):
            raise Malformed("a hit names an orientation that does not exist")
        orientation = ORIENTATIONS[message.orientation]
    record = message.record
    algorithm = checks.text(message.algorithm, "a hit's algorithm")
    if message.frame and algorithm != PDQ.name:
        raise Malformed("a hit by a frame of a video is by PDQ, and by nothing else")
    return Hit(
        subject=message.subject,
        origin=checks.text(message.origin, "a hit's origin"),
        algorithm=FRAME.name if message.frame else algorithm,
        level=checks.enum(Level, message.level, "a level"),
        record=RecordId(Origin.parse(record.origin), record.leaf) if message.HasField("record") else None,
        distance=message.distance if message.HasField("distance") else None,
        quality=message.quality if message.HasField("quality") else None,
        orientation=orientation,
        category=category_from_pb(message.category) if message.HasField("category") else None,
        series=checks.text(message.series, "a series", MAX_TEXT) if message.HasField("series") else None,
        weak=message.weak,
        trimmed=message.trimmed,
        look=background_from_pb(message.look),
        whole=message.whole,
        shares=_shares_from_pb(message.shares) if message.HasField("shares") else None,
        at=message.at if message.HasField("at") else None,
        subject_at=message.subject_at if message.HasField("subject_at") else None,
    )


def _shares_from_pb(message: pb.Shares) -> Shares:
    if max(message.query_percent, message.compared_percent) > _ALL or message.radius > PDQ_BITS:
        raise Malformed("the shares of two videos are percentages, and their radius is one of bits")
    return Shares(
        query_percent=message.query_percent,
        compared_percent=message.compared_percent,
        moments=message.moments,
        frames=message.frames,
        radius=message.radius,
    )


def _shares_to_pb(shares: Shares | None) -> pb.Shares | None:
    if shares is None:
        return None
    return pb.Shares(
        query_percent=shares.query_percent,
        compared_percent=shares.compared_percent,
        moments=shares.moments,
        frames=shares.frames,
        radius=shares.radius,
    )


def _hit_to_pb(hit: Hit) -> pb.Hit:
    record, of_frame = hit.record, hit.algorithm == FRAME.name
    return pb.Hit(
        subject=hit.subject,
        origin=hit.origin,
        algorithm=PDQ.name if of_frame else hit.algorithm,
        level=checks.number(hit.level),
        record=None if record is None else pb.RecordId(origin=str(record.origin), leaf=record.leaf),
        distance=hit.distance,
        quality=hit.quality,
        orientation=None if hit.orientation is None else ORIENTATIONS.index(hit.orientation),
        category=category_to_pb(hit.category),
        series=hit.series,
        weak=hit.weak,
        trimmed=hit.trimmed,
        look=background_to_pb(hit.look),
        whole=hit.whole,
        shares=_shares_to_pb(hit.shares),
        at=hit.at,
        subject_at=hit.subject_at,
        frame=of_frame,
    )


@lru_cache(maxsize=MAX_KINDS)
def _kind(name: str, version: int, searched: bool) -> SearchedKind:  # noqa: FBT001  (as they stand in the message)
    """The same few values in every answer."""
    return SearchedKind(name=checks.text(name, "a kind's name"), version=version, searched=searched)


@lru_cache(maxsize=MAX_KINDS)
def _kind_to_pb(kind: SearchedKind) -> pb.SearchedKind:
    return pb.SearchedKind(name=kind.name, version=kind.version, searched=kind.searched)


def answer_from_pb(message: pb.Answer) -> Answer:
    """Raises `Malformed`, also for an outcome that no member can state (offline, timeout)."""
    _readable(message.min_reader, "an answer", ANSWER_READER)
    outcome = _OUTCOME_FROM_PB.get(message.outcome)
    if outcome is None:
        raise Malformed("an answer has an outcome that no member can state")
    checks.at_most(len(message.hits), MAX_HITS, "hits")
    checks.at_most(len(message.kinds), MAX_KINDS, "kinds searched")
    checks.at_most(len(message.scope), len(Level), "levels searched")
    return Answer(
        query_id=checks.size(message.query_id, "a query id", QUERY_ID_SIZE),
        query_digest=checks.size(message.query_digest, "a query digest", HASH_SIZE),
        answerer=member_id(message.answerer),
        outcome=outcome,
        hits=tuple(map(_hit_from_pb, message.hits)),
        kinds=tuple([_kind(kind.name, kind.version, kind.searched) for kind in message.kinds]),
        scope=tuple([(checks.enum(Level, part.level, "a level"), part.holdings) for part in message.scope]),
        cursors_digest=checks.size(message.cursors_digest, "a digest of cursors", 0, HASH_SIZE),
        policy_digest=checks.size(message.policy_digest, "a digest of the policy", 0, HASH_SIZE),
        roster_version=message.roster_version,
        reduced=message.reduced,
        reason=checks.text(message.reason, "a reason", MAX_TEXT),
        at=_time(message.at, "an answer's time"),
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
        hits=[_hit_to_pb(hit) for hit in answer.hits],
        kinds=[_kind_to_pb(kind) for kind in answer.kinds],
        scope=[pb.Scope(level=checks.number(level), holdings=count) for level, count in answer.scope],
        cursors_digest=answer.cursors_digest,
        policy_digest=answer.policy_digest,
        roster_version=answer.roster_version,
        reduced=answer.reduced,
        reason=answer.reason,
        at=answer.at,
    )
