"""What a reader tells a person: each thing once, with its first place.

Rules this module upholds:

- A code is told once for a file. How often it happened is counted from the warnings of the rows.
- A text says what it means for the person. It quotes nothing of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from node.domain.references import At, Notice, Reference

NOT_SEARCHED: Final = "not-searched"
TEXTS: Final = {
    "assumed-kind": "64 hex digits are taken for SHA-256; if they are PDQ, import again with --algorithm pdq",
    "bad-alternative-hash": "an alternative hash has no name or no value, or is of another file: it is left out",
    "bad-category": "a category is neither a whole number nor a short text: it is left out",
    "bad-date": "a date that is not understood decides nothing",
    "bad-distribution": "a level of distribution is not understood: taken as organisation only",
    "bad-flag": "a flag is neither yes nor no: it is unknown",
    "bad-md5": "an MD5 is not 32 hex digits: it is left out",
    "bad-pdq": "a PDQ is not 64 hex digits: it is left out",
    "bad-pdq-quality": "a quality is not a whole number from 0 to 100: it is not stated",
    "bad-photodna": "a PhotoDNA is not 144 bytes, or is empty: it is left out",
    "bad-sha1": "a SHA-1 is not 40 hex digits: it is left out",
    "bad-sha256": "a SHA-256 is not 64 hex digits: it is left out",
    "bad-size": "a size is not understood: it is left out",
    "bad-text": "a text is no text that can be kept: it is left out",
    "bad-total": "the file states another number of records than it has",
    "category-without-scheme": "the categories have no scheme and mean nothing; state it with --scheme",
    "columns-differ": "some rows have another number of cells than there are columns",
    "conflicting-hash": "a row has two different hashes of one kind: what contradicts is left out",
    "disabled-content": "some contents are switched off where they come from: they are not taken",
    "empty-file": "the file has no rows",
    "hash-name-spelling": "names of hashes are not spelt as STIX has them: they are taken",
    "more-pages": "the file is one page, and the source has more: the list is not complete",
    "no-md5": "a row has no MD5: its other hashes are taken",
    "not-published": "an event is not published: it is a draft",
    NOT_SEARCHED: "some hashes are of kinds that are not searched: they are kept with their rows; attachments are not",
    "not-utf8": "some texts are not UTF-8: they are read as windows-1252",
    "shape-differs-from-root": "the file names another kind of contents than it has: what it has is read",
    "text-too-long": "a text is longer than 4,000 characters, or there are more than 32 tags: it is left out",
    "unknown-marking": "a marking is not in the file, or is not understood: its rows are handled as TLP:RED",
    "unknown-code": "a category is not one of its scheme: it is kept as it is written",
    "unknown-region": "the region of the data model is not known: its categories have no labels",
    "unknown-field": "some fields are not understood: they are kept with their rows",
}


class Notices:
    """Tells each code once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, code: str, at: At | None = None) -> Iterator[Notice]:
        """The notice, the first time; nothing later."""
        if code not in self._told:
            self._told.add(code)
            yield Notice(code=code, text=TEXTS[code], at=at)

    def of_row(self, row: Reference) -> Iterator[Notice]:
        """What a row gives reason for."""
        for code in row.warnings:
            yield from self.tell(code, row.at)
        if row.not_searched:
            yield from self.tell(NOT_SEARCHED, row.at)
