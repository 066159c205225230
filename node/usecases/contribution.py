"""Contributing holdings: the selection becomes a plan, and the plan is carried out.

Rules this module upholds:

- A dry run and a run have the same plan. Everything is checked before the first record is signed: all or nothing.
- For each batch, the plan is made again inside the transaction that writes. If someone else contributed the same files
  meanwhile, their record stays, and this command says so.
- A holding with a record keeps it. If the record differs from the new statement, the difference is reported.
- A holding without a record belongs to an existing live record of our own log for the same file (`recognition`).
- The audit log records each batch before it is written, and its outcome after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from node.domain.envelope import decode
from node.domain.handling import Handling
from node.domain.holdings import withdrawn
from node.domain.queries import Level
from node.domain.statements import Contribution
from node.domain.wording import Terms, Wording, differences
from node.errors import Malformed, Misuse, Refused
from node.usecases.acts import perform
from node.usecases.consent import Consent, plan_digest, require_consent
from node.usecases.ledger import Draft
from node.usecases.selection import Chosen, Fault, Selection, Selector, require_sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.envelope import Disclosure
    from node.domain.holdings import Holding
    from node.domain.ids import Origin, RecordId
    from node.domain.ports import Codec
    from node.domain.stores import NodeStore, NodeStoreReader, NodeStoreWriter
    from node.usecases.audit import AuditLog
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
    """One holding of a plan. `record`: its old or new record; `differs`: the fields in which that record differs from
    the new statement; `said`: the record's content without its fingerprints. `linked`: the record was recognised and is
    not stored with the holding.
    """

    chosen: Chosen
    stand: Stand
    record: RecordId | None = None
    differs: tuple[str, ...] = ()
    said: tuple[Contribution, Handling] | None = None
    linked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command would do. `faults`: faulty rows of a list; if there are any, nothing is done."""

    wanted: Wanted
    planned: tuple[Planned, ...]
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
        said = f"{self.wanted.wording} {self.wanted.terms}"
        fresh = (each.chosen for each in self.planned if each.stand is Stand.NEW)
        return plan_digest([said, *(f"{each.holding} {each.named.wording if each.named else ''}" for each in fresh)])


class Contributing:
    """Blocking: never on the event loop."""

    def __init__(
        self,
        *,
        store: NodeStore,
        ledger: Ledger,
        selector: Selector,
        recogniser: Recogniser,
        codec: Codec,
        audit: AuditLog,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._selector = selector
        self._recogniser = recogniser
        self._codec = codec
        self._audit = audit

    def plan(self, wanted: Wanted) -> Plan:
        """What would be shared. Raises `Misuse`, `Refused`, `NotFound` for statements that are not possible or holdings
        that are not here.
        """
        self._ledger.agreed(wanted.terms.of(Handling()))
        self._ledger.check(wanted.wording.of(_BLANK))
        rows = [named for named in wanted.selection.named if named.row]
        faults = [Fault(row=named.row, error=error) for named in rows if (error := self._fault(wanted, named.wording))]
        with self._store.read() as tx:
            chosen, missing = self._selector.choose(tx, wanted.selection)
            planned = [each for some in _batches(chosen) for each in self._judge(tx, some, wanted)]
        faults = sorted([*faults, *missing], key=lambda fault: fault.row)
        return Plan(wanted=wanted, planned=tuple(planned), faults=tuple(faults))

    def carry_out(self, plan: Plan, consent: Consent) -> Iterator[list[Planned]]:
        """Shares the new records of the plan, in batches; each is durable when it is yielded. Raises `Misuse` if the
        plan has faults or needs a yes. Stopping between two batches is safe: the same command continues from there.
        """
        plan.require_sound()
        require_consent(consent, plan.records, plan.digest, "share")
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
            fresh = [each.chosen for each in judged if each.stand is Stand.NEW]
            held = writer.holdings_by_id([each.holding for each in fresh])
            handling = wanted.terms.of(Handling())
            return [
                Draft(
                    statement=_words(wanted, each).of(_thing(held[each.holding])),
                    handling=handling,
                    holding=each.holding,
                )
                for each in fresh
            ]

        records = iter(self._ledger.contribute_as(drafts))
        return [
            replace(each, stand=Stand.SHARED, record=next(records)) if each.stand is Stand.NEW else each
            for each in judged
        ]

    # --- judging ------------------------------------------------------------------------------------------------------

    def _judge(self, tx: NodeStoreReader, chosen: Sequence[Chosen], wanted: Wanted) -> list[Planned]:
        """The present state of each of these holdings. A deleted one is left out."""
        held = tx.holdings_by_id([each.holding for each in chosen])
        bare = [each.sha256 for each in held.values() if each.record is None]
        known = self._recogniser.find(tx, bare)
        records = {each.id: each.record or known.get(each.sha256) for each in held.values()}
        said = self._said(tx, [record for record in records.values() if record is not None])
        return [
            self._stand(tx, each, held[each.holding], record=records[each.holding], wanted=wanted, said=said)
            for each in chosen
            if each.holding in held
        ]

    def _stand(
        self,
        tx: NodeStoreReader,
        chosen: Chosen,
        holding: Holding,
        *,
        record: RecordId | None,
        wanted: Wanted,
        said: dict[RecordId, tuple[Contribution, Handling]],
    ) -> Planned:
        if record is not None:
            linked = holding.record is None
            if record not in said:
                return Planned(chosen=chosen, stand=Stand.BEFORE, record=record, linked=linked)
            statement, handling = said[record]
            differs = differences(statement, _words(wanted, chosen).of(statement))
            differs += differences(handling, wanted.terms.of(handling))
            stand = Stand.DIFFERS if differs else Stand.BEFORE
            return Planned(chosen=chosen, stand=stand, record=record, differs=differs, said=said[record], linked=linked)
        if tx.setting(withdrawn(holding.id)) and not chosen.typed:
            return Planned(chosen=chosen, stand=Stand.WITHDRAWN)
        fit = self._ledger.shareable(holding.fingerprints)
        return Planned(chosen=chosen, stand=Stand.NEW if fit else Stand.NOTHING)

    def _said(self, tx: NodeStoreReader, records: Sequence[RecordId]) -> dict[RecordId, tuple[Contribution, Handling]]:
        """The content of these records of ours, without fingerprints, as far as it is held here. One search per log."""
        shown: dict[RecordId, tuple[bytes, Disclosure]] = {}
        by_origin: dict[Origin, list[RecordId]] = {}
        for record in records:
            pending = tx.find_pending(record.leaf)
            if pending is not None:
                shown[record] = (pending.entry, pending.disclosure)
            else:
                by_origin.setdefault(record.origin, []).append(record)
        for origin, some in by_origin.items():
            places = tx.find(origin, [record.leaf for record in some])
            held = tx.disclosed_at(origin, sorted(places.values()))
            shown |= {each: held[places[each.leaf]] for each in some if places.get(each.leaf) in held}
        read = {record: self._read(*each) for record, each in shown.items()}
        return {record: each for record, each in read.items() if each is not None}

    def _read(self, entry: bytes, shown: Disclosure) -> tuple[Contribution, Handling] | None:
        envelope = decode(entry)
        try:
            body = self._codec.decode_body(envelope.kind, shown.body) if envelope else None
            handling = self._codec.decode_handling(shown.handling)
        except Malformed:  # damaged since it was written: fsck names it
            return None
        return (replace(body, fingerprints=()), handling) if isinstance(body, Contribution) else None

    def _fault(self, wanted: Wanted, wording: Wording) -> Misuse | Refused | None:
        """What is wrong with the words of one row."""
        try:
            self._ledger.check(wording.over(wanted.wording).of(_BLANK))
        except (Misuse, Refused) as error:
            return error
        return None


_BLANK: Final = Contribution(fingerprints=())
"""For checking words before their subject is known."""


def _thing(holding: Holding) -> Contribution:
    return Contribution(fingerprints=holding.fingerprints, media_type=holding.media_type)


def _words(wanted: Wanted, chosen: Chosen) -> Wording:
    return chosen.named.wording.over(wanted.wording) if chosen.named else wanted.wording


def _batches(some: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(some), BATCH):
        yield some[start : start + BATCH]
