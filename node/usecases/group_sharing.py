"""Our records, links and messages of a group, addressed to its present members: for those who joined later.

Rules this module upholds:

- An audience is fixed when signed. So each record is corrected, with the same words and the present members as readers.
- A dry run and a run have the same plan. The audit log records each batch before it is signed, and its outcome after.
- A record that cannot be corrected (someone has just retracted it) affects only itself.
- The opening of a thread decides who is in it. Stated again, it names the newest messages, as `thread_members` does. A
  message that has no place in our log yet stays as it is: its name would change.
- A record for everyone stays as it is, and so does a record of which a newer version waits to be sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.consultations import Consultation
from node.domain.envelope import OWN_TARGET, Kind
from node.domain.groups import GROUP_MARK
from node.domain.ids import RecordId
from node.domain.record_links import RecordLink
from node.domain.statements import Contribution
from node.errors import Malformed, Misuse, NotFound, Refused
from node.usecases.acts import perform
from node.usecases.consent import Consent, plan_digest, require_consent
from node.usecases.group_audience import names_of
from node.usecases.purging import leaf_at
from node.usecases.thread_order import told_of
from node.usecases.threads import Threads
from node.usecases.waiting import ALL, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.envelope import Disclosure
    from node.domain.handling import Handling
    from node.domain.ids import MemberId, Origin
    from node.domain.stores import NodeStoreReader
    from node.errors import VigilError
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.ledger import Ledger

BATCH: Final = 50
"""Records between two entries of the audit log: after each batch, an interrupted command can stop."""
_PAGE: Final = 1_000
_PAGE_BYTES: Final = 8 * 1024 * 1024
_KINDS: Final = frozenset({Kind.CONTRIBUTION, Kind.CORRECTION, Kind.LINK, Kind.CONSULTATION, Kind.REVISION})


class ShareFate(StrEnum):
    """What a plan does with a record."""

    PLANNED = "planned"
    SHARED = "shared"
    KEPT = "kept"
    """It could not be corrected: `error` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readdressed:
    """One record, link or message of ours. `correction`: the new version, for the present members."""

    record: RecordId
    fate: ShareFate = ShareFate.PLANNED
    correction: RecordId | None = None
    error: VigilError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSharePlan:
    """What a command would do: these records would be for these members."""

    group: RecordId
    members: tuple[MemberId, ...]
    planned: tuple[Readdressed, ...]

    @property
    def digest(self) -> str:
        """The name of this plan (`consent`)."""
        return plan_digest([*self.members, *(str(each.record) for each in self.planned)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """A statement of ours that is shared with the group."""

    said: Contribution | RecordLink | Consultation
    handling: Handling


class GroupSharing:
    """Blocking: never on the event loop."""

    def __init__(self, *, audiences: GroupAudiences, ledger: Ledger, audit: AuditLog) -> None:
        self._audiences = audiences
        self._ledger = ledger
        self._audit = audit
        self._own = audiences.own
        self._codec = audiences.codec

    def plan(self, name: str) -> GroupSharePlan:
        """Which records have other readers than the present members. Raises as `GroupAudiences.present`."""
        present = self._audiences.present(name.removeprefix(GROUP_MARK))
        with self._audiences.store.read() as tx:
            named = names_of(tx, self._audiences.book(tx).groups())
            versions = frozenset(each for each, view in named.items() if view.group == present.group)
            due = [
                Readdressed(record=record)
                for record, shown in self._ours(tx, versions)
                if (own := self._read(shown, versions)) and _differs(own.handling, present.members)
            ]
        return GroupSharePlan(group=present.group, members=present.members, planned=tuple(due))

    def carry_out(self, plan: GroupSharePlan, consent: Consent) -> Iterator[list[Readdressed]]:
        """Corrects the records, in batches; each is durable when it is yielded. Raises `Misuse` if the plan needs a
        yes. Stopping between two batches is safe: the same command continues from there.
        """
        require_consent(consent, len(plan.planned), plan.digest, "share")
        for start in range(0, len(plan.planned), BATCH):
            some = plan.planned[start : start + BATCH]
            yield perform(
                self._audit,
                "group share",
                lambda some=some: [self._readdress(each, plan.members) for each in some],  # type: ignore[misc]
                group=str(plan.group),
                records=[str(each.record) for each in some],
                members=list(plan.members),
            )

    def _readdress(self, planned: Readdressed, members: tuple[MemberId, ...]) -> Readdressed:
        with self._audiences.store.read() as tx:
            shown = self._shown(tx, planned.record)
        own = None if shown is None else self._read(shown, None)
        if own is None:
            gone = NotFound("this record was retracted or has expired meanwhile")
            return replace(planned, fate=ShareFate.KEPT, error=gone)
        handling = replace(own.handling, audience=members)
        try:
            if isinstance(own.said, Contribution):
                correction = self._ledger.correct(planned.record, own.said, handling)
            else:
                correction = self._ledger.revise(planned.record, self._again(planned.record, own.said), handling)
        except (Misuse, NotFound, Refused) as error:
            return replace(planned, fate=ShareFate.KEPT, error=error)
        return replace(planned, fate=ShareFate.SHARED, correction=correction)

    def _again(self, record: RecordId, said: RecordLink | Consultation) -> RecordLink | Consultation:
        """What is stated again: the opening of a thread names the newest messages."""
        if not isinstance(said, Consultation) or said.thread is not None:
            return said
        with self._audiences.store.read() as tx:
            threads = Threads(tx, self._codec, self._own)
            return replace(said, after=told_of(threads.thread(threads.resolve(str(record))).messages))

    # --- our statements -----------------------------------------------------------------------------------------------

    def _ours(
        self, tx: NodeStoreReader, versions: frozenset[RecordId]
    ) -> Iterator[tuple[RecordId, tuple[int, Disclosure]]]:
        """Our statements that may be shared with this group, in log order: their bodies contain its name."""
        marks = [each.leaf for each in versions]
        waiting = Waiting(tx, self._own)
        for log in tx.logs():
            if log.origin.member == self._own.member and log.origin.stream == self._own.stream:
                for index in self._marked(tx, log.origin, log.size, marks):
                    record = RecordId(log.origin, leaf_at(tx, log.origin, index))
                    if not waiting.kinds.get(record, set()) & OWN_TARGET:
                        entry, shown = tx.disclosed_at(log.origin, [index])[index]
                        yield record, (entry[1], shown)
        for each in tx.pending(self._own, ALL):
            if each.entry[1] in _KINDS - {Kind.CONSULTATION} and any(mark in each.disclosure.body for mark in marks):
                yield RecordId(each.origin, each.leaf), (each.entry[1], each.disclosure)

    @staticmethod
    def _marked(tx: NodeStoreReader, origin: Origin, size: int, marks: Sequence[bytes]) -> Iterator[int]:
        start = 0
        while start < size:
            run = tx.run(origin, start, min(size, start + _PAGE), _PAGE_BYTES)
            for at, (entry, body) in enumerate(zip(run.entries, run.bodies, strict=True)):
                held = run.states[at] == BodyState.HELD and entry[1] in _KINDS
                if held and any(mark in body for mark in marks):
                    yield start + at
            start += len(run.entries)

    def _shown(self, tx: NodeStoreReader, record: RecordId) -> tuple[int, Disclosure] | None:
        pending = tx.find_pending(record.leaf)
        if pending is not None:
            return pending.entry[1], pending.disclosure
        index = tx.find(record.origin, [record.leaf]).get(record.leaf)
        held = {} if index is None else tx.disclosed_at(record.origin, [index])
        return next(((entry[1], shown) for entry, shown in held.values()), None)

    def _read(self, shown: tuple[int, Disclosure], versions: frozenset[RecordId] | None) -> _Own | None:
        """A statement of ours; None if it is not about the group with these `versions` (None: about any)."""
        kind, disclosure = shown
        try:
            said = self._codec.decode_body(kind, disclosure.body)
            handling = self._codec.decode_handling(disclosure.handling)
        except Malformed:  # damaged since it was written: fsck names it
            return None
        if not isinstance(said, Contribution | RecordLink | Consultation) or (
            versions is not None and said.group not in versions
        ):
            return None
        return _Own(said=said, handling=handling)


def _differs(handling: Handling, members: tuple[MemberId, ...]) -> bool:
    return handling.audience is not None and {*handling.audience} != {*members}
