"""Bodies: the statements that they contain, to the bytes that are committed to, and back.

Rules this module upholds:

- Decoding raises only `Malformed`. A later `min_reader`, or a statement of an unknown kind, is `NotUnderstood`.
- A body is read only as the kind that its envelope names. A revision may contain a statement of each kind that can be
  revised: only who knows the revised entry can tell which.
- Every reader's check also runs when we write, so we sign nothing that the other side would refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from node.domain import statements as say
from node.domain.address_listings import AddressListing
from node.domain.consultations import Consultation
from node.domain.envelope import REVISABLE, Kind
from node.domain.groups import Group
from node.domain.notices import Notice, NoticeDecision
from node.domain.record_links import RecordLink
from node.domain.watches import Watch, WatchReply
from node.errors import Malformed
from node.wire import checks
from node.wire import convert_cooperation as cooperation
from node.wire import convert_records as records
from node.wire.pb import record_pb2 as pb


def _retraction_from_pb(message: pb.Retraction) -> say.Retraction:
    return say.Retraction(reason=checks.enum(say.Reason, message.reason, "a reason"))


def _retraction_to_pb(retraction: say.Retraction) -> pb.Retraction:
    return pb.Retraction(reason=checks.number(retraction.reason))


def _opinion_from_pb(message: pb.Opinion) -> say.Opinion:
    return say.Opinion(
        verdict=checks.enum(say.Verdict, message.verdict, "a verdict"),
        category=records.category_from_pb(message.category) if message.HasField("category") else None,
        note=checks.text(message.note, "a note", say.MAX_TEXT),
    )


def _opinion_to_pb(opinion: say.Opinion) -> pb.Opinion:
    return pb.Opinion(
        verdict=checks.number(opinion.verdict), category=records.category_to_pb(opinion.category), note=opinion.note
    )


def _comment_from_pb(message: pb.Comment) -> say.Comment:
    return say.Comment(
        text=checks.text(message.text, "a comment", say.MAX_TEXT),
        language=checks.text(message.language, "a language"),
    )


def _comment_to_pb(comment: say.Comment) -> pb.Comment:
    return pb.Comment(text=comment.text, language=comment.language)


_FIELDS: Final[dict[str, tuple[type[Any], Callable[[Any], Any], Callable[[Any], Any]]]] = {
    "contribution": (say.Contribution, records.contribution_from_pb, records.contribution_to_pb),
    "retraction": (say.Retraction, _retraction_from_pb, _retraction_to_pb),
    "opinion": (say.Opinion, _opinion_from_pb, _opinion_to_pb),
    "comment": (say.Comment, _comment_from_pb, _comment_to_pb),
    "watch": (Watch, cooperation.watch_from_pb, cooperation.watch_to_pb),
    "consultation": (Consultation, cooperation.consultation_from_pb, cooperation.consultation_to_pb),
    "notice": (Notice, cooperation.notice_from_pb, cooperation.notice_to_pb),
    "address_listing": (AddressListing, cooperation.listing_from_pb, cooperation.listing_to_pb),
    "group": (Group, cooperation.group_from_pb, cooperation.group_to_pb),
    "link": (RecordLink, cooperation.link_from_pb, cooperation.link_to_pb),
    "watch_reply": (WatchReply, cooperation.watch_reply_from_pb, cooperation.watch_reply_to_pb),
    "notice_decision": (NoticeDecision, cooperation.decision_from_pb, cooperation.decision_to_pb),
}
"""Field of a `Statement` -> its value, and how it is read and written."""
_FIELD_BY_TYPE: Final = {kind: name for name, (kind, _, _) in _FIELDS.items()}
_FIELD_OF: Final = {
    Kind.CONTRIBUTION: "contribution",
    Kind.CORRECTION: "contribution",
    Kind.RETRACTION: "retraction",
    Kind.OPINION: "opinion",
    Kind.COMMENT: "comment",
    Kind.WATCH: "watch",
    Kind.CONSULTATION: "consultation",
    Kind.NOTICE: "notice",
    Kind.ADDRESS_LISTING: "address_listing",
    Kind.GROUP: "group",
    Kind.LINK: "link",
    Kind.WATCH_REPLY: "watch_reply",
    Kind.NOTICE_DECISION: "notice_decision",
}
_FIELDS_OF: Final = {int(kind): frozenset({name}) for kind, name in _FIELD_OF.items()} | {
    int(Kind.REVISION): frozenset(_FIELD_OF[kind] for kind in REVISABLE)
}
"""Kind of an entry -> the fields that its body may have."""


def statement_from_pb(message: pb.Statement) -> say.Statement | None:
    """The statement, or None if this version has no message for its kind. Raises `Malformed`."""
    return _named(message)[1]


def _named(message: pb.Statement) -> tuple[str, say.Statement | None]:
    """(Field, statement)."""
    name = message.WhichOneof("says")
    return ("", None) if name is None else (name, _FIELDS[name][1](getattr(message, name)))


def statement_to_pb(statement: say.Statement) -> pb.Statement:
    """The other way."""
    name = _FIELD_BY_TYPE[type(statement)]
    return pb.Statement(**{name: _FIELDS[name][2](statement)})


def encode_body(statement: say.Statement) -> bytes:
    """The bytes that the commitment covers. Raises `Misuse` for a value that no reader would accept."""
    return checks.encode(
        lambda: pb.Body(min_reader=say.READER, plain=statement_to_pb(statement)),
        lambda body: statement_from_pb(body.plain),
    )


def open_body(body: bytes) -> pb.Body:
    """The parsed body, with a checked `min_reader`. Raises `Malformed`."""
    message = checks.parse(pb.Body, body, "a body")
    if message.min_reader == 0:
        raise Malformed("a body does not state the reader version that it needs")
    return message


def decode_body(kind: int, body: bytes) -> say.Body:
    """The content of a body of an entry of `kind`. Raises `Malformed`, also if it is of another kind."""
    message = open_body(body)
    if message.min_reader > say.READER:
        return say.NotUnderstood(min_reader=message.min_reader)
    payload = message.WhichOneof("payload")
    if payload == "sealed":
        return say.Sealed(scheme=message.sealed.scheme, ciphertext=message.sealed.ciphertext)
    name, statement = _named(message.plain) if payload == "plain" else ("", None)
    expected = _FIELDS_OF.get(kind)
    if statement is None or expected is None:
        return say.NotUnderstood(min_reader=message.min_reader)
    if name not in expected:
        raise Malformed("a body is of another kind than its entry")
    return statement
