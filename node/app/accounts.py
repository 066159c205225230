"""The Unix accounts of this machine, and the officers of a home over them.

Rules this module upholds:

- An id that the kernel shows for every account of another user namespace is nobody's: no officer can have it.
"""

from __future__ import annotations

import os
import pwd
import secrets
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.domain.caller import Claim, Role, officer_name
from node.domain.ids import is_exercise
from node.domain.rights import HUB_ROLES, NODE_ROLES, Work, require
from node.errors import ConfigError, Malformed, Misuse, NotFound
from node.usecases.acting import acting_for
from node.usecases.desk_sessions import DeskSessions, Place
from node.usecases.officers import HomeKind, Officers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.config import Config
    from node.domain.stores import LogStore
    from node.usecases.audit import AuditLog

_OVERFLOW: Final = Path("/proc/sys/kernel/overflowuid")
_USUAL_OVERFLOW: Final = 65_534
NODE: Final = HomeKind(roles=NODE_ROLES, others=Role.INVESTIGATOR, command="vigil node officers")
HUB: Final = HomeKind(roles=HUB_ROLES, others=None, command="vigil hub officers")


class UnixAccounts:
    """`Accounts` of this machine (`getpwnam`, `getpwuid`)."""

    def uid_of(self, name: str) -> int:
        """See `Accounts`."""
        try:
            uid = pwd.getpwnam(name).pw_uid
        except (KeyError, ValueError):
            raise NotFound(
                "this machine has no Unix account of this name", remedy="check --user; `getent passwd` lists accounts"
            ) from None
        if uid == _overflow_uid():
            raise Misuse(
                "this Unix account stands for every unknown one", remedy="give the officer an account of their own"
            )
        return uid

    def name_of(self, uid: int) -> str:
        """See `Accounts`."""
        try:
            return officer_name(pwd.getpwuid(uid).pw_name)
        except (KeyError, Malformed):
            return f"Unix user {uid}"


@contextmanager
def administering(settings: Config, store: LogStore, audit: AuditLog, officer: str, what: str) -> Iterator[None]:
    """Runs an act of administration, in a home that this process owns, for this process's user or for `officer`.
    `what`: the act. Raises `Refused`.
    """
    who = officers_of(settings, store, audit).caller(Claim(uid=os.getuid(), officer=officer))
    require(who, Work.ADMINISTRATION, what)
    with acting_for(who):
        yield


def _overflow_uid() -> int:
    try:
        return int(_OVERFLOW.read_text("ascii"))
    except (OSError, ValueError):  # no /proc
        return _USUAL_OVERFLOW


def officers_of(settings: Config, store: LogStore, audit: AuditLog) -> Officers:
    """The officers of a home that this process owns. So the home belongs to this process's user (`ownership`). Raises
    `ConfigError` if the account of the desk does not exist.
    """
    return Officers(
        store=store,
        audit=audit,
        clock=time.time,
        accounts=UnixAccounts(),
        owner=os.geteuid(),
        kind=HUB if settings.role == "hub" else NODE,
        sessions=desk_sessions_of(settings, store, audit),
        desk_account=_desk_account(settings),
    )


def desk_sessions_of(settings: Config, store: LogStore, audit: AuditLog) -> DeskSessions:
    """The sessions of the desk of a home that this process owns."""
    place = Place(
        role=settings.role,
        federation=settings.federation,
        member=settings.member,
        name=settings.name,
        is_exercise=is_exercise(settings.federation),
        has_previews=settings.previews,
    )
    return DeskSessions(store=store, audit=audit, clock=time.time, random=secrets.token_bytes, place=place)


def _desk_account(settings: Config) -> int | None:
    if not settings.desk_account:
        return None
    try:
        return UnixAccounts().uid_of(settings.desk_account)
    except (NotFound, Misuse):
        raise ConfigError(
            f"desk_account: this machine has no account {settings.desk_account} of its own",
            remedy="create it (useradd --system), or correct vigil.toml",
        ) from None
