"""Deciding about hits: recorded with the officer, against the state that the officer saw, and stated abroad on request.

Rules this module upholds:

- A decision names the state that its officer saw. If another decision came between, it is refused with who decided
  what and when, and nothing is changed.
- The decision is durable before anything is stated abroad. If the statement fails, the decision stands, and the officer
  learns why the statement failed.
- Only an opinion goes abroad: its verdict, and never the note. "Confirmed" can be stated as a confirmation of the
  record. "Rejected" says that two files do not belong together, which disputes nothing about the record; so a dispute
  is stated only if the officer asks for a dispute. "Unsure" states nothing.
- The audit log has each decision: the hit's number and the verdict, never the note. The timeline of a case counts the
  hits that were reviewed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.calendar import spell_moment
from node.domain.case_events import CaseEventKind
from node.domain.reviews import Decision, ReviewState
from node.domain.statements import Opinion, Verdict
from node.domain.texts import checked_text
from node.errors import Misuse, Refused, VigilError
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.case_events import cases_of, happened
from node.usecases.hit_details import locate
from node.usecases.hit_reviews import follow_decision

if TYPE_CHECKING:
    from node.domain.hit_names import HitName
    from node.domain.ids import RecordId
    from node.domain.ports import Clock, Codec
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.audit import AuditLog
    from node.usecases.followed_statements import FollowedStatements, Stated
    from node.usecases.hit_details import HitDetail, HitDetails, Located

MAX_NOTE: Final = 1_000
"""Most characters of a note."""
_STATES: Final = {Verdict.CONFIRM: ReviewState.CONFIRMED, Verdict.DISPUTE: ReviewState.REJECTED}
"""The decision that a verdict abroad belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an officer decides about a hit. `seen`: the state in which the officer saw it; `seen_decisions`: how many
    decisions there were, None if that does not matter. `abroad`: what is stated about the record; None for nothing.
    """

    state: ReviewState
    seen: ReviewState
    seen_decisions: int | None = None
    note: str = ""
    abroad: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The result. `before`: the state until now; `decisions`: how many there are now; `followed`: how many other hits
    on the same file have changed with it. `said`: our opinion, and how far it has come; `unsaid`: why there is none
    although it was asked for.
    """

    name: HitName
    before: ReviewState
    state: ReviewState
    decisions: int
    followed: int = 0
    said: Stated | None = None
    unsaid: VigilError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing:
    """For the event loop. `statements`: makes our statements about records."""

    store: NodeStore
    codec: Codec
    details: HitDetails
    statements: FollowedStatements
    audit: AuditLog
    clock: Clock

    async def detail(self, name: HitName) -> HitDetail:
        """One hit with everything that a decision needs. Raises `NotFound`."""
        await asyncio.to_thread(record_access, self.audit, "hit", hit=str(name))
        return await asyncio.to_thread(self.details.one, name)

    async def decide(self, name: HitName, judgement: Judgement) -> Decided:
        """Decides about one hit. Raises `Misuse`, `NotFound`, and `Refused` if its state is not the seen one."""
        _check(judgement)
        at = (await asyncio.to_thread(self.details.one, name)).at
        if judgement.abroad is not None and at.hit is None:
            raise Misuse(
                "only a hit on a member's record can be stated abroad",
                remedy="decide without --opine and --dispute: no member signed this side of the hit",
            )
        decided = await asyncio.to_thread(
            perform,
            self.audit,
            "review",
            lambda: self._keep(name, judgement),
            hit=str(name),
            state=_word(judgement.state),
        )
        if judgement.abroad is None or at.hit is None:
            return decided
        # A crash right here leaves the decision, and no opinion: the officer states it with vigil opine.
        return await self._stated(decided, at.hit.record, judgement.abroad)

    def _keep(self, name: HitName, judgement: Judgement) -> Decided:
        """Blocking. Compares and writes in one transaction."""
        who = caller()
        with self.store.write() as tx:
            at = locate(tx, self.codec, name)
            _check_seen(tx, name, at, judgement)
            if at.outdated is not None:
                tx.close_review(at.outdated.id)
            review = at.review or tx.add_review(at.pair, at.file, at.hit.id if at.hit else 0)
            decision = Decision(
                state=judgement.state,
                officer=who.name,
                role=who.role or "",
                at=int(self.clock()),
                note=judgement.note,
                record=str(at.hit.record) if at.hit else "",
            )
            tx.add_decision(review.id, decision)
            sides = [each for each in (at.holding, at.other) if each is not None]
            happened(tx, cases_of(sides), CaseEventKind.REVIEWED, decision.at)
            followed = follow_decision(tx, self.codec, review, decision)
        if at.outdated is not None:
            self.store.scrub()
        return Decided(
            name=name,
            before=at.state,
            state=judgement.state,
            decisions=review.decisions + 1,
            followed=followed,
        )

    async def _stated(self, decided: Decided, record: RecordId, verdict: Verdict) -> Decided:
        try:
            said = await self.statements.opine(str(record), Opinion(verdict=verdict))
        except VigilError as error:
            return replace(decided, unsaid=error)
        return replace(decided, said=said)


def _check(judgement: Judgement) -> None:
    if judgement.state is ReviewState.NEW:
        raise Misuse("nobody can decide that a hit is new", remedy="decide: unsure")
    if judgement.note:
        checked_text(judgement.note, MAX_NOTE, "the note", Misuse)
    if judgement.abroad is not None and _STATES[judgement.abroad] is not judgement.state:
        raise Misuse(
            f"{_word(judgement.state)} is not stated abroad as {judgement.abroad.name.lower()}",
            remedy="--opine goes with confirm: it confirms the record. --dispute goes with reject: it says that the "
            "record itself is wrong, not only that it is no match for this holding",
        )


def _check_seen(tx: NodeStoreWriter, name: HitName, at: Located, judgement: Judgement) -> None:
    """Compares the state that the officer saw with the present one."""
    counts = (None, at.decisions)
    if at.state is judgement.seen and judgement.seen_decisions in counts:
        return
    remedy = f"look at it again and decide then: vigil hits show {name}"
    newest = tx.newest_decisions([at.review.id]).get(at.review.id) if at.review else None
    if newest is None:
        raise Refused(f"hit {name} is {_word(at.state)}, not {_word(judgement.seen)}", remedy=remedy)
    when = spell_moment(newest.at, "%Y-%m-%d %H:%M")
    officer = newest.officer or "an officer without a name"
    raise Refused(f"hit {name} is {_word(newest.state)} since: {officer} decided this at {when}", remedy=remedy)


def _word(state: ReviewState) -> str:
    return state.name.lower()
