"""A federated query from question to closing table, with members who are honest, silent, late or lying."""

import asyncio
from dataclasses import replace

import pytest

from node.domain.fingerprints import PDQ, Fingerprint
from node.domain.holdings import IngestItem, IngestRequest
from node.domain.ids import member_id
from node.domain.queries import Level, MemberOutcome, Outcome, SignedAnswer, SignedQuery, Subject
from node.domain.roster import MemberStatus, Policy
from node.errors import Misuse, Refused
from node.usecases.inquiry import OpenQuery, Question
from node.usecases.intake import subject_of
from tests.simulator import federation as sim
from tests.simulator.asking import Federation, Party, federation, flip, prints, statement_signer, until


def hold(who: Party, number: int, level: Level, **how: object) -> None:
    item = IngestItem(tag=bytes([number]) * 32, prints=prints(number, **how))  # type: ignore[arg-type]
    who.intake.take(IngestRequest(case="HOME-1", level=level), [item])


def about(*subjects: Subject, **how: object) -> Question:
    given: dict[str, object] = {
        "case": "FR-7",
        "purpose": "victim-identification",
        "legal_basis": "art. 706-47",
        "budget": 5.0,
        **how,
    }
    return Question(subjects=subjects, **given)  # type: ignore[arg-type]


async def ask(made: Federation, question: Question, who: str = "FR") -> tuple[OpenQuery, dict[str, MemberOutcome]]:
    inquirer = made.parties[who].inquirer
    opened = inquirer.open(question)
    relay = made.relay

    def through(query: SignedQuery, budget: float) -> object:
        return relay.ask(member_id(who), query, budget)

    told = [each async for each in inquirer.ask(opened, through, question.budget)]  # type: ignore[arg-type]
    inquirer.close(opened)
    assert len({each.member for each in told}) == len(told), "one state a member"
    return opened, {each.member: each for each in told}


def waiting(made: Federation) -> int:
    with made.hub_store.read() as tx:
        return len(tx.mailbox(member_id("FR"), 10))


def run(scenario: object) -> None:
    asyncio.run(scenario)  # type: ignore[arg-type]


def test_a_holding_that_was_never_shared_answers_with_a_hit_and_gives_nothing_away() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            picture = prints(1)
            near = replace(picture, pdq=flip(picture.pdq, 20), md5=bytes(16), sha1=bytes(20), sha256=bytes(32))
            near = replace(near, pdq_orientations=(near.pdq, *picture.pdq_orientations[1:]))
            opened, told = await ask(made, about(subject_of(near)))
            assert told["JP"].outcome is Outcome.HIT
            assert told["BR"].outcome is Outcome.NO_HIT
            answer = told["JP"].answer
            assert answer is not None
            assert [hit.algorithm for hit in answer.hits] == ["pdq"]
            for hit in answer.hits:
                assert (hit.record, hit.distance, hit.quality, hit.orientation) == (None, None, None, None)
            raw = opened.answers[member_id("JP")].answer
            assert not any(f.value in raw for f in picture.fingerprints())
            assert opened.complete()

    run(scenario())


def test_a_national_holding_never_answers() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.NATIONAL)
            _, told = await ask(made, about(subject_of(prints(1))))
            assert told["JP"].outcome is Outcome.NO_HIT
            assert told["JP"].answer is not None
            assert dict(told["JP"].answer.scope).get(Level.NATIONAL) is None

    run(scenario())


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


def test_a_late_answer_reaches_the_asker_and_changes_no_state() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            made.parties["JP"].hold = asyncio.Event()
            opened, told = await ask(made, about(subject_of(prints(1)), budget=0.2))
            assert told["JP"].outcome is Outcome.TIMEOUT
            made.parties["JP"].hold.set()
            await until(lambda: made.parties["FR"].late)
            with made.parties["FR"].store.read() as tx:
                rows = tx.outcomes(opened.id)
            assert [(state, late) for _, state, _, late in rows] == [("timeout", False), ("hit", True)]

    run(scenario())


def test_a_late_answer_waits_in_the_mailbox_for_an_asker_that_is_away() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", attending=("JP",)) as made:
            made.parties["JP"].hold = asyncio.Event()
            await ask(made, about(subject_of(prints(1)), budget=0.2))
            made.parties["JP"].hold.set()
            await until(lambda: waiting(made))
            await made.attend("FR")
            await until(lambda: made.parties["FR"].late)
            assert made.parties["FR"].late[0].late  # type: ignore[attr-defined]

    run(scenario())


def _resign(answer: SignedAnswer, name: str, **changes: object) -> SignedAnswer:
    from node.domain.signing import answer_preimage
    from node.wire.convert import ProtoCodec

    codec = ProtoCodec()
    bent = codec.encode_answer(replace(codec.decode_answer(answer.answer), **changes))  # type: ignore[arg-type]
    signature = statement_signer(name).sign(answer_preimage(sim.FEDERATION, bent))
    return replace(answer, answer=bent, signature=signature)


@pytest.mark.parametrize(
    "lie",
    [
        lambda _, a: replace(a, signature=bytes(64)),
        lambda _, a: replace(a, answer=a.answer + b"\x00"),
        lambda _, a: _resign(a, "BR"),
        lambda _, a: _resign(a, "JP", query_id=bytes(16)),
        lambda _, a: _resign(a, "JP", query_digest=bytes(32)),
        lambda _, a: _resign(a, "JP", answerer=member_id("BR")),
        lambda _, a: _resign(a, "JP", outcome=Outcome.NO_HIT),
    ],
    ids=["zeroed", "trailing", "other-key", "other-query", "other-question", "other-name", "hits-denied"],
)
def test_an_answer_that_is_not_its_members_own_is_bad_signature_and_spoils_no_other(lie: object) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            made.parties["JP"].lie = lie  # type: ignore[assignment]
            _, told = await ask(made, about(subject_of(prints(1))))
            assert told["JP"].outcome is Outcome.BAD_SIGNATURE
            assert told["BR"].outcome is Outcome.NO_HIT

    run(scenario())


def test_an_answer_replayed_from_an_older_query_is_caught() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            first, _ = await ask(made, about(subject_of(prints(1))))
            old = first.answers[member_id("JP")]
            made.parties["JP"].lie = lambda _query, _answer: old
            _, told = await ask(made, about(subject_of(prints(1))))
            assert told["JP"].outcome is Outcome.BAD_SIGNATURE

    run(scenario())


def test_the_same_query_gets_the_same_bytes_again() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            opened, _ = await ask(made, about(subject_of(prints(1))))
            again = made.parties["JP"].answerer.prepare(opened.signed)
            assert again.answer == opened.answers[member_id("JP")]
            assert again.durable is None

    run(scenario())


def test_a_query_without_basis_case_or_known_purpose_never_leaves() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            inquirer = made.parties["FR"].inquirer
            for wrong, kind in (({"legal_basis": " "}, Misuse), ({"case": ""}, Misuse), ({"purpose": "x"}, Refused)):
                with pytest.raises(kind):
                    inquirer.open(about(subject_of(prints(1)), **wrong))
            with made.parties["FR"].store.read() as tx:
                assert tx.recent_queries(10) == []

    run(scenario())


def test_a_member_over_its_budget_is_refused_with_a_signature_and_a_reason() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=Policy(query_cost_per_minute=6)) as made:
            question = about(subject_of(prints(1)))
            inquirer = made.parties["FR"].inquirer
            queries = [inquirer.open(question).signed for _ in range(2)]
            answers = [made.parties["JP"].answerer.prepare(query).answer for query in queries]
            said = [
                inquirer.check_answer(query, member_id("JP"), answer)
                for query, answer in zip(queries, answers, strict=True)
            ]
            assert [a.outcome for a in said] == [Outcome.NO_HIT, Outcome.REFUSED]
            assert "policy allows" in said[1].reason

    run(scenario())


def test_a_bare_hash_is_searched_without_orientations_and_the_answer_says_so() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            bare = Subject(fingerprints=(Fingerprint(code=PDQ.code, value=prints(1).pdq, quality=-1),))
            _, told = await ask(made, about(bare))
            assert told["JP"].outcome is Outcome.HIT
            assert told["JP"].answer is not None
            assert told["JP"].answer.reduced

    run(scenario())


def test_what_was_not_searched_is_said() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            odd = Subject(
                fingerprints=(Fingerprint(code=200, value=b"later"), Fingerprint(code=4, value=bytes(32), quality=3))
            )
            _, told = await ask(made, about(odd))
            answer = told["JP"].answer
            assert answer is not None
            assert told["JP"].outcome is Outcome.NO_HIT
            assert {(k.name, k.searched) for k in answer.kinds} == {("unknown-200", False), ("pdq", False)}

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
                async for event in made.relay.ask(member_id("FR"), query, budget):
                    yield event
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
