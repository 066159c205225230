"""The entries of the desk's navigation: which pages there are, and for whom.

Rules this module upholds:

- An entry is shown to those who may use its route, and to nobody else. The route decides again.
- The text is a message for the catalogue (`N_`): the template translates it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.desk.marking import N_
from node.desk.route_table import BOTH, NODE
from node.domain.rights import Work

if TYPE_CHECKING:
    from node.desk.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. `route`: its name; `label`: its text; `work`: who sees it; `homes`: the desks that have it."""

    route: str
    label: str
    work: Work
    homes: frozenset[str] = frozenset({NODE})


ENTRIES: Final = (
    Entry(route="board", label=N_("Desk"), work=Work.INVESTIGATION),
    Entry(route="cases", label=N_("Cases"), work=Work.INVESTIGATION),
    Entry(route="sheets", label=N_("Sheets"), work=Work.INVESTIGATION),
    Entry(route="hits", label=N_("Hits"), work=Work.INVESTIGATION),
    Entry(route="ask", label=N_("Ask abroad"), work=Work.INVESTIGATION),
    Entry(route="records", label=N_("Records"), work=Work.INVESTIGATION),
    Entry(route="links", label=N_("Links"), work=Work.INVESTIGATION),
    Entry(route="consultations", label=N_("Consultations"), work=Work.INVESTIGATION),
    Entry(route="watches", label=N_("Watches"), work=Work.INVESTIGATION),
    Entry(route="state", label=N_("State"), work=Work.OVERVIEW, homes=BOTH),
    Entry(route="officers", label=N_("People"), work=Work.ADMINISTRATION, homes=BOTH),
    Entry(route="audit", label=N_("Audit log"), work=Work.AUDIT, homes=BOTH),
)


def entries_for(who: Person) -> tuple[Entry, ...]:
    """The entries that this person sees, in their order."""
    return tuple(each for each in ENTRIES if who.place.role in each.homes and who.may(each.work))


def first_route(who: Person) -> str:
    """The name of the page that opens after the sign-in."""
    found = entries_for(who)
    return found[0].route if found else "me"
