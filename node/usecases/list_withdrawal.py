"""Records of rows that left their list: each is retracted, or stays because the list still says the same.

Rules this module upholds:

- Nothing is retracted by itself. A later version of a list, and its removal, leave records that await an order.
- A record stays if a row of the list says the same as the record, if our officers corrected it and the list still has
  its hash, or if a holding of ours stands behind it. The row then counts as shared.
- A record that was retracted or has expired awaits nothing.
- A dry run and a run judge in the same way. One run retracts at most `MOST`; the next run continues.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.lists import ListReader, shared_row, unlisted
from node.domain.statements import Contribution
from node.errors import Malformed, NotFound, Refused
from node.usecases.acts import perform
from node.usecases.purging import chain_at, leaf_at, versions
from node.usecases.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from node.domain.fingerprints import Fingerprint
    from node.domain.lists import ListedRow, ReferenceList
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec
    from node.domain.setting_ports import SettingReader
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.audit import AuditLog
    from node.usecases.ledger import Ledger
    from node.usecases.own_hashes import OwnHashes

AT_ONCE: Final = 50
"""Records of one transaction: after each, other writers get their turn, and an interrupted command can stop."""
MOST: Final = 20_000
"""Records that one run retracts: their names are kept until its end."""


class Due(StrEnum):
    """What becomes of a record whose row is gone."""

    RETRACT = "retract"
    KEEP = "keep"
    OVER = "over"
    """It was retracted, or has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """One record. `setting`: the name of its note; `record`: its newest version; `row`: the row that says the same, 0
    if none does.
    """

    setting: str
    record: RecordId
    due: Due
    row: int = 0

    @property
    def gone(self) -> int:
        """The number of the row that left the list."""
        return int(self.setting.rpartition("/")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How rows become records. `fit`: the fingerprints of a row that may be shared; `strongest`: one of some; `says`:
    what a record says of a row, None if the row may not be shared.
    """

    strongest: Callable[[Sequence[Fingerprint]], tuple[int, bytes]]
    says: Callable[[ReferenceList, ListedRow], Contribution | None]


class ListWithdrawals:
    """Blocking: never on the event loop."""

    def __init__(
        self, *, store: NodeStore, ledger: Ledger, codec: Codec, own: OwnHashes, audit: AuditLog, rules: Rules
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._codec = codec
        self._own = own
        self._audit = audit
        self._rules = rules

    def pages(self, name: str, of: ReferenceList | None) -> Iterator[list[Awaiting]]:
        """The records that await a decision, judged, in pages. `of`: the list, None if it was removed."""
        after = ""
        while True:
            with self._store.read() as tx:
                page = tx.settings_under(unlisted(name), after, AT_ONCE)
                if not page:
                    return
                judged = self._judge(tx, of, page)
            yield judged
            after = page[-1][0]

    def settle(self, some: Sequence[Awaiting], name: str) -> list[Awaiting]:
        """Carries out what was judged, durably; returns those whose state had not changed meanwhile."""
        due = [each for each in some if each.due is Due.RETRACT]
        done = [each for each in some if each.due is not Due.RETRACT]
        if due:
            done += perform(
                self._audit,
                "retract",
                lambda: self._retract(due),
                list=name,
                records=[str(each.record) for each in due],
            )
        # A crash right here leaves notes of records that are retracted: the next run finds that they are over.
        with self._store.write() as tx:
            there = tx.list_rows([each.row for each in done if each.row])
            for each in done:
                if each.row in there:
                    tx.set_setting(shared_row(each.row), str(each.record).encode())
            tx.forget_settings([each.setting for each in done])
        return done

    def _retract(self, due: Sequence[Awaiting]) -> list[Awaiting]:
        try:
            self._ledger.retract_all([each.record for each in due])
        except (Refused, NotFound):
            # The state of one has changed: each by itself, so that this affects only that one.
            return [each for each in due if self._alone(each)]
        return list(due)

    def _alone(self, each: Awaiting) -> bool:
        try:
            self._ledger.retract(each.record)
        except (Refused, NotFound):
            return False
        return True

    # --- judging ------------------------------------------------------------------------------------------------------

    def _judge(
        self, tx: NodeStoreReader, of: ReferenceList | None, page: Sequence[tuple[str, bytes]]
    ) -> list[Awaiting]:
        said: list[tuple[str, RecordId, RecordId, Contribution]] = []
        judged: list[Awaiting] = []
        waiting: dict[object, Waiting] = {}
        for setting, value in page:
            record = RecordId.parse(value.decode())
            if record.origin not in waiting:
                waiting[record.origin] = Waiting(tx, record.origin)
            found = self._live(tx, record, waiting[record.origin])
            if found is None:
                judged.append(Awaiting(setting=setting, record=record, due=Due.OVER))
            else:
                said.append((setting, record, *found))
        rows = {} if of is None else self._rows(tx, of, [body for *_, body in said])
        for setting, record, newest, body in said:
            row = rows.get(self._rules.strongest(body.fingerprints))
            supported = (
                of is not None and row is not None and self._supports(tx, of, row, body, corrected=newest != record)
            )
            keep = supported or bool(tx.holdings_of_record(newest))
            judged.append(
                Awaiting(
                    setting=setting,
                    record=newest,
                    due=Due.KEEP if keep else Due.RETRACT,
                    row=row.id if supported and row is not None else 0,
                )
            )
        return judged

    def _live(self, tx: LogReader, record: RecordId, waiting: Waiting) -> tuple[RecordId, Contribution] | None:
        """The newest version of a record and what it says; None if it was retracted or has expired."""
        pending = tx.find_pending(record.leaf)
        if pending is not None:
            return self._read(record, pending.entry[1], pending.disclosure.body)
        index = tx.find(record.origin, [record.leaf]).get(record.leaf)
        if index is None:
            return None
        chain = chain_at(tx, record.origin, index, record.leaf)
        names = list(versions(tx, chain))
        if chain.ended or chain.head is None or waiting.retracts([*names, record]):
            return None
        origin, at = chain.head
        newest = RecordId(origin, leaf_at(tx, origin, at))
        leaf = waiting.corrections.get(newest)
        if leaf is not None and (corrected := tx.find_pending(leaf)) is not None:
            return self._read(RecordId(record.origin, leaf), corrected.entry[1], corrected.disclosure.body)
        held = tx.held_at(origin, [at]).get(at)
        return None if held is None else self._read(newest, held[0][1], held[1])

    def _read(self, record: RecordId, kind: int, body: bytes) -> tuple[RecordId, Contribution] | None:
        try:
            said = self._codec.decode_body(Kind(kind), body)
        except (Malformed, ValueError):  # damaged since it was verified: fsck names it
            return None
        return (record, said) if isinstance(said, Contribution) else None

    def _rows(
        self, tx: ListReader, of: ReferenceList, said: Sequence[Contribution]
    ) -> dict[tuple[int, bytes], ListedRow]:
        """Strongest hash of a record -> the first row of the list that has it."""
        wanted = [self._rules.strongest(each.fingerprints) for each in said]
        first = self._own.first_rows(of.source, wanted)
        there = tx.list_rows(list(first.values()))
        return {hash_: there[row] for hash_, row in first.items() if row in there}

    def _supports(
        self, tx: SettingReader, of: ReferenceList, row: ListedRow, body: Contribution, *, corrected: bool
    ) -> bool:
        """Whether the list still says of a row what a record says. A record that our officers corrected is theirs."""
        says = self._rules.says(of, row)
        if says is None or tx.setting(shared_row(row.id)):
            return False
        alike = replace(says, fingerprints=body.fingerprints, group=body.group) == body
        return corrected or (alike and _same_hashes(says, body))


def _same_hashes(says: Contribution, body: Contribution) -> bool:
    return {(each.code, each.value) for each in says.fingerprints} == {
        (each.code, each.value) for each in body.fingerprints
    }
