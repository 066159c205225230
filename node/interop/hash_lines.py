r"""One line of a list of hashes: `md5sum` and its kin, BSD `md5`, `openssl dgst`, PowerShell's `Get-FileHash`, our own.

Rules this module upholds:

- An algorithm is named by the line, by its format, or by the caller. Only 32 bare digits (MD5) and 40 (SHA-1) need no
  name: 64 are a SHA-256 or a PDQ, and nobody can tell which.
- A name is read as the tool that wrote it escapes it (`\` before the line: GNU coreutils, "cksum output modes").
- The reason of a fault never repeats the line, for it may be anything.
"""

from __future__ import annotations

import re
from typing import Final

from node.domain.fingerprint_kinds import SHA256, FingerprintKind
from node.domain.fingerprints import Fingerprint, length_words, make, value_of
from node.interop.kind_spellings import AMBIGUOUS, BY_DIGITS, BY_SPELLING

_GNU: Final = re.compile(r"(\\?)([0-9A-Fa-f]{8,})(?: [ *]?|\t)(.*\S.*)", re.DOTALL)
"""`md5sum`: digits, a space, a space or a star, the name. `md5 -r` has one space, and some tools have a tab."""
_TAGGED: Final = re.compile(r"(\\?)([A-Za-z][A-Za-z0-9/_-]{0,31}) ?\((.*)\) ?= ?(\S+)", re.DOTALL)
"""`md5sum --tag` and BSD: `MD5 (name) = digits`; `openssl dgst`: `MD5(name)= digits`."""
_SHOWN: Final = re.compile(
    r"(MD5|SHA1|SHA256|SHA384|SHA512|RIPEMD160|MACTripleDES) +([0-9A-Fa-f]+)(?: +(\S.*))?", re.DOTALL
)
"""A line of what `Get-FileHash` shows: algorithm, digits and path, with spaces between."""
_SHOWN_NAMES: Final = re.compile(r"Algorithm +Hash +Path *|-+ +-+ +-+ *")
"""The two lines above them."""
_NAMED: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,31}):(\S*)")
_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_ESCAPE: Final = re.compile(r"\\(.?)", re.DOTALL)
_ESCAPES: Final = {"\\": "\\", "n": "\n", "r": "\r"}
_ELSEWHERE: Final = {8: "CRC-32", 48: "Tiger", 56: "SHA-224", 96: "SHA-384", 128: "SHA-512"}


NOT_A_HASH: Final = "not a hash"
KIND_NOT_KNOWN: Final = "kind not known"
WRONG_LENGTH: Final = "length does not fit the name"
BAD_ESCAPE: Final = "a backslash that escapes nothing"


class Unusable(Exception):
    """Why a line gives no hash. `ambiguous`: with an algorithm named by the caller it would. `reason`: in a few words,
    the same for all lines of that kind. `algorithm`: the one that the line names and that is not searched, "" for none.
    """

    def __init__(self, why: str, *, ambiguous: bool = False, reason: str = NOT_A_HASH, algorithm: str = "") -> None:
        super().__init__(why)
        self.ambiguous = ambiguous
        self.reason = reason
        self.algorithm = algorithm


def kind_named(name: str) -> FingerprintKind:
    """The kind of that name, in any spelling that a tool has for it. Raises `Unusable`."""
    kind = BY_SPELLING.get(name.strip().lower())
    if kind is None:
        raise Unusable(f"unknown algorithm {name.strip()[:20]!r}", reason=KIND_NOT_KNOWN, algorithm=name.strip())
    return kind


def fingerprint_of(kind: FingerprintKind, digits: str, quality: int | None = None) -> Fingerprint:
    """A hash from its hex digits, or from base64 if its kind is written so. Raises `Unusable`."""
    value = value_of(kind, digits)
    if value is None:
        raise Unusable(
            f"{length_words(kind)}; the given text has {len(digits)} characters"
            + ("" if _HEX.fullmatch(digits) or not digits else ", not all of them hex digits"),
            reason=WRONG_LENGTH,
        )
    return make(kind, value, quality)


def bare(digits: str, algorithm: FingerprintKind | None) -> Fingerprint:
    """Digits whose kind only `algorithm` or their number tells. Raises `Unusable`."""
    if algorithm is not None:
        return fingerprint_of(algorithm, digits)
    if not _HEX.fullmatch(digits):
        raise Unusable("it is no hash")
    if kind := BY_DIGITS.get(len(digits)):
        return fingerprint_of(kind, digits)
    if why := AMBIGUOUS.get(len(digits)):
        raise Unusable(why, ambiguous=True, reason=KIND_NOT_KNOWN)
    raise _unknown_digits(digits)


def _unknown_digits(digits: str) -> Unusable:
    known = _ELSEWHERE.get(len(digits))
    more = f": a {known}, which is not searched" if known else ""
    return Unusable(f"a hash of {len(digits)} hex digits is of no kind that is searched{more}", reason=KIND_NOT_KNOWN)


def parse_line(text: str, algorithm: FingerprintKind | None) -> tuple[Fingerprint, str]:
    """(hash, name) of a line; the name is "" where it has none. Raises `Unusable`."""
    line = text.lstrip(" \t")
    if found := _TAGGED.fullmatch(line.rstrip()):
        return fingerprint_of(kind_named(found[2]), found[4]), _name(found[3], escaped=bool(found[1]))
    if found := _SHOWN.fullmatch(line.rstrip()):
        return fingerprint_of(kind_named(found[1]), found[2]), found[3] or ""
    if found := _NAMED.fullmatch(line.rstrip()):
        return fingerprint_of(kind_named(found[1]), found[2]), ""
    if found := _GNU.fullmatch(line):
        return _summed(found[2], algorithm), _name(found[3], escaped=bool(found[1]))
    return bare(line.rstrip(), algorithm), ""


def _summed(digits: str, algorithm: FingerprintKind | None) -> Fingerprint:
    """The digits of a line that has a name too: 64 of them are what `sha256sum` writes."""
    if algorithm is None and len(digits) == 2 * SHA256.size:
        return fingerprint_of(SHA256, digits)
    return bare(digits, algorithm)


def is_shown_by_powershell(text: str) -> bool:
    """Whether a text is a line of what `Get-FileHash` shows."""
    return bool(_SHOWN.fullmatch(text.rstrip()))


def names_columns(text: str) -> bool:
    """Whether a text is one of the lines above those of `Get-FileHash`, which have no hash."""
    return bool(_SHOWN_NAMES.fullmatch(text))


def is_line(text: str) -> bool:
    """Whether a text is a line of `md5sum` or its kin, with a name."""
    return bool(_GNU.fullmatch(text) or _TAGGED.fullmatch(text))


def _name(text: str, *, escaped: bool) -> str:
    if not escaped:
        return text

    def plain(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise Unusable("its name has a backslash that escapes nothing", reason=BAD_ESCAPE)
        return _ESCAPES[found[1]]

    return _ESCAPE.sub(plain, text)
