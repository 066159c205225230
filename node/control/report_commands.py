"""The report of a case: made in pieces, and checked.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- The use case records a report in the audit log before its first piece is sent.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.domain.ids import HASH_SIZE
from node.errors import Misuse
from node.usecases.report_values import Choices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.case_reports import CaseReports


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCommands:
    """`reports`: of the cases of this node."""

    reports: CaseReports

    async def case_report(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "format", "rows", "paths"} -> lines {"data": base64}, then {"case", "format", "size", "sha256",
        "content_sha256", "audit_entry"}. "rows": most rows of a section, 0 for all; "paths": whether to show them.
        """
        given = Arguments(arguments)
        case, form = given.text("case"), given.text("format")
        choices = Choices(rows=given.whole("rows", Choices().rows), paths=given.flag("paths"))
        pieces = await asyncio.to_thread(self.reports.make, case, form, choices)
        try:
            while piece := await asyncio.to_thread(pieces.next):
                yield {"data": base64.b64encode(piece).decode("ascii")}
        finally:
            pieces.close()
        yield {
            "case": case,
            "format": form,
            "size": pieces.made.size,
            "sha256": pieces.made.digest.hex(),
            "content_sha256": pieces.made.content.hex(),
            "audit_entry": pieces.made.entry,
        }

    async def case_report_check(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"sha256": hex of the file} -> {"case", "format", "made_at", "officer", "audit_entry", "case_here",
        "changed"}. "changed": whether the case has other content now; null if it is not here any more.
        """
        checked = await asyncio.to_thread(self.reports.check, _digest(Arguments(arguments).text("sha256")))
        yield {
            "case": checked.case,
            "format": checked.form,
            "made_at": checked.at,
            "officer": checked.officer or None,
            "audit_entry": checked.entry,
            "case_here": checked.changed is not None,
            "changed": checked.changed,
        }


def _digest(text: str) -> bytes:
    """A SHA-256 from its hex. Raises `Misuse`."""
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != HASH_SIZE:
        raise Misuse("a SHA-256 is 64 hex digits")
    return digest
