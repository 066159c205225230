"""Writes a list as one page of StopNCII hash records, withdrawals too.

Rules this module upholds:

- Only a list that is not of child abuse is written so: whoever reads such a page takes its pictures for adults'.
- The same rows give the same bytes. No clock is read.
- A record has one hash: the PDQ of a picture, or the MD5 of a video. Other rows are left out and counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.references import ListHead, Reference, Withdrawal
from node.errors import Misuse
from node.interop.left_out import LeftOut

NO_SIGNAL: Final = "neither a PDQ nor the MD5 of a video"


def write_stopncii(
    rows: Iterable[Reference | Withdrawal], left_out: LeftOut, head: ListHead, *, timestamp: int
) -> Iterator[bytes]:
    """The bytes of the page, record by record. `head`: of the list; `timestamp`: Unix seconds of this export. Raises
    `Misuse` for a list of child abuse material.
    """
    if head.is_abuse:
        raise Misuse(
            "a list of child abuse material is not written as StopNCII, which is for pictures of adults",
            remedy="choose another format",
        )
    yield b'{"hashRecords":[\n'
    count, between = 0, b""
    for row in rows:
        said = row if isinstance(row, Reference) else row.reference
        signal, value = _signal(said) if said is not None else ("", b"")
        if said is None or not signal:
            left_out.row(NO_SIGNAL)
            continue
        left_out.fields(said, frozenset({"pdq" if signal == "ImagePDQ" else "md5", "media_type", "pdq_quality"}))
        record = {
            "lastModtimestamp": timestamp,
            "signalType": signal,
            "hashValue": value.hex(),
            "hashStatus": "Active" if isinstance(row, Reference) else "Withdrawn",
            "caseNumbers": {},
        }
        yield between + json.dumps(record, separators=(",", ":")).encode()
        count, between = count + 1, b",\n"
    yield f'\n],"count":{count},"nextSetTimestamp":{timestamp},"nextPageToken":null,"hasMoreRecords":false}}\n'.encode()


def _signal(row: Reference) -> tuple[str, bytes]:
    if row.pdq:
        return "ImagePDQ", row.pdq
    return ("VideoMD5", row.md5) if row.md5 and row.media_type.startswith("video") else ("", b"")
