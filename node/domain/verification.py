"""Verification: what other members say about a record, counted.

Rules this module upholds:

- A member counts once, by its newest opinion on any version of the record. The owner of the record does not count.
- Only active members count. Opinions of suspended members are counted apart, and those of former members not at all.
- A count is a lead for a person. It changes no record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.statements import Tri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import MemberId
    from node.domain.statements import Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """`confirmed`, `disputed`: the active members that say so, in order. `verified_as`: the categories that those which
    confirm give, each with the number of members, most first. `suspended`: suspended members that have an opinion.
    `baseline`: how many of `confirmed` do not say that the record is outside the baseline; `baseline_needed`: how many
    the policy asks for.
    """

    confirmed: Sequence[MemberId] = ()
    disputed: Sequence[MemberId] = ()
    verified_as: Sequence[tuple[Category, int]] = ()
    suspended: Sequence[MemberId] = ()
    baseline: int = 0
    baseline_needed: int = 0

    def is_baseline_unconfirmed(self, category: Category | None) -> bool:
        """Whether the owner states this category within the baseline, and too few members confirm it."""
        return category is not None and category.baseline is Tri.YES and self.baseline < self.baseline_needed
