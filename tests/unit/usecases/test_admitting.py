"""Which queries an answerer takes, what they cost, and that one query is answered once."""

import asyncio
import threading
from dataclasses import replace

import pytest

from node.domain.ids import federation_id, member_id
from node.domain.queries import Outcome, QueryHeader, SignedQuery
from node.domain.roster import Policy
from node.domain.signing import query_preimage
from node.errors import BadSignature, Refused
from node.usecases.admitting import MAX_QUERY_SECONDS
from node.usecases.intake import subject_of
from tests.simulator import federation as sim
from tests.simulator.asking import federation, prints, statement_signer, until
from tests.unit.usecases.inquiries import _asked, _said, about, ask, run


def test_the_same_query_gets_the_same_bytes_again() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            opened, _ = await ask(made, about(subject_of(prints(1))))
            again = made.parties["JP"].answerer.prepare(opened.signed)
            assert again.answer == opened.answers[member_id("JP")]
            assert again.durable is None

    run(scenario())


def test_a_query_brought_twice_at_once_is_answered_once() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            query = made.parties["FR"].inquirer.open(about(subject_of(prints(1)))).signed
            searching, go_on = threading.Event(), threading.Event()
            search, admit = jp.matcher.for_member, jp.answerer._admit
            admitted: list[QueryHeader] = []
            searched: list[object] = []

            def counted(asked: SignedQuery) -> QueryHeader:
                admitted.append(admit(asked))
                return admitted[-1]

            def slow(*args: object, **named: object) -> object:
                searched.append(args)
                searching.set()
                assert go_on.wait(30)
                return search(*args, **named)  # type: ignore[arg-type]

            jp.matcher.for_member = slow  # type: ignore[assignment, method-assign]
            jp.answerer._admit = counted  # type: ignore[assignment, method-assign]
            first = asyncio.create_task(asyncio.to_thread(jp.answerer.prepare, query))
            await asyncio.to_thread(searching.wait, 30)
            second = asyncio.create_task(asyncio.to_thread(jp.answerer.prepare, query))
            await until(lambda: len(admitted) == 2)
            go_on.set()
            prepared = [await first, await second]
            assert prepared[0].answer == prepared[1].answer
            assert len(searched) == 1
            assert prepared[0].durable is not None
            await asyncio.to_thread(prepared[0].durable.result, 30)
            with jp.store.read() as tx:
                assert [log.size for log in tx.logs() if log.origin.stream == "audit"] == [1]
            assert jp.answerer.prepare(query).answer == prepared[0].answer
            assert not jp.answerer._running

    run(scenario())


def test_a_query_that_is_good_for_ever_is_not_answered() -> None:
    """What was answered is forgotten some day: brought again after that, it would be searched and answered anew."""

    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            with pytest.raises(Refused, match="valid for too long"):
                made.parties["JP"].answerer.prepare(_asked(made, {"expires_at": sim.NOW + MAX_QUERY_SECONDS + 1}))

    run(scenario())


def test_a_query_of_another_federation_is_a_strangers() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            query = made.parties["FR"].inquirer.open(about(subject_of(prints(1)))).signed
            other = query_preimage(federation_id("other.fed"), query.header, query.payload)
            with pytest.raises(BadSignature):
                made.parties["JP"].answerer.prepare(replace(query, signature=statement_signer("FR").sign(other)))

    run(scenario())


def test_header_and_payload_of_two_queries_do_not_make_a_third() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            one, two = (made.parties["FR"].inquirer.open(about(subject_of(prints(n)))).signed for n in (1, 2))
            for signature in (one.signature, two.signature):
                with pytest.raises(BadSignature):
                    made.parties["JP"].answerer.prepare(replace(one, payload=two.payload, signature=signature))

    run(scenario())


def test_eight_hashes_are_not_asked_about_for_the_price_of_one() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            true = subject_of(prints(1))
            others = tuple(prints(number).pdq for number in range(2, 9))
            false = replace(true, orientations=(true.orientations[0], *others))
            said = _said(made, _asked(made, {}, subjects=(false,)))
            why = "the query's declared cost does not match its content"
            assert (said.outcome, said.reason) == (Outcome.REFUSED, why)
            paid = _said(made, _asked(made, {"cost": 5 + 7, "query_id": bytes(16)}, subjects=(false,)))
            assert paid.outcome is Outcome.NO_HIT

    run(scenario())


def test_what_is_refused_is_charged_as_well() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=Policy(query_cost_per_minute=2)) as made:
            free = [_asked(made, {"cost": 0, "query_id": bytes([n]) * 16}) for n in range(3)]
            reasons = [_said(made, query).reason for query in free]
            assert ["policy allows" in reason for reason in reasons] == [False, False, True]

    run(scenario())


def test_a_payload_that_cannot_be_read_is_an_error_and_no_refusal() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            query = _asked(made, {})
            sealed = b"\x08\x01\x1a\x00"
            signature = statement_signer("FR").sign(query_preimage(sim.FEDERATION, query.header, sealed))
            said = _said(made, replace(query, payload=sealed, signature=signature))
            assert said.outcome is Outcome.ERROR
            assert "sealed" in said.reason

    run(scenario())


def test_a_member_over_its_budget_is_refused_with_a_signature_and_a_reason() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=Policy(query_cost_per_minute=6)) as made:
            question = about(subject_of(prints(1)))
            inquirer = made.parties["FR"].inquirer
            queries = [inquirer.open(question).signed for _ in range(2)]
            answers = [made.parties["JP"].answerer.prepare(query).answer for query in queries]
            said = [
                inquirer.judge.check_answer(query, member_id("JP"), answer)
                for query, answer in zip(queries, answers, strict=True)
            ]
            assert [a.outcome for a in said] == [Outcome.NO_HIT, Outcome.REFUSED]
            assert "policy allows" in said[1].reason

    run(scenario())
