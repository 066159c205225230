"""A question of any size: split, paced, interrupted, gone on with, asked again, and told afterwards."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

import pytest

from node.control.query_lines import plan_line, summary_line
from node.domain.caller import Caller
from node.domain.fingerprint_kinds import FRAME, MD5
from node.domain.fingerprints import Fingerprint
from node.domain.ids import member_id
from node.domain.queries import Level, Outcome, Subject
from node.domain.questions import Tally, combined
from node.domain.roster import Policy
from node.errors import Misuse, NotFound, Refused, Unavailable
from node.usecases.acting import acting_for
from node.usecases.asking import Begins, Event, Heard, Waits
from node.usecases.history import asked_subjects, changes, told_outcomes
from node.usecases.inquiry import EXPIRY_GRACE_SECONDS
from node.usecases.intake import subject_of
from node.usecases.pacing import SHARE, Pace, paced
from node.usecases.query_plan import Plan, Thinned
from node.usecases.question import Question, split
from tests.simulator import federation as sim
from tests.simulator.asking import Federation, federation, prints, until
from tests.unit.usecases.holding_pictures import hold

SMALL = Policy(max_query_fingerprints=10)
"""Two pictures a part."""


def pictures(*numbers: int) -> tuple[Subject, ...]:
    return tuple(subject_of(prints(number), f"/evidence/{number}.jpg") for number in numbers)


def about(*subjects: Subject, **how: object) -> Question:
    given = {"case": "FR-7", "purpose": "victim-identification", "legal_basis": "art. 706-47", "budget": 5.0, **how}
    return Question(subjects=subjects, **given)  # type: ignore[arg-type]


async def asked(made: Federation, plan: Plan, pause: Callable[..., object] = asyncio.sleep) -> list[Event]:
    asker = made.asker("FR", pause)  # type: ignore[arg-type]
    return [event async for event in asker.run(plan)]


def labels(plan: Plan) -> list[list[str]]:
    return [[subject.label for subject in todo.subjects] for todo in plan.todo]


# --- splitting and pacing ---------------------------------------------------------------------------------------------


def test_a_question_is_split_in_its_order_and_no_part_is_larger_than_the_policy_lets() -> None:
    parts = split(SMALL, pictures(1, 2, 3, 4, 5))
    assert [[each.label for each in part] for part in parts] == [
        ["/evidence/1.jpg", "/evidence/2.jpg"],
        ["/evidence/3.jpg", "/evidence/4.jpg"],
        ["/evidence/5.jpg"],
    ]
    assert split(SMALL, ()) == []


def test_a_video_that_fits_no_part_is_thinned_out_and_stands_alone() -> None:
    frames = tuple(Fingerprint(code=FRAME.code, value=bytes([n]) * 32, quality=90, at=n * 1_000) for n in range(120))
    film = Subject(fingerprints=(Fingerprint(code=MD5.code, value=bytes(16)), *frames), label="film")
    first, second, third = split(Policy(max_query_fingerprints=50), [*pictures(1), film, *pictures(2)])
    assert [len(each.fingerprints) for each in (*first, *second, *third)] == [5, 50, 5]


def test_what_is_left_out_of_a_video_is_told_and_told_again_when_it_is_asked_again() -> None:
    frames = tuple(Fingerprint(code=FRAME.code, value=bytes([n]) * 32, quality=90, at=n * 1_000) for n in range(99))
    film = Subject(fingerprints=(Fingerprint(code=MD5.code, value=bytes(16)), *frames), label="film")

    async def scenario() -> None:
        async with federation("FR", "JP", policy=Policy(max_query_fingerprints=50)) as made:
            planner = made.parties["FR"].planner
            plan = planner.plan(about(*pictures(1), film))
            assert plan.thinned == (Thinned(label="film", left_out=50, fingerprints=100),)
            assert plan.terms.left_out == plan_line(plan)["left_out"] == summary_line(plan)["left_out"] == 50
            again = planner.again(plan.id)
            assert (again.thinned, again.terms.left_out) == ((), 50)
            assert planner.rest(plan.id).terms.left_out == 50
            whole = planner.plan(about(*pictures(1)))
            assert (whole.thinned, whole.terms.left_out) == ((), 0)

    asyncio.run(scenario())


def test_a_policy_that_lets_little_a_minute_makes_smaller_parts() -> None:
    slow = Policy(max_query_fingerprints=1_000, query_cost_per_minute=12)
    assert len(split(slow, pictures(1, 2, 3, 4))) == 2


def test_the_asker_keeps_below_the_policys_budget() -> None:
    policy = Policy(query_cost_per_minute=1_000)
    pace = Pace(member_id("FR"))
    asked_in_all, now, minutes = 0, 1_000.0, 3
    while now < 1_000.0 + 60 * minutes:
        if wait := pace.wait(100, policy, now):
            now += wait
        else:
            asked_in_all += 100
    assert asked_in_all <= 1_000 * SHARE * (minutes + 1)
    assert asked_in_all >= 1_000 * SHARE * minutes
    assert paced(Policy(query_cost_per_minute=0)) == 1, "waits for ever rather than never ending"


def test_a_part_larger_than_the_pace_is_asked_all_the_same() -> None:
    assert Pace(member_id("FR")).wait(50, Policy(query_cost_per_minute=10), 1.0) == 0


# --- asking -----------------------------------------------------------------------------------------------------------


def test_a_question_in_parts_ends_in_one_table_over_all_of_them() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", "NO", attending=("JP", "NO"), policy=SMALL) as made:
            hold(made.parties["JP"], 5, Level.HIT_NO_HIT)
            planner = made.parties["FR"].planner
            plan = planner.plan(about(*pictures(1, 2, 3, 4, 5), recipients=(member_id("JP"), member_id("BR"))))
            assert [part.part.cost for part in plan.todo] == [10, 10, 5]
            events = await asked(made, plan)
            assert [event.part.number for event in events if isinstance(event, Begins)] == [1, 2, 3]
            states = plan.tally.states()
            assert states == {"BR": Outcome.OFFLINE, "JP": Outcome.HIT, "NO": Outcome.NOT_ASKED}
            assert (plan.tally.answered(member_id("JP")), plan.tally.answered(member_id("BR"))) == (3, 0)
            assert (plan.tally.hits, plan.tally.complete()) == (1, False)
            (hit,) = [hit for e in events if isinstance(e, Heard) and e.outcome.answer for hit in e.outcome.answer.hits]
            told = next(e for e in events if isinstance(e, Heard) and e.outcome.outcome is Outcome.HIT)
            assert told.subjects[hit.subject].label == "/evidence/5.jpg"
            with made.parties["FR"].store.read() as tx:
                kept = tx.question(plan.id)
            assert kept is not None
            assert kept.closed

    asyncio.run(scenario())


def test_where_the_hub_says_that_the_budget_is_used_up_the_part_is_put_again_later() -> None:
    async def scenario() -> None:
        now = [float(sim.NOW)]
        policy = Policy(max_query_fingerprints=10, query_cost_per_minute=12)
        async with federation("FR", "JP", policy=policy, clock=lambda: now[0]) as made:
            planner = made.parties["FR"].planner
            await asked(made, planner.plan(about(*pictures(1, 2))))  # by an asker that the next one knows nothing of
            waited: list[float] = []

            async def pause(seconds: float) -> None:
                waited.append(seconds)
                now[0] += seconds

            plan = planner.plan(about(*pictures(3, 4)))
            events = await asked(made, plan, pause)
            assert [type(event) for event in events] == [Begins, Waits, Heard]
            assert plan.tally.states() == {"JP": Outcome.NO_HIT}
            assert waited[0] > 40
            assert "12 fingerprints a minute" in events[1].because  # type: ignore[union-attr]

    asyncio.run(scenario())


def test_an_asker_waits_by_itself_before_it_exceeds_the_budget() -> None:
    async def scenario() -> None:
        now = [float(sim.NOW)]
        policy = Policy(max_query_fingerprints=5, query_cost_per_minute=20)
        async with federation("FR", "JP", policy=policy, clock=lambda: now[0]) as made:

            async def pause(seconds: float) -> None:
                now[0] += seconds

            plan = made.parties["FR"].planner.plan(about(*pictures(*range(1, 11))))
            events = await asked(made, plan, pause)
            order = [type(event) for event in events]
            assert order.count(Begins) == 10
            assert order.count(Waits) >= 6
            assert set(plan.tally.states().values()) == {Outcome.NO_HIT}, "nobody refused anything"
            assert order.index(Waits) < order.index(Begins, order.index(Waits)), "it waits before a part, not after"

    asyncio.run(scenario())


def test_a_hub_that_cannot_be_reached_ends_the_asking_and_the_rest_is_asked_later() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=SMALL) as made:
            who = made.parties["FR"]
            plan = who.planner.plan(about(*pictures(1, 2, 3, 4, 5)))
            asker = made.asker("FR")
            whole = asker._deps.relay
            sent = [0]

            async def fails(query: object, budget: float) -> object:
                sent[0] += 1
                if sent[0] == 2:
                    raise Unavailable("the hub is away")
                async for events in whole(query, budget):  # type: ignore[arg-type]
                    yield events

            asker._deps = replace(asker._deps, relay=fails)  # type: ignore[arg-type]
            events = [event async for event in asker.run(plan)]
            assert sent == [2]
            assert [e.outcome.outcome for e in events if isinstance(e, Heard)] == [Outcome.NO_HIT, Outcome.NOT_ASKED]
            assert plan.tally.states() == {"JP": Outcome.NOT_ASKED}
            assert not plan.tally.complete()

            rest = who.planner.rest(plan.id)
            assert [todo.part.number for todo in rest.todo] == [2, 3]
            assert rest.todo[0].interrupted
            await asked(made, rest)
            assert rest.tally.states() == {"JP": Outcome.NO_HIT}
            assert rest.tally.complete()
            assert sorted(rest.queries) == [1, 2, 3]
            with pytest.raises(Misuse, match="closing table"):
                who.planner.rest(plan.id)

    asyncio.run(scenario())


@pytest.mark.parametrize("days", [0, 3], ids=["soon", "after its expiry"])
def test_an_interrupted_part_keeps_what_came_and_is_gone_on_with(days: int) -> None:
    async def scenario() -> None:
        now = [float(sim.NOW)]
        async with federation("FR", "JP", "BR", policy=SMALL, clock=lambda: now[0]) as made:
            who = made.parties["FR"]
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            made.parties["BR"].hold = asyncio.Event()
            plan = who.planner.plan(about(*pictures(1, 2, 3)))
            async with aclosing(made.asker("FR").run(plan)) as events:
                async for event in events:
                    if isinstance(event, Heard) and event.outcome.member == "JP":
                        break  # Ctrl-C
            (first, second) = plan.todo[0].part, plan.todo[1].part
            told = told_outcomes(who.store, who.planner.codec, first.query_id)
            assert [(each.member, each.outcome) for each in told] == [("JP", Outcome.HIT)]
            made.parties["BR"].hold.set()

            now[0] += days * EXPIRY_GRACE_SECONDS
            rest = who.planner.rest(plan.id)
            assert [todo.part.number for todo in rest.todo] == [1, 2]
            await asked(made, rest)
            assert rest.tally.states() == {"BR": Outcome.NO_HIT, "JP": Outcome.HIT}
            assert (rest.tally.hits, rest.tally.complete()) == (1, True)
            assert (rest.queries[1] == first.query_id) is (days == 0), "the very same query, while it is good"
            assert rest.queries[2] == second.query_id
            told = told_outcomes(who.store, who.planner.codec, rest.queries[1])
            assert len([each for each in told if each.member == "JP"]) == 1, "a line a member"

    asyncio.run(scenario())


def test_what_a_member_answers_after_an_interruption_comes_late_and_counts_when_it_is_gone_on_with() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            who, japan = made.parties["FR"], made.parties["JP"]
            japan.hold = asyncio.Event()
            plan = who.planner.plan(about(*pictures(1)))

            def has_answered() -> bool:
                with japan.store.read() as tx:
                    return tx.answered(who.id, plan.id) is not None

            asking = asyncio.create_task(asked(made, plan))
            await until(has_answered)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            japan.hold.set()
            await until(lambda: who.late)
            rest = who.planner.rest(plan.id)
            events = await asked(made, rest)
            assert [e.outcome.late for e in events if isinstance(e, Heard)] == [True]
            assert rest.tally.states() == {"JP": Outcome.NO_HIT}
            told = told_outcomes(who.store, who.planner.codec, plan.id)
            assert [(each.outcome, each.late) for each in told] == [(Outcome.NO_HIT, True)]

    asyncio.run(scenario())


# --- again, and history -----------------------------------------------------------------------------------------------


def test_the_same_question_is_asked_again_with_its_terms_and_says_what_changed() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", attending=("JP",), policy=SMALL) as made:
            who = made.parties["FR"]
            with acting_for(Caller(name="Lt. Dupont")):
                before = who.planner.plan(about(*pictures(1, 2, 3), budget=3.0, officer_role="analyst"))
            await asked(made, before)
            await made.attend("BR")
            hold(made.parties["BR"], 3, Level.HIT_NO_HIT)
            with acting_for(Caller(name="Sgt. Sato")):
                again = who.planner.again(before.id)
            assert again.id != before.id
            assert again.terms == replace(before.terms, officer="Sgt. Sato", again=before.id)
            assert labels(again) == labels(before)
            assert [t.subjects for t in again.todo] == [t.subjects for t in before.todo]
            await asked(made, again)
            with who.store.read() as tx:
                old, new = tx.question(before.id), tx.question(again.id)
            assert old is not None
            assert new is not None
            told = changes(who.store, who.planner.codec, old.parts, new.parts, again.terms.members)
            assert told.states == {"BR": (Outcome.OFFLINE, Outcome.HIT)}
            assert (told.new_hits, told.gone_hits) == (1, 0)
            only = changes(who.store, who.planner.codec, old.parts, new.parts, (member_id("JP"),))
            assert (only.states, only.new_hits, only.gone_hits) == ({}, 0, 0), "of those who are asked this time"
            narrowed = who.planner.again(before.id, (member_id("BR"),), 1.0)
            assert (narrowed.terms.recipients, narrowed.terms.budget) == (("BR",), 1.0)
            one = who.planner.again(before.queries[2])
            assert labels(one) == [["/evidence/3.jpg"]]
            assert one.terms.again == before.queries[2]

    asyncio.run(scenario())


def test_history_has_the_labels_in_which_a_person_asked_and_the_wire_has_none() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            who = made.parties["FR"]
            plan = who.planner.plan(about(*pictures(1)))
            await asked(made, plan)
            with who.store.read() as tx:
                kept, sent = tx.question(plan.id), tx.asked(plan.id)
            assert kept is not None
            assert sent is not None
            assert [s.label for s in asked_subjects(who.store, who.planner.codec, kept.parts[0])] == ["/evidence/1.jpg"]
            assert b"evidence" not in sent.query.header + sent.query.payload

    asyncio.run(scenario())


def test_why_nobody_answered_is_kept() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", attending=("BR",)) as made:
            who = made.parties["FR"]
            plan = who.planner.plan(about(*pictures(1)))
            await asked(made, plan)
            told = {each.member: each for each in told_outcomes(who.store, who.planner.codec, plan.id)}
            assert (told[member_id("JP")].outcome, told[member_id("JP")].reason) == (Outcome.OFFLINE, "said by the hub")

    asyncio.run(scenario())


def test_a_question_that_was_forgotten_is_not_asked_again() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            who = made.parties["FR"]
            plan = who.planner.plan(about(*pictures(1)))
            await asked(made, plan)
            with who.store.write() as tx:
                tx.forget_queries(sim.NOW + 1)
            for ask in (who.planner.again, who.planner.rest):
                with pytest.raises(NotFound):
                    ask(plan.id)

    asyncio.run(scenario())


def test_what_nobody_could_answer_is_refused_before_it_is_kept() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            planner = made.parties["FR"].planner
            for wrong in ({"legal_basis": " "}, {"purpose": "curiosity"}, {"recipients": (member_id("ZZ"),)}):
                with pytest.raises((Misuse, Refused)):
                    planner.plan(about(*pictures(1), **wrong))
            with pytest.raises(Refused):
                planner.plan(about())
            with made.parties["FR"].store.read() as tx:
                assert tx.recent_questions(9) == []

    asyncio.run(scenario())


# --- a case -----------------------------------------------------------------------------------------------------------


def test_a_case_is_asked_about_from_its_holdings_and_says_which_levels_leave() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=SMALL) as made:
            who = made.parties["FR"]
            for number, level in ((1, Level.NATIONAL), (2, Level.HIT_NO_HIT), (3, Level.NATIONAL)):
                hold(who, number, level, "C-1")
            hold(who, 4, Level.NATIONAL, "OTHER")
            hold(made.parties["JP"], 2, Level.HIT_NO_HIT)
            plan = who.planner.plan_case(about(case="C-1"))
            assert labels(plan) == [["holding 1", "holding 2"], ["holding 3"]]
            assert plan.levels == {Level.NATIONAL: 10, Level.HIT_NO_HIT: 5}
            assert not plan.reduced, "a picture's orientations are told from its bits"
            assert plan.terms.from_case
            await asked(made, plan)
            assert plan.tally.states() == {"JP": Outcome.HIT}
            assert plan.tally.local_hits == 0, "that a holding is held here is no hit"
            with pytest.raises(NotFound):
                who.planner.plan_case(about(case="NONE"))

    asyncio.run(scenario())


def test_what_is_known_to_be_harmless_is_left_out_of_a_case() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            who = made.parties["FR"]
            for number in (1, 2):
                hold(who, number, Level.NATIONAL, "C-1")
            who.planner.allowed.add([prints(1).sha256])
            plan = who.planner.plan_case(about(case="C-1"))
            assert (labels(plan), plan.not_asked) == ([["holding 2"]], ("holding 1",))
            assert labels(who.planner.plan_case(about(case="C-1"), show_all=True)) == [["holding 1", "holding 2"]]

    asyncio.run(scenario())


# --- the table over all parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("worst", [each for each in Outcome if each not in {Outcome.HIT, Outcome.NO_HIT}])
def test_one_part_without_an_answer_is_never_hidden_by_the_others(worst: Outcome) -> None:
    assert combined([Outcome.HIT, worst, Outcome.NO_HIT]) is worst
    assert combined([Outcome.NO_HIT, Outcome.HIT]) is Outcome.HIT
    assert combined([Outcome.NO_HIT, Outcome.NO_HIT]) is Outcome.NO_HIT


def test_a_part_that_was_never_asked_counts_as_not_asked() -> None:
    tally = Tally(parts=2, outcomes={member_id("JP"): {1: Outcome.HIT}}, expected={member_id("JP")})
    assert tally.states() == {"JP": Outcome.NOT_ASKED}
    assert not tally.complete()
