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

from node.domain.batch import MAX_BODY, MAX_HANDLING, BodyState
from node.domain.calendar import SECONDS_A_DAY, in_calendar
from node.domain.envelope import (
    OWN_TARGET,
    REPLACING,
    Disclosure,
    Envelope,
    Kind,
    commit,
    commit_handling,
    encode,
    replaced_by,
)
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling, check_agreement
from node.domain.holdings import withdrawn
from node.domain.ids import NONCE_SIZE, Origin, RecordId
from node.domain.log_ports import Chain, PendingEntry
from node.domain.matchable import contributable
from node.domain.ports import Clock, Codec, StoreReader, StoreWriter
from node.domain.queries import Level
from node.domain.roster import MemberStatus, Roster
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
from node.errors import Malformed, Misuse, NotFound, Refused
from node.tlog.merkle import leaf_hash
from node.usecases.applying_runs import Target, audience_within, find_target
from node.usecases.catalogue import Catalogue
from node.usecases.change import Change
from node.usecases.entry_columns import check_own
from node.usecases.pointing_entries import check_room
from node.usecases.purging import chain_at, leaf_at, root_of, versions
from node.usecases.stating import check_audience, check_statement
from node.usecases.waiting import Waiting, points_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What to contribute, and the id of the holding that it is about, if there is one."""

    statement: Contribution
    handling: Handling = field(default_factory=Handling)
    holding: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    """An entry of our own, in the log or waiting for its place."""

    kind: int
    pending: PendingEntry | None = None
    placed: Target | None = None


class Ledger:
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
        self._codec = codec
        self._catalogue = catalogue
        self._origin = origin
        self._roster = roster
        self._clock = clock
        self._random = random
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
        drafts_in: Callable[[StoreWriter], Sequence[Draft]],
        said: Callable[[StoreWriter, Sequence[RecordId]], None] = lambda _writer, _records: None,
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
        said: Callable[[StoreWriter, RecordId], None] = lambda _writer, _record: None,
    ) -> RecordId:
        """Makes a statement of cooperation. `said` is told its name, in the same transaction. An empty audience: for
        ourselves and the hub alone. Raises `Misuse`, `Refused`.
        """
        with self._catalogue.change() as change:
            self._check_readers(handling, KIND_OF[type(statement)])
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
            spoken = self._own(writer, target)
            self._check_readers(handling, what, self._handling_of(spoken))
            if self._began_as(writer, target, spoken) != what:
                raise Refused(
                    "this statement cannot be replaced by one of another kind",
                    remedy="retract it, then make the statement again",
                )
            self._check_newest(writer, target, spoken, Waiting(writer, self._origin))
            if spoken.pending is not None:
                # It was never sent, so the new statement takes its place, with the target of the one it replaces.
                change.forget_pending(target.leaf)
                replaced = points_at(spoken.pending)
            else:
                replaced = target
            kind = replaced_by(what) if replaced else what
            if kind is None:
                raise Refused("a statement of this kind cannot be changed", remedy="retract it")
            record = self._say(writer, Kind(kind), statement, handling, replaced)
            for holding in writer.holdings_of_record(target):
                writer.set_record(holding.id, record)
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
        spoken = self._own(writer, target)
        if spoken.kind == Kind.RETRACTION:
            raise Refused("a retraction cannot be retracted")
        if spoken.pending is not None:
            change.forget_pending(target.leaf)
            replaced = points_at(spoken.pending)
            # A waiting correction is deleted, and its target is retracted.
            target, spoken = (replaced, self._own(writer, replaced)) if replaced else (target, spoken)
        if spoken.placed is not None:
            chain = chain_at(writer, target.origin, spoken.placed.index, target.leaf)
            names = list(dict.fromkeys([*versions(writer, chain), target]))
            if chain.ended or waiting.retracts(names):
                raise Refused("this record was retracted before")
            record = self._say(writer, Kind.RETRACTION, Retraction(reason=reason), Handling(), target)
            waiting.add(target, Kind.RETRACTION, record.leaf)
            ended += self._end(change, waiting, chain, names)
        for each in ended:
            for holding in writer.holdings_of_record(each):
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
        self, writer: StoreWriter, kind: Kind, statement: Statement, handling: Handling, target: RecordId | None = None
    ) -> RecordId:
        """Acknowledges one statement inside a transaction."""
        if target is not None:
            check_room(writer, self._origin, kind, target)
        if kind != Kind.RETRACTION:
            # A retraction needs no permission and no current roster.
            self._check_policy(handling)
            self.check(statement)
        body, hidden = self._codec.encode_body(statement), self._codec.encode_handling(handling)
        if len(body) > MAX_BODY or len(hidden) > MAX_HANDLING:
            raise Misuse("a statement or its handling is too long", remedy="split it, or shorten its audience")
        origin, nonce, other = str(self._origin), self._random(NONCE_SIZE), self._random(NONCE_SIZE)
        envelope = Envelope(
            kind=kind,
            issued_day=int(self._clock()) // SECONDS_A_DAY,
            open=handling.audience is None,
            expiry_day=handling.retain_until_day,
            target=target,
            handling_commitment=commit_handling(origin, kind, other, hidden),
            commitment=commit(origin, kind, nonce, body),
        )
        check_agreement(envelope, handling)
        entry = encode(envelope)
        leaf = leaf_hash(entry)
        disclosure = Disclosure(nonce=nonce, body=body, handling_nonce=other, handling=hidden)
        writer.acknowledge([(self._origin, entry, leaf, disclosure)])
        return RecordId(self._origin, leaf)

    def _end(self, change: Change, waiting: Waiting, chain: Chain, names: Sequence[RecordId]) -> list[RecordId]:
        """Purges a record now, and a waiting correction of it; returns the names of all its versions."""
        change.purge().end(chain)
        ended = list(names)
        for each in names:
            leaf = waiting.corrections.get(each)
            if leaf is not None and change.forget_pending(leaf):
                ended.append(RecordId(self._origin, leaf))
        return ended

    # --- what may be said -----------------------------------------------------------------------------------------

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
        self._check_policy(handling)
        return handling

    def _check_readers(self, handling: Handling, kind: Kind, before: Handling | None = None) -> None:
        if kind == Kind.CONTRIBUTION or handling.audience != ():
            check_audience(handling, self._roster(), before)

    def _began_as(self, reader: StoreReader, target: RecordId, spoken: _Spoken) -> int:
        """The kind of the first version of a record."""
        while spoken.kind in REPLACING:
            before = points_at(spoken.pending) if spoken.pending is not None else None
            if spoken.placed is not None:
                before, _ = root_of(reader, target.origin, spoken.placed.index, target.leaf)
            if before is None or before == target:
                break
            target, spoken = before, self._own(reader, before)
        return spoken.kind

    def _handling_of(self, spoken: _Spoken) -> Handling | None:
        if spoken.pending is not None:
            return self._codec.decode_handling(spoken.pending.disclosure.handling)
        return spoken.placed.handling if spoken.placed else None

    def _check_policy(self, handling: Handling) -> None:
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

    def _record_of(self, reader: StoreReader, holding_id: int | None) -> RecordId | None:
        if holding_id is None:
            return None
        holding = reader.holding(holding_id)
        if holding is None:
            raise NotFound("this node has no such holding")
        return holding.record

    def _own(self, reader: StoreReader, target: RecordId) -> _Spoken:
        """An entry of ours. Raises `Refused` for another member's, `NotFound` if there is none."""
        try:
            check_own(self._origin, target.origin)
        except Malformed as error:
            raise Refused(str(error), remedy="state your own view of it: opine or comment") from error
        pending = reader.find_pending(target.leaf)
        if pending is not None:
            return _Spoken(kind=pending.entry[1], pending=pending)
        index = reader.find(target.origin, [target.leaf]).get(target.leaf)
        placed = None if index is None else find_target(reader, target.origin, index, self._codec)
        if placed is None:
            raise NotFound("your own log has no such record")
        return _Spoken(kind=placed.envelope.kind, placed=placed)

    def _check_newest(self, reader: StoreReader, target: RecordId, spoken: _Spoken, waiting: Waiting) -> None:
        """Raises `Refused` unless this is the newest version of a live record."""
        words, newest, ended, expired = waiting.kinds.get(target, set()) & OWN_TARGET, True, False, False
        if spoken.placed is not None:
            chain = chain_at(reader, target.origin, spoken.placed.index, target.leaf)
            newest, ended = chain.head == (target.origin, spoken.placed.index), chain.ended
            expired = spoken.placed.state == BodyState.PURGED
            ended |= expired and waiting.retracts(versions(reader, chain))
        if ended or words or not newest:
            raise Refused(
                "this record was corrected or retracted before",
                remedy="name its newest correction (vigil records --mine shows it)",
            )
        if expired:
            raise Refused(
                "this record has expired: its contents are deleted", remedy="retract it, then contribute again"
            )


def _check_replaced(reader: StoreReader, target: RecordId, index: int) -> None:
    """Raises `Refused` with the newest version's name, if a record has a newer version."""
    chain = chain_at(reader, target.origin, index, target.leaf)
    if chain.ended or chain.head is None or chain.head == (target.origin, index):
        return
    newest = RecordId(chain.head[0], leaf_at(reader, *chain.head))
    raise Refused("this record was corrected, and has a newer version", remedy=f"name the newest version: {newest}")
