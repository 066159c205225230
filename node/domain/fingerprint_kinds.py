"""The kinds of fingerprints that this version understands: one value per kind, with its properties and behaviour.

Rules this module upholds:

- A kind is data (`FingerprintKind`), not a class hierarchy. An unknown kind is an integer code that is stored, sent on
  and reported as not searched.
- Other modules ask a kind what it does. They do not compare it with a list of kinds. A module that is about one kind
  (`videos` about frames, `allowing` about SHA-256) may name that kind.
- What a layer alone can know of a kind (a column, a search of the index, a spelling) is one row in one table of that
  layer: `match.searched_kinds`, `store.kept_kinds`, `interop.kind_spellings`. The wire needs none: it carries the code.
- Thresholds are defined here once, with unit and source.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

PDQ_BITS: Final = 256
PDQ_RADIUS: Final = 31
"""Bits of 256 within which two PDQ hashes match (ThreatExchange, PDQ README: "match <= 31")."""
PDQ_QUALITY_FLOOR: Final = 50
"""PDQ qualities run 0..100; 49 and below are discarded (ThreatExchange, PDQ README)."""
PHASH_RADIUS: Final = 6
"""Bits of 64 within which two pHashes are shown as a second opinion. Across a border it is never a hit of its own."""
_PDQ_TELLS: Final = (64, 192)
_PHASH_TELLS: Final = (16, 48)
"""Set bits of a hash with usable content: half of them, plus or minus a quarter. Measured: all 612 photographs whose
PDQ reaches the floor have 128 of 256 and 32 of 64 (ADR 30)."""


class Says(IntEnum):
    """What a match means. Another member learns the first of these that applies (`usecases.disclosing`)."""

    SAME_FILE = 0
    """Equal digests that nobody can forge."""
    FORGEABLE = 1
    """Equal digests of a broken algorithm."""
    PICTURE = 2
    """Two pictures look alike."""
    FRAME = 3
    """A picture looks like a frame of a video."""
    VIDEOS = 4
    """Two videos share frames."""
    OPINION = 5
    """A weaker hash agrees. It never decides."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FingerprintKind:
    """A kind of fingerprint. There is one value for each kind, so kinds are compared by identity.

    Properties: `code` is its number in a body, `size` its length in bytes, `label` how people write it. `exact`: two
    values match only if they are equal.

    What may match: `has_quality` (0..100, compared with the policy's floor); `telling`: the fewest and the most set
    bits of a hash with usable content, None for no limit; `vouched_by`: the kind whose quality vouches for this one;
    without it this one does not count. A kind with a voucher is a second opinion: other members are not asked for it.
    `searched`: False for a kind that is only stored and sent on. `base64`: people write it in base64 too.

    How it is compared: `own_radius` in bits, None for the radius of the policy; `is_pdq`: it is compared with every
    kind that is a PDQ hash; `oriented`: the asker sends a hash for each orientation; `timed`: it has a time in a video,
    and the searcher turns it by its bits; `from_pixels`: computed here from what a picture shows, so that a picture's
    variants (without borders, on a background) have it too.

    The meaning of a match: `says`; `strength` orders the hits on one pair of a holding and a record, the lowest first.
    If PDQ and a weak digest both match a pair, the hit names PDQ (`match.ranking`).
    """

    name: str
    code: int
    size: int
    label: str
    exact: bool
    says: Says
    strength: int
    has_quality: bool = False
    telling: tuple[int, int] | None = None
    vouched_by: FingerprintKind | None = None
    searched: bool = True
    own_radius: int | None = None
    is_pdq: bool = False
    oriented: bool = False
    timed: bool = False
    from_pixels: bool = False
    base64: bool = False

    @property
    def weak(self) -> bool:
        """Whether it is a digest that can be forged."""
        return self.says is Says.FORGEABLE

    @property
    def second_opinion(self) -> bool:
        """Whether another kind must vouch for it."""
        return self.vouched_by is not None

    def radius(self, agreed: int) -> int:
        """Bits within which it matches. `agreed`: the radius of the policy."""
        return agreed if self.own_radius is None else self.own_radius


MD5: Final = FingerprintKind(
    name="md5", code=1, size=16, label="MD5", exact=True, own_radius=0, says=Says.FORGEABLE, strength=40
)
SHA1: Final = FingerprintKind(
    name="sha1", code=2, size=20, label="SHA-1", exact=True, own_radius=0, says=Says.FORGEABLE, strength=30
)
SHA256: Final = FingerprintKind(
    name="sha256", code=3, size=32, label="SHA-256", exact=True, own_radius=0, says=Says.SAME_FILE, strength=10
)
PDQ: Final = FingerprintKind(
    name="pdq",
    code=4,
    size=PDQ_BITS // 8,
    label="PDQ",
    exact=False,
    says=Says.PICTURE,
    strength=20,
    has_quality=True,
    telling=_PDQ_TELLS,
    is_pdq=True,
    oriented=True,
    from_pixels=True,
)
PHASH: Final = FingerprintKind(
    name="phash",
    code=5,
    size=8,
    label="pHash",
    exact=False,
    own_radius=PHASH_RADIUS,
    says=Says.OPINION,
    strength=70,
    telling=_PHASH_TELLS,
    vouched_by=PDQ,
    from_pixels=True,
)
PHOTODNA: Final = FingerprintKind(
    name="photodna",
    code=6,
    size=144,
    label="PhotoDNA",
    exact=True,
    own_radius=0,
    says=Says.PICTURE,
    strength=80,
    base64=True,
)
"""Proprietary: nothing here computes it. Its bytes are opaque and are compared as a whole."""
FRAME: Final = FingerprintKind(
    name="vpdq-frame",
    code=7,
    size=PDQ.size,
    label="video frame",
    exact=False,
    says=Says.FRAME,
    strength=60,
    has_quality=True,
    telling=_PDQ_TELLS,
    is_pdq=True,
    timed=True,
    from_pixels=True,
)
"""The PDQ of one frame of a video or an animated picture. The rules of PDQ apply: radius, quality floor, bit order."""

KINDS: Final = (MD5, SHA1, SHA256, PDQ, PHASH, PHOTODNA, FRAME)
KIND_BY_CODE: Final = {kind.code: kind for kind in KINDS}
KIND_BY_NAME: Final = {kind.name: kind for kind in KINDS}


def name_of(code: int) -> str:
    """The name of a kind in `--json` and answers, by its code: `unknown-N` if this version does not know it."""
    kind = KIND_BY_CODE.get(code)
    return kind.name if kind else f"unknown-{code}"
