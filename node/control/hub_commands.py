"""The hub operator's commands: invite, members, requests, admit, suspend, rekey, backup, status, fsck.

Rules this module upholds:

- Commands hold no decisions: `usecases.hub_operation` acts, and `usecases.hub_status` tells the state.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.node_commands import check_lines
from node.control.usage_lines import quota_alarm_line, usage_line
from node.domain.hub_ports import JoinRequest
from node.domain.ids import member_id, spoken
from node.domain.token import INVITATION_SECONDS, format_token
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.token import Token
    from node.usecases.hub_operation import Admitted, HubOperation
    from node.usecases.hub_status import HubStatus, HubStatuses, MemberStatusAtHub


@dataclass(frozen=True, slots=True, kw_only=True)
class HubCommands:
    """`operation`: the operator's acts; `statuses`: of this hub."""

    operation: HubOperation
    statuses: HubStatuses

    async def invite(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member", "valid_seconds"} -> the token, and the digits to compare."""
        given = Arguments(arguments)
        seconds = int(given.number("valid_seconds", INVITATION_SECONDS))
        token = await asyncio.to_thread(self.operation.invite, member_id(given.text("member")), seconds)
        yield _token_line(token)

    async def members(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> one line per member or petitioner."""
        for each in await asyncio.to_thread(self.statuses.members):
            yield _petitioner_line(each) if isinstance(each, JoinRequest) else _member_line(each)

    async def status(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> a line for the hub, then one line per member."""
        yield _hub_line(await asyncio.to_thread(self.statuses.hub))
        async for line in self.members(arguments, items):
            yield line

    async def requests(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"request": base64}: the request for the authority to sign, and the digits to compare."""
        request, digits = await asyncio.to_thread(self.operation.requests)
        yield {"request": base64.b64encode(request).decode("ascii"), **digits}

    async def admit(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"bundle": base64} -> the roster now in force."""
        try:
            bundle = base64.b64decode(Arguments(arguments).text("bundle"), validate=True)
        except binascii.Error as error:
            raise Misuse("a bundle is base64") from error
        yield _admitted_line(await asyncio.to_thread(self.operation.admit, bundle))

    async def suspend(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member", "reason"} -> its new state."""
        given = Arguments(arguments)
        member = member_id(given.text("member"))
        await asyncio.to_thread(self.operation.suspend, member, given.text("reason"))
        yield {"member": member, "state": "suspended"}

    async def unsuspend(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member"} -> its new state."""
        member = member_id(Arguments(arguments).text("member"))
        await asyncio.to_thread(self.operation.unsuspend, member)
        yield {"member": member, "state": "active"}

    async def refuse(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member"}: refuses a pending petition."""
        member = member_id(Arguments(arguments).text("member"))
        await asyncio.to_thread(self.operation.refuse, member)
        yield {"member": member, "state": "refused"}

    async def rekey(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"compromised", "drop"} -> the digits of the new keys, which wait for the authority; or that they were
        dropped.
        """
        given = Arguments(arguments)
        if given.flag("drop"):
            dropped = await asyncio.to_thread(self.operation.drop_new_keys)
            yield {"rekey": "dropped" if dropped else "none waited"}
            return
        compromised = given.flag("compromised")
        fresh, former = await asyncio.to_thread(self.operation.new_keys, compromised=compromised)
        yield {
            "rekey": "waiting",
            "hub_fingerprint": fresh,
            "former_fingerprint": former,
            "compromised": compromised,
            "next": "vigil hub requests --out FILE, vigil authority sign, vigil hub admit",
        }

    async def log_key(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> the digits of this hub with a new key of its own log, which waits for the authority."""
        fingerprint = await asyncio.to_thread(self.operation.new_log_key)
        yield {
            "hub_fingerprint": fingerprint,
            "next": "vigil hub requests --out FILE, vigil authority sign, vigil hub admit",
        }

    async def backup(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"path"} -> {"path", "files", "roster_version"}: a copy of this hub in one new file, made while it runs."""
        yield {**await asyncio.to_thread(self.operation.backup, Arguments(arguments).text("path"))}

    async def fsck(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> one line per log and one for the database, then {"ok", "faults"}."""
        async for line in check_lines(self.operation.check()):
            yield line


def _token_line(token: Token) -> Line:
    return {
        "member": token.member,
        "token": format_token(token),
        "expires": token.expires,
        "hub": token.hub,
        "enrolment": token.enrolment,
        "ca_fingerprint": spoken(token.ca_sha256),
        "root_version": token.root_version,
        "root_fingerprint": spoken(token.root_sha256),
    }


def _member_line(of: MemberStatusAtHub) -> Line:
    asking, asking_bytes = of.at_once
    return {
        "member": of.member.id,
        "name": of.member.name,
        "state": of.member.status.value,
        "attending": of.attending,
        "size": of.size,
        "cosigned": of.cosigned,
        "epoch": of.member.log_epoch,
        "claimed": of.claimed,
        "frozen": of.frozen,
        "trouble": of.trouble,
        "recent": of.sameness.recent,
        "alike": of.sameness.alike,
        "striking": of.sameness.striking,
        "petition": "pending" if of.petition else None,
        "certificate_expires": of.certificate_expires,
        "missing": of.missing,
        "questions_at_once": asking,
        "question_bytes_at_once": asking_bytes,
        **usage_line(of.usage),
        "alarms": [quota_alarm_line(each) for each in of.alarms],
    }


def _petitioner_line(of: JoinRequest) -> Line:
    asked: Line = {"attending": False, "requested_at": of.requested_at}
    return {"member": of.member, "name": of.name, "state": of.state, **asked}


def _hub_line(of: HubStatus) -> Line:
    return {
        "hub": of.federation,
        "daemon": of.daemon,
        "roster_version": of.roster.version if of.roster else None,
        "roster_expires": of.roster.expires if of.roster else None,
        "authority_signs_again_by": of.authority_until,
        "roster_stale": of.roster_stale,
        "new_keys": of.new_keys or None,
        "attending": of.attending,
        "own_log": of.own_log or None,
        "notices_waiting": of.notices_waiting,
    }


def _admitted_line(of: Admitted) -> Line:
    return {
        "roster_version": of.roster.version,
        "members": list(of.roster.active()),
        "expires": of.roster.expires,
        "suspended": of.suspended,
        "suspensions_unknown": of.suspensions_unknown,
        "root_version": of.root_version,
        "root_fingerprint": spoken(of.root_sha256),
        "root_changed": of.root_changed,
        "waiting": list(of.waiting),
    }
