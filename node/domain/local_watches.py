"""Local watches: standing searches of this node's own officers. They never leave the node.

Rules this module upholds:

- What a watch looks for is restricted victim data: the store keeps it in the vault, and deletes it with the watch.
- A record that was found once is remembered by its first version. So nothing is found twice.
- The ports here are part of a node's database (`node.domain.stores`), and its rules apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.ids import RecordId

MOST_LOCAL: Final = 1_000
"""Local watches of a node, together."""
MOST_FINDS: Final = 1_000
"""Records that one watch remembers. A watch that has found so many is too broad, and finds no more."""
_NAME: Final = re.compile(r"local-([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWatch:
    """`id`: small and local, 0 before it is stored. `case` "" for none; `officer` "" if nobody named. `subjects`,
    `fingerprints`: how many it looks for. `until_day`: its last day (days since 1970); `at`: Unix seconds. `found`: how
    many records it remembers.
    """

    id: int = 0
    case: str = ""
    officer: str = ""
    subjects: int
    fingerprints: int
    until_day: int
    at: int
    found: int = 0

    @property
    def name(self) -> str:
        """The name by which commands and alerts call it."""
        return f"local-{self.id}"

    @property
    def is_full(self) -> bool:
        """Whether it finds no more."""
        return self.found >= MOST_FINDS


def local_number(name: str) -> int | None:
    """The number in the name of a local watch; None for another name."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


class LocalWatchReader(Protocol):
    """Reads local watches."""

    def local_watches(self) -> list[LocalWatch]:
        """All of them, in the order of their numbers."""
        ...

    def local_watch(self, number: int) -> LocalWatch | None: ...

    def local_payloads(self, numbers: Collection[int]) -> Mapping[int, bytes]:
        """What each of these watches looks for, as it was stored. Unknown numbers are left out."""
        ...

    def local_finds(self, number: int) -> set[RecordId]:
        """The records that a watch remembers."""
        ...


class LocalWatchWriter(LocalWatchReader, Protocol):
    """Writes local watches."""

    def add_local_watch(self, watch: LocalWatch, payload: bytes) -> LocalWatch:
        """Stores a new watch with what it looks for; returns it with its number. A number is used once."""
        ...

    def add_local_finds(self, number: int, records: Sequence[RecordId]) -> list[RecordId]:
        """Remembers these, up to `MOST_FINDS`; returns those that are new, in order. Nothing for an unknown watch."""
        ...

    def delete_local_watch(self, number: int) -> bool:
        """Deletes a watch with all that it remembers; False if there is none. The caller scrubs."""
        ...
