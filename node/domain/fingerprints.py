"""Fingerprints: one checked hash of one item, and its parser for typed text.

Rules this module upholds:

- Values are bytes of exactly the kind's length. Text is lower-case hex, PDQ in the published bit order
  (facebook/ThreatExchange: the hex string read as one big-endian 256-bit number), so hex -> bytes is `bytes.fromhex`.
- A kind that people write in base64 too (`FingerprintKind.base64`) is read in both. The length tells which.
"""

from __future__ import annotations

from binascii import Error, a2b_base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import (
    FRAME,
    KIND_BY_CODE,
    KIND_BY_NAME,
    KINDS,
    PDQ,
    PDQ_QUALITY_FLOOR,
    FingerprintKind,
)
from node.errors import Malformed, Misuse

if TYPE_CHECKING:
    from collections.abc import Iterable

UNSTATED_QUALITY: Final = -1
"""A perceptual hash without a stated quality (a bare hash typed by a person). Never contributed."""


_SEARCHED: Final = {
    kind.code: (kind.size, *(kind.telling or (0, 0)), kind.has_quality) for kind in KINDS if kind.searched
}
"""Of each kind that is searched: its bytes, the least and the most bits of a hash that tells something (0: of any), and
whether it has a quality."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One hash of one item.

    `code` is the kind's number, known here or not. `value` is the raw hash. `quality` is 0..100 for kinds that have
    one, `UNSTATED_QUALITY` where nobody stated it, and None for kinds that have none. `at`: of a frame, when it is
    shown, in milliseconds from the start; None where nobody said.
    """

    code: int
    value: bytes
    quality: int | None = None
    at: int | None = None

    @property
    def kind(self) -> FingerprintKind | None:
        """The kind, or None if this version does not know the code."""
        return KIND_BY_CODE.get(self.code)

    @property
    def degenerate(self) -> bool:
        """Whether it is a perceptual hash without usable content: of a plain surface, or made up to be near many
        others.
        """
        kind = self.kind
        bits = kind.telling if kind else None
        return bits is not None and not bits[0] <= int.from_bytes(self.value, "big").bit_count() <= bits[1]

    def may_match(self, floor: int) -> bool:
        """Whether this fingerprint may match at all: a known kind of the right length, not below the quality `floor` of
        the policy, not degenerate. For a pHash, its PDQ decides as well (`matchable`).
        """
        # Called for every fingerprint of every incoming question: one look-up instead of six.
        known = _SEARCHED.get(self.code)
        if known is None:
            return False
        size, least, most, rated = known
        if len(self.value) != size or (most and not least <= int.from_bytes(self.value, "big").bit_count() <= most):
            return False
        quality = self.quality
        return not rated or quality is None or quality == UNSTATED_QUALITY or quality >= floor

    def may_leave(self, floor: int) -> bool:
        """Whether it may be sent in a record: known, complete, not degenerate, of stated quality at or above the
        `floor`.
        """
        kind = self.kind
        if kind is None or len(self.value) != kind.size or self.degenerate:
            return False
        return not kind.has_quality or (self.quality is not None and self.quality >= max(floor, 0))

    @property
    def searchable(self) -> bool:
        """As `may_match`, with the published floor: for callers without a policy."""
        return self.may_match(PDQ_QUALITY_FLOOR)

    @property
    def contributable(self) -> bool:
        """As `may_leave`, with the published floor: for callers without a policy."""
        return self.may_leave(PDQ_QUALITY_FLOOR)


def has_frames(fingerprints: Iterable[Fingerprint]) -> bool:
    """Whether frames of a video or an animated picture are among these."""
    return any(each.code == FRAME.code for each in fingerprints)


def make(kind: FingerprintKind, value: bytes, quality: int | None = None) -> Fingerprint:
    """A checked `Fingerprint` of a known kind. Raises `Malformed` for a wrong length or quality."""
    if len(value) != kind.size:
        raise Malformed(f"{kind.name} is {kind.size} bytes long, not {len(value)}")
    if not kind.has_quality:
        if quality is not None:
            raise Malformed(f"{kind.name} has no quality")
        return Fingerprint(code=kind.code, value=value)
    if quality is None:
        quality = UNSTATED_QUALITY
    if not UNSTATED_QUALITY <= quality <= 100:  # noqa: PLR2004  (the published scale)
        raise Malformed(f"a quality is between 0 and 100, not {quality}")
    return Fingerprint(code=kind.code, value=value, quality=quality)


def value_of(kind: FingerprintKind, text: str) -> bytes | None:
    """The hash that a text states, in hex, or in base64 if the kind is written so; None if it states no such hash."""
    try:
        if kind.base64 and len(text) == kind.size * 4 // 3:  # sizes in base64 are multiples of three: no padding
            value = a2b_base64(text, strict_mode=True)
        else:
            value = bytes.fromhex(text) if text.isascii() and text.isalnum() else b""
    except (ValueError, Error):
        return None
    return value if len(value) == kind.size else None


def length_words(kind: FingerprintKind) -> str:
    """How long a hash of this kind is when it is written."""
    also = f" or {kind.size * 4 // 3} characters of base64" if kind.base64 else ""
    return f"a {kind.name} hash is {kind.size * 2} hex digits{also}"


def parse(text: str) -> Fingerprint:
    """Parses what a person types: `ALGORITHM:HEX` (PhotoDNA in base64 too), or a bare 64 hex digits (PDQ of unstated
    quality).

    Raises `Misuse` with the remedy. SHA-256 is also 64 digits, so it needs its name.
    """
    name, colon, digits = text.strip().partition(":")
    if not colon:
        name, digits = "pdq", name
        if len(digits) != 2 * PDQ.size:
            raise Misuse(
                f"a bare hash is a PDQ of {2 * PDQ.size} hex digits; the given text has {len(digits)} characters",
                remedy="write ALGORITHM:HEX for another kind, such as md5:HEX, and check that all of it was copied",
            )
    kind = KIND_BY_NAME.get(name.lower())
    if kind is None:
        known = ", ".join(KIND_BY_NAME)
        raise Misuse(f"unknown algorithm {name[:20]!r}", remedy=f"write ALGORITHM:HEX with one of {known}")
    value = value_of(kind, digits)
    if value is None:
        raise Misuse(
            f"{length_words(kind)}; the given text has {len(digits)} characters",
            remedy="check that the whole hash was copied, without spaces",
        )
    return make(kind, value)
