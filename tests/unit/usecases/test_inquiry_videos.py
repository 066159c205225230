"""Questions about videos: what is told at which level, what a long one costs, and what nobody may claim."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import FRAME
from node.domain.fingerprints import Fingerprint
from node.domain.holdings import IngestItem, IngestRequest
from node.domain.ids import Origin, member_id
from node.domain.material import VideoFingerprints, VideoFrame
from node.domain.orientations import ORIENTATIONS, turned
from node.domain.queries import Hit, Level, MatchRule, Subject
from node.domain.roster import Policy
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.videos import Shares
from node.errors import Malformed, Misuse, Refused
from node.usecases.admitting import cost_of
from node.usecases.hits import check_hit
from node.usecases.intake import subject_of
from node.usecases.question import check_question, fitted
from node.wire.convert import ProtoCodec
from node.wire.pb import record_pb2 as pb
from tests.simulator import federation as sim
from tests.simulator.asking import federation, flip, prints
from tests.unit.match.builders import columns
from tests.unit.usecases.inquiries import about, run
from tests.unit.usecases.video_inquiries import answer, frame, hits_at, hold, video


def test_a_copy_of_a_video_is_a_hit_abroad_that_gives_nothing_away() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], video(1, range(30)), Level.HIT_NO_HIT)
            copy = subject_of(video(1, range(5, 20), bits=9))
            assert await hits_at(made, copy) == (Hit(subject=0, origin="JP", algorithm="vpdq", level=Level.HIT_NO_HIT),)
            assert await hits_at(made, subject_of(video(2, range(30)))) == ()
            assert await hits_at(made, copy, MatchRule.EXACT) == ()

    run(scenario())


def test_pictures_and_frames_find_each_other_abroad() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], video(1, range(9)), Level.HIT_NO_HIT)
            hold(made.parties["JP"], prints(7, pdq=frame(2, 4, bits=11).pdq), Level.HIT_NO_HIT)
            by_frame = (Hit(subject=0, origin="JP", algorithm="vpdq-frame", level=Level.HIT_NO_HIT),)
            assert await hits_at(made, subject_of(prints(8, pdq=frame(1, 3, bits=20).pdq))) == by_frame
            assert await hits_at(made, subject_of(video(2, range(9)))) == by_frame

    run(scenario())


def test_here_a_hit_says_how_near_and_when_and_the_store_has_the_last_word() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            here = made.parties["FR"]
            film = hold(here, video(1, range(30)), Level.NATIONAL)
            found = here.matcher.local([subject_of(video(1, range(10, 20), bits=9))], 31)
            (hit,) = found.hits
            assert (hit.algorithm, hit.holding, hit.distance) == ("vpdq", film, 9)
            assert hit.shares == Shares(query_percent=100, compared_percent=33, moments=10, frames=30, radius=31)
            assert hit.at == 10_000 + (hit.subject_at or 0)
            (still,) = here.matcher.local([subject_of(prints(8, pdq=frame(1, 3, bits=20).pdq))], 31).hits
            assert (still.algorithm, still.at, still.subject_at, still.distance) == ("vpdq-frame", 3_000, None, 20)
            assert still.orientation == "original"
            little = here.matcher.local([subject_of(video(1, range(29, 60)))], 31)
            assert (little.hits, little.disagreed) == ((), 0)
            picture = hold(here, prints(9), Level.NATIONAL)
            lost = video(3, range(9))
            here.index.add(HOLDINGS_SOURCE, columns(FRAME, [picture] * 9, [f.pdq for f in lost.frames]))
            told: list[int] = []
            here.matcher._disagreed = told.append
            gone = here.matcher.local([subject_of(lost)], 31)
            assert (gone.hits, gone.disagreed) == ((), 1)
            assert told == [1]
            here.matcher.local([subject_of(video(1, range(10, 20), bits=9))], 31)
            assert told == [1]

    run(scenario())


def mirrored(film: VideoFingerprints, turn: int = 5) -> VideoFingerprints:
    """Another file: each frame in another orientation."""
    digest = hashlib.sha256(film.sha256).digest()
    frames = tuple(replace(each, pdq=turned(each.pdq)[turn]) for each in film.frames)
    return replace(film, frames=frames, between=(), sha256=digest, sha1=digest[:20], md5=digest[:16])


def test_a_video_that_was_mirrored_is_found_here_and_abroad_and_said_to_be() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            here = made.parties["FR"]
            film = hold(here, video(1, range(30)), Level.NATIONAL)
            hold(made.parties["JP"], video(1, range(30)), Level.HIT_NO_HIT)
            copy = subject_of(mirrored(video(1, range(10, 20), bits=9)))
            (hit,) = here.matcher.local([copy], 31).hits
            assert (hit.algorithm, hit.holding, hit.orientation, hit.distance) == ("vpdq", film, "flop", 9)
            assert hit.shares == Shares(query_percent=100, compared_percent=33, moments=10, frames=30, radius=31)
            assert [each.algorithm for each in await hits_at(made, copy)] == ["vpdq"]
            assert await hits_at(made, copy, MatchRule.EXACT) == ()
            assert not copy.reduced
            (upright,) = here.matcher.local([subject_of(video(1, range(10, 20), bits=9))], 31).hits
            assert upright.orientation == "original"

    run(scenario())


def test_a_picture_that_a_mirrored_video_shows_is_found() -> None:
    async def scenario() -> None:
        async with federation("FR") as made:
            here = made.parties["FR"]
            held = hold(here, prints(9, pdq=frame(1, 4, bits=3).pdq), Level.NATIONAL)
            (hit,) = here.matcher.local([subject_of(mirrored(video(1, range(9))))], 31).hits
            assert (hit.holding, hit.algorithm, hit.orientation) == (held, "vpdq-frame", "flop")
            assert (hit.distance, hit.subject_at) == (3, 4_000)

    run(scenario())


@pytest.mark.parametrize("turn", [0, 2, 5])
def test_a_plain_frame_that_is_near_in_a_wrong_orientation_hides_no_match(turn: int) -> None:
    """Its first frame looks the same upside down and is nearest so; all others say how the copy is turned, or not."""

    async def scenario() -> None:
        async with federation("FR") as made:
            here = made.parties["FR"]
            film = video(1, range(20))
            held = hold(here, film, Level.NATIONAL)
            copy = mirrored(video(1, range(20), bits=12), turn)
            plain = replace(copy.frames[0], pdq=turned(flip(film.frames[0].pdq, 1))[4])
            copy = replace(copy, frames=(plain, *copy.frames[1:]))
            (hit,) = here.matcher.local([subject_of(copy)], 31).hits
            assert (hit.holding, hit.algorithm, hit.orientation) == (held, "vpdq", ORIENTATIONS[turn])
            assert (hit.distance, hit.shares is not None and hit.shares.query_percent) == (12, 95)

    run(scenario())


def test_of_a_scene_that_is_nearly_symmetric_the_nearer_orientation_is_told() -> None:
    """As it is it is within the wide radius of itself mirrored, which is nearer all the same."""

    def nearly(each: VideoFrame) -> VideoFrame:
        bits = int.from_bytes(each.pdq) ^ int.from_bytes(turned(each.pdq)[6])
        pairs = [at for at in range(256) if bits >> at & 1 and at // 16 < at % 16]  # each with its mirror image
        keep = sum(1 << at for at in pairs[28:])
        value = (int.from_bytes(each.pdq) & ~keep) | (int.from_bytes(turned(each.pdq)[6]) & keep)
        return replace(each, pdq=value.to_bytes(32))

    async def scenario() -> None:
        async with federation("FR") as made:
            here = made.parties["FR"]
            film = video(1, range(12))
            film = replace(film, frames=tuple(map(nearly, film.frames)), between=())
            apart = [(int.from_bytes(f.pdq) ^ int.from_bytes(turned(f.pdq)[6])).bit_count() for f in film.frames]
            assert 31 < max(apart) <= 66
            hold(here, film, Level.NATIONAL)
            (hit,) = here.matcher.local([subject_of(mirrored(film, 6))], 31).hits
            assert (hit.algorithm, hit.orientation, hit.distance) == ("vpdq", "transpose", 0)
            assert hit.shares is not None
            assert hit.shares.radius == 31

    run(scenario())


def test_a_title_that_was_not_mirrored_hides_no_mirrored_copy() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            here = made.parties["FR"]
            held = hold(here, video(1, range(20)), Level.HIT_NO_HIT)
            hold(made.parties["JP"], video(1, range(20)), Level.HIT_NO_HIT)
            copy = mirrored(video(1, range(20), bits=12))
            copy = replace(copy, frames=(video(1, range(20)).frames[0], *copy.frames[1:]))
            (hit,) = here.matcher.local([subject_of(copy)], 31).hits
            assert (hit.holding, hit.algorithm, hit.orientation, hit.distance) == (held, "vpdq", "flop", 12)
            assert hit.shares is not None
            assert (hit.shares.query_percent, hit.shares.compared_percent) == (95, 95)
            assert [each.algorithm for each in await hits_at(made, subject_of(copy))] == ["vpdq"]

    run(scenario())


def test_a_video_taken_in_twice_is_not_its_own_hit_and_finds_its_other_copy() -> None:
    async def scenario() -> None:
        async with federation("FR") as made:
            here = made.parties["FR"]
            hold(here, video(1, range(12)), Level.NATIONAL)
            (taken,) = here.intake.take(
                IngestRequest(case="B"), [IngestItem(tag=b"", prints=video(1, range(12), bits=3))]
            )
            assert [(hit.algorithm, hit.distance) for hit in taken.hits] == [("vpdq", 3)]

    run(scenario())


# --- what a long one costs --------------------------------------------------------------------------------------------


def test_a_long_video_is_thinned_to_what_the_policy_lets_and_found_all_the_same() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=Policy(max_query_fingerprints=100)) as made:
            hold(made.parties["JP"], video(1, range(600)), Level.HIT_NO_HIT)
            assert [hit.algorithm for hit in await hits_at(made, subject_of(video(1, range(600), bits=4)))] == ["vpdq"]

    run(scenario())


@pytest.mark.parametrize("limit", [40, 100, 200, 1_000])
def test_a_question_fits_where_it_can(limit: int) -> None:
    policy = Policy(max_query_fingerprints=limit)
    question = about(subject_of(video(1, range(300))), subject_of(prints(1)))
    asked = fitted(policy, question)
    check_question(policy, asked)
    assert asked.subjects[1] == question.subjects[1]
    assert cost_of(asked.subjects) > limit * 0.9 or asked == question
    assert asked.subjects[0].fingerprints[:3] == question.subjects[0].fingerprints[:3]


def test_too_many_videos_for_one_question_are_refused_with_what_to_do() -> None:
    policy = Policy(max_query_fingerprints=100)
    question = about(*(subject_of(video(n, range(60))) for n in range(8)))
    with pytest.raises(Refused) as caught:
        check_question(policy, fitted(policy, question))
    assert "split" in caught.value.remedy


# --- what nobody may claim --------------------------------------------------------------------------------------------

JP = Origin(sim.FEDERATION, member_id("JP"))
SHARED = Hit(subject=0, origin="JP", algorithm="vpdq", level=Level.HIT_NO_HIT)


def test_a_hit_by_frames_is_one_that_was_asked_about() -> None:
    film, picture = subject_of(video(1, range(9))), subject_of(prints(1))
    check_hit(SHARED, (film,), JP)
    for subject in (film, picture):
        check_hit(replace(SHARED, algorithm="vpdq-frame"), (subject,), JP)
    with pytest.raises(Malformed, match="not asked about"):
        check_hit(SHARED, (picture,), JP)
    bare = Subject(fingerprints=(Fingerprint(code=1, value=bytes(16)),))
    with pytest.raises(Malformed, match="not asked about"):
        check_hit(replace(SHARED, algorithm="vpdq-frame"), (bare,), JP)


@pytest.mark.parametrize(
    "told",
    [
        {"shares": Shares(query_percent=1, compared_percent=1, moments=1, frames=1, radius=1)},
        {"at": 0},
        {"subject_at": 0},
    ],
)
def test_a_hit_no_hit_answer_that_says_more_of_a_video_is_malformed(told: dict[str, object]) -> None:
    with pytest.raises(Malformed, match="more data than its level allows"):
        check_hit(replace(SHARED, **told), (subject_of(video(1, range(9))),), JP)  # type: ignore[arg-type]


def test_shares_past_a_hundred_percent_are_neither_written_nor_read() -> None:
    codec = ProtoCodec()
    for wrong in ({"query_percent": 101}, {"compared_percent": 101}, {"radius": 257}):
        shares = Shares(**{"query_percent": 1, "compared_percent": 1, "moments": 1, "frames": 1, "radius": 1, **wrong})
        with pytest.raises(Misuse):
            codec.encode_answer(answer(replace(SHARED, shares=shares)))


def test_an_older_reader_takes_a_picture_on_a_frame_for_a_picture_near() -> None:
    """It knows no field past 11: the algorithm that it reads is the one that it asked about."""
    data = ProtoCodec().encode_answer(answer(replace(SHARED, algorithm=FRAME.name)))
    (hit,) = pb.Answer.FromString(data).hits
    assert (hit.algorithm, hit.frame) == ("pdq", True)
    with pytest.raises(Malformed):
        ProtoCodec().decode_answer(data.replace(b"\x1a\x03pdq", b"\x1a\x03md5"))
