"""A bundle: what is written is proven offline, and whatever is changed in it is refused."""

from __future__ import annotations

import asyncio
import io
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.roster import Roster
from node.errors import Malformed, Misuse, PeerFault
from node.usecases.bundle import MAGIC, NOT_PUBLISHED, read_bundle, write_bundle
from node.usecases.evidence import Proven
from node.usecases.export_sources import Selection
from node.usecases.ledger import Draft
from node.usecases.list_export import Exporting
from tests.simulator.federation import Speaker, picture, roster
from tests.simulator.world import CODEC, Hub, Node, Wire, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")
ROSTER = roster(FR, JP)


def a_node() -> tuple[Node, list[RecordId]]:
    """A node with three published records, of which the second is for one member."""
    world = World([FR, JP])
    node = Node(world, FR, Wire(Hub(world), FR.id))
    handlings = (Handling(), Handling(audience=(JP.id,)), Handling())
    drafts = [Draft(statement=picture(number), handling=handling) for number, handling in enumerate(handlings)]
    records = node.ledger.contribute(drafts)
    asyncio.run(node.publisher.round())
    return node, records


def exporting(node: Node) -> Exporting:
    return Exporting(store=node.store, catalogue=node.catalogue, clock=node.world.clock)


def bundle_of(node: Node) -> tuple[bytes, Counter[str]]:
    export, left = exporting(node).records(Selection()), Counter[str]()
    data = b"".join(write_bundle(node.store, export.rows(), left))
    return data, export.left_out + left


def read(data: bytes, by: Roster = ROSTER) -> list[Proven]:
    return list(read_bundle(io.BytesIO(data), by, CODEC))


NODE, RECORDS = a_node()
DATA, LEFT = bundle_of(NODE)


def test_records_for_everyone_are_proven_and_others_stay() -> None:
    proven = read(DATA)
    assert [each.record for each in proven] == [RECORDS[0], RECORDS[2]]
    assert [each.body for each in proven] == [picture(0), picture(2)]
    assert dict(LEFT) == {"restricted audience": 1}
    assert bundle_of(NODE)[0] == DATA


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_each_byte_is_checked(at: int, change: int) -> None:
    data = bytearray(DATA)
    data[at] ^= change
    with pytest.raises(PeerFault):
        read(bytes(data))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(DATA) - 1))
def test_a_cut_bundle_is_refused_or_ends_between_two_records(size: int) -> None:
    first = len(MAGIC) + 4 + int.from_bytes(DATA[len(MAGIC) : len(MAGIC) + 4], "big")
    if size in (len(MAGIC), first):
        assert len(read(DATA[:size])) == (size == first)  # its manifest tells that a record is missing
        return
    with pytest.raises(PeerFault):
        read(DATA[:size])


@pytest.mark.parametrize("more", [b"\0", bytes(4), b"\xff\xff\xff\xff", MAGIC])
def test_nothing_comes_after_the_last_record(more: bytes) -> None:
    with pytest.raises(Malformed):
        read(DATA + more)


def test_a_roster_without_the_owner_refuses_it() -> None:
    with pytest.raises(PeerFault):
        read(DATA, roster(JP))


def test_a_record_without_a_cosignature_is_counted() -> None:
    node, _ = a_node()
    rows = list(exporting(node).records(Selection()).rows())
    left = Counter[str]()
    gone = rows[0]._replace(id=f"{FR.origin}#{'00' * 32}")
    assert b"".join(write_bundle(node.store, [gone], left)) == MAGIC
    assert left == {NOT_PUBLISHED: 1}


def test_records_are_selected_by_series_and_day_alone() -> None:
    (made,) = exporting(NODE).records(Selection(series="series 2")).rows()
    assert made.id == str(RECORDS[2])
    with pytest.raises(Misuse):
        exporting(NODE).records(Selection(case="C"))
