"""Where the fingerprints of holdings and of lists are kept: one row for each kind.

Rules this module upholds:

- A new kind needs a row here for holdings: a column of `holdings` (and a migration), a table of its own, or `NOT_KEPT`;
  and one for lists: a field of `Reference`, or `NOT_LISTED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Table

from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, PHASH, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.store.tables.holdings import holding_frames, holdings


class Kept(NamedTuple):
    """The columns of a kind of which a row has one at most. b"" in `value`: it has none. `quality` None: the kind has
    no quality.
    """

    value: Column[Any]
    quality: Column[Any] | None = None


class Field(NamedTuple):
    """The fields of `Reference` that have a kind. `quality` None: the kind has no quality."""

    value: str
    quality: str | None = None


COLUMNS: Final[Mapping[FingerprintKind, Kept]] = {
    MD5: Kept(holdings.c.md5),
    SHA1: Kept(holdings.c.sha1),
    SHA256: Kept(holdings.c.sha256),
    PDQ: Kept(holdings.c.pdq, holdings.c.pdq_quality),
    PHASH: Kept(holdings.c.phash),
}
PACKED: Final[Mapping[FingerprintKind, Table]] = {FRAME: holding_frames}
"""Kinds of which a holding may have thousands, and their tables (`store.frames`)."""
NOT_KEPT: Final = frozenset({PHOTODNA})
"""Kinds that no holding has, because nothing here computes them."""
LISTED: Final[Mapping[FingerprintKind, Field]] = {
    MD5: Field("md5"),
    SHA1: Field("sha1"),
    SHA256: Field("sha256"),
    PDQ: Field("pdq", "pdq_quality"),
    PHOTODNA: Field("photodna"),
}
NOT_LISTED: Final = frozenset({PHASH, FRAME})
"""Kinds that no format of lists has."""
