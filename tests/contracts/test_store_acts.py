"""An act and its outcome are paired in every store, by the act's own hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from node.domain.ids import MemberId, Origin, RecordId
from node.errors import Refused
from node.tlog.merkle import leaf_hashes
from node.usecases.acts import outcomes, perform
from node.usecases.audit import AuditLog
from tests.simulator import federation as sim

if TYPE_CHECKING:
    from node.domain.stores import NodeStore

ORIGIN = Origin(sim.FEDERATION, MemberId("FR"), 1, "audit")


def _refuse() -> None:
    raise Refused("no")


def test_outcomes_are_found_by_their_act_and_read_as_purged_once_they_are(store: NodeStore) -> None:
    audit = AuditLog(store=store, origin=ORIGIN, clock=lambda: sim.NOW, random=sim.seeded("audit"))
    perform(audit, "invite", lambda: None)
    with pytest.raises(Refused):
        perform(audit, "suspend", _refuse)
    with store.read() as tx:
        run = tx.run(ORIGIN, 0, 4, 1 << 20)
        begun = {index: run.entries[index] for index in (0, 2)}
        assert [said["outcome"] for said in outcomes(tx, audit, begun).values()] == ["done", "refused"]
        (leaf,) = leaf_hashes([run.entries[2]])
        assert [index for _, index, _ in tx.targeting(RecordId(ORIGIN, leaf))] == [3]
    with store.write() as tx:
        tx.purge(ORIGIN, [3])
    with store.read() as tx:
        assert outcomes(tx, audit, begun)[2] == {"outcome": "purged"}
    audit.close()
