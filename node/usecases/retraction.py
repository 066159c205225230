"""Retracting records: named ones, or all of a case.

Rules this module upholds:

- A dry run and a run have the same plan. If a name fits no record of ours, it is a fault, and nothing is retracted.
- The audit log records each batch before it is written, and its outcome after it.
- A record that cannot be retracted (someone else has just done it) affects only itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.statements import Reason
from node.errors import Malformed, Misuse, NotFound, Refused
from node.usecases.acts import perform
from node.usecases.consent import Consent, plan_digest, require_consent
from node.usecases.entry_columns import check_own
from node.usecases.lookup import resolve
from node.usecases.selection import Fault, require_sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.ids import Origin, RecordId
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.errors import VigilError
    from node.usecases.audit import AuditLog
    from node.usecases.ledger import Ledger

BATCH: Final = 50
"""Records of one transaction: after each, other writers get their turn, and an interrupted command can stop."""
_PAGE: Final = 1_000


class Fate(StrEnum):
    """What a plan does with a record."""

    PLANNED = "planned"
    RETRACTED = "retracted"
    FORGOTTEN = "forgotten"
    """It was never sent, so it is simply deleted."""
    KEPT = "kept"
    """It could not be retracted: `error` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A record as a person names it; `row`: its line in the list, 0 if it was typed."""

    text: str
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to retract: all records of a case, or named ones."""

    case: str = ""
    named: tuple[Named, ...] = ()
    reason: Reason = Reason.UNSTATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One record of a plan. `holdings`: its holdings here; `cases`: their cases. `retraction`: the entry that retracts
    it.
    """

    record: RecordId
    holdings: tuple[int, ...] = ()
    cases: tuple[str, ...] = ()
    fate: Fate = Fate.PLANNED
    retraction: RecordId | None = None
    error: VigilError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command would do. `faults`: faulty names; if there are any, nothing is done."""

    wanted: Wanted
    planned: tuple[Planned, ...]
    faults: tuple[Fault, ...] = ()

    def require_sound(self) -> None:
        """Raises `Misuse` if a row of the list is faulty."""
        require_sound(self.faults, "taken back")

    @property
    def digest(self) -> str:
        """The name of this plan (`consent`)."""
        return plan_digest([self.wanted.reason.name, *(str(each.record) for each in self.planned)])


class Retracting:
    """Blocking: never on the event loop. `own`: our log."""

    def __init__(self, *, store: NodeStore, ledger: Ledger, audit: AuditLog, own: Origin) -> None:
        self._store = store
        self._ledger = ledger
        self._audit = audit
        self._own = own

    def plan(self, wanted: Wanted) -> Plan:
        """What would be retracted. Raises `Misuse`, `NotFound`, `Refused` for a typed name."""
        if bool(wanted.case) == bool(wanted.named):
            raise Misuse("name one record, a list of records, or a case", remedy="one of the three")
        records: dict[RecordId, None] = {}
        faults: list[Fault] = []
        with self._store.read() as tx:
            for named in wanted.named:
                try:
                    records[self._find(tx, named.text)] = None
                except (Malformed, Misuse, NotFound, Refused) as error:
                    if not named.row:
                        raise
                    faults.append(Fault(row=named.row, error=error))
            if wanted.case:
                records = dict.fromkeys(_of_case(tx, wanted.case))
            planned = [self._planned(tx, record) for record in records]
        return Plan(wanted=wanted, planned=tuple(planned), faults=tuple(faults))

    def carry_out(self, plan: Plan, consent: Consent) -> Iterator[list[Planned]]:
        """Carries out the plan, in batches; each is durable when it is yielded. Raises `Misuse` if the plan has faults
        or needs a yes. Stopping between two batches is safe.
        """
        plan.require_sound()
        require_consent(consent, len(plan.planned), plan.digest, "retract")
        if len(plan.planned) == 1:
            yield [self._take_back(plan.planned, plan.wanted.reason)[0]]
            return
        for start in range(0, len(plan.planned), BATCH):
            yield self._batch(plan.planned[start : start + BATCH], plan.wanted.reason)

    def _batch(self, some: Sequence[Planned], reason: Reason) -> list[Planned]:
        try:
            return self._take_back(some, reason)
        except (Refused, NotFound):
            # The state of one of them has changed: retract each by itself, so that a failure affects only that one.
            return [self._alone(each, reason) for each in some]

    def _alone(self, planned: Planned, reason: Reason) -> Planned:
        try:
            return self._take_back([planned], reason)[0]
        except (Refused, NotFound) as error:
            return replace(planned, fate=Fate.KEPT, error=error)

    def _take_back(self, some: Sequence[Planned], reason: Reason) -> list[Planned]:
        targets = [each.record for each in some]
        names = [str(target) for target in targets]
        about: dict[str, object] = {"records": names} if len(names) > 1 else {"record": names[0]}
        said = perform(
            self._audit,
            "retract",
            lambda: self._ledger.retract_all(targets, reason),
            reason=reason.name.lower(),
            **about,
        )
        return [
            replace(each, fate=Fate.RETRACTED if retraction else Fate.FORGOTTEN, retraction=retraction)
            for each, retraction in zip(some, said, strict=True)
        ]

    def _find(self, tx: NodeStoreReader, text: str) -> RecordId:
        record = resolve(tx, text, self._own)
        try:
            check_own(self._own, record.origin)
        except Malformed as error:
            raise Refused(
                "this record is another member's; only its owner can retract it",
                remedy="state your own view of it: vigil opine or vigil comment",
            ) from error
        return record

    @staticmethod
    def _planned(tx: NodeStoreReader, record: RecordId) -> Planned:
        about = tx.holdings_of_record(record)
        cases = sorted({case for holding in about for case in holding.cases})
        return Planned(record=record, holdings=tuple(each.id for each in about), cases=tuple(cases))


def _of_case(tx: NodeStoreReader, case: str) -> list[RecordId]:
    """The records of a case's holdings, in the order of the holdings. Raises `NotFound` if the case has no holdings, or
    none of them is shared.
    """
    records: list[RecordId] = []
    after, holds = 0, False
    while page := tx.holdings(case=case, after=after, limit=_PAGE):
        holds, after = True, page[-1].id
        records += [each.record for each in page if each.record is not None]
    if not records:
        what = f"nothing of the case {case} is shared" if holds else f"no holding belongs to the case {case}"
        raise NotFound(what, remedy="vigil records --mine shows what is shared, with its case")
    return records
