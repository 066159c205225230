"""The administrator's commands of a node: status, fsck, backup.

Rules this module upholds:

- Commands hold no decisions: `usecases.node_status` and `usecases.upkeep` make them.
- An unknown figure is null.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.hit_lines import aside_line
from node.control.usage_lines import quota_alarm_line, usage_line
from node.domain.batch import BodyState
from node.usecases.alarms import FalseNotice, ForeignAppend, IndexDisagreement, alarm_kind
from node.usecases.in_threads import in_threads
from node.usecases.member_usage import QuotaAlarm
from node.usecases.node_status import HeldAlarm
from node.usecases.upkeep import Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from node.control.runner import Line
    from node.domain.roster import Member
    from node.usecases.alarms import Alarm
    from node.usecases.fsck import Report
    from node.usecases.node_status import LogStatus, NodeStatus, NodeStatuses
    from node.usecases.upkeep import NodeUpkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCommands:
    """`statuses` and `upkeep`: of this node."""

    statuses: NodeStatuses
    upkeep: NodeUpkeep

    async def status(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> a line for this node, then one line per log, and one per member without a log."""
        status = await self.statuses.now()
        yield _node_line(status)
        for log in status.logs:
            yield _log_line(log)
        for member in status.silent:
            yield {"member": member.id, "name": member.name, "state": member.status.value, "log": None}

    async def fsck(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> one line per log, one for the database and one for the index, then {"ok", "faults"}."""
        async for line in check_lines(self.upkeep.check()):
            yield line

    async def backup(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"path"} -> {"path"}: a consistent copy of the database, made while the node runs. Keys are not in it."""
        path = Arguments(arguments).text("path")
        await asyncio.to_thread(self.upkeep.backup, path)
        yield {"path": path, "keys": "not in the copy: back up the keys folder separately"}


async def check_lines(steps: Iterable[Report | Verdict]) -> AsyncIterator[Line]:
    """The results of a check, one log at a time as they are known, and a summary."""
    async for each in in_threads(steps):
        if isinstance(each, Verdict):
            checked = each.signatures_checked
            yield {"ok": each.faults == 0, "faults": each.faults, "signatures_checked": checked}
        else:
            yield report_line(each)


def report_line(report: Report) -> Line:
    """The result of fsck for one log."""
    return {
        "log": report.log,
        "entries": report.entries,
        "bodies": report.bodies,
        "ok": not report.faults,
        "faults": list(report.faults),
    }


def _node_line(of: NodeStatus) -> Line:
    hits = of.hits
    return {
        "node": of.own.member,
        "federation": of.own.federation,
        "exercise": of.is_exercise,
        **({"state": "no roster"} if of.roster is None else _state_line(of.member)),
        "hub": of.hub,
        "certificate_expires": of.certificate_expires,
        "roster_version": of.roster.version if of.roster else None,
        "roster_expires": of.roster.expires if of.roster else None,
        "roster_stale": of.roster_stale,
        "waiting": of.waiting,
        "published": of.published,
        "log_epoch": of.own.epoch,
        "holdings": {level.spelled: number for level, number in of.levels.items()},
        "hits": {"total": hits.counts.hits, "new": hits.counts.new, "hidden": hits.counts.hidden},
        "hits_aside": aside_line(hits.aside, hits.standing),
        "hits_left_out": len(hits.left_out),
        "not_matched_yet": hits.behind,
        "held_questions": of.held_questions,
        "new_alerts": of.new_alerts,
        "alarms": [_any_alarm_line(each) for each in of.alarms],
        **of.health,
    }


def _state_line(member: Member | None) -> Line:
    state: Line = {"state": member.status.value if member else "pending"}
    if member is not None and member.suspension:
        state |= {"suspension_reason": member.suspension, "suspended_since": member.suspended_since}
    return state


def _any_alarm_line(alarm: Alarm | HeldAlarm | QuotaAlarm) -> Line:
    if isinstance(alarm, QuotaAlarm):
        return quota_alarm_line(alarm)
    if isinstance(alarm, HeldAlarm):
        size: Line = {"log": None, "first": None, "size": alarm.held, "at": alarm.at}
        return {"alarm": "held-questions", **size, "what": alarm.words(), "remedy": alarm.remedy}
    return _alarm_line(alarm)


def _alarm_line(alarm: Alarm) -> Line:
    line: Line = {"alarm": alarm_kind(alarm), "log": alarm.log, "at": alarm.at}
    if isinstance(alarm, ForeignAppend):
        line |= {"first": alarm.first, "size": alarm.size}
    elif isinstance(alarm, IndexDisagreement):
        line |= {"hits": alarm.hits}
    elif isinstance(alarm, FalseNotice):
        line |= {"notices": alarm.notices}
    else:
        held, shown = alarm.evidence
        line |= {
            "held": alarm.held,
            "shown": alarm.shown,
            "logs": alarm.logs,
            "evidence": {"held": held, "shown": shown or None},
        }
    return line | {"what": alarm.words(), "remedy": alarm.remedy}


def _log_line(of: LogStatus) -> Line:
    return {
        "member": of.log.origin.member,
        "name": of.member.name if of.member else None,
        "state": of.state.value,
        "log": str(of.log.origin),
        "size": of.log.size,
        "hub_size": of.head.cosigned_size if of.head else None,
        "lag": of.lag,
        "held": of.bodies.get(BodyState.HELD, 0),
        "not_for_us": of.bodies.get(BodyState.NOT_FOR_US, 0),
        "purged": of.bodies.get(BodyState.PURGED, 0),
        "quarantined": of.bodies.get(BodyState.QUARANTINED, 0),
        "frozen": of.log.frozen or None,
        "missing": of.missing,
        "given_up": of.given_up,
        "stopped": of.stopped,
        "paused": of.paused,
        **usage_line(of.usage),
    }
