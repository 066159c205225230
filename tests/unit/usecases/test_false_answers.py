"""Answers that are not their member's own, or claim what it cannot have, spoil that member's answer and no other."""

from dataclasses import replace

import pytest

from node.domain.ids import Origin, RecordId, federation_id, member_id
from node.domain.queries import Hit, Level, Outcome, SignedAnswer
from node.usecases.intake import subject_of
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import federation, prints, statement_signer
from tests.unit.usecases.inquiries import about, ask, hold, run


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
