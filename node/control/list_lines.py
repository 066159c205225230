"""Lists, their rows and what an import sends of a file, as JSON values.

Rules this module upholds:

- A row of a file is one compact array: its place, then every field of `Reference` in order, bytes as hex. A field that
  is added to `Reference` needs no change here.
- What comes over the socket is checked: types, and lengths of hashes. Anything else is `Misuse`.
- A key that does not apply is null, never absent.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from node.control.arguments import Arguments
from node.domain import categories
from node.domain.calendar import in_calendar, spell_day
from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256
from node.domain.handling import CODES
from node.domain.queries import Level
from node.domain.references import At, Family, ListCase, ListHead, Reference, Withdrawal
from node.domain.statements import Tri
from node.errors import Misuse
from node.usecases.lists import ListTerms

if TYPE_CHECKING:
    from node.control.runner import Line
    from node.domain.lists import ListedRow, ReferenceList
    from node.usecases.list_comparing import Matching
    from node.usecases.list_importing import Imported
    from node.usecases.list_taking import Row

LEVELS: Final = {"national": Level.NATIONAL, "hit-no-hit": Level.HIT_NO_HIT}
HASHES: Final = {kind.name: kind.size for kind in (MD5, SHA1, SHA256, PDQ, PHOTODNA)}
FLAGS: Final = ("victim_identified", "offender_identified", "distributed", "baseline")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DEFAULTS: Final = Reference._field_defaults
_FIELDS: Final = Reference._fields[1:]
_BYTES: Final = tuple(at for at, name in enumerate(_FIELDS) if isinstance(_DEFAULTS[name], bytes))
_FLAGS: Final = tuple(at for at, name in enumerate(_FIELDS) if isinstance(_DEFAULTS[name], Tri))
_TUPLES: Final = tuple(at for at, name in enumerate(_FIELDS) if isinstance(_DEFAULTS[name], tuple))
_TYPES: Final = tuple(str | None if _DEFAULTS[name] is None else type(_DEFAULTS[name]) for name in _FIELDS)
_SIZES: Final = tuple((_FIELDS.index(name), size) for name, size in HASHES.items())
_ROW, _WITHDRAWAL, _CASE, _FAMILY = "r", "w", "c", "f"

# --- what an import sends ---------------------------------------------------------------------------------------------


def item_of(row: Row) -> list[Any]:
    """A row, a withdrawal, a case or the end of a family of a file, for the socket."""
    if isinstance(row, Reference):
        return [_ROW, *_reference_of(row)]
    if isinstance(row, Withdrawal):
        # `reference` is the only field that is no text.
        rest = [value for name, value in zip(row._fields, row, strict=True) if name not in ("at", "reference")]
        return [_WITHDRAWAL, row.at, None if row.reference is None else _reference_of(row.reference), *rest]
    if isinstance(row, Family):
        return [_FAMILY, *row]
    return [_CASE, row.at, row.number, row.said]


def _reference_of(row: Reference) -> list[Any]:
    values: list[Any] = list(row)[1:]
    for index in _BYTES:
        values[index] = values[index].hex()
    return [row.at, *values]


def read_item(given: list[Any]) -> Row:
    """The inverse of `item_of`. Raises `Misuse`."""
    try:
        sort, at, *rest = given
        if sort == _ROW:
            return _read_reference(at, rest)
        if sort == _WITHDRAWAL:
            reference, *texts = rest
            names = [name for name in Withdrawal._fields if name not in ("at", "reference")]
            return Withdrawal(
                at=_read_at(at),
                reference=None if reference is None else _read_reference(reference[0], reference[1:]),
                **dict(zip(names, map(_text, texts), strict=True)),
            )
        if sort == _CASE:
            number, said = map(_text, rest)
            return ListCase(at=_read_at(at), number=number, said=said)
        if sort == _FAMILY:
            name, count, changed = rest
            return Family(_read_at(at), _text(name), _count(count), _text(changed))
    except (TypeError, ValueError, AttributeError) as error:
        raise Misuse("an item on the local socket is not a row of a list") from error
    raise Misuse("an item on the local socket is not a row of a list")


def _read_reference(at: object, given: list[Any]) -> Reference:
    values = list(given)
    if len(values) != len(_FIELDS):
        raise ValueError("another number of fields")
    for index in _BYTES:
        values[index] = bytes.fromhex(values[index])
    for index in _FLAGS:
        values[index] = Tri(values[index])
    for index in _TUPLES:
        values[index] = tuple(map(_text, values[index]))
    if not all(map(isinstance, values, _TYPES)):
        raise TypeError("a field of another type")
    if any(values[index] and len(values[index]) != size for index, size in _SIZES):
        raise ValueError("a hash of another length")
    return Reference(_read_at(at), *values)


def _read_at(given: object) -> At:
    if not isinstance(given, list | tuple):
        raise TypeError("not a place")
    record, line, offset, name = given
    if not all(isinstance(each, int) for each in (record, line, offset)):
        raise TypeError("a place is not a number")
    return At(record, line, offset, _text(name))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("not a count")
    return value


def head_line(head: ListHead) -> Line:
    """What a file says of itself."""
    return asdict(head)


def read_head(line: Line) -> ListHead:
    """The inverse of `head_line`. Raises `Misuse`."""
    given = Arguments(line)
    texts = {name: given.text(name) for name in ListHead.__slots__ if name != "is_abuse"}
    return ListHead(is_abuse=given.flag("is_abuse"), **texts)


def read_terms(given: Arguments) -> ListTerms:
    """What a person states about a list; what is absent stays. Raises `Misuse`."""
    level = given.text("level") if given.has("level") else None
    code = given.text("code") if given.has("code") else None
    if level is not None and level not in LEVELS:
        raise Misuse("a list has no such level", remedy=f"one of: {', '.join(LEVELS)}")
    if code is not None and code not in CODES:
        raise Misuse("there is no such handling code", remedy=f"one of: {', '.join(CODES)}")
    return ListTerms(
        provider=given.text("provider") if given.has("provider") else None,
        level=None if level is None else LEVELS[level],
        code=code,
        retain_until_day=given.whole("retain_until_day") if given.has("retain_until_day") else None,
    )


# --- what a person sees -----------------------------------------------------------------------------------------------


def list_line(of: ReferenceList, awaiting: int) -> Line:
    """A list, without its rows. `awaiting`: records of rows that left it, which await a decision."""
    day = of.retain_until_day
    return {
        "list": of.name,
        "format": of.head.format or None,
        "version": of.head.version or None,
        "region": of.head.region or None,
        "kind": of.head.kind or None,
        "scheme": of.head.scheme or None,
        "scheme_version": of.head.scheme_version or None,
        "child_abuse": of.head.is_abuse,
        "provider": of.provider or None,
        "level": of.level.spelled,
        "code": of.code,
        "retain_until": spell_day(day) if day and in_calendar(day) else None,
        "state": of.state.name.lower(),
        "searched": of.is_searched,
        "rows": of.rows,
        "files": of.generation,
        "sha256_of_file": of.digest.hex() or None,
        "imported_at": of.imported_at,
        "imported_by": of.imported_by or None,
        "awaiting_retraction": awaiting,
    }


def imported_line(imported: Imported) -> Line:
    """The list after an import, with the counts of the file."""
    counts, first = imported.counts, imported.first_contradicting
    return list_line(imported.of, imported.awaiting) | {
        "added": imported.added,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "withdrawn": counts.withdrawn,
        "repeated": counts.repeated,
        "conflicting": counts.conflicting,
        "withdrawn_unknown": counts.unknown,
        "stale": counts.stale,
        "contradicting": {
            "rows": imported.contradicting,
            "first": None if first is None else place_line(first),
        },
        "own_holdings": matching_line(imported.matching),
        "same_cases": {"own": imported.same.own, "lists": imported.same.lists},
    }


def matching_line(found: Matching | None) -> Line | None:
    """Our holdings that match rows of a file; null where they were not compared."""
    if found is None:
        return None
    return {
        "matching": found.holdings,
        "by": dict(found.by),
        "hidden": found.hidden,
        "pdq_rows_not_compared": found.rows_left,
        "near_holdings_not_compared": found.holdings_left,
    }


def listed_line(row: ListedRow, head: ListHead) -> Line:
    """A row as it is kept."""
    return {"row": row.id, "case": row.case or None} | reference_line(row.reference, head)


def reference_line(row: Reference, head: ListHead) -> Line:
    """What a row says. `said` is null unless the words of the row were asked for."""
    return {
        "at": place_line(row.at),
        "id": row.id or None,
        "hashes": {name: getattr(row, name).hex() for name in HASHES if getattr(row, name)},
        "category": category_line(row.code, head),
        "code_raw": row.code,
        "flags": {name: getattr(row, name).name.lower() for name in FLAGS},
        "series": row.series or None,
        "tags_raw": row.tags or None,
        "media_type": row.media_type or None,
        "media_size": row.size if row.size >= 0 else None,
        "not_searched": list(row.not_searched),
        "audience": row.audience or None,
        "handling_raw": row.handling or None,
        "disputed_by": row.disputes,
        "warnings": list(row.warnings),
        "said": row.said or None,
    }


def place_line(at: At) -> Line:
    """Where a row stands in its file: only what its format tells. A name that is a UUID is there as "uuid" too."""
    numbers = {"record": at.record, "line": at.line, "offset": at.offset}
    place: Line = {name: value for name, value in numbers.items() if value >= 0}
    if at.name:
        place["id"] = at.name
    if _UUID.fullmatch(at.name):
        place["uuid"] = at.name
    return place


def category_line(code: str | None, head: ListHead) -> Line | None:
    """A category with its scheme, and the label and mapping that stand beside it; null without a code or a scheme."""
    if code is None or not head.scheme:
        return None
    label = categories.label(head.scheme, head.scheme_version, code, is_abuse=head.is_abuse)
    mapped = categories.mapped(head.scheme, head.scheme_version, code, is_abuse=head.is_abuse)
    return {
        "scheme": head.scheme,
        "version": head.scheme_version,
        "code": code,
        "label": label.text if label else None,
        "label_source": label.source if label else None,
        "baseline": mapped.baseline.name.lower() if mapped else None,
        "mapping": mapped.source if mapped else categories.NO_MAPPING,
    }
