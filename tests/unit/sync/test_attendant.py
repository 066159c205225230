"""The attendant goes on, whatever one question or one late answer meets."""

import asyncio

import pytest

from node.domain.ids import member_id
from node.domain.queries import Outcome
from node.usecases.intake import subject_of
from tests.simulator.asking import Federation, federation, prints, until
from tests.unit.usecases.test_inquiry import about, ask


def broken(*_: object) -> object:
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
