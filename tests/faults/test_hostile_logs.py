"""Two members write what is made to cost others, as fast as the hub takes it; who joins then gets each honest log."""

from __future__ import annotations

import time

import pytest

from bench.attacks import chain, tiny
from bench.federation import Federation, federation

pytestmark = pytest.mark.faults

RECORDS = 5_000
PATIENCE = 300.0


def sizes(made: Federation) -> dict[str, tuple[int, str | None]]:
    lines = made.stage.ask("DE", "status")
    return {line["member"]: (line["size"], line["stopped"]) for line in lines if line.get("log")}


def test_a_node_that_joins_behind_hostile_logs_gets_the_honest_one_meanwhile() -> None:
    with federation() as made:
        made.found("FR", "JP", "BR", "DE")
        made.stage.stop("hub")
        made.seed("FR", RECORDS)
        made.stage.start("hub", "hub", "run")
        with tiny.attack(made, "JP"), chain.attack(made, "BR"):
            made.stage.start("DE", "node", "run")
            deadline = time.monotonic() + PATIENCE
            while (now := sizes(made)).get("FR", (0, None))[0] < RECORDS:
                assert time.monotonic() < deadline, now
                time.sleep(0.1)
            # Its own log has no line of the hub yet; nobody's log was stopped.
            assert {why for _, why in now.values()} == {None}
        hub = {line["member"]: line["trouble"] for line in made.stage.ask("hub", "members")}
        assert set(hub.values()) == {None}
