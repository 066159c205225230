"""Recognises our own records by the SHA-256 of their files, if no holding has the link to its record.

Rules this module upholds:

- After a restore, the holdings of the last days are gone, but their records are back from the hub with the log. When
  the same files are ingested again, they belong to those records, and nothing is shared twice.
- Every epoch of our log counts: a change of keys does not make our records another's.
- The index proposes, the store decides: a record counts while its body is stored and no retraction of it waits for its
  place; a waiting correction counts in place of its target. Of several records for one file, the oldest counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.envelope import Kind, decode
from node.domain.fingerprint_kinds import SHA256
from node.domain.ids import RecordId
from node.domain.search_ports import Probe
from node.domain.statements import Contribution
from node.errors import Malformed
from node.tlog.merkle import leaf_hash
from node.usecases.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec
    from node.domain.search_ports import SearchIndex


class Recogniser:
    """Blocking: never on the event loop. `own`: the owner of these records."""

    def __init__(self, *, index: SearchIndex, codec: Codec, own: MemberId) -> None:
        self._index = index
        self._codec = codec
        self._own = own

    def find(self, tx: LogReader, digests: Sequence[bytes]) -> dict[bytes, RecordId]:
        """The live own record of each SHA-256 that has one. Inside `Catalogue.change`, or outside it."""
        ours = {log.number: log.origin for log in tx.logs() if log.origin.member == self._own}
        ours = {number: origin for number, origin in ours.items() if origin.stream == "log"}
        if not ours or not digests:
            return {}
        probes = [Probe(number, SHA256.code, digest) for number, digest in enumerate(digests)]
        rows: dict[Origin, set[int]] = {}
        for hit in self._index.search(probes, 0):
            if hit.source in ours and hit.code == SHA256.code:
                rows.setdefault(ours[hit.source], set()).add(hit.row)
        found: dict[bytes, RecordId] = {}
        spoken = self._spoken_of(tx, ours.values()) if rows else {}
        for origin in sorted(rows):
            for _, (entry, body) in sorted(tx.held_at(origin, sorted(rows[origin])).items()):
                record = RecordId(origin, leaf_hash(entry))
                head = spoken.get(record, record)
                if head is None:
                    continue
                for digest in self._digests(entry, body):
                    found.setdefault(digest, head)
        wanted = set(digests)
        return {digest: record for digest, record in found.items() if digest in wanted}

    def _digests(self, entry: bytes, body: bytes) -> list[bytes]:
        """The SHA-256 values of a contribution."""
        try:
            envelope = decode(entry)
            said = self._codec.decode_body(envelope.kind, body) if envelope else None
        except Malformed:  # damaged since it was verified: fsck names it
            return []
        return [f.value for f in said.fingerprints if f.code == SHA256.code] if isinstance(said, Contribution) else []

    @staticmethod
    def _spoken_of(tx: LogReader, origins: Iterable[Origin]) -> dict[RecordId, RecordId | None]:
        """Waiting statements about a record: the correction's name, None if the record is retracted."""
        spoken: dict[RecordId, RecordId | None] = {}
        for origin in origins:
            waiting = Waiting(tx, origin)
            spoken |= {target: RecordId(origin, leaf) for target, leaf in waiting.corrections.items()}
            spoken |= {target: None for target, kinds in waiting.kinds.items() if Kind.RETRACTION in kinds}
        return spoken
