"""A federated query, its answers, and what becomes of each member.

Rules this module upholds:

- Every expected member ends in exactly one `Outcome` (promise 5); "did not search that kind" is data, not silence.
- The routing header is apart from the payload, so a relay needs no fingerprint to do its work.
- A query states a match rule, never a radius of the asker's choice.
- What is signed is bytes (`SignedQuery`, `SignedAnswer`); the values here are what those bytes say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.fingerprints import has_frames
from node.domain.material import BACKGROUNDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.fingerprints import Fingerprint
    from node.domain.handling import Handling
    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.statements import Category, Contribution
    from node.domain.videos import Shares


TRIMMED: Final = "trimmed"
VARIANTS: Final = ("", TRIMMED, *BACKGROUNDS)
"""Of what a subject may have hashes besides the whole picture: of it without plain borders, of it on a background."""


class Outcome(StrEnum):
    """The nine states. The first five are a member's own word, signed; the rest are what the asker or the hub saw."""

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
"""States that answer the question. Any other leaves the query partial (exit code 3)."""
SIGNED = frozenset({Outcome.HIT, Outcome.NO_HIT, Outcome.HELD, Outcome.REFUSED, Outcome.ERROR})


class MatchRule(IntEnum):
    """`EXACT`: digests and distance 0. `POLICY`: the radius and floors of the federation's policy."""

    EXACT = 1
    POLICY = 2


class Level(IntEnum):
    """How far a holding goes. `contribute` raises it to SHARED."""

    NATIONAL = 0
    HIT_NO_HIT = 1
    SHARED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a picture with transparent parts looks on a `background` (of `material.BACKGROUNDS`): the PDQ hashes of
    its orientations, in the order of `ORIENTATIONS`.
    """

    background: str
    orientations: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing asked about: its fingerprints, and the PDQ of its orientations beside the first.

    `orientations` are the PDQ hashes in the order of `ORIENTATIONS`; empty where only a hash is known (the search
    is then `reduced`), and of a video, whose frames are among the fingerprints, and turned as their bits tell.
    `trimmed` are those of the picture without its plain borders, empty where it has none; the first of them is a
    further PDQ of `fingerprints`, and so is its pHash a further pHash. `looks` are the same of further looks,
    which come behind these. `label` is how the person called it (a path or a hash): local only, never sent.
    """

    fingerprints: tuple[Fingerprint, ...]
    orientations: tuple[bytes, ...] = ()
    trimmed: tuple[bytes, ...] = ()
    looks: tuple[Look, ...] = ()
    label: str = ""

    def variants(self) -> Iterator[tuple[int, tuple[bytes, ...]]]:
        """The variants of the picture that this has, each with its place in `VARIANTS` and its orientations, in the
        order in which their hashes stand among the fingerprints.
        """
        yield 0, self.orientations
        if self.trimmed:
            yield VARIANTS.index(TRIMMED), self.trimmed
        for look in self.looks:
            yield VARIANTS.index(look.background), look.orientations

    @property
    def reduced(self) -> bool:
        """Whether a perceptual search of this subject has to do without orientations. Those of frames are told from
        their bits.
        """
        return len(self.orientations) <= 1 and not has_frames(self.fingerprints)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryHeader:
    """What the hub needs to route and charge. Times in Unix seconds. Empty `recipients`: every active member."""

    query_id: bytes
    asker: MemberId
    recipients: tuple[MemberId, ...]
    purpose: str
    issued_at: int
    expires_at: int
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPayload:
    """What the answerers need to search and to justify it. `case_reference` is the asker's own reference."""

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
class Hit:
    """A lead. What a hit/no-hit holding gives away is `subject`, `algorithm` and `level` alone.

    `subject` is the index of the subject in the query; `distance` bits; `orientation` one of `ORIENTATIONS`;
    `trimmed`: it was the picture without its plain borders that matched; `look`: it was the picture as it is shown on
    that background (of `BACKGROUNDS`), "" for neither; `origin` who holds it (a member id for
    another's holding); `whole`: it is about the question as a whole, and which of its subjects it is about is not
    told (`subject` is then 0); `record` None for what was never contributed. `shares`: of a hit of one video on
    another; `at`, `subject_at`: when the near frame is shown in the video that is held and in the one that was asked
    about, in milliseconds.

    For who searches here, local and never sent: `holding` the id of an own holding and `cases` those it belongs to,
    `place` the index of a record in its log where it was found there, `allowed` whether the allow-list hides it,
    `statement` what the record says beside its fingerprints, and `handling` who may read it for what. `alike`: how many
    hits of its member on its subject have the same evidence, itself among them, and `leads` whether it is the first of
    these. `standing`: why hits of its member are set aside where they are not asked for ("muted", "suspended"), or "".
    `held_look`: the background of the look by which our own holding was found, "" where it was found as it is.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedKind:
    """A fingerprint kind that was searched or not, with the version of the algorithm that did it."""

    name: str
    version: int
    searched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a member signs. Digests are SHA-256; `at` Unix seconds.

    `query_digest`: over header and payload as they travelled. `scope`: which levels of holdings were searched, and
    how many. `cursors_digest`, `policy_digest`: of the answerer's view of the logs and of the policy it applied.
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
    """`answer` bytes and the answerer's signature over them (64 bytes). Replayed verbatim for the same query id."""

    answerer: MemberId
    answer: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberOutcome:
    """One line of the closing table. `answer` is None where the member did not answer; `late` after closing. `refused`:
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
    """What the hub tells the asker about one recipient: a signed answer, or what it saw instead (offline, timeout)."""

    member: MemberId
    outcome: Outcome | None = None
    answer: SignedAnswer | None = None
    query_id: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogView:
    """How far somebody has followed a log."""

    origin: Origin
    size: int
