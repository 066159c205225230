"""Links of our own that wait for their place, joined with the links of the logs.

Rules this module upholds:

- A waiting link is no mention yet. It counts as if it stood at the end of our log, at an index below 0.
- What a waiting link leads to is read as well, so a component is never silently short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.domain.mentions import Joined, Role
from node.domain.record_links import RecordLink
from node.errors import Malformed
from node.usecases.verification import places_of, roots_at

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from node.domain.ids import Origin, RecordId
    from node.domain.log_ports import LogReader, PendingEntry
    from node.domain.ports import Codec

MOST_WAITING: Final = 10_000
"""Waiting entries of our own that are looked at for links."""
_KINDS: Final = (Kind.LINK, Kind.REVISION)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLink:
    """`place`: our log, and an index below 0; `records`: the first versions of its records, as far as known."""

    place: tuple[Origin, int]
    pending: PendingEntry
    said: RecordLink
    records: tuple[RecordId, ...]


def waiting_links(reader: LogReader, codec: Codec, own: Origin) -> list[WaitingLink]:
    """Our own links that wait for their place, oldest first."""
    said: list[tuple[PendingEntry, RecordLink]] = []
    for each in reader.pending(own, MOST_WAITING):
        if each.entry[1] in _KINDS:
            try:
                body = codec.decode_body(each.entry[1], each.disclosure.body)
            except Malformed:
                continue  # damaged since it was written: fsck names it
            if isinstance(body, RecordLink):
                said.append((each, body))
    roots = _roots(reader, {target for _, body in said for target in body.targets})
    return [
        WaitingLink(
            place=(own, number - len(said)),
            pending=each,
            said=body,
            records=tuple(dict.fromkeys(roots[target] for target in body.targets)),
        )
        for number, (each, body) in enumerate(said)
    ]


def _roots(reader: LogReader, records: Collection[RecordId]) -> dict[RecordId, RecordId]:
    """The first version of each record; itself for one that is not in a log here."""
    places = places_of(reader, records)
    roots = roots_at(reader, list(places.values()))
    return {each: roots[places[each]] if each in places else each for each in records}


def with_waiting(
    reader: LogReader, codec: Codec, own: Origin, starts: Sequence[RecordId], limit: int
) -> tuple[Joined, list[WaitingLink]]:
    """All that hangs together with these records, by stored links and by waiting ones; and these waiting ones."""
    waiting = waiting_links(reader, codec, own)
    known = set(starts)
    while True:
        joined = reader.joined(sorted(known), Role.LINKED, limit)
        reached = known.union(joined.records)
        taken = [each for each in waiting if not reached.isdisjoint(each.records)]
        further = {record for each in taken for record in each.records} - reached
        if not further or not joined.is_whole:
            return _added(joined, taken), taken
        known |= further


def _added(joined: Joined, waiting: Sequence[WaitingLink]) -> Joined:
    """The columns with the waiting links at their end."""
    if not waiting:
        return joined
    records = dict.fromkeys((*joined.records, *(record for each in waiting for record in each.records)))
    number = {record: at for at, record in enumerate(records)}
    first = len(joined.entries)
    ends = [(first + at, number[record]) for at, each in enumerate(waiting) for record in each.records]
    return Joined(
        entries=[*joined.entries, *(each.place for each in waiting)],
        records=list(records),
        ends=[*joined.ends, *ends],
        is_whole=joined.is_whole,
    )
