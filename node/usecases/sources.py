"""Members whose hits are set aside: suspended by the federation, or muted by this node.

Rules this module upholds:

- Nothing is lost: records of these members are stored, verified and matched as usual. Their hits are neither shown nor
  counted among the others; the summary of every command gives their number, and `--show-all` shows them, marked.
- A mute is local: it hides hits only from this node's users. No other member learns of it, and answers do not change.
- The audit log says who muted a member, when and why, and who lifted the mute.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from node.domain.homes import MUTES
from node.domain.ids import member_id
from node.domain.limits import Limits
from node.domain.roster import MemberStatus
from node.domain.texts import checked_text
from node.errors import Misuse, NotFound
from node.usecases.acts import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Clock
    from node.domain.roster import Roster
    from node.domain.setting_ports import SettingReader
    from node.domain.stores import LogStore
    from node.usecases.audit import AuditLog

MUTED: Final = "muted"
SUSPENDED: Final = "suspended"
MAX_REASON: Final = 300
"""Most characters of the reason for a mute."""
MAX_MUTES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """`at`: Unix seconds."""

    member: MemberId
    reason: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The standing of members whose hits are marked; hits of those in `aside` are only shown on request."""

    standing: Mapping[MemberId, str]
    aside: frozenset[MemberId] = frozenset()

    def hidden(self, *, show_all: bool) -> frozenset[MemberId]:
        """The members whose hits are not shown."""
        return frozenset() if show_all else self.aside


EVERYBODY: Final = Sources(standing={})
"""No hits are set aside."""


def mutes(tx: SettingReader) -> list[Mute]:
    """The mutes in force, sorted by member."""
    value = tx.setting(MUTES)
    return [Mute(**each | {"member": member_id(each["member"])}) for each in json.loads(value)] if value else []


def sources(tx: SettingReader, roster: Roster | None) -> Sources:
    """The present state: from this node's mutes and the last verified roster."""
    members = roster.members.values() if roster else ()
    shown = bool((roster.policy.limits if roster else Limits()).suspended_hits)
    standing = {each.id: SUSPENDED for each in members if each.status is MemberStatus.SUSPENDED}
    aside = set() if shown else set(standing)
    for mute in mutes(tx):
        standing[mute.member] = MUTED
        aside.add(mute.member)
    return Sources(standing=standing, aside=frozenset(aside))


class Muting:
    """For one node. Blocking: never on the event loop. `own`: the node's owner."""

    def __init__(
        self, *, store: LogStore, audit: AuditLog, clock: Clock, own: MemberId, latest: Callable[[], Roster | None]
    ) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._own = own
        self._latest = latest

    def mutes(self) -> Sequence[Mute]:
        """The mutes in force."""
        with self._store.read() as tx:
            return mutes(tx)

    def mute(self, member: MemberId, reason: str) -> Mute:
        """Sets the hits of a member aside. Raises `Misuse` for the node's own member and for a reason that is not a
        text, `NotFound` for an unknown member.
        """
        if member == self._own:
            raise Misuse(
                "a node does not mute its own member", remedy="name the member whose hits this node should hide"
            )
        if reason:
            checked_text(reason, MAX_REASON, "the reason for a mute", Misuse)
        new = Mute(member=member, reason=reason, at=int(self._clock()))

        def put() -> Mute:
            with self._store.write() as tx:
                roster = self._latest()
                if not (roster and member in roster.members) and all(log.origin.member != member for log in tx.logs()):
                    raise NotFound(
                        f"no member {member} is in the roster, and there is no log of one here",
                        remedy="vigil node status names the members",
                    )
                kept = [each for each in mutes(tx) if each.member != member]
                if len(kept) >= MAX_MUTES:
                    raise Misuse(f"at most {MAX_MUTES:,} members can be muted", remedy="lift a mute first")
                tx.set_setting(MUTES, _packed([*kept, new]))
            return new

        return perform(self._audit, "mute", put, member=member, reason=reason)

    def lift(self, member: MemberId) -> None:
        """Ends a mute. Raises `NotFound` if there is none."""

        def take() -> None:
            with self._store.write() as tx:
                before = mutes(tx)
                kept = [each for each in before if each.member != member]
                if len(kept) == len(before):
                    raise NotFound(f"{member} is not muted", remedy="vigil mute list names the muted members")
                tx.set_setting(MUTES, _packed(kept))

        perform(self._audit, "mute lift", take, member=member)


def _packed(kept: Sequence[Mute]) -> bytes:
    return json.dumps([asdict(each) for each in sorted(kept, key=lambda each: each.member)]).encode("ascii")
