"""References: the rows of a list that somebody else made, as a reader of its format gives them.

Rules this module upholds:

- A reference has any subset of digests and fingerprints. It is not a holding (there is no file here) and not a record
  (nobody signed it). It says what its list says, and no more.
- A category is the code as it is written. Its scheme and version belong to the list (`ListHead`), because a file may
  state them after its rows.
- A flag is yes, no or unknown. What a file does not state is unknown.
- Everything else that the file says of a row stays in `said`: file names, paths and comments too. `said` stays in the
  store of this node. It reaches no record, no message and no log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Final, NamedTuple

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256
from node.domain.fingerprints import UNSTATED_QUALITY, Fingerprint
from node.domain.statements import Tri

EMPTY_DIGESTS: Final = frozenset(
    map(
        bytes.fromhex,
        (
            "d41d8cd98f00b204e9800998ecf8427e",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    )
)
"""MD5, SHA-1 and SHA-256 of no bytes at all. A list that has one of them would match every empty file."""


class At(NamedTuple):
    """Where a row stands in its file. `record` and `line` count from 1, `offset` in bytes from 0; -1 if the format does
    not tell. `name`: how the format itself names the row (a UUID in MISP and STIX), "" if it does not.
    """

    record: int = -1
    line: int = -1
    offset: int = -1
    name: str = ""


class Reference(NamedTuple):
    """One row of a list. A tuple, because a list may have millions of them.

    `id`: the row's identity within its list, by which a later version of the list changes or withdraws it; "" if the
    format has none, then the hashes are its identity. `md5` (16 bytes), `sha1` (20), `sha256` (32), `pdq` (32) and
    `photodna` (144) are b"" if absent; `pdq_quality`: 0 to 100, `UNSTATED_QUALITY` if not stated.
    `code`: the category as written, None for none. `size` in bytes, -1 if not stated. `not_searched`: names of other
    fingerprints that the row has. `audience`: who may have it, in the words of the format, "" if not stated.
    `handling`: such words as a TLP tag. `disputes`: how many others say that the row is wrong. `warnings`: codes of
    `Notice`. `said`: the whole row as a JSON text. `changed`: when its list says that the row was made or changed, as
    written, "" if not stated; of two statements with one `id` the later one holds, in whatever order a file has them.
    """

    at: At
    id: str = ""
    md5: bytes = b""
    sha1: bytes = b""
    sha256: bytes = b""
    pdq: bytes = b""
    pdq_quality: int = UNSTATED_QUALITY
    photodna: bytes = b""
    code: str | None = None
    victim_identified: Tri = Tri.UNKNOWN
    offender_identified: Tri = Tri.UNKNOWN
    distributed: Tri = Tri.UNKNOWN
    baseline: Tri = Tri.UNKNOWN
    series: str = ""
    tags: str = ""
    media_type: str = ""
    size: int = -1
    not_searched: tuple[str, ...] = ()
    audience: str = ""
    handling: str = ""
    disputes: int = 0
    warnings: tuple[str, ...] = ()
    said: str = ""
    changed: str = ""

    @property
    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Every hash of the row."""
        plain = ((MD5, self.md5), (SHA1, self.sha1), (SHA256, self.sha256), (PHOTODNA, self.photodna))
        made = [Fingerprint(code=kind.code, value=value) for kind, value in plain if value]
        if self.pdq:
            made.append(Fingerprint(code=PDQ.code, value=self.pdq, quality=self.pdq_quality))
        return tuple(made)


_NUMBER: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")
_LOCAL: Final = frozenset({"at", "said", "changed"})
_STATEMENT: Final = itemgetter(*(at for at, name in enumerate(Reference._fields) if name not in _LOCAL))


def same_statement(one: Reference, other: Reference) -> bool:
    """Whether two rows say the same, wherever they stand, in what words, and when it was said."""
    return bool(_STATEMENT(one) == _STATEMENT(other))


def is_later(row: Reference | Withdrawal, before: Reference | Withdrawal) -> bool:
    """Whether their list says that `row` was made, changed or withdrawn after `before`. Not, if one of them does not
    say when.
    """
    return is_later_moment(row.changed, before.changed)


def is_later_moment(one: str, other: str) -> bool:
    """Whether a moment, as a list writes it, is after the other: seconds as numbers, or times of ISO 8601 (in UTC if
    they state no zone). Of two that are neither, the text decides; two of different sorts cannot be compared.
    """
    if not one or not other or one == other:
        return False
    (first, mine), (second, its) = _moment(one), _moment(other)
    return first == second and (mine > its if first else one > other)


def _moment(text: str) -> tuple[str, float]:
    """What sort of moment a text is, "" for neither a number nor a time, and its number."""
    if _NUMBER.fullmatch(text):
        return "number", float(text)
    try:
        read = datetime.fromisoformat(text.strip())
        return "time", (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return "", 0.0


class Withdrawal(NamedTuple):
    """A row that takes another one of the same list back (a tombstone). `id` as in `Reference`; `reference`: the hashes
    that are withdrawn, for formats whose rows have no identity of their own. `changed` as in `Reference`.
    """

    at: At
    id: str = ""
    reference: Reference | None = None
    changed: str = ""

    @property
    def named(self) -> Reference:
        """What names the row that goes: its id, or its hashes if the tombstone has no id. A tombstone may state both,
        and the row that it takes back has that id.
        """
        return self.reference if self.reference is not None and not self.id else Reference(self.at, id=self.id)


class Family(NamedTuple):
    """The rows of one statement end here: one statement of a list may name several files (the alternatives of a STIX
    pattern). Its rows are `id`, `id#2` to `id#rows`, without a gap, and come before it. Rows with higher numbers are
    of an earlier version of the statement, and go. `rows` may be 0. `changed` as in `Reference`: rows of a later
    version stay.
    """

    at: At
    id: str
    rows: int
    changed: str = ""


def numbered(name: str, number: int) -> str:
    """The id of a row of a `Family`, from 1; "" without a name."""
    return name if number == 1 or not name else f"{name}#{number}"


class Fault(NamedTuple):
    """A row that cannot be used, and why: one of `REASONS`, or words of the same style. It never quotes the row."""

    at: At
    reason: str


class Notice(NamedTuple):
    """Something that a person should know about the file or about one of its rows.

    `code`: a short name for programs, such as "bad-md5"; `text`: for people; `at`: the first place.
    """

    code: str
    text: str
    at: At | None = None


class Ignored(NamedTuple):
    """A row or a value that is of no use here and is no fault, such as a URL. `what`: of a small set of names."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListHead:
    """What a file says of itself. `format`: of `interop.formats`; `version` and `region` of its data model, "" if not
    stated; `kind`: "media", "cases" or "".

    `scheme` and `scheme_version` of its categories, "" if not stated. `is_abuse`: False for lists that are not of child
    abuse (intimate pictures of adults, terrorist content): their rows never get a label of child abuse.
    """

    format: str
    version: str = ""
    region: str = ""
    kind: str = ""
    scheme: str = ""
    scheme_version: str = ""
    is_abuse: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCase:
    """A case that a file states (VICS `#Cases`). `number`: as written, or its place if it has none; `said`: everything
    that the file says of the case, as a JSON text. If a part of that comes after the rows of the case, the case comes a
    second time, with the same `at`: what it says then replaces what it said before, its number too.
    """

    at: At
    number: str
    said: str = ""


class EndsEarly(NamedTuple):
    """The file ends in the middle: a cut download. What was whole before stands. `at`: where it ends."""

    at: At


Item = ListHead | ListCase | Reference | Withdrawal | Family | Fault | Notice | Ignored | EndsEarly
"""What a reader gives. The head comes once, before or after the rows. A row after a `ListCase` belongs to that case.
`EndsEarly` is the last."""

NO_HASH: Final = "no usable hash"
EMPTY_INPUT: Final = "hash of empty input"
PLACEHOLDER: Final = "placeholder hash"
NOT_AN_OBJECT: Final = "not an object"
TOO_DEEP: Final = "nested too deep"
REASONS: Final = (NO_HASH, EMPTY_INPUT, PLACEHOLDER, NOT_AN_OBJECT, TOO_DEEP)
