"""The attendant goes on, whatever one question or one late answer meets."""

import asyncio
import threading
from functools import partial

import pytest

from node.domain.ids import member_id
from node.domain.queries import Outcome, SignedQuery
from node.domain.query_ports import GivenAnswer
from node.errors import DiskFull
from node.sync import attendant
from node.usecases.audit import AuditEntry
from node.usecases.intake import subject_of
from node.usecases.node_audit import Also
from node.usecases.receipts import Receipt
from tests.simulator.asking import Federation, federation, prints, until
from tests.unit.usecases.inquiries import about, ask


def broken(*_: object, **__: object) -> object:
    raise ValueError("5a5a5a5a /evidence/telltale.jpg")


def test_a_question_that_meets_a_fault_of_ours_ends_nothing_but_itself(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            with monkeypatch.context() as patched:
                patched.setattr(made.parties["JP"].matcher, "for_member", broken)
                _, told = await ask(made, about(subject_of(prints(1)), budget=0.2))
                assert told["JP"].outcome is Outcome.TIMEOUT
            _, told = await ask(made, about(subject_of(prints(1))))
            assert told["JP"].outcome is Outcome.NO_HIT
            assert not made.attendants["JP"].done()

    asyncio.run(scenario())
    out, err = capfd.readouterr()
    assert "ValueError" in out + err
    assert "telltale" not in out + err


async def _one_late_answer(made: Federation) -> None:
    jp = made.parties["JP"]
    jp.hold = asyncio.Event()
    _, told = await ask(made, about(subject_of(prints(1)), budget=0.2))
    assert told["JP"].outcome is Outcome.TIMEOUT
    jp.hold.set()


def test_a_late_answer_that_meets_a_fault_of_ours_ends_nothing_but_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            met: list[object] = []

            def counted(*given: object) -> object:
                met.append(given)
                return broken()

            with monkeypatch.context() as patched:
                patched.setattr(made.parties["FR"].inquirer, "late", counted)
                await _one_late_answer(made)
                await until(lambda: met)
            await _one_late_answer(made)
            await until(lambda: made.parties["FR"].late)
            assert not made.attendants["FR"].done()
            assert member_id("FR") in made.relay.attending

    asyncio.run(scenario())


def test_an_answer_goes_up_only_once_its_audit_is_durable(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp, held = made.parties["JP"], []
            submit = jp.audit.submit

            def slow(entry: AuditEntry, *, also: Also | None = None, given: GivenAnswer | None = None) -> Receipt:
                written = Receipt()
                held.append((partial(submit, entry, also=also, given=given), written))
                return written

            with monkeypatch.context() as patched:
                patched.setattr(jp.audit, "submit", slow)
                for _ in range(2):
                    _, told = await ask(made, about(subject_of(prints(1)), budget=0.2))
                    assert told["JP"].outcome is Outcome.TIMEOUT
            # The first is written after all, and comes late; of the second the disk is full, and nothing is said.
            held[0][1].settle(held[0][0]().result())
            await until(lambda: made.parties["FR"].late)
            held[1][1].settle(-1, DiskFull("the disk is full"))
            _, told = await ask(made, about(subject_of(prints(1))))
            assert told["JP"].outcome is Outcome.NO_HIT
            assert len(made.parties["FR"].late) == 1

    asyncio.run(scenario())
    out, err = capfd.readouterr()
    assert "disk-full" in out + err


@pytest.mark.parametrize(("room", "late"), [(20.0, 3), (0.01, 2)], ids=["room comes", "none in time"])
def test_questions_beyond_what_may_wait_stay_at_the_hub_until_there_is_room(
    monkeypatch: pytest.MonkeyPatch, room: float, late: int
) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp, go_on = made.parties["JP"], threading.Event()
            monkeypatch.setattr(attendant, "WAITING", 2)
            monkeypatch.setattr(attendant, "ROOM_SECONDS", room)
            prepare, met = jp.answerer.prepare, []

            def slow(query: SignedQuery) -> object:
                met.append(query)
                go_on.wait()
                return prepare(query)

            monkeypatch.setattr(jp.answerer, "prepare", slow)
            asks = [asyncio.ensure_future(ask(made, about(subject_of(prints(n)), budget=0.5))) for n in range(3)]
            for _, told in await asyncio.gather(*asks):
                assert told["JP"].outcome is Outcome.TIMEOUT
            assert len(met) == 2
            go_on.set()
            await until(lambda: len(made.parties["FR"].late) == late)
            _, told = await ask(made, about(subject_of(prints(9))))
            assert told["JP"].outcome is Outcome.NO_HIT

    asyncio.run(scenario())
