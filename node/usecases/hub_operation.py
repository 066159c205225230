"""What a hub's operator does: invite, carry requests to the authority, suspend, change keys, back up.

Rules this module upholds:

- The operator can invite, carry requests to the authority, and suspend. The operator cannot admit a member.
- The hub's audit log records each act of the operator before it is done, and its outcome after it (`acts`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from node.domain.roster import MemberStatus
from node.domain.token import INVITATION_SECONDS
from node.usecases.acts import perform
from node.usecases.upkeep import check_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Codec
    from node.domain.roster import Roster
    from node.domain.stores import HubStore
    from node.domain.token import Token
    from node.usecases.audit import AuditLog
    from node.usecases.fsck import Report
    from node.usecases.upkeep import Verdict


class Desk(Protocol):
    """The enrolment functions that the operator needs (`node.hub.enrolment`). Blocking."""

    def invite(self, member: MemberId, *, hub: str, enrolment: str, ca_sha256: bytes, lifetime: int) -> Token:
        """A one-time token."""
        ...

    def refuse(self, member: MemberId) -> None:
        """Refuses a pending petition."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The result of a bundle of the authority. `suspensions_unknown`: this hub had no roster before, so it does not
    know whom it had suspended. `root_version`, `root_sha256`: of the root that invitations pin from now on.
    `waiting`: who still waits for the authority.
    """

    roster: Roster
    suspensions_unknown: bool
    root_version: int
    root_sha256: bytes
    root_changed: bool
    waiting: Sequence[MemberId]

    @property
    def suspended(self) -> list[MemberId]:
        """The suspended members, sorted."""
        return sorted(each.id for each in self.roster.members.values() if each.status is MemberStatus.SUSPENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubOperation:
    """Blocking: never on the event loop. `addresses`: the addresses that invitations name (main port, enrolment port).

    `root`: (version, SHA-256) of the root that invitations pin. `request`: what the authority is to sign; `describe`:
    its digits, {"hub_fingerprint", "petitions"}. `make_keys(compromised)`: (digits of the new keys, of the present
    ones); `drop_keys`: whether new keys waited. `make_log_key`: the digits of the hub with a new key of its own log.
    """

    addresses: tuple[str, str]
    ca_sha256: bytes
    store: HubStore
    audit: AuditLog
    desk: Desk
    latest: Callable[[], Roster | None]
    request: Callable[[], bytes]
    accept: Callable[[bytes], Roster]
    suspend_member: Callable[[MemberId, str], None]
    lift: Callable[[MemberId], None]
    make_keys: Callable[[bool], tuple[str, str]]
    drop_keys: Callable[[], bool]
    make_log_key: Callable[[], str]
    make_backup: Callable[[str], Mapping[str, Any]]
    describe: Callable[[], Mapping[str, Any]] = dict
    root: Callable[[], tuple[int, bytes]] = lambda: (0, b"")
    codec: Codec | None = None

    def invite(self, member: MemberId, seconds: int = INVITATION_SECONDS) -> Token:
        """A token for one member, valid for so many seconds."""
        hub, enrolment = self.addresses

        def work() -> Token:
            return self.desk.invite(member, hub=hub, enrolment=enrolment, ca_sha256=self.ca_sha256, lifetime=seconds)

        return perform(self.audit, "invite", work, member=member)

    def requests(self) -> tuple[bytes, Mapping[str, Any]]:
        """The request for the authority to sign, and the digits to compare. This act is recorded, because it closes the
        logs of members that change their keys.
        """
        return perform(self.audit, "requests", self.request), self.describe()

    def admit(self, bundle: bytes) -> Admitted:
        """Puts what the authority signed in force. Raises `PeerFault`, `Refused`."""
        before, former_root = self.latest(), self.root()
        digest = hashlib.sha256(bundle).hexdigest()
        roster = perform(self.audit, "admit", lambda: self.accept(bundle), bundle_sha256=digest)
        root = self.root()
        with self.store.read() as tx:
            waiting = sorted(petition.member for petition in tx.join_requests(state="pending"))
        return Admitted(
            roster=roster,
            suspensions_unknown=before is None and bool(roster.members),
            root_version=root[0],
            root_sha256=root[1],
            root_changed=root != former_root,
            waiting=waiting,
        )

    def suspend(self, member: MemberId, reason: str) -> None:
        """The hub refuses this member from now on. Raises `Misuse`, `NotFound`, `Refused`."""
        perform(self.audit, "suspend", lambda: self.suspend_member(member, reason), member=member, reason=reason)

    def unsuspend(self, member: MemberId) -> None:
        """Lifts a suspension. Raises as `suspend`."""
        perform(self.audit, "unsuspend", lambda: self.lift(member), member=member)

    def refuse(self, member: MemberId) -> None:
        """Refuses a pending petition. Raises `NotFound`."""
        perform(self.audit, "refuse", lambda: self.desk.refuse(member), member=member)

    def new_keys(self, *, compromised: bool) -> tuple[str, str]:
        """Makes new keys, which wait for the authority: (their digits, those of the present keys). `compromised`:
        nothing more is cosigned with the present keys. Raises `Misuse`, `Refused`.
        """
        return perform(self.audit, "rekey", lambda: self.make_keys(compromised), compromised=compromised)

    def drop_new_keys(self) -> bool:
        """Deletes waiting new keys; whether there were any."""
        return perform(self.audit, "drop new keys", self.drop_keys)

    def new_log_key(self) -> str:
        """Makes a key of the hub's own log, which waits for the authority; the digits to compare. Raises `Misuse`,
        `Unavailable`.
        """
        return perform(self.audit, "log key", self.make_log_key)

    def check(self) -> Iterator[Report | Verdict]:
        """Checks the whole store; reads and never repairs (`upkeep.check_all`)."""
        return check_all(self.store, self.latest(), codec=self.codec)

    def backup(self, path: str) -> Mapping[str, Any]:
        """A copy of this hub in one new file, made while it runs: {"path", "files", "roster_version"}."""
        return perform(self.audit, "backup", lambda: self.make_backup(path))
