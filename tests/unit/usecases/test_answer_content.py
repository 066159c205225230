"""What an answer tells: hits of what may be told to this asker, and what was not searched or left out."""

from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import PDQ, PHASH
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import Origin, RecordId, member_id
from node.domain.queries import Hit, Level, MatchRule, Outcome, Subject
from node.domain.services import Head
from node.domain.statements import Contribution
from node.tlog.note import format_vkey
from node.usecases import finding
from node.usecases.catalogue import Catalogue
from node.usecases.intake import subject_of
from node.usecases.ledger import Draft, Ledger
from node.usecases.matching import Found
from node.usecases.ownlog import OwnLog
from node.usecases.search_terms import matchable
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import federation, flip, prints, roster_of
from tests.unit.usecases.inquiries import about, ask, hold, run


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
