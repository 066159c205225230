"""What the summary of a search says about hits without a line of their own.

Rules this module upholds:

- Hits that are found but not shown are counted, by the member whose records they are on and by the reason.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import KINDS
from node.domain.matchable import may_match
from node.usecases.crowd import bounded
from node.usecases.sources import MUTED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.queries import MemberOutcome, Subject
    from node.usecases.matching import Found


_COUNTED: Final = tuple(kind for kind in KINDS if kind.from_pixels and not kind.timed)


@dataclass(slots=True, kw_only=True)
class HitTally:
    """Counts over all groups of one search. `left_out`: hits like those shown, or beyond the number shown per member;
    `aside`: hits of members whose hits are hidden, and `standing` why they are. `not_compared`: kind of hash ->
    subjects whose hash of that kind is too weak to search for.
    """

    left_out: Counter[MemberId] = field(default_factory=Counter)
    aside: Counter[MemberId] = field(default_factory=Counter)
    standing: dict[MemberId, str] = field(default_factory=dict)
    not_compared: Counter[str] = field(default_factory=Counter)

    def add(
        self, left_out: Mapping[MemberId, int], aside: Mapping[MemberId, int], standing: Mapping[MemberId, str]
    ) -> None:
        """The fields of one file or one group of subjects, besides its hits."""
        self.left_out.update(left_out)
        self.aside.update(aside)
        self.standing |= standing

    def of(self, found: Found) -> None:
        """The same of one search."""
        left_out: Counter[MemberId] = Counter()
        for (_, member), number in found.left_out.items():
            left_out[member] += number
        self.add(left_out, found.aside, found.sources.standing)

    def asked(self, subjects: Sequence[Subject], floor: int) -> None:
        """Counts the subjects that may fail to match because a hash is weak: by PDQ and by pHash. Frames that tell
        nothing are common and are not counted. `floor`: of quality, in the policy.
        """
        for subject in subjects:
            may = may_match(subject.fingerprints, floor)
            kinds = {each.kind for each, fit in zip(subject.fingerprints, may, strict=True) if not fit}
            self.not_compared.update(kind.name for kind in _COUNTED if kind in kinds)

    def heard(self, outcome: MemberOutcome, muted: Collection[MemberId]) -> None:
        """The same of one member's answer."""
        hits = outcome.answer.hits if outcome.answer else ()
        if outcome.member in muted:
            self.add({}, {outcome.member: len(hits)} if hits else {}, {outcome.member: MUTED})
        elif grouped := bounded(hits)[1]:
            self.add({outcome.member: grouped}, {}, {})
