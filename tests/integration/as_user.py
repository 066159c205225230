"""Runs `vigil` as another user: `python -m tests.integration.as_user UID GROUPS WORD...`; GROUPS are ids, with commas.

The interpreter may lie in a folder that the other user cannot read, so everything is imported before root is given up.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import node
from node.cli.main import run

_LATE = ("asyncio.unix_events", "encodings.idna", "grpc.aio._channel", "rich.table", "typer.rich_utils")
"""What these commands import when they run."""


def main() -> None:
    user, groups, *words = sys.argv[1:]
    for each in pkgutil.walk_packages(node.__path__, "node."):
        if not each.name.startswith(("node.demo", "node.store.migrations")):
            importlib.import_module(each.name)
    for name in _LATE:
        importlib.import_module(name)
    ids = [int(group) for group in groups.split(",") if group]
    os.setgroups(ids)
    os.setgid(int(user))
    os.setuid(int(user))
    sys.exit(run(words))


if __name__ == "__main__":
    main()
