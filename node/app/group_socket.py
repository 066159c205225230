"""The investigators' socket: where it may be, and who may open it.

Rules this module upholds:

- It is off unless the administrator sets a path and a group. The owner's own socket does not change (mode 0600).
- Only root and the node's own user may be able to replace the socket: they must own its folder and all folders above
  it, and no group and no other user may write there. Otherwise the daemon does not start.
- The client makes the same checks before it sends a hash to a socket.
"""

from __future__ import annotations

import errno
import grp
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.errors import ConfigError, Refused, Unavailable

if TYPE_CHECKING:
    from node.config import Config

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_ROOT: Final = 0


def group_socket(settings: Config) -> tuple[Path, int] | None:
    """The path of the investigators' socket and the id of their group; None if there is no such socket.

    Raises `ConfigError` if the path is not safe, or if the group cannot reach it.
    """
    if not settings.investigator_socket:
        return None
    path = Path(settings.investigator_socket)
    try:
        group = grp.getgrnam(settings.investigator_group).gr_gid
    except KeyError:
        raise ConfigError(
            f"investigator_group: this machine has no group {settings.investigator_group}",
            remedy="create it (groupadd), or correct vigil.toml",
        ) from None
    if os.geteuid() != _ROOT and group not in {os.getegid(), *os.getgroups()}:
        raise ConfigError(
            f"investigator_group: the node's own user is not in the group {settings.investigator_group}",
            remedy="add the user to it (usermod -aG, or SupplementaryGroups= in the unit), then restart the node",
        )
    if fault := _fault_of(path, os.geteuid()) or _closed_to(path.parent, group):
        raise ConfigError(
            f"investigator_socket: {fault}",
            remedy="use a folder that only root or the node's user can write to and the group can enter, "
            "for example /run/vigil (RuntimeDirectory= in the unit)",
        )
    return path, group


def check_before_use(path: Path) -> None:
    """Raises `Refused` if the given socket could belong to somebody else, `Unavailable` if there is no socket."""
    try:
        owner = path.lstat().st_uid
        fault = _fault_of(path, owner)
    except OSError as error:
        raise unreachable(error) from None
    if fault:
        raise Refused(
            f"the socket is not safe to use: {fault}",
            remedy="ask the administrator of the node for the right path; nothing was sent",
        )


def unreachable(error: OSError) -> Refused | Unavailable:
    """Why the given socket cannot be used."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refused(
            "your user may not use this socket",
            remedy="ask the administrator of the node to add you to the group of its investigators, then log in again",
        )
    return Unavailable(
        "no node answers at this socket",
        remedy="ask the administrator whether the node runs and where its socket is (--socket, VIGIL_SOCKET)",
    )


def _fault_of(path: Path, owner: int) -> str:
    """What is unsafe about a socket of `owner` at this path; "" if it is safe. Raises OSError."""
    if not path.is_absolute():
        return "its path is not absolute"
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        mode = 0
    if mode and not stat.S_ISSOCK(mode):
        return "the path is not a socket"
    try:
        real = path.parent.resolve(strict=True)
    except FileNotFoundError:
        return "its folder does not exist"
    for folder in {*path.parents, real, *real.parents}:
        found = folder.lstat()
        if found.st_uid not in (_ROOT, owner):
            return "a folder on its path belongs to another user"
        # In a folder like /tmp (sticky bit) others may write, but cannot replace files of other users.
        shielded = stat.S_ISLNK(found.st_mode) or (folder != real and found.st_mode & stat.S_ISVTX)
        if found.st_mode & _OTHERS_WRITE and not shielded:
            return "a group or everybody can write to a folder on its path"
    return ""


def _closed_to(folder: Path, group: int) -> str:
    found = folder.stat()
    enters = stat.S_IXGRP if found.st_gid == group else stat.S_IXOTH
    return "" if found.st_mode & enters else "the group cannot enter its folder"
