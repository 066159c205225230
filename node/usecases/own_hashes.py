"""Which hashes stand in a live record of our own, and which row of a list has a hash first.

Rules this module upholds:

- Every epoch of our log counts. The index proposes, the store decides: a record counts while its body is stored and no
  retraction of it waits for its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.envelope import Kind, decode
from node.domain.ids import RecordId
from node.domain.search_ports import Probe
from node.domain.statements import Contribution
from node.errors import Malformed
from node.tlog.merkle import leaf_hash
from node.usecases.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from node.domain.ids import MemberId
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec
    from node.domain.search_ports import SearchIndex


class OwnHashes:
    """Blocking: never on the event loop. `own`: the owner of the records."""

    def __init__(self, *, index: SearchIndex, codec: Codec, own: MemberId) -> None:
        self._index = index
        self._codec = codec
        self._own = own

    def live(
        self, tx: LogReader, wanted: Sequence[tuple[int, bytes]], without: Collection[RecordId] = ()
    ) -> set[tuple[int, bytes]]:
        """Those of these (code, value) that are in a live record of ours that has a place in the log. `without`: leaves
        these records out.
        """
        logs = [log for log in tx.logs() if log.origin.member == self._own and log.origin.stream == "log"]
        ours = {log.number: log.origin for log in logs}
        if not ours or not wanted:
            return set()
        rows: dict[int, set[int]] = {}
        for hit in self._index.search([Probe(at, code, value) for at, (code, value) in enumerate(wanted)], 0):
            if hit.source in ours:
                rows.setdefault(hit.source, set()).add(hit.row)
        found: set[tuple[int, bytes]] = set()
        for number, places in rows.items():
            origin = ours[number]
            waiting = Waiting(tx, origin)
            retracted = {target for target, kinds in waiting.kinds.items() if Kind.RETRACTION in kinds}
            for entry, body in tx.held_at(origin, sorted(places)).values():
                record = RecordId(origin, leaf_hash(entry))
                if record not in retracted and record not in without:
                    found |= self._hashes(entry, body)
        return found.intersection(wanted)

    def first_rows(self, source: int, wanted: Sequence[tuple[int, bytes]]) -> dict[tuple[int, bytes], int]:
        """(code, value) -> the lowest row of a source of the index that has this hash."""
        probes = [Probe(at, code, value) for at, (code, value) in enumerate(wanted)]
        first: dict[tuple[int, bytes], int] = {}
        for hit in self._index.propose(probes, 0, 1, []).hits if probes else ():
            code, value = wanted[hit.subject]
            if hit.source == source and hit.code == code:
                first[code, value] = min(hit.row, first.get((code, value), hit.row))
        return first

    def _hashes(self, entry: bytes, body: bytes) -> set[tuple[int, bytes]]:
        try:
            envelope = decode(entry)
            said = self._codec.decode_body(envelope.kind, body) if envelope else None
        except Malformed:  # damaged since it was verified: fsck names it
            return set()
        return {(each.code, each.value) for each in said.fingerprints} if isinstance(said, Contribution) else set()
