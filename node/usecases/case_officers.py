"""Who can lead a case or work on it.

Rules this module upholds:

- This is the only place that decides which names a case accepts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.caller import MAX_OFFICER
from node.domain.texts import checked_text
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.stores import NodeStoreReader


def check_officers(_tx: NodeStoreReader, names: Sequence[str]) -> None:
    """Raises `Misuse` for a name that no officer can have."""
    for name in names:
        checked_text(name, MAX_OFFICER, "the name of an officer", Misuse)
