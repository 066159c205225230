"""What every store owes entities: their notes, their links to holdings, and their history."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.entities import (
    Certainty,
    Deed,
    Entity,
    EntityEvent,
    EntityKind,
    EntityLink,
    EntityNote,
    EntityStatus,
    LinkRole,
)
from node.domain.queries import Level
from node.domain.stores import NodeStore, NodeStoreWriter
from node.errors import NotFound
from tests.contracts.holdings import prints

NOTE = EntityNote(entity=1, number=0, version=0, text="seen at the lake", by="R. Diaz", at=20)
LINK = EntityLink(id=0, entity=1, holding=1, role=LinkRole.DEPICTED, certainty=Certainty.PROBABLE, by="R. Diaz", at=30)


def add(writer: NodeStoreWriter, pseudonym: str = "Blue coat", kind: EntityKind = EntityKind.VICTIM) -> int:
    return writer.put_entity(kind, pseudonym, EntityStatus.UNKNOWN, 10)


def hold(writer: NodeStoreWriter, *words: str, case: str = "A") -> list[int]:
    return [writer.put_holding(prints(word), level=Level.NATIONAL, case=case, tag=b"", now=1)[0] for word in words]


def all_links(store: NodeStore, *ids: int) -> list[EntityLink]:
    with store.read() as reader:
        return reader.entity_links(ids)


def test_an_entity_is_read_as_it_was_stored(store: NodeStore) -> None:
    with store.write() as writer:
        number = add(writer)
    with store.read() as reader:
        assert reader.entities_by_id([number, 99]) == {
            number: Entity(
                id=number, kind=EntityKind.VICTIM, pseudonym="Blue coat", status=EntityStatus.UNKNOWN, added_at=10
            )
        }


def test_a_list_has_one_kind_in_pages_and_leaves_merged_ones_out(store: NodeStore) -> None:
    with store.write() as writer:
        first, second, place = add(writer), add(writer), add(writer, kind=EntityKind.PLACE)
        merged = writer.entities_by_id([second])[second]
        assert writer.change_entity(replace(merged, merged_into=first))
    with store.read() as reader:
        assert [each.id for each in reader.entities()] == [first, place]
        assert [each.id for each in reader.entities(merged=True, after=first, limit=1)] == [second]
        assert [each.id for each in reader.entities(kind=EntityKind.PLACE)] == [place]
        assert reader.merged_entities([first, place]) == [second]
        assert reader.merged_entities([0]) == []


def test_a_change_counts_the_version_and_a_stale_one_changes_nothing(store: NodeStore) -> None:
    with store.write() as writer:
        seen = writer.entities_by_id([add(writer)])[1]
        assert writer.change_entity(replace(seen, pseudonym="Grey coat", status=EntityStatus.IDENTIFIED))
        assert not writer.change_entity(replace(seen, pseudonym="Red coat"))
        assert not writer.change_entity(replace(seen, id=99))
    with store.read() as reader:
        found = reader.entities_by_id([1])[1]
    assert found == replace(seen, pseudonym="Grey coat", status=EntityStatus.IDENTIFIED, version=2)


def test_an_edited_note_is_a_new_version_beside_the_former_one(store: NodeStore) -> None:
    with store.write() as writer:
        add(writer)
        first = writer.put_entity_note(NOTE)
        edited = writer.put_entity_note(replace(NOTE, number=first.number, text="seen at the river", by="K. Sato"))
        second = writer.put_entity_note(replace(NOTE, text="another"))
        with pytest.raises(NotFound):
            writer.put_entity_note(replace(NOTE, number=9))
    assert [(each.number, each.version) for each in (first, edited, second)] == [(1, 1), (1, 2), (2, 1)]
    with store.read() as reader:
        assert reader.entity_notes([1]) == [first, edited, second]
        assert reader.entity_notes([2]) == []


def test_a_link_is_withdrawn_once_and_stays_readable(store: NodeStore) -> None:
    with store.write() as writer:
        add(writer)
        held = hold(writer, "one", "two")
        writer.put_entity_links([replace(LINK, holding=each) for each in held])
    first, second = all_links(store, 1)
    with store.write() as writer:
        writer.withdraw_entity_links([first.id], "K. Sato", 40)
        writer.withdraw_entity_links([first.id], "R. Diaz", 50)
    withdrawn = replace(first, withdrawn_by="K. Sato", withdrawn_at=40)
    assert all_links(store, 1) == [withdrawn, second]
    with store.read() as reader:
        assert reader.entity_links([1], withdrawn=False) == [second]
        assert reader.entity_links([1], case="A") == [withdrawn, second]
        assert reader.entity_links([1], case="B") == []
        assert reader.entity_links([1], after=first.id, limit=1) == [second]
        assert reader.count_entity_links([1, 2]) == {1: 1}
        assert reader.entities_of_holdings(held) == {second.holding: (1,)}


def test_an_entity_belongs_to_cases_by_name_and_by_standing_links(store: NodeStore) -> None:
    with store.write() as writer:
        named, linked, once = add(writer), add(writer), add(writer)
        (held,) = hold(writer, "one")
        assert writer.name_in_case(named, "A")
        assert not writer.name_in_case(named, "A")
        assert writer.name_in_case(named, "B")
        writer.put_entity_links([replace(LINK, entity=each, holding=held) for each in (linked, once)])
    with store.write() as writer:
        writer.withdraw_entity_links([each.id for each in writer.entity_links([once])], "", 50)
    with store.read() as reader:
        assert reader.entities_of_case("A") == [named, linked]
        assert reader.entities_of_case("B") == [named]
        assert reader.cases_of_entities([named, linked, once]) == {named: ("A", "B"), linked: ("A",)}
    with store.write() as writer:
        assert writer.leave_entity_case(named, "A")
        assert not writer.leave_entity_case(named, "A")
        assert writer.entities_of_case("A") == [linked]


def test_events_are_read_in_the_order_in_which_they_happened(store: NodeStore) -> None:
    events = [
        EntityEvent(entity=1, deed=Deed.ADDED, by="R. Diaz", at=10),
        EntityEvent(entity=2, deed=Deed.ADDED, by="", at=10),
        EntityEvent(entity=1, deed=Deed.STATUS, by="K. Sato", at=5, was="unknown", now="identified"),
    ]
    with store.write() as writer:
        for each in events:
            writer.put_entity_event(each)
    with store.read() as reader:
        assert reader.entity_events([1, 2]) == events
        assert reader.entity_events([1]) == [events[0], events[2]]


def test_a_deleted_holding_takes_its_links_with_it(store: NodeStore) -> None:
    with store.write() as writer:
        add(writer)
        gone, stays = hold(writer, "one", "two")
        writer.put_entity_links([replace(LINK, holding=each) for each in (gone, gone, stays)])
        writer.withdraw_entity_links([1], "", 40)
    with store.write() as writer:
        writer.delete_holding(gone)
    assert [each.holding for each in all_links(store, 1)] == [stays]


def test_a_deleted_entity_leaves_nothing_and_its_number_is_not_used_again(store: NodeStore) -> None:
    with store.write() as writer:
        gone, stays = add(writer), add(writer)
        hold(writer, "one")
        for each in (gone, stays):
            writer.put_entity_note(replace(NOTE, entity=each))
            writer.put_entity_links([replace(LINK, entity=each)])
            writer.put_entity_event(EntityEvent(entity=each, deed=Deed.ADDED, by="", at=1))
            writer.name_in_case(each, "A")
    with store.write() as writer:
        writer.delete_entities([gone])
        assert add(writer) == stays + 1
    with store.read() as reader:
        assert set(reader.entities_by_id([gone, stays])) == {stays}
        assert {each.entity for each in reader.entity_notes([gone, stays])} == {stays}
        assert {each.entity for each in reader.entity_links([gone, stays])} == {stays}
        assert {each.entity for each in reader.entity_events([gone, stays])} == {stays}
        assert reader.entities_of_case("A") == [stays]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 3), st.text(min_size=1, max_size=30)), max_size=12))
def test_no_version_of_a_note_is_ever_lost(store: NodeStore, edits: list[tuple[int, str]]) -> None:
    with store.write() as writer:
        number = add(writer)
    written: list[EntityNote] = []
    for note, text in edits:
        with store.write() as writer:
            known = len({each.number for each in written})
            change = replace(NOTE, entity=number, number=note if note <= known else 0, text=text)
            written.append(writer.put_entity_note(change))
    with store.read() as reader:
        kept = reader.entity_notes([number])
    assert sorted(kept, key=repr) == sorted(written, key=repr)
