"""How far a statement of ours has come: stored here, in our signed log, or published.

Rules this module upholds:

- Acknowledged means durable here; published means cosigned by the hub. Nothing is called published, or retracted
  everywhere, before the hub's cosignature is stored here.
- Waiting for it is limited, and ends at once if no daemon sends our log or the hub cannot be reached.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.ids import Origin, RecordId
    from node.domain.log_ports import LogReader
    from node.domain.stores import LogStore

WAIT_SECONDS: Final = 5.0
"""How long a command waits for the hub's cosignature."""
TROUBLED_SECONDS: Final = 1.0
"""The same after a failed round with the hub: it may be about to return."""
NO_DAEMON: Final = "no node is running here; it goes out once one runs (vigil node run)"


class Publication(StrEnum):
    """`QUEUED`: durable here, without a place in the log. `SIGNED`: in the log, under a checkpoint of ours.
    `PUBLISHED`: cosigned by the hub, which sends it to every member.
    """

    QUEUED = "queued"
    SIGNED = "signed"
    PUBLISHED = "published"


class Sender(Protocol):
    """The publisher that sends our log to the hub."""

    @property
    def trouble(self) -> str:
        """Why the last round failed, "" if it did not."""
        ...

    async def changed(self) -> None:
        """Returns at the end of the round that runs now or comes next, however it ends."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How far each statement has come, and `why` some are not published ("" if all are, or are on their way)."""

    states: Mapping[RecordId, Publication] = field(default_factory=dict)
    why: str = ""

    def count(self, state: Publication) -> int:
        """How many have come exactly this far."""
        return Counter(self.states.values())[state]

    @property
    def published(self) -> bool:
        """Whether all of them are."""
        return self.count(Publication.PUBLISHED) == len(self.states)


class Publications:
    """Statements of our own. All but `settle` block."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def of(self, records: Sequence[RecordId]) -> dict[RecordId, Publication]:
        """How far each of these has come."""
        by_origin: dict[Origin, list[RecordId]] = {}
        for record in records:
            by_origin.setdefault(record.origin, []).append(record)
        states: dict[RecordId, Publication] = {}
        with self._store.read() as tx:
            for origin, some in by_origin.items():
                states |= _standing(tx, origin, some)
        return states

    async def settle(
        self, records: Sequence[RecordId], sender: Sender | None, seconds: float = WAIT_SECONDS
    ) -> Settled:
        """Waits until all of them are published, at most `seconds`; returns how far they have come."""
        if sender is None or not records:
            states = await asyncio.to_thread(self.of, records)
            return Settled(states=states, why=NO_DAEMON if records else "")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(seconds, TROUBLED_SECONDS if sender.trouble else seconds)
        rounds = 0
        while True:
            # Subscribed before the store is read: a round that ends meanwhile ends the wait.
            over = asyncio.ensure_future(sender.changed())
            try:
                settled = Settled(states=await asyncio.to_thread(self.of, records), why=sender.trouble)
                left = deadline - loop.time()
                if settled.published or left <= 0 or (rounds and sender.trouble):
                    return Settled(states=settled.states) if settled.published else settled
                await asyncio.wait({over}, timeout=left)
                rounds += 1
            finally:
                over.cancel()


class Publishing:
    """Follows statements of our own on their way out. `sender`: the publisher that sends our log to the hub, None if no
    daemon runs.
    """

    def __init__(self, publications: Publications, sender: Callable[[], Sender | None]) -> None:
        self._publications = publications
        self._sender = sender

    async def follow(self, records: Sequence[RecordId], *, wait: bool = True) -> Settled:
        """How far these have come, after waiting for the hub. Without `wait`, at once: a person wants the command to
        end.
        """
        return await self._publications.settle(records, self._sender(), WAIT_SECONDS if wait else 0.0)


def _standing(tx: LogReader, origin: Origin, records: Sequence[RecordId]) -> dict[RecordId, Publication]:
    log = tx.log(origin)
    cosigned = log.cosigned_size if log else 0
    # Waiting statements are found by an index; only for the others are the leaves of the log scanned.
    states = {each: Publication.QUEUED for each in records if tx.find_pending(each.leaf) is not None}
    placed = tx.find(origin, [each.leaf for each in records if each not in states])
    for record in records:
        if record.leaf in placed:
            published = placed[record.leaf] < cosigned
            states[record] = Publication.PUBLISHED if published else Publication.SIGNED
    return states
