"""A bundle: signed records with their evidence in one file, for a unit that has no line to the hub.

Rules this module upholds:

- A bundle is `MAGIC`, then one evidence file (`usecases.evidence`) for each record, each after its length (u32,
  big-endian). Nothing comes between, and nothing after.
- Each record is proven by itself: signature of its owner, cosignature of the hub, place in the tree, commitment. That
  no record was removed or moved is proven by the bundle's manifest alone (`usecases.export_manifest`).
- Handling is not in evidence. The writer leaves out what does not admit everyone (`export_rules`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from node.domain.ids import RecordId
from node.errors import Malformed, NotFound, Refused
from node.usecases.evidence import Proven, build_evidence, verify_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from node.domain.ports import Codec, Store
    from node.domain.references import Reference
    from node.domain.roster import Roster

MAGIC: Final = b"vigil/bundle/v1\n"
FORMAT: Final = "bundle"
"""What the manifest of a bundle calls it."""
MAX_EVIDENCE: Final = 16 * 1024 * 1024
"""Bytes of the evidence of one record. A real one has a few kilobytes; with an hour of video, 200."""
NOT_PUBLISHED: Final = "record not published, or gone"
_LENGTH: Final = 4


def write_bundle(store: Store, rows: Iterable[Reference], left_out: dict[str, int]) -> Iterator[bytes]:
    """The bytes of a bundle, record by record. `rows`: of records, with the record as their `id`. A record whose
    evidence cannot be built is counted in `left_out`: it waits for its cosignature, or its body has gone meanwhile.
    """
    yield MAGIC
    for row in rows:
        try:
            evidence = build_evidence(store, RecordId.parse(row.id))
        except (NotFound, Refused):
            left_out[NOT_PUBLISHED] = left_out.get(NOT_PUBLISHED, 0) + 1
            continue
        yield len(evidence).to_bytes(_LENGTH, "big") + evidence


def read_bundle(file: BinaryIO, roster: Roster, codec: Codec) -> Iterator[Proven]:
    """What each record of a bundle proves, checked against a roster, offline. The first fault ends it: the caller uses
    nothing before it has read all. Raises `PeerFault`.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise Malformed("this is not a bundle", remedy="a newer version of this program may read it")
    while head := file.read(_LENGTH):
        length = int.from_bytes(head, "big")
        if len(head) != _LENGTH or not 0 < length <= MAX_EVIDENCE:
            raise Malformed("a bundle has a record of an impossible length")
        evidence = file.read(length)
        if len(evidence) != length:
            raise Malformed("a bundle ends in the middle of a record")
        yield verify_evidence(evidence, roster, codec)
