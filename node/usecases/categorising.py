"""Categorising own holdings, one or many, before anything is shared.

Rules this module upholds:

- Everything is checked before the first holding is changed: the selection, the words, and the federation's category
  schemes.
- Words that are not given stay as they were. Each change adds a version; the former ones stay, with who made them.
- What is said about a shared holding does not change its record: the result says so, and names the record to correct.
- The audit log records each batch before it is written: numbers of holdings, and no words.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.case_events import CaseEventKind
from node.domain.categories import Scheme, labelled_schemes
from node.domain.categorising import Categorisation, over_own
from node.domain.statements import Contribution
from node.domain.wording import Wording
from node.errors import Misuse, Refused
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.case_events import cases_of, happened
from node.usecases.in_threads import Batches, Stop
from node.usecases.selection import Chosen, Fault, Selection, Selector, require_sound
from node.usecases.stating import check_statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from node.domain.ids import RecordId
    from node.domain.ports import Clock
    from node.domain.roster import Policy
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.audit import AuditLog

BATCH: Final = 200
"""Holdings of one transaction: after each, other writers get their turn, and an interrupted command can stop."""
BLANK: Final = Contribution(fingerprints=())
"""For checking words before their subject is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to say about which holdings. A named item may have its own words. `clear`: nothing is said any more."""

    selection: Selection
    wording: Wording
    clear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command would do. `faults`: faulty rows of a list; if there are any, nothing is done."""

    wanted: Wanted
    chosen: tuple[Chosen, ...]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorised:
    """The result for one holding. `changed`: False if it said this already. `record`: its record, which says what it
    said before.
    """

    said: Categorisation
    changed: bool
    record: RecordId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorisingEnd:
    """The end of the command. `shared`: changed holdings whose records still say what they said; `remaining`: holdings
    that it did not come to.
    """

    changed: int
    unchanged: int
    shared: int
    remaining: int


class Categorising:
    """Blocking, except `run`: never on the event loop. `policy`: the last verified one."""

    def __init__(
        self, *, store: NodeStore, selector: Selector, audit: AuditLog, policy: Callable[[], Policy], clock: Clock
    ) -> None:
        self._store = store
        self._selector = selector
        self._audit = audit
        self._policy = policy
        self._clock = clock

    def schemes(self) -> dict[Scheme, dict[str, str]]:
        """The schemes of the federation's policy whose codes are public, with their labels; all such schemes if the
        policy names none.
        """
        policy = self._policy()
        named = {Scheme(each.scheme, each.version) for each in policy.schemes}
        return {scheme: labels for scheme, labels in labelled_schemes().items() if not named or scheme in named}

    async def run(self, wanted: Wanted, stop: Stop) -> AsyncIterator[Fault | Categorised | CategorisingEnd]:
        """For the event loop. The faulty rows; or each holding, once it is durable; and the end. Raises as `plan`, and
        `Misuse` after faulty rows: then nothing is changed.
        """
        plan = await asyncio.to_thread(self.plan, wanted)
        for fault in plan.faults:
            yield fault
        told: list[Categorised] = []
        batches = Batches(self.carry_out(plan), stop)
        async for each in batches.each():
            told.append(each)
            yield each
        changed = [each for each in told if each.changed]
        yield CategorisingEnd(
            changed=len(changed),
            unchanged=len(told) - len(changed),
            shared=sum(each.record is not None for each in changed),
            remaining=0 if batches.ended else len(plan.chosen) - len(told),
        )

    def plan(self, wanted: Wanted) -> Plan:
        """What would be changed. Raises `Misuse`, `Refused`, `NotFound` for words that are not possible or holdings
        that are not here.
        """
        says = wanted.wording != Wording()
        rows = [named for named in wanted.selection.named if named.row]
        if wanted.clear and (says or rows):
            raise Misuse("--clear takes no words and no list", remedy="leave one of the two out")
        if not wanted.clear and not says and not any(named.wording != Wording() for named in rows):
            raise Misuse("nothing to say was given", remedy="give --category, or another option of the statement")
        with self._store.read() as tx:
            chosen, missing = self._selector.choose(tx, wanted.selection)
            faults = [*missing, *self._faults(tx, wanted, chosen)]
        return Plan(wanted=wanted, chosen=tuple(chosen), faults=tuple(sorted(faults, key=lambda each: each.row)))

    def carry_out(self, plan: Plan) -> Iterator[list[Categorised]]:
        """Changes the holdings of the plan, in batches; each is durable when it is yielded. Raises `Misuse` if the plan
        has faults. Stopping between two batches is safe: the same command continues from there.
        """
        require_sound(plan.faults, "categorised", "correct the list, and run the command again")
        for start in range(0, len(plan.chosen), BATCH):
            some = plan.chosen[start : start + BATCH]
            ids = [each.holding for each in some]
            # A crash right after this line leaves a durable batch that was not reported: run again, it is unchanged.
            yield perform(
                self._audit,
                "categorise",
                lambda some=some: self._say(plan.wanted, some),  # type: ignore[misc]
                holdings=ids,
            )

    def _say(self, wanted: Wanted, some: Sequence[Chosen]) -> list[Categorised]:
        """One transaction. A holding that was deleted meanwhile is left out."""
        now, officer = int(self._clock()), caller().name
        told: list[Categorised] = []
        with self._store.write() as tx:
            held = tx.holdings_by_id([each.holding for each in some])
            before = tx.categorisations(list(held))
            for each in some:
                if each.holding not in held:
                    continue
                former = before.get(each.holding) or Categorisation(holding=each.holding, at=0)
                wording = _words(wanted, each, former.wording)
                said = Categorisation(
                    holding=each.holding, at=now, officer=officer, wording=wording, version=former.version + 1
                )
                changed = wording != former.wording
                record = held[each.holding].record
                told.append(Categorised(said=said if changed else former, changed=changed, record=record))
            fresh = [each.said for each in told if each.changed]
            tx.put_categorisations(fresh)
            happened(tx, cases_of(held[each.holding] for each in fresh), CaseEventKind.CATEGORISED, now)
        return told

    def _faults(self, tx: NodeStoreReader, wanted: Wanted, chosen: Sequence[Chosen]) -> Iterator[Fault]:
        """What is wrong with the words of rows of a list. The fault of a holding without a row is raised."""
        policy = self._policy()
        sound: set[Wording] = set()
        for start in range(0, len(chosen), BATCH):
            some = chosen[start : start + BATCH]
            before = tx.categorisations([each.holding for each in some])
            for each in some:
                former = before.get(each.holding)
                wording = _words(wanted, each, former.wording if former else Wording())
                if wording in sound:
                    continue
                try:
                    check_statement(wording.of(BLANK), policy)
                    sound.add(wording)
                except (Misuse, Refused) as error:
                    if each.named is None or not each.named.row:
                        raise
                    yield Fault(row=each.named.row, error=error)


def _words(wanted: Wanted, chosen: Chosen, former: Wording) -> Wording:
    """The words of one holding after the change. Another category leaves out the former baseline."""
    if wanted.clear:
        return Wording()
    given = chosen.named.wording.over(wanted.wording) if chosen.named else wanted.wording
    return over_own(given, former)
