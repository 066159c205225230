"""The audit log, as auditors and administrators read it.

Rules this module upholds:

- Digests of files and names of records are not shown: an auditor has no need of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.desk.asked import Page
from node.desk.route_table import BOTH, Route
from node.domain.rights import Work

if TYPE_CHECKING:
    from node.desk.asked import Asked
    from node.desk.ports import Line

LISTED: Final = 100
FACTS: Final = ("at", "officer", "what", "case", "outcome", "error", "why", "member", "named", "limit")
"""The facts of an entry that are shown."""


async def audit(asked: Asked) -> Page:
    """The newest entries, or those before an index, the newest first."""
    before = asked.number("before")
    start = {"after": max(0, before - LISTED)} if before else {}
    limit = min(LISTED, before) if before else LISTED
    entries = await asked.rows("read-audit", limit=limit, **start)
    first = entries[0]["index"] if entries else 0
    values = {
        "acts": [_shown(each) for each in reversed(entries)],
        "more": f"?before={first}" if first else "",
    }
    return Page("audit/audit.html", values)


def _shown(entry: Line) -> Line:
    return {name: entry.get(name) for name in FACTS} | {"index": entry["index"], "kind": entry["kind"]}


ROUTES: Final = (Route(method="GET", path="/audit", name="audit", handler=audit, work=Work.AUDIT, homes=BOTH),)
