"""Submits runs to a hub, one with a retraction, one that ends before its checkpoint; says the heads it answered with.

`python -m tests.faults.drivers.submit HOME` in a home that `prepare` made.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

from node.domain.batch import Package
from node.domain.envelope import Kind
from node.domain.statements import Retraction
from node.hub.carrier import HubCarrier
from tests.faults.drivers.parts import FR, JP, Voice, hub_over, loop_in_one_thread, opened, text
from tests.simulator import federation as sim

RETRACTED = 1
"""The number of the picture whose record the third run retracts."""


def packages() -> list[Package]:
    """The runs, in the order in which they are handed in. The first stands in a prepared home."""
    log = sim.Log(FR)
    records = log.pictures(range(5))
    log.say(Retraction(), kind=Kind.RETRACTION, target=records[RETRACTED])
    log.pictures(range(6, 10))
    other = sim.Log(JP)
    other.pictures(range(100, 102))
    return [
        log.package(0, 3),
        log.package(3, 5),
        log.package(5, 7),
        other.package(0, 2),
        log.package(7, 8, at=10),
        log.package(8, 10),
    ]


def prepare(home: Path) -> None:
    """A hub's home with the beginning of FR's log."""
    with opened(home, create=True) as store, loop_in_one_thread() as runner:
        runner.run(hub_over(store).submit(FR.id, packages()[0]))


def run(home: Path, voice: Voice) -> None:
    """The work. A run that fails is handed in a second time, as a publisher would."""
    voice.step("open", lambda: _work(home, voice))
    voice.say(ended=True)


def _work(home: Path, voice: Voice) -> None:
    with opened(home) as store, loop_in_one_thread() as runner:
        carrier = hub_over(store)
        for package in packages()[1:]:
            before = len(voice.failed)
            submit = partial(_submit, runner, carrier, package, voice)
            voice.step("submit", submit)
            if len(voice.failed) > before:
                voice.step("submit again", submit)


def _submit(runner: asyncio.Runner, carrier: HubCarrier, package: Package, voice: Voice) -> None:
    head = runner.run(carrier.submit(package.origin.member, package))
    retracted = [RETRACTED] if package.start == 5 and package.origin == FR.origin else []
    voice.say(
        head=str(head.origin),
        size=head.size,
        cosigned=text(head.cosigned),
        cosigned_size=head.cosigned_size,
        gone=retracted,
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), Voice())
