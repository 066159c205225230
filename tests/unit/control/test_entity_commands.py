"""Entities through the commands that a person's words become."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.control.entity_commands import EntityCommands
from node.domain.queries import Level
from node.errors import Misuse
from node.usecases.entities import Entities
from node.usecases.entity_deletion import EntityDeletion
from node.usecases.entity_views import EntityViews
from tests.contracts.holdings import prints
from tests.unit.control.desk import Desk, items, lines_of


@pytest.fixture
def commands() -> Iterator[EntityCommands]:
    desk = Desk()
    store, clock = desk.node.store, desk.node.world.clock
    with store.write() as writer:
        writer.put_holding(prints("one"), level=Level.NATIONAL, case="A", tag=b"", now=1)
    yield EntityCommands(
        known=EntityViews(store=store, audit=desk.audit),
        acts=Entities(store=store, audit=desk.audit, clock=clock),
        deletion=EntityDeletion(store=store, audit=desk.audit),
    )
    desk.audit.close()


def test_an_entity_lives_from_its_first_line_to_its_last(commands: EntityCommands) -> None:
    added = {"kind": "place", "pseudonym": "the lake", "cases": ["A"]}
    (line,) = lines_of(commands.entity_add(added, items()))
    assert line == {"entity": 1, "kind": "place", "status": "unknown", "version": 1}
    link = {"entity": 1, "holdings": [1], "role": "made-at", "certainty": "possible"}
    assert lines_of(commands.entity_link(link, items())) == [{"entity": 1, "linked": 1, "changed": 0, "unchanged": 0}]
    (line,) = lines_of(commands.entity_note({"entity": 1, "text": "a jetty"}, items()))
    assert (line["note"], line["version"], line["officer"]) == (1, 1, None)
    (line,) = lines_of(commands.entity_change({"entity": 1, "status": "identified"}, items()))
    assert line == {"entity": 1, "status": "identified", "version": 2}
    *lines, end = lines_of(commands.entities({"kind": "place", "case": "A"}, items()))
    assert [(each["entity"], each["links"], each["notes"]) for each in lines] == [(1, 1, 1)]
    assert end == {"listed": 1, "next": None}
    (line,) = lines_of(commands.entity({"entity": 1}, items()))
    assert [each["event"] for each in line["events"]] == ["added", "named-by-case", "status"]
    assert lines_of(commands.entity_unlink({"entity": 1, "holdings": [1]}, items())) == [{"entity": 1, "withdrawn": 1}]
    lines_of(commands.entity_add(added, items()))
    assert lines_of(commands.entity_merge({"entity": 2, "into": 1}, items())) == [{"entity": 2, "into": 1}]
    assert lines_of(commands.entity_split({"entity": 2}, items())) == [{"entity": 2, "version": 3}]
    (plan,) = lines_of(commands.entity_delete({"entity": 1}, items()))
    assert plan["would_delete"] == [1]
    (line,) = lines_of(commands.entity_delete({"entity": 1, "plan": plan["plan"]}, items()))
    assert line == {"deleted": [1], "notes": 1, "links": 0}


@pytest.mark.parametrize(
    "link",
    [
        {"role": "seen", "certainty": "certain", "holdings": [1]},
        {"role": "depicted", "certainty": "sure", "holdings": [1]},
        {"role": "depicted", "certainty": "certain", "holdings": ["1"]},
        {"role": "depicted", "certainty": "certain", "holdings": []},
    ],
)
def test_a_link_with_a_word_that_is_none_is_a_misuse(commands: EntityCommands, link: dict[str, object]) -> None:
    lines_of(commands.entity_add({"kind": "place", "pseudonym": "the lake"}, items()))
    with pytest.raises(Misuse):
        lines_of(commands.entity_link({"entity": 1, **link}, items()))
