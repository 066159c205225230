"""STIX bundles: files, and the patterns of indicators (STIX 2.1; of 2.0 the same, and files in observed data).

Rules this module upholds:

- A file object is a row, and each alternative of an indicator's pattern is one: the first has the identity of the
  indicator, and the next have a number behind it (`indicator--...#2`). A later version with fewer of them takes the
  others back.
- Of several versions of one object the one that was modified last counts. A revoked one is a withdrawal; one whose time
  is over is not taken.
- Names of hashes are taken in any spelling, and told. A hash of another kind is kept in the words of the row.
- Objects of other types are counted, also where they have hashes: what they mean is not known.
- The whole bundle is read at once, at most `json_documents.MAX_DOCUMENT` bytes: markings and later versions may stand
  anywhere in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from node.domain.references import NOT_AN_OBJECT, TOO_DEEP, At, EndsEarly, Fault, Ignored, Item, ListHead
from node.domain.statements import Tri
from node.interop.hash_values import flag
from node.interop.json_documents import document
from node.interop.json_heads import json_head
from node.interop.notices import Notices
from node.interop.reading import Choices, Format, Unwelcome
from node.interop.row_hashes import known_name
from node.interop.stix_markings import Markings
from node.interop.stix_rows import BundleRows, object_id

NAME: Final = "stix21"
NOT_A_BUNDLE: Final = "not a STIX bundle"
_BUNDLE: Final = "bundle"


def recognise(head: bytes) -> bool:
    """Whether a file begins as a bundle: its fields may stand in any order."""
    shape = json_head(head)
    if shape.opening != "{":
        return False
    if _BUNDLE in shape.says(1, "type") or any(text.startswith("bundle--") for text in shape.says(1, "id")):
        return True
    inner = shape.says(3, "id")
    return shape.has(1, "objects") and any(object_id(text) for text in inner)


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The rows of a bundle. Raises `Broken`, `Unwelcome`."""
    bundle = document(chunks)
    if isinstance(bundle, EndsEarly):
        yield ListHead(format=NAME)
        yield bundle
        return
    is_one = isinstance(bundle, dict) and bundle.get("type", _BUNDLE if "objects" in bundle else "") == _BUNDLE
    objects = bundle.get("objects", []) if is_one else None
    if not isinstance(objects, list):
        raise Unwelcome(NOT_A_BUNDLE, At(), remedy="export the objects in a bundle")
    notices = Notices()
    rows = BundleRows(notices, choices.now, Markings(objects), _disputes(objects))
    latest = _latest(objects)
    for number, each in enumerate(objects, 1):
        at = At(record=number, name=object_id(each.get("id")) if isinstance(each, dict) else "")
        if not isinstance(each, dict):
            yield Fault(at, NOT_AN_OBJECT)
        elif latest.get(at.name, number) != number:
            yield Ignored("earlier version")
        else:
            try:
                yield from rows.of_object(at, each)
            except RecursionError:
                yield Fault(at, TOO_DEEP)
    if flag(bundle.get("more"))[0] is Tri.YES:
        yield from notices.tell("more-pages")  # an envelope of TAXII 2.1
    tags, version = rows.tags, _version(bundle, objects)
    yield ListHead(format=NAME, version=version, scheme=tags.scheme, scheme_version=tags.version)


def _version(bundle: dict[str, Any], objects: list[Any]) -> str:
    """2.0 states its version on the bundle, 2.1 on its objects."""
    stated = bundle.get("spec_version") or next(
        (each["spec_version"] for each in objects if isinstance(each, dict) and "spec_version" in each), ""
    )
    return known_name(stated, "")


def _latest(objects: list[Any]) -> dict[str, int]:
    """Id -> the number of its latest version, of the objects that have more than one."""
    named = [
        (object_id(each.get("id")), str(each.get("modified", "")), number)
        for number, each in enumerate(objects, 1)
        if isinstance(each, dict)
    ]
    often = Counter(name for name, _, _ in named if name)
    # Time stamps of STIX have one form (RFC 3339, "Z"), but any number of digits of a second.
    ordered = sorted((name, modified.rstrip("Z"), number) for name, modified, number in named if often[name] > 1)
    return {name: number for name, _, number in ordered}


def _disputes(objects: list[Any]) -> Counter[str]:
    """Id -> how many opinions disagree with it."""
    counted: Counter[str] = Counter()
    for each in objects:
        if isinstance(each, dict) and each.get("type") == "opinion":
            about = each.get("object_refs")
            if each.get("opinion") in ("disagree", "strongly-disagree") and isinstance(about, list):
                counted.update({object_id(name) for name in about} - {""})
    return counted


FORMAT: Final = Format(name=NAME, title="STIX 2.1 bundle", recognise=recognise, read=read)
