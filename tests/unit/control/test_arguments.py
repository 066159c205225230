"""Arguments of a command: what has another type, or does not fit the store, is refused with its name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control.arguments import MOST, Arguments, read_number
from node.errors import Misuse

TOO_LARGE = st.integers(min_value=MOST + 1) | st.integers(max_value=-MOST - 1)


@given(st.integers(-MOST, MOST))
def test_a_whole_number_that_the_store_can_hold_comes_through(number: int) -> None:
    given = Arguments({"after": number, "holdings": [number]})
    assert (given.whole("after"), given.numbers("holdings")) == (number, (number,))


@given(TOO_LARGE)
def test_a_number_that_the_store_cannot_hold_is_misuse_with_a_remedy(number: int) -> None:
    given = Arguments({"after": number, "holdings": [1, number]})
    for read in (lambda: given.whole("after"), lambda: given.numbers("holdings")):
        with pytest.raises(Misuse, match="too large") as refused:
            read()
        assert refused.value.remedy


@pytest.mark.parametrize("value", [None, "1", 1.5, True, [1], {}])
def test_what_is_no_whole_number_is_misuse(value: Any) -> None:
    with pytest.raises(Misuse, match="after"):
        Arguments({"after": value}).whole("after")


@given(st.integers(0, MOST))
def test_a_number_that_is_typed_is_read(number: int) -> None:
    assert read_number(str(number), "a holding", "look") == number


@given(st.integers(min_value=MOST + 1).map(str) | st.sampled_from(["", "x", "-1", "1.5", "\u0661", "9" * 5_000]))
def test_what_names_nothing_is_misuse_with_a_remedy(text: str) -> None:
    with pytest.raises(Misuse, match="a holding") as refused:
        read_number(text, "a holding", "look")
    assert refused.value.remedy == "look"
