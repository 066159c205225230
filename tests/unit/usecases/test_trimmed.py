"""A picture with plain borders is looked for with and without them, here and abroad."""

from dataclasses import replace

from node.domain.fingerprints import PictureFingerprints, TrimmedFingerprints
from node.domain.orientations import turned
from node.domain.queries import Level, Outcome
from node.usecases.answering import cost_of
from node.usecases.intake import subject_of
from tests.simulator.asking import federation, prints
from tests.unit.usecases.test_inquiry import _asked, _said, hold, run


def trimmed(number: int, inside: int) -> PictureFingerprints:
    """A picture within plain borders, whose inside is another."""
    within = prints(inside)
    return replace(
        prints(number),
        trimmed=TrimmedFingerprints(
            box=(10, 10, 790, 590),
            pdq_quality=90,
            pdq_orientations=within.pdq_orientations,
            phash=within.phash,
        ),
    )


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


def test_the_second_opinion_of_an_inside_is_the_insides() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 2, Level.NATIONAL, quality=10)
            (hit,) = jp.matcher.local((subject_of(trimmed(1, 2)),), 31).hits
            assert (hit.algorithm, hit.trimmed, hit.distance) == ("phash", True, 0)

    run(scenario())
