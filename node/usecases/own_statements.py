"""This member's own statements, as its ledger finds them: in the log, or waiting for their place.

Rules this module upholds:

- Only the owner changes its record, and only the newest version of a live one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.batch import BodyState
from node.domain.envelope import OWN_TARGET, REPLACING
from node.errors import Malformed, NotFound, Refused
from node.usecases.applying_runs import find_target
from node.usecases.entry_columns import check_own
from node.usecases.purging import chain_at, root_of, versions
from node.usecases.waiting import points_at

if TYPE_CHECKING:
    from node.domain.handling import Handling
    from node.domain.ids import Origin, RecordId
    from node.domain.log_ports import LogReader, PendingEntry
    from node.domain.ports import Codec
    from node.usecases.applying_runs import Target
    from node.usecases.waiting import Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """An entry of our own, in the log or waiting for its place."""

    kind: int
    pending: PendingEntry | None = None
    placed: Target | None = None


def began_as(reader: LogReader, own: Origin, target: RecordId, spoken: Spoken, codec: Codec) -> int:
    """The kind of the first version of a record."""
    while spoken.kind in REPLACING:
        before = points_at(spoken.pending) if spoken.pending is not None else None
        if spoken.placed is not None:
            before, _ = root_of(reader, target.origin, spoken.placed.index, target.leaf)
        if before is None or before == target:
            break
        target, spoken = before, own_statement(reader, own, before, codec)
    return spoken.kind


def handling_of(spoken: Spoken, codec: Codec) -> Handling | None:
    """Its handling; None if it is not stored."""
    if spoken.pending is not None:
        return codec.decode_handling(spoken.pending.disclosure.handling)
    return spoken.placed.handling if spoken.placed else None


def own_statement(reader: LogReader, own: Origin, target: RecordId, codec: Codec) -> Spoken:
    """An entry of ours. Raises `Refused` for another member's, `NotFound` if there is none."""
    try:
        check_own(own, target.origin)
    except Malformed as error:
        raise Refused(str(error), remedy="state your own view of it: opine or comment") from error
    pending = reader.find_pending(target.leaf)
    if pending is not None:
        return Spoken(kind=pending.entry[1], pending=pending)
    index = reader.find(target.origin, [target.leaf]).get(target.leaf)
    placed = None if index is None else find_target(reader, target.origin, index, codec)
    if placed is None:
        raise NotFound("your own log has no such record")
    return Spoken(kind=placed.envelope.kind, placed=placed)


def check_newest(reader: LogReader, target: RecordId, spoken: Spoken, waiting: Waiting) -> None:
    """Raises `Refused` unless this is the newest version of a live record."""
    words, newest, ended, expired = waiting.kinds.get(target, set()) & OWN_TARGET, True, False, False
    if spoken.placed is not None:
        chain = chain_at(reader, target.origin, spoken.placed.index, target.leaf)
        newest, ended = chain.head == (target.origin, spoken.placed.index), chain.ended
        expired = spoken.placed.state == BodyState.PURGED
        ended |= expired and waiting.retracts(versions(reader, chain))
    if ended or words or not newest:
        raise Refused(
            "this record was corrected or retracted before",
            remedy="name its newest correction (vigil records --mine shows it)",
        )
    if expired:
        raise Refused("this record has expired: its contents are deleted", remedy="retract it, then contribute again")
