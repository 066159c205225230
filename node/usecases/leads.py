"""Hits as the values that searches return, made from raw hits that the store confirmed.

Rules this module upholds:

- A hit states the evidence that the check found, and the content of the record or the row that it is on.
- In a local search, a holding and the record that shares it are one hit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.domain.material import BACKGROUNDS
from node.domain.orientations import ORIENTATIONS
from node.domain.queries import TRIMMED, VARIANTS, Hit
from node.domain.reviews import UNKNOWN_FILE, FileDigests
from node.domain.search_ports import HOLDINGS_SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.search_ports import RawHit
    from node.domain.statements import Contribution
    from node.usecases.hit_verification import Spoken


def leads(spoken: Sequence[tuple[RawHit, Spoken]]) -> Iterator[tuple[Hit, bytes]]:
    """The hits of a local search, in order, with a holding and its record as one; with the holding's SHA-256."""
    records = {(hit.subject, said.record): said for hit, said in spoken if hit.source != HOLDINGS_SOURCE}
    held = {(hit.subject, said.record) for hit, said in spoken if hit.source == HOLDINGS_SOURCE}
    for hit, said in spoken:
        if said.row is not None:
            yield replace(hit_of(hit, said), row=said.row, statement=said.statement), b""
        elif hit.source == HOLDINGS_SOURCE:
            told = replace(records.get((hit.subject, said.record), said), evidence=said.evidence)
            lead = replace(hit_of(hit, told), holding=hit.row, cases=said.cases, held_look=said.look)
            yield replace(lead, statement=_words(told.statement)), said.sha256
        elif (hit.subject, said.record) not in held:
            file = FileDigests.of(said.statement.fingerprints) if said.statement else UNKNOWN_FILE
            yield replace(hit_of(hit, said), statement=_words(said.statement), file=file), b""


def hit_of(hit: RawHit, said: Spoken) -> Hit:
    """The hit that a confirmed raw hit is. Its distance is in bits, and None for a kind of digests."""
    kind, by_frames = KIND_BY_CODE[hit.code], said.evidence
    orientation = by_frames.orientation if by_frames else hit.orientation
    variant = VARIANTS[orientation // len(ORIENTATIONS)]
    statement = said.statement
    return Hit(
        subject=hit.subject,
        origin=said.origin,
        algorithm=by_frames.algorithm if by_frames else kind.name,
        level=said.level,
        record=said.record,
        place=None if hit.source == HOLDINGS_SOURCE else hit.row,
        distance=by_frames.distance if by_frames else None if kind.exact else hit.distance,
        quality=hit.quality if kind.has_quality and hit.quality >= 0 else None,
        orientation=ORIENTATIONS[orientation % len(ORIENTATIONS)] if by_frames or kind.oriented else None,
        trimmed=variant == TRIMMED,
        look=variant if variant in BACKGROUNDS else "",
        shares=by_frames.shares if by_frames else None,
        at=by_frames.at if by_frames else None,
        subject_at=by_frames.subject_at if by_frames else None,
        category=statement.category if statement else None,
        series=(statement.series or None) if statement else None,
        weak=kind.weak,
        notice=said.notice,
    )


def _words(statement: Contribution | None) -> Contribution | None:
    """The content of a record without its fingerprints."""
    return replace(statement, fingerprints=()) if statement else None
