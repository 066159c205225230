"""What a member can find out near a hidden holding: a bit a question, and a year's worth of questions is too little."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import FRAME, PDQ, PDQ_BITS, PDQ_RADIUS
from node.domain.fingerprints import Fingerprint
from node.domain.ids import member_id
from node.domain.limits import Limits
from node.domain.material import VideoFingerprints
from node.domain.orientations import turned
from node.domain.queries import Answer, Level, Outcome, Subject
from node.domain.roster import Policy
from node.domain.search_ports import Probe
from node.usecases import neighbourhood
from node.usecases.answering import Answerer
from node.usecases.intake import subject_of
from node.usecases.neighbourhood import DAY, HOUR, REACH, YEAR, Neighbourhoods, values_of
from tests.simulator import federation as sim
from tests.simulator.asking import Federation, federation, flip, prints
from tests.simulator.climbing import Climber, subject
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.clocks import Clock
from tests.unit.usecases.inquiries import about, hold, run
from tests.unit.usecases.video_inquiries import hold as hold_any
from tests.unit.usecases.video_inquiries import video

FR, BR, NO, JP = map(member_id, ("FR", "BR", "NO", "JP"))
LIMITS = Limits()
OPEN = Limits(
    near_hour=1_000,
    near_day=1_000,
    near_year=1_000,
    near_year_together=10_000,
    near_hour_everywhere=100_000,
    near_day_everywhere=100_000,
)
"""As wide as the code lets a policy be."""
HIDDEN = int.from_bytes(prints(1).pdq, "big")
DRAWN = random.Random(24)
COPY = HIDDEN ^ sum(1 << bit for bit in DRAWN.sample(range(PDQ_BITS), 24))
"""What a member has that was sent a re-encoded picture: 24 bits off."""


def film_of(pdq: bytes) -> VideoFingerprints:
    """A film of ten unlike frames, the fifth with this hash."""
    made = video(5, range(10))
    frames = tuple(replace(each, pdq=pdq) if each.at == 5_000 else each for each in made.frames)
    return replace(made, frames=frames)


def answer(made: Federation, asker: str, *subjects: Subject) -> Answer:
    """What JP answers, by the program's own asking and answering, without the relay between them."""
    party, jp = made.parties[asker], made.parties["JP"]
    query = party.inquirer.open(about(*subjects)).signed
    prepared = jp.answerer.prepare(query)
    if prepared.durable is not None:
        prepared.durable.result(30)
    return party.inquirer.judge.check_answer(query, JP, prepared.answer)


def asking(made: Federation, asker: str) -> Callable[[int], Outcome]:
    return lambda value: answer(made, asker, subject(value)).outcome


def restarted(made: Federation) -> None:
    """JP's node comes up again over the same store."""
    jp = made.parties["JP"]
    jp.answerer = Answerer(jp.answerer._deps)


def test_without_limits_the_climb_recovers_the_hash() -> None:
    """The attack is a real one: it is what the limits are for."""

    async def scenario() -> None:
        clock = Clock()
        policy = Policy(limits=OPEN, query_cost_per_minute=10**6)
        async with federation("FR", "JP", attending=(), policy=policy, clock=clock) as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            climber = Climber(asking(made, "FR"), COPY)
            while not climber.complete:
                assert climber.step()
            assert climber.guess() == HIDDEN
            assert len(climber.answers) < PDQ_BITS + 2 * PDQ_RADIUS

    run(scenario())


def climbing_for_a_year(made: Federation, clock: Clock, climber: Climber, *, patience: int) -> None:
    """Asks on for a year, and waits `patience` seconds where it is told nothing; JP's node is restarted each month."""
    end, restart = clock.now + 365 * DAY, clock.now + 30 * DAY
    while clock.now < end and not climber.complete:
        if not climber.step():
            clock.now += patience
        if clock.now > restart:
            restarted(made)
            restart = clock.now + 30 * DAY


def test_a_hash_cannot_be_recovered_within_a_year_of_budget() -> None:
    async def scenario() -> None:
        clock = Clock()
        async with federation("FR", "JP", attending=(), clock=clock) as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            climber = Climber(asking(made, "FR"), COPY)
            climbing_for_a_year(made, clock, climber, patience=DAY)
            assert 0 < len(climber.answers) <= LIMITS.near_year
            assert (climber.guess() ^ HIDDEN).bit_count() > 12, "half of what was wrong is wrong still, and more"
            with made.parties["JP"].store.read() as tx:
                assert 0 < tx.count_held(int(clock.now) - DAY, FR) <= LIMITS.held_waiting

    run(scenario())


def frame_probe(value: int) -> Subject:
    """A film of one frame."""
    print_ = Fingerprint(code=FRAME.code, value=value.to_bytes(PDQ.size, "big"), quality=90, at=0)
    return Subject(fingerprints=(print_,))


@pytest.mark.parametrize("probe", [subject, frame_probe], ids=["by pictures", "by films of one frame"])
@pytest.mark.parametrize("held", [prints(1), film_of(prints(1).pdq)], ids=["of a picture", "of a frame of a film"])
def test_neither_frames_nor_films_are_a_way_round(held: object, probe: Callable[[int], Subject]) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", attending=()) as made:
            hold_any(made.parties["JP"], held, Level.HIT_NO_HIT)
            climber = Climber(lambda value: answer(made, "FR", probe(value)).outcome, COPY)
            while climber.step():
                pass
            assert 0 < len(climber.answers) <= LIMITS.near_hour
            # And the other kind goes on from where this one was stopped.
            for other in (subject, frame_probe):
                assert answer(made, "FR", other(HIDDEN)).outcome is Outcome.HELD

    run(scenario())


def test_members_who_share_what_they_learn_are_as_one() -> None:
    async def scenario() -> None:
        clock = Clock()
        async with federation("FR", "BR", "NO", "JP", attending=(), clock=clock) as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            askers = [asking(made, name) for name in ("FR", "BR", "NO")]

            def together(value: int) -> Outcome:
                for ask in askers:
                    outcome = ask(value)
                    if outcome in (Outcome.HIT, Outcome.NO_HIT):
                        return outcome
                return Outcome.HELD

            climber = Climber(together, COPY)
            climbing_for_a_year(made, clock, climber, patience=4 * DAY)
            # Each of them is answered before it is first told of a hit: it has found out nothing until then.
            assert 0 < len(climber.answers) < LIMITS.near_year_together + len(askers) * PDQ_RADIUS
            assert (climber.guess() ^ HIDDEN).bit_count() > 12

    run(scenario())


def test_a_question_of_many_hashes_around_one_is_told_one_thing() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", attending=()) as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            hold(made.parties["JP"], 2, Level.HIT_NO_HIT)
            around = [subject(HIDDEN ^ 1 << bit) for bit in range(100)]
            said = answer(made, "FR", *around, subject_of(prints(2)))
            assert [(hit.subject, hit.whole, hit.algorithm) for hit in said.hits] == [(0, True, "sha256")]
            (hit,) = answer(made, "FR", *around[:2]).hits
            assert (hit.subject, hit.whole, hit.algorithm, hit.distance) == (0, True, "pdq", None)
            (hit,) = answer(made, "FR", around[0]).hits
            assert (hit.subject, hit.whole) == (0, False)

    run(scenario())


def test_held_is_no_answer_by_another_name() -> None:
    """Past the limit, what lies around an anchor is held, a hit or not; what lies further away is answered."""

    async def scenario() -> None:
        clock = Clock()
        async with federation("FR", "JP", attending=(), clock=clock) as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            ask = asking(made, "FR")
            for bit in range(LIMITS.near_hour):
                assert ask(COPY ^ 1 << bit) is Outcome.HIT
            anchor = COPY ^ 1
            far = [COPY ^ (((1 << PDQ_RADIUS + 2) - 1) << at) for at in (0, 100, 200)]
            assert all((each ^ HIDDEN).bit_count() > PDQ_RADIUS for each in far)
            assert all((each ^ anchor).bit_count() <= REACH for each in far)
            assert {ask(each) for each in [*far, HIDDEN, COPY]} == {Outcome.HELD}
            outside = COPY ^ ((1 << REACH + PDQ_RADIUS) - 1)
            assert ask(outside) is Outcome.NO_HIT
            clock.now += HOUR
            assert ask(HIDDEN) is Outcome.HIT

    run(scenario())


def test_while_many_wait_further_ones_are_refused() -> None:
    async def scenario() -> None:
        policy = Policy(limits=replace(LIMITS, held_waiting=2, near_hour=1))
        async with federation("FR", "JP", attending=(), policy=policy) as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            outcomes = [asking(made, "FR")(COPY ^ 1 << bit) for bit in range(4)]
            assert outcomes == [Outcome.HIT, Outcome.HELD, Outcome.HELD, Outcome.REFUSED]

    run(scenario())


def test_the_same_question_again_counts_no_further_and_an_honest_case_is_answered() -> None:
    async def scenario() -> None:
        policy = Policy(limits=replace(LIMITS, near_hour=2))
        async with federation("FR", "JP", attending=(), policy=policy) as made:
            for number in range(40):
                hold(made.parties["JP"], number, Level.HIT_NO_HIT)
            for _ in range(5):
                assert answer(made, "FR", subject_of(prints(1))).outcome is Outcome.HIT
            # Forty pictures that have nothing to do with each other: each is a neighbourhood of its own.
            for number in range(40):
                assert answer(made, "FR", subject_of(prints(number))).outcome is Outcome.HIT

    run(scenario())


def test_what_is_shared_with_the_asker_or_national_is_no_secret_to_be_found_out() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", attending=()) as made:
            hold(made.parties["JP"], 1, Level.NATIONAL)
            ask = asking(made, "FR")
            assert {ask(COPY ^ 1 << bit) for bit in range(LIMITS.near_hour + 3)} == {Outcome.NO_HIT}
            with made.parties["JP"].store.read() as tx:
                assert tx.near_questions() == []

    run(scenario())


# --- the counting itself ----------------------------------------------------------------------------------------------


def near(number: int, bits: int = 0) -> bytes:
    return flip(prints(number).pdq, bits)


def judge(made: Neighbourhoods, value: bytes, *, hit: bool, now: int, asker: object = FR, **more: object) -> str:
    limits = replace(LIMITS, **more) if more else LIMITS  # type: ignore[arg-type]
    return made.judge(asker, [value], [value] if hit else [], limits, now).why  # type: ignore[arg-type]


def test_each_window_is_counted_by_itself() -> None:
    made, now = Neighbourhoods(MemoryStore()), sim.NOW
    for limit, seconds, words in (
        ({"near_hour": 3}, HOUR, "an hour"),
        ({"near_day": 3}, DAY, "a day"),
        ({"near_year": 3}, YEAR, "a year"),
    ):
        made = Neighbourhoods(MemoryStore())
        for bits in range(3):
            assert judge(made, near(1, bits), hit=True, now=now, **limit) == ""
        assert words in judge(made, near(1, 4), hit=False, now=now + seconds - 1, **limit)
        assert judge(made, near(1, 5), hit=False, now=now + seconds, **limit) == ""
        assert judge(made, near(2), hit=True, now=now, **limit) == ""


def test_everywhere_is_counted_over_all_and_then_whatever_is_asked_about_pixels_is_held() -> None:
    made = Neighbourhoods(MemoryStore())
    for number in range(5):
        assert judge(made, near(number), hit=True, now=sim.NOW, near_hour_everywhere=5) == ""
    assert judge(made, near(99), hit=False, now=sim.NOW, near_hour_everywhere=5)
    assert judge(made, near(99), hit=False, now=sim.NOW, near_hour_everywhere=5, asker=BR) == ""


def test_neighbourhoods_that_touch_are_one() -> None:
    """Two holdings as far apart as two pictures of a series: what is asked between them counts for both."""
    made = Neighbourhoods(MemoryStore())
    one, other, between = near(1), near(1, 100), near(1, 50)
    assert judge(made, one, hit=True, now=sim.NOW, near_hour=3) == ""
    assert judge(made, other, hit=True, now=sim.NOW, near_hour=3) == ""
    assert judge(made, between, hit=True, now=sim.NOW, near_hour=3) == ""
    for value in (near(1, 1), near(1, 99), near(1, 51)):
        assert judge(made, value, hit=False, now=sim.NOW, near_hour=3)


def test_what_is_kept_gives_the_same_verdicts_after_a_restart() -> None:
    store = MemoryStore()
    made = Neighbourhoods(store)
    values = [near(1), near(1, 100), near(1, 50), near(2)]
    for at, value in enumerate(values):
        verdict = made.judge(FR, [value], [value], LIMITS, sim.NOW + at)
        with store.write() as tx:
            verdict.note(tx)
    again = Neighbourhoods(store)
    assert again.concerns(FR)
    assert not again.concerns(BR)
    for value in (near(1, 3), near(1, 98), near(2, 4), near(3)):
        assert [judge(each, value, hit=False, now=sim.NOW + 9, near_hour=2) for each in (made, again)] == [
            judge(again, value, hit=False, now=sim.NOW + 9, near_hour=2)
        ] * 2


def test_anchors_are_forgotten_after_a_year() -> None:
    made = Neighbourhoods(MemoryStore())
    assert judge(made, near(1), hit=True, now=sim.NOW, near_hour=1) == ""
    assert judge(made, near(1, 1), hit=False, now=sim.NOW, near_hour=1)
    later = sim.NOW + YEAR + 1
    for bits in range(2, 9):
        assert judge(made, near(1, bits), hit=False, now=later, near_hour=1) == ""


def test_who_has_too_many_anchors_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbourhood, "MAX_ANCHORS", 2)
    made = Neighbourhoods(MemoryStore())
    assert [bool(judge(made, near(number), hit=True, now=sim.NOW)) for number in range(3)] == [False, False, True]


def test_a_frame_is_looked_at_in_all_orientations_as_it_is_searched() -> None:
    value = near(1)
    probes = [Probe(0, FRAME.code, value), Probe(0, PDQ.code, near(2)), Probe(0, 3, bytes(32))]
    assert values_of(probes) == [*turned(value), near(2)]
