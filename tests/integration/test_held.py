"""A question that is held, over real processes: asked until it is too much, decided by an officer, answered late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from node.control.lines import item_line, subject_line
from node.domain.holdings import IngestItem
from node.domain.limits import Limits
from node.usecases.intake import subject_of
from tests.integration.processes import Federation, federation, until
from tests.simulator.asking import flip, prints

Line = dict[str, Any]
TERMS: Line = {
    "case": "SERIES", "purpose": "victim-identification", "legal_basis": "a test", "to": ["JP"], "budget": 20.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), "FR", "JP") as running:
        items = [item_line(IngestItem(tag=b"t" * 32, prints=prints(1)))]
        running.run("JP", "ingest", {"case": "HELD", "level": "hit-no-hit"}, items)
        yield running


def asked(made: Federation, bits: int) -> Line:
    """FR asks about a copy that is `bits` away, of which no digest is known."""
    other = prints(1_000 + bits)
    copy = replace(other, pdq=flip(prints(1).pdq, bits), pdq_orientations=(flip(prints(1).pdq, bits),))
    return made.run("FR", "query", TERMS, [subject_line(subject_of(copy, f"copy {bits}"))])[-1]


def states(made: Federation, query: str) -> list[tuple[str, bool]]:
    lines = made.run("FR", "queries", {"query": query})
    return [(line["outcome"], line["late"]) for line in lines if line.get("member") == "JP"]


def test_a_released_question_is_answered_late_and_the_alarm_ends(made: Federation) -> None:
    limit = Limits().near_hour
    assert {asked(made, bits)["outcomes"]["JP"] for bits in range(1, 1 + limit)} == {"hit"}
    summary = asked(made, limit + 1)
    assert summary["outcomes"] == {"JP": "held"}
    assert not summary["complete"]
    (alarm,) = made.status("JP")["alarms"]
    assert alarm["alarm"] == "held-questions"

    (held,) = made.run("JP", "held-list", {})
    shown, hit = made.run("JP", "held-show", {"number": held["held"]})
    assert (shown["asker"], shown["case"], hit["holding"]) == ("FR", "SERIES", 1)
    made.stop("hub")
    (released,) = made.run("JP", "held-release", {"number": held["held"]})
    assert released["decision"] == "released"
    assert made.status("JP")["alarms"] == []
    assert states(made, summary["query"]) == [("held", False)]

    made.start("hub")
    until(lambda: len(states(made, summary["query"])) > 1, "the released answer has come")
    assert states(made, summary["query"]) == [("held", False), ("hit", True)]
    assert asked(made, limit + 2)["outcomes"] == {"JP": "held"}, "one question was released, and no further one"
    made.run("JP", "held-refuse", {"number": 2, "reason": "please call us"})
    made.stop("JP")
    made.start("JP")
    assert asked(made, limit + 3)["outcomes"] == {"JP": "held"}, "what was found out is remembered across a restart"
