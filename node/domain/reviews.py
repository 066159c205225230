"""Reviews: what officers decided about pairs of a holding and another file. The values, and the port of the store.

Rules this module upholds:

- A review belongs to a pair and not to a hit. The pair is our holding and one other side: the record of a member
  (named by the first version of it, so that a correction keeps the pair), a row of a list (named by the name of the
  list and by what identifies the row in its file), or another holding.
- A pair is of two files. If the other side states another file than the one that was decided about, it is a new pair.
- Decisions are append-only. The newest one is the state of the pair, and the earlier ones stay with their officers.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.fingerprint_kinds import MD5, SHA1, SHA256

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from node.domain.fingerprints import Fingerprint
    from node.domain.ids import RecordId
    from node.domain.references import Reference

_RECORD: Final = b"vigil/pair/record/v1\0"
_ROW: Final = b"vigil/pair/row/v1\0"
_HOLDING: Final = b"vigil/pair/holding/v1\0"
_LENGTH: Final = struct.Struct(">I")


class ReviewState(IntEnum):
    """What officers say about a pair. `NEW`: nobody has decided yet."""

    NEW = 0
    CONFIRMED = 1
    REJECTED = 2
    UNSURE = 3


LISTED: Final = (ReviewState.NEW, ReviewState.CONFIRMED, ReviewState.UNSURE)
"""The states of hits that a listing shows unless somebody asks for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigests:
    """The exact digests that are known of a file; b"" for each that is not known."""

    sha256: bytes = b""
    sha1: bytes = b""
    md5: bytes = b""

    @classmethod
    def of(cls, fingerprints: Iterable[Fingerprint]) -> FileDigests:
        """Those among these fingerprints; of two of a kind the first counts."""
        found: dict[int, bytes] = {}
        for each in fingerprints:
            found.setdefault(each.code, each.value)
        kinds = (SHA256, SHA1, MD5)
        sha256, sha1, md5 = (value if len(value := found.get(kind.code, b"")) == kind.size else b"" for kind in kinds)
        return cls(sha256=sha256, sha1=sha1, md5=md5)

    def is_same(self, other: FileDigests) -> bool:
        """Whether both are certainly the same file: only an equal SHA-256 says so."""
        return bool(self.sha256) and self.sha256 == other.sha256

    def differs(self, other: FileDigests) -> bool:
        """Whether both are certainly different files. Two files without a digest of the same kind do not differ."""
        pairs = ((getattr(self, each.name), getattr(other, each.name)) for each in fields(self))
        return any(mine and theirs and mine != theirs for mine, theirs in pairs)


UNKNOWN_FILE: Final = FileDigests()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A holding and its other side. `name` (32 bytes) names the other side; `other`: its number if it is a holding."""

    holding: int
    name: bytes
    other: int = 0


def pair_with_record(holding: int, root: RecordId) -> Pair:
    """`root`: the first version of the record."""
    return Pair(holding=holding, name=_named(_RECORD, str(root).encode()))


def pair_with_row(holding: int, of_list: str, row: Reference) -> Pair:
    """A row is identified as an import identifies it: by its id in the file, or else by its hashes."""
    if row.id:
        return Pair(holding=holding, name=_named(_ROW, _text(of_list), b"id", _text(row.id)))
    hashes = (row.md5, row.sha1, row.sha256, row.pdq, row.photodna)
    return Pair(holding=holding, name=_named(_ROW, _text(of_list), b"hashes", *hashes))


def pair_of_holdings(one: int, two: int) -> Pair:
    """The same pair in either order."""
    low, high = sorted((one, two))
    return Pair(holding=low, name=_named(_HOLDING, str(high).encode()), other=high)


def _text(text: str) -> bytes:
    # What a foreign file says may contain halves of surrogate pairs.
    return text.encode("utf-8", "surrogatepass")


def _named(domain: bytes, *parts: bytes) -> bytes:
    return hashlib.sha256(domain + b"".join(_LENGTH.pack(len(each)) + each for each in parts)).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision. `role`: of the officer, "" if none was known; `at` Unix seconds; `record`: the version of the
    record that was decided about, "" for a row or a holding. `carried`: the number of the review whose decision about
    the same two files this one follows, 0 for a decision about this pair itself.
    """

    state: ReviewState
    officer: str
    at: int
    role: str = ""
    note: str = ""
    record: str = ""
    carried: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The review of a pair. `decisions`: how many there are; `hit`: the stored hit of this pair, 0 if it has none.

    `file`: what is known of the file of the other side. What a record says of it is forgotten together with the
    record's body. `closed`: the other side states another file since; the review is history.
    """

    id: int
    pair: Pair
    state: ReviewState
    decisions: int
    hit: int = 0
    file: FileDigests = UNKNOWN_FILE
    closed: bool = False


class ReviewReader(Protocol):
    """Reads reviews."""

    def reviews_of(self, holdings: Sequence[int]) -> list[Review]:
        """The reviews of all pairs of these holdings, oldest first; also closed ones, and those in which a holding is
        the other side.
        """
        ...

    def decisions(self, review: int) -> list[Decision]:
        """Every decision of a review, oldest first."""
        ...

    def newest_decisions(self, reviews: Sequence[int]) -> Mapping[int, Decision]:
        """The newest decision of each of these reviews."""
        ...


class ReviewWriter(ReviewReader, Protocol):
    """Writes reviews."""

    def add_review(self, pair: Pair, file: FileDigests, hit: int = 0) -> Review:
        """The review of a pair that has none, or none that is open; without a decision yet."""
        ...

    def add_decision(self, review: int, decision: Decision) -> None:
        """Appends a decision, which becomes the state of the review and of its hit."""
        ...

    def set_review_file(self, review: int, file: FileDigests) -> None:
        """What is known of the other file now. What was known before is overwritten; the caller scrubs."""
        ...

    def close_review(self, review: int) -> None:
        """The other side states another file. Its hit is new again, and what was known of the former file is
        overwritten; the caller scrubs.
        """
        ...

    def forget_reviews_of_holding(self, holding: int) -> int:
        """Deletes the reviews of all pairs of a deleted holding with their decisions and notes; returns how many. The
        caller scrubs.
        """
        ...
