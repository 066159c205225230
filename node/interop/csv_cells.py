"""Lines of a CSV file that a spreadsheet may open.

Rules this module upholds:

- A cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, "CSV Injection"). Our reader
  takes it away again: `table_references.unsafe`.
- Line ends within a cell are LF, and there is no NUL.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

from node.domain.statements import Tri

_FORMULA: Final = re.compile(r"'*[=+\-@\t]")


def csv_line(cells: Iterable[str], delimiter: str) -> bytes:
    """A row in UTF-8, with its line end (CRLF: RFC 4180)."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow([_safe(cell) for cell in cells])
    return out.getvalue().encode("utf-8", "replace")


def _safe(cell: str) -> str:
    text = cell.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return f"'{text}" if _FORMULA.match(text) else text


def flag_cell(flag: Tri, yes: str, no: str) -> str:
    """A flag as a cell; empty if it is unknown."""
    return {Tri.YES: yes, Tri.NO: no}.get(flag, "")
