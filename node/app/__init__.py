"""The composition root: the only package that connects ports to implementations, and decides what runs in which
process.

Rules this module upholds:

- Everything that a command needs is a function here. It imports heavy modules inside, so that `vigil --help` is quick.
- One process owns a home's database and keys, under the home's lock. A command speaks to the daemon that owns the home.
  If no daemon runs, the command owns the home itself while it works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from node.app.sessions import Session
    from node.config import Home
    from node.domain.material import MaterialFingerprints
    from node.errors import MediaError
    from node.media.tasks import Examined as Examined
    from node.media.walk import Found as Found
    from node.media.walk import Unreadable

Line = dict[str, Any]


def session(
    home: Home,
    passphrase: Callable[[], str],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    officer: str = "",
    socket: Path | None = None,
) -> AbstractContextManager[Session]:
    """Commands over this home, in its daemon or here. Raises `ConfigError`, `AlreadyRunning`, `StoreError`.

    `socket`: runs commands in the daemon behind this socket instead, and does not use the home. Raises `Refused` if
    this user may not use the socket, `Unavailable` if no daemon answers.

    `progress(done, total)`: called while the search index is built before the first command. `officer`: the
    registered officer for whom the account works; "" for its own. The audit log names the officer.
    """
    from node.app.sessions import open_session

    return open_session(home, passphrase, progress, officer, socket)


def session_at(folder: Path, passphrase: Callable[[], str]) -> AbstractContextManager[Session]:
    """`session` over the home in this folder, for callers without a configuration."""
    from node.config import Home

    return session(Home(folder=folder), passphrase)


def owner_of(folder: Path) -> int | None:
    """The process that owns the home in this folder; None if nobody does; 0 if the process has not said."""
    from node.store.lock import owner_of as run

    return run(folder)


def run_node(home: Home, passphrase: Callable[[], str], ready: Callable[[Line], None]) -> None:
    """The node's daemon, until SIGTERM or SIGINT. `ready` is called when it is ready: {"event": "ready", ...}."""
    from node.app.node_daemon import run

    run(home, passphrase, ready)


def run_hub(home: Home, passphrase: Callable[[], str], ready: Callable[[Line], None]) -> None:
    """The hub's daemon, until SIGTERM or SIGINT. `ready` is called with its addresses when it is ready."""
    from node.app.hub_daemon import run

    run(home, passphrase, ready)


def run_desk(home: Home, ready: Callable[[Line], None], *, folder: Path | None, **settings: Any) -> None:  # noqa: ANN401 (those of `DeskSettings`)
    """The desk, until SIGTERM or SIGINT. `settings`: see `desk_process.DeskSettings`; `folder` None: in the home.
    `ready` is called when it is ready: {"event": "ready", "address", "certificate", "own"}.
    """
    from node.app.desk_process import DeskSettings, run

    run(DeskSettings(home=home, folder=folder or home.folder / "desk", **settings), ready)


def init_authority(
    folder: Path, federation: str, passphrase: Callable[[], str], *, keys: int, threshold: int, exercise: bool = False
) -> Line:
    """Makes an offline authority. Returns what people compare and carry. `exercise`: of an exercise, which needs an id
    of its kind; a real federation refuses such an id.
    """
    from node.app.ceremonies import init_authority as run

    return run(folder, federation, passphrase, keys=keys, threshold=threshold, exercise=exercise)


def init_hub(
    home: Home,
    federation: str,
    root: bytes,
    passphrase: Callable[[], str],
    *,
    listen: str,
    enrolment_listen: str,
    hosts: Sequence[str],
    exercise: bool = False,
) -> Line:
    """Makes a hub with an authority's root. Returns what people compare. `exercise`: as in `init_authority`."""
    from node.app.ceremonies import init_hub as run

    return run(
        home,
        federation,
        root,
        passphrase,
        listen=listen,
        enrolment_listen=enrolment_listen,
        hosts=hosts,
        exercise=exercise,
    )


def describe_request(folder: Path, passphrase: Callable[[], str], request: bytes) -> list[Line]:
    """What a signing request asks for, with the fingerprints to compare by voice."""
    from node.app.ceremonies import describe_request as run

    return run(folder, passphrase, request)


def sign_members(
    folder: Path,
    passphrase: Callable[[], str],
    request: bytes,
    *,
    admit: Sequence[str] | None,
    replace_keys: Sequence[str] = (),
    accept_hub: bool = False,
    former_hub_until: float | None = None,
    former_hub_compromised: bool = False,
    key_folders: Sequence[Path] = (),
) -> bytes:
    """Signs a request as the authority. Returns the bundle for the hub. `admit` None: all valid petitions.
    `key_folders`: folders with more of its key files, in addition to `keys` in its own folder. If the hub is replaced:
    `former_hub_until` is the time until which its former key counts (Unix seconds; None: now), `compromised` whether
    somebody else may have that key.
    """
    from node.app.ceremonies import sign_members as run

    return run(
        folder,
        passphrase,
        request,
        admit=admit,
        replace_keys=replace_keys,
        accept_hub=accept_hub,
        former_hub_until=former_hub_until,
        former_hub_compromised=former_hub_compromised,
        key_folders=key_folders,
    )


def extend_members(folder: Path, passphrase: Callable[[], str], *, key_folders: Sequence[Path] = ()) -> bytes:
    """Signs the present list of members again with fresh dates. Returns the bundle for the hub."""
    from node.app.ceremonies import extend_members as run

    return run(folder, passphrase, key_folders=key_folders)


def release_member(
    folder: Path, passphrase: Callable[[], str], member: str, *, key_folders: Sequence[Path] = ()
) -> bytes:
    """Signs a list of members in which this member has left. Returns the bundle for the hub."""
    from node.app.ceremonies import release_member as run

    return run(folder, passphrase, member, key_folders=key_folders)


def last_bundle(folder: Path) -> bytes:
    """Returns again what the authority signed last. Opens no key."""
    from node.app.ceremonies import last_bundle as run

    return run(folder)


def show_authority(folder: Path) -> Line:
    """The authority and its members, with the digits that ceremonies compare. Opens no key."""
    from node.app.ceremonies import show_authority as run

    return run(folder)


def authority_policy(folder: Path, changes: Mapping[str, str]) -> Line:
    """The policy that the next signature publishes, after these numbers are changed. Opens no key."""
    from node.app.policy import authority_policy as run

    return run(folder, changes)


def policy_change(folder: Path) -> list[Line]:
    """One line if the next signature publishes a changed policy; otherwise none. Opens no key."""
    from node.app.policy import policy_change as run

    return run(folder)


def rotate_authority(
    folder: Path,
    passphrase: Callable[[], str],
    *,
    keys: int | None = None,
    threshold: int | None = None,
    key_folders: Sequence[Path] = (),
) -> tuple[Line, bytes]:
    """Makes new root and targets keys, and signs them with the former root keys. Returns what people compare, and the
    bundle for the hub.

    `keys`, `threshold` None: unchanged.
    """
    from node.app.ceremonies import rotate_authority as run

    return run(folder, passphrase, keys=keys, threshold=threshold, key_folders=key_folders)


def change_passphrase(home: Home, former: Callable[[], str], fresh: Callable[[], str], officer: str) -> Line:
    """Wraps the keys of a node's or a hub's home with a new passphrase. No daemon may run."""
    from node.app.passphrases import change_of_home as run

    return run(home, former, fresh, officer)


def change_authority_passphrase(
    folder: Path, former: Callable[[], str], fresh: Callable[[], str], *, key_folders: Sequence[Path] = ()
) -> Line:
    """Wraps the authority's available key files with a new passphrase, and returns which files are missing."""
    from node.app.passphrases import change_of_authority as run

    return run(folder, former, fresh, key_folders)


def rekey_node(
    home: Home, token: str, passphrase: Callable[[], str], officer: str, *, lost: bool = False, wait: bool = False
) -> Iterator[Line]:
    """Starts or continues a change of a node's keys: one line per step. `lost`: the former keys are lost."""
    from node.app.changing_keys import rekey as run

    return run(home, token, passphrase, officer, lost=lost, wait=wait)


def cancel_rekey(home: Home, passphrase: Callable[[], str], officer: str) -> Line:
    """Cancels a change of keys that the authority has not signed."""
    from node.app.changing_keys import cancel as run

    return run(home, passphrase, officer)


def rekey_is_under_way(home: Home) -> bool:
    """Whether a change of keys has begun in this home and is not finished."""
    from node.app.changing_keys import is_under_way as run

    return run(home)


def join_node(
    home: Home,
    token: str,
    passphrase: Callable[[], str],
    *,
    hub: str,
    name: str,
    wait: bool,
    new_root: bool = False,
    exercise: bool = False,
) -> Iterator[Line]:
    """Joins a federation with a token: one line per step; the last line says admitted or pending. If the home exists,
    its keys are used. `new_root`: a person has compared the digits of a root that the former root has not signed.
    `exercise`: as in `init_authority`.
    """
    from node.app.joining import join

    return join(home, token, passphrase, hub=hub, name=name, wait=wait, new_root=new_root, exercise=exercise)


def verify_evidence(data: bytes, roster_folder: Path, *, pinned_by: Home | None = None) -> Line:
    """Checks an evidence file offline against a verified roster on disk. `pinned_by`: accepts only the root of this
    home.
    """
    from node.app.ceremonies import verify_evidence as run

    return run(data, roster_folder, pinned_by=pinned_by)


def verify_export(data: bytes, roster_folder: Path, *, pinned_by: Home | None = None) -> Line:
    """Checks the manifest of an exported list offline against a verified roster on disk. `pinned_by`: accepts only the
    root of this home.
    """
    from node.app.export_check import verify_export as run

    return run(data, roster_folder, pinned_by=pinned_by)


def check_bundle(
    file: BinaryIO, manifest: bytes, roster_folder: Path, *, pinned_by: Home | None = None
) -> Iterator[Line]:
    """What each record of a bundle proves, checked offline against a verified roster on disk; the last line says what
    its manifest says. `pinned_by`: accepts only the root of this home.
    """
    from node.app.bundle_check import read_bundle as run

    return run(file, manifest, roster_folder, pinned_by=pinned_by)


def doctor(home: Home, passphrase: Callable[[], str]) -> Iterator[Line]:
    """One line per check: {"check", "ok", "what", "remedy"}. Also works on a broken home."""
    from node.app.examination import examine

    return examine(home, passphrase)


def restore_node(home: Home, backup: Path) -> Line:
    """Restores a home's database from a backup. Raises `Misuse` if there is a database already."""
    from node.app.ceremonies import restore

    return restore(home, backup)


def restore_hub(home: Home, archive: Path, *, newest: bool) -> Line:
    """Makes a hub's home from a backup. `newest`: nothing was signed or suspended after the backup."""
    from node.app.hub_archive import restore as run

    return run(home, archive, newest=newest)


def before_admission(home: Home, bundle: bytes) -> None:
    """Restores the authority's first root in a hub that lost its list of members. Changes nothing else."""
    from node.app.hub_roster import take_first_root as run

    run(home, bundle)


def accept_database(home: Home, officer: str, *, empty: bool) -> Line:
    """A person decides that the node continues with an empty or an older database. Raises `Misuse`, `Refused`."""
    from node.app.accepting import accept

    return accept(home, officer, empty=empty)


def fingerprint_paths(paths: Iterable[Path], *, workers: int | None = None) -> Iterator[Examined]:
    """Fingerprints files and all files in folders, in confined worker processes (None: one per processor). Keeps the
    order, but files that are slow for their size come last. The parts of a file come before the file.
    """
    return fingerprint_files(walk(paths), workers=workers)


def fingerprint_files(
    files: Iterable[Found | Unreadable], *, workers: int | None = None, previews: bool = False
) -> Iterator[Examined]:
    """Like `fingerprint`, for files that were walked already. `previews`: also make previews of them."""
    from node.media.pool import fingerprint_files as run

    return run(files, workers=workers, previews=previews)


def is_cut(result: MaterialFingerprints | MediaError) -> bool:
    """Whether a file was not read to its end because it is slow for its size and the run had no time left."""
    from node.media.budget import is_cut as run

    return run(result)


def walk(paths: Iterable[Path]) -> Iterator[Found | Unreadable]:
    """All files under these paths, in order. For a path that cannot be read, an item says why."""
    from node.media.walk import walk as run

    return run(paths)


def is_unreadable(item: Found | Unreadable) -> TypeGuard[Unreadable]:
    """Whether an item of a walk is not readable. Otherwise it is a file to read (`is_found`)."""
    from node.media.walk import Unreadable as Kind

    return isinstance(item, Kind)


def is_found(item: Found | Unreadable) -> TypeGuard[Found]:
    """Whether an item of a walk is a file to read."""
    return not is_unreadable(item)


def count_files(paths: Iterable[Path]) -> int:
    """The number of items of `walk`."""
    return sum(1 for _ in walk(paths))
