"""Rows of lists to and from what the database keeps: identity, flags, and blocks of the file's own words.

Rules this module upholds:

- A row is made into one tuple without an object on the way: a list may have millions of rows.
- What a file said is packed by the block: compressed together it takes a tenth of the room, and one row of the vault.
"""

from __future__ import annotations

import json
import struct
import zlib
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from node.domain.references import At, Reference
from node.domain.statements import Tri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

BLOCK_ROWS: Final = 64
"""Rows whose words are packed together."""
_LEVEL: Final = 1
"""Of zlib: the quickest."""
_COUNT: Final = struct.Struct(">H")
_LENGTH: Final = struct.Struct(">I")
_IDENTITY: Final = 16


def identity_of(row: Reference) -> bytes:
    """What names a row in its list: 16 bytes of its id, or of its hashes if it has no id."""
    if row.id:
        return blake2b(b"i" + row.id.encode("utf-8", "surrogatepass"), digest_size=_IDENTITY).digest()
    _, _, md5, sha1, sha256, pdq, _, photodna, *_ = row
    sizes = bytes((len(md5), len(sha1), len(sha256), len(pdq), len(photodna)))
    return blake2b(b"".join((b"h", sizes, md5, sha1, sha256, pdq, photodna)), digest_size=_IDENTITY).digest()


def flags_of(row: Reference) -> int:
    """Four flags in one number."""
    return row.victim_identified | row.offender_identified << 2 | row.distributed << 4 | row.baseline << 6


def rest_of(row: Reference) -> str:
    """What few rows have, as JSON; "" where it has none of it."""
    spared = (row.id, row.at.name, row.not_searched, row.audience, row.handling, row.disputes, row.warnings)
    if not any(spared) and not row.changed:  # most rows of most lists: a dict for each costs a tenth of an import
        return ""
    given = {
        "id": row.id,
        "at": row.at.name,
        "not_searched": row.not_searched,
        "audience": row.audience,
        "handling": row.handling,
        "disputes": row.disputes,
        "warnings": row.warnings,
        "changed": row.changed,
    }
    kept = {name: value for name, value in given.items() if value}
    return json.dumps(kept, separators=(",", ":")) if kept else ""


def changed_of(row: Row[Any]) -> str:
    """`Reference.changed` of a row of the database."""
    changed: str = json.loads(row.rest).get("changed", "") if row.rest else ""
    return changed


def reference_of(row: Row[Any], said: str = "") -> Reference:
    """A row of the database as the row of the list that it was."""
    rest = json.loads(row.rest) if row.rest else {}
    flags = row.flags
    return Reference(
        at=At(record=row.record, line=row.line, offset=row.offset, name=rest.get("at", "")),
        id=rest.get("id", ""),
        md5=row.md5,
        sha1=row.sha1,
        sha256=row.sha256,
        pdq=row.pdq,
        pdq_quality=row.pdq_quality,
        photodna=row.photodna,
        code=row.code or None,
        victim_identified=Tri(flags & 3),
        offender_identified=Tri(flags >> 2 & 3),
        distributed=Tri(flags >> 4 & 3),
        baseline=Tri(flags >> 6 & 3),
        series=row.series,
        tags=row.tags,
        media_type=row.media_type,
        size=row.size,
        not_searched=tuple(rest.get("not_searched", ())),
        audience=rest.get("audience", ""),
        handling=rest.get("handling", ""),
        disputes=rest.get("disputes", 0),
        warnings=tuple(rest.get("warnings", ())),
        said=said,
        changed=rest.get("changed", ""),
    )


def pack_block(words: Sequence[str]) -> bytes:
    """The words of at most `BLOCK_ROWS` rows."""
    said = [each.encode("utf-8", "surrogatepass") for each in words]
    lengths = b"".join(map(_LENGTH.pack, map(len, said)))
    return zlib.compress(_COUNT.pack(len(said)) + lengths + b"".join(said), _LEVEL)


def unpack_block(block: bytes) -> list[str]:
    """The inverse of `pack_block`."""
    data = zlib.decompress(block)
    (count,) = _COUNT.unpack_from(data)
    at = _COUNT.size + count * _LENGTH.size
    words: list[str] = []
    for (length,) in _LENGTH.iter_unpack(data[_COUNT.size : at]):
        words.append(data[at : at + length].decode("utf-8", "surrogatepass"))
        at += length
    return words
