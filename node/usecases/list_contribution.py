"""Contributing rows of a list as signed records of this node.

Rules this module upholds:

- A record says what its row says: hashes, media type, category with scheme and version, series, flags. Tags, comments,
  names and other words of the file stay here.
- Nothing is shared that its list does not vouch for. Rows of a list that is not of child abuse are refused. Codes that
  say "not illegal", "not pertinent" or "not categorised", and codes without a scheme, need `all_categories`. A row that
  its file restricts to some readers is never shared.
- A row that was contributed is known: by a note of its row, and by a live record of ours with its strongest hash. A row
  whose record was retracted is shared again only if a person names the row.
- A dry run and a run judge each row in the same way. Memory is bounded: one page of rows at a time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.statements import Category, Contribution
from node.domain.wording import Terms
from node.errors import Misuse, NotFound, Refused
from node.usecases.acts import perform
from node.usecases.consent import Consent, plan_digest, require_consent
from node.usecases.ledger import Draft
from node.usecases.list_hits import NOT_WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.fingerprints import Fingerprint
    from node.domain.lists import ListedRow, ReferenceList
    from node.domain.ports import Store, StoreReader, StoreWriter
    from node.usecases.audit import AuditLog
    from node.usecases.ledger import Ledger
    from node.usecases.own_hashes import OwnHashes

BATCH: Final = 200
"""Rows of one transaction: after each, other writers get their turn, and an interrupted command can stop."""
NOT_SHARED: Final = {
    "us-vics": frozenset({"0", "4", "5"}),
    "iccam": frozenset({"not illegal"}),
}
"""Scheme -> codes that are shared only with `all_categories`: not categorised, comparison, not pertinent, not illegal.
See `domain.categories` for the sources."""
_STRENGTH: Final = {kind.code: place for place, kind in enumerate((SHA256, SHA1, MD5, PHOTODNA, PDQ))}
_OPEN: Final = frozenset({"tlp:clear", "tlp:white", "tlp:green"})
"""Words of handling that permit sharing with the federation."""
_NOTED: Final = b"1"


class RowStand(StrEnum):
    """What a contribution does with a row."""

    NEW = "new"
    SHARED = "shared"
    """It was contributed by this command."""
    BEFORE = "before"
    REPEATED = "repeated"
    """An earlier row of the list has the same hash."""
    WITHDRAWN = "withdrawn"
    """Its record was retracted."""
    NOTHING = "nothing"
    """It has no hash that may be shared."""
    CATEGORY = "category"
    """Its code is not shared, or not without `all_categories`."""
    RESTRICTED = "restricted"
    """Its file says who may have it."""
    POLICY = "policy"
    """The policy of the federation does not know its category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which list, which of its rows (ids; all if empty), and who may read the records. Terms that are not given are
    those of the list.
    """

    list: str
    rows: tuple[int, ...] = ()
    all_categories: bool = False
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One row. `record`: made by this command."""

    row: int
    stand: RowStand
    record: RecordId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command would do. `counts`: rows by what is done with them."""

    wanted: Wanted
    handling: Handling
    counts: dict[RowStand, int]
    digest: str

    @property
    def records(self) -> int:
        """How many records would be shared."""
        return self.counts.get(RowStand.NEW, 0)


class ListContributing:
    """Blocking: never on the event loop."""

    def __init__(self, *, store: Store, ledger: Ledger, own: OwnHashes, audit: AuditLog) -> None:
        self._store = store
        self._ledger = ledger
        self._own = own
        self._audit = audit

    def plan(self, wanted: Wanted) -> Plan:
        """What would be shared. Raises `NotFound` for a list or a row that is not here, `Refused` for a list that is
        not searched or not of child abuse, and what the handling raises.
        """
        of = self._list(wanted.list)
        handling = self._ledger.agreed(wanted.terms.of(Handling(code=of.code, retain_until_day=of.retain_until_day)))
        counts: Counter[RowStand] = Counter()
        fresh = hashlib.sha256()
        for rows in self._pages(of, wanted):
            with self._store.read() as tx:
                for each in self._judge(tx, of, rows, wanted):
                    counts[each.stand] += 1
                    if each.stand is RowStand.NEW:
                        fresh.update(each.row.to_bytes(8, "big"))
        digest = plan_digest([wanted.list, str(handling), str(wanted.all_categories), fresh.hexdigest()])
        return Plan(wanted=wanted, handling=handling, counts=dict(counts), digest=digest)

    def carry_out(self, plan: Plan, consent: Consent) -> Iterator[list[Judged]]:
        """Shares the new rows, in batches; each is durable when it is yielded. Raises `Misuse` if the plan needs a yes.
        Stopping between two batches is safe: the same command continues from there.
        """
        require_consent(consent, plan.records, plan.digest, "share")
        of = self._list(plan.wanted.list)
        for rows in self._pages(of, plan.wanted):
            with self._store.read() as tx:
                judged = self._judge(tx, of, rows, plan.wanted)
            if any(each.stand is RowStand.NEW for each in judged):
                ids = [row.id for row in rows]
                judged = perform(
                    self._audit,
                    "contribute",
                    lambda rows=rows: self._share(of, rows, plan),  # type: ignore[misc]
                    list=of.name,
                    first_row=ids[0],
                    last_row=ids[-1],
                )
            yield judged

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _list(self, name: str) -> ReferenceList:
        with self._store.read() as tx:
            of = tx.list_named(name)
        if of is None:
            raise NotFound("this node has no list with this name", remedy="vigil lists shows the lists of this node")
        if not of.is_searched:
            raise Refused(NOT_WHOLE, remedy="try again when that has ended")
        if not of.head.is_abuse:
            raise Refused(
                "this list is not of child abuse material: its rows are not contributed",
                remedy="it is searched here; let it answer questions with: vigil lists change NAME --level hit-no-hit",
            )
        return of

    def _pages(self, of: ReferenceList, wanted: Wanted) -> Iterator[list[ListedRow]]:
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

    def _judge(self, tx: StoreReader, of: ReferenceList, rows: Sequence[ListedRow], wanted: Wanted) -> list[Judged]:
        """The present state of each of these rows."""
        fit = {row.id: self._ledger.shareable(row.reference.fingerprints) for row in rows}
        strongest = {at: _strongest(some) for at, some in fit.items() if some}
        known = self._own.live(tx, list(strongest.values()))
        first = self._own.first_rows(of.source, list(strongest.values()))
        judged: list[Judged] = []
        for row in rows:
            stand = self._refusal(of, row, wanted, fit[row.id])
            if stand is RowStand.NEW and strongest[row.id] in known:
                stand = RowStand.BEFORE
            elif stand is RowStand.NEW and not wanted.rows and first.get(strongest[row.id], row.id) < row.id:
                stand = RowStand.REPEATED
            elif stand is RowStand.NEW:
                stand = self._stand(tx, row, typed=bool(wanted.rows))
            judged.append(Judged(row=row.id, stand=stand))
        return judged

    def _refusal(self, of: ReferenceList, row: ListedRow, wanted: Wanted, fit: Sequence[Fingerprint]) -> RowStand:
        """Why a row is not shared; `NEW` if nothing speaks against it."""
        said = row.reference
        if not fit:
            return RowStand.NOTHING
        if said.audience or (said.handling and not _OPEN.issuperset(said.handling.lower().split())):
            return RowStand.RESTRICTED
        named = bool(of.head.scheme and of.head.scheme_version)
        held_back = said.code is not None and (not named or said.code in NOT_SHARED.get(of.head.scheme, ()))
        if held_back and not wanted.all_categories:
            return RowStand.CATEGORY
        try:
            self._ledger.check(_statement(of, row))
        except (Misuse, Refused):
            return RowStand.POLICY
        return RowStand.NEW

    @staticmethod
    def _stand(tx: StoreReader, row: ListedRow, *, typed: bool) -> RowStand:
        """Whether a row without a live record is new, by its note."""
        note = tx.setting(noted(row.id))
        if not note:
            return RowStand.NEW
        if note == _NOTED or tx.find_pending(RecordId.parse(note.decode()).leaf) is not None:
            return RowStand.BEFORE
        return RowStand.NEW if typed else RowStand.WITHDRAWN

    def _share(self, of: ReferenceList, rows: Sequence[ListedRow], plan: Plan) -> list[Judged]:
        """One transaction: judged again, then written with a note of each row."""
        judged: list[Judged] = []

        def drafts(writer: StoreWriter) -> list[Draft]:
            there = writer.list_rows([row.id for row in rows])
            present = [there[row.id] for row in rows if row.id in there]
            judged[:] = self._judge(writer, of, present, plan.wanted)
            fresh = [there[each.row] for each in judged if each.stand is RowStand.NEW]
            for row in fresh:
                writer.set_setting(noted(row.id), _NOTED)
            return [Draft(statement=_statement(of, row), handling=plan.handling) for row in fresh]

        made = iter(self._ledger.contribute_as(drafts))
        shared = [
            Judged(row=each.row, stand=RowStand.SHARED, record=next(made)) if each.stand is RowStand.NEW else each
            for each in judged
        ]
        # A crash right here leaves notes without the names of their records: the rows count as contributed.
        with self._store.write() as tx:
            for each in shared:
                if each.record is not None:
                    tx.set_setting(noted(each.row), str(each.record).encode())
        return shared


def noted(row: int) -> str:
    """The name of the setting that remembers the record of a row. Row ids are never used twice."""
    return f"listed/{row}"


def _strongest(fit: Sequence[Fingerprint]) -> tuple[int, bytes]:
    best = min(fit, key=lambda each: _STRENGTH.get(each.code, len(_STRENGTH)))
    return best.code, best.value


def _statement(of: ReferenceList, row: ListedRow) -> Contribution:
    """What a record says of a row."""
    said, head = row.reference, of.head
    named = said.code is not None and head.scheme and head.scheme_version
    return Contribution(
        fingerprints=said.fingerprints,
        media_type=said.media_type,
        category=Category(scheme=head.scheme, version=head.scheme_version, code=said.code or "", baseline=said.baseline)
        if named
        else None,
        series=said.series,
        victim_identified=said.victim_identified,
        offender_identified=said.offender_identified,
    )
