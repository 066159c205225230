"""The pages of the desk: one module for each subject, with its routes.

Rules this module upholds:

- A handler reads what was asked, calls commands of the daemon, and hands their lines to a template. It decides nothing.
- `ROUTES` of a module is all that it shows. `routes` is the one list of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.desk import live
from node.desk.pages import (
    asking,
    assets,
    audit,
    board,
    cases,
    consultations,
    drafts,
    hits,
    holdings,
    links,
    me,
    media,
    officers,
    records,
    sharing,
    sheets,
    signing_in,
    state,
    watches,
)

if TYPE_CHECKING:
    from node.desk.route_table import Route


MODULES = (
    asking,
    assets,
    audit,
    board,
    cases,
    consultations,
    drafts,
    hits,
    holdings,
    links,
    live,
    me,
    media,
    officers,
    records,
    sharing,
    sheets,
    signing_in,
    state,
    watches,
)


def routes() -> tuple[Route, ...]:
    """All routes of all desks."""
    return tuple(route for module in MODULES for route in module.ROUTES)
