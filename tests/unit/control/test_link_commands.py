"""The commands for links: arguments in, lines out."""

from __future__ import annotations

import pytest

from node.control.link_commands import CERTAINTIES, RELATIONS, LinkCommands
from node.domain.statements import Verdict
from node.errors import Misuse
from node.usecases.publication import Publications, Publishing
from tests.unit.control.desk import items, lines_of
from tests.unit.usecases.linked import Bench


def commands(bench: Bench) -> LinkCommands:
    return LinkCommands(
        linking=bench.linking,
        reading=bench.reading,
        own=bench.own,
        publishing=Publishing(Publications(bench.node.store), lambda: None),
    )


def test_a_link_is_stated_shown_revised_and_listed() -> None:
    bench = Bench()
    mine = list(map(str, bench.mine(1, 2)))
    run = commands(bench)
    (stated,) = lines_of(run.link({"records": mine, "relation": "same-victim", "note": "a"}, items()))
    assert (stated["state"], stated["publication"]) == ("linked", "queued")
    bench.publish()
    arguments = {"link": stated["link"], "certainty": "certain", "handling": {"audience": ["JP"]}}
    (revised,) = lines_of(run.link_revise(arguments, items()))
    assert revised["state"] == "revised"
    bench.publish()
    shown, first, second, summary = lines_of(run.links({"record": mine[0]}, items()))
    assert (shown["link"], shown["certainty"], shown["note"]) == (revised["link"], "certain", "a")
    assert (shown["confirmed"], shown["disputed"], shown["closes_cycle"]) == (0, 0, False)
    assert {first["record"], second["record"]} == set(mine)
    assert first["sight"] == "read"
    assert summary == {
        "links": 1, "records": 2, "shown_links": 1, "shown_records": 2, "left_out": 0, "beyond": 0, "cycles": 0,
        "contradictions": 0, "whole": True,
    }  # fmt: skip
    listed, page = lines_of(run.links_mine({}, items()))
    assert listed["link"] == revised["link"]
    assert page == {"shown_links": 1, "next": None}


def test_a_disputed_link_is_a_contradiction() -> None:
    bench = Bench()
    mine = bench.mine(1, 2)
    link = bench.link(*mine)
    bench.publish()
    bench.opine("JP", link, Verdict.DISPUTE)
    bench.send()
    lines = lines_of(commands(bench).links({"record": str(mine[0])}, items()))
    assert lines[0]["disputed_by"] == ["JP"]
    assert [each for each in lines if "contradiction" in each] == [
        {"contradiction": "disputed", "about": str(link), "records": []}
    ]


@pytest.mark.parametrize(("name", "known"), [("relation", RELATIONS), ("certainty", CERTAINTIES)])
def test_an_unknown_word_is_told_with_the_known_ones(name: str, known: dict[str, object]) -> None:
    arguments = {"records": [], "relation": "copy", name: "nothing"}
    with pytest.raises(Misuse, match="'nothing' is not") as refused:
        lines_of(commands(Bench()).link(arguments, items()))
    assert all(word in refused.value.remedy for word in known)
