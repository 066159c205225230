"""A federated query, its answers, and the state of each member.

Rules this module upholds:

- Every expected member ends in exactly one `Outcome` (promise 5); "did not search that kind" is data, not silence.
- The routing header is separate from the payload, so a relay needs no fingerprint to do its work.
- A query states a match rule, never a radius of the asker's choice.
- What is signed is bytes (`SignedQuery`, `SignedAnswer`); the values here are what those bytes say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.fingerprints import has_frames
from node.domain.material import BACKGROUNDS
from node.domain.reviews import UNKNOWN_FILE, FileDigests, ReviewState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.fingerprints import Fingerprint
    from node.domain.handling import Handling
    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.notices import PublishedNotice
    from node.domain.statements import Category, Contribution
    from node.domain.videos import Shares


TRIMMED: Final = "trimmed"
VARIANTS: Final = ("", TRIMMED, *BACKGROUNDS)
"""The variants of a picture, besides the whole picture, that a subject may have hashes of: without plain borders, and
on a background.
"""


class Outcome(StrEnum):
    """The nine states. A member states the first five itself, signed; the rest are observed by the asker or the hub."""

    HIT = "hit"
    NO_HIT = "no-hit"
    HELD = "held"
    REFUSED = "refused"
    ERROR = "error"
    OFFLINE = "offline"
    TIMEOUT = "timeout"
    BAD_SIGNATURE = "bad-signature"
    NOT_ASKED = "not-asked"


ANSWERED = frozenset({Outcome.HIT, Outcome.NO_HIT})
"""States that answer the question. Any other state leaves the query partial (exit code 3)."""
SIGNED = frozenset({Outcome.HIT, Outcome.NO_HIT, Outcome.HELD, Outcome.REFUSED, Outcome.ERROR})


class MatchRule(IntEnum):
    """`EXACT`: digests and distance 0. `POLICY`: the radius and floors of the federation's policy."""

    EXACT = 1
    POLICY = 2


class Level(IntEnum):
    """How far a holding is shared. `contribute` raises it to SHARED."""

    NATIONAL = 0
    HIT_NO_HIT = 1
    SHARED = 2

    @property
    def spelled(self) -> str:
        """In the words that people type, such as hit-no-hit."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A picture with transparent parts as it looks on a `background` (of `material.BACKGROUNDS`): the PDQ hashes of its
    orientations, in the order of `ORIENTATIONS`.
    """

    background: str
    orientations: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One subject of a question: its fingerprints, and the PDQ of its further orientations.

    `orientations`: the PDQ hashes in the order of `ORIENTATIONS`; empty if only a hash is known (the search is then
    `reduced`), and for a video, whose frames are among the fingerprints and are turned by their bits. `trimmed`: those
    of the picture without its plain borders, empty if it has none; the first of them is a further PDQ of
    `fingerprints`, and its pHash a further pHash. `looks`: the same for further looks, which come after these. `label`:
    the person's own name for it; local only, never sent.
    """

    fingerprints: tuple[Fingerprint, ...]
    orientations: tuple[bytes, ...] = ()
    trimmed: tuple[bytes, ...] = ()
    looks: tuple[Look, ...] = ()
    label: str = ""

    def variants(self) -> Iterator[tuple[int, tuple[bytes, ...]]]:
        """The variants of this picture, each with its place in `VARIANTS` and its orientations, in the order of their
        hashes among the fingerprints.
        """
        yield 0, self.orientations
        if self.trimmed:
            yield VARIANTS.index(TRIMMED), self.trimmed
        for look in self.looks:
            yield VARIANTS.index(look.background), look.orientations

    @property
    def reduced(self) -> bool:
        """Whether a perceptual search of this subject has no orientations. Those of frames are computed from their
        bits.
        """
        return len(self.orientations) <= 1 and not has_frames(self.fingerprints)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryHeader:
    """The data by which the hub routes and charges. Times in Unix seconds. Empty `recipients`: every active member."""

    query_id: bytes
    asker: MemberId
    recipients: tuple[MemberId, ...]
    purpose: str
    issued_at: int
    expires_at: int
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPayload:
    """The data with which members search, and which justifies the search. `case_reference` is the asker's own
    reference.
    """

    subjects: tuple[Subject, ...]
    rule: MatchRule
    officer_role: str
    case_reference: str
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedQuery:
    """`signature` (64 bytes) by the asker's statement key over both parts; see PROTOCOL.md for the signed bytes."""

    header: bytes
    payload: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOfList:
    """A row of a list, as a hit names it. `name` of the list, `provider` who made it, `id` of the row here.

    `record` and `line` count from 1 in its file, -1 if the format does not tell. `case`: as the file states it.
    `is_abuse`: False for a list that is not of child abuse. `disputes`: how many others say that the row is wrong.
    """

    name: str
    provider: str
    id: int
    record: int
    line: int
    case: str = ""
    is_abuse: bool = True
    disputes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A lead. A hit/no-hit holding reveals only `subject`, `algorithm` and `level`.

    `subject` is the index of the subject in the query; `distance` bits; `orientation` one of `ORIENTATIONS`; `trimmed`:
    the picture without its plain borders matched; `look`: the picture on that background (of `BACKGROUNDS`) matched, ""
    otherwise; `origin`: the owner (a member id for another member's holding); `whole`: it is about the question as a
    whole, and the answer does not say which subject (`subject` is then 0); `record`: None if it was never contributed.
    `shares`: for a hit of one video on another; `at`, `subject_at`: the times of the near frame in the held video and
    in the one asked about, in milliseconds.

    Local and never sent, for searches here: `holding`: the id of an own holding; `cases`: its cases; `place`: the index
    of a record in its log, if it was found there; `allowed`: whether the allow-list hides it; `statement`: the record's
    content without its fingerprints; `handling`: who may read it for what. `alike`: how many hits of its member on its
    subject have the same evidence, including this one; `leads`: whether it is the first of these. `standing`: why hits
    of its member are set aside unless requested ("muted", "suspended"), or "". `held_look`: the background of the look
    by which our own holding was found, "" if it was found without one. `row`: the row of a list that was found, None
    for a hit on a holding or a record. `file`: what a record says of its file. `state`: what
    officers decided about it before, if the subject is one of our holdings. `notice`: the published
    notice that was found, None for any other hit.
    """

    subject: int
    origin: str
    algorithm: str
    level: Level
    record: RecordId | None = None
    distance: int | None = None
    quality: int | None = None
    orientation: str | None = None
    category: Category | None = None
    series: str | None = None
    weak: bool = False
    trimmed: bool = False
    look: str = ""
    whole: bool = False
    holding: int | None = None
    place: int | None = None
    allowed: bool = False
    shares: Shares | None = None
    at: int | None = None
    subject_at: int | None = None
    cases: tuple[str, ...] = ()
    statement: Contribution | None = None
    handling: Handling | None = None
    alike: int = 1
    leads: bool = True
    standing: str = ""
    held_look: str = ""
    row: RowOfList | None = None
    file: FileDigests = UNKNOWN_FILE
    state: ReviewState = ReviewState.NEW
    notice: PublishedNotice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedKind:
    """A fingerprint kind that was searched or not, with the version of the algorithm that did it."""

    name: str
    version: int
    searched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a member signs. Digests are SHA-256; `at` Unix seconds.

    `query_digest`: over header and payload as they were sent. `scope`: which levels of holdings were searched, and how
    many holdings. `cursors_digest`, `policy_digest`: of the member's state of the logs and of the policy it applied.
    `reduced`: see `Subject`. `reason`: for held, refused and error, in plain words.
    """

    query_id: bytes
    query_digest: bytes
    answerer: MemberId
    outcome: Outcome
    hits: tuple[Hit, ...] = ()
    kinds: tuple[SearchedKind, ...] = ()
    scope: tuple[tuple[Level, int], ...] = ()
    cursors_digest: bytes = b""
    policy_digest: bytes = b""
    roster_version: int = 0
    reduced: bool = False
    reason: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    """`answer` bytes and the member's signature over them (64 bytes). The same bytes are sent again for the same query
    id.
    """

    answerer: MemberId
    answer: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberOutcome:
    """One line of the closing table. `answer` is None if the member did not answer; `late`: after closing. `refused`:
    an answer came in its name that does not count, and is evidence.
    """

    member: MemberId
    outcome: Outcome
    answer: Answer | None = None
    reason: str = ""
    late: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayEvent:
    """What the hub tells the asker about one recipient: a signed answer, or the hub's own observation (offline,
    timeout).
    """

    member: MemberId
    outcome: Outcome | None = None
    answer: SignedAnswer | None = None
    query_id: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogView:
    """How far a member has followed a log."""

    origin: Origin
    size: int
