"""Sessions of the desk, the one-time codes that open one, and drafts. The values, and the port of the store.

Rules this module upholds:

- The store has the SHA-256 of a token or a code, never the token: whoever reads the database can sign in as nobody.
- A session ends by its age, by standing idle, by its officer, by an administrator, and with its officer.
- A code is used once.
- A draft is of one officer and one form. It is a secret like the note that it will be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN_BYTES: Final = 32
IDLE_SECONDS: Final = 15 * 60
LIFE_SECONDS: Final = 10 * 3_600
FRESH_SECONDS: Final = 5 * 60
"""How long a factor counts for work that gives something away."""
CODE_SECONDS: Final = 15 * 60
MAX_SESSIONS: Final = 8
"""Live sessions of one officer; one more ends the oldest."""
MAX_DRAFT: Final = 64 * 1024
"""Bytes of one draft."""
MAX_DRAFTS: Final = 100
"""Of one officer; one more replaces the oldest."""
DRAFT_SECONDS: Final = 30 * 86_400
"""How long a draft is kept."""
MAX_CODES: Final = 1_000
"""Codes that wait, in one home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSession:
    """Times in Unix seconds. `officer`: the id of the officer. `method`: how the officer signed in. `factor_at`: when a
    factor was last shown. `ended_at`: 0 while nobody ended it; its age is looked at apart.
    """

    id: int
    officer: int
    method: str
    made_at: int
    seen_at: int
    factor_at: int
    ended_at: int = 0

    @property
    def ends_at(self) -> int:
        """When it ends at the latest."""
        return self.made_at + LIFE_SECONDS

    @property
    def idle_until(self) -> int:
        """When it ends without activity."""
        return min(self.seen_at + IDLE_SECONDS, self.ends_at)

    @property
    def fresh_until(self) -> int:
        """Until when the last factor counts."""
        return self.factor_at + FRESH_SECONDS

    def is_live(self, now: float) -> bool:
        """Whether it counts now."""
        return not self.ended_at and now < self.idle_until


class DeskSessionReader(Protocol):
    """Reads sessions."""

    def desk_session(self, token_sha256: bytes) -> DeskSession | None:
        """The session with this token, whether it is live or not."""
        ...

    def desk_session_numbered(self, number: int) -> DeskSession | None:
        """The session with this id, whether it is live or not."""
        ...

    def desk_sessions(self, officer: int = 0) -> list[DeskSession]:
        """Those that nobody ended, by id; of one officer, if given."""
        ...

    def count_desk_codes(self) -> int:
        """Of codes that are kept."""
        ...

    def desk_draft(self, officer: int, form: str) -> str:
        """What an officer has begun to write into a form, "" for nothing."""
        ...


class DeskSessionWriter(DeskSessionReader, Protocol):
    """Writes sessions and codes."""

    def add_desk_session(self, token_sha256: bytes, officer: int, method: str, now: int) -> DeskSession:
        """A new session, with a factor shown now."""
        ...

    def touch_desk_session(self, session: int, *, seen_at: int = 0, factor_at: int = 0) -> None:
        """Sets the times that are given."""
        ...

    def end_desk_sessions(self, sessions: Sequence[int], now: int) -> int:
        """Ends these; how many of them nobody had ended."""
        ...

    def add_desk_code(self, code_sha256: bytes, officer: int, now: int) -> None:
        """A code that opens a session of this officer."""
        ...

    def take_desk_code(self, code_sha256: bytes, now: int) -> int | None:
        """The officer of this code if it is not too old, and deletes it; None if there is no such code."""
        ...

    def put_desk_draft(self, officer: int, form: str, text: str, now: int) -> None:
        """Replaces the draft; "" deletes it. Beyond `MAX_DRAFTS` the oldest ones of the officer are deleted. The caller
        scrubs.
        """
        ...

    def forget_desk_drafts(self, before: int) -> int:
        """Deletes drafts saved before this Unix second; returns how many. The caller scrubs."""
        ...

    def forget_desk(self, before: int) -> int:
        """Deletes sessions and codes made before this Unix second; returns how many."""
        ...
