"""Writes a list as CSV: every field that a reference has, a column each. Our own reader needs no mapping for it.

Rules this module upholds:

- The same rows give the same bytes.
- The scheme of the categories stands in the name of their column: a code without its scheme means nothing.
- What rows said in other words (`said`) is not written: it may hold names and paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.references import Reference
from node.interop.column_roles import UNSTATED
from node.interop.csv_cells import csv_line, flag_cell
from node.interop.left_out import LeftOut

_COLUMNS: Final = ("md5", "sha1", "sha256", "pdq", "pdq-quality", "photodna", "category", "series", "tags", "victim")
_MORE: Final = ("offender", "distributed", "baseline", "media-type", "size", "id")
_CARRIED: Final = frozenset(Reference._fields) - {"audience", "handling"}


def write_csv(
    rows: Iterable[Reference], left_out: LeftOut, *, scheme: str = "", scheme_version: str = "", delimiter: str = ","
) -> Iterator[bytes]:
    """The bytes of the file, line by line. `scheme` and `scheme_version`: of the categories, "" for none."""
    named = f"category ({scheme} {scheme_version or UNSTATED})" if scheme else "category"
    yield csv_line([named if name == "category" else name for name in (*_COLUMNS, *_MORE)], delimiter)
    for row in rows:
        left_out.fields(row, _CARRIED)
        yield csv_line(_cells(row), delimiter)


def _cells(row: Reference) -> list[str]:
    return [
        row.md5.hex(),
        row.sha1.hex(),
        row.sha256.hex(),
        row.pdq.hex(),
        "" if row.pdq_quality == UNSTATED_QUALITY else str(row.pdq_quality),
        row.photodna.hex(),
        row.code or "",
        row.series,
        row.tags,
        flag_cell(row.victim_identified, "yes", "no"),
        flag_cell(row.offender_identified, "yes", "no"),
        flag_cell(row.distributed, "yes", "no"),
        flag_cell(row.baseline, "yes", "no"),
        row.media_type,
        str(row.size) if row.size >= 0 else "",
        row.id,
    ]
