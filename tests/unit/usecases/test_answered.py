"""Which questions the store is asked about: never too few, and of fresh ones none."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.ids import member_id
from node.domain.queries import QueryHeader, SignedAnswer
from node.domain.query_ports import GivenAnswer
from node.domain.roster import MAX_SKEW_SECONDS
from node.usecases import answered
from node.usecases.answered import Answered
from tests.simulator.memory_store import MemoryStore

FR, JP = member_id("FR"), member_id("JP")
SAID = SignedAnswer(answerer=JP, answer=b"signed", signature=bytes(64))


@pytest.fixture
def few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(answered, "KEPT", 4)
        yield


def header(number: int, issued_at: int) -> QueryHeader:
    return QueryHeader(
        query_id=bytes([number]) * 16,
        asker=FR,
        recipients=(),
        purpose="victim-identification",
        issued_at=issued_at,
        expires_at=issued_at + 60,
        cost=1,
    )


STEPS = st.lists(
    st.one_of(
        st.just("restart"),
        st.tuples(st.integers(-5_000, 10_000), st.integers(-20_000, MAX_SKEW_SECONDS)),
    ),
    max_size=30,
)


@settings(max_examples=300)
@given(steps=STEPS)
def test_of_no_question_that_was_answered_it_says_no(steps: list[str | tuple[int, int]]) -> None:
    """Whatever was answered when, by this process or by one before it: also where clocks are set back in between."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(answered, "KEPT", 4)
        store, now, asked = MemoryStore(), 100_000, list[QueryHeader]()
        keys = Answered(store)
        for number, step in enumerate(steps):
            if isinstance(step, str):
                keys = Answered(store)
                continue
            now += step[0]
            asked.append(header(number, now + step[1]))
            said = GivenAnswer(asker=FR, query_id=asked[-1].query_id, answer=SAID, at=now)
            keys.note(said)
            with store.write() as tx:
                tx.put_answered([said])
            assert all(keys.maybe(each) for each in asked)
        assert all(keys.maybe(each) for each in asked)


def test_a_fresh_question_is_not_looked_for(few: None) -> None:
    store = MemoryStore()
    keys = Answered(store)
    for number in range(4):
        keys.note(GivenAnswer(asker=FR, query_id=bytes([number]) * 16, answer=SAID, at=100_000 + number))
    assert not keys.maybe(header(9, 1))
    assert keys.maybe(header(3, 1))
    # One too many: the first is forgotten, and from then on what is old enough to be it is looked for.
    keys.note(GivenAnswer(asker=FR, query_id=bytes([4]) * 16, answer=SAID, at=100_004))
    assert keys.maybe(header(0, 100_000))
    assert keys.maybe(header(9, 100_000 + MAX_SKEW_SECONDS))
    assert not keys.maybe(header(9, 100_002 + MAX_SKEW_SECONDS))


def test_another_member_s_question_of_the_same_id_is_another_one() -> None:
    keys = Answered(MemoryStore())
    keys.note(GivenAnswer(asker=JP, query_id=bytes([1]) * 16, answer=SAID, at=100_000))
    assert not keys.maybe(header(1, 100_000))
