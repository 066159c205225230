"""What the tests of `test_inquiry_videos` share with others."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from node.domain.holdings import IngestItem, IngestRequest
from node.domain.ids import member_id
from node.domain.material import VideoFingerprints, VideoFrame
from node.domain.queries import Answer, Hit, Level, MatchRule, Outcome, Subject
from tests.simulator.asking import Federation, Party, flip
from tests.unit.usecases.inquiries import about, ask


def frame(film: int, second: int, *, bits: int = 0) -> VideoFrame:
    value = hashlib.sha256(f"film {film} second {second}".encode()).digest()
    return VideoFrame(at=1_000 * second, pdq=flip(value, bits), quality=90)


def video(film: int, seconds: range, *, bits: int = 0) -> VideoFingerprints:
    """Frames `bits` away from those of any other copy of the film; the file's digests are its own."""
    digest = hashlib.sha256(f"{film} {seconds} {bits}".encode()).digest()
    frames = tuple(replace(frame(film, n, bits=bits), at=1_000 * place) for place, n in enumerate(seconds))
    return VideoFingerprints(
        media_type="video/mp4",
        size=1_000,
        md5=digest[:16],
        sha1=digest[:20],
        sha256=digest,
        frames=frames,
        between=tuple(VideoFrame(at=f.at + 500, pdq=hashlib.sha256(f.pdq).digest(), quality=90) for f in frames),
        milliseconds=1_000 * len(seconds),
        width=640,
        height=480,
    )


def hold(who: Party, material: object, level: Level) -> int:
    item = IngestItem(tag=b"", prints=material)  # type: ignore[arg-type]
    (taken,) = who.intake.take(IngestRequest(case="HOME-1", level=level), [item])
    return taken.holding


async def hits_at(made: Federation, subject: Subject, rule: MatchRule = MatchRule.POLICY) -> tuple[Hit, ...]:
    _, told = await ask(made, about(subject, rule=rule))
    answer = told["JP"].answer
    assert answer is not None
    assert told["JP"].outcome is (Outcome.HIT if answer.hits else Outcome.NO_HIT)
    return answer.hits


def answer(hit: Hit) -> Answer:
    return Answer(
        query_id=bytes(16), query_digest=bytes(32), answerer=member_id("JP"), outcome=Outcome.HIT, hits=(hit,)
    )
