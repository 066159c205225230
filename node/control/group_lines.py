"""Groups as lines.

Rules this module upholds:

- Those of `lines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.control.record_lines import published_line, settled_line
from node.domain.calendar import in_calendar, spell_day
from node.domain.groups import PRESENT, Standing
from node.usecases.group_sharing import ShareFate

if TYPE_CHECKING:
    from node.control.runner import Line
    from node.domain.ids import MemberId
    from node.usecases.followed_groups import GroupShareEnd
    from node.usecases.group_book import GroupView
    from node.usecases.group_sharing import Readdressed
    from node.usecases.grouping import GroupSaid
    from node.usecases.publication import Settled


def group_line(view: GroupView, own: MemberId) -> Line:
    """A group. Name and purpose are null if its founding statement is not here; "we": what we are in it."""
    standing = view.standing(own)
    return {
        "group": str(view.group),
        "newest": str(view.newest),
        "name": view.name or None,
        "purpose": view.purpose or None,
        "founder": view.founder,
        "state": view.state.value,
        "we": standing.value if standing else None,
        "until": spell_day(view.last_day) if view.last_day and in_calendar(view.last_day) else None,
        "present": sum(each in PRESENT for each in view.standings.values()),
        "invited": sum(each is Standing.INVITED for each in view.standings.values()),
        "waits": view.waits,
    }


def member_lines(view: GroupView) -> list[Line]:
    """The members of a group and what each is in it."""
    return [{"member": member, "standing": standing.value} for member, standing in view.standings.items()]


def said_line(said: GroupSaid, settled: Settled, state: str) -> Line:
    """What we said about a group. "members": whom it names, or who reads it."""
    line: Line = {"group": str(said.group), "record": str(said.record), "state": state, "members": list(said.members)}
    return line | published_line(said.record, settled)


def readdressed_line(each: Readdressed) -> Line:
    """The outcome for one record of a group."""
    return {
        "record": str(each.record),
        "correction": str(each.correction) if each.correction else None,
        "state": _FATES[each.fate],
        "error": str(each.error) if each.error else None,
    }


def share_end_line(end: GroupShareEnd) -> Line:
    """The end of `group share`."""
    line: Line = {
        "group": str(end.group),
        "members": list(end.members),
        "shared": end.fates.get(ShareFate.SHARED, 0),
        "kept": end.fates.get(ShareFate.KEPT, 0),
        "would_share": end.would,
        "plan": end.plan,
        "asks": end.asks,
    }
    if end.settled is None:
        return line
    return line | settled_line(end.settled) | {"interrupted": end.remaining > 0, "remaining": end.remaining}


_FATES = {
    ShareFate.PLANNED: "would be shared",
    ShareFate.SHARED: "shared",
    ShareFate.KEPT: "not shared",
}
