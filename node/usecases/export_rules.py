"""What may leave this node in an exported file, and why something may not.

Rules this module upholds:

- Each rule returns the reason for leaving something out, "" if it may leave. A reason is one of a small set of words.
  No value of a row is in it.
- A level below the one that the officer states stays here. The default is `SHARED`, so nothing national leaves without
  the officer's explicit wish.
- A file has no audience: anyone may read it later. So a record leaves only if its handling admits everyone. Only a
  bundle may be for one member; then a record leaves if its handling admits that member.
- A handling that is not understood withholds the record (promise 8).
- No wish sets a handling aside. Whoever has the source's consent changes the list or corrects the record first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.handling import FREE_CODE
from node.domain.queries import Level
from node.domain.statements import Contribution

if TYPE_CHECKING:
    from node.domain.handling import Handling
    from node.domain.ids import MemberId
    from node.domain.lists import ReferenceList
    from node.domain.references import Reference
    from node.usecases.catalogue import RecordView

BELOW: Final = {Level.NATIONAL: "level national", Level.HIT_NO_HIT: "level hit-no-hit"}
CODE: Final = "handling code 2 or 3"
AUDIENCE: Final = "restricted audience"
TLP: Final = "handling tlp:red or tlp:amber+strict"
EXPIRED: Final = "retention is over"
NOT_UNDERSTOOD: Final = "handling not understood"
ALLOWED: Final = "on the allow-list"
RETRACTED: Final = "record retracted"
NOT_READABLE: Final = "record not readable here"
OWN_ORGANISATION: Final = ("organisation only", "sharing group")
"""How the audience of a row begins if only some organisations may have it (`interop.misp_audience`)."""
STRICT_TLP: Final = frozenset({"tlp:red", "tlp:amber+strict"})


def level_reason(level: Level, lowest: Level) -> str:
    """Why something of this level stays here. `lowest`: the lowest level that the officer exports."""
    return "" if level >= lowest else BELOW[level]


def record_reason(view: RecordView | None, today: int) -> str:
    """Why this version of a record stays here. `view` None: it is not in a log. `today`: days since 1970."""
    if view is None:
        return NOT_READABLE
    if view.state is not BodyState.HELD or not isinstance(view.body, Contribution) or view.fault:
        return NOT_READABLE
    return handling_reason(view.handling, view.record.origin.member, None, today)


def handling_reason(handling: Handling | None, owner: MemberId, reader: MemberId | None, today: int) -> str:
    """Why a body of `owner` with this handling stays here. `reader`: the member that a file is for, None if anyone may
    read it. To a member, the same may leave as the hub sends it: a code is for this member to observe.
    """
    if handling is None or not handling.understood:
        return NOT_UNDERSTOOD
    if reader is not None and not handling.admits(reader, owner):
        return AUDIENCE
    if reader is None and handling.audience is not None:
        return AUDIENCE
    if reader is None and not handling.admits_anyone:
        return CODE
    return EXPIRED if 0 < handling.retain_until_day < today else ""


def list_reason(of: ReferenceList, lowest: Level, today: int) -> str:
    """Why every row of a list stays here."""
    if of.code != FREE_CODE:
        return CODE
    if 0 < of.retain_until_day < today:
        return EXPIRED
    return level_reason(of.level, lowest)


def row_reason(row: Reference) -> str:
    """Why this row of a list stays here, although its list may leave."""
    if row.audience.startswith(OWN_ORGANISATION):
        return AUDIENCE
    return "" if STRICT_TLP.isdisjoint(row.handling.split()) else TLP
