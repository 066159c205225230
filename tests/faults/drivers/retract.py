"""Purges in every way a node knows: retraction, correction, forgetting what never left, expiry; says what is gone.

`python -m tests.faults.drivers.retract HOME` in a home that `prepare` made. Records are named by the number of their
picture (`tests.simulator.federation.picture`), whose bytes are then looked for in the files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.usecases.ledger import Draft
from tests.faults.drivers.parts import NodeParts, Voice, hub_head, node_over, opened, text
from tests.simulator import federation as sim

PLACED = 12
RETRACTED, CORRECTED, WAITING, EXPIRED = 3, 5, 50, 7
NAMES = "records.json"


def prepare(home: Path) -> None:
    """A node's home with a signed log of twelve records and one more that waits for its place."""
    with opened(home, create=True) as store:
        node = node_over(store, "before")
        node.own.state()
        node.own.reconcile(hub_head(b"", 0))
        drafts = [Draft(statement=sim.picture(each), handling=_handling(each)) for each in range(PLACED)]
        names = node.ledger.contribute(drafts)
        node.own.place_and_sign()
        names += node.ledger.contribute([Draft(statement=sim.picture(WAITING))])
        numbered = dict(zip([*range(PLACED), WAITING], map(str, names), strict=True))
        (home / NAMES).write_text(json.dumps(numbered))


def _handling(number: int) -> Handling:
    return Handling(retain_until_day=sim.TODAY + 30) if number == EXPIRED else Handling()


def record(home: Path, number: int) -> RecordId:
    """The record of a prepared home about the picture of this number."""
    return RecordId.parse(json.loads((home / NAMES).read_text())[str(number)])


def run(home: Path, voice: Voice) -> None:
    """The work. What fails is said, and the rest is tried all the same."""
    voice.step("open", lambda: _work(home, voice))
    voice.say(ended=True)


def _work(home: Path, voice: Voice) -> None:
    with opened(home) as store:
        node = node_over(store, "retract")
        voice.step("reconcile", lambda: _reconcile(node))
        voice.step("retract", lambda: _retract(home, node, voice, RETRACTED))
        voice.step("forget", lambda: _retract(home, node, voice, WAITING))
        voice.step("correct", lambda: _correct(home, node, voice))
        voice.step("place", lambda: _place(node, voice))
        voice.step("sweep", lambda: _sweep(node, voice))


def _reconcile(node: NodeParts) -> None:
    state = node.own.state()
    node.own.reconcile(hub_head(state.checkpoint, state.checkpoint_size))


def _retract(home: Path, node: NodeParts, voice: Voice, number: int) -> None:
    said = node.ledger.retract(record(home, number))
    voice.say(gone=[number], acknowledged=[] if said is None else [str(said)])


def _correct(home: Path, node: NodeParts, voice: Voice) -> None:
    said = node.ledger.correct(record(home, CORRECTED), sim.picture(500), sim.OPEN)
    voice.say(acknowledged=[str(said)])


def _place(node: NodeParts, voice: Voice) -> None:
    state = node.own.place_and_sign()
    # The head that a correction replaces is purged when the correction gets its place.
    voice.say(signed=text(state.checkpoint), size=state.checkpoint_size)
    if "correct" not in voice.failed:
        voice.say(gone=[CORRECTED])


def _sweep(node: NodeParts, voice: Voice) -> None:
    swept = node.custody.sweep()
    if swept.expired:
        voice.say(gone=[EXPIRED])


if __name__ == "__main__":
    run(Path(sys.argv[1]), Voice())
