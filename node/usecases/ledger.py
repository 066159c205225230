"""This member's statements become acknowledged entries of its own log.

Rules this module upholds:

- Acknowledged means durable: a method returns after its transaction has ended; a crash before that leaves nothing.
- A record has its name, the hash of its leaf, before it has a place. `ownlog` places and signs.
- Only the owner changes its record. About another member's record there are opinions and comments, with an audience
  within that record's audience.
- A statement without a place was never sent: correcting or retracting it deletes it.
- A retracted body is purged here at once, in the transaction that acknowledges the retraction.
- A member that has left the federation makes no new statements. It can still retract its records, in any state of the
  roster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from node.domain.batch import BodyState
from node.domain.case_events import CaseEventKind
from node.domain.envelope import Kind, replaced_by
from node.domain.handling import Handling
from node.domain.holdings import withdrawn
from node.domain.ids import Origin, RecordId
from node.domain.log_ports import Chain
from node.domain.ports import Clock, Codec
from node.domain.queries import Level
from node.domain.roster import Roster
from node.domain.statements import (
    KIND_OF,
    Comment,
    Contribution,
    Cooperation,
    Opinion,
    Reason,
    Retraction,
    Statement,
)
from node.domain.stores import NodeStoreReader, NodeStoreWriter
from node.domain.usage import OF_KIND, Charge
from node.errors import NotFound, Refused
from node.usecases.acknowledging import Author
from node.usecases.applying_runs import audience_within, find_target
from node.usecases.case_events import cases_of, happened
from node.usecases.catalogue import Catalogue
from node.usecases.change import Change
from node.usecases.own_statements import began_as, check_newest, handling_of, own_statement
from node.usecases.permission import Permission
from node.usecases.pointing_entries import check_room
from node.usecases.purging import chain_at, leaf_at, versions
from node.usecases.quotas import passed, refusal
from node.usecases.waiting import Waiting, points_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What to contribute, and the id of the holding that it is about, if there is one."""

    statement: Contribution
    handling: Handling = field(default_factory=Handling)
    holding: int | None = None


class Ledger(Permission):
    """Safe to use from any thread, blocking: never on the event loop.

    `random(n)` returns n unpredictable bytes; `acknowledged` is called after each durable statement, in the caller's
    thread (it wakes the publisher).
    """

    def __init__(
        self,
        *,
        codec: Codec,
        catalogue: Catalogue,
        origin: Origin,
        roster: Callable[[], Roster],
        clock: Clock,
        random: Callable[[int], bytes],
        acknowledged: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(origin=origin, roster=roster, clock=clock)
        self._codec = codec
        self._catalogue = catalogue
        self._author = Author(origin=origin, codec=codec, clock=clock, random=random)
        self._acknowledged = acknowledged

    # --- our own records ------------------------------------------------------------------------------------------

    def contribute(self, drafts: Sequence[Draft]) -> list[RecordId]:
        """Records of these contributions, in order, in one transaction; their holdings are shared from then on.

        A holding that was contributed before keeps its record. Raises `Refused` if the policy forbids it or nothing of
        it may be contributed, `NotFound` for an unknown holding.
        """
        return self.contribute_as(lambda _: drafts)

    def contribute_as(
        self,
        drafts_in: Callable[[NodeStoreWriter], Sequence[Draft]],
        said: Callable[[NodeStoreWriter, Sequence[RecordId]], None] = lambda _writer, _records: None,
    ) -> list[RecordId]:
        """As `contribute`, for the drafts that `drafts_in` makes inside the transaction, from the present state. `said`
        is told the records, in the same transaction.
        """
        with self._catalogue.change() as change:
            writer, records = change.writer, []
            for draft in drafts_in(writer):
                known = self._record_of(writer, draft.holding)
                record = known or self._say(
                    writer, Kind.CONTRIBUTION, self.contributable(draft.statement), self.agreed(draft.handling)
                )
                if draft.holding is not None:
                    writer.set_record(draft.holding, record)
                    writer.set_level(draft.holding, Level.SHARED)
                records.append(record)
            said(writer, records)
        # A crash before this line: the caller got no answer, and either all records are stored or none.
        self._acknowledged()
        return records

    def correct(self, target: RecordId, statement: Contribution, handling: Handling) -> RecordId:
        """Replaces the head of an own record, audience and all. Raises `Refused`, `NotFound`."""
        return self._replace(target, self.contributable(statement), handling, Kind.CONTRIBUTION)

    def state(
        self,
        statement: Cooperation,
        handling: Handling,
        said: Callable[[NodeStoreWriter, RecordId], None] = lambda _writer, _record: None,
    ) -> RecordId:
        """Makes a statement of cooperation. `said` is told its name, in the same transaction. An empty audience: for
        ourselves and the hub alone. Raises `Misuse`, `Refused`.
        """
        with self._catalogue.change() as change:
            self.check_readers(handling, KIND_OF[type(statement)])
            record = self._say(change.writer, KIND_OF[type(statement)], statement, handling)
            said(change.writer, record)
        self._acknowledged()
        return record

    def revise(self, target: RecordId, statement: Cooperation, handling: Handling) -> RecordId:
        """Replaces the newest version of an own statement of cooperation, audience and all. Raises `Refused`,
        `NotFound`.
        """
        return self._replace(target, statement, handling, KIND_OF[type(statement)])

    def _replace(self, target: RecordId, statement: Statement, handling: Handling, what: Kind) -> RecordId:
        """Replaces the newest version of an own record that began as an entry of the kind `what`."""
        with self._catalogue.change() as change:
            writer = change.writer
            spoken = own_statement(writer, self._origin, target, self._codec)
            self.check_readers(handling, what, handling_of(spoken, self._codec))
            if began_as(writer, self._origin, target, spoken, self._codec) != what:
                raise Refused(
                    "this statement cannot be replaced by one of another kind",
                    remedy="retract it, then make the statement again",
                )
            check_newest(writer, target, spoken, Waiting(writer, self._origin))
            if spoken.pending is not None:
                # It was never sent, so the new statement takes its place, with the target of the one it replaces.
                change.forget_pending(target.leaf)
                replaced = points_at(spoken.pending)
            else:
                replaced = target
            kind = replaced_by(what) if replaced else what
            if kind is None:
                raise Refused("a statement of this kind cannot be changed", remedy="retract it")
            # What was never sent was counted, and nobody else will count it.
            counts = spoken.pending is None
            record = self._say(writer, Kind(kind), statement, handling, replaced, counts=counts)
            about = writer.holdings_of_record(target)
            for holding in about:
                writer.set_record(holding.id, record)
            happened(writer, cases_of(about), CaseEventKind.CORRECTED, int(self._clock()))
        self._acknowledged()
        return record

    def retract(self, target: RecordId, reason: Reason = Reason.UNSTATED) -> RecordId | None:
        """Ends an own record, with every correction of it. None if it was never sent, and is simply deleted.

        Its holdings become national again. Raises `Refused` if it was retracted before, `NotFound`.
        """
        return self.retract_all([target], reason)[0]

    def retract_all(self, targets: Sequence[RecordId], reason: Reason = Reason.UNSTATED) -> list[RecordId | None]:
        """`retract` for each, in order, in one transaction: all of them or none."""
        with self._catalogue.change() as change:
            waiting = Waiting(change.writer, self._origin)
            said = [self._retract(change, waiting, target, reason) for target in targets]
        self._acknowledged()
        return said

    def _retract(self, change: Change, waiting: Waiting, target: RecordId, reason: Reason) -> RecordId | None:
        writer, record, ended = change.writer, None, [target]
        spoken = own_statement(writer, self._origin, target, self._codec)
        if spoken.kind == Kind.RETRACTION:
            raise Refused("a retraction cannot be retracted")
        if spoken.pending is not None:
            change.forget_pending(target.leaf)
            replaced = points_at(spoken.pending)
            # A waiting correction is deleted, and its target is retracted.
            target, spoken = (
                (replaced, own_statement(writer, self._origin, replaced, self._codec)) if replaced else (target, spoken)
            )
        if spoken.placed is not None:
            chain = chain_at(writer, target.origin, spoken.placed.index, target.leaf)
            names = list(dict.fromkeys([*versions(writer, chain), target]))
            if chain.ended or waiting.retracts(names):
                raise Refused("this record was retracted before")
            record = self._say(writer, Kind.RETRACTION, Retraction(reason=reason), Handling(), target)
            waiting.add(target, Kind.RETRACTION, record.leaf)
            ended += self._end(change, waiting, chain, names)
        for each in ended:
            about = writer.holdings_of_record(each)
            happened(writer, cases_of(about), CaseEventKind.RETRACTED, int(self._clock()))
            for holding in about:
                writer.set_record(holding.id, None)
                writer.set_level(holding.id, Level.NATIONAL)
                # Remembered, so that sharing a whole case does not share a retracted record again.
                writer.set_setting(withdrawn(holding.id), b"1")
        return record

    # --- about others' --------------------------------------------------------------------------------------------

    def opine(self, target: RecordId, opinion: Opinion, handling: Handling | None = None) -> RecordId:
        """Our view of another member's record. `handling` None: the record's own. Raises `Refused`, `NotFound`."""
        if target.origin.member == self._origin.member:
            raise Refused(
                "an opinion can only be about another member's record",
                remedy="use `vigil correct` or `vigil retract` for your own records",
            )
        return self._remark(Kind.OPINION, target, opinion, handling)

    def comment(self, target: RecordId, comment: Comment, handling: Handling | None = None) -> RecordId:
        """A remark on a record, for those who may read it. `handling` None: the record's own."""
        return self._remark(Kind.COMMENT, target, comment, handling)

    def _remark(self, kind: Kind, target: RecordId, statement: Statement, handling: Handling | None) -> RecordId:
        with self._catalogue.change() as change:
            writer = change.writer
            index = writer.find(target.origin, [target.leaf]).get(target.leaf)
            about = None if index is None else find_target(writer, target.origin, index, self._codec)
            if about is None or about.state != BodyState.HELD or about.handling is None:
                if index is not None:
                    _check_replaced(writer, target, index)
                raise NotFound("this node does not have this record, or may not read it")
            circle = about.handling.audience
            if circle is not None:
                circle = tuple(sorted({*circle, target.origin.member}))
            said = handling or replace(about.handling, audience=circle)
            if not audience_within(said, about.handling, target.origin.member):
                raise Refused("an opinion or comment cannot have more readers than its subject")
            record = self._say(writer, kind, statement, said, target)
        self._acknowledged()
        return record

    # --- one entry ------------------------------------------------------------------------------------------------

    def _say(
        self,
        writer: NodeStoreWriter,
        kind: Kind,
        statement: Statement,
        handling: Handling,
        target: RecordId | None = None,
        *,
        counts: bool = True,
    ) -> RecordId:
        """Acknowledges one statement inside a transaction."""
        if target is not None:
            check_room(writer, self._origin, kind, target)
        if kind != Kind.RETRACTION:
            # A retraction needs no permission and no current roster.
            self.check_policy(handling)
            self.check(statement)
        if counts:
            self._count(writer, kind)
        return self._author.acknowledge(writer, kind, statement, handling, target)

    def _count(self, writer: NodeStoreWriter, kind: Kind) -> None:
        """Counts a statement of a kind with a limit of its own. Raises `Overloaded` beyond the limit: the hub and the
        nodes would hold back our whole log.
        """
        resource = OF_KIND.get(kind)
        if resource is None:
            return
        member, now = self._origin.member, self._clock()
        charge = Charge(member=member, resource=resource, amount=1)
        over = passed(self._roster().policy.limits, writer.usage(member), [charge], now)
        if over is not None:
            raise refusal(member, *over, now)
        writer.charge([charge], now)

    def _end(self, change: Change, waiting: Waiting, chain: Chain, names: Sequence[RecordId]) -> list[RecordId]:
        """Purges a record now, and a waiting correction of it; returns the names of all its versions."""
        change.purge().end(chain)
        ended = list(names)
        for each in names:
            leaf = waiting.corrections.get(each)
            if leaf is not None and change.forget_pending(leaf):
                ended.append(RecordId(self._origin, leaf))
        return ended

    def _record_of(self, reader: NodeStoreReader, holding_id: int | None) -> RecordId | None:
        if holding_id is None:
            return None
        holding = reader.holding(holding_id)
        if holding is None:
            raise NotFound("this node has no such holding")
        return holding.record


def _check_replaced(reader: NodeStoreReader, target: RecordId, index: int) -> None:
    """Raises `Refused` with the newest version's name, if a record has a newer version."""
    chain = chain_at(reader, target.origin, index, target.leaf)
    if chain.ended or chain.head is None or chain.head == (target.origin, index):
        return
    newest = RecordId(chain.head[0], leaf_at(reader, *chain.head))
    raise Refused("this record was corrected, and has a newer version", remedy=f"name the newest version: {newest}")
