"""The hashes of one row that names each of them, as they come: checked, compared, refused.

Rules this module upholds:

- A hash that is not well-formed is left out, and the row says so ("bad-md5"). A row without any hash is a fault.
- A row with the hash of empty input, or a hash of zeros alone, is refused as a whole: its other hashes are no better.
- Two different hashes of one kind in one row contradict each other. Neither is taken, and the row says so.
- A hash of a kind that nobody here searches is named, and its value stays in the words of the row.
"""

from __future__ import annotations

import re
from typing import Any, Final

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.domain.references import NO_HASH, At, Reference
from node.interop.hash_values import digest, photodna, refusal
from node.interop.kind_spellings import BY_SPELLING

CONFLICTING: Final = "conflicting-hash"
MAX_TEXT: Final = 4_000
"""Characters of a text that a reference has (as `domain.texts`)."""
_TAKEN: Final = frozenset({MD5, SHA1, SHA256, PDQ, PHOTODNA})
_MOMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _|/.:+-]{0,63}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _|/.:-]{0,63}")
_TOLD_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _|.-]{0,39}(?:/[0-9]{3})?")
"""SHA-512/256 is the name of an algorithm, and no path."""
_HEX_RUN: Final = re.compile(r"[0-9A-Fa-f]{16}")


class RowHashes:
    """What one row says of hashes. `warnings`: codes of `Notice`, each once; `not_searched`: names of other kinds."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._refused = ""
        self.warnings: list[str] = []
        self.not_searched: list[str] = []

    def add(self, kind: FingerprintKind, text: object) -> None:
        """Takes a hash as it is written. `kind`: one that a reference has a field for."""
        value = photodna(text) if kind is PHOTODNA else digest(kind, text)
        if value is None:
            self.warn(f"bad-{kind.name}")
            return
        self._refused = self._refused or refusal(value)
        if self._values.setdefault(kind.name, value) != value:
            self._values[kind.name] = b""
            self.warn(CONFLICTING)

    def other(self, name: str) -> None:
        """Takes the name of a kind that is not searched."""
        if name not in self.not_searched:
            self.not_searched.append(name)

    def warn(self, code: str) -> None:
        """Takes a code of `Notice`."""
        if code not in self.warnings:
            self.warnings.append(code)

    @property
    def fault(self) -> str:
        """Why the row cannot be used; "" if it can."""
        return self._refused or ("" if any(self._values.values()) else NO_HASH)

    @property
    def are_of_other_kinds(self) -> bool:
        """Whether nothing is wrong with the row, and nothing of it is searched."""
        return self.fault == NO_HASH and bool(self.not_searched) and not self.warnings

    def reference(self, at: At, **more: Any) -> Reference:  # noqa: ANN401 (the fields of `Reference`)
        """The row. `more`: its other fields."""
        return Reference(
            at=at,
            md5=self._values.get(MD5.name, b""),
            sha1=self._values.get(SHA1.name, b""),
            sha256=self._values.get(SHA256.name, b""),
            pdq=self._values.get(PDQ.name, b""),
            photodna=self._values.get(PHOTODNA.name, b""),
            warnings=tuple(self.warnings),
            not_searched=tuple(self.not_searched),
            **more,
        )


def known_name(value: object, otherwise: str) -> str:
    """A short plain name as a file writes it; `otherwise` for anything else."""
    return value if isinstance(value, str) and _NAME.fullmatch(value) else otherwise


def told_name(value: object, otherwise: str) -> str:
    """A name of a type, an algorithm or a column, as it may be told to people; `otherwise` for a text that may be
    something else, such as a hash or a path.
    """
    if isinstance(value, str) and _TOLD_NAME.fullmatch(value) and not _HEX_RUN.search(value):
        return value
    return otherwise


def kind_taken(name: str) -> FingerprintKind | None:
    """The kind of this name, in any spelling, that a reference has a field for; None for any other."""
    kind = BY_SPELLING.get(name.lower())
    return kind if kind in _TAKEN else None


def identity_of(value: object) -> str:
    """The identity of a row, which a file writes as a number or as a short plain text; "" for anything else."""
    return known_name(str(value) if type(value) is int else value, "")


def moment_of(value: object) -> str:
    """When a row was changed, which a file writes as a number or as a short plain text, such as a time with its zone;
    "" for anything else.
    """
    text = str(value) if type(value) in (int, float) else value
    return text if isinstance(text, str) and _MOMENT.fullmatch(text) else ""


def plain_text(value: object) -> str:
    """A text that can be stored: "" for anything else, and without halves of surrogate pairs."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def listed(value: object) -> list[Any]:
    """The elements of a list; of an object whose names are numbers too (as PHP writes a list that lost an element).
    Empty for anything else.
    """
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and all(name.isdigit() for name in value):
        return list(value.values())
    return []
