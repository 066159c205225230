"""The state of a hub as its operator sees it: the hub, its members, and who asks to become one.

Rules this module upholds:

- A member at a limit of the policy is shown with an alarm and its remedy.
- Each member or petitioner is shown with the values that a person compares or acts on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.batch import BodyState
from node.domain.limits import Limits
from node.usecases.member_usage import MemberUsage, QuotaAlarm, member_usage, quota_alarms
from node.usecases.outliers import Sameness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.hub_ports import JoinRequest
    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogState
    from node.domain.ports import Clock
    from node.domain.roster import Member, Roster
    from node.domain.stores import HubStore, HubStoreReader


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStatusAtHub:
    """One member. `attending`: whether it waits for questions now. `size`, `cosigned`: entries of all its logs.
    `claimed`: the size that it says its log has; `frozen`, `trouble`: why its log is not carried. `petition`: whether
    it has asked for something that the authority has not decided. `certificate_expires`: Unix seconds. `missing`:
    bodies that have not come. `at_once`: its questions under way, and their bytes.
    """

    member: Member
    attending: bool
    size: int
    cosigned: int
    claimed: int | None
    frozen: str | None
    trouble: str | None
    sameness: Sameness
    petition: bool
    certificate_expires: float | None
    missing: int
    at_once: tuple[int, int]
    usage: MemberUsage
    alarms: Sequence[QuotaAlarm]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubStatus:
    """The hub. `roster`: in force, None if there is none. `authority_until`: Unix seconds; `new_keys`: what new keys of
    the hub wait for, "" if there are none; `attending`: how many members wait for questions. `own_log`: why the hub
    cannot decide on notices now, "" if it can; `notices_waiting`: requests that wait for the operator.
    """

    federation: str
    daemon: bool
    roster: Roster | None
    roster_stale: bool
    authority_until: float | None
    new_keys: str
    attending: int
    own_log: str = ""
    notices_waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HubStatuses:
    """Blocking: never on the event loop. Callables give the present state, and may block.

    `refused`: how often a member was refused today, by limit. `at_once`: its questions under way, and their bytes.
    """

    federation: str
    store: HubStore
    latest: Callable[[], Roster | None]
    authority_until: Callable[[], float | None]
    attending: Callable[[], frozenset[MemberId]]
    claimed: Callable[[], Mapping[Origin, int]]
    new_keys: Callable[[], str]
    daemon: Callable[[], bool]
    clock: Clock
    own_log: Callable[[], str] = str
    notices_waiting: Callable[[], int] = int
    refused: Callable[[MemberId], Mapping[str, int]] = lambda _: {}
    at_once: Callable[[MemberId], tuple[int, int]] = lambda _: (0, 0)
    troubles: Callable[[], Mapping[Origin, str]] = dict
    sameness: Callable[[HubStoreReader, LogState], Sameness] = lambda _tx, _log: Sameness()

    def hub(self) -> HubStatus:
        """The hub."""
        roster = self.latest()
        return HubStatus(
            federation=self.federation,
            daemon=self.daemon(),
            roster=roster,
            roster_stale=roster is None or roster.expires <= self.clock(),
            authority_until=self.authority_until(),
            new_keys=self.new_keys(),
            attending=len(self.attending()),
            own_log=self.own_log(),
            notices_waiting=self.notices_waiting(),
        )

    def members(self) -> list[MemberStatusAtHub | JoinRequest]:
        """Each member sorted by id, then each petitioner that is no member."""
        roster = self.latest()
        members = roster.members if roster else {}
        with self.store.read() as tx:
            logs: dict[MemberId, list[LogState]] = {}
            for log in tx.logs():
                if log.origin.stream == "log":
                    logs.setdefault(log.origin.member, []).append(log)
            petitions = {petition.member: petition for petition in tx.join_requests()}
            view = _View(
                of=self,
                limits=roster.policy.limits if roster else Limits(),
                attending=self.attending(),
                claimed={origin.member: size for origin, size in self.claimed().items()},
                troubles={origin.member: why for origin, why in self.troubles().items()},
                petitions=petitions,
            )
            known = [view.member(tx, members[each], logs.get(each, [])) for each in sorted(members)]
        return [*known, *(each for each in petitions.values() if each.member not in members)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What the state of each member is computed from."""

    of: HubStatuses
    limits: Limits
    attending: frozenset[MemberId]
    claimed: Mapping[MemberId, int]
    troubles: Mapping[MemberId, str]
    petitions: Mapping[MemberId, JoinRequest]

    def member(self, tx: HubStoreReader, member: Member, logs: Sequence[LogState]) -> MemberStatusAtHub:
        """One member with all its logs."""
        newest = [log for log in logs if log.origin.epoch == member.log_epoch]
        frozen = [log.frozen for log in newest if log.frozen]
        petition = self.petitions.get(member.id)
        refused = self.of.refused(member.id)
        usage = member_usage(self.limits, tx.usage(member.id), self.of.clock(), refused)
        ends = [certificate.not_after for certificate in tx.certificates(member.id)]
        return MemberStatusAtHub(
            member=member,
            attending=member.id in self.attending,
            size=sum(log.size for log in logs),
            cosigned=sum(log.cosigned_size for log in logs),
            claimed=self.claimed.get(member.id),
            frozen=frozen[0] if frozen else None,
            trouble=self.troubles.get(member.id),
            sameness=self.of.sameness(tx, newest[0]) if newest else Sameness(),
            petition=petition is not None and petition.state == "pending",
            certificate_expires=max(ends, default=None),
            missing=sum(tx.body_counts(log.number).get(BodyState.MISSING, 0) for log in logs),
            at_once=self.of.at_once(member.id),
            usage=usage,
            alarms=quota_alarms(member.id, usage),
        )
