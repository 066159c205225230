"""Contributing rows of a list as signed records of this node, and retracting those whose rows left it.

Rules this module upholds:

- What is shared, and what a record says, is decided by `list_sharing_rules`; what becomes of records whose rows left
  the list, by `list_withdrawal`. Both happen in one command, retractions first: a row that changed is shared again.
- A row that was contributed is known: by a note of its row, and by a live record of ours with its strongest hash. A row
  whose record was retracted is shared again only if a person names the row.
- A dry run and a run judge each row in the same way. Memory is bounded: one page of rows at a time, and the names of
  the records that one run retracts.
- A list that was removed has no rows to share. Its records can be retracted under its name.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.lists import NAMELESS, shared_row
from node.domain.wording import Terms
from node.errors import NotFound, Refused
from node.usecases.acts import perform
from node.usecases.consent import ASK_ABOVE, Consent, asks, plan_digest, require_consent
from node.usecases.ledger import Draft
from node.usecases.list_hits import NOT_WHOLE
from node.usecases.list_sharing_rules import RowStand, refusal, shareable, statement, strongest
from node.usecases.list_withdrawal import MOST, Due, ListWithdrawals, Rules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from node.domain.lists import ListedRow, ReferenceList
    from node.domain.ports import Codec
    from node.domain.stores import NodeStore, NodeStoreReader, NodeStoreWriter
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.ledger import Ledger
    from node.usecases.list_withdrawal import Awaiting
    from node.usecases.own_hashes import OwnHashes

BATCH: Final = 200
"""Rows of one transaction: after each, other writers get their turn, and an interrupted command can stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which list, which of its rows (ids; all if empty), and who may read the records. Terms that are not given are
    those of the list. With rows, nothing is retracted.
    """

    list: str
    rows: tuple[int, ...] = ()
    all_categories: bool = False
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One row. `record`: made or retracted by this command."""

    row: int
    stand: RowStand
    record: RecordId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command would do. `counts`: rows by what is done with them; `retractions`: records whose rows left the
    list and that are retracted, `kept`: those that stay; `left`: those that a further run retracts.
    """

    wanted: Wanted
    handling: Handling
    counts: dict[RowStand, int]
    digest: str
    retractions: int = 0
    kept: int = 0
    left: int = 0

    @property
    def records(self) -> int:
        """How many records would be shared."""
        return self.counts.get(RowStand.NEW, 0)

    @property
    def ask_above(self) -> int:
        """How many records change without a yes: none if some are retracted."""
        return 0 if self.retractions else ASK_ABOVE

    def asks(self, consent: Consent) -> bool:
        """Whether a person must be asked first."""
        return asks(consent, self.records + self.retractions, self.ask_above)


class ListContributing:
    """Blocking: never on the event loop."""

    def __init__(
        self,
        *,
        store: NodeStore,
        ledger: Ledger,
        codec: Codec,
        own: OwnHashes,
        groups: GroupAudiences,
        audit: AuditLog,
    ) -> None:
        self._store = store
        self._groups = groups
        self._ledger = ledger
        self._own = own
        self._audit = audit
        rules = Rules(strongest=strongest, says=lambda of, row: shareable(ledger, of, row))
        self._withdrawals = ListWithdrawals(store=store, ledger=ledger, codec=codec, own=own, audit=audit, rules=rules)

    def plan(self, wanted: Wanted) -> Plan:
        """What would be shared and retracted. Raises `NotFound` for a list or a row that is not here, `Refused` for a
        list that is not searched or not of child abuse, and what the handling raises.
        """
        of = self._list(wanted)
        wanted = replace(wanted, terms=self._groups.known(wanted.terms))
        terms = Handling() if of is None else Handling(code=of.code, retain_until_day=of.retain_until_day)
        handling = self._ledger.agreed(wanted.terms.of(terms))
        counts: Counter[RowStand] = Counter()
        plan = hashlib.sha256()
        due, kept, left = set[RecordId](), 0, 0
        for each in self._awaiting(of, wanted):
            kept += each.due is Due.KEEP
            if each.due is Due.RETRACT and len(due) < MOST:
                due.add(each.record)
                plan.update(each.record.leaf)
            elif each.due is Due.RETRACT:
                left += 1
        for rows in self._pages(of, wanted):
            with self._store.read() as tx:
                for judged in self._judge(tx, of, rows, wanted, due):
                    counts[judged.stand] += 1
                    if judged.stand is RowStand.NEW:
                        plan.update(judged.row.to_bytes(8, "big"))
        digest = plan_digest([wanted.list, str(handling), str(wanted.all_categories), plan.hexdigest()])
        return Plan(
            wanted=wanted,
            handling=handling,
            counts=dict(counts),
            digest=digest,
            retractions=len(due),
            kept=kept,
            left=left,
        )

    def carry_out(self, plan: Plan, consent: Consent) -> Iterator[list[Judged]]:
        """Retracts what is due, then shares the new rows, in batches; each is durable when it is yielded. Raises
        `Misuse` if the plan needs a yes. Stopping between two batches is safe: the same command continues from there.
        """
        doing = "share or retract" if plan.retractions else "share"
        require_consent(consent, plan.records + plan.retractions, plan.digest, doing, plan.ask_above)
        of = self._list(plan.wanted)
        yield from self._settled(of, plan.wanted)
        for rows in self._pages(of, plan.wanted):
            with self._store.read() as tx:
                judged = self._judge(tx, of, rows, plan.wanted)
            if of is not None and any(each.stand is RowStand.NEW for each in judged):
                ids = [row.id for row in rows]
                judged = perform(
                    self._audit,
                    "contribute",
                    lambda rows=rows, of=of: self._share(of, rows, plan),  # type: ignore[misc]
                    list=of.name,
                    first_row=ids[0],
                    last_row=ids[-1],
                )
            yield judged

    # --- records whose rows left the list -----------------------------------------------------------------------------

    def _awaiting(self, of: ReferenceList | None, wanted: Wanted) -> Iterator[Awaiting]:
        if not wanted.rows:
            for page in self._withdrawals.pages(wanted.list, of):
                yield from page

    def _settled(self, of: ReferenceList | None, wanted: Wanted) -> Iterator[list[Judged]]:
        retracted = 0
        for page in self._withdrawals.pages(wanted.list, of) if not wanted.rows else ():
            room = MOST - retracted
            due = [each for each in page if each.due is Due.RETRACT][:room]
            done = self._withdrawals.settle(
                [*due, *(each for each in page if each.due is not Due.RETRACT)], wanted.list
            )
            retracted += sum(each.due is Due.RETRACT for each in done)
            yield [_settled(each) for each in done if each.due is not Due.OVER]

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _list(self, wanted: Wanted) -> ReferenceList | None:
        """The list; None if it was removed and records of its rows await a decision."""
        with self._store.read() as tx:
            of = tx.list_named(wanted.list)
        if of is None:
            if not wanted.rows and next(self._withdrawals.pages(wanted.list, None), None):
                return None
            raise NotFound("this node has no list with this name", remedy="vigil lists shows the lists of this node")
        if not of.is_searched:
            raise Refused(NOT_WHOLE, remedy="try again when that has ended")
        if not of.head.is_abuse:
            raise Refused(
                "this list is not of child abuse material: its rows are not contributed",
                remedy="it is searched here; let it answer questions with: vigil lists change NAME --level hit-no-hit",
            )
        return of

    def _pages(self, of: ReferenceList | None, wanted: Wanted) -> Iterator[list[ListedRow]]:
        if of is None:
            return
        if wanted.rows:
            ids = sorted(set(wanted.rows))
            for start in range(0, len(ids), BATCH):
                some = ids[start : start + BATCH]
                with self._store.read() as tx:
                    there = {at: row for at, row in tx.list_rows(some).items() if row.list == of.number}
                if missing := [at for at in some if at not in there]:
                    raise NotFound(
                        f"the list {of.name} has no row {missing[0]}", remedy="vigil lists show NAME shows its rows"
                    )
                yield [there[at] for at in some]
            return
        after = 0
        while True:
            with self._store.read() as tx:
                page = tx.rows_of_list(of.number, after, BATCH)
            if not page:
                return
            yield page
            after = page[-1].id

    # --- judging and sharing ------------------------------------------------------------------------------------------

    def _judge(
        self,
        tx: NodeStoreReader,
        of: ReferenceList | None,
        rows: Sequence[ListedRow],
        wanted: Wanted,
        retracting: Collection[RecordId] = (),
    ) -> list[Judged]:
        """The present state of each of these rows. `retracting`: records of ours that go first."""
        if of is None:
            return []
        fit = {row.id: self._ledger.shareable(row.reference.fingerprints) for row in rows}
        best = {at: strongest(some) for at, some in fit.items() if some}
        known = self._own.live(tx, list(best.values()), retracting)
        first = self._own.first_rows(of.source, list(best.values()))
        notes = tx.settings_named([shared_row(row.id) for row in rows])
        judged: list[Judged] = []
        for row in rows:
            stand = refusal(self._ledger, of, row, fit[row.id], all_categories=wanted.all_categories)
            if stand is RowStand.NEW and best[row.id] in known:
                stand = RowStand.BEFORE
            elif stand is RowStand.NEW and not wanted.rows and first.get(best[row.id], row.id) < row.id:
                stand = RowStand.REPEATED
            elif stand is RowStand.NEW and (note := notes.get(shared_row(row.id))):
                # Its record waits for its place, or is not live any more.
                waits = note == NAMELESS or tx.find_pending(RecordId.parse(note.decode()).leaf) is not None
                stand = RowStand.BEFORE if waits else RowStand.NEW if wanted.rows else RowStand.WITHDRAWN
            judged.append(Judged(row=row.id, stand=stand))
        return judged

    def _share(self, of: ReferenceList, rows: Sequence[ListedRow], plan: Plan) -> list[Judged]:
        """One transaction: judged again, then written, with a note of each row that names its record."""
        judged: list[Judged] = []

        def drafts(writer: NodeStoreWriter) -> list[Draft]:
            there = writer.list_rows([row.id for row in rows])
            judged[:] = self._judge(writer, of, [there[row.id] for row in rows if row.id in there], plan.wanted)
            fresh = [there[each.row] for each in judged if each.stand is RowStand.NEW]
            group = plan.wanted.terms.shared_with
            return [Draft(statement=replace(statement(of, row), group=group), handling=plan.handling) for row in fresh]

        def note(writer: NodeStoreWriter, records: Sequence[RecordId]) -> None:
            fresh = [each.row for each in judged if each.stand is RowStand.NEW]
            for row, record in zip(fresh, records, strict=True):
                writer.set_setting(shared_row(row), str(record).encode())

        made = iter(self._ledger.contribute_as(drafts, note))
        return [
            Judged(row=each.row, stand=RowStand.SHARED, record=next(made)) if each.stand is RowStand.NEW else each
            for each in judged
        ]


def _settled(each: Awaiting) -> Judged:
    stand = RowStand.RETRACTED if each.due is Due.RETRACT else RowStand.KEPT
    return Judged(row=each.gone, stand=stand, record=each.record)
