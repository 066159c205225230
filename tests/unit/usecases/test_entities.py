"""Persons, places and things: added, changed, linked, merged, looked at and deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.entities import SHAPES, Certainty, Deed, EntityKind, EntityStatus, LinkRole
from node.domain.ids import Origin
from node.domain.queries import Level
from node.domain.stores import NodeStore
from node.errors import Misuse, NotFound, Refused
from node.usecases.acting import acting_for
from node.usecases.audit import AuditLog, unpack_body
from node.usecases.consent import Consent
from node.usecases.entities import Entities, EntityChange
from node.usecases.entity_deletion import EntityDeletion
from node.usecases.entity_views import EntityViews
from tests.contracts.holdings import prints
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.callers import officer

SECRET = "Blue coat"


@dataclass
class Unit:
    """The entities of a node with three holdings: 1 and 2 in case A, 3 in case B."""

    store: NodeStore
    audit: AuditLog

    def __post_init__(self) -> None:
        ticks = count(1_000)
        self.acts = Entities(store=self.store, audit=self.audit, clock=lambda: next(ticks))
        self.views = EntityViews(store=self.store, audit=self.audit)
        self.deletion = EntityDeletion(store=self.store, audit=self.audit)
        with self.store.write() as writer:
            for number, case in ((1, "A"), (2, "A"), (3, "B")):
                writer.put_holding(prints(f"holding {number}"), level=Level.NATIONAL, case=case, tag=b"", now=1)

    def add(self, pseudonym: str = SECRET, kind: EntityKind = EntityKind.VICTIM) -> int:
        return self.acts.add(kind, pseudonym).id

    def shown(self, number: int) -> list[tuple[int, LinkRole, Certainty, bool]]:
        return [(each.holding, each.role, each.certainty, each.stands) for each in self.views.show(number).links]

    def written(self) -> list[dict[str, object]]:
        with self.store.read() as tx:
            log = tx.log(self.audit.origin)
            run = tx.run(self.audit.origin, 0, log.size if log else 0, 1 << 30)
        return [unpack_body(body)[0] for body in run.bodies]


def new_unit() -> Unit:
    store = MemoryStore()
    origin = Origin.parse("vigil.example/FR/audit/1")
    return Unit(store, AuditLog(store=store, origin=origin, clock=lambda: 0, random=os.urandom))


@pytest.fixture
def unit() -> Iterator[Unit]:
    made = new_unit()
    yield made
    made.audit.close()


def test_every_kind_has_its_statuses_and_roles(unit: Unit) -> None:
    assert set(SHAPES) == set(EntityKind)
    for kind, shape in SHAPES.items():
        number = unit.add(kind=kind)
        for status in EntityStatus:
            if status in shape.statuses:
                assert unit.acts.change(number, EntityChange(status=status)).status is status
            else:
                with pytest.raises(Misuse, match=status.value):
                    unit.acts.change(number, EntityChange(status=status))
        for role in LinkRole:
            if role in shape.roles:
                assert unit.acts.link(number, [1], role, Certainty.CERTAIN).linked == 1
            else:
                with pytest.raises(Misuse, match=role.value):
                    unit.acts.link(number, [1], role, Certainty.CERTAIN)


def test_the_history_says_who_changed_what_and_when(unit: Unit) -> None:
    with acting_for(officer("R. Diaz")):
        number = unit.acts.add(EntityKind.VICTIM, SECRET, cases=["A"]).id
    with acting_for(officer("K. Sato")):
        unit.acts.change(number, EntityChange(pseudonym="Grey coat", status=EntityStatus.IDENTIFIED, leave=("A",)))
    told = [(each.deed, each.by, each.was, each.now) for each in unit.views.show(number).events]
    assert told == [
        (Deed.ADDED, "R. Diaz", "", SECRET),
        (Deed.NAMED_BY_CASE, "R. Diaz", "", "A"),
        (Deed.STATUS, "K. Sato", "unknown", "identified"),
        (Deed.PSEUDONYM, "K. Sato", SECRET, "Grey coat"),
        (Deed.LEFT_CASE, "K. Sato", "A", ""),
    ]


def test_a_change_of_a_version_that_is_no_longer_there_is_refused(unit: Unit) -> None:
    number = unit.add()
    assert unit.acts.change(number, EntityChange(status=EntityStatus.IDENTIFIED, seen=1)).version == 2
    with pytest.raises(Refused, match="version 2, not 1"):
        unit.acts.change(number, EntityChange(status=EntityStatus.SAFEGUARDED, seen=1))
    assert unit.acts.change(number, EntityChange(status=EntityStatus.IDENTIFIED)).version == 2


def test_another_certainty_replaces_a_link_and_the_former_one_stays_as_history(unit: Unit) -> None:
    number = unit.add()
    done = unit.acts.link(number, [1, 2, 1], LinkRole.DEPICTED, Certainty.POSSIBLE)
    assert (done.linked, done.changed, done.unchanged) == (2, 0, 0)
    done = unit.acts.link(number, [1, 2], LinkRole.DEPICTED, Certainty.POSSIBLE)
    assert (done.linked, done.changed, done.unchanged) == (0, 0, 2)
    done = unit.acts.link(number, [2], LinkRole.DEPICTED, Certainty.CERTAIN)
    assert (done.linked, done.changed, done.unchanged) == (0, 1, 0)
    assert unit.shown(number) == [
        (1, LinkRole.DEPICTED, Certainty.POSSIBLE, True),
        (2, LinkRole.DEPICTED, Certainty.POSSIBLE, False),
        (2, LinkRole.DEPICTED, Certainty.CERTAIN, True),
    ]


def test_a_link_to_a_holding_that_is_not_there_links_none(unit: Unit) -> None:
    number = unit.add()
    with pytest.raises(NotFound, match="holding 9"):
        unit.acts.link(number, [1, 9], LinkRole.DEPICTED, Certainty.CERTAIN)
    with pytest.raises(NotFound, match="entity 77"):
        unit.acts.link(77, [1], LinkRole.DEPICTED, Certainty.CERTAIN)
    assert unit.shown(number) == []


def test_withdrawing_takes_the_links_of_one_role_or_of_all(unit: Unit) -> None:
    number = unit.add(kind=EntityKind.OFFENDER)
    for role in (LinkRole.DEPICTED, LinkRole.MADE_BY):
        unit.acts.link(number, [1, 2], role, Certainty.CERTAIN)
    assert unit.acts.unlink(number, [1], LinkRole.MADE_BY) == 1
    assert unit.acts.unlink(number, [1, 2]) == 3
    with pytest.raises(NotFound):
        unit.acts.unlink(number, [1, 2])
    assert not any(stands for *_, stands in unit.shown(number))


def test_a_merged_entity_is_shown_with_the_other_one_and_does_not_change_by_itself(unit: Unit) -> None:
    first, second = unit.add("first"), unit.add("second")
    unit.acts.note(second, "a scar on the left hand")
    unit.acts.link(second, [3], LinkRole.DEPICTED, Certainty.CERTAIN)
    unit.acts.merge(second, first)
    view = unit.views.show(first)
    assert [each.pseudonym for each in view.merged] == ["second"]
    assert [each.text for each in view.notes] == ["a scar on the left hand"]
    assert view.cases == ("B",)
    assert [line.entity.id for line in unit.views.page().lines] == [first]
    assert [(line.entity.id, line.links, line.notes) for line in unit.views.page(case="B").lines] == [(first, 1, 1)]
    with pytest.raises(Refused, match=f"merged into entity {first}"):
        unit.acts.note(second, "more")
    with pytest.raises(Refused):
        unit.acts.merge(first, second)
    unit.acts.split(second)
    assert unit.views.show(first).notes == []
    assert [line.entity.id for line in unit.views.page(case="B").lines] == [second]
    with pytest.raises(Refused, match="not merged") as whole:
        unit.acts.split(second)
    assert whole.value.remedy


def test_only_two_of_one_kind_are_merged(unit: Unit) -> None:
    victim, place = unit.add(), unit.add(kind=EntityKind.PLACE)
    with pytest.raises(Misuse, match="cannot be merged into entity"):
        unit.acts.merge(victim, place)
    with pytest.raises(Misuse, match="into itself") as itself:
        unit.acts.merge(victim, victim)
    assert itself.value.remedy == "name two different entities"
    with pytest.raises(NotFound):
        unit.acts.merge(victim, 77)


def test_an_edited_note_keeps_its_former_version(unit: Unit) -> None:
    number = unit.add()
    made = unit.acts.note(number, "born in spring\nor in summer")
    unit.acts.note(number, "born in autumn", edit=made.number)
    told = [(each.number, each.version, each.text) for each in unit.views.show(number).notes]
    assert told == [(1, 1, "born in spring\nor in summer"), (1, 2, "born in autumn")]


@pytest.mark.parametrize("text", ["", "   ", "a\x1b[2Jb", "x" * 10_001, "right\u202eleft"])
def test_a_text_that_cannot_be_shown_is_refused(unit: Unit, text: str) -> None:
    number = unit.add()
    with pytest.raises(Misuse):
        unit.acts.note(number, text)
    with pytest.raises(Misuse):
        unit.acts.add(EntityKind.VICTIM, text)


def test_an_unknown_case_names_nothing(unit: Unit) -> None:
    with pytest.raises(NotFound):
        unit.acts.add(EntityKind.VICTIM, SECRET, cases=["A", "no such case"])
    assert unit.views.page().lines == []


def test_deleting_takes_what_was_merged_and_only_the_plan_that_was_shown(unit: Unit) -> None:
    first, second, stays = unit.add(), unit.add(), unit.add()
    unit.acts.merge(second, first)
    shown = unit.deletion.plan(first)
    assert shown.entities == (first, second)
    unit.acts.note(first, "added meanwhile")
    for consent in (Consent(), Consent(plan=shown.digest)):
        with pytest.raises(Misuse):
            unit.deletion.delete(first, consent)
    assert unit.deletion.delete(first, Consent(plan=unit.deletion.plan(first).digest)).notes == 1
    assert [line.entity.id for line in unit.views.page().lines] == [stays]


def test_the_audit_log_has_numbers_and_no_word_about_an_entity(unit: Unit) -> None:
    number = unit.add()
    unit.acts.note(number, "a scar on the left hand")
    unit.acts.change(number, EntityChange(pseudonym="Grey coat"))
    unit.acts.link(number, [1], LinkRole.DEPICTED, Certainty.CERTAIN)
    unit.views.page(case="A")
    unit.views.show(number)
    unit.deletion.delete(number, Consent(yes=True))
    written = unit.written()
    assert [each["what"] for each in written if each.get("outcome") != "done"] == [
        "entity add", "entity note", "entity change", "entity link", "entities", "entity", "entity delete",
    ]  # fmt: skip
    (changed,) = (each for each in written if each["what"] == "entity change")
    assert changed["fields"] == ["pseudonym"]
    assert not any(word in str(written) for word in (SECRET, "Grey coat", "scar"))


def test_a_list_continues_after_its_last_line(unit: Unit) -> None:
    numbers = [unit.add() for _ in range(5)]
    page = unit.views.page(limit=2)
    assert ([line.entity.id for line in page.lines], page.next) == (numbers[:2], numbers[1])
    page = unit.views.page(after=numbers[2], limit=2)
    assert ([line.entity.id for line in page.lines], page.next) == (numbers[3:], None)


@settings(max_examples=40, deadline=None)
@given(moves=st.lists(st.tuples(st.booleans(), st.integers(1, 5), st.integers(1, 5)), max_size=25))
def test_merges_form_no_circle_and_lose_nothing(moves: list[tuple[bool, int, int]]) -> None:
    """Whatever is merged and split, each entity is shown exactly once, and each link under exactly one entity."""
    unit = new_unit()
    try:
        for _ in range(5):
            unit.acts.link(unit.add(), [1], LinkRole.DEPICTED, Certainty.CERTAIN)
        for merges, number, into in moves:
            try:
                _ = unit.acts.merge(number, into) if merges else unit.acts.split(number)
            except (Refused, Misuse):
                continue
        views = [unit.views.show(line.entity.id) for line in unit.views.page().lines]
        shown = [each.id for view in views for each in (view.entity, *view.merged)]
        assert sorted(shown) == [1, 2, 3, 4, 5]
        assert sorted(link.entity for view in views for link in view.links) == [1, 2, 3, 4, 5]
    finally:
        unit.audit.close()
