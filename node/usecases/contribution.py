"""Contributing holdings: the selection becomes a plan, and the plan is carried out.

Rules this module upholds:

- A dry run and a run have the same plan. Everything is checked before the first record is signed: all or nothing.
- For each batch, the plan is made again inside the transaction that writes. If someone else contributed the same files
  meanwhile, their record stays, and this command says so.
- A holding's own category and words (`categorising`) go into its record, except where others are given.
- A holding with a record keeps it. If the record differs from the new statement, the difference is reported.
- A holding without a record belongs to an existing live record of our own log for the same file (`recognition`).
- The audit log records each batch before it is written, and its outcome after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from node.domain.case_events import CaseEventKind
from node.domain.categorising import over_own
from node.domain.handling import Handling
from node.domain.holdings import withdrawn
from node.domain.queries import Level
from node.domain.statements import Contribution
from node.domain.wording import Terms, Wording, differences
from node.errors import Misuse, Refused
from node.usecases.acts import perform
from node.usecases.case_events import cases_of, happened
from node.usecases.case_terms import handling_terms
from node.usecases.consent import Consent, plan_digest, require_consent, require_members
from node.usecases.ledger import Draft
from node.usecases.record_contents import record_contents
from node.usecases.selection import Chosen, Fault, Selection, Selector, require_sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.categorising import Categorisation
    from node.domain.holdings import Holding
    from node.domain.ids import MemberId, RecordId
    from node.domain.ports import Codec
    from node.domain.stores import NodeStore, NodeStoreReader, NodeStoreWriter
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.ledger import Ledger
    from node.usecases.recognition import Recogniser

T = TypeVar("T")
BATCH: Final = 200
"""Holdings of one transaction: after each, other writers get their turn, and an interrupted command can stop."""


class Stand(StrEnum):
    """What a contribution does with a holding."""

    NEW = "new"
    SHARED = "shared"
    """It was contributed by this command."""
    BEFORE = "before"
    DIFFERS = "differs"
    WITHDRAWN = "withdrawn"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to contribute, the common statement, and the audience. A named item may have its own statement."""

    selection: Selection
    wording: Wording = field(default_factory=Wording)
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One holding of a plan, with its `level` before. `words`: what its new record says. `record`: its old or new one;
    `differs`: the fields in which that record differs from these words; `said`: its content without fingerprints.
    `linked`: the record was recognised and is not stored with the holding.
    """

    chosen: Chosen
    stand: Stand
    level: Level = Level.NATIONAL
    words: Wording = field(default_factory=Wording)
    record: RecordId | None = None
    differs: tuple[str, ...] = ()
    said: tuple[Contribution, Handling] | None = None
    linked: bool = False

    @property
    def is_new(self) -> bool:
        """Whether its record is made by this command."""
        return self.stand in (Stand.NEW, Stand.SHARED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command would do. `recipients`: who can read its records now. `faults`: then nothing is done."""

    wanted: Wanted
    planned: tuple[Planned, ...]
    recipients: tuple[MemberId, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def records(self) -> int:
        """How many records would be shared."""
        return sum(each.stand is Stand.NEW for each in self.planned)

    def require_sound(self) -> None:
        """Raises `Misuse` if a row of the list is faulty."""
        require_sound(self.faults, "shared")

    @property
    def digest(self) -> str:
        """The name of this plan (`consent`)."""
        said = f"{self.wanted.wording} {self.wanted.terms} {self.recipients}"
        fresh = (each for each in self.planned if each.stand is Stand.NEW)
        return plan_digest([said, *(f"{each.chosen.holding} {each.words}" for each in fresh)])


class Contributing:
    """Blocking: never on the event loop."""

    def __init__(
        self,
        *,
        store: NodeStore,
        ledger: Ledger,
        selector: Selector,
        recogniser: Recogniser,
        groups: GroupAudiences,
        codec: Codec,
        audit: AuditLog,
    ) -> None:
        self._store = store
        self._groups = groups
        self._ledger = ledger
        self._selector = selector
        self._recogniser = recogniser
        self._codec = codec
        self._audit = audit

    def plan(self, wanted: Wanted) -> Plan:
        """What would be shared; the default purpose of a case and the members of a group are in the terms of the plan.
        Raises `Misuse`, `Refused`, `NotFound` for statements that are not possible or holdings that are not here.
        """
        with self._store.read() as tx:
            terms = handling_terms(tx, wanted.selection.case, wanted.terms)
        wanted = replace(wanted, terms=self._groups.known(terms))
        handling = self._ledger.agreed(wanted.terms.of(Handling()))
        self._check_given(wanted.wording)
        named = [(each.row, self._fault(wanted, each.wording)) for each in wanted.selection.named if each.row]
        faults = [Fault(row=row, error=error) for row, error in named if error]
        with self._store.read() as tx:
            chosen, missing = self._selector.choose(tx, wanted.selection)
            planned = [each for some in _batches(chosen) for each in self._judge(tx, some, wanted)]
        faults += self._unsaid(planned, {each.row for each in faults})
        faults = sorted([*faults, *missing], key=lambda fault: fault.row)
        recipients = self._ledger.recipients(handling)
        return Plan(wanted=wanted, planned=tuple(planned), recipients=recipients, faults=tuple(faults))

    def carry_out(self, plan: Plan, consent: Consent) -> Iterator[list[Planned]]:
        """Shares the new records of the plan, in batches; each is durable when it is yielded. Raises `Misuse` if the
        plan has faults or needs a yes. Stopping between two batches is safe: the same command continues from there.
        """
        plan.require_sound()
        require_consent(consent, plan.records, plan.digest, "share")
        require_members(consent, len(plan.recipients))
        for some in _batches(plan.planned):
            todo = [each.chosen for each in some if each.stand is Stand.NEW or each.linked]
            if not todo:
                yield list(some)
                continue
            fresh = [each.chosen.holding for each in some if each.stand is Stand.NEW]
            # A crash right after this line leaves a durable batch that was not reported: run again, it reads
            # "contributed before".
            done = perform(self._audit, "contribute", lambda todo=todo: self._share(plan.wanted, todo), holdings=fresh)  # type: ignore[misc]
            changed = {each.chosen.holding: each for each in done}
            yield [changed.get(each.chosen.holding, each) for each in some]

    def _share(self, wanted: Wanted, chosen: Sequence[Chosen]) -> list[Planned]:
        """One transaction: judged again, then written."""
        judged: list[Planned] = []

        def drafts(writer: NodeStoreWriter) -> list[Draft]:
            judged[:] = self._judge(writer, chosen, wanted)
            for each in judged:
                if each.linked and each.record is not None:
                    writer.set_record(each.chosen.holding, each.record)
                    writer.set_level(each.chosen.holding, Level.SHARED)
            fresh = [each for each in judged if each.stand is Stand.NEW]
            held = writer.holdings_by_id([each.chosen.holding for each in fresh])
            happened(writer, cases_of(held.values()), CaseEventKind.SHARED, int(self._audit.clock()))
            handling = wanted.terms.of(Handling())
            return [
                Draft(
                    statement=each.words.of(_thing(held[each.chosen.holding], wanted.terms.shared_with)),
                    handling=handling,
                    holding=each.chosen.holding,
                )
                for each in fresh
            ]

        records = iter(self._ledger.contribute_as(drafts))
        new = Stand.NEW
        return [replace(e, stand=Stand.SHARED, record=next(records)) if e.stand is new else e for e in judged]

    # --- judging ------------------------------------------------------------------------------------------------------

    def _judge(self, tx: NodeStoreReader, chosen: Sequence[Chosen], wanted: Wanted) -> list[Planned]:
        """The present state of each of these holdings, without deleted ones."""
        held = tx.holdings_by_id([each.holding for each in chosen])
        bare = [each.sha256 for each in held.values() if each.record is None]
        found = self._recogniser.find(tx, bare)
        records = {each.id: each.record or found.get(each.sha256) for each in held.values()}
        said = record_contents(tx, self._codec, [record for record in records.values() if record is not None])
        own = tx.categorisations(list(held))
        planned = [
            Planned(chosen=each, stand=Stand.NEW, words=_words(wanted, each, own.get(each.holding)), level=known.level)
            for each in chosen
            if (known := held.get(each.holding))
        ]
        terms = wanted.terms
        return [self._stand(tx, each, held[each.chosen.holding], records, terms=terms, said=said) for each in planned]

    def _stand(
        self,
        tx: NodeStoreReader,
        planned: Planned,
        holding: Holding,
        records: dict[int, RecordId | None],
        *,
        terms: Terms,
        said: dict[RecordId, tuple[Contribution, Handling]],
    ) -> Planned:
        record = records[holding.id]
        if record is not None:
            linked = holding.record is None
            if record not in said:
                return replace(planned, stand=Stand.BEFORE, record=record, linked=linked)
            statement, handling = said[record]
            differs = differences(statement, planned.words.of(statement)) + differences(handling, terms.of(handling))
            stand = Stand.DIFFERS if differs else Stand.BEFORE
            return replace(planned, stand=stand, record=record, differs=differs, said=said[record], linked=linked)
        if tx.setting(withdrawn(holding.id)) and not planned.chosen.typed:
            return replace(planned, stand=Stand.WITHDRAWN)
        fit = self._ledger.shareable(holding.fingerprints)
        return replace(planned, stand=Stand.NEW if fit else Stand.NOTHING)

    def _check_given(self, wording: Wording) -> None:
        """Raises for invalid words. A baseline without a category is checked later, with the holding's own category."""
        self._ledger.check((wording if wording.category else replace(wording, baseline=None)).of(_BLANK))

    def _unsaid(self, planned: Sequence[Planned], rows: set[int]) -> list[Fault]:
        """The faults in the complete words of new records, except those of `rows`, which have one already. The fault of
        a holding without a row is raised.
        """
        faults: list[Fault] = []
        sound: set[Wording] = set()
        for each in planned:
            row = each.chosen.named.row if each.chosen.named else 0
            if each.stand is not Stand.NEW or each.words in sound or (row and row in rows):
                continue
            try:
                self._ledger.check(each.words.of(_BLANK))
                sound.add(each.words)
            except (Misuse, Refused) as error:
                if not row:
                    raise
                faults.append(Fault(row=row, error=error))
        return faults

    def _fault(self, wanted: Wanted, wording: Wording) -> Misuse | Refused | None:
        """What is wrong with the words of one row."""
        try:
            self._check_given(wording.over(wanted.wording))
        except (Misuse, Refused) as error:
            return error
        return None


_BLANK: Final = Contribution(fingerprints=())
"""For checking words before their subject is known."""


def _thing(holding: Holding, group: RecordId | None) -> Contribution:
    return Contribution(fingerprints=holding.fingerprints, media_type=holding.media_type, group=group)


def _words(wanted: Wanted, chosen: Chosen, own: Categorisation | None) -> Wording:
    given = chosen.named.wording.over(wanted.wording) if chosen.named else wanted.wording
    return over_own(given, own.wording) if own else given


def _batches(some: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(some), BATCH):
        yield some[start : start + BATCH]
