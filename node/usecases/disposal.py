"""Disposal: levels of holdings, and deleting holdings and cases.

Rules this module upholds:

- A requested deletion is recorded before it is carried out. After a crash the next start continues with it: every step
  may be repeated.
- A shared holding is retracted first, and the retraction is durable before the holding is deleted. Only a retraction
  lowers a shared holding.
- A holding that also belongs to another case only leaves the deleted case.
- The parts of a holding go with it, and their parts: each leaves the cases that it was in only because of this file. A
  part that was also ingested as a file of its own stays, and so does a part that lies in another holding of the case.
- The previews of a holding go with it: their keys in the same transaction, their ciphertext at the end.
- The copy of an original file is deleted when no holding has its content. The allow-list and the audit log do not
  change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from node.domain.case_events import CaseEventKind
from node.domain.holdings import Deletion, Holding
from node.domain.ids import RecordId
from node.domain.ports import Clock, HoldingReader
from node.domain.queries import Level
from node.domain.statements import Reason
from node.domain.stores import NodeStore
from node.errors import NotFound, Refused, VigilError
from node.usecases.case_events import cases_of, happened
from node.usecases.cases import no_holdings
from node.usecases.catalogue import Catalogue
from node.usecases.consent import plan_digest
from node.usecases.parts import Leaving, Parts
from node.usecases.purging import chain_at

PAGE: Final = 1_000
"""Holdings of a case that are read at a time."""
AT_ONCE: Final = 50
"""Holdings that one transaction deletes; between two of them other writers get their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a deletion would do: `deleted` holdings are deleted, `left` leave the case and stay in others, and `shared`
    of the deleted have a record that is retracted. `parts`: how many of these are parts of the named holdings; `kept`:
    parts that stay, because they also lie in another file or were ingested as files.
    """

    deletions: tuple[Deletion, ...]
    left: int
    shared: int
    parts: int = 0
    kept: int = 0

    @property
    def deleted(self) -> int:
        """How many holdings go."""
        return len({each.holding for each in self.deletions if not each.case})

    @property
    def digest(self) -> str:
        """The name of this plan (`consent`)."""
        return plan_digest(
            [f"{self.shared}", *(f"{each.holding} {each.reason} {each.case}" for each in self.deletions)]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposed:
    """The result for one holding. `record`: the one that was retracted. `original`: whether a copy of the original file
    was deleted. `deleted`: False if the holding only left `case`.
    """

    holding: int
    case: str
    deleted: bool
    record: RecordId | None = None
    original: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelled:
    """The result of changing a holding's level. `refused`: it is shared."""

    holding: int
    before: Level
    refused: bool


class Disposal:
    """Safe to use from any thread, blocking: never on the event loop.

    `retract(record, reason)` retracts a record of ours and makes its holdings national, durably.
    `remove_original(sha256)` deletes the copy of an original file and returns whether there was one. `tidy_previews`
    overwrites the ciphertext of previews that have no keys any more.
    """

    def __init__(
        self,
        *,
        store: NodeStore,
        catalogue: Catalogue,
        retract: Callable[[RecordId, Reason], object],
        remove_original: Callable[[bytes], bool],
        clock: Clock,
        tidy_previews: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._tidy_previews = tidy_previews
        self._retract = retract
        self._remove_original = remove_original
        self._clock = clock
        self._one_at_a_time = threading.Lock()

    # --- levels ---------------------------------------------------------------------------------------------------

    def set_level(self, ids: Sequence[int], level: Level, *, strict: bool = False) -> list[Levelled]:
        """Sets the level of these holdings in one transaction; a shared one keeps its own. Raises `NotFound` for an
        unknown holding, `Refused` for the level "shared" and, with `strict`, for a shared holding; then nothing
        changes.
        """
        if level is Level.SHARED:
            raise Refused(
                "a holding becomes shared by contributing it", remedy="vigil contribute --holding N, or --case REF"
            )
        told = []
        with self._catalogue.change() as change:
            found = change.writer.holdings_by_id(ids)
            _check_there(ids, found)
            for holding in found.values():
                shared = holding.record is not None or holding.level is Level.SHARED
                if shared and strict:
                    raise Refused(
                        f"holding {holding.id} is shared: only a retraction lowers its level",
                        remedy="vigil retract RECORD (vigil holdings N shows the record)",
                    )
                told.append(Levelled(holding=holding.id, before=holding.level, refused=shared))
                if not shared and holding.level is not level:
                    change.writer.set_level(holding.id, level)
        return told

    # --- deleting -------------------------------------------------------------------------------------------------

    def plan(self, ids: Sequence[int], case: str, reason: Reason) -> Plan:
        """The plan for deleting these holdings, or a case. Raises `NotFound` for unknown ones."""
        with self._store.read() as reader:
            if case:
                chosen = list(self._of_case(reader, case))
                if not chosen:
                    raise no_holdings(reader, case, "a list is removed as a whole: vigil lists remove")
            else:
                found = reader.holdings_by_id(ids)
                _check_there(ids, found)
                return _with_parts(Parts(reader).leaving([found[each] for each in sorted(found)]), ids, reason)
        stays = {each.id for each in chosen if case and len(each.cases) > 1}
        return Plan(
            deletions=tuple(
                Deletion(
                    holding=each.id, sha256=each.sha256, case=case if each.id in stays else "", reason=reason.value
                )
                for each in chosen
            ),
            left=len(stays),
            shared=sum(each.record is not None for each in chosen if each.id not in stays),
        )

    def _of_case(self, reader: HoldingReader, case: str) -> Iterator[Holding]:
        after = 0
        while page := reader.holdings(case=case, after=after, limit=PAGE, bare=True):
            yield from page
            after = page[-1].id

    def order(self, plan: Plan) -> None:
        """Records what is to be deleted. From here on it will be deleted, even after a crash."""
        with self._store.write() as writer:
            writer.put_deletions(plan.deletions)

    def finish(self, told: Callable[[Disposed], None] = lambda _done: None) -> int:
        """Carries out the recorded deletions, some holdings at a time; each is yielded once it is durable. Returns how
        many.

        A holding that cannot be retracted stays, and stays recorded; the others are deleted. The error is raised at the
        end.
        """
        after, ended = 0, list[int]()
        failures: list[VigilError] = []
        with self._one_at_a_time:
            while waiting := self._waiting(after):
                after = waiting[-1][0].id
                ready = [each for each in waiting if self._is_ready(*each, failures)]
                for disposed in self._dispose(ready):
                    told(disposed)
                ended += [deletion.id for deletion, _ in ready]
            if ended:
                # A crash before this line has ended: the next start finds only the deletion records of these holdings.
                with self._catalogue.change() as change:
                    change.end_deletions(ended)
                # A crash right here leaves ciphertext without keys, and the next start overwrites it.
                self._tidy_previews()
        if failures:
            raise failures[0]
        return len(ended)

    def _waiting(self, after: int) -> list[tuple[Deletion, Holding | None]]:
        """The next deletions, with their holdings as far as they still exist."""
        with self._store.read() as reader:
            deletions = reader.deletions(after, AT_ONCE)
            held = reader.holdings_by_id([each.holding for each in deletions])
        return [(each, held.get(each.holding)) for each in deletions]

    def _is_ready(self, deletion: Deletion, holding: Holding | None, failures: list[VigilError]) -> bool:
        """Retracts the record of a holding that is to be deleted. False if that fails: then the holding stays."""
        if holding is not None and holding.record is not None and not deletion.case:
            try:
                self._take_back(holding.record, Reason(deletion.reason))
            except (NotFound, Refused) as error:
                failures.append(error)
                return False
        # A crash right here leaves a national holding whose deletion is still recorded.
        return True

    def _dispose(self, ready: Sequence[tuple[Deletion, Holding | None]]) -> Iterator[Disposed]:
        """Deletes these in one transaction, and then the copies of their original files."""
        with self._catalogue.change() as change:
            for deletion, holding in ready:
                if holding is not None and deletion.case:
                    change.leave_case(holding.id, deletion.case)
                elif holding is not None:
                    change.delete_holding(holding.id)
            gone = [replace(each, cases=(of.case,)) if of.case else each for of, each in ready if each is not None]
            happened(change.writer, cases_of(gone), CaseEventKind.DELETED, int(self._clock()))
        # A crash right here leaves copies of original files, and the next start deletes them.
        for deletion, holding in ready:
            yield Disposed(
                holding=deletion.holding,
                case=deletion.case,
                deleted=not deletion.case,
                record=None if holding is None or deletion.case else holding.record,
                original=not deletion.case and self._delete_original(deletion.sha256),
            )

    def _take_back(self, record: RecordId, reason: Reason) -> None:
        try:
            self._retract(record, reason)
        except Refused:
            if not self._is_ended(record):
                raise
            # It was retracted already: this database was restored from an older copy.

    def _is_ended(self, record: RecordId) -> bool:
        with self._store.read() as reader:
            index = reader.find(record.origin, [record.leaf]).get(record.leaf)
            return index is not None and chain_at(reader, record.origin, index, record.leaf).ended

    def _delete_original(self, sha256: bytes) -> bool:
        """Deletes the copy of an original file, unless its content was ingested again meanwhile; returns whether there
        was one.
        """
        with self._store.read() as reader:
            if reader.holding_by_sha256(sha256) is not None:
                return False
        return self._remove_original(sha256)


def _with_parts(leaving: Leaving, named: Sequence[int], reason: Reason) -> Plan:
    """The plan of deleting the holdings `named`, with their parts."""
    deletions = []
    for each in leaving.holdings.values():
        gone = leaving.cases[each.id]
        cases = [""] if each.id in named or gone >= set(each.cases) else sorted(gone)
        deletions += [Deletion(holding=each.id, sha256=each.sha256, case=case, reason=reason.value) for case in cases]
    deleted = {each.holding for each in deletions if not each.case}
    return Plan(
        deletions=tuple(deletions),
        left=len(leaving.holdings) - len(deleted),
        shared=sum(leaving.holdings[each].record is not None for each in deleted),
        parts=len(leaving.holdings.keys() - set(named)),
        kept=leaving.kept,
    )


def _check_there(ids: Sequence[int], found: Mapping[int, Holding]) -> None:
    missing = [each for each in ids if each not in found]
    if missing:
        raise NotFound(f"there is no holding {missing[0]}", remedy="`vigil holdings` lists the holdings")
