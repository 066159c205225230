"""As much of everything as one member can send: questions up to and over every budget, questions that name one member a
thousand times, and submissions of tiny entries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bench.attacks.member import Member, repeat
from bench.attacks.process import certified, running
from bench.attacks.writing import NOTHING
from node.demo.stage import PASSPHRASE
from node.domain.ids import MemberId

if TYPE_CHECKING:
    from pathlib import Path

    from bench.federation import Federation

VICTIM: Final = MemberId("JP")
TIMES: Final = 1_000
"""So often it is named in one question."""
AT_ONCE: Final = 100
"""Questions at the same time: past what one member may have."""
ENTRIES: Final = 20_000
"""Tiny entries of a submission."""
SECONDS: Final = 2.0
PAUSE: Final = 0.05


def run(home: Path, passphrase: str) -> None:
    """For ever."""
    asyncio.run(_all_at_once(home, passphrase))


async def _all_at_once(home: Path, passphrase: str) -> None:
    member = Member.of(home, passphrase)
    scribe = member.scribe()

    async def one() -> None:
        await member.ask(member.question(recipients=[VICTIM]), SECONDS)

    async def a_thousand_times() -> None:
        await member.ask(member.question(recipients=[VICTIM] * TIMES), SECONDS)

    async def submit() -> None:
        await scribe.catch_up(member.channel.carrier)
        entries = [(b"\x09" + number.to_bytes(3, "big"), NOTHING) for number in range(ENTRIES)]
        await member.channel.carrier.submit(scribe.package(entries))
        scribe.grow([entry for entry, _ in entries])

    asking = [repeat(one, PAUSE) for _ in range(AT_ONCE)]
    await asyncio.gather(repeat(submit, PAUSE), repeat(a_thousand_times, PAUSE), *asking)


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, until the context ends."""
    with running(run, certified(made, member), PASSPHRASE):
        yield
