"""Questions about one hash with 60 kB of header that no reader understands, to everybody, as fast as they are taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bench.attacks.member import Member, repeat
from bench.attacks.process import certified, running
from node.demo.stage import PASSPHRASE

if TYPE_CHECKING:
    from pathlib import Path

    from bench.federation import Federation

PADDING: Final = b"\xfa\x7f\xe0\xd4\x03" + bytes(60_000)
"""Field 2,047, which no version has: 60,000 bytes of it."""
AT_ONCE: Final = 32
SECONDS: Final = 2.0
"""How long an answer is waited for."""
PAUSE: Final = 0.05
"""After a refusal."""


def run(home: Path, passphrase: str) -> None:
    """For ever."""
    asyncio.run(_ask_for_ever(home, passphrase))


async def _ask_for_ever(home: Path, passphrase: str) -> None:
    member = Member.of(home, passphrase)

    async def one() -> None:
        await member.ask(member.question(padding=PADDING), SECONDS)

    await asyncio.gather(*(repeat(one, PAUSE) for _ in range(AT_ONCE)))


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, until the context ends."""
    with running(run, certified(made, member), PASSPHRASE):
        yield
