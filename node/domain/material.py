"""The result of decoding or reading a file: the fingerprints of a picture, of a video, or only the digests.

Rules this module upholds:

- Each kind of material says what a record of it may have (`fingerprints`), what its holding is found by (`kept`) and
  what is searched for (`probes`).
- Previews travel beside the fingerprints, where they were asked for. They are no part of a record, a search or a
  comparison, and `repr` does not show them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, PHASH, SHA1, SHA256
from node.domain.fingerprints import Fingerprint

if TYPE_CHECKING:
    from node.domain.previews import Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimmedFingerprints:
    """The perceptual hashes of a picture inside its plain borders: a further variant of a query, never stored.

    `box`: left, top, right and bottom of the inside in pixels, the last two not included; the rest as in
    `PictureFingerprints`.
    """

    box: tuple[int, int, int, int]
    pdq_quality: int
    pdq_orientations: tuple[bytes, ...]
    phash: bytes

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Both hashes as `Fingerprint`s."""
        return _perceptual(self.pdq_orientations[0], self.pdq_quality, self.phash)


WHITE: Final = "white"
BLACK: Final = "black"
BACKGROUNDS: Final = (WHITE, BLACK)
"""What a viewer shows behind the transparent parts of a picture: most browsers white, most dark programs black."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedFingerprints:
    """The perceptual hashes of a picture with transparent parts, as shown on a `background` (of `BACKGROUNDS`).

    A further look at the same picture: stored with its holding and searched for, but never in a record, which has the
    published reference's hash (transparency dropped). The rest as in `PictureFingerprints`.
    """

    background: str
    pdq_quality: int
    pdq_orientations: tuple[bytes, ...]
    phash: bytes

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Both hashes as `Fingerprint`s."""
        return _perceptual(self.pdq_orientations[0], self.pdq_quality, self.phash)


def _perceptual(pdq: bytes, quality: int, phash: bytes) -> tuple[Fingerprint, ...]:
    """PDQ (32 bytes, quality 0..100) and pHash (8 bytes) of one picture."""
    return (
        Fingerprint(code=PDQ.code, value=pdq, quality=quality),
        Fingerprint(code=PHASH.code, value=phash),
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
    """Frames as `Fingerprint`s in display order."""
    return tuple(frame.fingerprint() for frame in sorted(frames, key=lambda frame: frame.at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Animation:
    """What an animated picture shows. Its first frame is the picture itself, and is also among the `frames`.

    `frames` and `between` as in `VideoFingerprints`; `milliseconds`: the length of one run, as far as it could be read.
    """

    frames: tuple[VideoFrame, ...]
    between: tuple[VideoFrame, ...]
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFingerprints:
    """The result of decoding one picture (fields of the `vigil fingerprint` line, without the path).

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
    previews: tuple[Preview, ...] = field(default=(), repr=False, compare=False)

    @property
    def frames(self) -> tuple[VideoFrame, ...]:
        """The stored frames of an animated picture; empty for another picture."""
        return self.animation.frames if self.animation else ()

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """What a record may have: PDQ and frames of any quality (each says itself whether it may be contributed)."""
        return (*self._still(), *_in_order(*self.frames))

    def kept(self) -> tuple[Fingerprint, ...]:
        """What its holding is found by here: the same, and the further looks."""
        return (*self.fingerprints(), *self._looks())

    def probes(self) -> tuple[Fingerprint, ...]:
        """What is searched for: the same as a record has, the variant without plain borders, the further looks (in this
        order: `queries.Subject`), and the frames between the stored ones.
        """
        inside = self.trimmed.fingerprints() if self.trimmed else ()
        between = self.animation.between if self.animation else ()
        return (*self._still(), *inside, *self._looks(), *_in_order(*self.frames, *between))

    def _looks(self) -> tuple[Fingerprint, ...]:
        return tuple(each for look in self.composed for each in look.fingerprints())

    def _still(self) -> tuple[Fingerprint, ...]:
        return (
            *_digests(self.md5, self.sha1, self.sha256),
            *_perceptual(self.pdq, self.pdq_quality, self.phash),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFingerprints:
    """The result of reading one video.

    `size` in bytes; `frames`: one per second, in order, which are stored and shared; `between`: further ones, which are
    searched for and never stored, like a picture's orientations. A copy that was cut by half a second shows other
    frames at its whole seconds, and the frames of a letterboxed copy lie within plain borders. `milliseconds`: its
    length, as far as it could be read. `width`, `height` in pixels, upright. `note`: why it was not read whole, "" if
    it was.
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
    previews: tuple[Preview, ...] = field(default=(), repr=False, compare=False)

    @property
    def composed(self) -> tuple[ComposedFingerprints, ...]:
        """None."""
        return ()

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """The digests, and the frames at any quality (each says itself whether it may be contributed)."""
        return (
            *_digests(self.md5, self.sha1, self.sha256),
            *(frame.fingerprint() for frame in self.frames),
        )

    def kept(self) -> tuple[Fingerprint, ...]:
        """What its holding is found by here: the same."""
        return self.fingerprints()

    def probes(self) -> tuple[Fingerprint, ...]:
        """What is searched for: the digests, and all frames in display order."""
        return (*self.fingerprints()[:3], *_in_order(*self.frames, *self.between))


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFingerprints:
    """The result for any file: its digests. A holding and a record may consist of these alone.

    `media_type`: the apparent type of its content (IANA), "application/octet-stream" if unknown; `size` in bytes;
    `note`: why it has no perceptual hashes, in plain words.
    """

    media_type: str
    size: int
    md5: bytes
    sha1: bytes
    sha256: bytes
    note: str = ""

    @property
    def previews(self) -> tuple[Preview, ...]:
        """None."""
        return ()

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
        """What is searched for: the same."""
        return self.fingerprints()


MaterialFingerprints = PictureFingerprints | VideoFingerprints | DigestFingerprints
