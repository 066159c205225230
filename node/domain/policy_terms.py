"""The numbers of a policy by name: their ranges, and how a person changes them.

Rules this module upholds:

- A range is defined once, here or in `limits`; reading a policy and changing one check the same range.
- A changed policy has the next version. An unchanged policy keeps its version.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from node.domain.limits import ranges
from node.domain.roster import MAX_SKEW_SECONDS, PDQ_RADIUS_CAP, Policy
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PER_MINUTE: Final = 1_000_000
MAX_BUDGET_SECONDS: Final = 3_600.0
NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "pdq_radius": (0, PDQ_RADIUS_CAP),
    "pdq_quality_floor": (0, 100),
    "skew_seconds": (1, MAX_SKEW_SECONDS),
    "max_query_fingerprints": (1, MAX_PER_MINUTE),
    "query_cost_per_minute": (1, MAX_PER_MINUTE),
}
"""Whole numbers of a policy besides its limits: the lowest and the highest value that the code allows."""
BUDGET: Final = "query_budget_seconds"
BUDGET_RANGE: Final = (0.001, MAX_BUDGET_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One number of a policy, its default and its range."""

    name: str
    value: int | float
    default: int | float
    low: int | float
    high: int | float


def terms(policy: Policy) -> list[Term]:
    """All numbers of a policy, in display order."""
    plain = Policy()
    found = [
        Term(name=name, value=getattr(policy, name), default=getattr(plain, name), low=low, high=high)
        for name, (low, high) in {**NUMBERS, BUDGET: BUDGET_RANGE}.items()
    ]
    return found + [
        Term(name=name, value=getattr(policy.limits, name), default=default, low=low, high=high)
        for name, default, low, high in ranges()
    ]


def changed(policy: Policy, changes: Mapping[str, str]) -> Policy:
    """The policy with these numbers, given as a person writes them. Raises `Misuse` for an unknown name, for a value
    that is not a number, and for one outside the range.
    """
    known = {term.name: term for term in terms(policy)}
    own: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for name, text in changes.items():
        if name not in known:
            raise Misuse(
                f"a policy has no number called {name!r}", remedy="see all of them with `vigil authority policy`"
            )
        of_policy = name in NUMBERS or name == BUDGET
        (own if of_policy else limits)[name] = _number(known[name], text)
    fresh = replace(policy, **own, limits=replace(policy.limits, **limits))
    return policy if fresh == policy else replace(fresh, version=policy.version + 1)


def _number(term: Term, text: str) -> int | float:
    try:
        value: int | float = float(text) if term.name == BUDGET else int(text)
    except ValueError:
        value = math.nan
    if not term.low <= value <= term.high:
        kind = "a number" if term.name == BUDGET else "a whole number"
        raise Misuse(f"{term.name} is {kind} from {term.low} to {term.high}", remedy="choose one in this range")
    return value


def differences(before: Policy, after: Policy) -> list[tuple[str, int | float, int | float]]:
    """(name, former, new) of the numbers that differ."""
    former = {term.name: term.value for term in terms(before)}
    return [(term.name, former[term.name], term.value) for term in terms(after) if former[term.name] != term.value]
