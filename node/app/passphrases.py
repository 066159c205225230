"""A new passphrase for available keys: each key file is wrapped again, and the old file stays complete until the new
one is complete.

Rules this module upholds:

- Every key is opened before the first file is written: a wrong passphrase changes nothing.
- A file is replaced in one step. A crash between two files leaves some under the former passphrase and some under the
  new one; the same command opens both, and continues.
- No daemon may run at the same time: it has the former passphrase, and would write keys with it.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from node import config
from node.app.accounts import administering
from node.app.homes import opened_database, right_database
from node.app.ownership import owning
from node.domain.ids import HUB_NAME, Origin, federation_id, member_id
from node.errors import AlreadyRunning, Damaged, Misuse, NotFound
from node.pki.authority import Authority
from node.pki.keyfiles import ROLES, KeyFiles
from node.pki.keys import AUTHORITY, HUB, KeyRing
from node.pki.wrapping import Passphrase
from node.store.store import open_log_store
from node.usecases.acts import perform
from node.usecases.audit import AuditLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from node.config import Config, Home
    from node.domain.ids import FederationId

Line = dict[str, Any]


def change_of_home(home: Home, former: Callable[[], str], fresh: Callable[[], str], officer: str) -> Line:
    """See `app.change_passphrase`. Raises `AlreadyRunning`, `Damaged` for a wrong passphrase, `NotFound`, `Misuse`."""
    settings = config.load(home)
    owner = HUB if settings.role == "hub" else settings.member
    with ExitStack() as held:
        try:
            held.enter_context(owning(home))
        except AlreadyRunning:
            raise AlreadyRunning(
                "the daemon of this home is running and has the keys open",
                remedy="stop it, run this command again, then start it with the new passphrase",
            ) from None
        old, new = _both(former, fresh)
        files = sorted(home.keys.glob("*.keys"))
        if not files:
            raise NotFound("there are no keys here", remedy="restore the keys folder from its backup")
        rings = _opened(files, old, new, federation=federation_id(settings.federation), owner=owner)
        audit = held.enter_context(_audit(home, settings, officer))
        changed = perform(audit, "passphrase", lambda: _wrap(rings, new))
    return {"keys": [path.stem for path in files], "changed": changed, "missing": []}


def change_of_authority(
    folder: Path, former: Callable[[], str], fresh: Callable[[], str], key_folders: Sequence[Path]
) -> Line:
    """See `app.change_authority_passphrase`. Raises `Damaged` for a wrong passphrase, `NotFound`, `Misuse`."""
    authority = Authority(folder, Passphrase(b"", allow_empty=True))  # no key is opened by it
    old, new = _both(former, fresh)
    files = KeyFiles(authority.federation, (folder / "keys", *key_folders), old).all()
    if not files:
        raise NotFound(
            "no key file was found", remedy="connect the removable disks, and name the folder of each: --key-folder DIR"
        )
    rings = _opened(files, old, new, federation=authority.federation, owner=AUTHORITY)
    changed = _wrap(rings, new)
    found = {ring.public_bytes(role) for _, ring, _ in rings for role in ring.roles}
    missing = [_named(role, len(absent)) for role in ROLES if (absent := authority.public_keys(role) - found)]
    return {"keys": [path.stem for path in files], "changed": changed, "missing": missing}


def _named(role: str, keys: int) -> str:
    return f"{keys} {role} key{'' if keys == 1 else 's'}"


def _both(former: Callable[[], str], fresh: Callable[[], str]) -> tuple[Passphrase, Passphrase]:
    old, new = Passphrase(former().encode()), Passphrase(fresh().encode())
    if old.secret == new.secret:
        raise Misuse("the new passphrase is the same as the former one", remedy="choose another")
    return old, new


def _opened(
    files: Sequence[Path], old: Passphrase, new: Passphrase, *, federation: FederationId, owner: str
) -> list[tuple[Path, KeyRing, bool]]:
    """(file, its keys, whether it is under the former passphrase)."""
    rings = []
    for path in files:
        try:
            rings.append((path, KeyRing.load(path, old, federation=federation, owner=owner), True))
        except Damaged as error:
            try:
                ring = KeyRing.load(path, new, federation=federation, owner=owner)
            except Damaged:
                raise error from None
            rings.append((path, ring, False))
    return rings


def _wrap(rings: Sequence[tuple[Path, KeyRing, bool]], new: Passphrase) -> int:
    """Returns the number of files that were wrapped again."""
    for path, ring, is_old in rings:
        if is_old:
            ring.save(path, new)
    return sum(is_old for _, _, is_old in rings)


@contextmanager
def _audit(home: Home, settings: Config, officer: str) -> Iterator[AuditLog]:
    """The audit log of a home without a running daemon, for a change that `officer` makes."""
    with opened_database(home, right_database(home, settings), open_log_store) as database:
        name = HUB_NAME if settings.role == "hub" else member_id(settings.member)
        origin = Origin(federation_id(settings.federation), name, 1, "audit")
        audit = AuditLog(store=database.store, origin=origin, clock=time.time, random=os.urandom)
        try:
            with administering(settings, database.store, audit, officer, "a change of the passphrase"):
                yield audit
        finally:
            audit.close()
