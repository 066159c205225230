"""StopNCII: pages of hash records (the JSON of its API for platforms).

Rules this module upholds:

- A record that is withdrawn or deleted takes its hash back. A status that is not known makes no row.
- The pictures are intimate ones of adults: no row is ever labelled as child abuse.
- What platforms say of a record (`CSPFeedbacks`) is an opinion: it stays in the words of the row.
- A hash is its own identity: the last record of a hash counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.fingerprint_kinds import MD5, PDQ, FingerprintKind
from node.domain.references import EndsEarly, Fault, Ignored, Item, ListHead, Withdrawal
from node.domain.statements import Tri
from node.interop.hash_values import flag
from node.interop.json_heads import json_head
from node.interop.json_pages import Page, Record
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.reading import Choices, Format
from node.interop.row_hashes import RowHashes, known_name, moment_of, told_name

NAME: Final = "stopncii"
UNKNOWN_STATUS: Final = "unknown status"
RECORDS: Final = "hashRecords"
_SIGNALS: Final[dict[str, tuple[FingerprintKind, str]]] = {
    "ImagePDQ": (PDQ, "image"),
    "ImageMD5": (MD5, "image"),
    "VideoMD5": (MD5, "video"),
}
"""Signal -> (kind of its hash, media type)."""
_OTHER_SIGNALS: Final = frozenset({"VideoTMK", "VideoPDQ"})
_STANDING: Final = frozenset({"Active", "Received"})
_TAKEN_BACK: Final = frozenset({"Withdrawn", "Deleted"})


def recognise(head: bytes) -> bool:
    """Whether a file begins as one of its pages."""
    return json_head(head).has(1, RECORDS)


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:  # noqa: ARG001 (nothing is left open)
    """The rows of a page. Raises `Broken`, `Unwelcome`."""
    page = Page(chunks, RECORDS, ("count", "hasMoreRecords"))
    notices = Notices()
    yield ListHead(format=NAME, is_abuse=False)
    for record in page.records():
        if isinstance(record, EndsEarly):
            yield record
            return
        yield from [record] if isinstance(record, Fault) else _row(record, notices)
    if page.fields.get("count", page.count) not in (None, page.count, str(page.count)):
        yield from notices.tell("bad-total")
    if flag(page.fields.get("hasMoreRecords"))[0] is Tri.YES:
        yield from notices.tell("more-pages")


def _row(record: Record, notices: Notices) -> Iterator[Item]:
    at, fields, said = record
    signal = told_name(fields.get("signalType"), "record without a type")
    known = _SIGNALS.get(signal)
    if known is None:
        if signal in _OTHER_SIGNALS:
            yield from notices.tell(NOT_SEARCHED, at)
        yield Ignored(signal)
        return
    status = known_name(fields.get("hashStatus"), "")
    hashes = RowHashes()
    hashes.add(known[0], fields.get("hashValue"))
    if status not in _STANDING | _TAKEN_BACK:
        yield Fault(at, UNKNOWN_STATUS)
    elif fault := hashes.fault:
        yield Fault(at, fault)
    elif status in _TAKEN_BACK:
        yield Withdrawal(at, reference=hashes.reference(at), changed=moment_of(fields.get("lastModtimestamp")))
    else:
        changed = moment_of(fields.get("lastModtimestamp"))
        yield hashes.reference(at, media_type=known[1], said=said, changed=changed)


FORMAT: Final = Format(name=NAME, title="StopNCII hash records", recognise=recognise, read=read)
