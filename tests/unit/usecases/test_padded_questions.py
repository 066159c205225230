"""What a question may cost the member that is asked: bytes that nobody understands are paid for, and refusals end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.ids import Origin, member_id
from node.domain.limits import Limits
from node.domain.queries import Outcome, QueryHeader, SignedQuery
from node.domain.roster import Policy
from node.domain.signing import query_preimage
from node.domain.stores import NodeStore
from node.domain.usage import Period, Resource
from node.errors import Overloaded, Refused
from node.usecases.answering import LATE, REFUSALS_A_MINUTE, Answerer
from node.usecases.audit import pack_body, unpack_body
from node.usecases.intake import subject_of
from node.usecases.probes import UNIT_BYTES, units
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import Federation, Party, federation, prints, statement_signer
from tests.unit.usecases.inquiries import about

JP = member_id("JP")
PADDING = b"\xfa\x7f\xe0\xd4\x03" + bytes(60_000)
"""A header field that no version has, of 60,000 bytes."""


def signed(header: bytes, payload: bytes) -> SignedQuery:
    signature = statement_signer("FR").sign(query_preimage(sim.FEDERATION, header, payload))
    return SignedQuery(header=header, payload=payload, signature=signature)


def questions(made: Federation, count: int, *, padding: bytes = b"") -> list[SignedQuery]:
    """So many of France's, each under an id of its own."""
    codec = ProtoCodec()
    honest = made.parties["FR"].inquirer.open(about(subject_of(prints(1)))).signed
    plain = codec.decode_header(honest.header)
    heads = [replace(plain, query_id=number.to_bytes(16, "big")) for number in range(1, count + 1)]
    return [signed(codec.encode_header(head) + padding, honest.payload) for head in heads]


def audited(store: NodeStore) -> list[bytes]:
    origin = Origin(sim.FEDERATION, JP, 1, "audit")
    with store.read() as tx:
        log = tx.log(origin)
        return list(tx.run(origin, 0, log.size, 1 << 30).bodies) if log else []


def answer_all(party: Party, asked: list[SignedQuery]) -> list[Outcome | None]:
    """What became of each; None: no answer was owed."""
    said: list[Outcome | None] = []
    for query in asked:
        try:
            prepared = party.answerer.prepare(query)
        except Overloaded:
            said.append(None)
            continue
        if prepared.durable is not None:
            prepared.durable.result()
        said.append(ProtoCodec().decode_answer(prepared.answer.answer).outcome)
    return said


def test_a_padded_question_is_charged_its_bytes_and_the_audit_grows_no_further_than_the_budget() -> None:
    budget = 600

    async def scenario() -> None:
        async with federation("FR", "JP", policy=Policy(query_cost_per_minute=budget)) as made:
            asked = questions(made, 100, padding=PADDING)
            said = await asyncio.to_thread(answer_all, made.parties["JP"], asked)
            assert units(asked[0], 5, Policy()) == 60
            assert said.count(Outcome.NO_HIT) == budget // 60
            assert said.count(Outcome.REFUSED) == REFUSALS_A_MINUTE
            kept = audited(made.parties["JP"].store)
            assert sum(map(len, kept)) < budget * UNIT_BYTES + len(kept) * 1_000

    asyncio.run(scenario())


def test_the_audit_keeps_what_was_asked_as_its_bytes_and_of_what_is_refused_a_digest() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=Policy(query_cost_per_minute=6)) as made:
            asked = questions(made, 2)
            said = await asyncio.to_thread(answer_all, made.parties["JP"], asked)
            assert said == [Outcome.NO_HIT, Outcome.REFUSED]
            first, second = audited(made.parties["JP"].store)
            body, attached = unpack_body(first)
            assert attached == {"header": asked[0].header, "payload": asked[0].payload}
            assert body["query"] == bytes(15).hex() + "01"
            assert len(first) < len(asked[0].header) + len(asked[0].payload) + 500
            assert set(unpack_body(second)[1]) == {"digest"}
            assert len(second) < 700
            mine = made.parties["FR"].store
            with mine.read() as tx:
                origin = Origin(sim.FEDERATION, member_id("FR"), 1, "audit")
                assert set(unpack_body(tx.run(origin, 0, 1, 1 << 20).bodies[0])[1]) == {"header", "payload"}

    asyncio.run(scenario())


def test_a_restart_forgets_neither_the_minute_nor_the_day() -> None:
    policy = Policy(query_cost_per_minute=12, limits=Limits(probes_a_day=10))

    async def scenario() -> None:
        now = [float(sim.NOW)]
        async with federation("FR", "JP", policy=policy, clock=lambda: now[0]) as made:
            party = made.parties["JP"]
            asked = questions(made, 6)
            assert answer_all(party, asked[:2]) == [Outcome.NO_HIT] * 2
            party.answerer = Answerer(party.answerer._deps)
            assert answer_all(party, asked[2:3]) == [Outcome.REFUSED]
            now[0] += 60
            party.answerer = Answerer(party.answerer._deps)
            said = answer_all(party, asked[3:])
            assert said == [Outcome.NO_HIT] * (LATE * 10 // 5 - 2) + [Outcome.REFUSED]
            with party.store.read() as tx:
                assert tx.usage(member_id("FR"))[Resource.PROBES, Period.DAY].used == LATE * 10

    asyncio.run(scenario())


def test_a_query_that_names_its_recipient_twice_is_not_answered() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            codec = ProtoCodec()
            (query,) = questions(made, 1)
            header: QueryHeader = replace(codec.decode_header(query.header), recipients=(JP, JP))
            with pytest.raises(Refused, match="twice"):
                made.parties["JP"].answerer.prepare(signed(codec.encode_header(header), query.payload))
            twice = made.parties["FR"].inquirer.open(about(subject_of(prints(1)), recipients=(JP, JP)))
            assert codec.decode_header(twice.signed.header).recipients == (JP,)

    asyncio.run(scenario())


@given(
    body=st.dictionaries(st.text().filter(lambda name: name != "attached"), st.text() | st.integers()),
    attached=st.dictionaries(st.sampled_from(["header", "payload", "digest"]), st.binary()),
)
def test_a_body_of_the_audit_is_read_as_it_was_written(body: dict[str, object], attached: dict[str, bytes]) -> None:
    assert unpack_body(pack_body(body, attached)) == (body, attached)
