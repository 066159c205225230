"""Watches that this node keeps for other members, and what has to be matched against them.

Rules this module upholds:

- A kept watch is a projection of the statements here: it has no fingerprint, and names the version that it was kept
  from. Its content is read from that statement.
- What the asker was told is part of it, and is written together with the reply that tells it.
- A holding waits to be matched from the transaction on in which other members may learn of it. Where no watch is kept,
  nothing waits.
- The ports here are part of a node's database (`node.domain.stores`), and its rules apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.ids import MemberId, Origin, RecordId


class WatchStanding(IntEnum):
    """What this node does about a watch. `WAITING`: an officer decides whether it is kept."""

    WAITING = 1
    KEPT = 2
    REFUSED = 3
    ENDED = 4


LIVE = frozenset({WatchStanding.WAITING, WatchStanding.KEPT})
"""The watches that count against the limits of their asker."""


class Told(IntEnum):
    """Whether the asker was told that a holding at hit/no-hit level matches. `WAITING`: an officer decides that;
    `WITHHELD`: an officer decided against it.
    """

    NOTHING = 0
    HIT = 1
    WAITING = 2
    WITHHELD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWatch:
    """`id`: small and local, 0 before it is stored. `root`: its first version; `head`: (log, index) of the version that
    this is about. `cost`: its fingerprints; `until_day`: its last day (days since 1970). `at`, `decided_at`: Unix
    seconds, 0 for none. `why`: why an officer decides, or why it was refused.

    `told`: about holdings at hit/no-hit level, all of which are one hit, found by `algorithm`; `records`: how many
    shared records its asker was told of.
    """

    id: int = 0
    root: RecordId
    head: tuple[Origin, int]
    standing: WatchStanding
    cost: int
    until_day: int
    at: int
    why: str = ""
    told: Told = Told.NOTHING
    algorithm: str = ""
    records: int = 0
    decided_at: int = 0

    @property
    def asker(self) -> MemberId:
        """The member that asks."""
        return self.root.origin.member


@dataclass(frozen=True, slots=True)
class WatchLoad:
    """How much is kept: `watches`, and the `fingerprints` in them."""

    watches: int = 0
    fingerprints: int = 0


class WatchReader(Protocol):
    """Reads kept watches."""

    def kept_watch(self, number: int) -> KeptWatch | None: ...

    def kept_watch_of(self, root: RecordId) -> KeptWatch | None:
        """The one that begins with this version."""
        ...

    def kept_watches(
        self, standings: Collection[WatchStanding], *, after: int = 0, limit: int = 1_000
    ) -> list[KeptWatch]:
        """At most `limit` with these standings and numbers above `after`, in the order of their numbers."""
        ...

    def watches_for_officers(self, limit: int, *, decided: bool = False) -> list[KeptWatch]:
        """Watches about which an officer has to decide, or, with `decided`, has decided too; the newest first."""
        ...

    def watch_loads(self) -> Mapping[MemberId, WatchLoad]:
        """What is `LIVE`, by asker."""
        ...

    def watched_rows(self, limit: int) -> list[tuple[int, int]]:
        """(Source, row) that wait to be matched, at most `limit`. A holding is its source and id. For a list, the rows
        with ids above `row` wait.
        """
        ...

    def told_records(self, number: int, leaves: Collection[bytes]) -> set[bytes]:
        """Those of these leaf hashes of own records of which the asker of the watch was told."""
        ...


class WatchWriter(WatchReader, Protocol):
    """Writes them. `HoldingWriter.put_holding` and `set_level`, and `ListWriter.put_rows` and `set_list`, note what
    waits.
    """

    def put_watch(self, watch: KeptWatch) -> KeptWatch:
        """Stores it, under its number or a new one; returns it with that number."""
        ...

    def put_told_records(self, number: int, leaves: Collection[bytes]) -> None:
        """The asker of the watch is told of these own records in this transaction."""
        ...

    def end_watched_rows(self, rows: Sequence[tuple[int, int]]) -> None:
        """These (source, row) were matched."""
        ...

    def advance_watched_list(self, source: int, row: int, to: int) -> None:
        """The rows of a list with ids above `row`, up to `to`, were matched."""
        ...

    def forget_ended_watches(self, before: int) -> int:
        """Deletes watches that ended or were refused before this Unix second; returns how many."""
        ...
