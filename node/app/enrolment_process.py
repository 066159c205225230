"""The helper that serves the enrolment port (`node.wire.forward`). Only the daemon runs it.

Rules this module upholds: those of `node.app.helping` and `node.wire.forward`.

Greeting: `{"listen": path, "daemon": path, "key": pem, "chain": pem}`. Then `{"key": pem, "chain": pem}` for each new
certificate. It sends `{"over": [address, what, times]}`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from node.app import helping
from node.app.memory import give_back_now_and_then
from node.wire import limits

if TYPE_CHECKING:
    from node.app.helping import Line
    from node.wire.tls import ServerFiles


def main() -> None:
    """Serves until the daemon ends."""
    helping.confine(limits.ENROLMENT_MEMORY_BYTES)
    helping.raise_descriptors()
    asyncio.run(_serve())
    helping.end()


def _files(line: Line) -> ServerFiles:
    from node.wire.tls import ServerFiles

    # No client sends a certificate here, so no CA is needed.
    return ServerFiles(key=line["key"].encode(), chain=line["chain"].encode(), client_ca=b"")


async def _serve() -> None:
    from pathlib import Path

    from node.wire.forward import serve_forwarding
    from node.wire.local_paths import lasting

    voice, lines = await helping.open_voice(), helping.words()
    greeting = await anext(lines, None)
    if greeting is None:
        return
    newest = [_files(greeting)]
    server, channel = await serve_forwarding(
        f"unix:{lasting(Path(greeting['listen']))}", lambda: newest[0], Path(greeting["daemon"]), tell=voice.tell
    )
    tidying = asyncio.create_task(give_back_now_and_then())
    voice.say({"ready": True})
    async for line in lines:
        newest[0] = _files(line)
    tidying.cancel()
    await server.stop(0)
    await channel.close(None)


if __name__ == "__main__":
    main()
