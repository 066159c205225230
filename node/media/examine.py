"""Examines one region: its digests and its visible content. Module `inside` examines the parts inside it.

Rules this module upholds:

- Every file and every part has its digests, of any format. They are computed first, so no later failure can lose them.
- The content selects the decoder (`kinds`). Content that cannot be decoded gets its digests and a note with the reason.
  Only a file that cannot be read is an error.
- A region that is decoded in memory is read once. So its digests and its pixels come from the same bytes.
"""

from __future__ import annotations

from dataclasses import replace

from node.domain.material import DigestFingerprints, MaterialFingerprints
from node.errors import Empty, MediaError
from node.media.allowance import Allow
from node.media.kinds import MAX_BLANK, Kind, kind_of
from node.media.picture import MAX_PICTURE_BYTES, fingerprint_picture
from node.media.region import EMPTY, MAX_FILE_BYTES, Region
from node.media.shortage import LACKED, MEMORY, Shortage, shortage
from node.media.video import fingerprint_video


def fingerprint_region(region: Region, allow: Allow) -> MaterialFingerprints:
    """Returns all fingerprints of a region, without its parts. Raises `MediaError` if it cannot be read, and
    `Shortage`, with the partial result, if a resource of ours ran out.
    """
    kind = kind_of(region)
    digests = take_digests(region, kind)
    try:
        return look(region, kind, digests, allow)
    finally:
        region.let_go()


def take_digests(region: Region, kind: Kind) -> DigestFingerprints:
    """Returns the digests of a region. A region that is decoded in memory stays in memory. Raises `Empty`, and
    `MediaError` if it cannot be read.
    """
    if region.size == 0:
        raise Empty(EMPTY)
    if region.size > MAX_FILE_BYTES:
        raise MediaError(f"too large: {region.size} bytes, the limit is {MAX_FILE_BYTES}")
    in_memory = kind.picture is not None and region.size <= MAX_PICTURE_BYTES
    taken = region.hold() if in_memory else region.digests()
    return DigestFingerprints(
        media_type=kind.media_type, size=region.size, md5=taken.md5, sha1=taken.sha1, sha256=taken.sha256
    )


def look(
    region: Region, kind: Kind, digests: DigestFingerprints, allow: Allow, *, previews: bool = False
) -> MaterialFingerprints:
    """Returns the fingerprints of a region whose digests are known, with the perceptual ones if it can be decoded.
    `previews`: also its previews. Raises `Shortage`, with the partial result, if a resource of ours ran out.
    """
    try:
        found = _decoded(kind.content_of(region), kind, digests, allow, previews=previews)
    except Shortage as error:
        raise with_digests(error, digests) from None
    except MemoryError:
        raise with_digests(shortage("it", MEMORY), digests) from None
    except MediaError as error:
        found = replace(digests, note=str(error))
    if not kind.start:
        return found
    begins = _begins_behind(kind)
    return replace(found, note=f"{begins}; {found.note}" if found.note else begins)


def _begins_behind(kind: Kind) -> str:
    """Returns the note on a content that begins after other bytes. A film after many bytes has lost its beginning."""
    if kind.film is not None and kind.start > MAX_BLANK:
        return f"its first {kind.start} bytes could not be decoded: its pictures begin after them"
    return f"it begins {kind.start} {'byte' if kind.start == 1 else 'bytes'} after the start of the file"


def _decoded(
    content: Region, kind: Kind, digests: DigestFingerprints, allow: Allow, *, previews: bool
) -> MaterialFingerprints:
    if kind.picture is not None:
        return fingerprint_picture(content, digests, allow, previews=previews)
    if kind.film is not None:
        return fingerprint_video(content, digests, kind.film, allow, previews=previews)
    return replace(digests, note="" if kind.is_known else f"neither a picture nor a film: {kind.name}")


def with_digests(error: Shortage, digests: DigestFingerprints) -> Shortage:
    """Returns the same shortage with the digests as its result, if it has no other."""
    left = error.left or replace(digests, note=f"{error} ({error.remedy or LACKED}); {LACKED}")
    return Shortage(str(error), remedy=error.remedy, left=left)
