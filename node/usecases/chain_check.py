"""Checks the chains of a store against its entries: is every remark filed under its record?

Rules this module upholds:

- It reads and never repairs. Where an entry belongs is recomputed from the entries themselves.
- No stored body may be one that its record's retraction or correction deletes.
- The cost is the total length of all logs: corrections and their targets are read once (`Roots`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import REPLACING, TARGETING, Kind
from node.domain.ids import Origin, RecordId
from node.tlog.merkle import leaf_hash
from node.usecases.entry_columns import parse
from node.usecases.purging import REMARKS, leaves_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.log_ports import Link, LogReader, StoredRun

REMEDY: Final = "restore a backup"
LINKS_AT_ONCE: Final = 1 << 16
"""Entries whose links are read at a time."""


class Roots:
    """The first version of each record, by any of its versions, as stored. Read on first use."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._of_corrections: dict[RecordId, RecordId] | None = None

    def of(self, version: RecordId) -> RecordId:
        """The record that this is a version of; itself if it corrects nothing or its record is not here."""
        if self._of_corrections is None:
            self._of_corrections = {}
            for correction, record in self._read():
                # Of identical entries, the first one counts.
                self._of_corrections.setdefault(correction, record)
        return self._of_corrections.get(version, version)

    def _read(self) -> Iterator[tuple[RecordId, RecordId]]:
        for log in self._reader.logs():
            for start in range(0, log.size, LINKS_AT_ONCE):
                links = self._reader.links(log.origin, start, min(start + LINKS_AT_ONCE, log.size))
                corrections = sorted(index for index, link in links.items() if link.kind in REPLACING)
                leaves = leaves_at(self._reader, log.origin, corrections)
                for index, leaf in zip(corrections, leaves, strict=True):
                    yield RecordId(log.origin, leaf), links[index].chain


def chain_faults(reader: LogReader, origin: Origin, run: StoredRun, first: Roots | None = None) -> list[str]:
    """What is wrong with the links of a run of entries, by index. `first`: shared by checks of several runs."""
    first = first or Roots(reader)
    targets = {
        run.start + place: RecordId(Origin.parse(name), leaf)
        for place, kind, name, leaf in parse(origin, run.entries).targets
        if kind in TARGETING
    }
    links = reader.links(origin, run.start, run.start + len(run.entries))
    roots = {index: first.of(target) for index, target in targets.items()}
    faults = [
        f"entry {index} is not filed under the record that it points at: {REMEDY}"
        for index in sorted(targets.keys() | links.keys())
        if index not in links or (links[index].chain != roots.get(index) and not _is_alone(run, links[index]))
    ]
    for index, link in sorted(links.items()):
        if run.states[index - run.start] == BodyState.HELD and (why := _outlived(reader, link)):
            faults.append(f"entry {index} still has a body, though {why}: {REMEDY}")
    return faults


def _is_alone(run: StoredRun, link: Link) -> bool:
    """Whether an entry was set aside and filed under itself, because it belongs to no record."""
    at = link.index - run.start
    itself = link.chain.origin == link.origin and link.chain.leaf == leaf_hash(run.entries[at])
    return itself and not link.counts and run.states[at] != BodyState.HELD


def _outlived(reader: LogReader, link: Link) -> str:
    """Why an entry may have no body any more; "" if it may have one."""
    chain = reader.chain(link.chain)
    if chain is None or (link.kind in REMARKS and not link.counts):
        return "nothing would delete it with its record"
    if chain.ended and link.kind != Kind.RETRACTION and chain.head is not None:
        # A pending deletion is no fault: it is noted.
        owed = link.kind in REMARKS and reader.owed(1)
        return "" if owed else "its record was retracted"
    if link.kind in REPLACING and chain.head != (link.origin, link.index):
        return "it was corrected"
    return ""
