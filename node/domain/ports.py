"""The Protocols that the use cases need, with their duties of durability and concurrency.

Rules this module upholds:

- Signatures use domain values only. An implementation lives in one adapter package and is chosen in `node/app`.
- The readers and writers here are parts of a database (`node.domain.stores`), and its rules apply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.batch import DecodedBodies, FingerprintColumns
    from node.domain.handling import Handling
    from node.domain.holdings import Deletion, FileReference, Holding
    from node.domain.ids import RecordId
    from node.domain.material import MaterialFingerprints
    from node.domain.parts import Place
    from node.domain.queries import Answer, Level, QueryHeader, QueryPayload
    from node.domain.statements import Body, Statement


class Signer(Protocol):
    """Holds one private Ed25519 key."""

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message` (RFC 8032)."""
        ...


class Clock(Protocol):
    """Now, in Unix seconds. Passed in, so that deciding code has no clock of its own."""

    def __call__(self) -> float: ...


# --- holdings, allow-list, codec --------------------------------------------------------------------------------------


class HoldingReader(Protocol):
    """Reads holdings."""

    def holding(self, holding_id: int) -> Holding | None: ...

    def holdings_by_id(self, ids: Sequence[int], *, bare: bool = False) -> Mapping[int, Holding]:
        """The existing ones among these ids, by id. `bare`: without their fingerprints."""
        ...

    def holding_by_sha256(self, sha256: bytes) -> Holding | None: ...

    def holdings(
        self,
        *,
        case: str = "",
        after: int = 0,
        limit: int = 1_000,
        level: Level | None = None,
        bare: bool = False,
        before: int | None = None,
        category: str | None = None,
    ) -> list[Holding]:
        """At most `limit` with ids after `after`, by id; of a case or of a level, if given. `bare`: without their
        fingerprints; a video has many. `before`: the newest first, those with ids below it. `category`: those that
        officers gave this category, as SCHEME:VERSION:CODE; "": those without one.
        """
        ...

    def holdings_of_record(self, record: RecordId) -> list[Holding]: ...

    def holding_levels(self) -> Mapping[Level, int]: ...

    def cases(self, after: str, limit: int) -> list[tuple[str, int]]:
        """(case, number of its holdings) of at most `limit` cases after `after`, in order."""
        ...

    def case_holdings(self, references: Sequence[str]) -> Mapping[str, int]:
        """How many holdings each of these cases has, if any."""
        ...

    def known_cases(self, references: Sequence[str]) -> set[str]:
        """Those of these cases that holdings belong to."""
        ...

    def file_references(self, holding_id: int) -> list[FileReference]:
        """The paths of a holding's files, by case, in the order in which they were stored."""
        ...

    def places(self, holding_id: int, limit: int) -> list[Place]:
        """The places of a holding as a part of others, in the order in which they were stored; at most `limit`."""
        ...

    def parents(self, holding_ids: Sequence[int]) -> Mapping[int, set[bytes]]:
        """For each of these holdings that is a part: the SHA-256 of its direct parent."""
        ...

    def parts(self, sha256: bytes) -> list[int]:
        """The holdings that are parts of this content directly, by id."""
        ...

    def taken_in(self, holding_ids: Sequence[int]) -> set[int]:
        """Those of these holdings that were ingested as files of their own."""
        ...

    def deletions(self, after: int, limit: int) -> list[Deletion]:
        """Unfinished deletions with ids after `after`, oldest first."""
        ...

    def known_tags(self, tags: Sequence[bytes]) -> set[bytes]: ...

    def holding_columns(self, after: int, limit: int) -> FingerprintColumns | None:
        """The fingerprints of at most `limit` holdings with ids after `after`, by id, and of fewer if they have very
        many: the bulk scan that rebuilds an index. None at the end. Every holding is in the SHA-256 column, whose last
        row is the next `after`.
        """
        ...


class HoldingWriter(HoldingReader, Protocol):
    """Writes holdings."""

    def put_holding(
        self, prints: MaterialFingerprints, *, level: Level, case: str, tag: bytes, now: int
    ) -> tuple[int, bool]:
        """(id, whether it is new). Idempotent by SHA-256: a known holding gets the case and the tag, and its level is
        raised if `level` is higher.
        """
        ...

    def set_level(self, holding_id: int, level: Level) -> None:
        """Sets the level. A holding with a higher level than before, and a new one of which other members may learn,
        waits to be matched against kept watches (`WatchReader.watched_rows`). Raises `NotFound`.
        """
        ...

    def set_record(self, holding_id: int, record: RecordId | None) -> None: ...

    def put_file_reference(self, holding_id: int, reference: FileReference) -> None:
        """Stores the path of a file. A known path, and one beyond `MAX_REFERENCES`, change nothing."""
        ...

    def put_place(self, holding_id: int, place: Place) -> None:
        """Stores the place of a part. A known place changes nothing."""
        ...

    def leave_case(self, holding_id: int, case: str) -> None:
        """Removes a holding from a case, with the references of that case. The tags of this holding's files are
        deleted, so that the files can be ingested again.
        """
        ...

    def delete_holding(self, holding_id: int) -> None:
        """Deletes a holding with its fingerprints, cases, tags, references, categorisations, links to entities, its
        previews, its places and those of its parts in it: overwritten first, then deleted. Its id is not used again.
        The caller ends it with `end_deletions` and `Database.scrub()`. Raises `NotFound`.
        """
        ...

    def put_deletions(self, deletions: Sequence[Deletion]) -> None: ...

    def end_deletions(self, ids: Sequence[int]) -> None:
        """These deletions are finished; what is left of them is removed from the database, as far as possible. Costs
        one pass over all holdings.
        """
        ...


class AllowReader(Protocol):
    """Reads the allow-list: SHA-256 values (32 bytes) of content that is known to be harmless."""

    def allowed(self, values: Sequence[bytes]) -> set[bytes]:
        """The `values` that are on the list."""
        ...

    def count_allowed(self) -> int: ...

    def list_allowed(self, after: bytes, limit: int) -> list[tuple[bytes, int]]:
        """(value, Unix second of its import) of at most `limit` values after `after`, sorted by value."""
        ...


class AllowWriter(AllowReader, Protocol):
    """Writes it."""

    def allow(self, values: Sequence[bytes], now: int) -> int:
        """Adds them to the list; returns how many were new. A known one keeps the time of its first import."""
        ...

    def disallow(self, values: Sequence[bytes]) -> int:
        """Removes them from the list; returns how many were on it."""
        ...

    def clear_allowed(self) -> int:
        """Empties the list; returns how many were on it."""
        ...


class Codec(Protocol):
    """Bodies, handlings, queries and answers to and from the bytes that are hashed and signed (`wire.convert`).

    Decoding raises only `Malformed`. Encoding is not canonical: encode once, then store and send those bytes.
    """

    def encode_body(self, statement: Statement) -> bytes: ...

    def decode_body(self, kind: int, body: bytes) -> Body: ...

    def decode_bodies(self, rows: Sequence[int], kinds: bytes, bodies: Sequence[bytes]) -> DecodedBodies:
        """The bulk path: fingerprint columns over the non-empty bodies of contributions and corrections, with their
        rows from `rows`. A malformed body raises nothing here and counts as not understood.
        """
        ...

    def encode_handling(self, handling: Handling) -> bytes: ...

    def decode_handling(self, handling: bytes) -> Handling: ...

    def encode_header(self, header: QueryHeader) -> bytes: ...

    def decode_header(self, header: bytes) -> QueryHeader: ...

    def encode_payload(self, payload: QueryPayload) -> bytes: ...

    def decode_payload(self, payload: bytes) -> QueryPayload: ...

    def encode_answer(self, answer: Answer) -> bytes: ...

    def pad_answer(self, answer: bytes) -> bytes:
        """An encoded answer, padded to one of a few lengths, so that its length reveals little."""
        ...

    def decode_answer(self, answer: bytes) -> Answer: ...
