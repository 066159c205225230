"""How many members confirm or dispute a record: each active member once, over all versions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.envelope import Kind
from node.domain.ids import MemberId, RecordId
from node.domain.limits import Limits
from node.domain.roster import MemberStatus, Policy
from node.domain.statements import Category, Opinion, Tri, Verdict
from node.domain.verification import Verification
from node.usecases.verification import Verifier
from tests.simulator.federation import picture
from tests.simulator.world import CODEC
from tests.unit.usecases.linked import Bench

BASELINE = Category(scheme="icse", version="1", code="1", baseline=Tri.YES)
OTHER = Category(scheme="uk-caid", version="1", code="B")
CONFIRM, DISPUTE = Verdict.CONFIRM, Verdict.DISPUTE


def known(bench: Bench, record: RecordId) -> Verification:
    with bench.node.store.read() as reader:
        return bench.verifier.named(reader, [record])[record]


def status(bench: Bench, **members: MemberStatus) -> None:
    roster = bench.world.roster
    changed = {MemberId(name): replace(roster.members[MemberId(name)], status=each) for name, each in members.items()}
    bench.world.roster = replace(roster, members=roster.members | changed)


def test_each_member_counts_once_by_its_newest_opinion() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    bench.opine("JP", mine, DISPUTE)
    bench.opine("JP", mine, CONFIRM)
    bench.opine("BR", mine, CONFIRM)
    bench.opine("BR", mine, DISPUTE)
    bench.opine("DE", mine, CONFIRM)
    bench.send()
    assert list(known(bench, mine).confirmed) == ["DE", "JP"]
    assert list(known(bench, mine).disputed) == ["BR"]


def test_opinions_on_every_version_count_by_the_name_of_any() -> None:
    bench = Bench()
    (first,) = bench.logs["JP"].pictures([1])
    bench.opine("BR", first, CONFIRM)
    bench.send()
    newest = bench.logs["JP"].say(picture(2), kind=Kind.CORRECTION, target=first)
    bench.opine("DE", newest, DISPUTE)
    bench.send()
    for name in (first, newest):
        assert (list(known(bench, name).confirmed), list(known(bench, name).disputed)) == (["BR"], ["DE"])


def test_the_owner_of_a_record_does_not_confirm_it() -> None:
    bench = Bench()
    (theirs,) = bench.logs["JP"].pictures([1])
    bench.opine("JP", theirs, CONFIRM)
    bench.send()
    assert known(bench, theirs) == Verification()


def test_suspended_members_are_counted_apart_and_former_ones_not_at_all() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    for who in ("JP", "BR", "DE"):
        bench.opine(who, mine, CONFIRM)
    bench.send()
    status(bench, BR=MemberStatus.SUSPENDED, DE=MemberStatus.LEFT)
    assert list(known(bench, mine).confirmed) == ["JP"]
    assert list(known(bench, mine).suspended) == ["BR"]


def test_nobody_counts_without_a_roster() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    bench.opine("JP", mine, CONFIRM)
    bench.send()
    with bench.node.store.read() as reader:
        unknown = Verifier(codec=CODEC, latest=lambda: None).named(reader, [mine])
    assert unknown[mine] == Verification()


def test_the_categories_of_those_who_confirm_are_counted() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    bench.opine("JP", mine, CONFIRM, OTHER)
    bench.opine("BR", mine, CONFIRM, OTHER)
    bench.opine("DE", mine, DISPUTE, BASELINE)
    bench.send()
    assert known(bench, mine).verified_as == ((OTHER, 2),)


@pytest.mark.parametrize(
    ("needed", "opinions", "unconfirmed"),
    [
        (0, [], False),
        (1, [], True),
        (1, [("JP", CONFIRM, None)], False),
        (2, [("JP", CONFIRM, None), ("BR", CONFIRM, BASELINE)], False),
        (2, [("JP", CONFIRM, None), ("BR", CONFIRM, replace(BASELINE, baseline=Tri.NO))], True),
        (1, [("JP", DISPUTE, BASELINE)], True),
    ],
)
def test_a_policy_asks_for_confirmations_before_a_record_counts_as_baseline(
    needed: int, opinions: list[tuple[str, Verdict, Category | None]], *, unconfirmed: bool
) -> None:
    """A member that confirms the record but says that it is outside the baseline does not confirm the baseline."""
    bench = Bench()
    bench.world.roster = replace(bench.world.roster, policy=Policy(limits=Limits(baseline_confirmations=needed)))
    (mine,) = bench.mine(1)
    for who, verdict, category in opinions:
        bench.opine(who, mine, verdict, category)
    bench.send()
    assert known(bench, mine).is_baseline_unconfirmed(BASELINE) is unconfirmed
    assert not known(bench, mine).is_baseline_unconfirmed(replace(BASELINE, baseline=Tri.NO))
    assert not known(bench, mine).is_baseline_unconfirmed(None)


def test_the_list_of_records_shows_what_members_say() -> None:
    bench = Bench()
    (mine,) = bench.mine(1)
    bench.opine("JP", mine, CONFIRM)
    bench.send()
    one = bench.records.one(mine)
    page = bench.records.page(mine=True)
    assert one is not None
    assert one.verification is not None
    assert list(one.verification.confirmed) == ["JP"]
    assert [each.verification for each in page.shown] == [one.verification]
    theirs = bench.records.page(member=MemberId("JP"))
    assert [each.verification for each in theirs.shown] == [None]


OPINIONS = st.lists(st.tuples(st.sampled_from(["JP", "BR", "DE"]), st.sampled_from(list(Verdict))), max_size=8)


@settings(max_examples=25, deadline=None)
@given(opinions=OPINIONS, cut=st.integers(0, 8))
def test_the_count_does_not_depend_on_the_order_of_arrival(opinions: list[tuple[str, Verdict]], cut: int) -> None:
    """Logs come in pieces, and each in its own order."""
    bench = Bench()
    (mine,) = bench.mine(1)
    last: dict[str, Verdict] = {}
    for number, (who, verdict) in enumerate(opinions):
        bench.logs[who].say(Opinion(verdict=verdict, note=str(number)), kind=Kind.OPINION, target=mine)
        last[who] = verdict
        if number == cut:
            bench.send()
    bench.send()
    assert list(known(bench, mine).confirmed) == sorted(who for who, each in last.items() if each is CONFIRM)
    assert list(known(bench, mine).disputed) == sorted(who for who, each in last.items() if each is DISPUTE)
