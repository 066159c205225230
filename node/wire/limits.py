"""Every limit, timeout and queue depth of the wire, once, with its unit.

Rules this module upholds:

- A peer can make us hold no more than these numbers say, whatever it sends.
- Server and client options come only from here, so that both ends agree on keepalive (a client that pings more often
  than its server allows is cut off with `too_many_pings`).
"""

from typing import Final

from node.domain.batch import MAX_BODY, MAX_HANDLING, MAX_PACKAGE, MAX_PROOF

Options = tuple[tuple[str, int | str], ...]

MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""One message, after decompression. The hard limit of both ends."""
PACKAGE_BYTES: Final = MAX_PACKAGE
"""The columns of a package, with the wire's overhead per entry. Senders fill up to `domain.batch.RUN_BYTES`."""
PACKAGE_BYTES_ACCEPTED: Final = 2 * PACKAGE_BYTES
"""One encoded package: its columns, note and proof; and the same again for older senders, which did not count the
wire's overhead."""
BODY_BYTES: Final = MAX_BODY
HANDLING_BYTES: Final = MAX_HANDLING
NOTE_BYTES: Final = 64 * 1024
"""A signed note with the most signatures that it may have."""
PROOF_HASHES: Final = MAX_PROOF
BODIES_ASKED: Final = 1_000
"""Indices in one `Bodies` call."""
BODIES_BYTES: Final = 2 * 1024 * 1024
"""Disclosures in one `Bodies` answer; the rest is requested again."""
LOGS: Final = 10_000
"""Origins or cursors in one call."""
QUERY_HEADER_BYTES: Final = 64 * 1024
QUERY_PAYLOAD_BYTES: Final = 1024 * 1024
ANSWER_BYTES: Final = 2 * 1024 * 1024
CSR_BYTES: Final = 16 * 1024
CERTIFICATE_BYTES: Final = 16 * 1024
CHAIN_CERTIFICATES: Final = 4
KEY_CLAIMS: Final = 16
CHALLENGE_BYTES: Final = (16, 32, 64)
METADATA_BYTES: Final = 3 * 1024 * 1024
"""A file of the TUF repository."""
BUDGET_SECONDS: Final = 3_600.0
"""The longest budget that a query may state; the policy's is far shorter."""

FAULT_TEXT: Final = 500
"""Characters of an error's message or remedy on the wire."""
FAULT_EVIDENCE_BYTES: Final = 4 * 1024
"""Both notes of a fork together; trailers are bounded, so longer evidence stays where it was found."""
TRAILER_BYTES: Final = 32 * 1024

CALL_BYTES: Final[dict[str, int]] = {
    "Submit": PACKAGE_BYTES_ACCEPTED,
    "Ask": QUERY_HEADER_BYTES + QUERY_PAYLOAD_BYTES + 4 * 1024,
    "Heads": LOGS * 128,
    "Follow": LOGS * 128,
}
"""The first message of a call to the main port, by method. To parse one takes the event loop up to 20 ms a megabyte."""
OTHER_CALL_BYTES: Final = 64 * 1024
"""Of any other method."""

UNARY_SECONDS: Final = 30.0
"""A call with one answer."""
SUBMIT_SECONDS: Final = 60.0
"""A submission: the hub verifies, stores and cosigns before it answers."""
ASK_GRACE_SECONDS: Final = 5.0
"""How long after the budget the asker waits for the hub to end the call."""
WRITE_SECONDS: Final = 30.0
"""A receiver that reads no message for this long is slow, and is cut off."""
PROBE_SECONDS: Final = 10.0
"""Fetching the enrolment port's certificate chain."""
CONNECTION_AGE_SECONDS: Final = 3_600
"""After this time a connection is ended and opened again, which authenticates the member again."""
CONNECTION_AGE_GRACE_SECONDS: Final = 60
CONFIGURATION_SECONDS: Final = 10.0
"""How long a server's TLS configuration lasts, with the session tickets that it issued."""
CONFIGURATION_PAUSE_SECONDS: Final = 0.2
"""How long handshakes pause before it is replaced: far longer than a thread needs to take the old one."""
RECHECK_SECONDS: Final = 30.0
"""How often a live stream is checked against its certificate's expiry and the roster, besides `Gate.watch`."""

PACKAGE_QUEUE: Final = 2
"""Packages read ahead of the consumer, per stream."""
CHANGES_QUEUE: Final = 1
"""Notices of a new roster that wait to be read: one says as much as many."""
EVENTS: Final = 4_096
"""Relay events in one message: more than a federation has members."""
EVENTS_QUEUE: Final = 4
"""Groups of relay events read ahead of the asker."""
CALLS: Final = 2_000
"""Calls and streams that the main port serves at once. The policy limits those of one member."""
READS_A_MEMBER: Final = 16
"""First messages of a member that are read at once, each of up to `MESSAGE_BYTES`. The others wait their turn."""
REFUSALS_A_CONNECTION: Final = 1_000
"""Calls over the limits on one connection, after which it is ended: its client ignores refusals."""
STREAMS_A_CONNECTION: Final = 128
"""Calls and streams on one connection of the main port; more wait at the client."""
METADATA_SENT_BYTES: Final = 4 * 1024
"""A call's metadata that a server accepts: a node sends some 300 bytes. At most twice that is unpacked."""
HEADER_TABLE_BYTES: Final = 1_024
"""How many bytes of its headers a client may make a server remember (RFC 7541)."""
HANDSHAKE_SECONDS: Final = 10.0
FIRST_MESSAGE_SECONDS: Final = 30.0
"""A call's first message, complete: 4 MiB from a member on a line of one megabit take this long."""
SETTLE_SECONDS: Final = 1.0
"""How long a call that was ended because of a slow receiver has to report it before its connection is cut."""
CONNECTION_IDLE_SECONDS: Final = 300
"""A connection without a call."""

FRONT_CONNECTIONS: Final = 2_048
"""Connections that the front holds at one port, if it has enough descriptors."""
FRONT_CONNECTIONS_AN_ADDRESS: Final = 256
"""Of these, from one address; many members may share one, behind a national network."""
FRONT_SPARE_DESCRIPTORS: Final = 32
"""Descriptors of the front for everything except connections, which take two each."""
FRONT_BACKLOG: Final = 1_024
"""Connections that wait in the system to be accepted."""
FRONT_TAKEN_AT_ONCE: Final = 16
"""Connections accepted before they are counted: fewer than `FRONT_SPARE_DESCRIPTORS`."""
FRONT_BUFFER_BYTES: Final = 64 * 1024
"""Bytes read at once, and held at most for a client that does not read."""
MEMBER_BYTES_A_SECOND: Final = 8 * 1024 * 1024
"""What a member may send on all its connections together. The policy's `log_entries_a_minute` allows a twentieth of it
by default; a burst carries 100,000 entries."""
MEMBER_BURST_BYTES: Final = 32 * 1024 * 1024
STRANGER_BYTES_A_SECOND: Final = 64 * 1024
"""What a connection may send before a member has authenticated on it, and on the enrolment port. A handshake and the
beginning of a call take less than 20 KiB."""
STRANGER_BURST_BYTES: Final = 256 * 1024
FRONT_SWEEP_SECONDS: Final = 1.0
FRONT_CLOSING_SECONDS: Final = 5.0
"""For bytes still to be written when the other end has closed."""
FRONT_IDLE_SECONDS: Final = 240.0
"""Without a byte in either direction: both ends ping each other every minute."""
FIRST_CALL_SECONDS: Final = 20.0
"""From the first byte of a connection to its first call by a member, handshake included."""
UNREAD_SECONDS: Final = 30.0
"""How long a client may leave its data unread."""
FRONT_MEMORY_BYTES: Final = 512 * 1024 * 1024

VISIT_SECONDS: Final = 120.0
"""A connection of the enrolment port, in any state."""
VISITS: Final = 512
"""Connections of the enrolment port."""
VISITS_AN_ADDRESS: Final = 128
ENROLMENT_CALLS: Final = 64
"""Calls that the enrolment port serves at once."""
ENROLMENT_CALLS_AN_ADDRESS: Final = 16
"""Of `ENROLMENT_CALLS`."""
ENROLMENT_STREAMS: Final = 8
"""Calls on one connection of the enrolment port."""
ENROLMENT_MESSAGE_BYTES: Final = 128 * 1024
"""A request of an unauthenticated client: a petition has some 2 KiB."""
ENROLMENT_MESSAGE_SECONDS: Final = 10.0
"""For a message of an unauthenticated client."""
ADDRESS_KEY: Final = "vigil-address"
"""Metadata by which the enrolment port's process names the client's address to the daemon."""
ENROLMENT_MEMORY_BYTES: Final = 512 * 1024 * 1024
"""Memory of the process that serves the enrolment port. If it needs more, it ends, and another one starts."""

_KEEPALIVE_MS: Final = 60_000
_KEEPALIVE_TIMEOUT_MS: Final = 20_000
_PING_INTERVAL_MS: Final = 30_000

_COMMON: Final[Options] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    # A stalled stream buffers what the receiver's window allows: 6 MB when it may grow, 128 KiB when it may not.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)

SERVER_OPTIONS: Final[Options] = (
    *_COMMON,
    ("grpc.max_metadata_size", METADATA_SENT_BYTES),
    ("grpc.absolute_max_metadata_size", 2 * METADATA_SENT_BYTES),
    ("grpc.http2.hpack_table_size.decoder", HEADER_TABLE_BYTES),
    ("grpc.server_handshake_timeout_ms", int(HANDSHAKE_SECONDS * 1_000)),
    ("grpc.max_connection_idle_ms", CONNECTION_IDLE_SECONDS * 1_000),
    # This spelling is the one that works; the `min_recv_` one is ignored, and clients die of too_many_pings.
    ("grpc.http2.min_ping_interval_without_data_ms", _PING_INTERVAL_MS),
    ("grpc.max_connection_age_ms", CONNECTION_AGE_SECONDS * 1_000),
    ("grpc.max_connection_age_grace_ms", CONNECTION_AGE_GRACE_SECONDS * 1_000),
    # Two daemons on one port would share its calls without notice.
    ("grpc.so_reuseport", 0),
)

MAIN_OPTIONS: Final[Options] = (*SERVER_OPTIONS, ("grpc.max_concurrent_streams", STREAMS_A_CONNECTION))

ENROLMENT_OPTIONS: Final[Options] = (
    *(each for each in SERVER_OPTIONS if each[0] != "grpc.max_receive_message_length"),
    ("grpc.max_receive_message_length", ENROLMENT_MESSAGE_BYTES),
    ("grpc.max_concurrent_streams", ENROLMENT_STREAMS),
)

CLIENT_OPTIONS: Final[Options] = (
    *_COMMON,
    ("grpc.max_metadata_size", TRAILER_BYTES),
    ("grpc.absolute_max_metadata_size", 2 * TRAILER_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 500),
    # A hub that returns must be found within seconds; each of 200 nodes that connect tries every five seconds.
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # A proxy named by the environment would see our metadata, and cannot do mutual TLS for us.
    ("grpc.enable_http_proxy", 0),
    # Channels to the same hub with other credentials must not share a connection.
    ("grpc.use_local_subchannel_pool", 1),
)
