"""Checking the chains of a store against its entries: is everything that was said filed under its record?

Rules this module upholds:

- It reads and never mends. Where an entry belongs is worked out anew from what the entries say of themselves.
- No body may be held that its record's retraction deletes.
- It costs one reading of the entries that point at another, and remembers the versions of records, nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Kind, decode
from node.domain.ids import RecordId
from node.errors import Malformed
from node.usecases.purging import REMARKS, root_of

if TYPE_CHECKING:
    from node.domain.envelope import Envelope
    from node.domain.log_ports import Link, LogReader, LogState

REMEDY: Final = "restore a backup, or delete this node's copy of the log and follow it again"
AT_ONCE: Final = 4_096
"""Links that are read at a time."""


def check_chains(reader: LogReader, log: LogState) -> list[str]:
    """What is wrong with the links of one log's entries."""
    faults: list[str] = []
    for start in range(0, log.size, AT_ONCE):
        for index, link in reader.links(log.origin, start, min(start + AT_ONCE, log.size)).items():
            faults += _faults(reader, link, index)
    return faults


def _faults(reader: LogReader, link: Link, index: int) -> list[str]:
    entry, state = reader.entry_at(link.origin, index)
    envelope = _read(entry)
    if envelope is None or envelope.target is None or envelope.kind != link.kind:
        return [f"entry {index} is filed under a record and points at none: {REMEDY}"]
    faults = []
    if _root(reader, envelope.target) != link.chain:
        faults.append(f"entry {index} is filed under another record than the one it points at: {REMEDY}")
    chain = reader.chain(link.chain)
    if chain is None:
        return [*faults, f"entry {index} is filed under a record that is not known: {REMEDY}"]
    if state != BodyState.HELD:
        return faults
    if chain.ended and link.kind != Kind.RETRACTION:
        faults.append(f"entry {index} still has a body, though its record was retracted: {REMEDY}")
    elif link.kind == Kind.CORRECTION and chain.head != (link.origin, index):
        faults.append(f"entry {index} still has a body, though it was corrected: {REMEDY}")
    elif link.kind in REMARKS and not link.counts:
        faults.append(f"entry {index} would keep its body when its record is retracted: {REMEDY}")
    return faults


def _root(reader: LogReader, target: RecordId) -> RecordId:
    index = reader.find(target.origin, [target.leaf]).get(target.leaf)
    return target if index is None else root_of(reader, target.origin, index, target.leaf)[0]


def _read(entry: bytes) -> Envelope | None:
    try:
        return decode(entry)
    except Malformed:
        return None
