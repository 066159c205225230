"""What a search shows of what is here: a lead a thing, with everything that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from node.domain.fingerprint_kinds import PDQ
from node.domain.ids import Origin, RecordId, member_id
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE, RawHit
from node.domain.statements import Category, Contribution, Tri
from node.usecases.disclosing import places_of
from node.usecases.hit_verification import Spoken
from node.usecases.matching import Matcher
from tests.simulator import federation as sim

if TYPE_CHECKING:
    from node.domain.ports import Codec
    from node.domain.search_ports import SearchIndex
    from node.domain.stores import NodeStore, NodeStoreReader

OURS = RecordId(Origin(sim.FEDERATION, member_id("FR")), bytes(32))
THEIRS = RecordId(Origin(sim.FEDERATION, member_id("JP")), bytes(32))
CATEGORY = Category(scheme="uk-caid", version="1", code="B", baseline=Tri.YES)
SAID = Contribution(fingerprints=(), media_type="image/jpeg", category=CATEGORY, series="Bridge")


def matcher() -> Matcher:
    return Matcher(
        store=cast("NodeStore", None),
        index=cast("SearchIndex", None),
        codec=cast("Codec", None),
        rank=lambda hits: hits,
        own=lambda: member_id("FR"),
    )


def found(source: int, row: int, distance: int) -> RawHit:
    return RawHit(subject=0, source=source, row=row, code=PDQ.code, distance=distance, quality=90, orientation=0)


def held(record: RecordId | None, level: Level) -> Spoken:
    return Spoken("FR", (), level, record, None)


def stated(record: RecordId) -> Spoken:
    return Spoken(str(record.origin), (), Level.SHARED, record, SAID)


def test_a_contributed_holding_is_shown_once_with_what_its_record_says() -> None:
    hits = [
        hit
        for hit, _ in matcher()._leads(
            [
                (found(1, 4, 2), stated(OURS)),
                (found(HOLDINGS_SOURCE, 7, 2), held(OURS, Level.SHARED)),
                (found(2, 4, 3), stated(THEIRS)),
                (found(HOLDINGS_SOURCE, 8, 9), held(None, Level.NATIONAL)),
            ]
        )
    ]
    assert [(hit.holding, hit.record, hit.series) for hit in hits] == [
        (7, OURS, "Bridge"),
        (None, THEIRS, "Bridge"),
        (8, None, None),
    ]
    assert hits[0].category == CATEGORY


def test_a_record_alone_is_shown_and_so_is_a_holding_whose_record_is_not_placed_yet() -> None:
    hits = [
        hit
        for hit, _ in matcher()._leads(
            [
                (found(1, 4, 2), stated(THEIRS)),
                (found(HOLDINGS_SOURCE, 7, 2), held(OURS, Level.SHARED)),
            ]
        )
    ]
    assert [(hit.holding, hit.record) for hit in hits] == [(None, THEIRS), (7, OURS)]


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
