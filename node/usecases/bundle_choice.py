"""Which records of a log a bundle gives with their bodies.

Rules this module upholds:

- A record is chosen in its newest version: earlier versions have no body.
- A remark is chosen with the record that it is about.
- Memory grows with the records of the chosen case or list, and with nothing else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Kind, decode
from node.domain.ids import RecordId
from node.domain.lists import NAMELESS, shared_row
from node.domain.statements import Contribution
from node.errors import Malformed
from node.usecases.casework import case_holdings
from node.usecases.circle import MAX_DEPTH
from node.usecases.purging import REMARKS, chain_at, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.domain.ids import Origin
    from node.domain.lists import ReferenceList
    from node.domain.log_ports import Chain, Link, LogReader
    from node.domain.ports import Codec
    from node.domain.stores import NodeStore
    from node.usecases.export_sources import Selection

NOT_SHARED: Final = "not contributed as a record"
NOT_PUBLISHED: Final = "record not published yet"
RECORDS: Final = frozenset({Kind.CONTRIBUTION, Kind.CORRECTION})
_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`places`: the indices of the named records by log, None for all records. `series` "" for any; `since`: Unix
    seconds, 0 for any.
    """

    codec: Codec
    places: Mapping[Origin, frozenset[int]] | None = None
    series: str = ""
    since: int = 0

    @property
    def is_all(self) -> bool:
        """Whether every record is chosen."""
        return self.places is None and not self.series and not self.since

    def takes(self, origin: Origin, index: int, entry: bytes, body: bytes) -> bool:
        """Whether the record at this place is chosen. `body`: of a contribution or a correction."""
        if self.places is not None and index not in self.places.get(origin, ()):
            return False
        if self.since and not _is_since(entry, self.since):
            return False
        if not self.series:
            return True
        try:
            said = self.codec.decode_body(kind_of(entry), body)
        except Malformed:
            return False
        return isinstance(said, Contribution) and said.series == self.series

    def takes_remark(self, reader: LogReader, link: Link) -> bool:
        """Whether the record that this remark is about is chosen."""
        at: Link | None = link
        for _ in range(MAX_DEPTH):
            chain: Chain | None = None if at is None else reader.chain(at.chain)
            if chain is None or chain.head is None:
                return False
            origin, index = chain.head
            run = reader.run(origin, index, index + 1, 0)
            kind = kind_of(run.entries[0])
            if kind not in REMARKS:
                return kind in RECORDS and self.takes(origin, index, run.entries[0], run.bodies[0])
            at = reader.links(origin, index, index + 1).get(index)
        return False


def _is_since(entry: bytes, since: int) -> bool:
    envelope = decode(entry)
    return envelope is not None and (envelope.issued_day + 1) * SECONDS_A_DAY > since


@dataclass(slots=True, kw_only=True)
class Named:
    """Records of a case or a list, and why others of its holdings or rows are not among them."""

    records: list[RecordId] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, record: RecordId | None) -> None:
        """The record of one more holding or row."""
        if record is None:
            self.left_out[NOT_SHARED] += 1
        else:
            self.records.append(record)


def choose(
    store: NodeStore, codec: Codec, selection: Selection, of: ReferenceList | None
) -> tuple[Choice, Counter[str]]:
    """The choice of a selection, and what it names without a record in a log. `of`: the selected list. Blocking.

    Raises `NotFound` for an unknown case.
    """
    if not selection.case and of is None:
        return Choice(codec=codec, series=selection.series, since=selection.since), Counter()
    named = Named()
    for record in _of_list(store, of, selection.case) if of is not None else _of_case(store, selection.case):
        named.add(record)
    places = _places(store, named)
    return Choice(codec=codec, places=places, series=selection.series, since=selection.since), named.left_out


def _of_case(store: NodeStore, case: str) -> Iterator[RecordId | None]:
    for page in case_holdings(store, case, bare=True):
        for holding in page:
            yield holding.record


def _of_list(store: NodeStore, of: ReferenceList, case: str) -> Iterator[RecordId | None]:
    after = 0
    while True:
        with store.read() as tx:
            page = tx.rows_of_list(of.number, after, _ROWS, case=case)
            notes = tx.settings_named([shared_row(row.id) for row in page])
        for row in page:
            note = notes.get(shared_row(row.id), NAMELESS)
            yield None if note == NAMELESS else RecordId.parse(note.decode("ascii"))
        if not page:
            return
        after = page[-1].id


def _places(store: NodeStore, named: Named) -> dict[Origin, frozenset[int]]:
    """The newest versions of these records. One search for each log: to find a record scans its leaves."""
    by_log: dict[Origin, set[bytes]] = {}
    for record in named.records:
        by_log.setdefault(record.origin, set()).add(record.leaf)
    found: dict[Origin, set[int]] = {}
    for origin, leaves in by_log.items():
        with store.read() as tx:
            here = tx.find(origin, sorted(leaves))
            for leaf, index in here.items():
                head = chain_at(tx, origin, index, leaf).head
                if head is not None:
                    found.setdefault(head[0], set()).add(head[1])
            _count_missing(tx, named, leaves - here.keys())
    return {origin: frozenset(indices) for origin, indices in found.items()}


def _count_missing(tx: LogReader, named: Named, leaves: set[bytes]) -> None:
    for leaf in leaves:
        named.left_out[NOT_SHARED if tx.find_pending(leaf) is None else NOT_PUBLISHED] += 1
