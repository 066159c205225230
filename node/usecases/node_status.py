"""The state of a node as its people see it: the node itself, each log that it stores, and members without a log.

Rules this module upholds:

- The state comes from local data. The hub is asked once, with a short timeout; that it does not answer is told too.
- An unknown figure is None, never a guess.
- Everything that a person must deal with is among the alarms, with its remedy.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.ids import is_exercise
from node.domain.limits import Limits
from node.domain.roster import MemberStatus
from node.errors import VigilError
from node.usecases.alarms import alarms
from node.usecases.member_usage import MemberUsage, QuotaAlarm, member_usage, quota_alarms
from node.usecases.missing import absent, read_marks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogState
    from node.domain.ports import Clock
    from node.domain.queries import Level
    from node.domain.roster import Member, Roster
    from node.domain.services import Head
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.alarms import Alarm
    from node.usecases.hit_list import HitList, Standing
    from node.usecases.missing import Marks

OK: Final = "OK"
"""The state of a part of the node without trouble."""
ASK_SECONDS: Final = 2.0
"""How long a status waits for the hub."""
_PENDING_COUNTED: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAlarm:
    """Questions and watches of other members wait for an officer: their askers may be trying to compute what is held
    here. `at`: Unix seconds.
    """

    held: int
    at: int

    @property
    def remedy(self) -> str:
        """What to do."""
        return "vigil held list, then vigil held show NUMBER, and release or refuse it"

    def words(self) -> str:
        """What happened, for a person."""
        one = self.held == 1
        questions = (
            "1 question or watch of another member waits"
            if one
            else f"{self.held:,} questions and watches of other members wait"
        )
        return f"{questions} for an officer: many of them ask about values close to one holding"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatus:
    """One log. `member`: None if the roster does not have its member. `head`: the hub's, None if it is not known.
    `bodies`: how many by state (`BodyState`); `missing`: bodies that are requested, and `given_up` others. `stopped`,
    `paused`: why it is not followed now.
    """

    log: LogState
    member: Member | None
    head: Head | None
    bodies: Mapping[int, int]
    missing: int
    given_up: int
    stopped: str | None
    paused: str | None
    usage: MemberUsage

    @property
    def state(self) -> MemberStatus:
        """Of its member."""
        return self.member.status if self.member else MemberStatus.LEFT

    @property
    def lag(self) -> int | None:
        """How many cosigned entries are not here yet; None if the hub's size is not known."""
        return None if self.head is None else max(0, self.head.cosigned_size - self.log.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """The node. `roster`: in force, None if there is none; `member`: our line in it. `hub`: what came of asking the
    hub. `certificate_expires`: Unix seconds, None before the node was admitted. `waiting`: statements without a place
    in our log; `published`: cosigned entries of all our logs, because entries under former keys were published too.
    `new_alerts`: those that nobody has seen. `health`: of the daemon's connections. `silent`: members without a log
    here.
    """

    own: Origin
    roster: Roster | None
    roster_stale: bool
    hub: str
    certificate_expires: float | None
    waiting: int
    published: int
    levels: Mapping[Level, int]
    hits: Standing
    held_questions: int
    new_alerts: int
    alarms: Sequence[Alarm | HeldAlarm | QuotaAlarm]
    health: Mapping[str, Any]
    logs: Sequence[LogStatus]
    silent: Sequence[Member]

    @property
    def member(self) -> Member | None:
        """Our line in the roster."""
        return self.roster.members.get(self.own.member) if self.roster else None

    @property
    def is_exercise(self) -> bool:
        """Whether the federation is a training."""
        return is_exercise(self.own.federation)


class NodeStatuses:
    """`own`: our newest log. `health`: the state of the daemon's connections, empty if no daemon runs. `heads`: asks
    the hub. `certificate_expires`: Unix seconds, None before the node was admitted.
    """

    def __init__(
        self,
        *,
        own: Origin,
        store: NodeStore,
        latest: Callable[[], Roster | None],
        health: Callable[[], Mapping[str, Any]],
        heads: Callable[[], Awaitable[Sequence[Head]]],
        certificate_expires: Callable[[], float | None],
        hits: HitList,
        clock: Clock,
    ) -> None:
        self._own = own
        self._store = store
        self._latest = latest
        self._health = health
        self._heads = heads
        self._certificate_expires = certificate_expires
        self._hits = hits
        self._clock = clock

    async def now(self) -> NodeStatus:
        """The present state."""
        roster = self._latest()
        heads, hub = await self._ask()
        return await asyncio.to_thread(self._status, roster, heads, hub)

    async def _ask(self) -> tuple[Mapping[Origin, Head], str]:
        """The hub's heads, and what came of asking for them."""
        if self._certificate_expires() is None:
            return {}, "not asked: this node is not admitted yet"
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return {head.origin: head for head in await self._heads()}, "reached"
        except TimeoutError:
            return {}, f"did not answer within {ASK_SECONDS:.0f} s"
        except VigilError as error:
            return {}, f"{error.kind}: {error}"

    def _status(self, roster: Roster | None, heads: Mapping[Origin, Head], hub: str) -> NodeStatus:
        now, hits, health = self._clock(), self._hits.stand(), self._health()
        limits = roster.policy.limits if roster else Limits()
        with self._store.read() as tx:
            usage = {
                member: member_usage(limits, used, now, {})
                for member, used in tx.usage_of_all().items()
                if member != self._own.member
            }
            logs = [log for log in tx.logs() if log.origin.stream == "log"]
            held = tx.count_held(int(now)) + len(tx.watches_for_officers(_PENDING_COUNTED))
            known = {log.origin.member for log in logs}
            view = _View(roster=roster, limits=limits, heads=heads, health=health, marks=read_marks(tx), usage=usage)
            return NodeStatus(
                own=self._own,
                roster=roster,
                roster_stale=roster is None or roster.expires <= now,
                hub=hub,
                certificate_expires=self._certificate_expires(),
                waiting=len(tx.pending(self._own, _PENDING_COUNTED)),
                published=sum(log.cosigned_size for log in logs if log.origin.member == self._own.member),
                levels=tx.holding_levels(),
                hits=hits,
                held_questions=held,
                new_alerts=tx.count_alerts(),
                alarms=[
                    *alarms(tx),
                    *([HeldAlarm(held=held, at=int(now))] if held else ()),
                    *(each for member in sorted(usage) for each in quota_alarms(member, usage[member])),
                ],
                health=health,
                logs=[view.of(tx, log, now) for log in logs],
                silent=[member for member in (roster.members.values() if roster else ()) if member.id not in known],
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What the state of each log is computed from."""

    roster: Roster | None
    limits: Limits
    heads: Mapping[Origin, Head]
    health: Mapping[str, Any]
    marks: Marks
    usage: Mapping[MemberId, MemberUsage]

    def of(self, tx: NodeStoreReader, log: LogState, now: float) -> LogStatus:
        """The state of one log at `now` (Unix seconds)."""
        missing = absent(tx, log, self.marks, self.limits, int(now) // SECONDS_A_DAY)
        name = str(log.origin)
        return LogStatus(
            log=log,
            member=self.roster.members.get(log.origin.member) if self.roster else None,
            head=self.heads.get(log.origin),
            bodies=tx.body_counts(log.number),
            missing=len(missing.asked),
            given_up=missing.given_up,
            stopped=self.health.get("stopped_logs", {}).get(name),
            paused=self.health.get("paused_logs", {}).get(name),
            usage=self.usage.get(log.origin.member) or member_usage(self.limits, {}, now, {}),
        )
