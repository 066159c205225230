"""An audit log over a store in memory, and what is written in it."""

from __future__ import annotations

import os
from typing import Any

from node.domain.ids import MemberId, Origin
from node.domain.stores import NodeStore
from node.usecases.audit import AuditLog, unpack_body
from tests.simulator import federation as sim

ORIGIN = Origin(sim.FEDERATION, MemberId("FR"), 1, "audit")


class Audited:
    """Close it."""

    def __init__(self, store: NodeStore) -> None:
        self.store = store
        self.now = int(sim.NOW)
        self.audit = AuditLog(store=store, origin=ORIGIN, clock=lambda: self.now, random=os.urandom)

    def close(self) -> None:
        self.audit.close()

    def written(self) -> list[dict[str, Any]]:
        """The bodies of all entries, oldest first."""
        with self.store.read() as tx:
            log = tx.log(ORIGIN)
            return [unpack_body(body)[0] for body in tx.run(ORIGIN, 0, log.size, 1 << 24).bodies] if log else []

    def last(self) -> dict[str, Any]:
        """The body of the newest entry."""
        return self.written()[-1]
