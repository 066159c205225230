"""Who may work on a home: one process at a time, of the home's only user.

Rules this module upholds:

- Only its user may use a home (mode 0700). Otherwise the home is refused before any file in it is opened or made:
  others could have read its keys, or could replace its files.
- Nothing is repaired silently: only a person can find out whether others have used the open access.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from node.app.guarding import OWNER_ALONE
from node.errors import Refused
from node.store.lock import own

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from node.config import Home


@contextmanager
def owning(home: Home) -> Iterator[None]:
    """Owns a home while the block runs. Raises `AlreadyRunning` at once if another process owns it, `Refused` if other
    users can use it, `StoreError`.
    """
    require_private(home.folder)
    with own(home.folder):
        yield


def require_private(folder: Path) -> None:
    """Raises `Refused` if others could read or replace files in the folder. A link to it is followed: a person may keep
    a home on another disk.
    """
    try:
        found = folder.stat()
    except OSError:
        return  # the next use reports it
    if found.st_uid != os.geteuid():
        raise Refused(
            "the home belongs to a different user than the one who runs this command",
            remedy="run the command as the owner of the home; if that is the wrong user: chown -R USER FOLDER (the "
            "folder of --home or VIGIL_HOME)",
        )
    if stat.S_IMODE(found.st_mode) & OWNER_ALONE:
        raise Refused(
            f"the home is open to other users: its mode is {stat.S_IMODE(found.st_mode):04o}, and must be 0700",
            remedy="chmod 700 FOLDER (the folder of --home or VIGIL_HOME), then run the command again; if others could "
            "read it until now, change its keys too (vigil node rekey, vigil hub rekey)",
        )
