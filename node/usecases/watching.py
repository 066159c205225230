"""Watches of our own: asking members to keep one, and withdrawing it.

Rules this module upholds:

- A watch that no member could keep is refused here, with its remedy. Its terms are those of a query about the case.
- What is on the allow-list of known-harmless content is not asked about.
- Each act is in the audit log, with the case, the members and the number of subjects, before it is done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from node.domain.calendar import SECONDS_A_DAY
from node.domain.case_events import CaseEventKind
from node.domain.handling import Handling
from node.domain.statements import Reason
from node.domain.watches import MOST_SUBJECTS, Watch
from node.errors import Misuse, NotFound, Refused
from node.usecases.acting import caller, role_abroad
from node.usecases.acts import perform
from node.usecases.admitting import cost_of
from node.usecases.case_events import happened
from node.usecases.case_terms import with_defaults
from node.usecases.casework import case_holdings, holding_subject
from node.usecases.lookup import resolve
from node.usecases.own_watches import OwnWatch, note_own_watch, own_watch
from node.usecases.question import check_question, expected_members, fitted
from node.usecases.watch_terms import require_last_day

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.ports import Clock
    from node.domain.roster import Roster
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.allowing import AllowList
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.ledger import Ledger
    from node.usecases.question import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A new watch. `not_asked`: labels of the subjects on the allow-list. `thinned`: how many fingerprints of videos
    were left out, because the policy lets one question have no more.
    """

    watch: OwnWatch
    not_asked: tuple[str, ...] = ()
    thinned: int = 0


class Watching:
    """Blocking: never on the event loop. `own`: our log, of the newest epoch."""

    def __init__(
        self,
        *,
        own: Origin,
        store: NodeStore,
        ledger: Ledger,
        allowed: AllowList,
        groups: GroupAudiences,
        audit: AuditLog,
        roster: Callable[[], Roster],
        clock: Clock,
    ) -> None:
        self._own = own
        self._store = store
        self._ledger = ledger
        self._allowed = allowed
        self._groups = groups
        self._audit = audit
        self._roster = roster
        self._clock = clock

    def add(self, question: Question, until_day: int, *, show_all: bool = False) -> Added:
        """States a watch on these subjects until this day (days since 1970). A purpose or legal basis that is not given
        is the default of the case. The members of a group are asked. `show_all`: what is on the allow-list too.

        Raises `Misuse` or `Refused` if no member could keep it, if the case is closed, and if nothing is left to ask
        about.
        """
        with self._store.read() as tx:
            question = with_defaults(tx, question)
        if question.group:
            question = replace(question, recipients=self._groups.present(question.group).members, group="")
        known = frozenset[int]() if show_all else self._allowed.among(question.subjects)
        left = tuple(each for at, each in enumerate(question.subjects) if at not in known)
        not_asked = tuple(each.label for at, each in enumerate(question.subjects) if at in known)
        if known and not left:
            raise Refused(
                "everything in this watch is on the allow-list of known-harmless content",
                remedy="to watch for it all the same: --show-all",
            )
        roster = self._roster()
        role = question.officer_role or role_abroad()
        whole = replace(question, subjects=left, officer_role=role)
        question = fitted(roster.policy, whole)
        check_question(roster.policy, question)
        if len(left) > MOST_SUBJECTS:
            raise Misuse(
                f"a watch is about at most {MOST_SUBJECTS:,} subjects", remedy="split them over several watches"
            )
        members, _ = expected_members(roster, self._own.member, question.recipients)
        if not members:
            raise Refused("no other member can be asked", remedy="vigil node status shows the members")
        require_last_day(until_day, int(self._clock()) // SECONDS_A_DAY)
        record = perform(
            self._audit,
            "watch add",
            lambda: self._state(question, members, until_day),
            case=question.case,
            members=list(members),
            subjects=len(left),
        )
        with self._store.read() as tx:
            added = own_watch(tx, record)
        if added is None:
            raise NotFound("the watch was withdrawn by another officer")
        return Added(
            watch=added,
            not_asked=not_asked,
            thinned=cost_of(left) - cost_of(question.subjects),
        )

    def add_case(self, question: Question, until_day: int, *, show_all: bool = False) -> Added:
        """The same about the holdings of the question's case, from their stored fingerprints. Raises `NotFound` if
        there are none.
        """
        holdings = [each for page in case_holdings(self._store, question.case) for each in page]
        subjects = tuple(map(holding_subject, holdings))
        return self.add(replace(question, subjects=subjects), until_day, show_all=show_all)

    def remove(self, name: str) -> OwnWatch:
        """Withdraws a watch, by its name or the first digits of it. Raises `NotFound`, `Refused`, `Misuse`."""
        with self._store.read() as tx:
            record = resolve(tx, name, self._own)
            known = own_watch(tx, record)
        if known is None:
            raise NotFound("this is no watch of ours", remedy="vigil watch list shows them")
        if known.withdrawn_at:
            raise Refused("this watch was withdrawn before", remedy="vigil watch list shows who acknowledged that")
        ended = replace(known, withdrawn_at=int(self._clock()))

        def work() -> None:
            self._ledger.retract(record, Reason.UNSTATED)
            # A crash before this: the watch is withdrawn, and `vigil watch list` finds that out by the statement.
            with self._store.write() as tx:
                note_own_watch(tx, ended)

        perform(self._audit, "watch remove", work, watch=str(record), case=known.case)
        return ended

    def _state(self, question: Question, members: tuple[MemberId, ...], until_day: int) -> RecordId:
        watch = Watch(
            subjects=question.subjects,
            rule=question.rule,
            officer_role=question.officer_role,
            case_reference=question.case,
            legal_basis=question.legal_basis,
        )
        handling = Handling(audience=members, purposes=(question.purpose,), retain_until_day=until_day)
        now = int(self._clock())

        def said(tx: NodeStoreWriter, record: RecordId) -> None:
            made = OwnWatch(
                record=record,
                case=question.case,
                purpose=question.purpose,
                legal_basis=question.legal_basis,
                members=members,
                subjects=len(question.subjects),
                fingerprints=cost_of(question.subjects),
                until_day=until_day,
                at=now,
                officer=caller().name,
            )
            note_own_watch(tx, made)
            happened(tx, {question.case: len(question.subjects)}, CaseEventKind.WATCHED, now)

        return self._ledger.state(watch, handling, said=said)
