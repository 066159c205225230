"""The fields of MISP's attributes and objects that each of them has. By the rules of `node.interop.misp`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from node.domain.references import Ignored, Item
from node.domain.statements import Tri
from node.interop.hash_values import flag, size
from node.interop.misp_types import hash_text, kind_of
from node.interop.row_hashes import MAX_TEXT, RowHashes, listed, plain_text, told_name

PROPOSAL: Final = "ShadowAttribute"


def hashes_of(attributes: list[dict[str, Any]]) -> RowHashes:
    """The hashes that these attributes state."""
    hashes = RowHashes()
    for each in attributes:
        if kind := kind_of(type_of(each)):
            hashes.add(kind, hash_text(type_of(each), each.get("value")))
    return hashes


def details_of(hashes: RowHashes, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """The size and the media type, which are attributes beside the hashes."""
    details: dict[str, Any] = {}
    for each in attributes:
        if is_deleted(each) is Tri.YES:
            continue
        if type_of(each) == "size-in-bytes":
            details["size"], is_bad = size(each.get("value"))
            if is_bad:
                hashes.warn("bad-size")
        elif type_of(each) == "mime-type":
            details["media_type"] = plain_text(each.get("value"))[:MAX_TEXT]
    return details


def without_attachments(part: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """(The part without attachments, whether it had one)."""
    kept = {name: value for name, value in part.items() if name != "data"}
    found = bool(part.get("data"))
    for inner in ("Attribute", PROPOSAL):
        if isinstance(part.get(inner), list | dict):
            pairs = [
                without_attachments(each) if isinstance(each, dict) else (each, False) for each in listed(part[inner])
            ]
            kept[inner] = [each for each, _ in pairs]
            found = found or any(had for _, had in pairs)
    return kept, found


def type_of(attribute: Mapping[str, Any]) -> str:
    """The type of an attribute."""
    return told_name(attribute.get("type"), "attribute without a type")


def is_deleted(part: Mapping[str, Any]) -> Tri:
    """Whether it is deleted: `true`, `1` and `"1"` say so. Absent: it is not. Unknown: not understood."""
    value = part.get("deleted")
    if value in (None, "", "0", "1"):
        return Tri.YES if value == "1" else Tri.NO
    return flag(value)[0]


def is_for_detection(attribute: Mapping[str, Any]) -> bool:
    """Absent: MISP marks hashes for detection by itself."""
    value = attribute.get("to_ids")
    return value != "0" and flag(value)[0] is not Tri.NO


def proposals(part: Mapping[str, Any]) -> Iterator[Item]:
    """What others propose for a part: counted, and not taken."""
    for _ in listed(part.get(PROPOSAL)):
        yield Ignored(PROPOSAL)
