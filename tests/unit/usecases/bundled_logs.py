"""Logs of FR as bundles of one log, whatever its packages say, and what a node keeps of them."""

from __future__ import annotations

from itertools import pairwise

from node.tlog import tiles
from node.usecases.bundle_format import Frame, LogHead, log_frame
from node.wire.convert_federation import encode_package
from tests.simulator.federation import Log
from tests.simulator.world import Node
from tests.unit.usecases.bundles import FR, joined


def logs_of(node: Node) -> object:
    """Everything that a node has of the logs of others, and what it finds."""
    with node.store.read() as tx:
        logs = {each.origin: each for each in tx.logs()}
        return [
            (origin, log.size, log.root, log.cosigned, log.frozen, tx.run(origin, 0, log.size, 1 << 30))
            for origin, log in sorted(logs.items())
        ]


def spoken(*numbers: int) -> Log:
    """A log of FR in which these pictures were said."""
    log = Log(FR)
    log.pictures(numbers)
    return log


def file_of(log: Log, start: int = 0, *cuts: int, **wrong: object) -> bytes:
    """A bundle of one log, cosigned, in packages that begin at `start` and at each of `cuts`."""
    head = log_frame(LogHead(origin=log.speaker.origin, start=start, edge=tiles.read_edge(log, start)))
    places = [start, *cuts, log.size]
    runs = [log.package(a, b, at=log.size, hub=True, **wrong) for a, b in pairwise(places)]
    return joined([(Frame.LOG, head[5:]), *((Frame.PACKAGE, encode_package(run)) for run in runs), (Frame.END, b"")])


def evidence(node: Node) -> list[bytes]:
    """The notes that a node keeps of a fork of FR's log."""
    with node.store.read() as tx:
        return tx.evidence(FR.origin)
