"""The helper that takes the connections of both ports (`node.wire.front`). Only the daemon runs it.

Rules this module upholds: those of `node.app.helping` and `node.wire.front`.

Greeting: `{"main": [descriptors], "enrolment": [descriptors], "main_server": path, "enrolment_server": path}`. Then
`{"keep": number, "member": name}` and `{"cut": number}`. It sends `{"closed": number}` and
`{"over": [address, what, times]}`.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from node.app import helping
from node.wire import limits
from node.wire.front import Front, Rules
from node.wire.local_paths import lasting
from node.wire.notices import Notices

if TYPE_CHECKING:
    from node.app.helping import Line, Voice


def main() -> None:
    """Serves until the daemon ends."""
    helping.confine(limits.FRONT_MEMORY_BYTES)
    asyncio.run(_serve(helping.raise_descriptors()))
    helping.end()


async def _serve(descriptors: int) -> None:
    voice, lines = await helping.open_voice(), helping.words()
    greeting = await anext(lines, None)
    if greeting is None:
        return
    front, others = _fronts(greeting, voice, descriptors)
    loop = asyncio.get_running_loop()
    sweeping = [asyncio.create_task(each.sweep()) for each in (front, others)]
    for each, name in ((front, "main"), (others, "enrolment")):
        for descriptor in greeting[name]:
            own = socket.socket(fileno=descriptor)
            # asyncio also accepts as many connections as the backlog before any is counted, each with a descriptor.
            await loop.create_server(each.protocol, sock=own, backlog=limits.FRONT_TAKEN_AT_ONCE)
            own.listen(limits.FRONT_BACKLOG)
    voice.say({"ready": True})
    async for line in lines:
        if "keep" in line:
            front.keep(line["keep"], line["member"])
        elif "cut" in line:
            front.cut(line["cut"])
    for task in sweeping:
        task.cancel()


def _fronts(greeting: Line, voice: Voice, descriptors: int) -> tuple[Front, Front]:
    """The limits of the main port and of the enrolment port. Each connection takes two descriptors; at most a third of
    them are for the enrolment port.
    """
    notices = Notices(voice.tell)
    # Numbers that no earlier process has used.
    numbers = itertools.count(time.time_ns() // 1_000)
    room = (descriptors - limits.FRONT_SPARE_DESCRIPTORS) // 2
    visits = max(1, min(limits.VISITS, room // 3))
    rules = Rules(
        each=limits.FRONT_CONNECTIONS_AN_ADDRESS,
        everybody=max(1, min(limits.FRONT_CONNECTIONS, room - visits)),
        stays=True,
    )
    visiting = Rules(each=limits.VISITS_AN_ADDRESS, everybody=visits, stays=False)

    def told(address: str, what: str) -> None:
        notices.note(address, what)

    def closed(number: int) -> None:
        voice.say({"closed": number})

    return (
        Front(_served(greeting["main_server"]), rules, numbers=numbers, told=told, closed=closed),
        Front(_served(greeting["enrolment_server"]), visiting, numbers=numbers, told=told, closed=closed),
    )


def _served(path: str) -> str:
    return str(lasting(Path(path)))


if __name__ == "__main__":
    main()
