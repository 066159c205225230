"""`hit-show` and `review` as lines, over the real use cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from node.control.hit_commands import HitCommands
from node.control.review_commands import ReviewCommands
from node.errors import Misuse, NotFound
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import Log
from tests.unit.control.desk import items, lines_of
from tests.unit.usecases.readings import JP
from tests.unit.usecases.reviews import Office

Line = dict[str, Any]


@pytest.fixture
def office() -> Iterator[Office]:
    """Two holdings that are near each other and near a record and a row of a list."""
    made = Office()
    made.take(still("one"), still("two", like="one", bits=4))
    log = Log(JP)
    log.say(said_of(still("copy", like="one", bits=7)))
    made.receive(log)
    made.match()
    made.take_list("L", Office.row_of(still("one")))
    yield made
    made.close()


@pytest.fixture
def commands(office: Office) -> ReviewCommands:
    return ReviewCommands(reviewing=office.reviewing)


def decide(commands: ReviewCommands, decision: str, *hits: Line, **more: str) -> list[Line]:
    given = {"decision": decision, "hits": list(hits)} | more
    return json.loads(json.dumps(lines_of(commands.review(given, items()))))  # type: ignore[no-any-return]


def test_each_kind_of_hit_is_decided_about_and_shown(office: Office, commands: ReviewCommands) -> None:
    row = office.row_number("L")
    for name in ("1", f"1/r{row}", "1/h2"):
        (line,) = decide(commands, "confirm", {"hit": name, "if_state": "new", "if_decisions": 0}, note="why")
        assert (line["hit"], line["before"], line["state"], line["error"]) == (name, "new", "confirmed", None)
        (shown,) = lines_of(commands.hit_show({"hit": name}, items()))
        json.dumps(shown)
        assert (shown["hit"], shown["state"], shown["decisions"]) == (name, "confirmed", 1)
        assert [each["note"] for each in shown["history"]] == ["why"]
        assert (shown["on"] is None, shown["evidence"] is None) == (name != "1", name == "1")


def test_a_hit_that_is_refused_stops_only_itself(commands: ReviewCommands) -> None:
    wanted = [{"hit": "1", "if_state": "rejected"}, {"hit": "99", "if_state": "new"}, {"hit": "x", "if_state": "new"}]
    lines = decide(commands, "unsure", *wanted, {"hit": "2", "if_state": "new"})
    assert [line["kind"] for line in lines] == ["refused", "not-found", "usage", None]
    assert all(line["remedy"] for line in lines[:3])
    assert [line["state"] for line in lines] == [None, None, None, "unsure"]
    assert len({frozenset(line) for line in lines}) == 1, "each line has the same keys"


def test_wrong_words_are_told(commands: ReviewCommands) -> None:
    for decision, more in (("maybe", {}), ("confirm", {"abroad": "perhaps"})):
        with pytest.raises(Misuse):
            decide(commands, decision, {"hit": "1", "if_state": "new"}, **more)
    with pytest.raises(Misuse, match="no such state"):
        decide(commands, "confirm", {"hit": "1", "if_state": "old"})
    with pytest.raises(NotFound):
        lines_of(commands.hit_show({"hit": "99"}, items()))


def test_a_listing_has_the_states_and_their_counts(office: Office, commands: ReviewCommands) -> None:
    decide(
        commands, "reject", {"hit": "1", "if_state": "new"}, {"hit": f"1/r{office.row_number('L')}", "if_state": "new"}
    )
    listing = HitCommands(reading=office.hit_reading)
    *found, end = lines_of(listing.hits_list({}, items()))
    assert [line["hit"] for line in found if "hit" in line] == [2]
    assert (end["total"], end["new"], end["rejected"], end["lists"]["rejected"]) == (1, 1, 1, 1)
    *found, end = lines_of(listing.hits_list({"states": ["rejected"]}, items()))
    assert [(line["state"], line["decided"]["state"]) for line in found if "hit" in line] == [("rejected", "rejected")]
    assert [hit["state"] for line in found if "hits" in line for hit in line["hits"]] == ["rejected"]
