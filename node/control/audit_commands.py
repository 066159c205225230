"""The command that reads the audit log. The command is the same for a node and for a hub.

Rules this module upholds:

- Commands hold no decisions: `usecases.audit_reading` decides what an entry shows, and records who reads.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from node.control.arguments import Arguments
from node.usecases.audit_reading import SHOWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.audit_reading import AuditReading, ShownEntry

_PREFIX: Final = "audit_"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCommands:
    """`reading`: of the audit log of this node or hub."""

    reading: AuditReading

    async def read_audit(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"after", "limit"} -> one line per entry, oldest first; without "after", the newest `limit` entries.

        The "outcome" of an administrative act is done, refused, failed, running, or unknown if the process ended before
        it recorded the outcome. Refused and failed acts have "error" and usually "why".
        """
        given = Arguments(arguments)
        after = given.whole("after") if given.has("after") else None
        pages = self.reading.pages(after, given.whole("limit", SHOWN))
        page: Any
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            for entry in page:
                yield entry_line(entry)


def entry_line(entry: ShownEntry) -> Line:
    """One entry of the audit log. "fingerprints" is there only if its body has some."""
    kind = entry.kind.name.lower().removeprefix(_PREFIX).replace("_", "-")
    line: Line = {"index": entry.index, "kind": kind, "state": entry.state.name.lower(), **entry.fields}
    return line | ({"fingerprints": entry.fingerprints} if entry.fingerprints else {})
