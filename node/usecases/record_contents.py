"""What our own records say now, as far as their bodies are here.

Rules this module upholds:

- Records that were signed and records that wait for their place in the log are read alike.
- A body that cannot be read is left out: fsck names it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.envelope import decode
from node.domain.statements import Contribution
from node.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.envelope import Disclosure
    from node.domain.handling import Handling
    from node.domain.ids import Origin, RecordId
    from node.domain.ports import Codec
    from node.domain.stores import NodeStoreReader


def record_contents(
    tx: NodeStoreReader, codec: Codec, records: Sequence[RecordId]
) -> dict[RecordId, tuple[Contribution, Handling]]:
    """The content of these records of ours, without fingerprints. One search for each log."""
    shown: dict[RecordId, tuple[bytes, Disclosure]] = {}
    by_origin: dict[Origin, list[RecordId]] = {}
    for record in records:
        pending = tx.find_pending(record.leaf)
        if pending is not None:
            shown[record] = (pending.entry, pending.disclosure)
        else:
            by_origin.setdefault(record.origin, []).append(record)
    for origin, some in by_origin.items():
        places = tx.find(origin, [record.leaf for record in some])
        held = tx.disclosed_at(origin, sorted(places.values()))
        shown |= {each: held[places[each.leaf]] for each in some if places.get(each.leaf) in held}
    read = {record: _read(codec, *each) for record, each in shown.items()}
    return {record: each for record, each in read.items() if each is not None}


def _read(codec: Codec, entry: bytes, shown: Disclosure) -> tuple[Contribution, Handling] | None:
    envelope = decode(entry)
    try:
        body = codec.decode_body(envelope.kind, shown.body) if envelope else None
        handling = codec.decode_handling(shown.handling)
    except Malformed:
        return None
    return (replace(body, fingerprints=()), handling) if isinstance(body, Contribution) else None
