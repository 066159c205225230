"""Answers that do not count, and what is left of them: evidence, and never a lead."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from node.domain.ids import Origin, RecordId, member_id
from node.domain.queries import (
    Hit,
    Level,
    MatchRule,
    MemberOutcome,
    Outcome,
    RelayEvent,
    SearchedKind,
    SignedAnswer,
    SignedQuery,
)
from node.domain.roster import PDQ_RADIUS_CAP, Policy, Roster
from node.domain.signing import answer_preimage
from node.domain.videos import Shares
from node.errors import Expired, Malformed
from node.usecases.history import told_outcomes
from node.usecases.hits import Bounds
from node.usecases.inquiry import Inquirer
from node.usecases.intake import subject_of
from node.usecases.openquery import OpenQuery
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import Federation, federation, prints, statement_signer
from tests.unit.control.queries import collect, commands, feed
from tests.unit.usecases.inquiries import about, ask, hold, run

CODEC = ProtoCodec()
JP = member_id("JP")
RECORD = RecordId(Origin(sim.FEDERATION, JP), b"r" * 32)
INVENTED = Hit(subject=0, origin="JP", algorithm="pdq", level=Level.SHARED, record=RECORD, distance=4, quality=90)


def bent(answer: SignedAnswer, signer: str = "", **changes: object) -> SignedAnswer:
    """An answer that says something else, signed by `signer`, or with the old signature."""
    data = CODEC.encode_answer(replace(CODEC.decode_answer(answer.answer), **changes))  # type: ignore[arg-type]
    preimage = answer_preimage(sim.FEDERATION, data)
    signature = statement_signer(signer).sign(preimage) if signer else answer.signature
    return replace(answer, answer=data, signature=signature)


def invented(answer: SignedAnswer) -> SignedAnswer:
    """What a hub would put into a member's mouth."""
    return bent(answer, outcome=Outcome.HIT, hits=(INVENTED,))


async def shown(made: Federation, wanted: bytes) -> list[dict[str, Any]]:
    return await collect(commands(made).queries({"query": wanted.hex()}, feed()))


def test_hits_that_a_hub_puts_into_a_members_mouth_are_evidence_and_no_leads() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            made.parties["JP"].lie = lambda _, answer: invented(answer)
            opened, told = await ask(made, about(subject_of(prints(1))))
            assert (told["JP"].outcome, told["JP"].refused) == (Outcome.BAD_SIGNATURE, True)
            lines = await shown(made, opened.id)
            assert [line for line in lines if "where" in line] == []
            (state,) = [line for line in lines if "outcome" in line]
            assert (state["outcome"], state["answer_refused"], state["hits"]) == ("bad-signature", True, None)
            (evidence,) = [line for line in lines if "refused_answer_of" in line]
            assert evidence["refused_answer_of"] == "JP"
            assert "signature" in evidence["reason"]
            with made.parties["FR"].store.read() as tx:
                assert [answer for _, _, answer, _ in tx.outcomes(opened.id)] == [None]
                assert len(tx.refused_answers(opened.id)) == 1

    run(scenario())


def test_an_answer_that_nobody_judged_because_the_roster_ran_out_is_kept_as_none() -> None:
    """The state is then error, which is a state that members sign: its answer must not be read as one that they did."""

    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            first, _ = await ask(made, about(subject_of(prints(1))))
            answer = invented(first.answers[JP])

            def ran_out() -> Roster:
                raise Expired("the roster is past its date")

            inquirer = made.parties["FR"].inquirer
            opened = inquirer.open(about(subject_of(prints(1))))
            again = Inquirer(replace(inquirer._deps, roster=ran_out))

            async def relay(_query: SignedQuery, _budget: float) -> object:
                yield [RelayEvent(member=JP, answer=answer, query_id=opened.id)]

            told = [each async for each in again.ask(opened, relay, 5.0)]  # type: ignore[arg-type]
            again.close(opened)
            assert [each.outcome for each in told] == [Outcome.ERROR]
            lines = await shown(made, opened.id)
            assert [line for line in lines if "where" in line] == []

    run(scenario())


@pytest.mark.parametrize("kept", ["hits under another state", "what nobody can read"])
def test_an_answer_that_an_earlier_version_kept_unjudged_is_marked_and_ends_no_list(kept: str) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            first, _ = await ask(made, about(subject_of(prints(1))))
            inquirer = made.parties["FR"].inquirer
            opened = inquirer.open(about(subject_of(prints(2))))
            answer = invented(first.answers[JP])
            if kept == "what nobody can read":
                answer = replace(answer, answer=b"\xff")
            with made.parties["FR"].store.write() as tx:
                tx.put_outcome(opened.id, JP, "error", answer, late=False)
                tx.close_query(opened.id, sim.NOW)
            lines = await collect(commands(made).queries({"limit": 5}, feed()))
            assert [line for line in lines if "where" in line] == []
            states = {line["query"]: line for line in lines if "outcome" in line}
            assert set(states) == {first.id.hex(), opened.id.hex()}
            assert states[opened.id.hex()]["answer_refused"]
            assert "cannot be read" in states[opened.id.hex()]["reason"]
            assert inquirer.reopen(made_asked(made, opened)) is not None

    run(scenario())


def made_asked(made: Federation, opened: OpenQuery) -> Any:
    with made.parties["FR"].store.read() as tx:
        return tx.asked(opened.id)


def test_a_forged_late_answer_does_not_keep_the_honest_one_out() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            made.parties["JP"].hold = asyncio.Event()
            opened, told = await ask(made, about(subject_of(prints(1)), budget=0.2))
            assert told["JP"].outcome is Outcome.TIMEOUT
            honest = made.parties["JP"].answerer.prepare(opened.signed).answer
            inquirer = made.parties["FR"].inquirer
            for _ in range(2):
                inquirer.late(RelayEvent(member=JP, answer=invented(honest), query_id=opened.id))
            late = inquirer.late(RelayEvent(member=JP, answer=honest, query_id=opened.id))
            assert late is not None
            assert late.outcome is Outcome.HIT
            states = told_outcomes(made.parties["FR"].store, CODEC, opened.id)
            assert [(each.outcome, each.refused) for each in states] == [
                (Outcome.TIMEOUT, False),
                (Outcome.BAD_SIGNATURE, True),
                (Outcome.HIT, False),
            ]

    run(scenario())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kinds": ()}, "did not search md5, pdq, sha1, sha256"),
        ({"kinds": tuple(SearchedKind(name=n, version=1, searched=True) for n in ("md5", "sha1", "sha256"))}, "pdq"),
        ({"kinds": (SearchedKind(name="pdq", version=1, searched=False),)}, "did not search"),
    ],
)
def test_no_hit_from_who_did_not_search_what_was_asked_is_an_error(changes: dict[str, object], reason: str) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            made.parties["JP"].lie = lambda _, answer: bent(answer, "JP", **changes)
            _, told = await ask(made, about(subject_of(prints(1))))
            assert (told["JP"].outcome, told["JP"].answer, told["JP"].refused) == (Outcome.ERROR, None, True)
            assert reason in told["JP"].reason

    run(scenario())


@pytest.mark.parametrize(
    "changes",
    [
        {"at": sim.NOW + 86_400},
        {"at": 1 << 53},
        {"at": sim.NOW - 86_400},
        {"kinds": (SearchedKind(name="pdq", version=0, searched=True),)},
        {"kinds": (SearchedKind(name="pdq", version=1 << 31, searched=True),)},
        {"kinds": (SearchedKind(name="pdq", version=1, searched=True),) * 2},
    ],
    ids=["tomorrow", "behind the calendar", "before the question", "no version", "a far version", "twice"],
)
def test_an_answer_whose_own_words_cannot_be_true_is_refused(changes: dict[str, object]) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            made.parties["JP"].lie = lambda _, answer: bent(answer, "JP", **changes)
            opened, told = await ask(made, about(subject_of(prints(1))))
            assert (told["JP"].outcome, told["JP"].refused) == (Outcome.BAD_SIGNATURE, True)
            assert await shown(made, opened.id)

    run(scenario())


SHARES = Shares(query_percent=50, compared_percent=50, moments=2, frames=2, radius=66)


@pytest.mark.parametrize(
    "changes",
    [
        {"distance": 32},
        {"distance": (1 << 32) - 1},
        {"quality": 101},
        {"quality": -(1 << 31)},
        {"algorithm": "sha256", "distance": 0, "quality": None},
        {"algorithm": "sha256", "distance": None, "quality": 50},
        {"shares": SHARES},
        {"algorithm": "sha256", "distance": None, "quality": None, "at": 1},
        {"algorithm": "vpdq", "distance": 67},
        {"algorithm": "vpdq", "shares": replace(SHARES, radius=67)},
    ],
)
def test_a_number_outside_of_policy_and_kind_is_malformed(changes: dict[str, Any]) -> None:
    Bounds().check(INVENTED)
    Bounds().check(replace(INVENTED, algorithm="vpdq", shares=SHARES, distance=66))
    with pytest.raises(Malformed):
        Bounds().check(replace(INVENTED, **changes))


def test_an_answer_has_one_hit_on_the_question_as_a_whole_and_says_nothing_of_its_subject() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            whole = Hit(subject=0, origin="JP", algorithm="pdq", level=Level.HIT_NO_HIT, whole=True)
            for hits, outcome in (
                ((whole,), Outcome.HIT),
                ((whole, replace(whole, algorithm="md5")), Outcome.BAD_SIGNATURE),
                ((replace(whole, subject=1),), Outcome.BAD_SIGNATURE),
                ((replace(INVENTED, whole=True),), Outcome.BAD_SIGNATURE),
                ((replace(whole, algorithm="photodna"),), Outcome.BAD_SIGNATURE),
            ):
                made.parties["JP"].lie = lambda _, answer, hits=hits: bent(answer, "JP", outcome=Outcome.HIT, hits=hits)
                _, told = await ask(made, about(subject_of(prints(1)), subject_of(prints(2))))
                assert told["JP"].outcome is outcome, hits

    run(scenario())


def test_who_applied_our_policy_is_held_to_its_radius_and_a_question_of_equal_things_to_none() -> None:
    narrow = Policy(pdq_radius=3)
    assert Bounds.of(narrow, MatchRule.POLICY, same_policy=True).radius == 3
    assert Bounds.of(narrow, MatchRule.POLICY, same_policy=False).radius == PDQ_RADIUS_CAP
    assert Bounds.of(narrow, MatchRule.EXACT, same_policy=True).radius == 0


def test_a_hit_on_a_record_that_our_copy_does_not_have_is_marked() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            made.parties["JP"].lie = lambda _, answer: bent(answer, "JP", outcome=Outcome.HIT, hits=(INVENTED,))
            opened, told = await ask(made, about(subject_of(prints(1))))
            assert told["JP"].outcome is Outcome.HIT
            (hit,) = [line for line in await shown(made, opened.id) if "where" in line]
            assert hit["record_here"] == "not-here"

    run(scenario())


def test_a_damaged_question_is_a_line_and_the_others_are_listed() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            first, _ = await ask(made, about(subject_of(prints(1))))
            second, _ = await ask(made, about(subject_of(prints(2))))

            class Torn(ProtoCodec):
                def decode_payload(self, payload: bytes) -> Any:
                    read = super().decode_payload(payload)
                    if read.subjects[0].fingerprints[0].value == prints(1).md5:
                        raise Malformed("it is torn")
                    return read

            ours = commands(made)
            ours = replace(ours, reading=replace(ours.reading, codec=Torn()))
            lines = await collect(ours.queries({"limit": 5}, feed()))
            heads = {line["query"]: line for line in lines if "asked_at" in line}
            assert heads[first.id.hex()]["error"] == "it is torn"
            assert "error" not in heads[second.id.hex()]
            torn = await collect(ours.queries({"query": first.id.hex()}, feed()))
            assert any(line.get("error") == "it is torn" for line in torn)

    run(scenario())


def test_outcomes_are_told_late_ones_last_whenever_they_were_kept() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            opened, _ = await ask(made, about(subject_of(prints(1))))
            store, answer = made.parties["FR"].store, opened.answers[JP]
            query = made.parties["FR"].inquirer.open(about(subject_of(prints(2))))
            with store.write() as tx:
                tx.put_outcome(query.id, JP, "no-hit", answer, late=True)
                tx.put_outcome(query.id, JP, "timeout", None, late=False, reason="said by the hub")
            told: list[MemberOutcome] = told_outcomes(store, CODEC, query.id)
            assert [(each.outcome, each.late) for each in told] == [(Outcome.TIMEOUT, False), (Outcome.NO_HIT, True)]

    run(scenario())
