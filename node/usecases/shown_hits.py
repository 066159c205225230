"""Stored hits with all that a person is shown of them.

Rules this module upholds:

- Everything comes from one snapshot: the hit, its review, its record, and what became of the record.
- A hit whose record cannot be read is shown without the record's words, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.notices import NoticeDecision
from node.domain.statements import Contribution
from node.errors import Malformed
from node.usecases.notice_check import told
from node.usecases.record_life import UNCHANGED, RecordLife, life_of
from node.usecases.stored_hits import by_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.handling import Handling
    from node.domain.ids import Origin
    from node.domain.notices import PublishedNotice
    from node.domain.ports import Codec
    from node.domain.reviews import Decision
    from node.domain.stored_hits import StoredHit
    from node.domain.stores import NodeStoreReader
    from node.domain.verification import Verification
    from node.usecases.sources import Sources
    from node.usecases.verification import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHit:
    """A hit with the cases of its holding; the content of its record, and who may read it (None if it cannot be read).
    `alike`: how many hits on the page have the same holding, member and evidence, including this one. `standing`: as in
    `queries.Hit`. `decided`: the newest decision, None if there is none; `life`: what became of the record;
    `notice`: the published notice, for a hit on one; `verification`: what other members say of the record, None if it
    was not counted.
    """

    hit: StoredHit
    cases: tuple[str, ...]
    statement: Contribution | None
    handling: Handling | None = None
    alike: int = 1
    standing: str = ""
    decided: Decision | None = None
    life: RecordLife = UNCHANGED
    notice: PublishedNotice | None = None
    verification: Verification | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the record was corrected since the newest decision."""
        return self.decided is not None and self.decided.record not in ("", str(self.hit.record))


def shown_hits(
    tx: NodeStoreReader,
    codec: Codec,
    lines: Sequence[tuple[StoredHit, int]],
    sources: Sources,
    verifier: Verifier | None = None,
) -> list[ShownHit]:
    """These hits, each with how many are like it. `verifier` None: opinions are not counted."""
    said = _said(tx, codec, [hit for hit, _ in lines])
    holdings = tx.holdings_by_id([hit.holding for hit, _ in lines])
    decided = tx.newest_decisions([hit.review for hit, _ in lines if hit.review])
    places = {(hit.record.origin, hit.place) for hit, _ in lines}
    known = verifier.at(tx, places) if verifier else {}
    shown = []
    for hit, alike in lines:
        read = said.get((hit.record.origin, hit.place), _Said())
        shown.append(
            ShownHit(
                hit=hit,
                cases=holdings[hit.holding].cases if hit.holding in holdings else (),
                statement=read.statement,
                handling=read.handling,
                notice=read.notice,
                alike=alike,
                standing=sources.standing.get(hit.record.origin.member, ""),
                decided=decided.get(hit.review),
                life=life_of(tx, hit.record, hit.place),
                verification=known.get((hit.record.origin, hit.place)),
            )
        )
    return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the store has on one record: its content, or the notice that it publishes, and who may read it."""

    statement: Contribution | None = None
    notice: PublishedNotice | None = None
    handling: Handling | None = None


def _said(tx: NodeStoreReader, codec: Codec, hits: Sequence[StoredHit]) -> dict[tuple[Origin, int], _Said]:
    """The content of these hits' records, and who may read them."""
    said: dict[tuple[Origin, int], _Said] = {}
    for origin, places in by_log((hit.record.origin, hit.place) for hit in hits).items():
        for place, (entry, shown) in tx.disclosed_at(origin, places).items():
            try:
                read = codec.decode_body(entry[1], shown.body)
                handling = codec.decode_handling(shown.handling)
            except Malformed:
                continue  # damaged since it was verified: fsck names it, and the hit is shown without it
            if isinstance(read, Contribution):
                said[origin, place] = _Said(statement=read, handling=handling)
            elif isinstance(read, NoticeDecision):
                said[origin, place] = _Said(notice=told(codec, origin, read), handling=handling)
    return said
