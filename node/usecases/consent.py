"""Sharing or retracting many records at once needs a person's explicit consent.

Rules this module upholds:

- Up to `ASK_ABOVE` records need no question. For more, the command says how many, and needs a yes.
- A yes to a plan covers that plan only, however few its records: a digest names it. Another plan is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Iterable

ASK_ABOVE: Final = 10
"""How many records one command shares or retracts without a yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """`yes`: consent to any plan; `plan`: consent to the plan with this digest (hex), "" for none. `members`: to how
    many members it goes, as the person typed it; None: not typed.
    """

    yes: bool = False
    plan: str = ""
    members: int | None = None


def plan_digest(parts: Iterable[str]) -> str:
    """The name of a plan: hex, 32 digits, over everything that it would do."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(4, "big") + data)
    return digest.hexdigest()[:32]


def asks(consent: Consent, records: int, above: int = ASK_ABOVE) -> bool:
    """Whether a person must be asked before so many records are shared or retracted."""
    return records > above and not consent.yes and not consent.plan


def require_members(consent: Consent, members: int) -> None:
    """Raises `Misuse` if the person typed another number of members than `members`, to whom it goes."""
    if consent.members is not None and consent.members != members:
        raise Misuse(
            f"the number of members is not {consent.members}: nothing was shared",
            remedy="count the members that are named, and type how many they are",
        )


def require_consent(consent: Consent, records: int, digest: str, doing: str, above: int = ASK_ABOVE) -> None:
    """Raises `Misuse` if `records` records would change without a yes. `doing`: "share" or "retract"; `above`: how many
    need none.
    """
    if asks(consent, records, above):
        raise Misuse(
            f"this would {doing} {records:,} records, and more than {above} need a yes",
            remedy="see them with --dry-run; then run the command with --yes",
        )
    if consent.plan and not consent.yes and consent.plan != digest:
        raise Misuse(
            f"what this would {doing} has changed since it was shown: now {records:,} records",
            remedy="run the command again",
        )
