"""Who can lead a case or work on it.

Rules this module upholds:

- An officer of a case is registered on this node and not disabled, or is whoever runs the command.
- While nobody is registered, any name is accepted: the node has no register to compare it with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.caller import MAX_OFFICER
from node.domain.texts import checked_text
from node.errors import Misuse, Refused
from node.usecases.acting import caller

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.officers import OfficerReader


def check_officers(tx: OfficerReader, names: Sequence[str]) -> None:
    """Raises `Misuse` for a name that no officer can have, `Refused` for one that is not registered or is disabled."""
    for name in names:
        checked_text(name, MAX_OFFICER, "the name of an officer", Misuse)
    if not tx.count_officers():
        return
    for name in names:
        known = tx.officer(name)
        if known is None and name != caller().name:
            raise Refused(f"no officer {name} is registered here", remedy="`vigil node officers list` names them")
        if known is not None and known.disabled:
            raise Refused(f"the officer {name} is disabled", remedy="name another officer of this node")
