"""When an address is in force, for any set of statements."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node.domain.address_standing import MEMBERS_NEEDED, SKEW_DAYS, VALID_DAYS, Force, Stated, standing
from node.domain.ids import MemberId

TODAY = 20_000
MEMBERS = [MemberId(name) for name in ("DE", "FR", "IT", "JP", "NO")]
DAYS = st.integers(TODAY - VALID_DAYS - 3, TODAY + SKEW_DAYS + 3)
LISTINGS = st.lists(st.builds(Stated, member=st.sampled_from(MEMBERS), evidence_day=DAYS, issued_day=DAYS), max_size=12)
SETS = st.sets(st.sampled_from(MEMBERS))


@given(LISTINGS, SETS, SETS, st.randoms(use_true_random=False))
def test_the_standing_does_not_depend_on_the_order_or_number_of_statements(
    listings: list[Stated], against: set[MemberId], active: set[MemberId], chance: Any
) -> None:
    again = [*listings, *listings]
    chance.shuffle(again)
    assert standing(again, against, active, TODAY) == standing(listings, against, active, TODAY)


@given(LISTINGS, SETS, SETS)
def test_in_force_means_enough_active_members_with_fresh_evidence_and_fewer_who_dispute(
    listings: list[Stated], against: set[MemberId], active: set[MemberId]
) -> None:
    found = standing(listings, against, active, TODAY)
    fresh = {
        each.member
        for each in listings
        if TODAY - VALID_DAYS <= min(each.evidence_day, each.issued_day) <= TODAY + SKEW_DAYS
    }
    listing = (fresh & active) - against
    disputing = against & active
    assert set(found.members) == listing
    assert set(found.disputed_by) == disputing
    expected = len(listing) >= MEMBERS_NEEDED and len(listing) > len(disputing)
    assert (found.force is Force.IN_FORCE) == expected


@given(LISTINGS, SETS, SETS)
def test_an_address_leaves_force_after_its_last_day_and_not_before(
    listings: list[Stated], against: set[MemberId], active: set[MemberId]
) -> None:
    now = standing(listings, against, active, TODAY)
    if now.force is not Force.IN_FORCE:
        assert now.last_day == 0
        return
    assert now.last_day >= TODAY
    assert standing(now_or_never(listings), against, active, now.last_day).force is Force.IN_FORCE
    assert standing(now_or_never(listings), against, active, now.last_day + 1).force is not Force.IN_FORCE


def now_or_never(listings: list[Stated]) -> list[Stated]:
    """Those that count today: the others would count on a later day."""
    return [each for each in listings if each.day <= TODAY + SKEW_DAYS]


@given(LISTINGS, SETS)
def test_one_member_never_puts_an_address_into_force(listings: list[Stated], active: set[MemberId]) -> None:
    alone = [each for each in listings if each.member == MEMBERS[0]]
    assert standing(alone, set(), active, TODAY).force in {Force.UNLISTED, Force.TOO_FEW}


@given(LISTINGS, SETS, st.sampled_from(MEMBERS))
def test_a_dispute_never_puts_an_address_into_force(
    listings: list[Stated], against: set[MemberId], one: MemberId
) -> None:
    active = set(MEMBERS)
    with_one = standing(listings, against | {one}, active, TODAY)
    without = standing(listings, against - {one}, active, TODAY)
    assert with_one.force is not Force.IN_FORCE or without.force is Force.IN_FORCE


def test_the_words_for_each_standing() -> None:
    de, fr, it = MEMBERS[:3]
    said = [Stated(member=each, evidence_day=TODAY, issued_day=TODAY) for each in (de, fr)]
    active = set(MEMBERS)
    assert standing([], set(), active, TODAY).force is Force.UNLISTED
    assert standing(said[:1], set(), active, TODAY).force is Force.TOO_FEW
    assert standing(said, set(), active, TODAY).force is Force.IN_FORCE
    assert standing(said, {it}, active, TODAY).force is Force.IN_FORCE
    assert standing(said, {it, MEMBERS[3]}, active, TODAY).force is Force.UNDER_REVIEW
    old = Stated(member=it, evidence_day=TODAY - VALID_DAYS - 1, issued_day=TODAY)
    assert standing([*said, old], set(), active, TODAY).lapsed == (it,)
