"""What every store owes mentions: found by entry and by record, joined into components, and gone with their bodies."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.envelope import Kind
from node.domain.ids import Origin, RecordId
from node.domain.log_ports import Chain
from node.domain.mentions import Joined, Mention, Role, Stated
from node.domain.stores import NodeStore
from node.store.statements import CHUNK
from tests.contracts.conftest import STORES
from tests.simulator.batches import FR, JP, append, batch, kinds

LINKED, ABOUT = Role.LINKED, Role.ABOUT


def record(number: int, origin: Origin = FR) -> RecordId:
    return RecordId(origin, number.to_bytes(4, "big") * 8)


def mention(index: int, number: int, *, origin: Origin = JP, role: Role = LINKED, of: Origin = FR) -> Mention:
    return Mention(origin=origin, index=index, kind=Kind.LINK, role=role, record=record(number, of))


def filled(store: NodeStore, mentions: list[Mention], size: int = 8) -> None:
    append(store, batch(store, FR, [f"fr {number}" for number in range(4)]))
    append(store, batch(store, JP, [f"jp {number}" for number in range(size)]))
    with store.write() as writer:
        writer.put_mentions(mentions)


def chain_of(numbers: list[int]) -> list[Mention]:
    """Links of pairs: the first with the second, the second with the third, and so on."""
    return [mention(index, each) for index, pair in enumerate(pairwise(numbers)) for each in pair]


def ends(found: Joined) -> set[tuple[Origin, int, RecordId]]:
    return {(*found.entries[entry], found.records[each]) for entry, each in found.ends}


def test_mentions_are_found_by_entry_and_by_record_in_log_order(store: NodeStore) -> None:
    said = [mention(0, 1), mention(0, 2), mention(1, 1, role=ABOUT), mention(3, 1), mention(0, 1, origin=FR)]
    filled(store, said)
    with store.read() as reader:
        assert reader.mentions(JP, 0, 2) == said[:3]
        assert reader.mentions(JP, 2, 3) == []
        assert reader.mentioning(record(1), [LINKED]) == [said[4], said[0], said[3]]
        assert reader.mentioning(record(1), [ABOUT, Role.THREAD]) == [said[2]]
        assert reader.mentioning(record(1, JP), [LINKED]) == []
        assert reader.mentioning(record(1), [LINKED], limit=2) == [said[4], said[0]]
        assert reader.mentioning(record(1), [LINKED], after=(FR, 0)) == [said[0], said[3]]
        assert reader.mentioning(record(1), [LINKED], after=(JP, 0)) == [said[3]]
        assert reader.mentioning(record(1), [LINKED], spare=JP.member) == [said[4]]


def test_a_mention_that_is_put_again_is_there_once(store: NodeStore) -> None:
    filled(store, [mention(0, 1)])
    with store.write() as writer:
        writer.put_mentions([mention(0, 1), mention(0, 1)])
        assert writer.mentions(JP, 0, 1) == [mention(0, 1)]


def test_mentions_go_with_the_body_and_with_what_is_set_aside(store: NodeStore) -> None:
    filled(store, [mention(0, 1), mention(1, 1), mention(2, 1)])
    with store.write() as writer:
        writer.purge(JP, [0])
        writer.set_aside(JP, 1, "why")
    with store.read() as reader:
        assert reader.mentioning(record(1), [LINKED]) == [mention(2, 1)]
        assert ends(reader.joined([record(1)], LINKED, 10)) == {(JP, 2, record(1))}


def test_what_mentions_a_record_follows_its_chain(store: NodeStore) -> None:
    """An entry that mentions both versions of one record keeps one mention of it."""
    filled(store, [mention(0, 1), mention(0, 2), mention(1, 1)])
    with store.write() as writer:
        writer.put_chain(Chain(root=record(1), head=None))
        writer.put_chain(Chain(root=record(2), head=(FR, 0)))
        writer.join_chain(record(1), record(2), 1)
    with store.read() as reader:
        assert reader.mentions(JP, 0, 2) == [mention(0, 2), mention(1, 2)]


def test_a_component_is_what_leads_to_a_record_over_any_number_of_links(store: NodeStore) -> None:
    said = [*chain_of([1, 2, 3, 4]), mention(5, 7), mention(5, 8), mention(6, 4, role=ABOUT), mention(6, 9, role=ABOUT)]
    filled(store, said)
    with store.read() as reader:
        found = reader.joined([record(3)], LINKED, 100)
        assert ends(found) == {(each.origin, each.index, each.record) for each in said[:6]}
        assert found.is_whole
        assert len(set(found.ends)) == len(found.ends)
        assert reader.joined([record(9)], LINKED, 100) == Joined(entries=[], records=[], ends=[])
        assert reader.joined([], LINKED, 100).is_whole
        both = reader.joined([record(1), record(8)], LINKED, 100)
        assert ends(both) == {(each.origin, each.index, each.record) for each in said[:8]}


def test_a_component_over_the_limit_says_that_it_is_not_whole(store: NodeStore) -> None:
    filled(store, chain_of([1, 2, 3, 4, 5]))
    with store.read() as reader:
        found = reader.joined([record(1)], LINKED, 3)
        assert not found.is_whole
        assert set(found.records) == {record(1), record(2), record(3)}
        assert reader.joined([record(1)], LINKED, 6).is_whole


def test_a_component_is_read_from_very_many_starts(store: NodeStore) -> None:
    filled(store, [mention(0, 1), mention(0, 2)])
    with store.read() as reader:
        found = reader.joined([record(number) for number in range(2 * CHUNK)], LINKED, 10_000)
        assert ends(found) == {(JP, 0, record(1)), (JP, 0, record(2))}


def test_records_of_one_hash_in_two_logs_are_two_records(store: NodeStore) -> None:
    """A member can copy another's entry into its own log."""
    filled(store, [mention(0, 1), mention(0, 2), mention(1, 1, of=JP), mention(1, 3)])
    with store.read() as reader:
        assert ends(reader.joined([record(1)], LINKED, 10)) == {(JP, 0, record(1)), (JP, 0, record(2))}


LISTS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True), max_size=12)


@pytest.mark.parametrize("kind", sorted(STORES))
@settings(max_examples=40, deadline=None)
@given(links=LISTS, starts=st.lists(st.integers(0, 9), min_size=1, max_size=3))
def test_a_component_is_what_a_plain_walk_reaches(kind: str, links: list[list[int]], starts: list[int]) -> None:
    reached = set(starts)
    for _ in links:
        reached |= {each for some in links if reached & set(some) for each in some}
    with TemporaryDirectory() as folder, closing(STORES[kind](Path(folder))) as store:
        filled(store, [mention(index, each) for index, some in enumerate(links) for each in some], size=12)
        with store.read() as reader:
            found = reader.joined([record(each) for each in starts], LINKED, 100)
    assert ends(found) == {
        (JP, index, record(each)) for index, some in enumerate(links) if reached & set(some) for each in some
    }


def test_the_records_that_something_mentions_are_listed_in_order(store: NodeStore) -> None:
    filled(store, [mention(0, 3), mention(1, 1), mention(2, 3), mention(3, 2, role=ABOUT), mention(4, 1, of=JP)])
    with store.read() as reader:
        assert reader.mentioned_as(LINKED, 10) == [record(1), record(1, JP), record(3)]
        assert reader.mentioned_as(LINKED, 2) == [record(1), record(1, JP)]
        assert reader.mentioned_as(Role.GROUP, 10) == []


def test_entries_are_listed_by_kind_and_wait_until_they_are_read(store: NodeStore) -> None:
    append(store, kinds(store, JP, [Kind.CONTRIBUTION, Kind.LINK, Kind.WATCH, Kind.LINK]))
    append(store, kinds(store, FR, [Kind.LINK]))
    first, second = Stated(origin=JP, index=1, kind=11), Stated(origin=JP, index=3, kind=11)
    other = Stated(origin=FR, index=0, kind=11)
    with store.read() as reader:
        assert reader.stated([Kind.LINK]) == [first, second, other]
        assert reader.stated([Kind.LINK], limit=1) == [first]
        assert reader.stated([Kind.LINK], after=(JP, 1)) == [second, other]
        assert [each.index for each in reader.stated([Kind.WATCH, Kind.LINK], limit=3)] == [1, 2, 3]
        assert reader.unread([Kind.LINK], 10) == []
