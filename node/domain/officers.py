"""The officers of a home: the people who may work with it, by name, role and Unix account.

Rules this module upholds:

- A name and an account belong to one officer each. An officer may have no account: the owner of the home then works for
  this officer.
- An officer is never removed, only disabled, because the audit log names the officer for years.
- The name of an officer is no secret, and reaches the audit log. It reaches no other log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from node.domain.caller import Role

MAX_OFFICERS: Final = 10_000
"""Most officers of a home. Each call reads one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """`uid`: of the officer's Unix account; None without one. `added_at`, `changed_at`: Unix seconds."""

    id: int
    name: str
    role: Role
    uid: int | None = None
    disabled: bool = False
    added_at: int
    changed_at: int


class OfficerReader(Protocol):
    """Reads officers."""

    def officers(self) -> list[Officer]:
        """All, sorted by name."""
        ...

    def count_officers(self) -> int:
        """Of all, the disabled ones too."""
        ...

    def officer(self, name: str) -> Officer | None: ...

    def officer_of(self, uid: int) -> Officer | None:
        """The officer with this account."""
        ...


class OfficerWriter(OfficerReader, Protocol):
    """Writes officers."""

    def add_officer(self, name: str, role: Role, uid: int | None, now: int) -> Officer:
        """Raises `Misuse`, and changes nothing, if the name or the account belongs to an officer already."""
        ...

    def set_officer_disabled(self, officer_id: int, now: int, *, disabled: bool) -> bool:
        """Whether this changed anything. A change moves `changed_at` to `now`."""
        ...
