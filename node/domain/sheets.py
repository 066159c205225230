"""Sheets: the holdings that an officer chose to look at, in pages of a fixed size. Values, and the port of the store.

Rules this module upholds:

- A choice is made once: what is on a sheet does not move while officers decide. A new choice sees what changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.reviews import ReviewState

TILES: Final = 60
"""Holdings of one sheet: ten columns and six rows."""


class MediaKind(StrEnum):
    """What a holding is, as far as a sheet sorts it."""

    PICTURE = "picture"
    VIDEO = "video"
    OTHER = "other"


def media_kind(media_type: str) -> MediaKind:
    """The kind of a media type (RFC 6838)."""
    head = media_type.partition("/")[0]
    return {"image": MediaKind.PICTURE, "video": MediaKind.VIDEO}.get(head, MediaKind.OTHER)


class Decided(StrEnum):
    """Whether officers gave a holding a category."""

    UNDECIDED = "undecided"
    DECIDED = "decided"


class Hits(StrEnum):
    """Which hits a holding has on records."""

    NONE = "none"
    ANY = "any"
    NEW = "new"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which holdings. "" and None choose all. `category`: SCHEME:VERSION:CODE; `member`: with hits on this member's
    records.
    """

    case: str = ""
    kind: MediaKind | None = None
    decided: Decided | None = None
    category: str = ""
    hits: Hits | None = None
    member: str = ""


class SheetReader(Protocol):
    """Reads what sheets show."""

    def chosen(self, choice: Choice) -> list[int]:
        """The holdings of this choice, by id. One query, whatever their number."""
        ...

    def hit_states(self, holdings: Sequence[int]) -> Mapping[int, Mapping[ReviewState, int]]:
        """How many present hits on records each of these holdings has, by the state of their review."""
        ...

    def undecided(self, holdings: Sequence[int]) -> set[int]:
        """Those of these holdings that exist, and that no officer gave a category."""
        ...
