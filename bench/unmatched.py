"""`vigil` without the matching of arriving records: `sync.matched` is compared with it. Nothing else runs it."""

from __future__ import annotations

import asyncio
import sys

from node.app import node_daemon
from node.cli.main import run


class Idle:
    """In the place of `sync.arrivals.ArrivalMatcher`."""

    trouble = ""

    def __init__(self, **_parts: object) -> None:
        """Takes what the matcher takes."""

    async def run(self) -> None:
        """Does nothing until it is cancelled."""
        await asyncio.Event().wait()


def main() -> int:
    """One command line of `vigil`."""
    setattr(node_daemon, "ArrivalMatcher", Idle)  # noqa: B010  (a name of another module, on purpose)
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
