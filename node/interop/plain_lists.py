"""Lists of hashes without a delimiter: md5sum, sha1sum, sha256sum, BSD tags, Get-FileHash, one hash a line.

Rules this module upholds:

- A line is read as `hash_lines` reads it for `vigil match --hashes`. A line that cannot be used stops only itself.
- 64 bare digits are SHA-256 unless the person says PDQ. That is an assumption, and the person is told.
- Names of files stay with the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Final

from node.domain.fingerprint_kinds import SHA256, FingerprintKind
from node.domain.fingerprints import Fingerprint
from node.domain.references import NO_HASH, At, Fault, Ignored, Item, ListHead
from node.interop.column_roles import HASH_ROLES
from node.interop.hash_lines import (
    KIND_NOT_KNOWN,
    Unusable,
    is_line,
    is_shown_by_powershell,
    names_columns,
    parse_line,
)
from node.interop.hash_tables import TOO_LONG
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.reading import Choices, Format
from node.interop.row_hashes import RowHashes, told_name
from node.interop.said_texts import compact
from node.interop.table_references import ASSUMED
from node.interop.text_coding import coding_of, legible
from node.interop.text_lines import Line, placed_lines

COMMENTS: Final = ("#", ";")
_SUMMED: Final = re.compile(r"\\?([0-9A-Fa-f]{8,})(?: [ *]?|\t)")
"""How a line of `md5sum` begins."""
_COMMENTED: Final = re.compile(r"[0-9A-Fa-f]+[ \t]+[;#][ \t]")
"""A hash and a comment on one line. No tool writes that, and a person has to say whether the hash is meant."""
_BARE: Final = re.compile(r"[0-9A-Fa-f]{16,}")
_DIGITS: Final = re.compile(r"[ :=]")
_BREAKS: Final = re.compile(r"\r\n|\r|\n|\0")
_LOOKED_AT: Final = 50
"""Lines at the start that are looked at."""
_ONE: Final = "one-per-line"
_LENGTHS: Final = {32: "md5sum", 40: "sha1sum", 64: "sha256sum", 56: _ONE, 96: _ONE, 128: _ONE}
"""Digits of a hash before a name -> the format. The last three are of SHA-224, SHA-384 and SHA-512, not searched."""
_TAGS: Final = "bsd-tag"
_SHOWN: Final = "get-filehash"


def recognised(head: bytes) -> str:
    """The name of the format of a list by its first line with a hash; "" for none. An empty file is an empty list."""
    text = coding_of(head).decode(head)
    lines = (line for line in _BREAKS.split(text) if line.strip() and not line.lstrip().startswith(COMMENTS))
    told = [_told(line) for line in islice(lines, _LOOKED_AT)]
    if not told:
        return "" if "\0" in text else _ONE
    return next(filter(None, told), "")


def _told(line: str) -> str:
    """The format that a line tells; "" for a line without a hash."""
    if found := _SUMMED.match(line.lstrip()):
        return _LENGTHS.get(len(found[1]), "")
    if is_shown_by_powershell(line):
        return _SHOWN
    try:
        _parsed(line, None)
    except Unusable as error:
        if not _BARE.fullmatch(_DIGITS.split(line.strip())[-1]) or (not error.algorithm and is_line(line)):
            return ""
    return _TAGS if is_line(line) else _ONE


def _is(name: str, head: bytes) -> bool:
    return recognised(head) == name


def _read(name: str, chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    notices = Notices()
    yield ListHead(format=name, scheme=choices.scheme, scheme_version=choices.scheme_version)
    rows = 0
    for line in placed_lines(chunks, is_line):
        at = At(line=line.number, offset=line.offset)
        if line.text is None:
            rows += 1
            yield Fault(at, TOO_LONG)
        elif line.text.strip() and not line.text.lstrip().startswith(COMMENTS) and not names_columns(line.text):
            rows += 1
            yield from _items(line, at, choices.algorithm, notices)
    if not rows:
        yield from notices.tell("empty-file", At(line=1, offset=0))


def _items(line: Line, at: At, algorithm: FingerprintKind | None, notices: Notices) -> Iterator[Item]:
    text = line.text or ""
    try:
        found, assumed = _parsed(text, algorithm)
    except Unusable as error:
        if error.algorithm:
            yield Ignored(told_name(error.algorithm, "other"))
            yield from notices.tell(NOT_SEARCHED, at)
        else:
            summed = _SUMMED.match(text.lstrip()) and error.reason == KIND_NOT_KNOWN
            yield Fault(at, NO_HASH if summed else error.reason)
        return
    kind = found.kind
    if kind is None or kind.name not in HASH_ROLES:
        yield Ignored(kind.name if kind else KIND_NOT_KNOWN)
        yield from notices.tell(NOT_SEARCHED, at)
        return
    hashes = RowHashes()
    hashes.add(kind, found.value.hex())
    if hashes.fault:
        yield Fault(at, hashes.fault)
        return
    yield hashes.reference(at, said=compact({"line": legible(text)}))
    if assumed:
        yield from notices.tell(ASSUMED, at)


def _parsed(text: str, algorithm: FingerprintKind | None) -> tuple[Fingerprint, bool]:
    """(hash of a line, whether its kind was assumed). Raises `Unusable`."""
    if _COMMENTED.match(text.lstrip()):
        raise Unusable("a comment stands after the hash")
    try:
        return parse_line(text, algorithm)[0], False
    except Unusable as error:
        if not error.ambiguous or len(text.strip()) != 2 * SHA256.size:
            raise
    return parse_line(text, SHA256)[0], True


def _format(name: str, title: str) -> Format:
    return Format(name=name, title=title, recognise=partial(_is, name), read=partial(_read, name))


FORMATS: Final = (
    _format("md5sum", "md5sum"),
    _format("sha1sum", "sha1sum"),
    _format("sha256sum", "sha256sum"),
    _format(_TAGS, "BSD tags (md5sum --tag)"),
    _format(_SHOWN, "Get-FileHash of PowerShell"),
    _format(_ONE, "one hash a line"),
)
