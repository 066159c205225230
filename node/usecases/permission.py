"""What this member may say now: by the policy, by the roster, and by the plain rules of statements.

Rules this module upholds:

- Everything is checked before it is signed: every member stores a signed statement for years.
- Only a retraction needs no permission and no current roster.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.calendar import SECONDS_A_DAY, in_calendar
from node.domain.envelope import Kind
from node.domain.matchable import contributable
from node.domain.roster import MemberStatus
from node.errors import Misuse, Refused
from node.usecases.stating import check_audience, check_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.fingerprints import Fingerprint
    from node.domain.handling import Handling
    from node.domain.ids import MemberId, Origin
    from node.domain.ports import Clock
    from node.domain.roster import Roster
    from node.domain.statements import Contribution, Statement


class Permission:
    """`origin`: of this member's own log. Safe to use from any thread."""

    def __init__(self, *, origin: Origin, roster: Callable[[], Roster], clock: Clock) -> None:
        self._origin = origin
        self._roster = roster
        self._clock = clock

    def shareable(self, fingerprints: Sequence[Fingerprint]) -> tuple[Fingerprint, ...]:
        """The fingerprints that may be sent in a record under the present policy."""
        return contributable(fingerprints, self._roster().policy.pdq_quality_floor)

    def contributable(self, statement: Contribution) -> Contribution:
        """The statement with the fingerprints that may be sent. Raises `Refused` if there are none, or the policy
        forbids it, and what `check_statement` raises.
        """
        kept = self.shareable(statement.fingerprints)
        if not kept:
            raise Refused(
                "this contribution has no fingerprint that may be shared: its digests are not there, and its PDQ and "
                "pHash are those of a plain surface, or below the quality floor",
                remedy="vigil fingerprint FILE shows the hashes of a file and the quality of its PDQ",
            )
        self.check(statement)
        return replace(statement, fingerprints=kept)

    def check(self, statement: Statement) -> None:
        """Raises what `check_statement` raises, by the present policy."""
        check_statement(statement, self._roster().policy)

    def agreed(self, handling: Handling) -> Handling:
        """The handling, if the roster and its policy allow it now. Raises `Misuse`, `Refused`."""
        check_audience(handling, self._roster())
        self.check_policy(handling)
        return handling

    def recipients(self, handling: Handling) -> tuple[MemberId, ...]:
        """The members that can read a record with this handling now, by the present roster, without ourselves."""
        active = sorted(self._roster().active())
        audience = active if handling.audience is None else handling.audience
        return tuple(each for each in audience if each != self._origin.member)

    def check_readers(self, handling: Handling, kind: Kind, before: Handling | None = None) -> None:
        """Raises `Misuse` for an audience that no statement of this kind may have. Without any reader, a statement of
        cooperation is for its author and the hub. The members in the handling `before` may stay.
        """
        if kind == Kind.CONTRIBUTION or handling.audience != ():
            check_audience(handling, self._roster(), before)

    def check_policy(self, handling: Handling) -> None:
        """Raises `Refused` if the policy does not allow it, or the member has left; `Misuse` for its retention day."""
        roster = self._roster()
        policy, me = roster.policy, roster.members.get(self._origin.member)
        if me is not None and me.status is MemberStatus.LEFT:
            raise Refused(
                f"{me.id} has left the federation, and shares nothing new",
                remedy="vigil retract can still retract shared records; only the authority can admit the member again",
            )
        if handling.code not in policy.handling_codes or not set(handling.purposes) <= set(policy.purposes):
            raise Refused("the federation's policy does not know this purpose or handling code")
        if 0 < handling.retain_until_day < int(self._clock()) // SECONDS_A_DAY:
            raise Misuse("the retention day has already passed")
        if not in_calendar(handling.retain_until_day):
            raise Misuse("the retention day is after the last supported day", remedy="give a day up to 9999-12-31")
