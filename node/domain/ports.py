"""The Protocols that the use cases need, with their duties of durability and concurrency.

Rules this module upholds:

- Signatures speak domain values only. An implementation lives in one adapter room and is chosen in `node/app.py`.
- The store is synchronous and blocking: never call it on the event loop (`asyncio.to_thread`).
- What a writer did is durable when its `with` block has ended without an error, and not before. An error inside rolls
  the whole block back. One writer at a time: a second `write()` in another thread waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from node.domain.keeping import IndexingReader, IndexingWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from node.domain.batch import DecodedBodies, FingerprintColumns, VerifiedBatch
    from node.domain.envelope import Disclosure
    from node.domain.fingerprints import MaterialFingerprints
    from node.domain.handling import Handling
    from node.domain.holdings import Holding
    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.queries import Answer, Level, QueryHeader, QueryPayload, SignedAnswer, SignedQuery
    from node.domain.statements import Body, Statement


class Signer(Protocol):
    """Holds one private Ed25519 key."""

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message` (RFC 8032)."""
        ...


class Clock(Protocol):
    """Now, as Unix seconds. Passed in, so that deciding code has no clock of its own."""

    def __call__(self) -> float: ...


# --- logs -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """One log as it stands in the store.

    `number`: small local integer, 1 and up, the `source` of its rows in the index. `size`, `root`: of the entries
    stored (verified progress). `checkpoint`, `checkpoint_size`: the newest verified signed note, of a size at or past
    `size` (own log: what we signed last). `anchor`, `anchor_size`: the earliest verified one that the entries have not
    reached, of a size past `size`. `cosigned`, `cosigned_size`: the newest note that also carries the hub's
    cosignature, of a size at most `size`. b"" and 0 where there is none. `frozen`: why nothing more is accepted
    (a fork), "" where all is well.
    """

    number: int
    origin: Origin
    size: int
    root: bytes
    checkpoint: bytes = b""
    checkpoint_size: int = 0
    anchor: bytes = b""
    anchor_size: int = 0
    cosigned: bytes = b""
    cosigned_size: int = 0
    frozen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """Consecutive entries as stored, as columns (see `node.domain.batch.Package`); `states` a `BodyState` an entry."""

    start: int
    entries: Sequence[bytes]
    nonces: Sequence[bytes]
    bodies: Sequence[bytes]
    handling_nonces: Sequence[bytes]
    handlings: Sequence[bytes]
    states: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEntry:
    """An acknowledged own statement that has no position in the log yet."""

    id: int
    origin: Origin
    entry: bytes
    leaf: bytes
    disclosure: Disclosure


class LogReader(Protocol):
    """Reads logs inside one snapshot."""

    def logs(self) -> list[LogState]: ...

    def log(self, origin: Origin) -> LogState | None: ...

    def tile(self, number: int, level: int, index: int) -> bytes:
        """The hashes of a tile that are stored, concatenated; b"" where there is none (`tlog.tiles.TileReader`)."""
        ...

    def run(self, origin: Origin, start: int, stop: int, max_bytes: int) -> StoredRun:
        """Entries from `start`, at most to `stop`, ending once entries and disclosures pass `max_bytes` (at least one
        entry). Bodies held are re-hashed against their commitments by the caller where it matters (`fsck`).
        """
        ...

    def held_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, bytes]]:
        """(entry, body) by index, of those entries whose body is held; the others, and those past the log, are left
        out. One read for all of them, wherever in the log they stand.
        """
        ...

    def find(self, origin: Origin, leaves: Sequence[bytes]) -> dict[bytes, int]:
        """Index by leaf hash, for those that stand in the log. No secondary index: a scan of the leaf tiles."""
        ...

    def targeting(self, record: RecordId) -> list[tuple[Origin, int, int]]:
        """(origin, index, kind) of every entry, in any log, that targets `record`, in log order."""
        ...

    def expiring(self, day: int, limit: int) -> list[tuple[Origin, int]]:
        """Held bodies whose expiry day lies before `day`, oldest first."""
        ...

    def missing(self, origin: Origin, limit: int) -> list[int]:
        """Indices whose body is MISSING, in order."""
        ...

    def body_counts(self, number: int) -> Mapping[int, int]:
        """Entries by `BodyState`."""
        ...

    def quarantined(self, origin: Origin) -> list[tuple[int, str]]:
        """(index, reason) of entries set aside."""
        ...

    def pending(self, origin: Origin, limit: int) -> list[PendingEntry]:
        """Acknowledged own entries without a position, oldest first."""
        ...

    def find_pending(self, leaf: bytes) -> PendingEntry | None: ...

    def evidence(self, origin: Origin) -> list[bytes]:
        """The signed notes that froze this log, verbatim, in order."""
        ...


class LogWriter(LogReader, Protocol):
    """Writes logs inside one transaction."""

    def open_log(self, origin: Origin) -> LogState:
        """The log, made empty where there is none."""
        ...

    def append(self, batch: VerifiedBatch) -> None:
        """Entries, disclosures, tiles, targets and the new size and root. Compare-and-swap in the SQL: raises
        `Conflict` (with `have`) unless the log stands at exactly `batch.start`.
        """
        ...

    def set_checkpoint(self, origin: Origin, note: bytes, size: int) -> None:
        """A note older than the one that is kept changes nothing."""
        ...

    def set_anchor(self, origin: Origin, note: bytes, size: int) -> None:
        """In the transaction of the `append` that came up to the one before; b"" and 0 where every checkpoint is
        reached. Raises `Misuse` for one that is reached.
        """
        ...

    def set_cosigned(self, origin: Origin, note: bytes, size: int) -> None:
        """A note older than the one that is kept changes nothing. Raises `Misuse` for one past the log."""
        ...

    def purge(self, origin: Origin, indices: Sequence[int]) -> int:
        """Deletes body, nonce and handling of these entries (state PURGED); how many had any. `secure_delete` is on;
        the caller ends a purge with `Store.scrub()`.
        """
        ...

    def fill(self, origin: Origin, index: int, disclosure: Disclosure) -> None:
        """Gives a MISSING entry its body, which the caller has checked against the commitment."""
        ...

    def set_aside(self, origin: Origin, index: int, reason: str) -> None:
        """State QUARANTINED with a reason; the body is deleted."""
        ...

    def freeze(self, origin: Origin, reason: str, evidence: Sequence[bytes]) -> None:
        """Nothing more is accepted into this log; the evidence (signed notes) is kept."""
        ...

    def acknowledge(self, pending: Sequence[tuple[Origin, bytes, bytes, Disclosure]]) -> list[int]:
        """Own statements (origin, entry, leaf, disclosure) that are durable once the block ends; ids in order."""
        ...

    def placed(self, ids: Sequence[int]) -> None:
        """These pending entries now stand in the log (same transaction as `append`) and are no longer pending."""
        ...

    def forget_pending(self, leaf: bytes) -> bool:
        """Deletes a pending entry that was retracted before it was ever placed."""
        ...


# --- holdings, queries, bookkeeping -----------------------------------------------------------------------------------


class HoldingReader(Protocol):
    """Reads holdings."""

    def holding(self, holding_id: int) -> Holding | None: ...

    def holdings_by_id(self, ids: Sequence[int]) -> Mapping[int, Holding]:
        """Those that are there, by id."""
        ...

    def holding_by_sha256(self, sha256: bytes) -> Holding | None: ...

    def holdings(self, *, case: str = "", after: int = 0, limit: int = 1_000) -> list[Holding]: ...

    def holdings_of_record(self, record: RecordId) -> list[Holding]: ...

    def holding_levels(self) -> Mapping[Level, int]: ...

    def known_tags(self, tags: Sequence[bytes]) -> set[bytes]: ...

    def holding_columns(self, after: int, limit: int) -> FingerprintColumns | None:
        """The fingerprints of at most `limit` holdings with ids past `after`, by id, and of fewer where they have very
        many: the bulk scan that rebuilds an index. None at the end. Every holding is in the SHA-256 column, whose last
        row is the next `after`.
        """
        ...


class HoldingWriter(HoldingReader, Protocol):
    """Writes holdings."""

    def put_holding(
        self, prints: MaterialFingerprints, *, level: Level, case: str, tag: bytes, now: int
    ) -> tuple[int, bool]:
        """(id, whether it is new). Idempotent by SHA-256: a known holding gains the case and the tag, and its level is
        raised where `level` is higher.
        """
        ...

    def set_level(self, holding_id: int, level: Level) -> None: ...

    def set_record(self, holding_id: int, record: RecordId | None) -> None: ...


class AllowReader(Protocol):
    """Reads the allow-list: SHA-256 values (32 bytes) of content that is known to be harmless."""

    def allowed(self, values: Sequence[bytes]) -> set[bytes]:
        """Those of `values` that are on the list."""
        ...

    def count_allowed(self) -> int: ...

    def list_allowed(self, after: bytes, limit: int) -> list[tuple[bytes, int]]:
        """(value, Unix second of its import) of at most `limit` values past `after`, in the order of the values."""
        ...


class AllowWriter(AllowReader, Protocol):
    """Writes it."""

    def allow(self, values: Sequence[bytes], now: int) -> int:
        """Puts them on the list; how many were not on it yet. One that is keeps the time of its first import."""
        ...

    def disallow(self, values: Sequence[bytes]) -> int:
        """Takes them off the list; how many were on it."""
        ...

    def clear_allowed(self) -> int:
        """Empties the list; how many were on it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuery:
    """A query of ours as it was kept: what was sent, and whether its table is closed."""

    query: SignedQuery
    header: QueryHeader
    created_at: int
    closed_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """An answer of ours to `asker`'s query; `at` Unix seconds."""

    asker: MemberId
    query_id: bytes
    answer: SignedAnswer
    at: int


class QueryReader(Protocol):
    """Reads the asker's and the answerer's own queries."""

    def asked(self, query_id: bytes) -> AskedQuery | None: ...

    def recent_queries(self, limit: int) -> list[AskedQuery]: ...

    def outcomes(self, query_id: bytes) -> list[tuple[MemberId, str, SignedAnswer | None, bool]]:
        """(member, outcome, signed answer or None, late) as they were recorded, in order."""
        ...

    def answered(self, asker: MemberId, query_id: bytes) -> SignedAnswer | None:
        """The answer we gave, verbatim, so that the same query gets the same bytes again."""
        ...

    def answered_lately(self, limit: int) -> list[tuple[MemberId, bytes, int]]:
        """(asker, query id, when) of the newest answers we gave, newest first."""
        ...

    def setting(self, name: str) -> bytes:
        """A small durable value by name, b"" where it was never set."""
        ...


class QueryWriter(QueryReader, Protocol):
    """Writes them."""

    def put_asked(self, asked: AskedQuery) -> None: ...

    def put_outcome(
        self, query_id: bytes, member: MemberId, outcome: str, answer: SignedAnswer | None, *, late: bool
    ) -> None:
        """One line of the table. A member's first outcome that is not late stands; a second changes nothing."""
        ...

    def close_query(self, query_id: bytes, now: int) -> None: ...

    def put_answered(self, given: Sequence[GivenAnswer]) -> None:
        """First write wins: a second one for the same asker and query changes nothing."""
        ...

    def forget_queries(self, before: int) -> int:
        """Deletes asked and answered queries created before this Unix second; how many."""
        ...

    def set_setting(self, name: str, value: bytes) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """A node that asked to become a member (or to renew keys), as the hub keeps it until the authority decides.

    `csr` is DER; `vkeys` C2SP verifier keys by purpose; `state` pending, admitted or refused. `secret_sha256`: of the
    token it came with; the proofs are over it, so the authority needs it to check them.
    """

    member: MemberId
    name: str
    secret_sha256: bytes
    csr: bytes
    vkeys: Mapping[str, str]
    proofs: Mapping[str, bytes]
    requested_at: int
    state: str = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One-time token, kept as the SHA-256 of its secret. Times in Unix seconds."""

    secret_sha256: bytes
    member: MemberId
    expires_at: int
    used_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """What the hub's CA issued: SHA-256 of the subject public key info, serial, and end of life (Unix seconds)."""

    member: MemberId
    serial: int
    spki_sha256: bytes
    not_after: int
    issued_at: int


class HubReader(Protocol):
    """Reads what only a hub keeps."""

    def invitation(self, secret_sha256: bytes) -> Invitation | None: ...

    def join_requests(self, *, state: str = "") -> list[JoinRequest]: ...

    def join_request(self, member: MemberId) -> JoinRequest | None: ...

    def certificates(self, member: MemberId) -> list[IssuedCertificate]: ...

    def mailbox(self, asker: MemberId, limit: int) -> list[tuple[int, bytes, SignedAnswer]]:
        """(id, query id, answer) that came late and await their asker."""
        ...

    def mailbox_size(self, asker: MemberId) -> int:
        """How many there are, without reading them."""
        ...

    def switchboard_messages(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        """(id, channel, message) of the database-backed Switchboard."""
        ...


class HubWriter(HubReader, Protocol):
    """Writes it."""

    def put_invitation(self, invitation: Invitation) -> None: ...

    def use_invitation(self, secret_sha256: bytes, now: int) -> bool:
        """Marks it used; False where it was used before or is past its end (compare-and-swap in the SQL)."""
        ...

    def put_join_request(self, request: JoinRequest) -> None: ...

    def set_join_state(self, member: MemberId, state: str) -> None: ...

    def put_certificate(self, certificate: IssuedCertificate) -> None: ...

    def put_mail(self, asker: MemberId, query_id: bytes, answer: SignedAnswer, expires_at: int) -> None: ...

    def delete_mail(self, ids: Sequence[int]) -> None: ...

    def expire_mail(self, now: int) -> int: ...

    def put_switchboard_message(self, channel: str, message: bytes) -> int: ...

    def trim_switchboard(self, before: int) -> None:
        """Deletes messages with ids below `before`."""
        ...


class StoreReader(LogReader, HoldingReader, AllowReader, QueryReader, HubReader, IndexingReader, Protocol):
    """Everything that can be read in one snapshot."""


class StoreWriter(LogWriter, HoldingWriter, AllowWriter, QueryWriter, HubWriter, IndexingWriter, Protocol):
    """Everything that can be written in one transaction."""


class Store(Protocol):
    """A node's or a hub's database."""

    def read(self) -> AbstractContextManager[StoreReader]:
        """A snapshot. Readers do not block the writer, nor the writer them."""
        ...

    def write(self) -> AbstractContextManager[StoreWriter]:
        """A transaction (BEGIN IMMEDIATE, synchronous=FULL). Raises `DiskFull` and `StoreError` for its disk."""
        ...

    def scrub(self) -> None:
        """Ends a purge: truncates the journal, so that deleted bytes are in no file of the database."""
        ...

    def check(self) -> list[str]:
        """The engine's own integrity check; empty where all is well."""
        ...

    def backup_to(self, path: str) -> None:
        """A consistent copy of the database in one new file (0600), while reads and writes go on. `Misuse` where the
        file exists already. What was purged before is in it no more.
        """
        ...

    def close(self) -> None: ...


# --- search -----------------------------------------------------------------------------------------------------------

HOLDINGS_SOURCE = 0
"""The `source` of own holdings in the index. A log's is its `LogState.number`."""


class Probe(NamedTuple):
    """One hash looked for: of subject `subject`, kind `code`; `orientation` an index into `ORIENTATIONS`, counted on
    (8 to 15) for the orientations of the picture without its plain borders. A tuple, as `RawHit` is.
    """

    subject: int
    code: int
    value: bytes
    quality: int = -1
    orientation: int = 0


class RawHit(NamedTuple):
    """What the index found: `source` and `row` say where, `distance` in bits (0 for exact kinds).

    `by`: the kind that was asked about where it is another than `code`, the kind that was found (a still picture and a
    frame of a video); else 0. Of videos, one hit a row: that of their nearest frames.

    A tuple, for a crowd has thousands of them: to make a frozen dataclass takes longer than to find what is in it.
    """

    subject: int
    source: int
    row: int
    code: int
    distance: int
    quality: int
    orientation: int
    by: int = 0


class SearchIndex(Protocol):
    """Exact search: recall 1.0 inside the radius. Derived data, always rebuildable; safe to call from any thread."""

    def add(self, source: int, columns: FingerprintColumns) -> None:
        """Found by the very next search. Low-quality and unsearchable hashes are left out by the index itself."""
        ...

    def remove(self, source: int, rows: Sequence[int]) -> None:
        """Found by none; their bytes are overwritten."""
        ...

    def search(self, probes: Sequence[Probe], radius: int) -> list[RawHit]:
        """All rows within `radius` bits of a PDQ probe (pHash: within `PHASH_RADIUS`), and equal to an exact one; PDQ
        and frames of videos are also held against each other. Of videos it proposes what `domain.videos` has to judge.
        Raises `Misuse` for a radius outside 0..`PDQ_RADIUS_CAP` or a probe of the wrong length.
        """
        ...

    def sizes(self) -> Mapping[int, int]:
        """How many rows each source has in the index."""
        ...

    def versions(self) -> Mapping[str, int]:
        """Kind name -> version of the algorithm, for the kinds this index searches."""
        ...

    def clear(self) -> None: ...


class Codec(Protocol):
    """Bodies, handlings, queries and answers to and from the bytes that are hashed and signed (`wire.convert`).

    Decoding lets out `Malformed` only. Encoding is not canonical: encode once, keep and carry those bytes.
    """

    def encode_body(self, statement: Statement) -> bytes: ...

    def decode_body(self, kind: int, body: bytes) -> Body: ...

    def decode_bodies(self, rows: Sequence[int], kinds: bytes, bodies: Sequence[bytes]) -> DecodedBodies:
        """The bulk path: fingerprint columns over the non-empty bodies of contributions and corrections, their rows
        taken from `rows`; a body that is malformed raises nothing here and counts as not understood.
        """
        ...

    def encode_handling(self, handling: Handling) -> bytes: ...

    def decode_handling(self, handling: bytes) -> Handling: ...

    def encode_header(self, header: QueryHeader) -> bytes: ...

    def decode_header(self, header: bytes) -> QueryHeader: ...

    def encode_payload(self, payload: QueryPayload) -> bytes: ...

    def decode_payload(self, payload: bytes) -> QueryPayload: ...

    def encode_answer(self, answer: Answer) -> bytes: ...

    def decode_answer(self, answer: bytes) -> Answer: ...
