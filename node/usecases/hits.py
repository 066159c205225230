"""What a member may claim in an answer: a signature says who claims it, not that it makes sense.

Rules this module upholds:

- A hit is about a subject of the query, by a kind of fingerprint that was asked about: its reader may rely on that.
- A member speaks of its own holdings and of its own log alone.
- A hit says what its level allows and no more, so that a slip abroad does not put here what should not have left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from node.domain.fingerprints import FRAME, PDQ, PHASH
from node.domain.queries import Level
from node.domain.videos import VPDQ
from node.errors import Malformed

if TYPE_CHECKING:
    from node.domain.ids import Origin
    from node.domain.queries import Hit, Subject

_OF_PIXELS: Final = frozenset({PDQ.name, PHASH.name, FRAME.name})
"""By which algorithms a picture without its borders can be near something: those of the kinds it has, and frames."""


def _algorithms(subject: Subject) -> set[str]:
    """By which algorithms a hit on this subject can be: the kinds asked about, and what frames add to them."""
    kinds = {f.kind for f in subject.fingerprints if f.kind is not None and f.searchable}
    names = {kind.name for kind in kinds}
    if PDQ in kinds:
        names.add(FRAME.name)
    if FRAME in kinds:
        names.add(VPDQ)
    return names


def check_hit(hit: Hit, subjects: tuple[Subject, ...], log: Origin) -> None:
    """Raises `Malformed` unless the owner of `log`, of whatever epoch, can have this hit on these subjects."""
    if hit.subject >= len(subjects):
        raise Malformed("a hit about something that was not asked")
    if hit.algorithm not in _algorithms(subjects[hit.subject]):
        raise Malformed("a hit by a kind of fingerprint that was not asked about")
    if hit.trimmed and not (subjects[hit.subject].trimmed and hit.algorithm in _OF_PIXELS):
        raise Malformed("a hit on a picture without borders that was not asked about")
    if hit.origin != log.member:
        raise Malformed("a hit that claims to be another's")
    if hit.level is Level.SHARED:
        said = hit.record.origin if hit.record else None
        if said is None or replace(said, epoch=log.epoch) != log:
            raise Malformed("a hit on a shared record names one of the answerer's own log")
    elif (
        hit.level is Level.NATIONAL
        or hit.trimmed
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
        raise Malformed("a hit at hit/no-hit level that says more than that there is one")
