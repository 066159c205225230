"""Animated pictures are pictures with frames: found by their first frame as ever, and by every other one besides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import FRAME
from node.domain.holdings import IngestItem, IngestRequest
from node.domain.material import Animation, PictureFingerprints, VideoFrame
from node.domain.orientations import turned
from node.domain.queries import Hit, Level
from node.domain.roster import Policy
from node.usecases.admitting import cost_of
from node.usecases.intake import subject_of
from node.usecases.question import check_question, fitted
from tests.simulator.asking import Federation, Party, federation, flip, prints
from tests.unit.usecases.inquiries import about, run
from tests.unit.usecases.trimmed_prints import trimmed
from tests.unit.usecases.video_inquiries import frame, hits_at, hold, video


def animation(film: int, seconds: range, *, bits: int = 0, first: bytes | None = None) -> PictureFingerprints:
    """Frames of a film, `bits` away from those of any other copy; `first`: what is shown before all of them."""
    copy = video(film, seconds, bits=bits)
    frames = tuple(replace(each, at=each.at + 1_000) for each in copy.frames) if first else copy.frames
    opening = (VideoFrame(at=0, pdq=first, quality=90),) if first else ()
    still = prints(film, pdq=first or copy.frames[0].pdq)
    moves = Animation(frames=(*opening, *frames), between=copy.between, milliseconds=copy.milliseconds)
    return replace(still, md5=copy.md5, sha1=copy.sha1, sha256=copy.sha256, phash=copy.sha1[:8], animation=moves)


def here(made: Federation) -> Party:
    return made.parties["FR"]


def found(who: Party, material: PictureFingerprints) -> list[Hit]:
    told = who.matcher.local([subject_of(material)], 31)
    assert told.disagreed == 0
    return list(told.hits)


def test_any_frame_of_an_animation_finds_it_turned_or_not() -> None:
    async def scenario() -> None:
        async with federation("FR") as made:
            held = hold(here(made), animation(1, range(9)), Level.NATIONAL)
            for second in range(1, 9):
                (hit,) = found(here(made), prints(70, pdq=frame(1, second, bits=12).pdq))
                assert (hit.algorithm, hit.holding, hit.distance, hit.at) == ("vpdq-frame", held, 12, 1_000 * second)
            (hit,) = found(here(made), prints(71, pdq=turned(frame(1, 5).pdq)[5]))
            assert (hit.algorithm, hit.orientation, hit.at) == ("vpdq-frame", "flop", 5_000)
            (hit,) = found(here(made), prints(72, pdq=turned(frame(1, 0).pdq)[5]))
            assert (hit.algorithm, hit.orientation, hit.at) == ("pdq", "flop", None), "the picture that it is"

    run(scenario())


def test_an_animation_finds_a_still_picture_that_it_shows() -> None:
    async def scenario() -> None:
        async with federation("FR") as made:
            still = hold(here(made), prints(7, pdq=frame(1, 4, bits=9).pdq), Level.NATIONAL)
            (hit,) = found(here(made), animation(1, range(9)))
            assert (hit.algorithm, hit.holding, hit.distance, hit.subject_at) == ("vpdq-frame", still, 9, 4_000)

    run(scenario())


def test_an_animation_and_the_video_it_was_made_of_find_each_other() -> None:
    async def scenario() -> None:
        async with federation("FR") as made:
            film = hold(here(made), video(1, range(60)), Level.NATIONAL)
            (hit,) = found(here(made), animation(1, range(20, 30), bits=5))
            assert (hit.algorithm, hit.holding, hit.distance) == ("vpdq", film, 5)
            assert hit.shares is not None
            assert (hit.shares.query_percent, hit.shares.compared_percent) == (100, 16)
        async with federation("FR") as made:
            gif = hold(here(made), animation(1, range(20, 30), bits=5), Level.NATIONAL)
            told = here(made).matcher.local([subject_of(video(1, range(60)))], 31)
            assert [(hit.algorithm, hit.holding) for hit in told.hits] == [("vpdq", gif)]
            assert told.hits[0].shares is not None
            assert told.hits[0].shares.compared_percent == 100

    run(scenario())


def test_a_copy_that_begins_otherwise_is_a_hit_by_its_frames() -> None:
    async def scenario() -> None:
        async with federation("FR") as made:
            held = hold(here(made), animation(1, range(9)), Level.NATIONAL)
            (hit,) = found(here(made), animation(1, range(3, 9), bits=7, first=frame(5, 0).pdq))
            assert (hit.algorithm, hit.holding, hit.distance) == ("vpdq", held, 7)

    run(scenario())


def test_animations_that_share_too_little_are_held_against_each_other_as_pictures_all_the_same() -> None:
    """One frame of twenty: no match of videos, and a lead, for one of them begins with what the other shows."""

    async def scenario() -> None:
        async with federation("FR") as made:
            shown = frame(1, 12)
            held = hold(here(made), animation(1, range(20)), Level.NATIONAL)
            asked = animation(2, range(20), first=flip(shown.pdq, 6))
            (hit,) = found(here(made), asked)
            assert (hit.algorithm, hit.holding, hit.distance, hit.at) == ("vpdq-frame", held, 6, 12_000)
            assert hit.shares is None
            begins = hold(here(made), asked, Level.NATIONAL)
            (_, hit) = sorted(found(here(made), animation(1, range(20), bits=1)), key=lambda each: each.distance or 0)
            assert (hit.algorithm, hit.holding, hit.subject_at) == ("vpdq-frame", begins, 12_000)

    run(scenario())


def test_the_second_opinion_is_heard_where_two_animations_share_too_little() -> None:
    async def scenario() -> None:
        async with federation("FR") as made:
            one = animation(1, range(20))
            held = hold(here(made), one, Level.NATIONAL)
            other = animation(2, range(20))
            assert other.animation is not None
            frames = (*other.animation.frames[:9], replace(frame(1, 9), at=9_000), *other.animation.frames[10:])
            mixed = replace(other, phash=one.phash, animation=replace(other.animation, frames=frames))
            (hit,) = found(here(made), mixed)
            assert (hit.algorithm, hit.holding, hit.distance) == ("phash", held, 0)
            assert found(here(made), replace(mixed, phash=bytes(8))) == []

    run(scenario())


def test_a_match_by_shares_speaks_though_its_first_frame_is_nearer_as_a_picture() -> None:
    """A picture's orientations are its own, those of frames are told from their bits and lie further off."""

    async def scenario() -> None:
        async with federation("FR") as made:
            held = hold(here(made), video(1, range(9)), Level.NATIONAL)
            copy = animation(1, range(2, 9), bits=9)
            assert copy.animation is not None
            frames = tuple(replace(each, pdq=turned(each.pdq)[5]) for each in copy.animation.frames)
            exact = turned(turned(frame(1, 2).pdq)[5])
            asked = replace(
                copy,
                pdq=exact[0],
                pdq_orientations=exact,
                animation=replace(copy.animation, frames=frames, between=()),
            )
            (hit,) = found(here(made), asked)
            assert (hit.holding, hit.algorithm, hit.orientation, hit.distance) == (held, "vpdq", "flop", 9)
            assert hit.shares is not None

    run(scenario())


def test_an_animation_taken_in_twice_finds_its_other_copy_and_not_itself() -> None:
    async def scenario() -> None:
        async with federation("FR") as made:
            hold(here(made), animation(1, range(12)), Level.NATIONAL)
            copy = IngestItem(tag=b"", prints=animation(1, range(12), bits=3))
            (taken,) = here(made).intake.take(IngestRequest(case="B"), [copy])
            assert [(hit.algorithm, hit.distance) for hit in taken.hits] == [("pdq", 3)]
            (again,) = here(made).intake.take(IngestRequest(case="B"), [copy])
            assert (again.new, again.hits) == (False, taken.hits)

    run(scenario())


# --- abroad -----------------------------------------------------------------------------------------------------------


def test_abroad_any_frame_is_a_hit_that_gives_nothing_away() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], animation(1, range(9)), Level.HIT_NO_HIT)
            told = {"subject": 0, "origin": "JP", "level": Level.HIT_NO_HIT}
            by_frame, by_video = Hit(algorithm="vpdq-frame", **told), Hit(algorithm="vpdq", **told)  # type: ignore[arg-type]
            assert await hits_at(made, subject_of(prints(8, pdq=frame(1, 3, bits=20).pdq))) == (by_frame,)
            later = animation(1, range(4, 12), bits=2)
            assert await hits_at(made, subject_of(later)) == (by_video,)
            assert await hits_at(made, subject_of(animation(2, range(9)))) == ()

    run(scenario())


def test_what_has_frames_is_searched_in_all_orientations() -> None:
    assert not subject_of(animation(1, range(3))).reduced
    assert not subject_of(video(1, range(3))).reduced


@pytest.mark.parametrize("limit", [40, 60, 1_000])
def test_a_question_about_an_animation_is_thinned_in_its_frames_alone(limit: int) -> None:
    bordered = replace(trimmed(1, 2), animation=animation(1, range(40)).animation)
    question = about(subject_of(bordered))
    assert cost_of(question.subjects) == 7 + 80
    policy = Policy(max_query_fingerprints=limit)
    asked = fitted(policy, question)
    check_question(policy, asked)
    (subject,) = asked.subjects
    assert [f for f in subject.fingerprints if f.code != FRAME.code] == [
        f for f in question.subjects[0].fingerprints if f.code != FRAME.code
    ]
    assert (subject.orientations, subject.trimmed) == (question.subjects[0].orientations, question.subjects[0].trimmed)
