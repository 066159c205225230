"""A node in memory with lists, and the use cases that share their rows."""

from __future__ import annotations

from typing import Any

from node.domain.handling import Handling
from node.domain.lists import ReferenceList
from node.domain.references import ListHead, Reference
from node.domain.statements import Contribution
from node.usecases.consent import Consent
from node.usecases.list_contribution import Judged, ListContributing, Wanted
from node.usecases.list_sharing_rules import RowStand
from node.usecases.lists import Lists, ListTerms
from node.usecases.own_hashes import OwnHashes
from tests.simulator.federation import Speaker
from tests.simulator.world import CODEC
from tests.unit.usecases.desk import YES, Desk
from tests.unit.usecases.listed import HEAD, NOW

FR = Speaker.named("FR")


class Shelf(Desk):
    """A desk with lists."""

    def __post_init__(self) -> None:
        super().__post_init__()
        store = self.node.store
        self.lists = Lists(store=store, catalogue=self.node.catalogue, audit=self.audit, clock=lambda: NOW)
        self.own = OwnHashes(index=self.node.index, codec=CODEC, own=FR.id)
        self.sharing = ListContributing(
            store=store,
            ledger=self.node.ledger,
            codec=CODEC,
            own=self.own,
            groups=self.node.groups,
            audit=self.audit,
        )

    def take(self, rows: list[Reference], terms: ListTerms | None = None, head: ListHead = HEAD) -> ReferenceList:
        taking = self.lists.begin("L", terms or ListTerms(), b"f" * 32, "officer")
        taking.take(rows)
        return taking.finish(head)

    def rows(self) -> dict[int, int]:
        """Record number in the file -> id of the row."""
        return {each.reference.at.record: each.id for each in self.lists.rows("L", 0, 10_000)}

    def told(self, consent: Consent = YES, **wanted: Any) -> list[Judged]:
        plan = self.sharing.plan(Wanted(list="L", **wanted))
        return [each for page in self.sharing.carry_out(plan, consent) for each in page]

    def stands(self, **wanted: Any) -> dict[int, RowStand]:
        """Record number in the file -> what was done."""
        numbers = {row: number for number, row in self.rows().items()}
        return {numbers[each.row]: each.stand for each in self.told(**wanted) if each.row in numbers}

    def said(self, judged: Judged) -> tuple[Contribution, Handling]:
        assert judged.record is not None
        with self.node.store.read() as tx:
            pending = tx.find_pending(judged.record.leaf)
        assert pending is not None
        body = CODEC.decode_body(pending.entry[1], pending.disclosure.body)
        assert isinstance(body, Contribution)
        return body, CODEC.decode_handling(pending.disclosure.handling)
