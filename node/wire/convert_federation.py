"""Messages between a node and the hub: domain values to federation.proto's messages, and back.

Rules this module upholds:

- Every pair is `<name>_to_pb` and `<name>_from_pb`, and a round trip returns an equal value.
- `from_pb` raises only `Malformed`, and checks names, lengths and counts before it builds anything. Signed data stays
  exactly the same bytes.
- Columns stay columns: no object per entry.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from node.domain.batch import MAX_RUN, Package
from node.domain.envelope import MAX_ENTRY, Disclosure
from node.domain.ids import HASH_SIZE, NONCE_SIZE, QUERY_ID_SIZE, Origin, member_id
from node.domain.queries import LogView, Outcome, RelayEvent, SignedAnswer, SignedQuery
from node.domain.services import Delivery, Head, Reply
from node.errors import Malformed, Misuse
from node.wire import checks, limits
from node.wire.pb import federation_pb2 as pb

SIGNATURE_SIZE: Final = 64
_NONCES: Final = frozenset((0, NONCE_SIZE))
_OBSERVED_TO_PB: Final = {
    Outcome.OFFLINE: pb.OBSERVED_OFFLINE,
    Outcome.TIMEOUT: pb.OBSERVED_TIMEOUT,
    Outcome.NOT_ASKED: pb.OBSERVED_NOT_ASKED,
}
"""Everything that a relay may say of a member. It has no word for statements that only that member can sign."""
_OBSERVED_FROM_PB: Final = {number: outcome for outcome, number in _OBSERVED_TO_PB.items()}


def _seconds(value: float, what: str) -> float:
    if not (math.isfinite(value) and 0 <= value <= limits.BUDGET_SECONDS):
        raise Malformed(f"{what} is not a number of seconds up to {limits.BUDGET_SECONDS:.0f}")
    return value


# --- logs -------------------------------------------------------------------------------------------------------------


def head_to_pb(head: Head) -> pb.Head:
    """A head of a log."""
    return pb.Head(origin=str(head.origin), size=head.size, cosigned=head.cosigned, cosigned_size=head.cosigned_size)


def head_from_pb(message: pb.Head) -> Head:
    """The other way."""
    checks.bounded((message.cosigned,), limits.NOTE_BYTES, "a note")
    return Head(
        origin=Origin.parse(message.origin),
        size=message.size,
        cosigned=message.cosigned,
        cosigned_size=message.cosigned_size,
    )


def origins_from_pb(origins: Sequence[str]) -> list[Origin]:
    """The logs that a caller names."""
    checks.at_most(len(origins), limits.LOGS, "logs named")
    return [Origin.parse(origin) for origin in origins]


def cursors_to_pb(cursors: Iterable[LogView]) -> pb.FollowRequest:
    """How far the caller has followed each log."""
    return pb.FollowRequest(cursors=[pb.Cursor(origin=str(view.origin), size=view.size) for view in cursors])


def cursors_from_pb(message: pb.FollowRequest) -> list[LogView]:
    """The inverse; a log named twice is `Malformed`."""
    checks.at_most(len(message.cursors), limits.LOGS, "cursors")
    views = [LogView(origin=Origin.parse(cursor.origin), size=cursor.size) for cursor in message.cursors]
    if len({view.origin for view in views}) != len(views):
        raise Malformed("a log has two cursors")
    return views


def package_to_pb(package: Package) -> pb.Package:
    """A run of entries."""
    return pb.Package(
        origin=str(package.origin),
        start=package.start,
        entries=package.entries,
        nonces=package.nonces,
        bodies=package.bodies,
        handling_nonces=package.handling_nonces,
        handlings=package.handlings,
        checkpoint=package.checkpoint,
        proof=package.proof,
    )


def package_from_pb(message: pb.Package) -> Package:
    """The inverse: columns of one length, every element within its limit. Its proofs are not checked yet."""
    if message.ByteSize() > limits.PACKAGE_BYTES_ACCEPTED:
        raise Malformed(f"a package is larger than {limits.PACKAGE_BYTES_ACCEPTED} bytes")
    entries, proof = list(message.entries), list(message.proof)
    nonces, bodies = list(message.nonces), list(message.bodies)
    handling_nonces, handlings = list(message.handling_nonces), list(message.handlings)
    checks.parallel("a package", entries, nonces, bodies, handling_nonces, handlings)
    checks.at_most(len(entries), MAX_RUN, "entries in a package")
    checks.at_most(len(proof), limits.PROOF_HASHES, "hashes in a proof")
    if not {*map(len, nonces), *map(len, handling_nonces)} <= _NONCES:
        raise Malformed(f"a nonce is {NONCE_SIZE} bytes long, or absent")
    if not set(map(len, proof)) <= {HASH_SIZE}:
        raise Malformed(f"a hash in a proof is {HASH_SIZE} bytes long")
    checks.bounded(entries, MAX_ENTRY, "an entry")
    checks.bounded(bodies, limits.BODY_BYTES, "a body")
    checks.bounded(handlings, limits.HANDLING_BYTES, "a handling")
    checks.bounded((message.checkpoint,), limits.NOTE_BYTES, "a note")
    return Package(
        origin=Origin.parse(message.origin),
        start=message.start,
        entries=entries,
        nonces=nonces,
        bodies=bodies,
        handling_nonces=handling_nonces,
        handlings=handlings,
        checkpoint=message.checkpoint,
        proof=proof,
    )


def encode_package(package: Package) -> bytes:
    """A run of entries as the bytes of its message, for a file."""
    return package_to_pb(package).SerializeToString()


def decode_package(data: bytes) -> Package:
    """The inverse of `encode_package`. Raises `Malformed`."""
    return package_from_pb(checks.parse(pb.Package, data, "a package"))


def followed_from_pb(message: pb.Package) -> Package:
    """`package_from_pb` for what the hub sends on a stream: a malformed package stops its own log, not the stream."""
    try:
        return package_from_pb(message)
    except Malformed as error:
        # If a package does not even name a log, the hub is at fault: that stops the stream.
        origin = Origin.parse(message.origin)
        return Package(
            origin=origin,
            start=0,
            entries=(),
            nonces=(),
            bodies=(),
            handling_nonces=(),
            handlings=(),
            checkpoint=b"",
            fault=str(error),
        )


def disclosures_to_pb(disclosures: Mapping[int, Disclosure]) -> pb.BodiesResponse:
    """Disclosures by index, in order, as many as fit into `limits.BODIES_BYTES`, at least one."""
    message = pb.BodiesResponse()
    room = limits.BODIES_BYTES
    for index, part in sorted(disclosures.items()):
        room -= len(part.body) + len(part.handling) + 2 * NONCE_SIZE
        if room < 0 and message.indices:
            break
        message.indices.append(index)
        message.nonces.append(part.nonce)
        message.bodies.append(part.body)
        message.handling_nonces.append(part.handling_nonce)
        message.handlings.append(part.handling)
    return message


def disclosures_from_pb(message: pb.BodiesResponse) -> dict[int, Disclosure]:
    """The inverse. Whether they open the entries' commitments is not checked yet."""
    checks.parallel(
        "disclosures", message.indices, message.nonces, message.bodies, message.handling_nonces, message.handlings
    )
    if not {*map(len, message.nonces), *map(len, message.handling_nonces)} <= _NONCES:
        raise Malformed(f"a nonce is {NONCE_SIZE} bytes long, or absent")
    checks.bounded(message.bodies, limits.BODY_BYTES, "a body")
    checks.bounded(message.handlings, limits.HANDLING_BYTES, "a handling")
    columns = (message.indices, message.nonces, message.bodies, message.handling_nonces, message.handlings)
    return {
        index: Disclosure(nonce=nonce, body=body, handling_nonce=handling_nonce, handling=handling)
        for index, nonce, body, handling_nonce, handling in zip(*columns, strict=True)
    }


# --- queries ----------------------------------------------------------------------------------------------------------


def query_to_pb(query: SignedQuery) -> pb.SignedQuery:
    """A signed query."""
    return pb.SignedQuery(header=query.header, payload=query.payload, signature=query.signature)


def query_from_pb(message: pb.SignedQuery) -> SignedQuery:
    """The other way."""
    checks.bounded((message.header,), limits.QUERY_HEADER_BYTES, "a query header")
    checks.bounded((message.payload,), limits.QUERY_PAYLOAD_BYTES, "a query payload")
    return SignedQuery(
        header=message.header,
        payload=message.payload,
        signature=checks.size(message.signature, "a signature", SIGNATURE_SIZE),
    )


def ask_to_pb(query: SignedQuery, budget: float) -> pb.AskRequest:
    """A query and its budget in seconds."""
    return pb.AskRequest(query=query_to_pb(query), budget_seconds=budget)


def ask_from_pb(message: pb.AskRequest) -> tuple[SignedQuery, float]:
    """The other way."""
    return query_from_pb(message.query), _seconds(message.budget_seconds, "a budget")


def answer_to_pb(answer: SignedAnswer) -> pb.SignedAnswer:
    """A signed answer."""
    return pb.SignedAnswer(answerer=answer.answerer, answer=answer.answer, signature=answer.signature)


def answer_from_pb(message: pb.SignedAnswer) -> SignedAnswer:
    """The inverse. A signature of a wrong length is accepted here: the asker shows it as a bad one (promise 5)."""
    checks.bounded((message.answer,), limits.ANSWER_BYTES, "an answer")
    checks.bounded((message.signature,), checks.MAX_SIGNATURE, "a signature")
    return SignedAnswer(answerer=member_id(message.answerer), answer=message.answer, signature=message.signature)


def event_to_pb(event: RelayEvent) -> pb.RelayEvent:
    """What the hub reports about a member. Raises `Misuse` unless it is an answer, or offline, timeout or not-asked."""
    message = pb.RelayEvent(member=event.member, query_id=event.query_id)
    if event.answer is not None and event.outcome is None:
        message.answer.CopyFrom(answer_to_pb(event.answer))
    elif event.answer is None and event.outcome in _OBSERVED_TO_PB:
        message.observed = _OBSERVED_TO_PB[event.outcome]
    else:
        raise Misuse("the relay reports an answer, or that a member was offline, late or not asked")
    return message


def event_from_pb(message: pb.RelayEvent) -> RelayEvent:
    """The other way."""
    member = member_id(message.member)
    query_id = checks.size(message.query_id, "a query id", 0, QUERY_ID_SIZE)
    if message.WhichOneof("what") == "answer":
        return RelayEvent(member=member, answer=answer_from_pb(message.answer), query_id=query_id)
    outcome = _OBSERVED_FROM_PB.get(message.observed)
    if outcome is None:
        raise Malformed("the relay reports a state that only a member can state")
    return RelayEvent(member=member, outcome=outcome, query_id=query_id)


def events_to_pb(events: Iterable[RelayEvent]) -> pb.RelayEvents:
    """Events that are sent together. Raises `Misuse` as for one."""
    return pb.RelayEvents(events=map(event_to_pb, events))


def events_from_pb(message: pb.RelayEvents) -> list[RelayEvent]:
    """The other way."""
    checks.at_most(len(message.events), limits.EVENTS, "events in a message")
    return list(map(event_from_pb, message.events))


def delivery_to_pb(delivery: Delivery) -> pb.Delivery:
    """One message to an attending node. Raises `Misuse` unless it is exactly one thing."""
    if (delivery.query is not None) + (delivery.late is not None) + delivery.going_away != 1:
        raise Misuse("a delivery is a query, a late answer or a farewell")
    if delivery.query is not None:
        down = pb.QueryDelivery(query=query_to_pb(delivery.query), remaining_seconds=delivery.remaining)
        return pb.Delivery(query=down)
    if delivery.late is not None:
        return pb.Delivery(late=event_to_pb(delivery.late))
    return pb.Delivery(going_away=pb.GoingAway())


def delivery_from_pb(message: pb.Delivery) -> Delivery:
    """The other way."""
    match message.WhichOneof("what"):
        case "query":
            remaining = _seconds(message.query.remaining_seconds, "what is left of a budget")
            return Delivery(query=query_from_pb(message.query.query), remaining=remaining)
        case "late":
            return Delivery(late=event_from_pb(message.late))
        case "going_away":
            return Delivery(going_away=True)
        case _:
            raise Malformed("a delivery holds nothing that this version knows")


def reply_to_pb(reply: Reply) -> pb.Reply:
    """One message of an attending node."""
    return pb.Reply(
        asker=reply.asker,
        query_id=reply.query_id,
        answer=answer_to_pb(reply.answer),
        held=reply.held,
        decided=reply.decided,
    )


def reply_from_pb(message: pb.Reply) -> Reply:
    """The other way."""
    return Reply(
        asker=member_id(message.asker),
        query_id=checks.size(message.query_id, "a query id", QUERY_ID_SIZE),
        answer=answer_from_pb(message.answer),
        held=message.held,
        decided=message.decided,
    )
