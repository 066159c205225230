"""ThreatExchange: pages of `threat_updates` (the JSON of Meta's API).

Rules this module upholds:

- A record that says `should_delete`, or that nobody describes any more, takes itself back by its id.
- A record is listed if one of its descriptors does not call it harmless (NON_MALICIOUS). Those that do are disputes.
- Owners of descriptors stay in the words of the row.
- A PDQ has no quality here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.domain.references import EndsEarly, Fault, Ignored, Item, ListHead, Withdrawal
from node.domain.statements import Tri
from node.interop.hash_values import flag
from node.interop.json_heads import json_head
from node.interop.json_pages import Page, Record
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.reading import Choices, Format
from node.interop.row_hashes import MAX_TEXT, RowHashes, identity_of, known_name, moment_of, plain_text, told_name
from node.interop.stopncii import UNKNOWN_STATUS

NAME: Final = "threatexchange"
RECORDS: Final = "data"
_TYPES: Final[dict[str, tuple[FingerprintKind, str]]] = {
    "HASH_MD5": (MD5, ""),
    "HASH_SHA1": (SHA1, ""),
    "HASH_SHA256": (SHA256, ""),
    "HASH_PDQ": (PDQ, ""),
    "HASH_PHOTODNA": (PHOTODNA, ""),
    "HASH_VIDEO_MD5": (MD5, "video"),
}
"""Type of indicator -> (kind of its hash, media type)."""
_OTHER_HASHES: Final = "HASH_"
_HARMLESS: Final = "NON_MALICIOUS"
_LISTED: Final = frozenset({"MALICIOUS", "SUSPICIOUS", "UNKNOWN"})
_DECIMAL: Final = re.compile(r" ?[0-9]{1,3} ?")
_OCTET: Final = range(256)


def recognise(head: bytes) -> bool:
    """Whether a file begins as one of its pages."""
    shape = json_head(head)
    return shape.has(1, RECORDS) and (shape.has(3, "should_delete", "descriptors") or shape.has(3, "indicator"))


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:  # noqa: ARG001 (nothing is left open)
    """The rows of a page. Raises `Broken`, `Unwelcome`."""
    page = Page(chunks, RECORDS, ("paging",))
    notices = Notices()
    yield ListHead(format=NAME)
    for record in page.records():
        if isinstance(record, EndsEarly):
            yield record
            return
        yield from [record] if isinstance(record, Fault) else _row(record, notices)
    paging = page.fields.get("paging")
    if isinstance(paging, dict) and paging.get("next"):
        yield from notices.tell("more-pages")


def _row(record: Record, notices: Notices) -> Iterator[Item]:
    fields = record.fields
    identity = identity_of(fields.get("id"))
    at = record.at._replace(name=identity)
    spelt = told_name(fields.get("type"), "record without a type")
    kind, media_type = _TYPES.get(spelt, (None, ""))
    hashes = RowHashes()
    if kind is not None:
        hashes.add(kind, _as_hex(fields.get("indicator")) if kind is PHOTODNA else fields.get("indicator"))
    descriptors = _descriptors(fields)
    gone, is_bad = flag(fields.get("should_delete"))
    if is_bad:
        yield Fault(at, "whether it is deleted is not understood")
    elif gone is Tri.YES or not descriptors:
        changed = moment_of(fields.get("last_updated"))
        yield Withdrawal(at, identity, None if hashes.fault else hashes.reference(at), changed)
    elif kind is None:
        if spelt.startswith(_OTHER_HASHES):
            yield from notices.tell(NOT_SEARCHED, at)
        yield Ignored(spelt)
    else:
        yield from _described(record._replace(at=at), hashes, descriptors, media_type, notices)


def _described(
    record: Record, hashes: RowHashes, descriptors: list[dict[str, Any]], media_type: str, notices: Notices
) -> Iterator[Item]:
    at = record.at
    statuses = [known_name(each.get("status"), "") if "status" in each else "UNKNOWN" for each in descriptors]
    harmless = statuses.count(_HARMLESS)
    if harmless == len(statuses):
        yield Ignored(f"status {_HARMLESS}")
        return
    if not _LISTED.intersection(statuses):
        yield Fault(at, UNKNOWN_STATUS)
        return
    tags = ", ".join(dict.fromkeys(tag for each in descriptors for tag in _tags(each)))
    if len(tags) > MAX_TEXT:
        hashes.warn("text-too-long")
        tags = ""
    if fault := hashes.fault:
        yield Fault(at, fault)
        return
    row = hashes.reference(
        at,
        id=at.name,
        media_type=media_type,
        tags=tags,
        disputes=harmless,
        said=record.said,
        changed=moment_of(record.fields.get("last_updated")),
    )
    yield from notices.of_row(row)
    yield row


def _descriptors(fields: dict[str, Any]) -> list[dict[str, Any]]:
    inner = fields.get("descriptors")
    found = inner.get("data") if isinstance(inner, dict) else inner
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _tags(descriptor: dict[str, Any]) -> list[str]:
    tags = descriptor.get("tags")
    if isinstance(tags, dict):
        # An older version of the API: {"data": [{"text": ...}]}.
        tags = [each.get("text") for each in tags.get("data") or [] if isinstance(each, dict)]
    return [text for tag in tags if (text := plain_text(tag).strip())] if isinstance(tags, list) else []


def _as_hex(value: object) -> object:
    """PhotoDNA as hex digits where it is written as 144 decimal numbers; any other text as it is."""
    if not isinstance(value, str) or "," not in value:
        return value
    numbers = value.split(",")
    if len(numbers) != PHOTODNA.size or not all(map(_DECIMAL.fullmatch, numbers)):
        return None
    octets = [int(part) for part in numbers]
    return bytes(octets).hex() if max(octets) in _OCTET else None


FORMAT: Final = Format(name=NAME, title="ThreatExchange threat updates", recognise=recognise, read=read)
