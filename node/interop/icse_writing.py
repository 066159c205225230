"""Writes a list as ICSE CSV: the twelve columns that suffice, in the order of the real file.

Rules this module upholds:

- The same rows give the same bytes. MD5 and SHA-1 are lower hex, PhotoDNA is upper hex, as the real file has them.
- A row without one of these three cannot be carried. It is left out and counted, and so are fields without a column.
- A flag that is unknown is left empty: it is never written as no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.references import Reference
from node.interop.csv_cells import csv_line, flag_cell
from node.interop.icse import COLUMNS, DELIMITER
from node.interop.left_out import LeftOut

NO_HASH_OF_ICSE: Final = "no MD5, SHA-1 or PhotoDNA"
_CARRIED: Final = frozenset(
    {"md5", "sha1", "photodna", "id", "series", "media_type", "baseline"}
    | {"victim_identified", "offender_identified", "distributed"}
)
_MEDIA: Final = {"image": "Image", "video": "Video"}


def write_icse(rows: Iterable[Reference], left_out: LeftOut) -> Iterator[bytes]:
    """The bytes of the file, line by line."""
    yield csv_line(COLUMNS, DELIMITER)
    for row in rows:
        if not (row.md5 or row.sha1 or row.photodna):
            left_out.row(NO_HASH_OF_ICSE)
            continue
        left_out.fields(row, _CARRIED)
        yield csv_line(_cells(row), DELIMITER)


def _cells(row: Reference) -> list[str]:
    return [
        row.md5.hex(),
        row.sha1.hex(),
        row.photodna.hex().upper(),
        row.id,
        flag_cell(row.distributed, "Y", "N"),
        flag_cell(row.victim_identified, "Y", "N"),
        flag_cell(row.offender_identified, "Y", "N"),
        row.series,
        "",
        "",
        # A MIME type is more than the column says.
        _MEDIA.get(row.media_type.partition("/")[0], ""),
        flag_cell(row.baseline, "Yes", "No"),
    ]
