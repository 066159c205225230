"""What every store owes the allow-list."""

from __future__ import annotations

import hashlib

from node.domain.stores import NodeStore


def values(count: int, salt: str = "") -> list[bytes]:
    return [hashlib.sha256(f"{salt}{number}".encode()).digest() for number in range(count)]


def test_a_new_list_is_empty(store: NodeStore) -> None:
    with store.read() as reader:
        assert reader.count_allowed() == 0
        assert reader.list_allowed(b"", 10) == []
        assert reader.allowed(values(3)) == set()
        assert reader.allowed([]) == set()


def test_values_are_found_whoever_asks_and_however_often_they_came(store: NodeStore) -> None:
    some = values(1_201)
    with store.write() as writer:
        assert writer.allow([*some, some[0]], 5) == 1_201
        assert writer.allow([*some[:3], *values(2, "other")], 9) == 2
    with store.read() as reader:
        assert reader.count_allowed() == 1_203
        assert reader.allowed([*some, *values(700, "unknown")]) == set(some)
        assert dict(reader.list_allowed(b"", 2_000))[some[0]] == 5, "the first import's time stays"


def test_the_list_is_read_in_pages_in_order(store: NodeStore) -> None:
    some = sorted(values(25))
    with store.write() as writer:
        writer.allow(some, 7)
    seen: list[bytes] = []
    with store.read() as reader:
        while page := reader.list_allowed(seen[-1] if seen else b"", 10):
            seen += [value for value, at in page if at == 7]
    assert seen == some


def test_values_are_taken_off_and_all_of_them_are(store: NodeStore) -> None:
    some = values(600)
    with store.write() as writer:
        writer.allow(some, 1)
        assert writer.disallow([*some[:501], some[0], *values(1, "unknown")]) == 501
        assert writer.disallow(some[:1]) == 0
    with store.read() as reader:
        assert reader.allowed(some) == set(some[501:])
    with store.write() as writer:
        assert writer.clear_allowed() == 99
        assert writer.clear_allowed() == 0
    with store.read() as reader:
        assert reader.count_allowed() == 0
