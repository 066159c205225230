"""Checks a member's answer for plausibility: a signature says who states it, not that it makes sense.

Rules this module upholds:

- A hit is about a subject of the query, by a kind of fingerprint that was asked about and that the answer lists as
  searched: a reader may rely on that.
- A member reports only hits on its own holdings and its own log.
- A hit has only the data that its level allows, so that another member's mistake does not bring data here that should
  not have been sent.
- Numbers lie within the ranges of the policy and the kinds of fingerprint: distances, qualities, versions, times.
- "No hit" counts only from a member that searched for what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.algorithms import ALGORITHM_BY_NAME, possible
from node.domain.calendar import LAST_SECOND
from node.domain.queries import Level, MatchRule, Outcome
from node.domain.roster import PDQ_RADIUS_CAP
from node.domain.videos import wide_radius
from node.errors import Malformed

if TYPE_CHECKING:
    from node.domain.ids import Origin
    from node.domain.queries import Answer, Hit, QueryHeader, QueryPayload, Subject
    from node.domain.roster import Policy

MAX_VERSION: Final = 1_000
"""Of an algorithm, as an answer states it."""
MAX_QUALITY: Final = 100
_NOT_SEARCHED: Final = "it says no hit, and did not search {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The limits for the numbers of a hit. `radius` in bits; 0 for the rule `exact`."""

    radius: int = PDQ_RADIUS_CAP

    @classmethod
    def of(cls, policy: Policy, rule: MatchRule, *, same_policy: bool) -> Bounds:
        """`same_policy`: whether the answering member applied our policy. A roster reaches members one after the other:
        an answer under another policy is checked against the code's own cap.
        """
        if rule is MatchRule.EXACT:
            return cls(radius=0)
        return cls(radius=policy.radius if same_policy else PDQ_RADIUS_CAP)

    def check(self, hit: Hit) -> None:
        """Raises `Malformed` if a number is out of range."""
        algorithm = ALGORITHM_BY_NAME.get(hit.algorithm)
        shared = algorithm is not None and algorithm.shares
        most = wide_radius(self.radius) if shared else self.radius
        if hit.distance is not None and ((algorithm and not algorithm.distance) or hit.distance > most):
            raise Malformed("a hit that is farther away than the policy's radius, or an equal digest with a distance")
        if hit.quality is not None:
            rated = algorithm is not None and algorithm.quality
            if not rated or not 0 <= hit.quality <= MAX_QUALITY:
                raise Malformed("a hit with a quality that its kind of fingerprint does not have")
        if hit.shares is not None and (not shared or hit.shares.radius > wide_radius(self.radius)):
            raise Malformed("a hit with shares of videos that its kind does not have, or past the policy's radius")
        if (hit.at is not None or hit.subject_at is not None) and not (algorithm and algorithm.times):
            raise Malformed("a hit with a time in a video that its kind of fingerprint does not have")


def _algorithms(subject: Subject) -> frozenset[str]:
    """The algorithms by which this subject can have a hit: the kinds asked about, and those that frames add."""
    return possible(frozenset([f.code for f in subject.fingerprints if f.may_match(0)]))


def _from_pixels(hit: Hit) -> bool:
    """Whether a variant of a picture (without its borders, on a background) can match by this algorithm."""
    algorithm = ALGORITHM_BY_NAME.get(hit.algorithm)
    return algorithm is not None and algorithm.from_pixels


class Algorithms:
    """The algorithms by which each of some subjects can have a hit. An answer may have thousands of hits on a video
    with thousands of frames, so each subject is examined once.
    """

    def __init__(self, subjects: tuple[Subject, ...]) -> None:
        self._subjects = subjects
        self._known: dict[int, frozenset[str]] = {}

    def allow(self, hit: Hit) -> bool:
        """Whether a hit with this algorithm is possible."""
        places = range(len(self._subjects)) if hit.whole else (hit.subject,)
        return any(hit.algorithm in self._of(place) for place in places)

    def _of(self, place: int) -> frozenset[str]:
        if place not in self._known:
            self._known[place] = _algorithms(self._subjects[place])
        return self._known[place]


def check_hit(hit: Hit, subjects: tuple[Subject, ...], log: Origin, algorithms: Algorithms | None = None) -> None:
    """Raises `Malformed` unless the owner of `log`, of any epoch, can have this hit on these subjects. `algorithms`:
    those of `subjects`, if there are more hits on them.
    """
    if hit.subject >= len(subjects) or (hit.whole and hit.subject):
        raise Malformed("a hit about something that was not asked")
    if not (algorithms or Algorithms(subjects)).allow(hit):
        raise Malformed("a hit by a kind of fingerprint that was not asked about")
    if hit.trimmed and not (subjects[hit.subject].trimmed and _from_pixels(hit)):
        raise Malformed("a hit on a picture without borders that was not asked about")
    if hit.look and not (
        not hit.trimmed
        and _from_pixels(hit)
        and any(look.background == hit.look for look in subjects[hit.subject].looks)
    ):
        raise Malformed("a hit on a look of a picture that was not asked about")
    if hit.origin != log.member:
        raise Malformed("a hit that claims to be another's")
    if hit.level is Level.SHARED:
        said = hit.record.origin if hit.record else None
        if hit.whole or said is None or replace(said, epoch=log.epoch) != log:
            raise Malformed("a hit on a shared record names one of the answerer's own log")
    elif (
        hit.level is Level.NATIONAL
        or hit.trimmed
        or hit.look
        or any(
            told is not None
            for told in (
                hit.record,
                hit.distance,
                hit.quality,
                hit.orientation,
                hit.category,
                hit.series,
                hit.shares,
                hit.at,
                hit.subject_at,
            )
        )
    ):
        raise Malformed("a hit at hit/no-hit level with more data than its level allows")


def check_words(answer: Answer, header: QueryHeader, skew: int, now: float) -> None:
    """Checks an answer's statements about itself: each kind is listed at most once each way, with a version if it was
    searched, and the answer was given between the question and now. Raises `Malformed`.
    """
    named = set()
    for kind in answer.kinds:
        named.add((kind.name, kind.searched))
        if not kind.searched <= kind.version <= MAX_VERSION:
            raise Malformed("an answer names an impossible version of an algorithm")
    if len(named) != len(answer.kinds):
        raise Malformed("an answer names a kind of fingerprint twice")
    if not header.issued_at - skew <= answer.at <= min(now + skew, LAST_SECOND):
        raise Malformed("an answer is dated before its question or in the future: a clock is wrong, there or here")


def check_hits(answer: Answer, payload: QueryPayload, bounds: Bounds, log: Origin) -> None:
    """Every hit of an answer. Raises `Malformed`."""
    searched = {kind.name for kind in answer.kinds if kind.searched}
    algorithms = Algorithms(payload.subjects)
    if sum(hit.level is not Level.SHARED for hit in answer.hits) > 1:
        raise Malformed("an answer with more than one hit at hit/no-hit level")
    for hit in answer.hits:
        check_hit(hit, payload.subjects, log, algorithms)
        bounds.check(hit)
        if not searched & ALGORITHM_BY_NAME[hit.algorithm].searched_by:  # known: `check_hit` allowed it
            raise Malformed("a hit by a kind of fingerprint that the answer says was not searched")


def shortfall(answer: Answer, expected: frozenset[str]) -> str:
    """Why a "no hit" does not count, "" if it does: its member must have searched every kind that was asked about and
    that members search for each other, and at least one. `expected`: those kinds (`matching.expected_kinds`).
    """
    if answer.outcome is not Outcome.NO_HIT:
        return ""
    searched = {kind.name for kind in answer.kinds if kind.searched}
    missing = sorted(expected - searched)
    if missing or not searched:
        return _NOT_SEARCHED.format(", ".join(missing) or "anything that was asked")
    return ""
