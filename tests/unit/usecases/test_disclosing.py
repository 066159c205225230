"""What another member learns about our holdings, and what it costs to find out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from node.domain.ids import Origin, RecordId, member_id
from node.domain.queries import Level
from node.usecases.disclosing import places_of
from node.usecases.hit_verification import Spoken
from tests.simulator import federation as sim

if TYPE_CHECKING:
    from node.domain.stores import NodeStoreReader

OURS = RecordId(Origin(sim.FEDERATION, member_id("FR")), bytes(32))
THEIRS = RecordId(Origin(sim.FEDERATION, member_id("JP")), bytes(32))


def test_shared_records_are_looked_for_together_once_a_log() -> None:
    """To find one costs a scan of the log's leaves, however few are looked for."""
    looked: list[tuple[Origin, list[bytes]]] = []

    class Reader:
        def find(self, origin: Origin, leaves: list[bytes]) -> dict[bytes, int]:
            looked.append((origin, leaves))
            return {leaf: leaf[0] for leaf in leaves if leaf[0] != 3}

    records = [RecordId(log.origin, bytes([number]) * 32) for log in (OURS, THEIRS) for number in range(4)]
    spoken = [Spoken("FR", (), Level.SHARED, record, None) for record in [*records, records[0]]]
    spoken += [Spoken("FR", (), Level.HIT_NO_HIT, None, None), Spoken("FR", (), Level.SHARED, None, None)]
    places = places_of(cast("NodeStoreReader", Reader()), spoken)
    assert places == {record: record.leaf[0] for record in records if record.leaf[0] != 3}
    assert [(origin, len(leaves)) for origin, leaves in looked] == [(OURS.origin, 4), (THEIRS.origin, 4)]
