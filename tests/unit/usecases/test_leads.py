"""What a search shows of what is here: a lead a thing, with everything that is known of it."""

from __future__ import annotations

from node.domain.fingerprint_kinds import PDQ
from node.domain.ids import Origin, RecordId, member_id
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE, RawHit
from node.domain.statements import Category, Contribution, Tri
from node.usecases.hit_verification import Spoken
from node.usecases.leads import leads
from tests.simulator import federation as sim

OURS = RecordId(Origin(sim.FEDERATION, member_id("FR")), bytes(32))
THEIRS = RecordId(Origin(sim.FEDERATION, member_id("JP")), bytes(32))
CATEGORY = Category(scheme="uk-caid", version="1", code="B", baseline=Tri.YES)
SAID = Contribution(fingerprints=(), media_type="image/jpeg", category=CATEGORY, series="Bridge")


def found(source: int, row: int, distance: int) -> RawHit:
    return RawHit(subject=0, source=source, row=row, code=PDQ.code, distance=distance, quality=90, orientation=0)


def held(record: RecordId | None, level: Level) -> Spoken:
    return Spoken("FR", (), level, record, None)


def stated(record: RecordId) -> Spoken:
    return Spoken(str(record.origin), (), Level.SHARED, record, SAID)


def test_a_contributed_holding_is_shown_once_with_what_its_record_says() -> None:
    hits = [
        hit
        for hit, _ in leads(
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
        for hit, _ in leads(
            [
                (found(1, 4, 2), stated(THEIRS)),
                (found(HOLDINGS_SOURCE, 7, 2), held(OURS, Level.SHARED)),
            ]
        )
    ]
    assert [(hit.holding, hit.record) for hit in hits] == [(None, THEIRS), (7, OURS)]
