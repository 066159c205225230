"""A hub's backup: one file with everything of a hub, and how to restore it.

Rules this module upholds:

- One archive (tar): settings, wrapped keys, certificates, the published roster, the database. Its first file lists the
  other files with their SHA-256. The private keys are in it as in the home, wrapped with the passphrase.
- A backup is taken while the hub runs. It is a new file that only its owner can read, and is either complete or absent.
- A hub is restored into a folder without a hub. No file is put in its place before every byte was compared.
- A restored hub does not know what the authority signed, or whom the operator suspended, after the backup. It serves
  nobody until the authority's newest bundle is admitted, or a person has said that there is none.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tarfile
import time
from typing import TYPE_CHECKING, Any, Final, cast

from node.app.ownership import owning
from node.errors import Misuse, NotFound, PeerFault, Refused, StoreError, Unavailable
from node.hub.own_log import RESTORED
from node.pki.files import make_folder, store_errors, sync_file, write_atomic
from node.pki.strictjson import decode, encode
from node.store.store import open_hub_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from node.config import Home
    from node.domain.roster import Roster
    from node.domain.stores import HubStore

Line = dict[str, Any]

NEWEST: Final = b"newest"
"""In the mark of a restored hub: a person has said that its backup is current."""
_MANIFEST: Final = "vigil/hub-backup/v1"
_MANIFEST_FILE: Final = "manifest.json"
_DATABASE: Final = "vigil.sqlite3"
_NAMES: Final = re.compile(
    r"vigil\.toml|vigil\.sqlite3|keys/hub\.keys|tls/[a-z0-9-]{1,40}\.der|roster/(?:pinned\.root|verified)\.json"
    r"|next/(?:hub\.keys|(?:ca|hub)\.der|plan\.json|bundle)|repository/[a-z0-9.]{1,100}\.json"
)
_PIECES: Final = ("keys", "tls", "roster", "repository", "next", _DATABASE)
"""The files of a home, in this order. The settings come last, because a folder without them is not a home."""
_CHUNK: Final = 1 << 20
_RUN: Final = "vigil hub run"
_CATCH_UP: Final = (
    "vigil authority bundle --out FILE; vigil hub admit FILE; suspend the members again that were suspended since then"
)
_MAX_MANIFEST: Final = 1 << 20


def backup(home: Home, store: HubStore, roster: Roster | None, target: Path) -> Line:
    """Writes the archive. Needs twice the size of the database. Raises `Misuse` if `target` exists, `StoreError`."""
    if target.exists():
        raise Misuse("the backup file exists already", remedy="name another, or remove it")
    database, part = target.with_name(f"{target.name}.database"), target.with_name(f"{target.name}.part")
    with store_errors("writing the backup"):
        try:
            database.unlink(missing_ok=True)
            store.backup_to(str(database))
            files = dict(_files(home)) | {_DATABASE: database}
            manifest = {
                "type": _MANIFEST,
                "federation": roster.federation if roster else "",
                "taken": int(time.time()),
                "roster_version": roster.version if roster else 0,
                "suspended": sorted(m.id for m in roster.members.values() if m.status == "suspended") if roster else [],
                "files": {name: _sha256(path) for name, path in files.items()},
            }
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w|") as archive:
                written = encode(manifest)
                archive.addfile(_entry(_MANIFEST_FILE, len(written)), io.BytesIO(written))
                for name, path in files.items():
                    with path.open("rb") as source:
                        archive.addfile(_entry(name, path.stat().st_size), source)
            sync_file(part)
            part.rename(target)
            sync_file(target)
        finally:
            database.unlink(missing_ok=True)
            part.unlink(missing_ok=True)
    return {"path": str(target), "files": len(files), "roster_version": manifest["roster_version"]}


def _files(home: Home) -> Iterator[tuple[str, Path]]:
    """The files to copy in addition to the database. The timestamp comes first: all files that it names exist."""
    stamp = home.repository / "timestamp.json"
    found = [home.config, *([stamp] if stamp.exists() else [])]
    for folder in (home.keys, home.tls, home.next_keys, home.metadata, home.repository):
        found += sorted(folder.glob("*")) if folder.is_dir() else []
    for path in dict.fromkeys(found):
        name = path.relative_to(home.folder).as_posix()
        if _NAMES.fullmatch(name) and path.is_file():
            yield name, path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


# --- the way back -----------------------------------------------------------------------------------------------------


def restore(home: Home, archive: Path, *, newest: bool) -> Line:
    """Makes a hub's home from a backup. `newest`: a person says that nothing was signed or suspended after the backup.

    Raises `Misuse` if the folder contains a hub, `NotFound`, `StoreError`, `Refused` for an incomplete or invalid
    backup.
    """
    if home.config.exists():
        raise Misuse(
            "this folder is a Vigil home already",
            remedy="move it away, or name another folder with --home; nothing was changed",
        )
    if not archive.is_file():
        raise NotFound("the backup file does not exist")
    make_folder(home.folder)
    with owning(home), store_errors("restoring the hub"):
        incoming, begun = home.folder / "restoring", any((home.folder / piece).exists() for piece in _PIECES)
        if begun and not incoming.exists():
            raise Misuse("this folder contains files of a hub", remedy="move them away first; nothing was changed")
        shutil.rmtree(incoming, ignore_errors=True)
        make_folder(incoming)
        try:
            top = _unpack(archive, incoming)
            _check_database(incoming, newest=newest)
        except BaseException:
            if not begun:
                # Otherwise the mark stays, as the sign that the other files are from an interrupted restore.
                shutil.rmtree(incoming)
            raise
        # The mark comes before all other files: a crash must not leave a hub that serves an old roster.
        write_atomic(home.restored, NEWEST if newest else b"")
        for piece in _PIECES:
            if (incoming / piece).exists():
                shutil.rmtree(home.folder / piece, ignore_errors=True)
                (incoming / piece).rename(home.folder / piece)
        (incoming / home.config.name).rename(home.config)
        sync_file(home.config)
        incoming.rmdir()
    return {"restored": str(home.folder), **top, "next": _RUN if newest else f"{_CATCH_UP}; {_RUN}"}


def _unpack(archive: Path, into: Path) -> Line:
    """Every file of the archive, compared with the list at its start. Raises `Refused` if a file differs."""
    try:
        return _compared(archive, into)
    except (tarfile.TarError, PeerFault, EOFError) as error:
        raise Refused("this file is not a complete backup of a hub", remedy="take another one") from error


def _compared(archive: Path, into: Path) -> Line:
    with archive.open("rb") as file, tarfile.open(fileobj=file, mode="r|") as entries:
        head = entries.next()
        if head is None or head.name != _MANIFEST_FILE or not head.isreg() or head.size > _MAX_MANIFEST:
            raise Refused("this file is not a backup of a hub", remedy="name a file that vigil hub backup wrote")
        top = decode(_opened(entries, head).read(), _MANIFEST, "the list of a backup")
        about = {"federation": top.text("federation"), "taken": top.number("taken", 0, 2**53)}
        about |= {"roster_version": top.number("roster_version", 0, 2**31), "suspended": list(top.texts("suspended"))}
        listed = top.table("files")
        top.end()
        if not all(_NAMES.fullmatch(name) for name in listed) or not {"vigil.toml", "keys/hub.keys", _DATABASE} <= set(
            listed
        ):
            raise Refused("the backup contains files that do not belong to a hub", remedy="take another one")
        for entry in iter(entries.next, None):
            wanted = listed.pop(entry.name, "")
            if not wanted or not entry.isreg():
                raise Refused("the backup contains files that its list does not name", remedy="take another one")
            target = into / entry.name
            make_folder(target.parent)
            _copy(_opened(entries, entry), target)
            if _sha256(target) != wanted:
                raise Refused("the backup is damaged: a file differs from the backup's list", remedy="take another one")
    if listed:
        raise Refused("the backup is truncated: files are missing at its end", remedy="take another one")
    return about


def _opened(entries: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    # None is possible only for special files, which the callers have refused.
    return cast("IO[bytes]", entries.extractfile(entry))


def _copy(source: IO[bytes], target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
    sync_file(target)


def _check_database(folder: Path, *, newest: bool) -> None:
    store = open_hub_store(folder / _DATABASE, create=False)
    try:
        faults = store.check()
        if not newest and not faults:
            # It may lack decisions that members have: it must not sign another entry at their places.
            with store.write() as tx:
                tx.set_setting(RESTORED, b"1")
    finally:
        store.close()
    for leftover in folder.glob(f"{_DATABASE}-*"):
        leftover.unlink()
    if faults:
        raise StoreError("the database in this backup is damaged", remedy="take another backup")


def require_newest(home: Home) -> None:
    """Raises `Unavailable` if this hub was restored and does not know yet what was signed after the backup."""
    if home.restored.exists() and not is_newest(home):
        raise Unavailable(
            "this hub was restored from a backup, and does not know what the authority has signed since",
            remedy="import the newest list of members: vigil authority bundle --out FILE, then vigil hub admit FILE",
        )


def is_newest(home: Home) -> bool:
    """Whether this hub was restored from a backup that a person called current, and has not signed its roster since."""
    return home.restored.exists() and home.restored.read_bytes() == NEWEST
