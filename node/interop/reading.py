"""What a reader of a format is: how it is found, what it is given, what it gives, and how it refuses a file.

Rules this module upholds:

- A reader is a pure generator: bytes in, `references.Item`s out. It knows no store and keeps no more than one row and a
  chunk in memory.
- A bad row is a `Fault` with its place and reason, and the rest goes on. A file that is not well-formed is `Broken`:
  the caller keeps nothing of it. A file that should not be taken in without a decision of a person is `Unwelcome`.
- Nothing that a file says stands in an error, a fault or a notice: no name, no path, no hash.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from node.domain.fingerprint_kinds import FingerprintKind
from node.domain.references import At, Item
from node.errors import Malformed, Misuse

HEAD_BYTES = 65_536
"""What `Format.recognise` is given of a file, at most."""


class Broken(Malformed):
    """The frame of a file is not well-formed: two documents, NaN, a document type, text of another format."""

    def __init__(self, reason: str, at: At, *, remedy: str = "get the file again from who made it") -> None:
        place = ", ".join(f"{name} {value}" for name, value in (("line", at.line), ("byte", at.offset)) if value >= 0)
        super().__init__(f"the file is not well-formed: {reason}" + (f" ({place})" if place else ""), remedy=remedy)
        self.reason = reason
        self.at = at


class Unwelcome(Misuse):
    """A file that is well-formed and is not taken in: a list of harmless files, a data model that nobody knows."""

    def __init__(self, reason: str, at: At, *, remedy: str) -> None:
        super().__init__(reason, remedy=remedy)
        self.reason = reason
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person states about a file where it does not say enough.

    `algorithm`: the kind of bare hashes; `scheme` and `scheme_version`: of its categories; `columns`: for tables, the
    name or number (from 1) of a column -> what it holds (`column_roles.ROLES`); `now`: Unix seconds, for rows that say
    until when they hold.
    """

    algorithm: FingerprintKind | None = None
    scheme: str = ""
    scheme_version: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    now: float = field(default_factory=time.time)


Reader = Callable[[Iterable[bytes], Choices], Iterator[Item]]
"""Takes a file's bytes in chunks that are cut anywhere. Raises `Broken`, `Unwelcome`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format. `name`: as in `--as`; `title`: for people; `recognise`: whether a file is of this format by its first
    `HEAD_BYTES` bytes. It never raises.
    """

    name: str
    title: str
    recognise: Callable[[bytes], bool]
    read: Reader
