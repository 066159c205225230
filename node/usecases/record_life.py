"""What became of a record since: corrected, retracted or expired, and which members confirm or dispute it.

Rules this module upholds:

- It is computed from our copies of the logs each time that it is shown, so it is never older than they are.
- Of one member the newest opinion counts, on whichever version of the record it was stated. An opinion that cannot be
  read here is in no count.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Kind, decode
from node.domain.statements import Opinion, Verdict
from node.errors import Malformed
from node.usecases.purging import chain_at

if TYPE_CHECKING:
    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.log_ports import Chain
    from node.domain.ports import Codec
    from node.domain.stores import NodeStoreReader


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLife:
    """`replaced`: its owner corrected this version. `retracted_day`: days since 1970, None if it was not retracted.
    `expired`: its body was deleted at its expiry. `confirmed_by`, `disputed_by`: members in the order of their ids.
    """

    replaced: bool = False
    retracted_day: int | None = None
    expired: bool = False
    confirmed_by: tuple[MemberId, ...] = ()
    disputed_by: tuple[MemberId, ...] = ()


UNCHANGED: Final = RecordLife()


def life_of(tx: NodeStoreReader, codec: Codec, record: RecordId, place: int) -> RecordLife:
    """What became of the record at this position of its log."""
    chain = chain_at(tx, record.origin, place, record.leaf)
    verdicts = _verdicts(tx, codec, chain)
    return RecordLife(
        replaced=chain.head is not None and chain.head != (record.origin, place),
        retracted_day=_retracted_day(tx, chain) if chain.ended else None,
        expired=not chain.ended and _is_expired(tx, chain),
        confirmed_by=tuple(sorted(member for member, each in verdicts.items() if each is Verdict.CONFIRM)),
        disputed_by=tuple(sorted(member for member, each in verdicts.items() if each is Verdict.DISPUTE)),
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


def _verdicts(tx: NodeStoreReader, codec: Codec, chain: Chain) -> dict[MemberId, Verdict]:
    """The newest verdict of each member on any version of a record."""
    links = tx.linked(chain.root, [Kind.OPINION])
    places: defaultdict[Origin, list[int]] = defaultdict(list)
    for link in links:
        places[link.origin].append(link.index)
    held = {origin: tx.held_at(origin, sorted(indices)) for origin, indices in places.items()}
    found: dict[MemberId, tuple[tuple[int, int], Verdict]] = {}
    for link in links:
        if link.index not in held[link.origin]:
            continue
        try:
            said = codec.decode_body(Kind.OPINION, held[link.origin][link.index][1])
        except Malformed:
            continue  # damaged since it was verified: fsck names it
        when, member = (link.origin.epoch, link.index), link.origin.member
        if isinstance(said, Opinion) and (member not in found or found[member][0] < when):
            found[member] = (when, said.verdict)
    return {member: verdict for member, (_, verdict) in found.items()}
