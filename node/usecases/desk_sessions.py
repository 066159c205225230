"""Officers at the desk: invited with a one-time code, signed in, and found by the token of their session.

Rules this module upholds:

- Each call looks again: a session that ended, an officer who was disabled and a role that changed count from the next
  command on.
- The token comes beside a command and is looked up once, when the caller is found. Commands know the number of the
  session alone.
- The desk's process has no right of its own: without a session it may sign somebody in, and nothing else.
- The audit log records who was invited, who signed in and how, and who was signed out. It has no token and no code.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.caller import Caller
from node.domain.desk_sessions import MAX_CODES, MAX_SESSIONS, TOKEN_BYTES
from node.domain.envelope import Kind
from node.domain.rights import RIGHTS
from node.errors import NotFound, Overloaded, Refused
from node.usecases.acting import acting_for, caller
from node.usecases.acts import perform
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.desk_sessions import DeskSession
    from node.domain.officers import Officer
    from node.domain.ports import Clock
    from node.domain.rights import Work
    from node.domain.stores import LogStore, LogStoreReader
    from node.usecases.audit import AuditLog

CODE_METHOD: Final = "one-time code"
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters without those that people confuse: 0 and O, 1 and I."""
_CODE_CHARACTERS: Final = 20
"""100 random bits: nobody guesses a code, so wrong tries need no count."""
_GROUP: Final = 5
_TOUCH_SECONDS: Final = 20
"""A session's activity is written at most this often: a held key makes ten requests a second."""
_KEPT_SECONDS: Final = 90 * 86_400
"""How long ended sessions are kept, for the administrator's list of who was here."""
_ENDED: Final = "this session has ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The home that a desk belongs to. `member`: "" at a hub. `is_exercise`: nothing here is real. `has_previews`: the
    node makes previews of what it takes in.
    """

    role: str
    federation: str
    member: str
    name: str
    is_exercise: bool
    has_previews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session with its officer. `works`: what the officer may do."""

    session: DeskSession
    officer: Officer
    works: frozenset[Work]


class DeskSessions:
    """Of one home. Blocking: never on the event loop. `random(n)`: n secret random bytes. `place`: for the pages."""

    def __init__(
        self, *, store: LogStore, audit: AuditLog, clock: Clock, random: Callable[[int], bytes], place: Place
    ) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._random = random
        self.place = place

    # --- finding the officer of a call --------------------------------------------------------------------------------

    def caller(self, token: bytes, account: str) -> Caller:
        """Who calls through the desk, which runs as this Unix account. b"": nobody has signed in. Raises `Refused` for
        a session that has ended.
        """
        if not token:
            return Caller(account=account, by_desk=True)
        with self._store.read() as tx:
            found = self._signed_in(tx, tx.desk_session(_digest(token)))
        now = self._clock()
        return Caller(
            name=found.officer.name,
            role=found.officer.role,
            account=account,
            by_desk=True,
            session=found.session.id,
            fresh=now < found.session.fresh_until,
        )

    def look(self, *, is_activity: bool) -> SignedIn:
        """The session of the caller, and its officer. `is_activity`: the officer did something, so the session goes on.
        Raises `Refused` if it has ended.
        """
        now, number = int(self._clock()), caller().session
        with self._store.read() as tx:
            found = self._signed_in(tx, tx.desk_session_numbered(number))
        if is_activity and now - found.session.seen_at >= _TOUCH_SECONDS:
            with self._store.write() as tx:
                tx.touch_desk_session(number, seen_at=now)
                found = self._signed_in(tx, tx.desk_session_numbered(number))
        return found

    def _signed_in(self, tx: LogStoreReader, session: DeskSession | None) -> SignedIn:
        if session is None or not session.is_live(self._clock()):
            raise Refused(_ENDED, remedy="sign in again")
        officer = next((each for each in tx.officers() if each.id == session.officer), None)
        if officer is None or officer.disabled:
            raise Refused(_ENDED, remedy="ask your administrator: you are not an active officer here")
        return SignedIn(session=session, officer=officer, works=RIGHTS[officer.role])

    # --- codes --------------------------------------------------------------------------------------------------------

    def invite(self, name: str) -> str:
        """A one-time code for an officer, as people write it. Raises `NotFound`, `Refused` for a disabled officer,
        `Overloaded`.
        """
        with self._store.read() as tx:
            officer = tx.officer(name.strip())
        if officer is None:
            raise NotFound("no officer of this name is registered here", remedy="add the officer first")
        if officer.disabled:
            raise Refused("this officer is disabled", remedy="enable the officer first")
        code = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in self._random(_CODE_CHARACTERS))

        def work() -> None:
            now = int(self._clock())
            with self._store.write() as tx:
                if tx.count_desk_codes() >= MAX_CODES:
                    raise Overloaded(f"{MAX_CODES:,} codes wait already", remedy="wait until some are too old")
                tx.add_desk_code(_digest(code.encode()), officer.id, now)

        perform(self._audit, "desk-invite", work, named=officer.name)
        return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))

    def sign_in_by_code(self, code: str) -> tuple[bytes, SignedIn]:
        """A new session and its token, for a one-time code. Raises `Refused`."""
        officer = self._officer_of_code(code)
        token = self._random(TOKEN_BYTES)
        now = int(self._clock())
        with self._store.write() as tx:
            tx.forget_desk(now - _KEPT_SECONDS)
            # A crash before the end of this block leaves a used code and no session: the officer asks for another code.
            session = tx.add_desk_session(_digest(token), officer.id, CODE_METHOD, now)
            live = [each for each in tx.desk_sessions(officer.id) if each.is_live(now)]
            tx.end_desk_sessions([each.id for each in live[:-MAX_SESSIONS]], now)
        self._record("signed in", officer, session.id, method=CODE_METHOD)
        return token, SignedIn(session=session, officer=officer, works=RIGHTS[officer.role])

    def factor_by_code(self, code: str) -> SignedIn:
        """A one-time code of the same officer as a factor within the caller's session. Raises `Refused`."""
        found = self.look(is_activity=True)
        if self._officer_of_code(code).id != found.officer.id:
            raise Refused("this code is for another officer", remedy="ask your administrator for a code of your own")
        with self._store.write() as tx:
            tx.touch_desk_session(found.session.id, factor_at=int(self._clock()))
        self._record("factor shown", found.officer, found.session.id, method=CODE_METHOD)
        return self.look(is_activity=False)

    def _officer_of_code(self, code: str) -> Officer:
        typed = "".join(each for each in code.upper() if each.isalnum())
        with self._store.write() as tx:
            number = tx.take_desk_code(_digest(typed.encode()), int(self._clock()))
            officer = next((each for each in tx.officers() if each.id == number), None)
        if officer is None or officer.disabled:
            raise Refused("this code is not valid, or was used already", remedy="ask your administrator for a new code")
        return officer

    # --- ending -------------------------------------------------------------------------------------------------------

    def sign_out(self) -> None:
        """Ends the caller's session. Raises `Refused` if it has ended before."""
        found = self.look(is_activity=False)
        with self._store.write() as tx:
            tx.end_desk_sessions([found.session.id], int(self._clock()))
        self._record("signed out", found.officer, found.session.id)

    def live(self) -> list[SignedIn]:
        """Every live session, by officer."""
        now = self._clock()
        with self._store.read() as tx:
            officers = {each.id: each for each in tx.officers()}
            found = [each for each in tx.desk_sessions() if each.is_live(now) and each.officer in officers]
        made = [SignedIn(session=each, officer=officers[each.officer], works=frozenset()) for each in found]
        return sorted(made, key=lambda each: (each.officer.name, each.session.id))

    def revoke(self, sessions: Sequence[int], officer: str) -> int:
        """Ends these sessions, or all of an officer; how many were live. Raises `NotFound` if there is none."""
        live = [each for each in self.live() if each.session.id in sessions or each.officer.name == officer.strip()]
        if not live:
            raise NotFound("there is no such session", remedy="`vigil desk sessions` lists those that are open")

        def work() -> int:
            with self._store.write() as tx:
                return tx.end_desk_sessions([each.session.id for each in live], int(self._clock()))

        return perform(self._audit, "desk-revoke", work, named=sorted({each.officer.name for each in live}))

    def _record(self, what: str, officer: Officer, session: int, **about: object) -> None:
        """An entry in the audit log about an officer at the desk. Durable on return."""
        who = Caller(name=officer.name, role=officer.role, account=caller().account)
        body = {"what": f"desk: {what}", "session": session, **about, "at": int(self._audit.clock())}
        with acting_for(who):
            self._audit.append(AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body=body))


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
