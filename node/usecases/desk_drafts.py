"""Drafts: what an officer has begun to write at the desk survives the end of the session.

Rules this module upholds:

- A draft belongs to the caller. Nobody else reads it, and the audit log does not have it.
- It is deleted when its form was sent, and after some time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from node.domain.desk_sessions import DRAFT_SECONDS, MAX_DRAFT
from node.errors import Misuse, Refused
from node.usecases.acting import caller

if TYPE_CHECKING:
    from node.domain.ports import Clock
    from node.domain.stores import LogStore

_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_:#-]{0,199}")


class DeskDrafts:
    """Of one home. Blocking: never on the event loop."""

    def __init__(self, *, store: LogStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def read(self, form: str) -> str:
        """The caller's draft of this form, "" for none."""
        with self._store.read() as tx:
            return tx.desk_draft(self._officer(), _checked(form))

    def save(self, form: str, text: str) -> None:
        """Keeps the caller's draft; "" deletes it. Durable on return. Raises `Misuse` for one that is too long."""
        if len(text.encode()) > MAX_DRAFT:
            raise Misuse(f"a draft has at most {MAX_DRAFT:,} bytes", remedy="send a part of it first")
        officer, now = self._officer(), int(self._clock())
        with self._store.write() as tx:
            tx.forget_desk_drafts(now - DRAFT_SECONDS)
            tx.put_desk_draft(officer, _checked(form), text, now)
        if not text:
            self._store.scrub()

    def _officer(self) -> int:
        who = caller()
        with self._store.read() as tx:
            session = tx.desk_session_numbered(who.session) if who.session else None
        if session is None:
            raise Refused("drafts are for officers at the desk", remedy="sign in at the desk")
        return session.officer


def _checked(form: str) -> str:
    if not _FORM.fullmatch(form):
        raise Misuse("this is no name of a form", remedy="load the page again")
    return form
