"""Appends to an own log: contribute, correct, place, sign; says what was acknowledged and what was signed.

`python -m tests.faults.drivers.append HOME` in a home that `prepare` made.
"""

from __future__ import annotations

import sys
from pathlib import Path

from node.domain.ids import RecordId
from node.domain.material import PictureFingerprints
from node.domain.queries import Level
from node.tlog.tiles import TILE_WIDTH
from node.usecases.ledger import Draft
from tests.faults.drivers.parts import FR, NodeParts, Voice, hub_head, node_over, opened, text
from tests.simulator import federation as sim

BEFORE = TILE_WIDTH - 2
"""Entries that stand in the log before: what is appended then fills a tile and begins the next two."""
HOLDING = PictureFingerprints(
    media_type="image/jpeg",
    size=1_000,
    md5=b"m" * 16,
    sha1=b"s" * 20,
    sha256=b"h" * 32,
    pdq=b"p" * 32,
    pdq_quality=90,
    phash=b"q" * 8,
    pdq_orientations=(b"p" * 32,) * 8,
    width=640,
    height=480,
)


def prepare(home: Path) -> None:
    """A node's home with a log that is signed and known to the hub, and a holding (number 1) that was never shared."""
    with opened(home, create=True) as store:
        node = node_over(store, "before")
        node.own.state()
        node.own.reconcile(hub_head(b"", 0))
        node.ledger.contribute([Draft(statement=sim.picture(number)) for number in range(BEFORE)])
        node.own.place_and_sign()
        with store.write() as writer:
            writer.put_holding(HOLDING, level=Level.NATIONAL, case="C-1", tag=b"t" * 32, now=int(sim.NOW))


def run(home: Path, voice: Voice) -> None:
    """The work. What fails is said, and the rest is tried all the same, as a daemon would."""
    voice.step("open", lambda: _work(home, voice))
    voice.say(ended=True)


def _work(home: Path, voice: Voice) -> None:
    with opened(home) as store:
        with store.read() as reader:
            before = len(reader.pending(FR.origin, 100))
        state = node_over(store, "").own.state()
        # A second start over the same home draws other nonces than the first.
        node = node_over(store, f"append {state.size} {before}")
        said: list[RecordId] = []
        voice.step("reconcile", lambda: _reconcile(node))
        voice.step("contribute", lambda: _contribute(node, voice, said, 3))
        voice.step("place", lambda: _place(node, voice))
        voice.step("share", lambda: _share(node, voice, said))
        if said:
            voice.step("correct", lambda: _correct(node, voice, said))
        voice.step("place", lambda: _place(node, voice))
        voice.step("publish", lambda: _publish(node, voice, state.size))


def _reconcile(node: NodeParts) -> None:
    state = node.own.state()
    node.own.reconcile(hub_head(state.checkpoint, state.checkpoint_size))


def _contribute(node: NodeParts, voice: Voice, said: list[RecordId], count: int) -> None:
    records = node.ledger.contribute([Draft(statement=sim.picture(1_000 + each)) for each in range(count)])
    voice.say(acknowledged=[str(each) for each in records])
    said += records


def _share(node: NodeParts, voice: Voice, said: list[RecordId]) -> None:
    (record,) = node.ledger.contribute([Draft(statement=sim.picture(2_000), holding=1)])
    voice.say(acknowledged=[str(record)], holding=1)
    said.append(record)


def _correct(node: NodeParts, voice: Voice, said: list[RecordId]) -> None:
    # One that has no place yet (giving it one failed) is forgotten by this, and stands nowhere afterwards.
    voice.say(replacing=str(said[0]))
    record = node.ledger.correct(said[0], sim.picture(3_000), sim.OPEN)
    voice.say(acknowledged=[str(record)])


def _place(node: NodeParts, voice: Voice) -> None:
    state = node.own.place_and_sign()
    voice.say(signed=text(state.checkpoint), size=state.checkpoint_size)


def _publish(node: NodeParts, voice: Voice, start: int) -> None:
    package = node.own.run_from(start)
    if package is not None:
        voice.say(signed=text(package.checkpoint), size=package.end)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Voice())
