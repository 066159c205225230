"""A running node that also serves a group of Unix users, and commands of such users."""

from __future__ import annotations

import grp
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import absent
from tests.integration.processes import Federation, federation


def some_group() -> grp.struct_group:
    return next(group for group in grp.getgrall() if group.gr_gid != 0)


@contextmanager
def open_folder() -> Iterator[Path]:
    """As RuntimeDirectory= makes it; not the test's own folder, which no other user may enter."""
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        made.chmod(0o755)
        yield made


@contextmanager
def serving_a_group(root: Path, socket: Path) -> Iterator[Federation]:
    """A federation whose node FR runs, and serves `some_group` at this socket."""
    if os.getuid() != 0:
        absent("only root can become another user")
    with federation(root, "FR", run=False) as running:
        running.settings = {
            "VIGIL_INVESTIGATOR_SOCKET": str(socket),
            "VIGIL_INVESTIGATOR_GROUP": some_group().gr_name,
        }
        running.start("FR")
        yield running


def as_user(user: int, groups: str, socket: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`vigil` as this user (an id), in these groups (ids, with commas), over this socket."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("VIGIL_")}
    return subprocess.run(
        [sys.executable, "-m", "tests.integration.as_user", str(user), groups, *words],
        env={**kept, "HOME": "/nonexistent", "VIGIL_SOCKET": str(socket)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
