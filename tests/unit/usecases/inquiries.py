"""A federation in memory: what its members hold, and questions asked of them, honest or bent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from node.domain.holdings import IngestItem, IngestRequest
from node.domain.ids import member_id
from node.domain.queries import (
    Answer,
    Level,
    MemberOutcome,
    SignedQuery,
    Subject,
)
from node.domain.signing import query_preimage
from node.usecases.intake import subject_of
from node.usecases.openquery import OpenQuery
from node.usecases.question import Question
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import (
    Federation,
    Party,
    prints,
    statement_signer,
)


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


def run(scenario: object) -> None:
    asyncio.run(scenario)  # type: ignore[arg-type]


def _asked(made: Federation, changes: dict[str, object], **parts: object) -> SignedQuery:
    """A query of France's, properly signed, with a header or payload that its own program would not make."""
    codec = ProtoCodec()
    honest = made.parties["FR"].inquirer.open(about(subject_of(prints(1)))).signed
    header = codec.encode_header(replace(codec.decode_header(honest.header), **changes))  # type: ignore[arg-type]
    payload = codec.encode_payload(replace(codec.decode_payload(honest.payload), **parts))  # type: ignore[arg-type]
    signature = statement_signer("FR").sign(query_preimage(sim.FEDERATION, header, payload))
    return SignedQuery(header=header, payload=payload, signature=signature)


def _said(made: Federation, query: SignedQuery) -> Answer:
    return ProtoCodec().decode_answer(made.parties["JP"].answerer.prepare(query).answer.answer)
