"""What the summary of a search says about hits without a line of their own.

Rules this module upholds:

- Hits that are found but not shown are counted, by the member whose records they are on and by the reason.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from node.control.hit_lines import aside_line
from node.domain.fingerprint_kinds import KINDS
from node.domain.matchable import may_match
from node.usecases.crowd import bounded
from node.usecases.sources import MUTED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.control.runner import Line
    from node.domain.ids import MemberId
    from node.domain.queries import MemberOutcome, Subject
    from node.usecases.matching import Found


_COUNTED: Final = tuple(kind for kind in KINDS if kind.from_pixels and not kind.timed)


class Tally:
    """Counts over all groups of one search."""

    def __init__(self) -> None:
        self._left_out: Counter[MemberId] = Counter()
        self._aside: Counter[MemberId] = Counter()
        self._standing: dict[MemberId, str] = {}
        self._not_compared: Counter[str] = Counter()

    def add(
        self, left_out: Mapping[MemberId, int], aside: Mapping[MemberId, int], standing: Mapping[MemberId, str]
    ) -> None:
        """The fields of one file or one group of subjects, besides its lines."""
        self._left_out.update(left_out)
        self._aside.update(aside)
        self._standing |= standing

    def of(self, found: Found) -> None:
        """The same of one search."""
        left_out: Counter[MemberId] = Counter()
        for (_, member), number in found.left_out.items():
            left_out[member] += number
        self.add(left_out, found.aside, found.sources.standing)

    def asked(self, subjects: Sequence[Subject], floor: int) -> None:
        """How many of these subjects may fail to match because of a weak PDQ or pHash. `floor`: quality floor."""
        for subject in subjects:
            may = may_match(subject.fingerprints, floor)
            kinds = {each.kind for each, fit in zip(subject.fingerprints, may, strict=True) if not fit}
            self._not_compared.update(kind.name for kind in _COUNTED if kind in kinds)

    def not_compared(self) -> Line:
        """{"not_compared": kind of hash -> subjects whose hash of that kind is too weak to search for}."""
        return {"not_compared": dict(self._not_compared)}

    def heard(self, outcome: MemberOutcome, muted: Collection[MemberId]) -> None:
        """The same of one member's answer."""
        hits = outcome.answer.hits if outcome.answer else ()
        if outcome.member in muted:
            self.add({}, {outcome.member: len(hits)} if hits else {}, {outcome.member: MUTED})
        elif grouped := bounded(hits)[1]:
            self.add({outcome.member: grouped}, {}, {})

    def line(self) -> Line:
        """{"grouped": hits like those shown, or beyond the number shown per member; "grouped_by_member", "muted",
        "suspended": by member}.
        """
        return {
            "grouped": self._left_out.total(),
            "grouped_by_member": dict(sorted(self._left_out.items())),
            **aside_line(self._aside, self._standing),
        }
