"""Checking the chains of a store against its entries: is everything that was said filed under its record?

Rules this module upholds:

- It reads and never mends. Where an entry belongs is worked out anew from what the entries say of themselves.
- No body may be held that its record's retraction or correction deletes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import TARGETING, Kind
from node.domain.ids import Origin, RecordId
from node.tlog.merkle import leaf_hash
from node.usecases.columns import parse
from node.usecases.purging import REMARKS, root_of

if TYPE_CHECKING:
    from node.domain.log_ports import Link, LogReader, StoredRun

REMEDY: Final = "restore a backup"


def chain_faults(reader: LogReader, origin: Origin, run: StoredRun) -> list[str]:
    """What is wrong with the links of a run of entries, by index."""
    targets = {
        run.start + place: RecordId(Origin.parse(name), leaf)
        for place, kind, name, leaf in parse(origin, run.entries).targets
        if kind in TARGETING
    }
    links = reader.links(origin, run.start, run.start + len(run.entries))
    roots = _roots(reader, targets)
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
    """Whether an entry was set aside and filed under itself, as what belongs to no record."""
    at = link.index - run.start
    itself = link.chain.origin == link.origin and link.chain.leaf == leaf_hash(run.entries[at])
    return itself and not link.counts and run.states[at] != BodyState.HELD


def _roots(reader: LogReader, targets: dict[int, RecordId]) -> dict[int, RecordId]:
    """The first version of what each of these points at, as far as it is here."""
    wanted: dict[Origin, set[bytes]] = {}
    for target in targets.values():
        wanted.setdefault(target.origin, set()).add(target.leaf)
    places = {origin: reader.find(origin, sorted(leaves)) for origin, leaves in wanted.items()}
    roots = {}
    for index, target in targets.items():
        at = places[target.origin].get(target.leaf)
        roots[index] = target if at is None else root_of(reader, target.origin, at, target.leaf)[0]
    return roots


def _outlived(reader: LogReader, link: Link) -> str:
    """Why an entry may have no body any more; "" where it may."""
    chain = reader.chain(link.chain)
    if chain is None or (link.kind in REMARKS and not link.counts):
        return "nothing would delete it with its record"
    if chain.ended and link.kind != Kind.RETRACTION and chain.head is not None:
        # What is still to be deleted is not forgotten: it is noted.
        owed = link.kind in REMARKS and reader.owed(1)
        return "" if owed else "its record was retracted"
    if link.kind == Kind.CORRECTION and chain.head != (link.origin, link.index):
        return "it was corrected"
    return ""
