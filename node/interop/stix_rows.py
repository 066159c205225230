"""The rows of the objects of one STIX bundle. By the rules of `node.interop.stix`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256
from node.domain.references import At, Family, Fault, Ignored, Item, Reference, Withdrawal, numbered
from node.domain.statements import Tri
from node.interop.hash_values import flag, size
from node.interop.json_documents import compact
from node.interop.misp_audience import handling_of
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.row_hashes import MAX_TEXT, RowHashes, moment_of, plain_text, told_name
from node.interop.stix_markings import UNKNOWN_MARKING, Markings
from node.interop.stix_patterns import ONLY_EQUALITY, Alternative, NotEquality, alternatives, object_types
from node.interop.vigil_tags import VigilTags

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,60}--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_KINDS: Final = {"md5": MD5, "sha1": SHA1, "sha256": SHA256, "pdq": PDQ, "photodna": PHOTODNA}
_STANDARD: Final = frozenset({"MD5", "SHA-1", "SHA-256", "PDQ", "PHOTODNA"})
"""How STIX spells names of hashes; it has no word for the last two, which are custom names."""
_FRAME: Final = frozenset({"identity", "marking-definition", "extension-definition", "opinion"})
"""Types that say something of other objects: nothing is lost where they are no row."""
NO_HASH_STATED: Final = "file without a hash"
EXPIRED: Final = "expired"


def object_id(value: object) -> str:
    """An identifier of STIX; "" for anything else."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


class BundleRows:
    """Gives the rows of objects. `now`: Unix seconds; `disputes`: id -> how many opinions disagree; `tags`: what its
    rows said by tags of Vigil.
    """

    def __init__(self, notices: Notices, now: float, markings: Markings, disputes: Mapping[str, int]) -> None:
        self._notices = notices
        self._now = now
        self._markings = markings
        self._disputes = disputes
        self.tags = VigilTags()

    def of_object(self, at: At, each: dict[str, Any]) -> Iterator[Item]:
        """The rows of an object. Raises `RecursionError` if it is nested too deep."""
        kind = told_name(each.get("type"), "object without a type")
        if kind in ("file", "artifact"):
            yield from self._file(at, at.name, each, each)
        elif kind == "indicator":
            yield from self._indicator(at, each)
        elif kind == "observed-data" and isinstance(each.get("objects"), dict):
            yield from self._observed(at, each)
        elif kind not in _FRAME:
            yield Ignored(kind)

    def _observed(self, at: At, each: dict[str, Any]) -> Iterator[Item]:
        given = 0
        for inner in each["objects"].values():
            if not isinstance(inner, dict) or inner.get("type") not in ("file", "artifact"):
                yield Ignored(told_name(inner.get("type") if isinstance(inner, dict) else None, "object"))
                continue
            for item in self._file(at, f"{at.name}#{given + 1}" if at.name else "", inner, each):
                given += isinstance(item, Reference)
                yield item
        if given:
            yield from _family(at, given, moment_of(each.get("modified")))

    # --- files --------------------------------------------------------------------------------------------------------

    def _file(self, at: At, name: str, file: dict[str, Any], outer: dict[str, Any]) -> Iterator[Item]:
        """A file object. `outer`: the object of the bundle that it is or stands in."""
        stated = file.get("hashes")
        if not isinstance(stated, dict) or not stated:
            yield Ignored(NO_HASH_STATED)
            return
        hashes = RowHashes()
        for spelled, text in stated.items():
            _add(hashes, spelled, text)
        if hashes.are_of_other_kinds:
            # Nothing is wrong with it: all of its hashes are of other kinds.
            yield from self._notices.tell(NOT_SEARCHED, at)
            yield Ignored("file without a searched hash")
            return
        said = compact({each: value for each, value in file.items() if each != "payload_bin"})
        media_type = plain_text(file.get("mime_type"))[:MAX_TEXT]
        yield from self._row(at, name, hashes, outer, file.get("size"), media_type=media_type, said=said)

    # --- indicators ---------------------------------------------------------------------------------------------------

    def _indicator(self, at: At, indicator: dict[str, Any]) -> Iterator[Item]:
        language = told_name(indicator.get("pattern_type", "stix"), "pattern of another language")
        changed = moment_of(indicator.get("modified"))
        if language != "stix":
            yield Ignored(language)
            yield from _family(at, 0, changed)
            return
        pattern = indicator.get("pattern")
        try:
            found = alternatives(pattern) if isinstance(pattern, str) else []
        except NotEquality:
            found = []
        if flag(indicator.get("revoked"))[0] is Tri.YES:
            yield from _withdrawn(at, found, changed)
        elif self._is_over(indicator):
            yield Ignored(EXPIRED)
            yield from _family(at, 0, changed)
        elif found:
            yield from self._found(at, indicator, found)
        elif isinstance(pattern, str) and (types := object_types(pattern)) and "file" not in types:
            yield Ignored(told_name(min(types), "object"))
            yield from _family(at, 0, changed)
        else:
            # What is not understood takes nothing back.
            yield Fault(at, ONLY_EQUALITY)
        if not _is_date(indicator.get("valid_until")):
            yield from self._notices.tell("bad-date", at)

    def _found(self, at: At, indicator: dict[str, Any], found: list[Alternative]) -> Iterator[Item]:
        said = compact(indicator)
        named = compact({"id": at.name}) if len(found) > 1 else said
        given = 0
        for each in found:
            if not each.hashes:
                yield Ignored(told_name(each.other, NO_HASH_STATED))
                continue
            # The words of all alternatives stand with the first: with each of them they would grow with their square.
            words = said if given == 0 else named
            for item in self._row(at, numbered(at.name, given + 1), _of(each), indicator, each.size, said=words):
                given += isinstance(item, Reference)
                yield item
        yield from _family(at, given, moment_of(indicator.get("modified")))

    def _is_over(self, indicator: Mapping[str, Any]) -> bool:
        until = _moment(indicator.get("valid_until"))
        return until is not None and until <= self._now

    # --- one row ------------------------------------------------------------------------------------------------------

    def _row(
        self, at: At, name: str, hashes: RowHashes, outer: dict[str, Any], stated: object, **words: str
    ) -> Iterator[Item]:
        """The row of one file. `outer`: the object that is marked; `words`: `media_type` and `said`."""
        length, is_bad = size(stated)
        if is_bad:
            hashes.warn("bad-size")
        fields, others = self.tags.read(_labels(outer))
        marked, is_understood = self._markings.handling(outer)
        if not is_understood:
            hashes.warn(UNKNOWN_MARKING)
        handling, labels = handling_of([*filter(None, [marked]), *others])
        if len(tags := ", ".join(labels)) > MAX_TEXT:
            hashes.warn("text-too-long")
            tags = ""
        if fault := hashes.fault:
            yield Fault(at, fault)
            return
        fields["changed"] = moment_of(outer.get("modified"))
        fields |= {key: value for key, value in words.items() if value} | ({"size": length} if length >= 0 else {})
        disputes = self._disputes.get(at.name, 0)
        row = hashes.reference(at, id=name, tags=tags, handling=handling, disputes=disputes, **fields)
        yield from self._notices.of_row(row)
        yield row


def _of(alternative: Alternative) -> RowHashes:
    hashes = RowHashes()
    for spelled, text in alternative.hashes:
        _add(hashes, spelled, text)
    return hashes


def _add(hashes: RowHashes, spelled: str, text: object) -> None:
    kind = _KINDS.get(re.sub(r"[-_ ]", "", spelled.lower()))
    if kind is None:
        hashes.other(told_name(spelled, "another kind"))
        return
    if spelled not in _STANDARD:
        hashes.warn("hash-name-spelling")
    hashes.add(kind, text)


def _withdrawn(at: At, found: list[Alternative], changed: str) -> Iterator[Item]:
    """Takes back each alternative that the indicator still names, and the others of an earlier version; one without a
    pattern as a whole.
    """
    taken = [hashes for each in found if each.hashes and not (hashes := _of(each)).fault] or [RowHashes()]
    for number, hashes in enumerate(taken, 1):
        reference = None if hashes.fault else hashes.reference(at)
        yield Withdrawal(at, numbered(at.name, number), reference, changed)
    yield from _family(at, len(taken), changed)


def _family(at: At, count: int, changed: str) -> Iterator[Family]:
    """Ends the rows of an indicator. One without an identifier has no earlier version."""
    if at.name:
        yield Family(at, at.name, count, changed)


def _labels(outer: Mapping[str, Any]) -> list[str]:
    labels = outer.get("labels")
    return [text for label in labels if (text := plain_text(label))] if isinstance(labels, list) else []


def _moment(value: object) -> float | None:
    """Unix seconds of a time stamp with its zone; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return read.timestamp() if read.tzinfo is not None else None


def _is_date(value: object) -> bool:
    return value is None or _moment(value) is not None
