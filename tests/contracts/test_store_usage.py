"""The ledger of what members take, in every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.ids import member_id
from node.domain.usage import Charge, Count, Period, Resource, Usage, add

if TYPE_CHECKING:
    from node.domain.ids import MemberId
    from node.domain.stores import NodeStore

FR, JP = member_id("FR"), member_id("JP")
DAY = 86_400


def test_a_charge_is_added_to_its_windows_and_to_what_stands_in_all(store: NodeStore) -> None:
    charge = Charge(member=FR, resource=Resource.ENTRIES, amount=5)
    with store.write() as tx:
        tx.charge([charge, charge], 3 * DAY + 7)
        tx.charge([Charge(member=JP, resource=Resource.PROBES, amount=2, periods=(Period.MINUTE,))], 120)
        tx.charge([Charge(member=JP, resource=Resource.BYTES, amount=0)], 120)
    with store.read() as tx:
        assert tx.usage(FR) == {
            (Resource.ENTRIES, Period.DAY): Count(window=3, used=10),
            (Resource.ENTRIES, Period.ALL): Count(window=0, used=10),
        }
        assert tx.usage_of_all() == {
            FR: tx.usage(FR),
            JP: {(Resource.PROBES, Period.MINUTE): Count(window=2, used=2)},
        }
        assert tx.usage(member_id("BR")) == {}


def test_another_day_begins_anew_also_after_a_clock_was_set_back(store: NodeStore) -> None:
    for day in (9, 10, 9):
        with store.write() as tx:
            tx.charge([Charge(member=FR, resource=Resource.BYTES, amount=4)], day * DAY)
    with store.read() as tx:
        assert tx.usage(FR) == {
            (Resource.BYTES, Period.DAY): Count(window=9, used=4),
            (Resource.BYTES, Period.ALL): Count(window=0, used=12),
        }


CHARGES = st.lists(
    st.tuples(
        st.builds(
            Charge,
            member=st.sampled_from([FR, JP]),
            resource=st.sampled_from(Resource),
            amount=st.integers(0, 1 << 40),
            periods=st.lists(st.sampled_from(Period), min_size=1, unique=True).map(tuple),
        ),
        st.integers(0, 3 * DAY),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(charges=CHARGES)
def test_counts_in_memory_and_in_the_store_agree(store: NodeStore, charges: list[tuple[Charge, int]]) -> None:
    with store.read() as tx:
        expected: dict[MemberId, Usage] = {FR: tx.usage(FR), JP: tx.usage(JP)}
    for charge, now in charges:
        with store.write() as tx:
            tx.charge([charge], now)
        if charge.amount:
            add(expected[charge.member], charge, now)
    with store.read() as tx:
        assert {FR: tx.usage(FR), JP: tx.usage(JP)} == expected
