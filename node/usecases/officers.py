"""Who may work with this home: officers are registered, disabled, and found by the account that calls.

Rules this module upholds:

- The kernel says which account calls; a name that an account gives is only a wish. Only the owner of the home, and
  root, may work for another officer, and only for one who is registered.
- Fail closed: a disabled officer and an account without an officer are refused. While nobody is registered, every
  account that can open a socket of the home works as an investigator, as before there were officers.
- The owner of the home cannot be locked out: its account is always that of an administrator (of a hub: an operator).
- Each call looks again, so a change counts from the next command on. The audit log records each change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.caller import Caller, Role, officer_name
from node.domain.officers import MAX_OFFICERS
from node.domain.texts import skeleton
from node.errors import Misuse, NotFound, Overloaded, Refused
from node.usecases.acts import perform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.caller import Claim
    from node.domain.officers import Officer, OfficerReader
    from node.domain.ports import Clock
    from node.domain.stores import LogStore
    from node.usecases.audit import AuditLog
    from node.usecases.desk_sessions import DeskSessions

ROOT: Final = 0


class Accounts(Protocol):
    """The Unix accounts of this machine."""

    def uid_of(self, name: str) -> int:
        """Raises `NotFound` for an unknown account, `Misuse` for one that several people can be."""
        ...

    def name_of(self, uid: int) -> str:
        """Its name; for an account without one, words with its number. Never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeKind:
    """`roles`: those of this home; the first is the owner's. `others`: the role of an account of the group while nobody
    is registered; None: refused. `command`: what an administrator types before `add`.
    """

    roles: Sequence[Role]
    others: Role | None
    command: str


class Officers:
    """For one home. Blocking: never on the event loop. `owner`: the user id that owns the home; `desk_account`: that of
    the desk, if it has one of its own.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        audit: AuditLog,
        clock: Clock,
        accounts: Accounts,
        owner: int,
        kind: HomeKind,
        sessions: DeskSessions,
        desk_account: int | None = None,
    ) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._accounts = accounts
        self._owner = owner
        self._kind = kind
        self._sessions = sessions
        self._desk_account = desk_account

    # --- who calls ----------------------------------------------------------------------------------------------------

    def caller(self, claim: Claim) -> Caller:
        """Who makes this call. Raises `Refused`, with what to do."""
        if claim.session is not None:
            return self._at_desk(claim.uid, claim.session)
        with self._store.read() as tx:
            own = self._of_owner(tx, claim) if self._owns(claim.uid) else self._of_account(tx, claim.uid)
            if claim.officer in ("", own.name):
                return own
            if not own.owner:
                raise Refused(
                    "your account may not work for another officer",
                    remedy="leave out --officer, and unset VIGIL_OFFICER",
                )
            named = self._registered(tx, claim.officer)
        return Caller(name=named.name, role=named.role, account=self._accounts.name_of(claim.uid))

    def _at_desk(self, uid: int, session: bytes) -> Caller:
        """The officer of a session. Only the account of the desk may name one."""
        if not self._owns(uid) and uid != self._desk_account:
            raise Refused(
                "your Unix account is not that of the desk",
                remedy="run the desk as the owner of the home, or name its account as desk_account in vigil.toml",
            )
        return self._sessions.caller(session, self._accounts.name_of(uid))

    def _owns(self, uid: int) -> bool:
        return uid in (self._owner, ROOT)

    def _of_owner(self, tx: OfficerReader, claim: Claim) -> Caller:
        head = self._kind.roles[0]
        known = tx.officer_of(claim.uid)
        # An account can come to own the home after it was registered. It keeps no lesser role then.
        if known is not None and known.role is head and not known.disabled:
            return Caller(name=known.name, role=head, owner=True)
        return Caller(name=self._accounts.name_of(claim.uid), role=head, owner=True)

    def _of_account(self, tx: OfficerReader, uid: int) -> Caller:
        known = tx.officer_of(uid)
        if known is not None:
            return Caller(name=_enabled(known, self._kind).name, role=known.role)
        if self._kind.others is not None and not tx.count_officers():
            return Caller(name=self._accounts.name_of(uid), role=self._kind.others)
        raise Refused(
            "your Unix account is not that of a registered officer",
            remedy=f"ask the administrator: {self._kind.command} add NAME --role ROLE --user UNIXUSER",
        )

    def _registered(self, tx: OfficerReader, name: str) -> Officer:
        known = tx.officer(name)
        if known is None:
            raise Refused(
                "no officer of this name is registered here",
                remedy=f"{self._kind.command} list names them, {self._kind.command} add NAME --role ROLE adds one; to "
                "work as your own account, leave out --officer and unset VIGIL_OFFICER",
            )
        return _enabled(known, self._kind)

    # --- the register -------------------------------------------------------------------------------------------------

    def listed(self) -> list[tuple[Officer, str]]:
        """All officers by name, each with the name of the Unix account, "" for none."""
        with self._store.read() as tx:
            found = tx.officers()
        return [(each, "" if each.uid is None else self._accounts.name_of(each.uid)) for each in found]

    def add(self, name: str, role: str, user: str) -> tuple[Officer, str]:
        """Registers an officer; `user`: the name of the Unix account, "" for none. Returns it as `listed` does.

        Raises `Malformed` for a bad name, `NotFound` for an unknown account, `Misuse` for a role of another home, a
        name or an account that is taken, and a role that would say less than the owner's account can do.
        """
        name = officer_name(name)
        wanted = self._role(role)
        uid = self._accounts.uid_of(user) if user else None
        if uid is not None and self._owns(uid) and wanted is not self._kind.roles[0]:
            raise Misuse(
                f"this Unix account owns the home, so its role is {self._kind.roles[0]}",
                remedy=f"give --role {self._kind.roles[0]}, or give the officer an account without access to the home",
            )

        if name == self._accounts.name_of(self._owner) and uid != self._owner:
            raise Misuse(
                "the audit log names the account that owns the home so", remedy="give the officer another name"
            )

        def work() -> Officer:
            with self._store.write() as tx:
                known = tx.officers()
                if len(known) >= MAX_OFFICERS:
                    raise Overloaded(f"this home has {MAX_OFFICERS:,} officers already", remedy="enable a former one")
                if any(skeleton(each.name) == skeleton(name) and each.name != name for each in known):
                    raise Misuse(
                        "this name can be taken for that of another officer", remedy="write a name that differs more"
                    )
                return tx.add_officer(name, wanted, uid, int(self._clock()))

        made = perform(self._audit, "officer-add", work, named=name, named_role=wanted.value)
        return made, user

    def set_disabled(self, name: str, *, disabled: bool) -> bool:
        """Disables or enables an officer; whether this changed anything. The sessions of a disabled officer count no
        more. Raises `NotFound`.
        """
        with self._store.read() as tx:
            known = tx.officer(name.strip())
        if known is None:
            raise NotFound("no officer of this name is registered here", remedy=f"{self._kind.command} list names them")

        def work() -> bool:
            with self._store.write() as tx:
                return tx.set_officer_disabled(known.id, int(self._clock()), disabled=disabled)

        return perform(self._audit, "officer-disable" if disabled else "officer-enable", work, named=known.name)

    def _role(self, text: str) -> Role:
        for role in self._kind.roles:
            if role == text:
                return role
        raise Misuse("this home has no such role", remedy=f"give one of {', '.join(self._kind.roles)}")


def _enabled(officer: Officer, kind: HomeKind) -> Officer:
    """The officer. Raises `Refused` if it is disabled."""
    if officer.disabled:
        raise Refused("this officer is disabled", remedy=f"ask the administrator: {kind.command} enable NAME")
    return officer
