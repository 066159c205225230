"""Who runs a command. The caller is sent beside the command and is not an argument of it, so no command can set it.

Rules this module upholds:

- A name is one line of printable text.
- Work that no person started has no name and no role.
- A `Claim` has what the kernel says of an account, and what its user says. A `Caller` is made of a claim by
  `usecases.officers` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from node.domain.texts import checked_text

MAX_OFFICER: Final = 128
"""Most characters of an officer's name."""


class Role(StrEnum):
    """What an officer is for. `domain.rights` says what each role may do, and which roles a node and a hub have."""

    INVESTIGATOR = "investigator"
    MEDIA_REVIEWER = "media-reviewer"
    RELEASER = "releaser"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`uid`: of the Unix account that calls, as the kernel says. `officer`: the officer for whom the account says that
    it works; "" for its own. `session`: the token of a session, if the desk calls; b"": nobody has signed in; None: not
    the desk.
    """

    uid: int
    officer: str = ""
    session: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`name` and `role`: of the officer for whom the work is done; "" and None if no person runs it.

    `account`: the Unix account, if it works for another officer. `owner`: the account owns the home and works for
    itself, so it may run every command. `by_desk`: the desk calls. `session`: the number of its session, 0 if nobody
    has signed in. `fresh`: the officer has shown a factor of the sign-in a moment ago.
    """

    name: str = ""
    role: Role | None = None
    account: str = ""
    owner: bool = False
    by_desk: bool = False
    session: int = 0
    fresh: bool = False


NOBODY: Final = Caller()


def officer_name(text: str) -> str:
    """`text` as the name of an officer, without surrounding spaces. Raises `Malformed`."""
    return checked_text(text.strip(), MAX_OFFICER, "the name of an officer")
