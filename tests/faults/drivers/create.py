"""Makes a node's database where there is none, and its log in it; says so.

`python -m tests.faults.drivers.create HOME` in an empty home.
"""

from __future__ import annotations

import sys
from pathlib import Path

from node.usecases.ledger import Draft
from tests.faults.drivers.parts import NodeParts, Voice, hub_head, node_over, opened, text
from tests.simulator import federation as sim


def prepare(_home: Path) -> None:
    """Nothing: the home is empty."""


def run(home: Path, voice: Voice) -> None:
    """The work. What fails is said."""
    voice.step("open", lambda: _work(home, voice))
    voice.say(ended=True)


def _work(home: Path, voice: Voice) -> None:
    with opened(home, create=True) as store:
        node = node_over(store, "create")
        voice.say(created=True)
        voice.step("first", lambda: _first(node, voice))


def _first(node: NodeParts, voice: Voice) -> None:
    node.own.state()
    node.own.reconcile(hub_head(b"", 0))
    records = node.ledger.contribute([Draft(statement=sim.picture(1))])
    voice.say(acknowledged=[str(each) for each in records])
    state = node.own.place_and_sign()
    voice.say(signed=text(state.checkpoint), size=state.checkpoint_size)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Voice())
