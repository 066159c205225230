"""The audit log of a node: its entries can come with rows that must be durable together with them.

Rules this module upholds:

- Entry and rows are stored in one transaction: if the entry exists, the rows do, and the reverse.
- Only a node's log takes such rows. A hub's database has no place for them, and `AuditLog` has no parameter for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.usecases.audit import AuditLog, Submitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.batch import VerifiedBatch
    from node.domain.ids import Origin
    from node.domain.ports import Clock
    from node.domain.query_ports import GivenAnswer
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.audit import AuditEntry
    from node.usecases.receipts import Receipt

Also = Callable[["NodeStoreWriter"], Any]
"""Writes in the transaction of an entry, after the entry. Its result is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _WithRows(Submitted):
    """An entry with what is stored beside it."""

    also: Also | None
    given: GivenAnswer | None


class NodeAuditLog(AuditLog):
    """An `AuditLog` over a node's database."""

    _store: NodeStore

    def __init__(self, *, store: NodeStore, origin: Origin, clock: Clock, random: Callable[[int], bytes]) -> None:
        super().__init__(store=store, origin=origin, clock=clock, random=random)

    def submit(self, entry: AuditEntry, *, also: Also | None = None, given: GivenAnswer | None = None) -> Receipt:
        """As in `AuditLog`. `also` runs in the same transaction, after the entry, for data that must be durable with
        it. `given`: the answer that the entry is about; the answers of many entries are written together.
        """
        return self._accept(_WithRows(entry, also=also, given=given))

    def append(self, entry: AuditEntry, *, also: Also | None = None, given: GivenAnswer | None = None) -> int:
        """`submit`, and waits. Never on the event loop."""
        return self.submit(entry, also=also, given=given).result()

    def _store_group(self, group: Sequence[Submitted]) -> VerifiedBatch:
        with self._store.write() as tx:
            batch = self._append_group(tx, group)
            beside = [each for each in group if isinstance(each, _WithRows)]
            tx.put_answered([each.given for each in beside if each.given is not None])
            for each in beside:
                if each.also is not None:
                    each.also(tx)
        return batch
