"""What the tests of `test_store_holdings` share with others."""

from __future__ import annotations

import hashlib

from node.domain.material import PictureFingerprints, VideoFingerprints, VideoFrame
from node.domain.queries import Level
from node.domain.stores import NodeStoreWriter


def prints(word: str, *, quality: int = 80) -> PictureFingerprints:
    sha256 = hashlib.sha256(word.encode()).digest()
    return PictureFingerprints(
        media_type="image/jpeg",
        size=1_000 + len(word),
        md5=sha256[:16],
        sha1=sha256[:20],
        sha256=sha256,
        pdq=sha256[::-1],
        pdq_quality=quality,
        pdq_orientations=(sha256[::-1],),
        phash=sha256[8:16],
        width=640,
        height=480,
    )


def video(word: str, frames: int = 3) -> VideoFingerprints:
    sha256 = hashlib.sha256(word.encode()).digest()
    shown = [
        VideoFrame(at=1_000 * n, pdq=hashlib.sha256(sha256 + bytes([n])).digest(), quality=40 + n)
        for n in range(frames)
    ]
    return VideoFingerprints(
        media_type="video/mp4",
        size=9_000,
        md5=sha256[:16],
        sha1=sha256[:20],
        sha256=sha256,
        frames=tuple(shown),
        between=tuple(VideoFrame(at=frame.at + 500, pdq=bytes(32), quality=100) for frame in shown),
        milliseconds=1_000 * frames,
        width=640,
        height=480,
    )


def put(writer: NodeStoreWriter, word: str, *, level: Level = Level.NATIONAL, case: str = "", tag: bytes = b"") -> int:
    number, _ = writer.put_holding(prints(word), level=level, case=case, tag=tag, now=1_700_000_000)
    return number
