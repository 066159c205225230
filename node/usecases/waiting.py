"""Statements that wait for their place in our own log, by the record that they point at.

Rules this module upholds:

- It is read once per transaction: thousands may wait while the hub cannot be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.envelope import REPLACING, TARGETING, Kind, decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.domain.ids import Origin, RecordId
    from node.domain.log_ports import LogReader, PendingEntry

ALL: Final = 1 << 31
"""A limit for callers that need every waiting entry."""


SUBJECT: Final[dict[int, float]] = {Kind.LINK: 0.05, Kind.NOTICE_DECISION: 0.2}
"""The work of an entry whose body may end with others, in units of an entry that points at one (1 to 2 ms). A link that
ends takes 0.1 ms, because links are filed at once; decisions on notices are filed one after another."""


def weight_of(kind: int) -> float:
    """The work of an entry of this kind beside a record, in units of an entry that points at another."""
    if kind in TARGETING:
        return 1
    return SUBJECT.get(kind, 0)


class Waiting:
    """`kinds`: what waits about a record; `corrections`: the leaf hash of the correction or revision that waits
    for it.
    """

    def __init__(self, reader: LogReader, origin: Origin) -> None:
        self.kinds: dict[RecordId, set[int]] = {}
        self.corrections: dict[RecordId, bytes] = {}
        for each in reader.pending(origin, ALL):
            target = points_at(each)
            if target is not None:
                self.add(target, each.entry[1], each.leaf)

    def add(self, target: RecordId, kind: int, leaf: bytes) -> None:
        """An entry of `kind` about `target`, whose leaf hash is `leaf`."""
        self.kinds.setdefault(target, set()).add(kind)
        if kind in REPLACING:
            self.corrections[target] = leaf

    def retracts(self, names: Iterable[RecordId]) -> bool:
        """Whether a retraction of one of these waits."""
        return any(Kind.RETRACTION in self.kinds.get(each, ()) for each in names)


def points_at(pending: PendingEntry) -> RecordId | None:
    """The record that an entry is about; None for an entry without a target."""
    envelope = decode(pending.entry)
    return envelope.target if envelope else None
