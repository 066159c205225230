"""Bundles between nodes of a simulated federation: FR and JP have a line, LAB never had one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId
from node.sync.copies import Copies
from node.usecases.bundle_choice import choose
from node.usecases.bundle_format import MAGIC, Frame, FrameReader, frame
from node.usecases.bundle_log import LogResult, Reader
from node.usecases.bundle_reading import BundleReading
from node.usecases.bundle_writing import BundleWriting, Wanted
from node.usecases.export_sources import Selection
from node.usecases.ledger import Draft
from node.wire.convert_federation import decode_package, encode_package
from tests.simulator.federation import TODAY, Speaker, picture
from tests.simulator.world import CODEC, Hub, Node, Wire, World

FR, JP, LAB = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("LAB")
OPEN, FOR_LAB, FOR_JP = Handling(), Handling(audience=(LAB.id,)), Handling(audience=(JP.id,))
ASK_FIRST = Handling(code="2")


@dataclass
class Sea:
    """A hub, two nodes that follow each other, and one that has no line."""

    world: World = field(default_factory=lambda: World([FR, JP, LAB]))
    hub: Hub = field(init=False)
    fr: Node = field(init=False)
    jp: Node = field(init=False)
    lab: Node = field(init=False)

    def __post_init__(self) -> None:
        self.hub = Hub(self.world)
        self.fr, self.jp, self.lab = (
            Node(self.world, speaker, Wire(self.hub, speaker.id)) for speaker in (FR, JP, LAB)
        )

    def share(self, node: Node, numbers: Sequence[int], handling: Handling = OPEN) -> list[RecordId]:
        """Records of these pictures, published and followed by FR and JP."""
        drafts = [Draft(statement=picture(number), handling=handling) for number in numbers]
        records = node.ledger.contribute(drafts)
        self.publish(node)
        return records

    def publish(self, *nodes: Node) -> None:
        """Publishes what these nodes have said; FR and JP follow it."""

        async def run() -> None:
            for node in nodes:
                await node.publisher.round()
            for node in (self.fr, self.jp):
                await node.catch_up()

        asyncio.run(run())


def written(
    node: Node,
    selection: Selection | None = None,
    *,
    to: MemberId | None = None,
    sizes: Mapping[Origin, int] | None = None,
    today: int = TODAY,
) -> tuple[bytes, BundleWriting, Counter[str]]:
    """(The bundle, its counts, all that it leaves out)."""
    choice, left_out = choose(node.store, CODEC, selection or Selection(), None)
    wanted = Wanted(choice=choice, reader=to, sizes=sizes or {}, today=today)
    writing = BundleWriting(node.store, CODEC, encode_package, wanted)
    data = b"".join(writing.pieces())
    return data, writing, left_out + writing.left_out


def bundle(node: Node, **how: object) -> bytes:
    """The bytes of a bundle of all records."""
    return written(node, **how)[0]  # type: ignore[arg-type]


def reader_of(node: Node) -> Reader:
    """What the app wires for a node."""
    copies = Copies(
        store=node.store,
        catalogue=node.catalogue,
        codec=CODEC,
        roster=node.world.current,
        own=node.origin,
        today=node.custody.today,
        on_own=lambda: None,
        clock=node.world.clock,
    )
    return Reader(
        store=node.store,
        catalogue=node.catalogue,
        codec=CODEC,
        roster=node.world.current,
        own=node.origin,
        copies=copies,
        decode=decode_package,
    )


def read(node: Node, data: bytes) -> dict[MemberId, LogResult]:
    """Reads a bundle into a node; what came of each member's log."""
    frames, reading = FrameReader(), BundleReading(reader_of(node))
    for kind, content in frames.feed(data):
        reading.take(kind, content)
    frames.end()
    return {each.origin.member: each for each in reading.results}


def frames_of(data: bytes) -> list[tuple[Frame, bytes]]:
    return list(FrameReader().feed(data))


def joined(frames: Sequence[tuple[Frame, bytes]]) -> bytes:
    """A file of these frames."""
    return MAGIC + b"".join(frame(kind, content) for kind, content in frames)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]
