"""The composition root: the only room that knows which port is served by what, and who runs in which process.

Rules this module upholds:

- What a command needs is a function here; its heavy imports happen inside, so that `vigil --help` is quick.
- One process owns a home's database and keys, under its lock. A command speaks to the daemon that owns it, or, where
  none runs, owns the home itself while it works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from node.domain.caller import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from node.app.sessions import Session
    from node.config import Home
    from node.domain.caller import Caller
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
    who: Caller = NOBODY,
    socket: Path | None = None,
) -> AbstractContextManager[Session]:
    """Commands over this home, in its daemon or here. Raises `ConfigError`, `AlreadyRunning`, `StoreError`.

    `socket`: commands in the daemon behind this socket instead; the home is not looked at. Raises `Refused` where this
    user may not use it, `Unavailable` where no daemon answers.

    `progress(done, total)`: where the search index has to be made before the first command. `who` runs the commands:
    the audit log names them.
    """
    from node.app.sessions import open_session

    return open_session(home, passphrase, progress, who, socket)


def session_at(folder: Path, passphrase: Callable[[], str]) -> AbstractContextManager[Session]:
    """`session` over the home in this folder, for who has no configuration of their own."""
    from node.config import Home

    return session(Home(folder=folder), passphrase)


def run_node(home: Home, passphrase: Callable[[], str], ready: Callable[[Line], None]) -> None:
    """The node's daemon, until SIGTERM or SIGINT. `ready` is told once it serves: {"event": "ready", ...}."""
    from node.app.node_daemon import run

    run(home, passphrase, ready)


def run_hub(home: Home, passphrase: Callable[[], str], ready: Callable[[Line], None]) -> None:
    """The hub's daemon, until SIGTERM or SIGINT. `ready` is told once it serves, with its addresses."""
    from node.app.hub_daemon import run

    run(home, passphrase, ready)


def init_authority(folder: Path, federation: str, passphrase: Callable[[], str], *, keys: int, threshold: int) -> Line:
    """Makes an offline authority; what to compare and carry."""
    from node.app.ceremonies import init_authority as run

    return run(folder, federation, passphrase, keys=keys, threshold=threshold)


def init_hub(
    home: Home,
    federation: str,
    root: bytes,
    passphrase: Callable[[], str],
    *,
    listen: str,
    enrolment_listen: str,
    hosts: Sequence[str],
) -> Line:
    """Makes a hub on an authority's root; what to compare."""
    from node.app.ceremonies import init_hub as run

    return run(home, federation, root, passphrase, listen=listen, enrolment_listen=enrolment_listen, hosts=hosts)


def describe_request(folder: Path, passphrase: Callable[[], str], request: bytes) -> list[Line]:
    """What a signing request asks, with the fingerprints to compare by voice."""
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
    """The authority's signature under a request; the bundle that the hub takes. `admit` None: all that are sound;
    `key_folders`: where more of its key files are, beside its own folder's `keys`. Where the hub is replaced:
    `former_hub_until`, up to when its former key counts (Unix seconds; None: now), and whether it is `compromised`.
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
    """The list of members as it is, signed again with fresh dates; the bundle that the hub takes."""
    from node.app.ceremonies import extend_members as run

    return run(folder, passphrase, key_folders=key_folders)


def release_member(
    folder: Path, passphrase: Callable[[], str], member: str, *, key_folders: Sequence[Path] = ()
) -> bytes:
    """The list of members in which this one has left, signed; the bundle that the hub takes."""
    from node.app.ceremonies import release_member as run

    return run(folder, passphrase, member, key_folders=key_folders)


def last_bundle(folder: Path) -> bytes:
    """What the authority signed last, once more. It opens no key."""
    from node.app.ceremonies import last_bundle as run

    return run(folder)


def show_authority(folder: Path) -> Line:
    """What an authority is and whom it has signed in, with the digits that ceremonies compare. It opens no key."""
    from node.app.ceremonies import show_authority as run

    return run(folder)


def authority_policy(folder: Path, changes: Mapping[str, str]) -> Line:
    """The policy that the next signature publishes, with these numbers changed before. It opens no key."""
    from node.app.policy import authority_policy as run

    return run(folder, changes)


def policy_change(folder: Path) -> list[Line]:
    """A line where the next signature publishes another policy than the last; else none. It opens no key."""
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
    """New root and targets keys, signed for by the former root keys; what to compare, and the bundle for the hub.

    `keys`, `threshold` None: as they were.
    """
    from node.app.ceremonies import rotate_authority as run

    return run(folder, passphrase, keys=keys, threshold=threshold, key_folders=key_folders)


def change_passphrase(home: Home, former: Callable[[], str], fresh: Callable[[], str], who: Caller) -> Line:
    """Wraps the keys of a node's or a hub's home under another passphrase; no daemon may run."""
    from node.app.passphrases import change_of_home as run

    return run(home, former, fresh, who)


def change_authority_passphrase(
    folder: Path, former: Callable[[], str], fresh: Callable[[], str], *, key_folders: Sequence[Path] = ()
) -> Line:
    """Wraps the authority's key files that are at hand under another passphrase; which are not at hand is said."""
    from node.app.passphrases import change_of_authority as run

    return run(folder, former, fresh, key_folders)


def rekey_node(
    home: Home, token: str, passphrase: Callable[[], str], who: Caller, *, lost: bool = False, wait: bool = False
) -> Iterator[Line]:
    """Changes a node's keys, or goes on with it: a line for each step. `lost`: the former keys are not to be had."""
    from node.app.changing_keys import rekey as run

    return run(home, token, passphrase, who, lost=lost, wait=wait)


def cancel_rekey(home: Home, passphrase: Callable[[], str], who: Caller) -> Line:
    """Gives up a change of keys that the authority has not signed."""
    from node.app.changing_keys import cancel as run

    return run(home, passphrase, who)


def rekey_is_under_way(home: Home) -> bool:
    """Whether a change of keys was begun in this home and is not at its end."""
    from node.app.changing_keys import is_under_way as run

    return run(home)


def join_node(
    home: Home, token: str, passphrase: Callable[[], str], *, hub: str, name: str, wait: bool, new_root: bool = False
) -> Iterator[Line]:
    """Joins a federation by a token: a line for each step; the last says admitted or pending. Where the home exists its
    keys are used. `new_root`: a person has compared the digits of a root that the former one does not lead to.
    """
    from node.app.joining import join

    return join(home, token, passphrase, hub=hub, name=name, wait=wait, new_root=new_root)


def verify_evidence(data: bytes, roster_folder: Path, *, pinned_by: Home | None = None) -> Line:
    """Checks an evidence file against a verified roster on disk, offline; `pinned_by`: with this home's root alone."""
    from node.app.ceremonies import verify_evidence as run

    return run(data, roster_folder, pinned_by=pinned_by)


def doctor(home: Home, passphrase: Callable[[], str]) -> Iterator[Line]:
    """One line for each check: {"check", "ok", "what", "remedy"}. Works on a broken home too."""
    from node.app.examination import examine

    return examine(home, passphrase)


def restore_node(home: Home, backup: Path) -> Line:
    """Puts a backup in the place of a home's database. Raises `Misuse` where there is one already."""
    from node.app.ceremonies import restore

    return restore(home, backup)


def restore_hub(home: Home, archive: Path, *, newest: bool) -> Line:
    """Makes a hub's home of a backup. `newest`: nothing was signed or suspended since it was taken."""
    from node.app.hub_archive import restore as run

    return run(home, archive, newest=newest)


def before_admission(home: Home, bundle: bytes) -> None:
    """Gives a hub that lost its list of members the authority's first root again; changes nothing else."""
    from node.app.hub_roster import take_first_root as run

    run(home, bundle)


def accept_database(home: Home, who: Caller, *, empty: bool) -> Line:
    """A person says that the node goes on with an empty database, or with an older one. Raises `Misuse`, `Refused`."""
    from node.app.accepting import accept

    return accept(home, who, empty=empty)


def fingerprint_paths(paths: Iterable[Path], *, workers: int | None = None) -> Iterator[Examined]:
    """Fingerprints files and all files in folders, in confined worker processes (None: one a processor). In order, but
    for those that take long for their size, which come last. The parts of a file come before the file.
    """
    return fingerprint_files(walk(paths), workers=workers)


def fingerprint_files(files: Iterable[Found | Unreadable], *, workers: int | None = None) -> Iterator[Examined]:
    """The same for files that were walked already."""
    from node.media.pool import fingerprint_files as run

    return run(files, workers=workers)


def is_cut(result: MaterialFingerprints | MediaError) -> bool:
    """Whether a file was not read to its end because it takes long for its size and the run had no time left for it."""
    from node.media.budget import is_cut as run

    return run(result)


def walk(paths: Iterable[Path]) -> Iterator[Found | Unreadable]:
    """All files under these paths, in order; what cannot be read is an item that says why."""
    from node.media.walk import walk as run

    return run(paths)


def is_unreadable(item: Found | Unreadable) -> TypeGuard[Unreadable]:
    """Whether what a walk gave is not read. Else it is a file to be read (`is_found`)."""
    from node.media.walk import Unreadable as Kind

    return isinstance(item, Kind)


def is_found(item: Found | Unreadable) -> TypeGuard[Found]:
    """Whether what a walk gave is a file to be read."""
    return not is_unreadable(item)


def count_files(paths: Iterable[Path]) -> int:
    """How many items `walk` gives."""
    return sum(1 for _ in walk(paths))
