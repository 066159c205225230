"""A federated query from question to closing table, with members who are honest, silent, late or lying."""

import asyncio
import threading
from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import PDQ, PHASH
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import Origin, RecordId, federation_id, member_id
from node.domain.queries import (
    Hit,
    Level,
    MatchRule,
    Outcome,
    QueryHeader,
    RelayEvent,
    SignedAnswer,
    SignedQuery,
    Subject,
)
from node.domain.roster import MemberStatus, Policy, Roster
from node.domain.services import Head
from node.domain.signing import query_preimage
from node.domain.statements import Contribution
from node.errors import BadSignature, Expired, Misuse, Refused
from node.tlog.note import format_vkey
from node.usecases import finding
from node.usecases.admitting import MAX_QUERY_SECONDS
from node.usecases.catalogue import Catalogue
from node.usecases.inquiry import Inquirer
from node.usecases.intake import subject_of
from node.usecases.ledger import Draft, Ledger
from node.usecases.matching import Found
from node.usecases.ownlog import OwnLog
from node.usecases.search_terms import matchable
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import (
    Federation,
    federation,
    flip,
    prints,
    roster_of,
    statement_signer,
    until,
)
from tests.unit.usecases.inquiries import _asked, _said, about, ask, hold, run


def waiting(made: Federation) -> int:
    with made.hub_store.read() as tx:
        return len(tx.mailbox(member_id("FR"), 10))


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

    codec = ProtoCodec()
    bent = codec.encode_answer(replace(codec.decode_answer(answer.answer), **changes))  # type: ignore[arg-type]
    signature = statement_signer(name).sign(answer_preimage(sim.FEDERATION, bent))
    return replace(answer, answer=bent, signature=signature)


@pytest.mark.parametrize(
    "bent",
    [
        {"subject": 1},
        {"subject": 1 << 31},
        {"algorithm": "photodna"},
        {"algorithm": "no such kind"},
        {"origin": "BR"},
        {"level": Level.NATIONAL},
        {"distance": 3},
        {"record": RecordId(Origin(sim.FEDERATION, member_id("JP")), bytes(32))},
        {"trimmed": True},
        {"algorithm": "pdq", "trimmed": True},
        {"level": Level.SHARED},
        {"level": Level.SHARED, "record": RecordId(Origin(sim.FEDERATION, member_id("BR")), bytes(32))},
        {"level": Level.SHARED, "record": RecordId(Origin(federation_id("other.fed"), member_id("JP")), bytes(32))},
    ],
    ids=[
        "subject-past-the-end",
        "subject-far-past-it",
        "kind-not-asked",
        "kind-unknown",
        "anothers-name",
        "national",
        "telling-a-distance",
        "telling-a-record",
        "digest-of-an-inside",
        "inside-not-asked-about",
        "shared-without-record",
        "anothers-record",
        "another-federations-record",
    ],
)
def test_a_hit_that_its_member_cannot_have_spoils_that_members_answer_and_no_other(bent: dict[str, object]) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR") as made:
            for name in ("JP", "BR"):
                hold(made.parties[name], 1, Level.HIT_NO_HIT)
            lying = Hit(**{"subject": 0, "origin": "JP", "algorithm": "sha256", "level": Level.HIT_NO_HIT, **bent})  # type: ignore[arg-type]
            made.parties["JP"].lie = lambda _, answer: _resign(answer, "JP", hits=(lying,))
            _, told = await ask(made, about(subject_of(prints(1))))
            assert told["JP"].outcome is Outcome.BAD_SIGNATURE
            assert told["JP"].answer is None
            assert told["BR"].outcome is Outcome.HIT

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


@pytest.mark.parametrize("name", ["ZZ", "BR", "FR"], ids=["a stranger", "a member not asked", "the asker"])
def test_a_late_answer_of_somebody_who_was_not_asked_leaves_no_line(name: str) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR") as made:
            opened, _ = await ask(made, about(subject_of(prints(1)), recipients=(member_id("JP"),)))
            answer = replace(opened.answers[member_id("JP")], answerer=member_id(name))
            inquirer = made.parties["FR"].inquirer
            event = RelayEvent(member=member_id(name), answer=answer, query_id=opened.id)
            assert inquirer.late(event) is None
            with made.parties["FR"].store.read() as tx:
                assert [late for _, _, _, late in tx.outcomes(opened.id) if late] == []

    run(scenario())


def test_a_late_answer_to_a_query_that_was_forgotten_is_dropped() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            opened, _ = await ask(made, about(subject_of(prints(1))))
            store = made.parties["FR"].store
            event = RelayEvent(member=member_id("JP"), answer=opened.answers[member_id("JP")], query_id=opened.id)
            with store.write() as tx:
                tx.forget_queries(sim.NOW + 1)
            assert made.parties["FR"].inquirer.late(event) is None
            with store.read() as tx:
                assert tx.outcomes(opened.id) == []

    run(scenario())


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


def test_every_pdq_of_a_subject_is_searched_whatever_its_orientations_are_of() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 2, Level.HIT_NO_HIT)
            hold(made.parties["JP"], 3, Level.HIT_NO_HIT)
            pdq = [Fingerprint(code=PDQ.code, value=prints(n).pdq, quality=90) for n in (1, 2, 3)]
            for order in (pdq, pdq[::-1]):
                both = Subject(fingerprints=tuple(order), orientations=prints(1).pdq_orientations)
                found = made.parties["JP"].matcher.for_member(
                    (both,), 0, MatchRule.POLICY, member_id("FR"), "training", matching=matchable((both,), 50)
                )
                assert (len(found.hits), found.disagreed) == (1, 0)
                assert made.parties["JP"].matcher.local((both,), 0).disagreed == 0
                assert len(made.parties["JP"].matcher.local((both,), 0).hits) == 2

    run(scenario())


@pytest.mark.parametrize("placed", [False, True], ids=["waiting for its place", "in the log"])
def test_a_record_answers_those_purposes_and_readers_alone_that_its_handling_names(*, placed: bool) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR") as made:
            jp = made.parties["JP"]
            hold(jp, 1, Level.HIT_NO_HIT)
            catalogue = Catalogue(store=jp.store, index=jp.index, codec=ProtoCodec())
            speaker = sim.Speaker.named("JP")
            ledger = Ledger(
                codec=ProtoCodec(),
                catalogue=catalogue,
                origin=speaker.origin,
                roster=lambda: roster_of("FR", "JP", "BR"),
                clock=lambda: float(sim.NOW),
                random=sim.seeded("a ledger"),
            )
            with jp.store.read() as tx:
                (held,) = tx.holdings(case="HOME-1", after=0, limit=2)
            handling = Handling(audience=(member_id("FR"),), purposes=("prosecution",))
            said = Contribution(fingerprints=held.fingerprints, media_type="image/jpeg")
            ledger.contribute([Draft(statement=said, handling=handling, holding=held.id)])
            if placed:
                own = OwnLog(
                    store=jp.store,
                    codec=ProtoCodec(),
                    catalogue=catalogue,
                    origin=speaker.origin,
                    vkey=format_vkey(speaker.vkey),
                    signer=speaker.signer,
                    roster=lambda: roster_of("FR", "JP", "BR"),
                )
                own.reconcile(Head(origin=speaker.origin, size=0, cosigned=b"", cosigned_size=0))
                own.place_and_sign()
            for asker, purpose, outcome in (
                ("FR", "prosecution", Outcome.HIT),
                ("FR", "training", Outcome.NO_HIT),
                ("BR", "prosecution", Outcome.NO_HIT),
            ):
                _, told = await ask(made, about(subject_of(prints(1)), purpose=purpose), asker)
                assert told["JP"].outcome is outcome, (asker, purpose, told["JP"].reason)

    run(scenario())


def test_more_hits_than_an_answer_holds_are_cut_and_the_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MAX_HITS", 2)

    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            record = RecordId(Origin(sim.FEDERATION, member_id("JP")), bytes(32))
            hits = tuple(
                Hit(subject=number, origin="JP", algorithm="sha256", level=Level.SHARED, record=record)
                for number in range(3)
            )
            monkeypatch.setattr(
                made.parties["JP"].matcher, "for_member", lambda *_, **__: Found(hits=hits, searched={})
            )
            _, told = await ask(made, about(*(subject_of(prints(number)) for number in (1, 2, 3))))
            assert told["JP"].outcome is Outcome.HIT
            assert told["JP"].reason == "the first 2 of 3 hits"
            assert told["JP"].answer is not None
            assert len(told["JP"].answer.hits) == 2

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
            # A "no hit" from who searched nothing would be none.
            assert told["JP"].outcome is Outcome.ERROR
            assert told["JP"].reason == finding.NOTHING_SEARCHED
            assert {(k.name, k.searched) for k in answer.kinds} == {("unknown-200", False), ("pdq", False)}

    run(scenario())


def test_a_second_opinion_gives_no_hit_abroad_and_is_not_called_searched() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            only = Subject(fingerprints=(Fingerprint(code=PHASH.code, value=prints(1).phash),))
            _, told = await ask(made, about(only))
            assert told["JP"].outcome is Outcome.ERROR
            assert told["JP"].answer is not None
            assert [(k.name, k.searched) for k in told["JP"].answer.kinds] == [("phash", False)]

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
