"""What an officer asks to export: selectors that are given or not.

Rules this module upholds:

- A file of another program needs a selector. A bundle without one is of all records.
- The audit log has exactly the selectors that were given, not their defaults.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.domain.queries import Level
from node.errors import Misuse
from node.usecases.export_sources import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """The selectors of `export_sources.Selection`; None for one that was not given."""

    case: str | None = None
    series: str | None = None
    list: str | None = None
    level: Level | None = None
    since: int | None = None

    def some(self) -> Selection:
        """What is selected. Raises `Misuse` if nothing is."""
        if not self.named():
            raise Misuse("nothing is selected", remedy="give --case, --series, --list, --level or --since")
        return self.any()

    def any(self) -> Selection:
        """What is selected; without a selector, everything."""
        return Selection(
            case=self.case or "",
            series=self.series or "",
            list=self.list or "",
            level=Level.SHARED if self.level is None else self.level,
            since=self.since or 0,
        )

    def named(self) -> dict[str, object]:
        """The selectors that were given, for the audit log."""
        level = None if self.level is None else self.level.spelled
        given = {"case": self.case, "series": self.series, "list": self.list, "level": level, "since": self.since}
        return {name: value for name, value in given.items() if value is not None}
