"""The administrator's commands of a node: status, fsck, backup.

Rules this module upholds:

- Status answers from local data. It asks the hub once, with a short timeout; a hub that does not answer has a line too.
- An unknown figure is null, never a guess.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.control.arguments import Arguments
from node.control.hit_lines import aside_line
from node.control.usage_lines import quota_alarms, usage_line
from node.domain.batch import BodyState
from node.domain.calendar import SECONDS_A_DAY
from node.domain.limits import Limits
from node.domain.roster import MemberStatus
from node.errors import VigilError
from node.usecases.acts import perform
from node.usecases.alarms import FalseNotice, ForeignAppend, IndexDisagreement, alarm_kind, alarms
from node.usecases.fsck import check_store
from node.usecases.missing import absent, read_marks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from node.control.runner import Line
    from node.domain.ids import Origin
    from node.domain.log_ports import LogState
    from node.domain.ports import Clock
    from node.domain.roster import Roster
    from node.domain.services import Head
    from node.domain.stores import LogStore, NodeStore
    from node.usecases.alarms import Alarm
    from node.usecases.audit import AuditLog
    from node.usecases.fsck import Report
    from node.usecases.hit_list import HitList

OK: Final = "OK"
"""The state in status of a log without trouble."""
ASK_SECONDS: Final = 2.0
"""How long status waits for the hub."""
_PENDING_SHOWN: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCommands:
    """`health`: the state of the daemon's connections, empty if no daemon runs. `heads`: asks the hub.

    `certificate_expires`: Unix seconds, None before the node was admitted.
    """

    name: str
    federation: str
    own: Origin
    store: NodeStore
    audit: AuditLog
    latest: Callable[[], Roster | None]
    health: Callable[[], Line]
    heads: Callable[[], Awaitable[Sequence[Head]]]
    certificate_expires: Callable[[], float | None]
    check_index: Callable[[], Report | None]
    hits: HitList
    clock: Clock

    async def status(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> a line for this node, then one line per log."""
        roster = self.latest()
        heads: dict[Origin, Head] = {}
        hub = "not asked: this node is not admitted yet"
        if self.certificate_expires() is not None:
            try:
                async with asyncio.timeout(ASK_SECONDS):
                    heads = {head.origin: head for head in await self.heads()}
                hub = "reached"
            except TimeoutError:
                hub = f"did not answer within {ASK_SECONDS:.0f} s"
            except VigilError as error:
                hub = f"{error.kind}: {error}"
        for line in await asyncio.to_thread(self._status, roster, heads, hub):
            yield line

    def _status(self, roster: Roster | None, heads: dict[Origin, Head], hub: str) -> list[Line]:
        now, hits, health = self.clock(), self.hits.stand(), self.health()
        limits = roster.policy.limits if roster else Limits()
        stopped, paused = health.get("stopped_logs", {}), health.get("paused_logs", {})
        with self.store.read() as tx:
            taken = {
                member: usage_line(limits, usage, now, {})
                for member, usage in tx.usage_of_all().items()
                if member != self.own.member
            }
            marks = read_marks(tx)
            logs = [log for log in tx.logs() if log.origin.stream == "log"]
            own = [log for log in logs if log.origin.member == self.own.member]
            held = tx.count_held(int(now))
            lines: list[Line] = [
                {
                    "node": self.name,
                    "federation": self.federation,
                    **_state(roster, self.name),
                    "hub": hub,
                    "certificate_expires": self.certificate_expires(),
                    "roster_version": roster.version if roster else None,
                    "roster_expires": roster.expires if roster else None,
                    "roster_stale": roster is None or roster.expires <= now,
                    "waiting": len(tx.pending(self.own, _PENDING_SHOWN)),
                    # Of all epochs: entries under former keys were published too.
                    "published": sum(log.cosigned_size for log in own),
                    "log_epoch": self.own.epoch,
                    "holdings": {level.name.lower().replace("_", "-"): n for level, n in tx.holding_levels().items()},
                    "hits": {"total": hits.counts.hits, "new": hits.counts.new, "hidden": hits.counts.hidden},
                    "hits_aside": aside_line(hits.aside, hits.standing),
                    "hits_left_out": len(hits.left_out),
                    "not_matched_yet": hits.behind,
                    "held_questions": held,
                    "alarms": [
                        *map(_alarm_line, alarms(tx)),
                        *_held_alarm(held, now),
                        *(each for member in sorted(taken) for each in quota_alarms(member, taken[member])),
                    ],
                    **health,
                }
            ]
            for log in logs:
                counts = tx.body_counts(log.number)
                line = _log_line(log, roster, heads.get(log.origin), {int(k): v for k, v in counts.items()})
                missing = absent(tx, log, marks, limits, int(now) // SECONDS_A_DAY)
                lines.append(
                    line
                    | {"missing": len(missing.asked), "given_up": missing.given_up}
                    | {"stopped": stopped.get(str(log.origin)), "paused": paused.get(str(log.origin))}
                    | taken.get(log.origin.member, usage_line(limits, {}, now, {}))
                )
            known = {log.origin.member for log in logs}
        silent = [member for member in (roster.members.values() if roster else ()) if member.id not in known]
        return lines + [{"member": m.id, "name": m.name, "state": m.status.value, "log": None} for m in silent]

    async def fsck(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> one line per log, one for the database and one for the index, then {"ok", "faults"}."""
        async for line in fsck_lines(self.store, self.latest(), self.check_index):
            yield line

    async def backup(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"path"} -> {"path"}: a consistent copy of the database, made while the node runs. Keys are not in it."""
        path = Arguments(arguments).text("path")
        # The copy holds everything that is restricted here. It is recorded first, so the copy contains this entry too.
        await asyncio.to_thread(perform, self.audit, "backup", lambda: self.store.backup_to(path))
        yield {"path": path, "keys": "not in the copy: back up the keys folder separately"}


async def fsck_lines(
    store: LogStore, roster: Roster | None, check_index: Callable[[], Report | None] = lambda: None
) -> AsyncIterator[Line]:
    """The results of fsck, one log at a time as they are known, and a summary. `check_index`: checks the index."""
    faults = 0
    reports = check_store(store, roster)
    while (report := await asyncio.to_thread(next, reports, None)) is not None:
        faults += len(report.faults)
        yield report_line(report)
    of_index = await asyncio.to_thread(check_index)
    if of_index is not None:
        faults += len(of_index.faults)
        yield report_line(of_index)
    yield {"ok": faults == 0, "faults": faults, "signatures_checked": roster is not None}


def report_line(report: Report) -> Line:
    """The result of fsck for one log."""
    return {
        "log": report.log,
        "entries": report.entries,
        "bodies": report.bodies,
        "ok": not report.faults,
        "faults": list(report.faults),
    }


def _state(roster: Roster | None, name: str) -> Line:
    if roster is None:
        return {"state": "no roster"}
    for member in roster.members.values():
        if member.id == name:
            state: Line = {"state": member.status.value}
            if member.suspension:
                state |= {"suspension_reason": member.suspension, "suspended_since": member.suspended_since}
            return state
    return {"state": "pending"}


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


def _held_alarm(held: int, now: float) -> list[Line]:
    """For questions that wait for an officer: their askers may be trying to compute what is held here."""
    if not held:
        return []
    questions = "1 question of another member waits" if held == 1 else f"{held:,} questions of other members wait"
    return [
        {
            "alarm": "held-questions",
            "log": None,
            "first": None,
            "size": held,
            "at": int(now),
            "what": f"{questions} for an officer: many of them ask about values close to one holding",
            "remedy": "vigil held list, then vigil held show NUMBER, and release or refuse it",
        }
    ]


def _log_line(log: LogState, roster: Roster | None, head: Head | None, counts: dict[int, int]) -> Line:
    member = roster.members.get(log.origin.member) if roster else None
    behind = None if head is None else max(0, head.cosigned_size - log.size)
    return {
        "member": log.origin.member,
        "name": member.name if member else None,
        "state": (member.status if member else MemberStatus.LEFT).value,
        "log": str(log.origin),
        "size": log.size,
        "hub_size": head.cosigned_size if head else None,
        "lag": behind,
        "held": counts.get(BodyState.HELD, 0),
        "not_for_us": counts.get(BodyState.NOT_FOR_US, 0),
        "purged": counts.get(BodyState.PURGED, 0),
        "quarantined": counts.get(BodyState.QUARANTINED, 0),
        "frozen": log.frozen or None,
    }
