"""A federated query from question to closing table: how it leaves, what state each member ends in, what is kept."""

import asyncio
from dataclasses import replace

import pytest

from node.domain.ids import member_id
from node.domain.queries import Level, Outcome, RelayEvent, SignedQuery
from node.domain.roster import MemberStatus, Roster
from node.errors import Expired, Misuse, Refused
from node.usecases.inquiry import Inquirer
from node.usecases.intake import subject_of
from tests.simulator.asking import federation, prints
from tests.unit.usecases.inquiries import about, ask, hold, run


def test_every_member_of_the_roster_ends_in_exactly_one_state() -> None:
    async def scenario() -> None:
        names = ("FR", "JP", "BR", "NO", "SE")
        async with federation(*names, attending=("JP", "NO"), SE=MemberStatus.SUSPENDED) as made:
            made.parties["NO"].hold = asyncio.Event()
            opened, told = await ask(made, about(subject_of(prints(1)), budget=0.3))
            assert {m: o.outcome for m, o in told.items()} == {
                "JP": Outcome.NO_HIT,
                "BR": Outcome.OFFLINE,
                "NO": Outcome.TIMEOUT,
                "SE": Outcome.NOT_ASKED,
            }
            assert not opened.complete()
            with made.parties["FR"].store.read() as tx:
                kept = {member: state for member, state, _, _ in tx.outcomes(opened.id)}
            assert kept == {member: outcome.outcome.value for member, outcome in told.items()}

    run(scenario())


def test_members_left_out_are_shown_as_not_asked_and_do_not_make_the_query_partial() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", attending=("JP",)) as made:
            opened, told = await ask(made, about(subject_of(prints(1)), recipients=(member_id("JP"),)))
            assert told["BR"].outcome is Outcome.NOT_ASKED
            assert opened.complete()

    run(scenario())


def test_an_asker_whose_roster_ran_out_blames_itself_and_no_member() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            opened, _ = await ask(made, about(subject_of(prints(1))))
            event = RelayEvent(member=member_id("JP"), answer=opened.answers[member_id("JP")], query_id=opened.id)

            def ran_out() -> Roster:
                raise Expired("the roster is past its date")

            inquirer = made.parties["FR"].inquirer
            again = Inquirer(replace(inquirer._deps, roster=ran_out))
            opened.outcomes.clear()

            async def relay(_query: SignedQuery, _budget: float) -> object:
                yield [event]

            told = [each async for each in again.ask(opened, relay, 5.0)]  # type: ignore[arg-type]
            assert [(each.outcome, each.reason) for each in told] == [(Outcome.ERROR, "the roster is past its date")]

    run(scenario())


def test_no_question_stays_in_memory_once_its_table_is_closed() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            inquirer = made.parties["FR"].inquirer
            _, told = await ask(made, about(subject_of(prints(1))))
            assert told["JP"].outcome is Outcome.HIT
            assert inquirer.judge._decode_payload.cache_info().currsize == 0
            assert inquirer.judge._query_digest.cache_info().currsize == 0

    run(scenario())


def test_a_query_without_basis_case_or_known_purpose_never_leaves() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            inquirer = made.parties["FR"].inquirer
            for wrong, kind in (({"legal_basis": " "}, Misuse), ({"case": ""}, Misuse), ({"purpose": "x"}, Refused)):
                with pytest.raises(kind):
                    inquirer.open(about(subject_of(prints(1)), **wrong))
            with made.parties["FR"].store.read() as tx:
                assert tx.recent_questions(10) == []

    run(scenario())


def test_asker_and_answerer_both_keep_the_query_and_its_basis_in_their_audit_logs() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            await ask(made, about(subject_of(prints(1))))
            for name in ("FR", "JP"):
                with made.parties[name].store.read() as tx:
                    (log,) = [each for each in tx.logs() if each.origin.stream == "audit"]
                    run_ = tx.run(log.origin, 0, log.size, 1 << 20)
                assert any(b"706-47" in body for body in run_.bodies)
                # The leaf itself tells nothing: what is kept for ever cannot be read without the body.
                assert not any(b"706-47" in entry for entry in run_.entries)

    run(scenario())


def test_a_hub_that_breaks_off_leaves_the_rest_in_error_and_one_never_reached_not_asked() -> None:
    async def scenario() -> None:
        from node.errors import Unavailable

        async with federation("FR", "JP", "BR") as made:
            inquirer = made.parties["FR"].inquirer

            async def breaks(query: SignedQuery, budget: float) -> object:
                async for events in made.relay.ask(member_id("FR"), query, budget):
                    yield events[:1]
                    raise Unavailable("the hub went away")

            async def never(query: SignedQuery, budget: float) -> object:
                for word in ("the hub cannot be reached",):
                    raise Unavailable(word)
                yield

            for through, state in ((breaks, Outcome.ERROR), (never, Outcome.NOT_ASKED)):
                opened = inquirer.open(about(subject_of(prints(1))))
                told = {o.member: o.outcome async for o in inquirer.ask(opened, through, 5.0)}  # type: ignore[arg-type]
                assert len(told) == 2
                assert state in told.values()
                assert not opened.complete()

    run(scenario())
