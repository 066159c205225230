"""What became of a record since: corrected, retracted or expired.

Rules this module upholds:

- It is computed from our copies of the logs each time that it is shown, so it is never older than they are.
- Who confirms or disputes the record is counted by `verification`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Kind, decode
from node.usecases.purging import chain_at

if TYPE_CHECKING:
    from node.domain.ids import RecordId
    from node.domain.log_ports import Chain
    from node.domain.stores import NodeStoreReader


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLife:
    """`replaced`: its owner corrected this version. `retracted_day`: days since 1970, None if it was not retracted.
    `expired`: its body was deleted at its expiry.
    """

    replaced: bool = False
    retracted_day: int | None = None
    expired: bool = False


UNCHANGED: Final = RecordLife()


def life_of(tx: NodeStoreReader, record: RecordId, place: int) -> RecordLife:
    """What became of the record at this position of its log."""
    chain = chain_at(tx, record.origin, place, record.leaf)
    return RecordLife(
        replaced=chain.head is not None and chain.head != (record.origin, place),
        retracted_day=_retracted_day(tx, chain) if chain.ended else None,
        expired=not chain.ended and _is_expired(tx, chain),
    )


def _retracted_day(tx: NodeStoreReader, chain: Chain) -> int:
    """The day on which the retraction was signed; 0 if its entry cannot be read."""
    for link in tx.linked(chain.root, [Kind.RETRACTION], limit=1):
        entry, _ = tx.entry_at(link.origin, link.index)
        envelope = decode(entry)
        return envelope.issued_day if envelope else 0
    return 0


def _is_expired(tx: NodeStoreReader, chain: Chain) -> bool:
    if chain.head is None:
        return False
    entry, state = tx.entry_at(*chain.head)
    envelope = decode(entry) if state == BodyState.PURGED else None
    return envelope is not None and bool(envelope.expiry_day)
