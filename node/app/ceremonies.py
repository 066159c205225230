"""Acts that a person does once, with keys available: making an authority and a hub, admitting members, checking
evidence, restoring a backup.

Rules this module upholds:

- The authority's keys are opened from its own folder, for one signature, and never at the same time as the hub's keys.
- Nothing is overwritten: if a file exists already, the act ends with an error.
- The result contains the digits that two people must compare, in groups that can be read aloud.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from typing import TYPE_CHECKING, Any, Final

from node import config
from node.app.homes import create_database, make_home, owner_of
from node.app.other_databases import require_backup_of, require_no_leftovers, write_mark_of
from node.app.ownership import owning
from node.app.policy import policy_lines
from node.config import Home
from node.control.lines import fingerprint_line, statement_line
from node.domain.homes import Owner
from node.domain.ids import HUB_NAME, federation_id, member_id, require_kind, spoken
from node.domain.statements import Contribution
from node.errors import Misuse, NotFound, Refused
from node.pki.admission import Verdict
from node.pki.authority import Authority
from node.pki.ca import CertificateAuthority
from node.pki.client import RosterClient
from node.pki.courier import claim_hub
from node.pki.files import make_folder, sync_file, write_atomic
from node.pki.keys import ONLINE, KeyRing
from node.pki.metadata import RoleSigner
from node.pki.petition import keys_fingerprint
from node.pki.repository import Repository
from node.pki.succession import FormerWord, HubVerdict
from node.pki.wrapping import Passphrase
from node.store.store import open_node_store
from node.usecases.evidence import verify_evidence as check_evidence
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Line = dict[str, Any]

HUB_KEY_FILE: Final = "hub.keys"
_HUB_WORDS: Final = {
    HubVerdict.NEW: "new",
    HubVerdict.LOG_KEY: "log-key",
    HubVerdict.ROTATE: "rekey",
    HubVerdict.REPLACE: "replaces",
}


def init_authority(
    folder: Path, federation: str, passphrase: Callable[[], str], *, keys: int, threshold: int, exercise: bool = False
) -> Line:
    """See `app.init_authority`. Raises `Misuse`, `Malformed`, `Refused`, `StoreError`."""
    require_kind(federation, exercise=exercise)
    made = Authority.create(
        folder,
        federation_id(federation),
        Passphrase(passphrase().encode()),
        now=time.time(),
        keys=keys,
        threshold=threshold,
    )
    root = folder / "root.json"
    write_atomic(root, made.root)
    return {
        "federation": federation,
        "root": str(root),
        **root_line(made),
        "keys": keys,
        "threshold": threshold,
    }


def root_line(authority: Authority) -> Line:
    """The digits that every ceremony compares as ROOT, and the version of that root."""
    digits = authority.root_digits
    return {"root_version": digits.version, "root_fingerprint": spoken(digits.sha256)}


def show_authority(folder: Path) -> Line:
    """See `app.show_authority`. Opens no key. Raises `NotFound`, `Damaged`."""
    authority = Authority(folder, Passphrase(b"", allow_empty=True))
    keys, threshold = authority.signature
    hub = authority.hub_fingerprint
    return {
        "federation": authority.federation,
        **root_line(authority),
        "first_root_fingerprint": spoken(hashlib.sha256(authority.root).digest()),
        "hub_fingerprint": spoken(hub) if hub else None,
        "keys": keys,
        "threshold": threshold,
        "members": [
            {
                "member": member.id,
                "name": member.name,
                "state": member.status.value,
                "fingerprint": spoken(keys_fingerprint(member.id, member.active_vkeys())),
            }
            for member in authority.members.values()
        ],
    }


def rotate_authority(
    folder: Path,
    passphrase: Callable[[], str],
    *,
    keys: int | None,
    threshold: int | None,
    key_folders: Sequence[Path] = (),
) -> tuple[Line, bytes]:
    """See `app.rotate_authority`. Raises `Misuse` if too few keys are available, `NotFound`, `Damaged`."""
    authority = _opened(folder, passphrase, key_folders)
    former_keys, former_threshold = authority.signature
    keys, threshold = keys or former_keys, threshold or former_threshold
    bundle = authority.rotate(now=time.time(), keys=keys, threshold=threshold)
    number, needed = authority.signature
    return {"federation": authority.federation, **root_line(authority), "keys": number, "threshold": needed}, bundle


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
    """Makes the keys, CA, database and first root of a hub. `hosts`: the names at which nodes reach it.

    Raises `ConfigError`, `Misuse`, `Refused`, `PeerFault`, `StoreError`. A crash leaves a folder without vigil.toml,
    which is not a home yet: delete it and start again.
    """
    require_kind(federation, exercise=exercise)
    listen_host = listen.rpartition(":")[0]
    names = list(hosts) or [listen_host.strip("[]")]
    values: dict[str, str | float] = {
        "role": "hub",
        "federation": federation,
        "hub": listen,
        "enrolment": enrolment_listen,
        "public_hub": f"{names[0]}:{listen.rpartition(':')[2]}",
        "public_enrolment": f"{names[0]}:{enrolment_listen.rpartition(':')[2]}",
        "root_sha256": hashlib.sha256(root).hexdigest(),
    }
    make_home(home)
    if home.config.exists():
        raise Misuse("this folder is a Vigil home already", remedy="choose another --home")
    make_folder(home.keys)
    make_folder(home.tls)
    with owning(home):
        # The database comes first: a folder with a hub's certificate counts as one that had a database.
        create_database(home, Owner(role="hub", federation=federation, member=HUB_NAME))
        ring = KeyRing.for_hub(federation_id(federation))
        ring.save(home.keys / HUB_KEY_FILE, Passphrase(passphrase().encode()))
        authority = CertificateAuthority.create(ring, now=time.time())
        write_atomic(home.tls / "ca.der", authority.der)
        leaf = authority.issue_server(names, now=time.time())
        write_atomic(home.tls / "hub.der", leaf.der)
        claims = claim_hub(ring, ca_sha256=authority.sha256)
        online = RoleSigner(ring.signer(ONLINE), ring.public_bytes(ONLINE))
        Repository.create(
            home.repository,
            root,
            federation=federation_id(federation),
            hub=claims.identity,
            online=online,
        )
        # The settings come last: they make the folder a home.
        config.write(home, values)
    return {
        "federation": federation,
        "home": str(home.folder),
        "ca_fingerprint": spoken(authority.sha256),
        "hub_fingerprint": spoken(claims.fingerprint(federation_id(federation))),
        "root_version": 1,
        "root_fingerprint": spoken(hashlib.sha256(root).digest()),
        "next": "vigil authority sign, so that the federation has its first roster; then vigil hub run",
    }


def describe_request(folder: Path, passphrase: Callable[[], str], request: bytes) -> list[Line]:
    """One line about the hub if it is new or has changed, one about the policy if it has changed, then one per
    petition. Raises `PeerFault`, `Damaged`.

    `hub`: new (the first hub), log-key (the same hub with a new key of its own log), rekey (its former keys sign for
    the new ones) or replaces (no former key signs for it).
    """
    authority = _opened(folder, passphrase, ())
    review = authority.review(request)
    lines: list[Line] = []
    if review.hub_changed:
        former = review.hub.former_fingerprint
        lines.append(
            {
                "hub": _HUB_WORDS[review.hub.verdict],
                "fingerprint": spoken(review.hub.fingerprint),
                "former_fingerprint": spoken(former) if former else None,
            }
        )
    lines += policy_lines(authority)
    return lines + [
        {
            "member": finding.member,
            "name": finding.name,
            "verdict": finding.verdict.value,
            "fingerprint": spoken(finding.fingerprint) if finding.fingerprint else None,
            "former_log_ends": review.log_sizes.get(finding.member),
            "reason": finding.reason or None,
        }
        for finding in review.findings
    ]


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
    """See `app.sign_members`. A person has compared the fingerprints. Raises `Refused`, `Misuse`, `PeerFault`."""
    authority = _opened(folder, passphrase, key_folders)
    findings = authority.review(request).findings
    wanted = (
        {member_id(name) for name in admit}
        if admit is not None
        else {finding.member for finding in findings if finding.verdict in {Verdict.ADMIT, Verdict.ROTATE}}
    )
    return authority.sign(
        request,
        now=time.time(),
        admit_members=wanted,
        replace_keys={member_id(name) for name in replace_keys},
        accept_hub=accept_hub,
        former_hub=FormerWord(
            until=None if former_hub_until is None else int(former_hub_until), compromised=former_hub_compromised
        ),
    )


def extend_members(folder: Path, passphrase: Callable[[], str], *, key_folders: Sequence[Path] = ()) -> bytes:
    """See `app.extend_members`. Raises `NotFound`, `Misuse`, `Damaged`."""
    return _opened(folder, passphrase, key_folders).extend(now=time.time())


def release_member(
    folder: Path, passphrase: Callable[[], str], member: str, *, key_folders: Sequence[Path] = ()
) -> bytes:
    """See `app.release_member`. Raises `Refused` if it is not a member, `NotFound`, `Misuse`, `Damaged`."""
    return _opened(folder, passphrase, key_folders).release(member_id(member), now=time.time())


def last_bundle(folder: Path) -> bytes:
    """See `app.last_bundle`. Raises `NotFound` if nothing was signed yet, `Damaged`."""
    return Authority(folder, Passphrase(b"", allow_empty=True)).bundle()  # no key is opened


def _opened(folder: Path, passphrase: Callable[[], str], key_folders: Sequence[Path]) -> Authority:
    return Authority(folder, Passphrase(passphrase().encode()), key_folders)


def verify_evidence(data: bytes, roster_folder: Path, *, pinned_by: Home | None = None) -> Line:
    """Checks an evidence file offline. Returns what it proves, and by which root. Raises `PeerFault`, `NotFound`,
    `Damaged`.

    `pinned_by`: the home whose invitation pinned the root: a folder with a different root is refused. Without it the
    person must trust the folder, and gets the fingerprint of its root to compare.
    """
    pinned = config.load(pinned_by) if pinned_by else None
    client = RosterClient(
        roster_folder,
        federation=federation_id(pinned.federation) if pinned else None,
        root_sha256=bytes.fromhex(pinned.root_sha256) if pinned else None,
    )
    roster = client.load()
    proven = check_evidence(data, roster, ProtoCodec())
    body = proven.body
    said = body if isinstance(body, Contribution) else None
    return {
        "verified": True,
        "record": str(proven.record),
        "member": proven.record.origin.member,
        "index": proven.index,
        "size": proven.size,
        "cosigned_at": proven.cosigned_at,
        "former_hub_key": {"status": proven.former_hub_key.status.value, "until": proven.former_hub_key.until}
        if proven.former_hub_key
        else None,
        "issued_day": proven.issued_day,
        "kind": proven.kind,
        "fingerprints": [fingerprint_line(f) for f in said.fingerprints] if said else [],
        **statement_line(said),
        "roster_version": roster.version,
        "roster_expired": roster.expires <= time.time(),
        "root_fingerprint": spoken(client.root_sha256),
    }


def restore(home: Home, backup: Path) -> Line:
    """Restores a backup if the database is missing. Retractions after the backup come back with the log before anything
    is served: the node compares itself with the hub at its next start.
    """
    if not home.config.exists():
        raise NotFound("this folder is not a Vigil home", remedy="restore vigil.toml, keys, tls and roster first")
    owner = owner_of(config.load(home))
    with owning(home):
        if home.database.exists():
            raise Misuse(
                "there is a database in this home already",
                remedy="move vigil.sqlite3 (and vigil.sqlite3-wal) to another folder first; nothing was changed",
            )
        require_no_leftovers(home)
        if not backup.is_file():
            raise NotFound("the backup file does not exist")
        partial = home.database.with_suffix(".restoring")
        try:
            _prepare_backup(backup, partial, owner)
            # Both marks come first: a crash in between leaves a home without a database, and the same command works
            # again.
            write_atomic(home.restored, b"")
            write_mark_of(home, owner, partial)
            partial.replace(home.database)
            sync_file(home.database)
        finally:
            for leftover in partial.parent.glob(partial.name + "*"):
                leftover.unlink()
    return {"restored": str(home.database), "next": "vigil node run: it compares itself with the hub before it signs"}


def _prepare_backup(backup: Path, partial: Path, owner: Owner) -> None:
    """Makes a complete and durable copy of the backup that this version can open. Raises `Refused`."""
    shutil.copyfile(backup, partial)
    partial.chmod(0o600)
    require_backup_of(owner, partial)
    store = open_node_store(partial, create=False)
    faults = store.check()
    store.close()
    if faults:
        raise Refused("the backup is damaged", remedy="use another backup")
    sync_file(partial)
