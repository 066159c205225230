"""The terms of a search: the hashes of its subjects, and their kinds.

Rules this module upholds:

- Kinds that were not searched are reported (`searched_kinds`), never omitted silently.
- `domain.matchable` decides which hashes may match.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import KIND_BY_CODE, KINDS, name_of
from node.domain.matchable import may_match
from node.domain.orientations import ORIENTATIONS
from node.domain.queries import MatchRule, SearchedKind, Subject
from node.domain.search_ports import Probe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Sets of codes: every fingerprint of every question is asked for both.
_OPINIONS: Final = frozenset([kind.code for kind in KINDS if kind.second_opinion])
_ORIENTED: Final = frozenset([kind.code for kind in KINDS if kind.oriented])


def matchable(subjects: Sequence[Subject], floor: int) -> list[tuple[bool, ...]]:
    """Which fingerprints of each subject may match (`node.domain.matchable`). `floor`: the policy's, of qualities."""
    return [may_match(subject.fingerprints, floor) for subject in subjects]


def probes_of(
    subjects: Sequence[Subject],
    rule: MatchRule,
    *,
    matching: Sequence[Sequence[bool]],
    abroad: bool = False,
) -> list[Probe]:
    """One probe for each searchable hash, PDQ in every known orientation, and the same for the other variants of a
    picture (`queries.VARIANTS`). pHash, the second opinion, only under the policy's rule and not for another member
    (`abroad`). `matching`: see `matchable`.
    """
    probes: list[Probe] = []
    for number, (subject, mays) in enumerate(zip(subjects, matching, strict=True)):
        opinions, variants = 0, list(subject.variants())
        for fingerprint, may in zip(subject.fingerprints, mays, strict=True):
            second_opinion = fingerprint.code in _OPINIONS
            opinions += second_opinion
            if not may or (second_opinion and (abroad or rule is MatchRule.EXACT)):
                continue
            quality = -1 if fingerprint.quality is None else fingerprint.quality
            turned: tuple[bytes, ...] = (fingerprint.value,)
            variant = 0
            if fingerprint.code in _ORIENTED:
                asked = [each for each in variants if fingerprint.value in each[1][:1]]
                variant, turned = asked[0] if asked else (0, turned)
            elif second_opinion:
                variant = variants[min(opinions, len(variants)) - 1][0]
            first = variant * len(ORIENTATIONS)
            probes += [
                Probe(number, fingerprint.code, value, quality, turn, fingerprint.at)
                for turn, value in enumerate(turned, first)
            ]
    return probes


def searched_kinds(
    subjects: Sequence[Subject],
    versions: Mapping[str, int],
    rule: MatchRule,
    *,
    matching: Sequence[Sequence[bool]],
    abroad: bool = False,
) -> tuple[SearchedKind, ...]:
    """For every kind in the question: whether it was searched, and by which version. If one hash of a kind was searched
    and another was not (its quality is below the floor), the kind is listed both ways. `abroad`: for another member, to
    whom pHash, the second opinion, gives no hit; pHash has no exact rule anywhere. `matching`: as for `probes_of`.
    """
    asked = frozenset(
        (fingerprint.code, may)
        for subject, mays in zip(subjects, matching, strict=True)
        for fingerprint, may in zip(subject.fingerprints, mays, strict=True)
    )
    return _searched_kinds(asked, tuple(versions.items()), rule is MatchRule.POLICY and not abroad)


def expected_kinds(subjects: Sequence[Subject], floor: int) -> frozenset[str]:
    """The kinds of fingerprint in a question that every member searches for another."""
    searched = {f.code for subject in subjects for f in subject.fingerprints if f.may_match(floor)}
    return frozenset([name_of(code) for code in searched - _OPINIONS])


@lru_cache(maxsize=64)
def _searched_kinds(
    asked: frozenset[tuple[int, bool]],
    known: tuple[tuple[str, int], ...],
    second_opinion: bool,  # noqa: FBT001  (whether pHash counts)
) -> tuple[SearchedKind, ...]:
    """The same for most questions. `asked`: (code, whether it may match) of the question's hashes."""
    versions, seen = dict(known), set[tuple[str, int, bool]]()
    for code, searchable in asked:
        kind = KIND_BY_CODE.get(code)
        name = name_of(code)
        counts = second_opinion or kind is None or not kind.second_opinion
        searched = searchable and name in versions and counts
        seen.add((name, versions.get(name, 0), searched))
    return tuple([SearchedKind(name=name, version=version, searched=done) for name, version, done in sorted(seen)])
