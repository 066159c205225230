"""Nodes of members that say things: what waits in their logs, and what is seen of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from node.domain.batch import BodyState
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId
from node.domain.services import Head
from node.errors import StoreError
from node.usecases.catalogue import RecordView
from node.usecases.ledger import Draft
from tests.simulator.federation import Speaker, picture
from tests.simulator.world import Hub, Node, Wire, World

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
HELD, NOT_FOR_US, PURGED, MISSING, QUARANTINED = map(int, BodyState)
NOTHING_YET = Head(origin=FR.origin, size=0, cosigned=b"", cosigned_size=0)
FR_AND_DE = Handling(audience=(MemberId("DE"), MemberId("FR")))


def a_node(speaker: Speaker = FR) -> Node:
    """A node beside a hub that knows FR, JP and DE."""
    world = World([FR, JP, DE])
    return Node(world, speaker, Wire(Hub(world), speaker.id))


def drafts(*numbers: int) -> list[Draft]:
    """Drafts of these pictures."""
    return [Draft(statement=picture(number)) for number in numbers]


def pending(node: Node) -> int:
    """How many entries wait for a place."""
    with node.store.read() as reader:
        return len(reader.pending(node.origin, 1 << 20))


def view(node: Node, record: RecordId) -> RecordView:
    """What the catalogue shows of a record that it has."""
    found = node.catalogue.record(record)
    assert found is not None
    return found


def published(node: Node) -> None:
    """One round of the node's publisher."""
    asyncio.run(node.publisher.round())


@contextmanager
def a_crash(node: Node) -> Iterator[None]:
    """The next transaction never ends."""
    node.store.fail_next_commit = StoreError("killed")
    with pytest.raises(StoreError):
        yield
