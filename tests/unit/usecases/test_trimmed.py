"""A picture with plain borders is looked for with and without them, here and abroad."""

from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import FRAME
from node.domain.ids import Origin, RecordId, member_id
from node.domain.material import VideoFrame
from node.domain.orientations import turned
from node.domain.queries import Hit, Level, Outcome
from node.errors import Malformed
from node.usecases.admitting import cost_of
from node.usecases.hits import check_hit
from node.usecases.intake import subject_of
from tests.simulator import federation as sim
from tests.simulator.asking import federation, prints
from tests.unit.usecases.inquiries import _asked, _said, hold, run
from tests.unit.usecases.trimmed_prints import trimmed
from tests.unit.usecases.video_inquiries import hold as hold_any
from tests.unit.usecases.video_inquiries import video


def test_the_inside_of_a_picture_is_asked_about_in_every_orientation_and_paid_for() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 3, Level.HIT_NO_HIT, pdq=turned(prints(2).pdq)[6])
            subject = subject_of(trimmed(1, 2))
            assert cost_of([subject]) == 7
            said = _said(made, _asked(made, {"cost": 7}, subjects=(subject,)))
            assert said.outcome is Outcome.HIT
            assert {(hit.algorithm, hit.trimmed) for hit in said.hits} == {("pdq", False)}, "no more than its level"
            plain = subject_of(prints(1))
            unpaid = replace(plain, trimmed=prints(2).pdq_orientations)
            assert cost_of([unpaid]) == 5
            query = _asked(made, {"cost": 5, "query_id": bytes(16)}, subjects=(unpaid,))
            assert _said(made, query).outcome is Outcome.NO_HIT, "what is not among the fingerprints is not searched"

    run(scenario())


def test_seven_strangers_are_no_orientations_of_an_inside_either() -> None:
    subject = subject_of(trimmed(1, 2))
    strange = tuple(prints(number).pdq for number in range(3, 10))
    assert cost_of([replace(subject, trimmed=(subject.trimmed[0], *strange))]) == 7 + 7


def test_a_local_hit_on_the_inside_says_so_and_the_whole_comes_first() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 2, Level.NATIONAL)
            hold(jp, 3, Level.NATIONAL, pdq=turned(prints(2).pdq)[5])
            hold(jp, 1, Level.NATIONAL)
            hits = jp.matcher.local((subject_of(trimmed(1, 2)),), 31).hits
            assert [(hit.algorithm, hit.trimmed, hit.orientation, hit.distance) for hit in hits] == [
                ("sha256", False, None, None),
                ("pdq", True, "original", 0),
                ("pdq", True, "flop", 0),
            ]

    run(scenario())


def test_a_bordered_still_of_a_video_is_near_the_frame_that_is_shown_there() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            film = video(7, range(6))
            shown = VideoFrame(at=4_000, pdq=turned(prints(2).pdq)[5], quality=90)
            hold_any(jp, replace(film, frames=(*film.frames[:4], shown, film.frames[5])), Level.HIT_NO_HIT)
            subject = subject_of(trimmed(1, 2))
            (hit,) = jp.matcher.local((subject,), 31).hits
            assert (hit.algorithm, hit.trimmed, hit.orientation, hit.distance, hit.at) == (
                "vpdq-frame",
                True,
                "flop",
                0,
                4_000,
            )
            said = _said(made, _asked(made, {"cost": cost_of([subject])}, subjects=(subject,)))
            assert [(each.algorithm, each.trimmed, each.at) for each in said.hits] == [("vpdq-frame", False, None)]

    run(scenario())


def test_a_shared_hit_on_the_inside_by_a_frame_is_one_that_was_asked_about() -> None:
    origin = Origin(sim.FEDERATION, member_id("JP"))
    hit = Hit(
        subject=0,
        origin="JP",
        algorithm=FRAME.name,
        level=Level.SHARED,
        record=RecordId(origin, bytes(32)),
        distance=3,
        trimmed=True,
    )
    check_hit(hit, (subject_of(trimmed(1, 2)),), origin)
    with pytest.raises(Malformed):
        check_hit(hit, (subject_of(prints(1)),), origin)


def test_the_second_opinion_of_an_inside_is_the_insides() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 2, Level.NATIONAL, pdq=prints(9).pdq)
            (hit,) = jp.matcher.local((subject_of(trimmed(1, 2)),), 31).hits
            assert (hit.algorithm, hit.trimmed, hit.distance) == ("phash", True, 0)

    run(scenario())
