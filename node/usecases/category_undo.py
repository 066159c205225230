"""Takes back the newest thing that was said about holdings, if nobody has said anything since.

Rules this module upholds:

- An undo names the version that it takes back. Where another officer said something after it, nothing changes.
- An undo is a change like any other: it adds a version, with who made it. History is never deleted.
- The audit log records each undo before it is written: numbers of holdings, and no words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.case_events import CaseEventKind
from node.domain.categorising import Categorisation
from node.errors import Misuse
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.case_events import cases_of, happened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ports import Clock
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.audit import AuditLog

MAX_AT_ONCE: Final = 1_000
_NEWEST: Final = 2
"""The version to take back, and the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The result for one holding: what is said about it now; None: nothing was ever said, or the holding is gone.
    `changed`: False if somebody has said something since, or the holding is gone.
    """

    holding: int
    said: Categorisation | None
    changed: bool


class CategoryUndo:
    """Of one node. Blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: AuditLog, clock: Clock) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    def take_back(self, versions: Mapping[int, int]) -> list[Undone]:
        """Takes back these versions, by holding, in one transaction. Raises `Misuse` for too many at once."""
        if len(versions) > MAX_AT_ONCE:
            raise Misuse(f"more than {MAX_AT_ONCE:,} holdings at once", remedy="take back fewer at once")
        return perform(self._audit, "categorise-undo", lambda: self._take_back(versions), holdings=sorted(versions))

    def _take_back(self, versions: Mapping[int, int]) -> list[Undone]:
        now, officer = int(self._clock()), caller().name
        with self._store.write() as tx:
            held = tx.holdings_by_id(list(versions), bare=True)
            done = [
                _undone(tx, number, version, now, officer, here=number in held) for number, version in versions.items()
            ]
            fresh = [each.said for each in done if each.changed and each.said is not None]
            tx.put_categorisations(fresh)
            happened(tx, cases_of(held[each.holding] for each in fresh), CaseEventKind.CATEGORISED, now)
        return done


def _undone(tx: NodeStoreReader, holding: int, version: int, now: int, officer: str, *, here: bool) -> Undone:
    history: Sequence[Categorisation] = tx.categorisation_history(holding, _NEWEST) if here else ()
    newest = history[0] if history else None
    if newest is None or newest.version != version:
        return Undone(holding=holding, said=newest, changed=False)
    before = history[1] if len(history) == _NEWEST else Categorisation(holding=holding, at=0)
    said = Categorisation(holding=holding, at=now, officer=officer, wording=before.wording, version=version + 1)
    return Undone(holding=holding, said=said, changed=True)
