"""A picture with transparent parts is found by how it looks on white and on black, here and abroad."""

from dataclasses import replace

import pytest

from node.domain.ids import Origin, RecordId, member_id
from node.domain.matchable import contributable
from node.domain.material import ComposedFingerprints, PictureFingerprints
from node.domain.orientations import turned
from node.domain.queries import Hit, Level, Outcome
from node.errors import Malformed
from node.usecases.admitting import cost_of
from node.usecases.casework import holding_subject
from node.usecases.hits import check_hit
from node.usecases.intake import columns_of, subject_of
from tests.simulator import federation as sim
from tests.simulator.asking import Party, federation, prints
from tests.unit.usecases.inquiries import _asked, _said, hold, run
from tests.unit.usecases.trimmed_prints import trimmed


def clear(
    number: int, *, white: int = 0, black: int = 0, whole: PictureFingerprints | None = None
) -> PictureFingerprints:
    """A picture that looks like others on a background; 0: like itself."""
    looks = []
    for background, shown in (("white", white), ("black", black)):
        if shown:
            other = prints(shown)
            looks.append(
                ComposedFingerprints(
                    background=background,
                    pdq_quality=90,
                    pdq_orientations=other.pdq_orientations,
                    phash=other.phash,
                )
            )
    return replace(whole or prints(number), composed=tuple(looks))


def keep(party: Party, made: PictureFingerprints, level: Level = Level.NATIONAL) -> int:
    with party.store.write() as writer:
        number, _ = writer.put_holding(made, level=level, case="C-1", tag=b"", now=1)
    party.index.add(0, columns_of([number], [made]))
    return number


def test_every_look_is_asked_about_in_every_orientation_and_paid_for() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 4, Level.HIT_NO_HIT, pdq=turned(prints(3).pdq)[6])
            subject = subject_of(clear(1, white=2, black=3, whole=trimmed(1, 5)))
            assert cost_of([subject]) == 5 + 2 + 2 + 2
            said = _said(made, _asked(made, {"cost": 11}, subjects=(subject,)))
            assert said.outcome is Outcome.HIT
            assert {(hit.algorithm, hit.look) for hit in said.hits} == {("pdq", "")}, "no more than its level"

    run(scenario())


def test_seven_strangers_are_no_orientations_of_a_look_either() -> None:
    subject = subject_of(clear(1, black=2))
    strange = tuple(prints(number).pdq for number in range(3, 10))
    (look,) = subject.looks
    look = replace(look, orientations=(look.orientations[0], *strange))
    assert cost_of([replace(subject, looks=(look,))]) == 7 + 7


@pytest.mark.parametrize("background", ["white", "black"])
def test_a_local_hit_names_the_look_that_was_asked_about(background: str) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 3, Level.NATIONAL, pdq=turned(prints(2).pdq)[5])
            subject = subject_of(clear(1, white=2) if background == "white" else clear(1, black=2))
            (hit,) = jp.matcher.local((subject,), 31).hits
            assert (hit.algorithm, hit.look, hit.trimmed, hit.orientation, hit.distance) == (
                "pdq",
                background,
                False,
                "flop",
                0,
            )
            assert hit.held_look == ""

    run(scenario())


def test_the_second_opinion_of_a_look_is_the_looks() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 2, Level.NATIONAL, pdq=prints(9).pdq)
            (hit,) = jp.matcher.local((subject_of(clear(1, black=2, whole=trimmed(1, 5))),), 31).hits
            assert (hit.algorithm, hit.look, hit.distance) == ("phash", "black", 0)

    run(scenario())


def test_a_holding_is_found_by_its_look_and_its_record_never_has_it() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            number = keep(jp, clear(1, white=2))
            (hit,) = jp.matcher.local((subject_of(prints(2)),), 31).hits
            assert (hit.holding, hit.algorithm, hit.distance, hit.look, hit.held_look) == (
                number,
                "pdq",
                0,
                "",
                "white",
            )
            (same,) = jp.matcher.local((subject_of(prints(1)),), 31).hits
            assert same.held_look == ""
            with jp.store.read() as reader:
                held = reader.holding(number)
            assert held is not None
            assert contributable(held.fingerprints) == contributable(prints(1).fingerprints())

    run(scenario())


def test_two_copies_are_near_by_their_looks_from_what_is_stored() -> None:
    """What lies under transparent pixels differs, and what is shown is the same: `match --case` finds it."""

    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            first, second = keep(jp, clear(1, white=2)), keep(jp, clear(3, white=2))
            with jp.store.read() as reader:
                held = reader.holdings_by_id([first, second])
            subject = holding_subject(held[first])
            assert subject.looks[0].orientations[0] == prints(2).pdq
            (hit,) = jp.matcher.local((subject,), 31, own_rows=[first]).hits
            assert (hit.holding, hit.look, hit.held_look, hit.distance) == (second, "white", "white", 0)

    run(scenario())


def test_a_member_can_only_name_a_look_that_was_asked_about() -> None:
    origin = Origin(sim.FEDERATION, member_id("JP"))
    hit = Hit(
        subject=0,
        origin="JP",
        algorithm="pdq",
        level=Level.SHARED,
        record=RecordId(origin, bytes(32)),
        distance=3,
        look="white",
    )
    check_hit(hit, (subject_of(clear(1, white=2)),), origin)
    for wrong, asked in (
        (hit, clear(1, black=2)),
        (hit, prints(1)),
        (replace(hit, algorithm="sha256", distance=None), clear(1, white=2)),
        (replace(hit, level=Level.HIT_NO_HIT, record=None, distance=None), clear(1, white=2)),
    ):
        with pytest.raises(Malformed):
            check_hit(wrong, (subject_of(asked),), origin)
