"""The history of a record: its first version, its corrections or revisions, and its retraction.

Rules this module upholds:

- It is computed from our copies of the logs, so a version whose body was deleted is still in it.
- It is bounded: a record that was corrected very often shows its newest versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import REPLACING, Kind, decode
from node.domain.ids import RecordId
from node.errors import Malformed
from node.usecases.purging import chain_at, leaf_at

if TYPE_CHECKING:
    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader

MOST_VERSIONS: Final = 100
"""Versions of one record that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One entry in the history of a record. `kind`: 0 if it is not understood; `issued_day`: days since 1970; `state`:
    of its body here.
    """

    record: RecordId
    kind: int
    issued_day: int
    state: BodyState


def versions_of(reader: LogReader, record: RecordId, index: int) -> list[Version]:
    """The history of the record with this entry, the first version first; at most the newest `MOST_VERSIONS`."""
    chain = chain_at(reader, record.origin, index, record.leaf)
    root = chain.root
    first = reader.find(root.origin, [root.leaf]).get(root.leaf)
    places = [] if first is None else [(root.origin, first)]
    places += [(each.origin, each.index) for each in reader.linked(root, (*REPLACING, Kind.RETRACTION))]
    return [_version(reader, *place) for place in places[-MOST_VERSIONS:]]


def _version(reader: LogReader, origin: Origin, index: int) -> Version:
    entry, state = reader.entry_at(origin, index)
    try:
        envelope = decode(entry)
    except Malformed:
        envelope = None
    return Version(
        record=RecordId(origin, leaf_at(reader, origin, index)),
        kind=envelope.kind if envelope else 0,
        issued_day=envelope.issued_day if envelope else 0,
        state=BodyState(state),
    )
