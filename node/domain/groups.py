"""Groups: named audiences for a joint operation, such as a Victim Identification Taskforce.

Rules this module upholds:

- Name and purpose are in a body that only the invited members read.
- A group decides nothing about who may read a record: an audience is a literal list of members, fixed when signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.domain.ids import RecordId


class GroupStep(IntEnum):
    """What a member states about a group."""

    FOUND = 1
    ACCEPT = 2
    DECLINE = 3
    LEAVE = 4
    CLOSE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`group`: the statement that founded it, in any version; None in that statement, which alone has a name."""

    step: GroupStep
    group: RecordId | None = None
    name: str = ""
    purpose: str = ""
