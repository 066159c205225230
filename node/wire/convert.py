"""`ProtoCodec`: the port `Codec` over protobuf. No protobuf type leaves this package.

Rules this module upholds:

- Bytes are encoded once, then stored and sent; they are never re-encoded in order to hash or verify.
- Decoding raises only `Malformed`; encoding raises only `Misuse`, and never emits bytes that decoding would refuse.
"""

from collections.abc import Sequence

from node.domain.batch import DecodedBodies
from node.domain.handling import Handling
from node.domain.queries import Answer, QueryHeader, QueryPayload
from node.domain.statements import Body, Statement
from node.wire import checks, convert_bulk, convert_queries, convert_records, convert_statements
from node.wire.padding import padded
from node.wire.pb import record_pb2 as pb


class ProtoCodec:
    """Stateless, and safe to share between threads. See `ports.Codec` for the contract of each method."""

    def encode_body(self, statement: Statement) -> bytes:
        """A body's bytes, for reader 1. Raises `Misuse` beyond the limits of `domain.statements`."""
        return convert_statements.encode_body(statement)

    def decode_body(self, kind: int, body: bytes) -> Body:
        """The content of a body, checked against the kind of its envelope."""
        return convert_statements.decode_body(kind, body)

    def decode_bodies(self, rows: Sequence[int], kinds: bytes, bodies: Sequence[bytes]) -> DecodedBodies:
        """The bulk path: columns of one length in, fingerprint columns out. Raises `Misuse` for unequal columns."""
        return convert_bulk.decode_bodies(rows, kinds, bodies)

    def encode_handling(self, handling: Handling) -> bytes:
        """A handling's bytes. Raises `Misuse` for one that is not understood."""
        return convert_records.encode_handling(handling)

    def decode_handling(self, handling: bytes) -> Handling:
        """`understood` is False for a later reader, an unknown code and any unknown field."""
        return convert_records.decode_handling(handling)

    def encode_header(self, header: QueryHeader) -> bytes:
        """The routing header of a query."""
        return checks.encode(lambda: convert_queries.header_to_pb(header), convert_queries.header_from_pb)

    def decode_header(self, header: bytes) -> QueryHeader:
        """The other way."""
        return convert_queries.header_from_pb(checks.parse(pb.QueryHeader, header, "a query header"))

    def encode_payload(self, payload: QueryPayload) -> bytes:
        """The payload of a query, without the subjects' labels."""
        return checks.encode(lambda: convert_queries.payload_to_pb(payload), convert_queries.payload_from_pb)

    def decode_payload(self, payload: bytes) -> QueryPayload:
        """The inverse; a sealed payload is `Malformed` for this version."""
        return convert_queries.payload_from_pb(checks.parse(pb.QueryPayload, payload, "a query payload"))

    def encode_answer(self, answer: Answer) -> bytes:
        """An answer's bytes. Raises `Misuse` for an outcome that no member can state."""
        return checks.encode(lambda: convert_queries.answer_to_pb(answer), convert_queries.answer_from_pb)

    def pad_answer(self, answer: bytes) -> bytes:
        """An encoded answer, padded to one of a few lengths."""
        return padded(answer)

    def decode_answer(self, answer: bytes) -> Answer:
        """The other way."""
        return convert_queries.answer_from_pb(checks.parse(pb.Answer, answer, "an answer"))
