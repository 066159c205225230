"""What the tests of `test_disposal` share with others."""

from __future__ import annotations

import asyncio
import hashlib

from node.domain.holdings import FileReference
from node.domain.ids import RecordId
from node.domain.material import PictureFingerprints
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE, Probe
from node.domain.statements import Contribution, Reason
from node.errors import NotFound
from node.usecases.disposal import Disposal
from node.usecases.intake import columns_of
from node.usecases.ledger import Draft
from tests.simulator.federation import Speaker
from tests.simulator.world import Hub, Node, Wire, World

FR = Speaker.named("FR")


PDQ = 4


def prints(number: int) -> PictureFingerprints:
    value = hashlib.sha256(b"picture %d" % number).digest()
    return PictureFingerprints(
        media_type="image/jpeg",
        size=number,
        md5=value[:16],
        sha1=value[:20],
        sha256=value,
        pdq=hashlib.sha256(value).digest(),
        pdq_quality=90,
        pdq_orientations=(),
        phash=value[:8],
        width=1,
        height=1,
    )


class Desk:
    """A node with holdings 1 to 5: all in case A, 4 and 5 in case B as well; 1, 2 and 4 are shared and published."""

    def __init__(self) -> None:
        world = World([FR])
        self.node = Node(world, FR, Wire(Hub(world), FR.id))
        self.store = self.node.store
        self.originals = {prints(number).sha256 for number in (1, 3, 4)}
        self.retracted: list[RecordId] = []
        self.refuses: set[RecordId] = set()
        with self.node.catalogue.change() as change:
            for number in range(1, 6):
                for case in ("A", "B") if number > 3 else ("A",):
                    tag = b"%s%d" % (case.encode(), number)
                    change.writer.put_holding(prints(number), level=Level.NATIONAL, case=case, tag=tag, now=1)
                    change.writer.put_file_reference(number, FileReference(case=case, path=f"/{case}/{number}"))
                change.hold(columns_of([number], [prints(number)]))
        drafts = [
            Draft(statement=Contribution(fingerprints=prints(number).fingerprints()), holding=number)
            for number in (1, 2, 4)
        ]
        self.records = dict(zip((1, 2, 4), self.node.ledger.contribute(drafts), strict=True))
        asyncio.run(self.node.publisher.round())

    def disposal(self) -> Disposal:
        return Disposal(
            store=self.store,
            catalogue=self.node.catalogue,
            retract=self.retract,
            remove_original=self.remove_original,
            clock=self.node.world.clock,
        )

    def retract(self, record: RecordId, reason: Reason) -> None:
        if record in self.refuses:
            raise NotFound("your own log has no such record")
        self.node.ledger.retract(record, reason)
        self.retracted.append(record)

    def remove_original(self, sha256: bytes) -> bool:
        there = sha256 in self.originals
        self.originals.discard(sha256)
        return there

    def held(self) -> dict[int, tuple[str, ...]]:
        with self.store.read() as reader:
            return {each.id: each.cases for each in reader.holdings()}

    def finds(self, number: int) -> bool:
        hits = self.node.index.search([Probe(0, PDQ, prints(number).pdq, 90)], 0)
        return any(hit.source == HOLDINGS_SOURCE and hit.row == number for hit in hits)

    def check(self) -> None:
        report = self.node.catalogue.check_index()
        assert report is not None
        assert report.faults == ()
