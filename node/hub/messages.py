"""Messages of a Switchboard as bytes: deliveries to a member's stream and events to an ask.

Rules this module upholds:

- Used inside one hub only: written and read by the same version. The form (lengths, then fields) is no contract.
- Signed parts are forwarded unchanged.
"""

from __future__ import annotations

import struct

from node.domain.ids import MemberId
from node.domain.queries import RelayEvent, SignedAnswer, SignedQuery
from node.domain.services import Delivery
from node.errors import Malformed

_LENGTHS = {count: struct.Struct(f">{count}I") for count in (2, 4)}
"""By the number of fields of a message."""
_QUERY = b"Q"
_LATE = b"L"
_SECONDS = struct.Struct(">d")


def _join(*fields: bytes) -> bytes:
    return _LENGTHS[len(fields)].pack(*map(len, fields)) + b"".join(fields)


def _split(data: bytes, count: int) -> list[bytes]:
    head = _LENGTHS[count]
    if len(data) < head.size:
        raise Malformed("a switchboard message is cut short")
    fields, at = [], head.size
    for length in head.unpack_from(data):
        fields.append(data[at : at + length])
        at += length
    if at != len(data):
        raise Malformed("a switchboard message is cut short")
    return fields


def pack_event(event: RelayEvent) -> bytes:
    """An answer on its way to its asker. Events without an answer are never sent: the asking process makes them."""
    if event.answer is None:
        raise Malformed("only an answer travels over the switchboard")
    return _join(event.query_id, event.member.encode(), event.answer.answer, event.answer.signature)


def unpack_event(message: bytes) -> RelayEvent:
    """The inverse of `pack_event`."""
    query_id, member, answer, signature = _split(message, 4)
    who = MemberId(member.decode())
    return RelayEvent(
        member=who, query_id=query_id, answer=SignedAnswer(answerer=who, answer=answer, signature=signature)
    )


def pack_delivery(delivery: Delivery) -> bytes:
    """A query, or a late answer."""
    if delivery.query is not None:
        query = delivery.query
        return _QUERY + _join(query.header, query.payload, query.signature, _SECONDS.pack(delivery.remaining))
    if delivery.late is not None:
        return _LATE + pack_event(delivery.late)
    raise Malformed("a delivery carries a query or a late answer")


def unpack_delivery(message: bytes) -> Delivery:
    """The inverse of `pack_delivery`."""
    if message[:1] == _LATE:
        return Delivery(late=unpack_event(message[1:]))
    header, payload, signature, remaining = _split(message[1:], 4)
    return Delivery(
        query=SignedQuery(header=header, payload=payload, signature=signature), remaining=_SECONDS.unpack(remaining)[0]
    )


def pack_sent(sender: str, message: bytes) -> bytes:
    """A message with its sender's name, for a switchboard whose reader is in another process."""
    return _join(sender.encode(), message)


def unpack_sent(data: bytes) -> tuple[str, bytes]:
    """The inverse of `pack_sent`."""
    sender, message = _split(data, 2)
    return sender.decode(), message
