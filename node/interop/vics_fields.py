"""Fields of one record of VICS: what a record says, as a reference.

Rules this module upholds:

- A hash that is not well-formed is left out, and the row says so. A record without a hash is a fault, and so is one
  with a hash of empty input or of zeros alone.
- Two values for one thing are never blended: a hash that differs from the record's own is left out, and a record that
  says one thing twice and differently is a fault.
- A category is the code as written. Flags that are not stated are unknown. Totals and dates decide nothing.
- Names, paths and comments are in `said` alone, which is the source text of the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.domain.references import NO_HASH, At, Fault, Reference
from node.domain.statements import MAX_TAGS, MAX_TEXT
from node.interop.hash_values import digest, flag, is_date, photodna, refusal, size

Pairs = tuple[tuple[str, Any], ...]
"""An object as it is written: (name, value). An array is a list, so that the two are told apart."""

TWICE: Final = "a field stands twice with different values"
MAX_CODE: Final = 64
"""Characters of a category."""
CODES: Final = frozenset("012345")
"""Categories of the models whose scale is public: US, and 1.x as its readers take it."""
NOTHING_SAID: Final = "vigil:nothing-stated"
"""The only tag of a record of which nothing is said: strict readers drop a record that has none. It is no tag."""
ANOTHER: Final = "another"
"""In place of a name that is not repeated, because it may be anything."""

HASH_FIELDS: Final = {"MD5": MD5, "SHA1": SHA1, "SHA256": SHA256, "PhotoDNA": PHOTODNA}
_DECIDING: Final = frozenset(
    (
        *HASH_FIELDS,
        *("AlternativeHashes", "Category", "Series", "Tags", "MimeType", "MediaSize"),
        *("VictimIdentified", "OffenderIdentified", "IsDistributed"),
    )
)
_KEPT: Final = (
    *("MediaID", "Name", "RelativeFilePath", "DateUpdated", "Comments", "SelfGenerated", "IsSuspected"),
    *("IsPrecategorized", "PrecategorizationSource", "MediaFiles", "Exifs", "MediaMetadata"),
)
KNOWN: Final = _DECIDING.union(_KEPT)
"""Fields that a record of VICS has."""
_KINDS: Final = {
    **{kind.name: kind for kind in (MD5, SHA1, SHA256, PHOTODNA, PDQ)},
    "sha2256": SHA256,
    "pdna": PHOTODNA,
}
"""Names of alternative hashes, in lower case and without `_SEPARATORS`."""
_SEPARATORS: Final = re.compile(r"[\s_-]+")
_NAME: Final = re.compile(r"[A-Za-z@][A-Za-z0-9 ._@-]{0,39}")
_HASH: Final = re.compile(r"[0-9A-Fa-f]{16}")


def name_told(name: object) -> str:
    """A name of a field or of a hash as it may be told to people; `ANOTHER` for one that may be no such name."""
    if isinstance(name, str) and _NAME.fullmatch(name) and not _HASH.search(name):
        return name
    return ANOTHER


def careful_row(pairs: Pairs, said: str, at: At, scale: frozenset[str] | None) -> Reference | Fault:
    """The reference of a record, or why there is none. `scale`: the codes that its categories have; None if that is not
    known.
    """
    record = dict(pairs)
    if len(record) != len(pairs) and _contradicts(pairs):
        return Fault(at, TWICE)
    warnings: dict[str, None] = {}
    hashes, others, refused = _hashes(record, warnings)
    if refused or not hashes:
        return Fault(at, refused or NO_HASH)
    length, bad = size(record.get("MediaSize"))
    _warn(warnings, "bad-size", bad=bad)
    flags = {}
    for field in ("VictimIdentified", "OffenderIdentified", "IsDistributed"):
        flags[field], bad = flag(record.get(field))
        _warn(warnings, "bad-flag", bad=bad)
    code = _code(record.get("Category"), warnings)
    _warn(warnings, "unknown-code", bad=code is not None and scale is not None and code not in scale)
    _warn(warnings, "bad-date", bad=not is_date(record.get("DateUpdated")))
    return Reference(
        at=at,
        md5=hashes.get(MD5, b""),
        sha1=hashes.get(SHA1, b""),
        sha256=hashes.get(SHA256, b""),
        pdq=hashes.get(PDQ, b""),
        photodna=hashes.get(PHOTODNA, b""),
        code=code,
        victim_identified=flags["VictimIdentified"],
        offender_identified=flags["OffenderIdentified"],
        distributed=flags["IsDistributed"],
        series=short_text(record.get("Series"), warnings),
        tags=_tags(record.get("Tags"), warnings),
        media_type=short_text(record.get("MimeType"), warnings),
        size=length,
        not_searched=tuple(others),
        warnings=tuple(warnings),
        said=said,
    )


def has_hash_field(names: Iterable[str]) -> bool:
    """Whether an object with these fields is a record and no case."""
    return not HASH_FIELDS.keys().isdisjoint(names)


def _warn(warnings: dict[str, None], code: str, *, bad: bool = True) -> None:
    if bad:
        warnings[code] = None


def _contradicts(pairs: Pairs) -> bool:
    first: dict[str, Any] = {}
    return any(name in _DECIDING and first.setdefault(name, value) != value for name, value in pairs)


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _hashes(
    record: dict[str, Any], warnings: dict[str, None]
) -> tuple[dict[FingerprintKind, bytes], dict[str, None], str]:
    """(The hashes of a record, names of hashes that are not searched, why the record is refused)."""
    hashes: dict[FingerprintKind, bytes] = {}
    seen: list[bytes] = []
    for field, kind in HASH_FIELDS.items():
        _take(kind, record.get(field), hashes, seen, warnings)
    others: dict[str, None] = {}
    entries = record.get("AlternativeHashes")
    if not _is_absent(entries):
        for entry in entries if isinstance(entries, list) else [entries]:
            _alternative(entry, hashes, seen, others, warnings)
    _warn(warnings, "no-md5", bad=MD5 not in hashes and _is_absent(record.get("MD5")))
    return hashes, others, refusal(*seen)


def _take(
    kind: FingerprintKind,
    value: object,
    hashes: dict[FingerprintKind, bytes],
    seen: list[bytes],
    warnings: dict[str, None],
) -> None:
    if _is_absent(value):
        return
    found = photodna(value) if kind is PHOTODNA else digest(kind, value)
    if found is None:
        _warn(warnings, f"bad-{kind.name}")
        return
    seen.append(found)
    _warn(warnings, "conflicting-hash", bad=hashes.setdefault(kind, found) != found)


def _alternative(
    entry: object,
    hashes: dict[FingerprintKind, bytes],
    seen: list[bytes],
    others: dict[str, None],
    warnings: dict[str, None],
) -> None:
    """Takes one of `AlternativeHashes`. One that names another MD5 than the record's is not of this record."""
    stated: dict[str, Any] = dict(entry) if isinstance(entry, tuple) else {}
    name, value, of = stated.get("HashName"), stated.get("HashValue"), stated.get("MD5")
    own = hashes.get(MD5)
    is_of_another = own is not None and not _is_absent(of) and digest(MD5, of) != own
    if not isinstance(name, str) or _is_absent(name) or _is_absent(value) or is_of_another:
        _warn(warnings, "bad-alternative-hash")
    elif kind := _KINDS.get(_SEPARATORS.sub("", name.lower())):
        _take(kind, value, hashes, seen, warnings)
    else:
        others[name_told(name.strip())] = None


def _code(value: object, warnings: dict[str, None]) -> str | None:
    """A category as written: whole numbers and texts are codes."""
    if _is_absent(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > MAX_CODE or not value.isprintable():
        _warn(warnings, "bad-category")
        return None
    return value


def short_text(value: object, warnings: dict[str, None]) -> str:
    """A short text, or the `Name` of an object; "" for none and for what is left out."""
    if isinstance(value, tuple):
        value = dict(value).get("Name")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        return ""
    if not isinstance(value, str):
        _warn(warnings, "bad-text")
        return ""
    if len(value) > MAX_TEXT:
        _warn(warnings, "text-too-long")
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair: JSON can spell it, and no database takes it.
        _warn(warnings, "bad-text")
        return ""
    return value


def _tags(value: object, warnings: dict[str, None]) -> str:
    """Tags as one text, with commas between them."""
    if isinstance(value, list):
        value = ",".join(filter(None, (short_text(each, warnings) for each in value)))
    text = short_text(value, warnings)
    if text == NOTHING_SAID:
        return ""
    if text.count(",") >= MAX_TAGS:
        _warn(warnings, "text-too-long")
        return ""
    return text
