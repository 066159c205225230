"""A member's statements: the plain contents of a body. Those of cooperation have modules of their own.

Rules this module upholds:

- A statement is about hashes: it cannot contain a picture, a file name or a path.
- A category is never a bare number: it has a scheme and a version, together with the baseline.
- The content of a later version is `NotUnderstood`, never guessed; `Sealed` is passed on and not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from node.domain.address_listings import AddressListing
from node.domain.consultations import Consultation
from node.domain.envelope import Kind
from node.domain.groups import Group
from node.domain.notices import Notice, NoticeDecision
from node.domain.record_links import RecordLink
from node.domain.watches import Watch, WatchReply

if TYPE_CHECKING:
    from node.domain.fingerprints import Fingerprint
    from node.domain.ids import RecordId

READER: Final = 1
"""The version of body that this program reads. A body with a higher `min_reader` is not understood."""
MAX_FINGERPRINTS: Final = 4_000
"""Fingerprints in one body: an hour of video at one frame per second, and its digests."""
MAX_TEXT: Final = 4_000
"""Characters of a comment, a note or a series name."""
MAX_TAGS: Final = 32


class Tri(IntEnum):
    """Yes, no, or nobody said."""

    UNKNOWN = 0
    YES = 1
    NO = 2


class Verdict(IntEnum):
    """A member's view of another's record."""

    CONFIRM = 1
    DISPUTE = 2


class Reason(IntEnum):
    """Why a record was retracted."""

    UNSTATED = 0
    MISTAKE = 1
    NOT_ILLEGAL = 2
    LEGAL_ORDER = 3
    VICTIM_REQUEST = 4
    DUPLICATE = 5
    EXPIRED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """`code` in `scheme` (such as "icse", "us-vics", "uk-caid") of `version`; `baseline`: INTERPOL's denominator."""

    scheme: str
    version: str
    code: str
    baseline: Tri = Tri.UNKNOWN

    def __str__(self) -> str:
        """As a person types it, without the baseline."""
        return f"{self.scheme}:{self.version}:{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """The fingerprints of an item and what its owner knows. A correction contains all of it again. `group`: the group
    that its owner shared it with; only the handling decides who may read it.
    """

    fingerprints: tuple[Fingerprint, ...]
    media_type: str = ""
    category: Category | None = None
    series: str = ""
    victim_identified: Tri = Tri.UNKNOWN
    offender_identified: Tri = Tri.UNKNOWN
    tags: tuple[str, ...] = ()
    language: str = ""
    group: RecordId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """Ends the chain of a record."""

    reason: Reason = Reason.UNSTATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """Confirms or disputes another member's record, in the author's own log."""

    verdict: Verdict
    category: Category | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A remark on a record, for those who may read that record."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A payload that this version cannot open: passed on, stored, and shown as sealed."""

    scheme: int
    ciphertext: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood:
    """A body of a later version (`min_reader` above `READER`) or without any known statement."""

    min_reader: int


Cooperation = RecordLink | Consultation | Watch | WatchReply | Notice | NoticeDecision | AddressListing | Group
"""What members state about records and to each other, besides the records themselves."""
KIND_OF: Final[dict[type[Cooperation], Kind]] = {
    RecordLink: Kind.LINK,
    Consultation: Kind.CONSULTATION,
    Watch: Kind.WATCH,
    WatchReply: Kind.WATCH_REPLY,
    Notice: Kind.NOTICE,
    NoticeDecision: Kind.NOTICE_DECISION,
    AddressListing: Kind.ADDRESS_LISTING,
    Group: Kind.GROUP,
}
"""The kind of entry of each statement of cooperation. A revision of it is a `Kind.REVISION`."""
Statement = Contribution | Retraction | Opinion | Comment | Cooperation
Body = Statement | Sealed | NotUnderstood
