"""The hub operator's commands: invite, members, requests, admit, suspend, rekey, backup, status, fsck.

Rules this module upholds:

- The operator can invite, carry requests to the authority, and suspend. The operator cannot admit a member.
- A member at a limit of the policy is shown with an alarm and its remedy.
- Each member or petitioner is shown with the values that a person compares or acts on.
- The hub's audit log records each act of the operator before it is done, and its outcome after it (`usecases.acts`).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from node.control.arguments import Arguments
from node.control.node_commands import fsck_lines
from node.control.usage_lines import quota_alarms, usage_line
from node.domain.batch import BodyState
from node.domain.ids import member_id, spoken
from node.domain.limits import Limits
from node.domain.roster import MemberStatus
from node.domain.token import INVITATION_SECONDS, format_token
from node.errors import Misuse
from node.usecases.acts import perform
from node.usecases.outliers import Sameness

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from node.control.runner import Line
    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogState
    from node.domain.ports import Clock
    from node.domain.roster import Roster
    from node.domain.stores import HubStore, HubStoreReader
    from node.domain.token import Token
    from node.usecases.audit import AuditLog

T = TypeVar("T")


class Desk(Protocol):
    """The enrolment functions that the operator needs (`node.hub.enrolment`). Blocking."""

    def invite(self, member: MemberId, *, hub: str, enrolment: str, ca_sha256: bytes, lifetime: int) -> Token:
        """A one-time token."""
        ...

    def refuse(self, member: MemberId) -> None:
        """Refuses a pending petition."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HubCommands:
    """`addresses`: the addresses that invitations name (main port, enrolment port). Callables may block.

    `refused`: how often a member was refused today, by limit. `at_once`: its questions under way, and their bytes.
    `describe`: the digits of a request: {"hub_fingerprint", "petitions"}. `root`: (version, SHA-256) of the root that
    invitations pin.
    """

    federation: str
    addresses: tuple[str, str]
    ca_sha256: bytes
    store: HubStore
    audit: AuditLog
    desk: Desk
    latest: Callable[[], Roster | None]
    authority_until: Callable[[], float | None]
    request: Callable[[], bytes]
    accept: Callable[[bytes], Roster]
    suspend_member: Callable[[MemberId, str], None]
    lift: Callable[[MemberId], None]
    attending: Callable[[], frozenset[MemberId]]
    claimed: Callable[[], Mapping[Origin, int]]
    make_keys: Callable[[bool], tuple[str, str]]
    drop_keys: Callable[[], bool]
    new_keys: Callable[[], str]
    make_log_key: Callable[[], str]
    make_backup: Callable[[str], Line]
    daemon: Callable[[], bool]
    clock: Clock
    refused: Callable[[MemberId], Mapping[str, int]] = lambda _: {}
    at_once: Callable[[MemberId], tuple[int, int]] = lambda _: (0, 0)
    describe: Callable[[], Line] = dict
    troubles: Callable[[], Mapping[Origin, str]] = dict
    root: Callable[[], tuple[int, bytes]] = lambda: (0, b"")
    sameness: Callable[[HubStoreReader, LogState], Sameness] = lambda _tx, _log: Sameness()

    async def _act(self, what: str, work: Callable[[], T], **about: object) -> T:
        return await asyncio.to_thread(lambda: perform(self.audit, what, work, **about))

    async def invite(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member", "valid_seconds"} -> the token, and the digits to compare."""
        given = Arguments(arguments)
        member = member_id(given.text("member"))
        hub, enrolment = self.addresses
        token = await self._act(
            "invite",
            lambda: self.desk.invite(
                member,
                hub=hub,
                enrolment=enrolment,
                ca_sha256=self.ca_sha256,
                lifetime=int(given.number("valid_seconds", INVITATION_SECONDS)),
            ),
            member=member,
        )
        yield {
            "member": token.member,
            "token": format_token(token),
            "expires": token.expires,
            "hub": hub,
            "enrolment": enrolment,
            "ca_fingerprint": spoken(token.ca_sha256),
            "root_version": token.root_version,
            "root_fingerprint": spoken(token.root_sha256),
        }

    async def members(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> one line per member or petitioner."""
        for line in await asyncio.to_thread(self._members):
            yield line

    def _members(self) -> list[Line]:
        roster = self.latest()
        attending = self.attending()
        claimed = {origin.member: size for origin, size in self.claimed().items()}
        limits = roster.policy.limits if roster else Limits()
        troubles = {origin.member: why for origin, why in self.troubles().items()}
        lines: list[Line] = []
        with self.store.read() as tx:
            logs: dict[MemberId, list[LogState]] = {}
            for log in tx.logs():
                if log.origin.stream == "log":
                    logs.setdefault(log.origin.member, []).append(log)
            petitions = {petition.member: petition for petition in tx.join_requests()}
            for member in sorted(roster.members.values(), key=lambda m: m.id) if roster else ():
                ends = [certificate.not_after for certificate in tx.certificates(member.id)]
                own = logs.get(member.id, [])
                frozen = [log.frozen for log in own if log.origin.epoch == member.log_epoch and log.frozen]
                petition = petitions.get(member.id)
                newest = [self.sameness(tx, log) for log in own if log.origin.epoch == member.log_epoch]
                same = newest[0] if newest else Sameness()
                taken = usage_line(limits, tx.usage(member.id), self.clock(), self.refused(member.id))
                asking, asking_bytes = self.at_once(member.id)
                lines.append(
                    {
                        "member": member.id,
                        "name": member.name,
                        "state": member.status.value,
                        "attending": member.id in attending,
                        "size": sum(log.size for log in own),
                        "cosigned": sum(log.cosigned_size for log in own),
                        "epoch": member.log_epoch,
                        "claimed": claimed.get(member.id),
                        "frozen": frozen[0] if frozen else None,
                        "trouble": troubles.get(member.id),
                        "recent": same.recent,
                        "alike": same.alike,
                        "striking": same.striking,
                        "petition": petition.state if petition and petition.state == "pending" else None,
                        "certificate_expires": max(ends, default=None),
                        "missing": sum(tx.body_counts(log.number).get(BodyState.MISSING, 0) for log in own),
                        "questions_at_once": asking,
                        "question_bytes_at_once": asking_bytes,
                        **taken,
                        "alarms": quota_alarms(member.id, taken),
                    }
                )
        known = {line["member"] for line in lines}
        lines += [
            {"member": p.member, "name": p.name, "state": p.state, "attending": False, "requested_at": p.requested_at}
            for p in petitions.values()
            if p.member not in known
        ]
        return lines

    async def status(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> a line for the hub, then one line per member."""
        roster = self.latest()
        yield {
            "hub": self.federation,
            "daemon": self.daemon(),
            "roster_version": roster.version if roster else None,
            "roster_expires": roster.expires if roster else None,
            "authority_signs_again_by": self.authority_until(),
            "roster_stale": roster is None or roster.expires <= self.clock(),
            "new_keys": self.new_keys() or None,
            "attending": len(self.attending()),
        }
        async for line in self.members(arguments, items):
            yield line

    async def requests(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"request": base64}: the request for the authority to sign, and the digits to compare."""
        # This act is recorded, because it closes the logs of members that change their keys.
        request = await self._act("requests", self.request)
        yield {"request": base64.b64encode(request).decode("ascii"), **await asyncio.to_thread(self.describe)}

    async def admit(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"bundle": base64} -> the roster now in force."""
        try:
            bundle = base64.b64decode(Arguments(arguments).text("bundle"), validate=True)
        except binascii.Error as error:
            raise Misuse("a bundle is base64") from error
        digest = hashlib.sha256(bundle).hexdigest()
        before, former_root = self.latest(), self.root()
        roster = await self._act("admit", lambda: self.accept(bundle), bundle_sha256=digest)
        version, root_sha256 = self.root()
        yield {
            "roster_version": roster.version,
            "members": list(roster.active()),
            "expires": roster.expires,
            "suspended": sorted(m.id for m in roster.members.values() if m.status is MemberStatus.SUSPENDED),
            "suspensions_unknown": before is None and bool(roster.members),
            "root_version": version,
            "root_fingerprint": spoken(root_sha256),
            "root_changed": (version, root_sha256) != former_root,
            "waiting": await asyncio.to_thread(self._waiting),
        }

    def _waiting(self) -> list[str]:
        with self.store.read() as tx:
            return sorted(petition.member for petition in tx.join_requests(state="pending"))

    async def suspend(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member", "reason"} -> its new state."""
        given = Arguments(arguments)
        member = member_id(given.text("member"))
        reason = given.text("reason")
        await self._act("suspend", lambda: self.suspend_member(member, reason), member=member, reason=reason)
        yield {"member": member, "state": "suspended"}

    async def unsuspend(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member"} -> its new state."""
        member = member_id(Arguments(arguments).text("member"))
        await self._act("unsuspend", lambda: self.lift(member), member=member)
        yield {"member": member, "state": "active"}

    async def refuse(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member"}: refuses a pending petition."""
        member = member_id(Arguments(arguments).text("member"))
        await self._act("refuse", lambda: self.desk.refuse(member), member=member)
        yield {"member": member, "state": "refused"}

    async def rekey(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"compromised", "drop"} -> the digits of the new keys, which wait for the authority; or that they were
        dropped.
        """
        given = Arguments(arguments)
        if given.flag("drop"):
            dropped = await self._act("drop new keys", self.drop_keys)
            yield {"rekey": "dropped" if dropped else "none waited"}
            return
        compromised = given.flag("compromised")
        fresh, former = await self._act("rekey", lambda: self.make_keys(compromised), compromised=compromised)
        yield {
            "rekey": "waiting",
            "hub_fingerprint": fresh,
            "former_fingerprint": former,
            "compromised": compromised,
            "next": "vigil hub requests --out FILE, vigil authority sign, vigil hub admit",
        }

    async def log_key(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> the digits of this hub with a new key of its own log, which waits for the authority."""
        fingerprint = await self._act("log key", self.make_log_key)
        yield {
            "hub_fingerprint": fingerprint,
            "next": "vigil hub requests --out FILE, vigil authority sign, vigil hub admit",
        }

    async def backup(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"path"} -> {"path", "files", "roster_version"}: a copy of this hub in one new file, made while it runs."""
        path = Arguments(arguments).text("path")
        yield await self._act("backup", lambda: self.make_backup(path))

    async def fsck(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> one line per log and one for the database, then {"ok", "faults"}."""
        async for line in fsck_lines(self.store, self.latest()):
            yield line
