"""A node in memory with holdings, and the use cases that share them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from node.domain.ids import Origin, RecordId
from node.domain.material import PictureFingerprints
from node.domain.orientations import turned
from node.domain.queries import Level
from node.usecases.audit import AuditLog
from node.usecases.consent import Consent
from node.usecases.contribution import Contributing, Planned, Stand, Wanted
from node.usecases.intake import columns_of
from node.usecases.publication import Publications
from node.usecases.recognition import Recogniser
from node.usecases.recordlist import RecordList
from node.usecases.retraction import Retracting
from node.usecases.saying import Saying
from node.usecases.selection import Selection, Selector
from tests.simulator.world import CODEC, Node

YES = Consent(yes=True)


def prints(number: int, quality: int = 90) -> PictureFingerprints:
    """Fingerprints that are nobody's, told apart by a number."""
    data = number.to_bytes(4, "big")
    return PictureFingerprints(
        media_type="image/jpeg",
        size=number,
        md5=data * 4,
        sha1=data * 5,
        sha256=data * 8,
        pdq=data * 8,
        pdq_quality=quality,
        pdq_orientations=(data * 8,),
        phash=data * 2,
        width=10,
        height=10,
    )


def whole_prints(number: int) -> PictureFingerprints:
    """The same with all eight orientations, as the local socket wants them."""
    made = prints(number)
    return replace(made, pdq_orientations=turned(made.pdq))


@dataclass
class Desk:
    """The use cases of one node. Close it."""

    node: Node
    audit: AuditLog = field(init=False)

    def __post_init__(self) -> None:
        origin = Origin(self.node.origin.federation, self.node.origin.member, 1, "audit")
        self.audit = AuditLog(store=self.node.store, origin=origin, clock=self.node.world.clock, random=os.urandom)
        self.recogniser = Recogniser(index=self.node.index, codec=CODEC, own=self.node.origin.member)
        self.contributing = Contributing(
            store=self.node.store,
            ledger=self.node.ledger,
            selector=Selector(self.node.index),
            recogniser=self.recogniser,
            groups=self.node.groups,
            codec=CODEC,
            audit=self.audit,
        )
        self.retracting = Retracting(
            store=self.node.store, ledger=self.node.ledger, audit=self.audit, own=self.node.origin
        )
        self.records = RecordList(
            store=self.node.store, catalogue=self.node.catalogue, codec=CODEC, own=self.node.origin
        )
        self.saying = Saying(
            records=self.records,
            ledger=self.node.ledger,
            groups=self.node.groups,
            audit=self.audit,
            own=self.node.origin.member,
        )
        self.publications = Publications(self.node.store)

    def close(self) -> None:
        self.audit.close()

    def hold(self, *numbers: int, case: str = "C") -> list[int]:
        """Takes pictures in; the ids of their holdings."""
        with self.node.catalogue.change() as change:
            placed = [
                change.writer.put_holding(prints(number), level=Level.NATIONAL, case=case, tag=b"", now=1)
                for number in numbers
            ]
            fresh = {row: prints(number) for (row, new), number in zip(placed, numbers, strict=True) if new}
            if fresh:
                change.hold(columns_of(list(fresh), list(fresh.values())))
        return [row for row, _ in placed]

    def forget_holdings(self) -> None:
        """As a restore from a backup of before the ingest: the holdings are gone, the log is not."""
        store = self.node.store
        held = list(store._state.place.holdings)
        store._state.place.holdings.clear()
        self.node.index.remove(0, held)

    def share(self, wanted: Wanted | None = None, consent: Consent = YES, **selection: object) -> list[Planned]:
        """Plans and carries out; what became of each holding."""
        wanted = wanted or Wanted(selection=Selection(**selection))  # type: ignore[arg-type]
        made = self.contributing.carry_out(self.contributing.plan(wanted), consent)
        return [each for batch in made for each in batch]

    def shared(self, wanted: Wanted | None = None, **selection: object) -> list[RecordId]:
        """The records that a contribution made."""
        done = self.share(wanted, **selection)  # type: ignore[arg-type]
        return [each.record for each in done if each.stand is Stand.SHARED and each.record is not None]
