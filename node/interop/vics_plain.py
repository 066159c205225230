"""Records of VICS that have nothing unusual about them, which are nearly all of them.

Rules this module upholds:

- Speed alone: it gives what `vics_fields.careful_row` gives, in a third of the time, or nothing.
- Whatever needs a warning, a second look or a fault is left to `careful_row`.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, unhexlify
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from node.domain.fingerprint_kinds import MD5, PHOTODNA, SHA1
from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.references import EMPTY_DIGESTS, At, Reference
from node.domain.statements import MAX_TAGS, MAX_TEXT, Tri
from node.interop.hash_values import MAX_SIZE
from node.interop.vics_fields import KNOWN, NOTHING_SAID

PLAIN: Final = KNOWN - {"AlternativeHashes", "SHA256"}
"""Fields that are read here, or are only kept."""
_REFUSED: Final = EMPTY_DIGESTS.union(bytes(kind.size) for kind in (MD5, SHA1))
_NO_PHOTODNA: Final = bytes(PHOTODNA.size)
_PHOTODNA_DIGITS: Final = PHOTODNA.size * 4 // 3
_PHOTODNA_SIZES: Final = (0, PHOTODNA.size)
_SHA1_SIZES: Final = (0, SHA1.size)
_SIZE_DIGITS: Final = len(str(MAX_SIZE))
_new: Final = tuple.__new__
_MEMBERS: Final = dict.__len__
"""Of an object. What is none has a length and no members, and raises `TypeError`."""
_SPACED: Final = re.compile(r'"\s+:').search
_FLAGS: Final[dict[object, Tri]] = {
    **dict.fromkeys((True, "true", "True"), Tri.YES),
    **dict.fromkeys((False, "false", "False"), Tri.NO),
    None: Tri.UNKNOWN,
}


def plain_row(  # noqa: C901 (one function, because each call of another one takes time)
    record: dict[str, Any],
    said: str,
    place: tuple[int, int, int, str],
    known: frozenset[str],
    codes: Mapping[str | int | None, str | None],
) -> Reference | None:
    """The reference of a record; None where `careful_row` has to be asked.

    `place`: what is made an `At`; `known`: fields that a record may have; `codes`: categories that need no warning ->
    as they are written.
    """
    get = record.get
    # A value of another type than expected raises one of three errors, or is seen below.
    try:
        md5, sha1, dna = unhexlify(record["MD5"]), get("SHA1"), get("PhotoDNA")
        sha1 = b"" if sha1 is None or sha1 == "" else unhexlify(sha1)
        if dna is None or dna == "":
            dna = b""
        elif len(dna) != _PHOTODNA_DIGITS or (dna := a2b_base64(dna, strict_mode=True)) == _NO_PHOTODNA:
            return None
        code, size = get("Category"), get("MediaSize")
        if type(code) is not int and type(code) is not str and code is not None:
            return None  # A dict takes True and 1.0 for 1.
        code = codes[code]
        victim, offender = _FLAGS[get("VictimIdentified")], _FLAGS[get("OffenderIdentified")]
        distributed = _FLAGS[get("IsDistributed")]
        series, tags, media_type = get("Series"), get("Tags"), get("MimeType")
        series = "" if series is None else series
        tags = "" if tags is None else tags
        media_type = "" if media_type is None else media_type
        texts = "".join((series, tags, media_type))  # noqa: FLY002 (what is no text raises `TypeError`)
        if type(size) is not int:
            if size is None:
                size = -1
            elif size.isascii() and size.isdigit() and len(size) < _SIZE_DIGITS:
                size = int(size)
            else:
                return None
        elif not 0 <= size <= MAX_SIZE:
            return None
        if "DateUpdated" in record:
            datetime.fromisoformat(record["DateUpdated"])
        members = len(record)
        if "MediaFiles" in record:
            members += sum(map(_MEMBERS, record["MediaFiles"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    if (
        len(md5) != MD5.size
        or len(sha1) not in _SHA1_SIZES
        or len(dna) not in _PHOTODNA_SIZES  # 192 digits with padding are 143 or 142 bytes
        or md5 in _REFUSED
        or sha1 in _REFUSED
        or len(texts) > MAX_TEXT
        or not texts.isascii()
        or (tags and (tags.count(",") >= MAX_TAGS or tags == NOTHING_SAID))
        or not known.issuperset(record)
        # A name that stands twice is in the text alone. With space before its colon it is no `":`.
        or (said.count(":") != members and (said.count('":') != members or _SPACED(said)))
    ):
        return None
    hashes = (md5, sha1, b"", b"", UNSTATED_QUALITY, dna)
    flags = (victim, offender, distributed, Tri.UNKNOWN)
    said_of_it = (series, tags, media_type, size, (), "", "", 0, (), said, "")
    return _new(Reference, (_new(At, place), "", *hashes, code, *flags, *said_of_it))
