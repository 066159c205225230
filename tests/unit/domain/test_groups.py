"""The life of a group is a function of the set of statements about it."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from node.domain.groups import PRESENT, GroupStep, Standing, Word, group_life
from node.domain.ids import member_id

MEMBERS = [member_id(name) for name in ("FR", "JP", "BR", "DE")]
FOUNDER = MEMBERS[0]
words = st.lists(
    st.builds(
        lambda member, step, epoch, index: Word(member=member, step=step, place=(epoch, index)),
        st.sampled_from(MEMBERS),
        st.sampled_from(GroupStep),
        st.integers(1, 3),
        st.integers(0, 5),
    ),
    max_size=20,
    unique_by=lambda word: (word.member, word.place),
)
invited = st.sets(st.sampled_from(MEMBERS))


@given(invited=invited, said=words, seed=st.integers())
def test_any_order_gives_one_life(invited: set[str], said: list[Word], seed: int) -> None:
    mixed = list(said)
    random.Random(seed).shuffle(mixed)
    assert group_life(FOUNDER, invited, mixed) == group_life(FOUNDER, invited, said)  # type: ignore[arg-type]


@given(invited=invited, said=words)
def test_only_the_founder_and_the_invited_are_in_it_and_each_is_what_it_said_last(
    invited: set[str], said: list[Word]
) -> None:
    life = group_life(FOUNDER, invited, said)  # type: ignore[arg-type]
    assert set(life.standings) == {*invited, FOUNDER}
    assert [member for member, standing in life.standings.items() if standing is Standing.FOUNDER] == [FOUNDER]
    for member, standing in life.standings.items():
        own = sorted((word for word in said if word.member == member), key=lambda word: word.place)
        last = own[-1].step if own else None
        if member == FOUNDER:
            assert life.is_closed == (last is GroupStep.CLOSE)
        else:
            assert (standing in PRESENT) == (last is GroupStep.ACCEPT)
            assert (standing is Standing.LEFT) == (last is GroupStep.LEAVE)


@given(invited=invited, said=words, other=words)
def test_what_strangers_say_changes_nothing(invited: set[str], said: list[Word], other: list[Word]) -> None:
    strangers = [word for word in other if word.member not in {*invited, FOUNDER}]
    assert group_life(FOUNDER, invited, [*said, *strangers]) == group_life(FOUNDER, invited, said)  # type: ignore[arg-type]
