"""Who gives way to whom where places are few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import Overloaded
from node.wire.crowd import Crowd, Place, Shown


def _nothing() -> None:
    pass


def test_the_oldest_that_says_nothing_gives_way_to_the_next_of_its_key() -> None:
    crowd, gone = Crowd(each=2, everybody=10), []
    for number in range(4):
        crowd.enter("a", lambda number=number: gone.append(number))  # type: ignore[misc]
    assert gone == [0, 1]
    assert crowd.of("a") == 2


def test_who_has_said_something_gives_way_after_who_has_not() -> None:
    crowd, gone = Crowd(each=2, everybody=10), []
    first = crowd.enter("a", lambda: gone.append("spoke"))
    crowd.show(first, Shown.SOMETHING)
    crowd.enter("a", lambda: gone.append("silent"))
    crowd.enter("a", _nothing)
    assert gone == ["silent"]


def test_a_key_that_holds_little_gets_a_place_of_the_key_that_holds_most() -> None:
    crowd, gone = Crowd(each=4, everybody=5), []
    for _ in range(4):
        crowd.enter("crowd", lambda: gone.append("crowd"))
    for member in ("a", "b", "c"):
        crowd.enter(member, lambda: gone.append("member"))
    assert gone == ["crowd", "crowd"]


def test_what_is_settled_stays_and_one_more_is_refused() -> None:
    crowd = Crowd(each=2, everybody=3)
    for key in ("a", "a", "b"):
        crowd.show(crowd.enter(key, _nothing), Shown.ENOUGH)
    for key in ("a", "b", "c"):
        with pytest.raises(Overloaded):
            crowd.enter(key, _nothing)


@given(st.lists(st.tuples(st.sampled_from(["enter", "show", "settle", "leave"]), st.integers(0, 3)), max_size=80))
def test_no_limit_is_ever_passed_and_nothing_settled_is_ever_lost(steps: list[tuple[str, int]]) -> None:
    crowd = Crowd(each=3, everybody=6)
    places: dict[Place, None] = {}

    for step, number in steps:
        if step == "enter":
            cell: list[Place] = []

            def give_way(cell: list[Place] = cell) -> None:
                assert cell[0].shown is not Shown.ENOUGH
                del places[cell[0]]

            try:
                place = crowd.enter(number, give_way)
            except Overloaded:
                continue
            cell.append(place)
            places[place] = None
        elif places:
            place = list(places)[number % len(places)]
            if step == "leave":
                crowd.leave(place)
                crowd.leave(place)
                del places[place]
            else:
                crowd.show(place, Shown.SOMETHING if step == "show" else Shown.ENOUGH)
        assert len(crowd) == len(places) <= 6
        for key in range(4):
            assert crowd.of(key) == sum(each.key == key for each in places) <= 3
