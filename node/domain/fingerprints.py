"""Fingerprints: what a hash is, and which kinds this version understands.

Rules this module upholds:

- A kind is data (`FingerprintKind`), not a class hierarchy: a kind this version does not know is an integer code that
  is kept, carried and reported as not searched.
- Values are bytes of exactly the kind's length. Text is lower-case hex, PDQ in the published bit order
  (facebook/ThreatExchange: the hex string read as one big-endian 256-bit number), so hex -> bytes is `bytes.fromhex`.
- Thresholds live here once, with unit and source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.errors import Malformed, Misuse

PDQ_BITS: Final = 256
PDQ_RADIUS: Final = 31
"""Bits of 256 within which two PDQ hashes match (ThreatExchange, PDQ README: "match <= 31")."""
PDQ_QUALITY_FLOOR: Final = 50
"""PDQ qualities run 0..100; 49 and below are discarded (ThreatExchange, PDQ README)."""
PHASH_RADIUS: Final = 6
"""Bits of 64 within which two pHashes are shown as a second opinion. Never a hit of its own across a border."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintKind:
    """A kind of fingerprint. `code` is its number in a body; `size` its length in bytes; `weak`: a broken digest."""

    name: str
    code: int
    size: int
    exact: bool
    weak: bool = False
    has_quality: bool = False


MD5: Final = FingerprintKind(name="md5", code=1, size=16, exact=True, weak=True)
SHA1: Final = FingerprintKind(name="sha1", code=2, size=20, exact=True, weak=True)
SHA256: Final = FingerprintKind(name="sha256", code=3, size=32, exact=True)
PDQ: Final = FingerprintKind(name="pdq", code=4, size=32, exact=False, has_quality=True)
PHASH: Final = FingerprintKind(name="phash", code=5, size=8, exact=False)
PHOTODNA: Final = FingerprintKind(name="photodna", code=6, size=144, exact=False)
FRAME: Final = FingerprintKind(name="vpdq-frame", code=7, size=32, exact=False, has_quality=True)
"""The PDQ of one frame of a video or an animated picture. The rules of PDQ hold for it: radius, quality floor, order of
bits."""

KINDS: Final = (MD5, SHA1, SHA256, PDQ, PHASH, PHOTODNA, FRAME)
KIND_BY_CODE: Final = {kind.code: kind for kind in KINDS}
KIND_BY_NAME: Final = {kind.name: kind for kind in KINDS}

TELLING_BITS: Final = {PDQ.code: (64, 192), FRAME.code: (64, 192), PHASH.code: (16, 48)}
"""How many bits of a perceptual hash are set, at least and at most, where it tells anything: half of them, give or take
a quarter. Measured: 612 photographs whose PDQ reaches the floor have 128 of 256 and 32 of 64, every one (ADR 30)."""

UNSTATED_QUALITY: Final = -1
"""A perceptual hash whose quality nobody stated (a bare hash typed by a person). Never contributed."""


_SEARCHED: Final = {
    kind.code: (kind.size, *TELLING_BITS.get(kind.code, (0, 0)), kind.has_quality)
    for kind in KINDS
    if kind is not PHOTODNA
}
"""Of each kind that is searched: its bytes, the least and the most bits of a hash that tells something (0: of any), and
whether it has a quality."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One hash of one thing.

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
        """The kind, or None where this version does not know the code."""
        return KIND_BY_CODE.get(self.code)

    @property
    def degenerate(self) -> bool:
        """Whether it is a perceptual hash that tells nothing: one of a plain surface, or made up to be near to many."""
        bits = TELLING_BITS.get(self.code)
        return bits is not None and not bits[0] <= int.from_bytes(self.value, "big").bit_count() <= bits[1]

    def may_match(self, floor: int) -> bool:
        """Whether this fingerprint may match at all: a known kind of the right length, not below the quality `floor` of
        the policy, not degenerate. Of a pHash its PDQ decides besides (`matchable`).
        """
        # Every fingerprint of every question that comes is asked this: one look-up in place of six.
        known = _SEARCHED.get(self.code)
        if known is None:
            return False
        size, least, most, rated = known
        if len(self.value) != size or (most and not least <= int.from_bytes(self.value, "big").bit_count() <= most):
            return False
        quality = self.quality
        return not rated or quality is None or quality == UNSTATED_QUALITY or quality >= floor

    def may_leave(self, floor: int) -> bool:
        """Whether it may leave in a record: known, whole, not degenerate, of stated quality at or above the `floor`."""
        kind = self.kind
        if kind is None or len(self.value) != kind.size or self.degenerate:
            return False
        return not kind.has_quality or (self.quality is not None and self.quality >= max(floor, 0))

    @property
    def searchable(self) -> bool:
        """As `may_match`, with the published floor: for whoever has no policy."""
        return self.may_match(PDQ_QUALITY_FLOOR)

    @property
    def contributable(self) -> bool:
        """As `may_leave`, with the published floor: for whoever has no policy."""
        return self.may_leave(PDQ_QUALITY_FLOOR)


def make(kind: FingerprintKind, value: bytes, quality: int | None = None) -> Fingerprint:
    """A checked `Fingerprint` of a known kind. Raises `Malformed` on a wrong length or quality."""
    if len(value) != kind.size:
        raise Malformed(f"{kind.name} is {kind.size} bytes long, not {len(value)}")
    if not kind.has_quality:
        if quality is not None:
            raise Malformed(f"{kind.name} has no quality")
        return Fingerprint(code=kind.code, value=value)
    if quality is None:
        quality = UNSTATED_QUALITY
    if not UNSTATED_QUALITY <= quality <= 100:  # noqa: PLR2004  (the published scale)
        raise Malformed(f"a quality lies between 0 and 100, not {quality}")
    return Fingerprint(code=kind.code, value=value, quality=quality)


def parse(text: str) -> Fingerprint:
    """Reads what a person types: `ALGORITHM:HEX`, or a bare 64 hex digits (PDQ of unstated quality).

    Raises `Misuse` with the remedy. SHA-256 is also 64 digits, so it needs its name.
    """
    name, colon, digits = text.strip().partition(":")
    if not colon:
        name, digits = "pdq", name
        if len(digits) != 2 * PDQ.size:
            raise Misuse(
                f"a bare hash is a PDQ of {2 * PDQ.size} hex digits; what was given has {len(digits)} characters",
                remedy="write ALGORITHM:HEX for another kind, such as md5:HEX, and check that all of it was copied",
            )
    kind = KIND_BY_NAME.get(name.lower())
    if kind is None:
        known = ", ".join(KIND_BY_NAME)
        raise Misuse(f"unknown algorithm {name[:20]!r}", remedy=f"write ALGORITHM:HEX with one of {known}")
    try:
        value = bytes.fromhex(digits) if digits.isascii() and digits.isalnum() else b""
    except ValueError:
        value = b""
    if len(value) != kind.size:
        raise Misuse(
            f"a {kind.name} hash is {kind.size * 2} hex digits; what was given has {len(digits)} characters",
            remedy="check that the whole hash was copied, without spaces",
        )
    return make(kind, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimmedFingerprints:
    """The perceptual hashes of what lies within a picture's plain borders: a further variant of a query, never stored.

    `box`: left, top, right and bottom of the inside in pixels, the last two not included; the rest as in
    `PictureFingerprints`.
    """

    box: tuple[int, int, int, int]
    pdq_quality: int
    pdq_orientations: tuple[bytes, ...]
    phash: bytes

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Both hashes as `Fingerprint`s."""
        return (
            Fingerprint(code=PDQ.code, value=self.pdq_orientations[0], quality=self.pdq_quality),
            Fingerprint(code=PHASH.code, value=self.phash),
        )


WHITE: Final = "white"
BLACK: Final = "black"
BACKGROUNDS: Final = (WHITE, BLACK)
"""What a viewer shows behind the transparent parts of a picture: most browsers white, most dark programs black."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedFingerprints:
    """The perceptual hashes of a picture with transparent parts as it is shown on a `background` (of `BACKGROUNDS`).

    A further look at the same picture: kept beside its holding and looked for, but never in a record, which has the
    published reference's hash (transparency dropped). The rest as in `PictureFingerprints`.
    """

    background: str
    pdq_quality: int
    pdq_orientations: tuple[bytes, ...]
    phash: bytes

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Both hashes as `Fingerprint`s."""
        return (
            Fingerprint(code=PDQ.code, value=self.pdq_orientations[0], quality=self.pdq_quality),
            Fingerprint(code=PHASH.code, value=self.phash),
        )


def _digests(md5: bytes, sha1: bytes, sha256: bytes) -> tuple[Fingerprint, ...]:
    """The digests of a file (16, 20 and 32 bytes), the same of every kind of material."""
    return (
        Fingerprint(code=MD5.code, value=md5),
        Fingerprint(code=SHA1.code, value=sha1),
        Fingerprint(code=SHA256.code, value=sha256),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFrame:
    """One sampled frame of a video or an animated picture: `at` milliseconds from the start, `pdq` 32 bytes, `quality`
    0..100.
    """

    at: int
    pdq: bytes
    quality: int

    def fingerprint(self) -> Fingerprint:
        """The frame as a `Fingerprint`."""
        return Fingerprint(code=FRAME.code, value=self.pdq, quality=self.quality, at=self.at)


def _in_order(*frames: VideoFrame) -> tuple[Fingerprint, ...]:
    """Frames as `Fingerprint`s in the order in which they are shown."""
    return tuple(frame.fingerprint() for frame in sorted(frames, key=lambda frame: frame.at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Animation:
    """What an animated picture shows. Its first frame is the picture itself, and is among the `frames` all the same.

    `frames` and `between` as in `VideoFingerprints`; `milliseconds`: how long it takes to be shown once, as far as it
    could be read.
    """

    frames: tuple[VideoFrame, ...]
    between: tuple[VideoFrame, ...]
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFingerprints:
    """Everything that one decode of one picture gives (shape of the `vigil fingerprint` line, without the path).

    `size` in bytes; `pdq_orientations` the PDQ of all eight orientations in the order of `ORIENTATIONS`, the first
    being `pdq` itself; `width`, `height` in pixels after the EXIF orientation was applied; `trimmed` None where the
    picture has no plain border, `animation` None where no more than one frame of it was read. All else is of that
    frame. `composed`: how it looks on a background where it has transparent parts, at most one for each of
    `BACKGROUNDS`, in their order, and only looks that differ from `pdq` by more than its radius. `note`: why not all of
    its frames were read, "" where they were.
    """

    media_type: str
    size: int
    md5: bytes
    sha1: bytes
    sha256: bytes
    pdq: bytes
    pdq_quality: int
    pdq_orientations: tuple[bytes, ...]
    phash: bytes
    width: int
    height: int
    trimmed: TrimmedFingerprints | None = None
    animation: Animation | None = None
    note: str = ""
    composed: tuple[ComposedFingerprints, ...] = ()

    @property
    def frames(self) -> tuple[VideoFrame, ...]:
        """The frames that are kept of an animated picture; none of another."""
        return self.animation.frames if self.animation else ()

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """What a record may have, PDQ and frames at any quality (whether one is contributable, it says itself)."""
        return (*self._still(), *_in_order(*self.frames))

    def kept(self) -> tuple[Fingerprint, ...]:
        """What its holding is found by here: the same, and the further looks."""
        return (*self.fingerprints(), *self._looks())

    def probes(self) -> tuple[Fingerprint, ...]:
        """What is looked for: the same as a record has, the variant without plain borders, the further looks (in this
        order: `queries.Subject`), and the frames between those kept.
        """
        inside = self.trimmed.fingerprints() if self.trimmed else ()
        between = self.animation.between if self.animation else ()
        return (*self._still(), *inside, *self._looks(), *_in_order(*self.frames, *between))

    def _looks(self) -> tuple[Fingerprint, ...]:
        return tuple(each for look in self.composed for each in look.fingerprints())

    def _still(self) -> tuple[Fingerprint, ...]:
        return (
            *_digests(self.md5, self.sha1, self.sha256),
            Fingerprint(code=PDQ.code, value=self.pdq, quality=self.pdq_quality),
            Fingerprint(code=PHASH.code, value=self.phash),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFingerprints:
    """Everything that one reading of one video gives.

    `size` in bytes; `frames` one a second, in order, which is what is kept and shared; `between` further ones, which
    are looked for and never kept, as a picture's orientations are: a copy that was cut by half a second shows other
    frames at its whole seconds, and one in a letterbox has its frames within plain borders. `milliseconds`: how long it
    is, as far as it could be read. `width`, `height` in pixels, upright. `note`: why it was not read whole, "" where it
    was.
    """

    media_type: str
    size: int
    md5: bytes
    sha1: bytes
    sha256: bytes
    frames: tuple[VideoFrame, ...]
    between: tuple[VideoFrame, ...]
    milliseconds: int
    width: int
    height: int
    note: str = ""

    @property
    def composed(self) -> tuple[ComposedFingerprints, ...]:
        """None."""
        return ()

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """The digests, and the frames at any quality (whether one is contributable, it says itself)."""
        return (
            *_digests(self.md5, self.sha1, self.sha256),
            *(frame.fingerprint() for frame in self.frames),
        )

    def kept(self) -> tuple[Fingerprint, ...]:
        """What its holding is found by here: the same."""
        return self.fingerprints()

    def probes(self) -> tuple[Fingerprint, ...]:
        """What is looked for: the digests, and all frames in the order in which they are shown."""
        return (*self.fingerprints()[:3], *_in_order(*self.frames, *self.between))


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFingerprints:
    """What any file gives, whatever it is: its digests. A holding and a record may consist of these alone.

    `media_type`: what its content seems to be (IANA), "application/octet-stream" where nobody knows; `size` in bytes;
    `note`: why it has no perceptual hashes, in plain words.
    """

    media_type: str
    size: int
    md5: bytes
    sha1: bytes
    sha256: bytes
    note: str = ""

    @property
    def frames(self) -> tuple[VideoFrame, ...]:
        """None."""
        return ()

    @property
    def composed(self) -> tuple[ComposedFingerprints, ...]:
        """None."""
        return ()

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """The digests."""
        return _digests(self.md5, self.sha1, self.sha256)

    def kept(self) -> tuple[Fingerprint, ...]:
        """What its holding is found by here: the same."""
        return self.fingerprints()

    def probes(self) -> tuple[Fingerprint, ...]:
        """What is looked for: the same."""
        return self.fingerprints()


MaterialFingerprints = PictureFingerprints | VideoFingerprints | DigestFingerprints


ORIENTATIONS: Final = ("original", "rotate90", "rotate180", "rotate270", "flip", "flop", "transpose", "transverse")
"""The dihedral group of the square, in pdqhash.compute_dihedral's order: original, rotated 90, 180 and 270 degrees
counter-clockwise, flipped top to bottom, mirrored left to right, and mirrored on either diagonal."""
