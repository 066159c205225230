"""What every store owes addresses: those known here with their evidence, and the listings of all members."""

from __future__ import annotations

import pytest

from node.domain.address_book import MAX_EVIDENCE, Evidence, FiledListing
from node.domain.address_listings import Granularity
from node.domain.addresses import Address
from node.domain.batch import BodyState
from node.domain.ids import Origin, RecordId
from node.domain.stores import NodeStore
from node.errors import NotFound
from node.tlog import merkle
from tests.contracts.holdings import put
from tests.simulator.batches import FR, JP, append, batch

A = Address(granularity=Granularity.DOMAIN, text="a.example")
SAME_TEXT = Address(granularity=Granularity.HOST, text="a.example")
B = Address(granularity=Granularity.URL, text="b.example/x?y")


def listing(address: Address, origin: Origin, index: int, **values: int) -> FiledListing:
    days = {"evidence_day": 20_000, "issued_day": 20_001} | values
    leaf = merkle.leaf_hash(f"{origin}{index}".encode())
    return FiledListing(key=address.key, origin=origin, index=index, leaf=leaf, revises=bool(index % 2), **days)


def test_a_new_store_knows_no_address(store: NodeStore) -> None:
    with store.read() as reader:
        assert reader.known_addresses(0, 10) == []
        assert reader.known_by_key([A.key]) == {}
        assert reader.known_by_key([]) == {}
        assert reader.count_known_addresses() == 0
        assert reader.listings_of([A.key]) == {}
        assert reader.count_listings() == {}


def test_an_address_is_known_once_at_each_granularity(store: NodeStore) -> None:
    with store.write() as writer:
        first = writer.put_address(A, 5)
        assert writer.put_address(SAME_TEXT, 6)[1]
        assert writer.put_address(A, 9) == (first[0], False)
        assert writer.put_address(B, 7)[1]
    with store.read() as reader:
        every = reader.known_addresses(0, 10)
        assert [(each.address, each.added_at) for each in every] == [(A, 5), (SAME_TEXT, 6), (B, 7)]
        assert reader.known_addresses(every[0].id, 1) == every[1:2]
        assert reader.known_by_key([A.key, B.key]) == {A.key: every[0], B.key: every[2]}
        assert reader.count_known_addresses() == 3


def test_evidence_is_kept_with_who_says_so_and_only_once(store: NodeStore) -> None:
    one = Evidence(day=20_000, note="\u65e5\u672c: a page", by="officer", at=5)
    with store.write() as writer:
        id_, _ = writer.put_address(A, 5)
        writer.put_evidence(id_, one)
        writer.put_evidence(id_, Evidence(day=20_000, note=one.note, by="another", at=9))
        writer.put_evidence(id_, Evidence(day=20_009, holding=3))
    with store.read() as reader:
        (known,) = reader.known_addresses(0, 1)
    assert known.evidence == (one, Evidence(day=20_009, holding=3))
    assert known.evidence_day == 20_009


def test_beyond_the_bound_the_oldest_evidence_goes(store: NodeStore) -> None:
    with store.write() as writer:
        id_, _ = writer.put_address(A, 5)
        for day in range(MAX_EVIDENCE + 2):
            writer.put_evidence(id_, Evidence(day=day, note=f"note {day}"))
    with store.read() as reader:
        (known,) = reader.known_addresses(0, 1)
    assert [each.day for each in known.evidence] == list(range(2, MAX_EVIDENCE + 2))


def test_evidence_goes_with_its_holding(store: NodeStore) -> None:
    with store.write() as writer:
        holding = put(writer, "a picture")
        id_, _ = writer.put_address(A, 5)
        writer.put_evidence(id_, Evidence(day=1, holding=holding, note="seen"))
        writer.put_evidence(id_, Evidence(day=2, note="a note"))
        writer.delete_holding(holding)
    with store.read() as reader:
        (known,) = reader.known_addresses(0, 1)
    assert [each.day for each in known.evidence] == [2]


def test_our_own_listing_is_remembered_and_ends(store: NodeStore) -> None:
    record = RecordId(FR, merkle.leaf_hash(b"listing"))
    with store.write() as writer:
        id_, _ = writer.put_address(A, 5)
        writer.set_listed(id_, record, 20_000)
    with store.read() as reader:
        (known,) = reader.known_addresses(0, 1)
        assert (known.record, known.listed_day) == (record, 20_000)
    with store.write() as writer:
        writer.set_listed(id_, None, 0)
    with store.read() as reader:
        assert reader.known_addresses(0, 1)[0].record is None
    with pytest.raises(NotFound), store.write() as writer:
        writer.set_listed(id_ + 7, record, 1)


def test_forgotten_addresses_leave_nothing(store: NodeStore) -> None:
    with store.write() as writer:
        id_, _ = writer.put_address(A, 5)
        writer.put_evidence(id_, Evidence(day=1, note="a note"))
        other, _ = writer.put_address(B, 5)
        writer.forget_addresses([id_])
    with store.read() as reader:
        assert [each.id for each in reader.known_addresses(0, 10)] == [other]
        assert reader.known_by_key([A.key]) == {}
    with store.write() as writer:
        again, new = writer.put_address(A, 8)
    assert new
    assert again != id_
    with store.read() as reader:
        assert reader.known_by_key([A.key])[A.key].evidence == ()


def test_listings_are_found_by_address_whatever_the_log(store: NodeStore) -> None:
    append(store, batch(store, FR, list("0123")))
    append(store, batch(store, JP, list("0123")))
    filed = [listing(A, FR, 0), listing(A, JP, 3), listing(SAME_TEXT, FR, 1, evidence_day=7), listing(B, FR, 2)]
    with store.write() as writer:
        writer.put_listings(filed)
    with store.read() as reader:
        found = reader.listings_of([A.key, B.key, A.key])
        assert {key: sorted(each, key=str) for key, each in found.items()} == {
            A.key: sorted(filed[:2], key=str),
            B.key: filed[3:],
        }
        assert reader.listings_of([SAME_TEXT.key]) == {SAME_TEXT.key: [filed[2]]}
        keys = sorted([A.key, B.key, SAME_TEXT.key], key=lambda key: key[::-1])
        assert reader.listed_keys(None, 10) == keys
        assert reader.listed_keys(None, 1) == keys[:1]
        assert reader.listed_keys(keys[0], 10) == keys[1:]
        assert dict(reader.count_listings()) == {FR: 3, JP: 1}
        assert [reader.listing_place(FR, number) for number in range(3)] == [0, 1, 2]
        with pytest.raises(NotFound):
            reader.listing_place(JP, 1)


def test_a_place_has_one_listing(store: NodeStore) -> None:
    append(store, batch(store, FR, ["0"]))
    with store.write() as writer:
        writer.put_listings([listing(A, FR, 0)])
        writer.put_listings([listing(B, FR, 0)])
        writer.put_listings([])
    with store.read() as reader:
        assert reader.listings_of([A.key, B.key]) == {B.key: [listing(B, FR, 0)]}


def test_a_listing_goes_with_its_body(store: NodeStore) -> None:
    append(store, batch(store, FR, list("0123")))
    with store.write() as writer:
        writer.put_listings([listing(A, FR, index) for index in range(4)])
    with store.write() as writer:
        writer.purge(FR, [1])
        writer.set_aside(FR, 2, "a reason")
    with store.read() as reader:
        assert sorted(each.index for each in reader.listings_of([A.key])[A.key]) == [0, 3]
        assert reader.run(FR, 1, 2, 1 << 20).states == bytes([BodyState.PURGED])
    with store.write() as writer:
        writer.cut_back(FR, 3, merkle.EMPTY_ROOT)
    with store.read() as reader:
        assert [each.index for each in reader.listings_of([A.key])[A.key]] == [0]
    with store.write() as writer:
        writer.forget_all_listings()
    with store.read() as reader:
        assert reader.count_listings() == {}
