"""How other programs write each kind of hash: one row for each kind.

Rules this module upholds:

- A new kind needs one row here. Its own name is always understood; the row has what other programs write.
- Digits without a name are of a kind only if no other kind has as many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from node.domain.fingerprint_kinds import FRAME, KINDS, MD5, PDQ, PHASH, PHOTODNA, SHA1, SHA256, FingerprintKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """`names`: other spellings, in lower case. `bare`: whether digits without a name are of this kind. `ambiguous`: why
    they are not, for the person who typed them, "" if nothing is to be said.
    """

    names: tuple[str, ...] = ()
    bare: bool = False
    ambiguous: str = ""


SPELLINGS: Final[Mapping[FingerprintKind, Spelling]] = {
    MD5: Spelling(bare=True),
    SHA1: Spelling(names=("sha-1",), bare=True),
    SHA256: Spelling(
        names=("sha-256", "sha2-256", "sha2_256", "sha_256"),
        ambiguous="64 hex digits are a SHA-256 or a PDQ, and the list does not say which",
    ),
    PDQ: Spelling(),
    PHASH: Spelling(ambiguous="16 hex digits can be a pHash, and the list does not say so"),
    PHOTODNA: Spelling(),
    FRAME: Spelling(),
}
BY_SPELLING: Final = {name: kind for kind, row in SPELLINGS.items() for name in (kind.name, *row.names)}
BY_DIGITS: Final = {2 * kind.size: kind for kind, row in SPELLINGS.items() if row.bare}
"""Kinds that a number of hex digits alone tells."""
AMBIGUOUS: Final = {2 * kind.size: row.ambiguous for kind, row in SPELLINGS.items() if row.ambiguous}
"""Numbers of hex digits that tell no kind, and why."""
IN_COLUMNS: Final = tuple(kind.name for kind in KINDS if kind.searched and not kind.timed)
"""Kinds that a table has in a column named for them, such as `MD5Hash`."""
