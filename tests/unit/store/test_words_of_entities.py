"""What was written about a deleted entity is in no file of the database; what is damaged harms only itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.entities import (
    UNREADABLE,
    Certainty,
    Deed,
    EntityEvent,
    EntityKind,
    EntityLink,
    EntityNote,
    EntityStatus,
    LinkRole,
)
from node.domain.queries import Level
from node.store.store import SqliteNodeStore
from tests.contracts.holdings import prints
from tests.stores import fresh_store

WORDS = "words of number {0:05d}"


def written(store: SqliteNodeStore, number: int) -> int:
    """An entity with a pseudonym, a former pseudonym, notes, a withdrawn link, and an event; all with its words."""
    words = WORDS.format(number)
    with store.write() as writer:
        made = writer.put_entity(EntityKind.OFFENDER, words, EntityStatus.UNKNOWN, 1)
        writer.change_entity(replace(writer.entities_by_id([made])[made], pseudonym=words + " later"))
        note = EntityNote(entity=made, number=0, version=0, text=words * (1 + number % 300), by=words, at=1)
        first = writer.put_entity_note(note)
        writer.put_entity_note(replace(note, number=first.number))
        writer.put_entity_links(
            [
                EntityLink(
                    id=0, entity=made, holding=1, role=LinkRole.MADE_BY, certainty=Certainty.CERTAIN, by=words, at=1
                )
            ]
        )
        writer.withdraw_entity_links([each.id for each in writer.entity_links([made])], words, 2)
        writer.put_entity_event(EntityEvent(entity=made, deed=Deed.PSEUDONYM, by=words, at=1, was=words, now=words))
    return made


def found(folder: Path, numbers: list[int]) -> list[int]:
    data = b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
    return [number for number in numbers if WORDS.format(number).encode() in data]


@pytest.mark.parametrize("step", [2, 7])
def test_no_word_about_a_deleted_entity_stays(tmp_path: Path, step: int) -> None:
    store = fresh_store(tmp_path / "node.db")
    try:
        made = [written(store, number) for number in range(60)]
        gone = made[::step]
        with store.write() as writer:
            writer.delete_entities(gone)
        store.scrub()
        assert found(tmp_path, [each - 1 for each in gone]) == []
        stays = [each - 1 for each in made if each not in gone]
        assert found(tmp_path, stays) == stays
    finally:
        store.close()


def test_the_officer_of_a_link_goes_with_its_holding(tmp_path: Path) -> None:
    store = fresh_store(tmp_path / "node.db")
    try:
        with store.write() as writer:
            held, _ = writer.put_holding(prints("one"), level=Level.NATIONAL, case="A", tag=b"", now=1)
            made = writer.put_entity(EntityKind.VICTIM, "someone", EntityStatus.UNKNOWN, 1)
            link = EntityLink(
                id=0, entity=made, holding=held, role=LinkRole.DEPICTED, certainty=Certainty.CERTAIN,
                by=WORDS.format(1), at=1,
            )  # fmt: skip
            writer.put_entity_links([link])
        with store.write() as writer:
            writer.delete_holding(held)
        store.scrub()
        assert found(tmp_path, [1]) == []
    finally:
        store.close()


def test_a_damaged_word_does_not_end_a_list(tmp_path: Path) -> None:
    store = fresh_store(tmp_path / "node.db")
    try:
        first, second = written(store, 1), written(store, 2)
        with store.write() as writer:
            blank = "UPDATE vault SET sealed = x'00' WHERE id = (SELECT vault_id FROM entities WHERE id = 1)"
            writer._connection.exec_driver_sql(blank)  # type: ignore[attr-defined]
        with store.read() as reader:
            names = {each.id: each.pseudonym for each in reader.entities()}
        assert names == {first: UNREADABLE, second: WORDS.format(2) + " later"}
    finally:
        store.close()
