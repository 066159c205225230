"""A node that holds material and whose officers decide about hits. What tests of reviews share."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from node.domain.caller import Caller, Role
from node.domain.hit_names import HitName, RecordHit
from node.domain.material import PictureFingerprints
from node.domain.references import At, ListHead, Reference
from node.domain.reviews import ReviewState
from node.domain.statements import Verdict
from node.domain.stored_hits import StoredHit
from node.usecases.acting import acting_for
from node.usecases.followed_statements import FollowedStatements
from node.usecases.hit_details import HitDetail, HitDetails
from node.usecases.hit_list import Wanted
from node.usecases.list_comparing import ListComparing
from node.usecases.lists import Lists, ListTerms
from node.usecases.publication import Publications, Publishing
from node.usecases.recordlist import RecordList
from node.usecases.reviewing import Decided, Judgement, Reviewing
from node.usecases.saying import Saying
from node.usecases.verification import Verifier
from tests.simulator.arriving import RADIUS
from tests.simulator.world import CODEC
from tests.unit.usecases.readings import FR, Reading

DURAND = Caller(name="A. Durand", role=Role.INVESTIGATOR)
MARIN = Caller(name="B. Marin", role=Role.INVESTIGATOR)
NEW, CONFIRMED, REJECTED, UNSURE = ReviewState


class Office(Reading):
    """The node of FR with its reviews. Close it."""

    def __init__(self) -> None:
        super().__init__()
        records = RecordList(store=self.store, catalogue=self.node.catalogue, codec=CODEC, own=FR.origin)
        details = HitDetails(
            store=self.store,
            codec=CODEC,
            matcher=self.matcher,
            list_hits=self.list_hits,
            records=records,
            radius=lambda: RADIUS,
            verifier=Verifier(codec=CODEC, latest=self.world.current),
        )
        self.reviewing = Reviewing(
            store=self.store,
            codec=CODEC,
            details=details,
            statements=FollowedStatements(
                saying=Saying(
                    records=records, ledger=self.node.ledger, groups=self.node.groups, audit=self.audit, own=FR.id
                ),
                publishing=Publishing(Publications(self.store), lambda: None),
            ),
            audit=self.audit,
            clock=self.world.clock,
        )
        self.lists = Lists(
            store=self.store,
            catalogue=self.node.catalogue,
            audit=self.audit,
            clock=self.world.clock,
            comparing=ListComparing(store=self.store, index=self.node.index, hits=self.list_hits),
        )

    def decide(
        self,
        hit: StoredHit | HitName,
        state: ReviewState,
        *,
        who: Caller = DURAND,
        seen: ReviewState | None = None,
        seen_decisions: int | None = None,
        note: str = "",
        abroad: Verdict | None = None,
    ) -> Decided:
        """Decides against the state that the hit has, if no other is given."""
        name = RecordHit(hit=hit.id) if isinstance(hit, StoredHit) else hit
        with acting_for(who):
            saw = self.shown(name).at.state if seen is None else seen
            judgement = Judgement(state=state, seen=saw, seen_decisions=seen_decisions, note=note, abroad=abroad)
            return asyncio.run(self.reviewing.decide(name, judgement))

    def shown(self, hit: StoredHit | HitName) -> HitDetail:
        name = RecordHit(hit=hit.id) if isinstance(hit, StoredHit) else hit
        return asyncio.run(self.reviewing.detail(name))

    def states(self) -> dict[int, ReviewState]:
        """The states of all hits on records that any listing shows, by number."""
        page = self.list.page(Wanted(show_all=True, limit=1_000))
        return {each.hit.id: each.hit.state for each in page.hits}

    def listed(self) -> list[int]:
        """The numbers of the hits that the default listing shows, newest first."""
        return [each.hit.id for each in self.list.page(Wanted(limit=1_000)).hits]

    def hits_by_number(self) -> dict[int, StoredHit]:
        """The hits on records that any listing shows."""
        with self.store.read() as tx:
            return dict(tx.hits_by_id(list(self.states())))

    @staticmethod
    def row_of(prints: PictureFingerprints, **said: Any) -> Reference:
        """A row of a list about a file."""
        return Reference(at=At(record=1), md5=prints.md5, sha256=prints.sha256, code="1")._replace(**said)

    def take_list(self, name: str, *rows: Reference, replaces: bool = False) -> None:
        """Imports a file with these rows."""
        taking = self.lists.begin(name, ListTerms(), b"f" * 32, "officer")
        taking.take(rows)
        taking.finish(ListHead(format="vics"), replaces=replaces)

    def row_states(self) -> dict[tuple[int, str], ReviewState]:
        """(holding, SHA-256 or id of the row) -> state, of all hits on lists."""
        found = self.list_hits.newest(limit=1_000, show_all=True, states=tuple(ReviewState))
        with self.store.read() as tx:
            rows = tx.list_rows([hit.row.id for each in found.holdings for hit in each.hits if hit.row])
        return {
            (each.holding, rows[hit.row.id].reference.id or rows[hit.row.id].reference.sha256.hex()[:8]): state
            for each in found.holdings
            for hit, state in zip(each.hits, each.states, strict=True)
            if hit.row
        }

    def row_number(self, of: str) -> int:
        """The number of the only row of a list."""
        with self.store.read() as tx:
            (row,) = tx.rows_of_list(cast("int", tx.list_named(of).number), 0, 2)  # type: ignore[union-attr]
        return row.id
