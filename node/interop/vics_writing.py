"""Writes a list as VICS 2.0 JSON: media, one record a line.

Rules this module upholds:

- The same rows give the same bytes. The model stands first, the list next and last; all is ASCII without a mark.
- A record is written so that strict readers take it: an MD5, whole numbers as categories, tags as one text, no null, no
  empty hash, and something that is said of it. A row without an MD5 is left out and counted.
- A category is written as `Category` only in its own scheme. In another one it is a tag, `scheme:version:code`.
- A flag that is unknown is left out: it is never written as no.
- No case, name, path or comment is written: `Reference.said` is not read.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.references import ListHead, Reference
from node.domain.statements import MAX_TAGS, MAX_TEXT, Tri
from node.errors import Misuse
from node.interop.left_out import LeftOut
from node.interop.vics_fields import NOTHING_SAID
from node.interop.vics_model import VERSION, root_of, scheme_of

PROFILES: Final = ("Default", "US", "UK")
"""Regions whose model is written. IPED takes Default alone; MSAB and FTK ask for a region."""
NO_MD5: Final = "no MD5"
_CARRIED: Final = frozenset(
    {"md5", "sha1", "sha256", "pdq", "photodna", "code", "victim_identified", "offender_identified", "distributed"}
    | {"series", "tags", "media_type", "size"}
)
_SAYING: Final = frozenset({"Category", "Series", "Tags", "VictimIdentified", "OffenderIdentified", "IsDistributed"})
"""A strict reader drops a record that has none of them."""
_AT_ONCE: Final = 256
"""Records of one block of bytes."""
_MAX_CATEGORY: Final = 2**31
_ENCODE: Final = json.JSONEncoder(separators=(",", ":")).encode


def write_vics(rows: Iterable[Reference], left_out: LeftOut, head: ListHead, *, profile: str) -> Iterator[bytes]:
    """The bytes of the file, block by block. `head`: of the list, with the scheme of its categories; `profile`: one of
    `PROFILES`. Raises `Misuse` for another profile, and for a list that is not of child abuse material.
    """
    if profile not in PROFILES:
        raise Misuse("there is no such profile of VICS", remedy=f"choose one of {', '.join(PROFILES)}")
    if not head.is_abuse:
        raise Misuse(
            "a list that is not of child abuse material is not written as VICS", remedy="choose another format"
        )
    return _blocks(rows, left_out, head, profile)


def _blocks(rows: Iterable[Reference], left_out: LeftOut, head: ListHead, profile: str) -> Iterator[bytes]:
    yield f'{{"@odata.context":"{root_of(profile)}","value":['.encode()
    records = _records(rows, left_out, head, (scheme_of(profile), VERSION))
    between = "\n"
    while block := list(islice(records, _AT_ONCE)):
        yield (between + ",\n".join(map(_ENCODE, block))).encode()
        between = ",\n"
    yield b"\n]}\n"


def _records(
    rows: Iterable[Reference], left_out: LeftOut, head: ListHead, own: tuple[str, str]
) -> Iterator[dict[str, Any]]:
    is_own = (head.scheme, head.scheme_version) == own
    number = 0
    for row in rows:
        if not row.md5:
            left_out.row(NO_MD5)
            continue
        if row.id or row.baseline or row.audience or row.handling or row.pdq_quality != UNSTATED_QUALITY:
            left_out.fields(row, _CARRIED)
        number += 1
        record: dict[str, Any] = {"MediaID": number}
        code, tags = row.code, row.tags
        if code is not None and is_own and _is_whole(code):
            record["Category"] = int(code)
        elif code is not None:
            tags = _with_category(tags, head, code, left_out)
        record["MD5"] = row.md5.hex()
        _add_hashes(record, row)
        _add_texts(record, row, tags)
        if _SAYING.isdisjoint(record):
            record["Tags"] = NOTHING_SAID
        yield record


def _is_whole(code: str) -> bool:
    """Whether a code is a whole number as a number is written, so that it is read again as it was."""
    digits = code.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(_MAX_CATEGORY))):
        return False
    return str(int(code)) == code and abs(int(code)) < _MAX_CATEGORY


def _with_category(tags: str, head: ListHead, code: str, left_out: LeftOut) -> str:
    """The tags and the category of another scheme. If there is no room for it, it is left out and counted."""
    tag = f"{head.scheme}:{head.scheme_version}:{code}".replace("%", "%25").replace(",", "%2C")
    joined = f"{tags},{tag}" if tags else tag
    if not head.scheme or joined.count(",") >= MAX_TAGS or len(joined) > MAX_TEXT:
        left_out["code"] += 1
        return tags
    return joined


def _add_hashes(record: dict[str, Any], row: Reference) -> None:
    if row.sha1:
        record["SHA1"] = row.sha1.hex()
    if row.photodna:
        record["PhotoDNA"] = b64encode(row.photodna).decode()
    if row.sha256 or row.pdq:
        record["AlternativeHashes"] = [
            {"MD5": record["MD5"], "HashName": name, "HashValue": value.hex()}
            for name, value in (("SHA256", row.sha256), ("PDQ", row.pdq))
            if value
        ]


def _add_texts(record: dict[str, Any], row: Reference, tags: str) -> None:
    if row.size >= 0:
        record["MediaSize"] = row.size
    if row.media_type:
        record["MimeType"] = row.media_type
    if row.victim_identified:
        record["VictimIdentified"] = row.victim_identified is Tri.YES
    if row.offender_identified:
        record["OffenderIdentified"] = row.offender_identified is Tri.YES
    if row.distributed:
        record["IsDistributed"] = row.distributed is Tri.YES
    if row.series:
        record["Series"] = row.series
    if tags:
        record["Tags"] = tags
