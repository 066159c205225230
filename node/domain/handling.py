"""Handling: who may read a record, for what purpose, and until when.

Rules this module upholds:

- The audience is everyone, or a literal list fixed at signing; never "everyone except".
- A handling that is not understood withholds the record (promise 8): `Handling.understood` is False for an unknown code
  or a later form.
- Envelope and handling must agree, else the entry is quarantined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.errors import Malformed

if TYPE_CHECKING:
    from node.domain.envelope import Envelope
    from node.domain.ids import MemberId

PURPOSES: Final = ("victim-identification", "investigation", "prosecution", "training")
"""What a record or a query may be used for. `victim-identification` is the default."""
CODES: Final = ("1", "2", "3")
"""INTERPOL handling codes: 1 police use, 2 ask the source before dissemination, 3 special restrictions."""

FREE_CODE: Final = "1"
"""The only code that asks nothing of whoever hands a record on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """`audience` None: all members active when they follow. `retain_until_day`: days since 1970, 0 for none."""

    audience: tuple[MemberId, ...] | None = None
    purposes: tuple[str, ...] = ("victim-identification", "investigation")
    code: str = "1"
    retain_until_day: int = 0
    understood: bool = True

    def admits(self, member: MemberId, owner: MemberId) -> bool:
        """Whether `member` may read a record of `owner`. The owner always may; other members only if the handling is
        understood.
        """
        if member == owner:
            return True
        return self.understood and (self.audience is None or member in self.audience)

    @property
    def admits_anyone(self) -> bool:
        """Whether a copy may lie where anyone may read it: a file has no audience."""
        return self.understood and self.audience is None and self.code == FREE_CODE


def check_agreement(envelope: Envelope, handling: Handling) -> None:
    """Raises `Malformed` unless the public envelope says what the handling says.

    1. open means an audience of everyone; 2. the expiry day is the retention day; 3. a retraction is open to all.
    """
    if handling.understood and envelope.open != (handling.audience is None):
        raise Malformed("an entry and its handling have different audiences")
    if envelope.expiry_day != handling.retain_until_day:
        raise Malformed("an entry and its handling have different expiry days")
    if envelope.kind == Kind.RETRACTION and not envelope.open:
        raise Malformed("a retraction must be readable by all")
