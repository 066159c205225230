"""Reads a bundle into a node: bodies that were missing, new entries, a retraction among them; says what is here then.

`python -m tests.faults.drivers.bundle HOME` in a home that `prepare` made.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

from node.domain.envelope import Kind
from node.domain.statements import Retraction
from node.domain.stores import NodeStore
from node.sync.copies import Copies
from node.tlog import tiles
from node.usecases.bundle_format import MAGIC, Frame, FrameReader, LogHead, frame, log_frame
from node.usecases.bundle_log import LogResult, Reader
from node.usecases.bundle_reading import BundleReading
from node.usecases.catalogue import Catalogue
from node.wire.convert import ProtoCodec
from node.wire.convert_federation import decode_package, encode_package
from tests.faults.drivers.parts import FR, JP, ROSTER, Voice, opened
from tests.simulator import federation as sim

HERE = 3
"""Entries of JP's log that stand in a prepared home, the first without its body."""
RETRACTED = 1
"""The number of the picture whose record the bundle retracts."""
SIZE = 12


def log() -> sim.Log:
    """JP's log."""
    made = sim.Log(JP)
    records = made.pictures(range(5))
    made.say(Retraction(), kind=Kind.RETRACTION, target=records[RETRACTED])
    made.pictures(range(6, SIZE))
    return made


def bundle(made: sim.Log, *cuts: int) -> bytes:
    """A bundle of a log, in packages that begin at 0 and at each of `cuts`."""
    edge = tiles.read_edge(made, 0)
    runs = [made.package(a, b, at=made.size, hub=True) for a, b in pairwise([0, *cuts, made.size])]
    parts = [frame(Frame.PACKAGE, encode_package(run)) for run in runs]
    return b"".join([MAGIC, log_frame(LogHead(origin=JP.origin, start=0, edge=edge)), *parts, frame(Frame.END, b"")])


def before() -> bytes:
    """What the prepared home has read."""
    made = sim.Log(JP)
    made.pictures(range(HERE))
    made.disclosures[0] = sim.NOTHING
    return bundle(made)


def read(store: NodeStore, data: bytes) -> LogResult:
    """Reads a bundle into the node of FR."""
    codec = ProtoCodec()
    catalogue = Catalogue(store=store, index=None, codec=codec)
    copies = Copies(
        store=store,
        catalogue=catalogue,
        codec=codec,
        roster=lambda: ROSTER,
        own=FR.origin,
        today=lambda: sim.TODAY,
        on_own=_nothing,
        clock=lambda: sim.NOW,
    )
    reader = Reader(
        store=store,
        catalogue=catalogue,
        codec=codec,
        roster=lambda: ROSTER,
        own=FR.origin,
        copies=copies,
        decode=decode_package,
    )
    reading = BundleReading(reader)
    for kind, content in FrameReader().feed(data):
        reading.take(kind, content)
    return reading.results[0]


def _nothing() -> None:
    """The own log is not in the bundle."""


def prepare(home: Path) -> None:
    """A node's home with the beginning of JP's log."""
    with opened(home, create=True) as store:
        read(store, before())


def run(home: Path, voice: Voice) -> None:
    """The work. A reading that fails is tried a second time, as a person would."""
    voice.step("open", lambda: _work(home, voice))
    voice.say(ended=True)


def _work(home: Path, voice: Voice) -> None:
    with opened(home) as store:
        for name in ("read", "read again"):
            count = len(voice.failed)
            voice.step(name, lambda: _read(store, voice))
            if len(voice.failed) == count:
                return


def _read(store: NodeStore, voice: Voice) -> None:
    result = read(store, bundle(log(), 2, 4, 8))
    voice.say(size=result.after, standing=result.standing)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Voice())
