"""The authority's key files: one wrapped file per key, in the authority's own folder or on other removable disks.

Rules this module upholds:

- The root decides which keys are valid, not the existing files: a file of a former key signs nothing.
- A file is opened only to sign, and only as many files as the threshold needs.
- Numbers are never used twice: the files of a change of keys are stored next to the former ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tuf.api.metadata import Role, Root, Targets

from node.domain.ids import FederationId
from node.errors import Misuse
from node.pki import metadata
from node.pki.keys import AUTHORITY, KeyRing
from node.pki.wrapping import Passphrase

ROLES: Final = (Root.type, Targets.type)
MAX_KEYS: Final = 9
_FILE: Final = re.compile(r"(root|targets)-([1-9][0-9]{0,8})\.key")


def check_numbers(keys: int, threshold: int) -> None:
    """Raises `Misuse` if the number of keys or the threshold is outside the limits."""
    if not 1 <= threshold <= keys <= MAX_KEYS:
        raise Misuse(
            f"an authority has 1 to {MAX_KEYS} keys of each kind, and a threshold of at most all of them",
            remedy="for example --keys 3 --threshold 2",
        )


def key_file(folder: Path, name: str) -> Path:
    """The file name of the key of this role (`root/1` in `root-1.key`)."""
    return folder / f"{name.replace('/', '-')}.key"


def give_keys(root: Root, signers: Mapping[str, Sequence[metadata.RoleSigner]], threshold: int) -> None:
    """From now on, only these keys sign root and targets."""
    for role in ROLES:
        for former in list(root.roles[role].keyids):
            root.revoke_key(former, role)
        root.roles[role].threshold = threshold
        for signer in signers[role]:
            root.add_key(signer.public_key, role)


class KeyFiles:
    """The key files in `folders`. New ones are made in the first folder."""

    def __init__(self, federation: FederationId, folders: Sequence[Path], passphrase: Passphrase) -> None:
        self._federation = federation
        self._folders = tuple(folders)
        self._passphrase = passphrase

    def make(self, role: str, numbers: Iterable[int]) -> list[metadata.RoleSigner]:
        """New keys of `role` with these numbers, durable. A crash leaves files that no root names."""
        signers = []
        for number in numbers:
            name = f"{role}/{number}"
            ring = KeyRing.generate(self._federation, AUTHORITY, (name,))
            ring.save(key_file(self._folders[0], name), self._passphrase)
            signers.append(metadata.RoleSigner(ring.signer(name), ring.public_bytes(name)))
        return signers

    def signers(self, role: str, wanted: Role) -> list[metadata.RoleSigner]:
        """The number of the role's keys that its threshold needs. Raises `Misuse` if too few are present, `Damaged`."""
        found: dict[str, metadata.RoleSigner] = {}
        # The newest first, so that files of former keys, which sign nothing, are not opened.
        for number, path in sorted(self._numbered(role), reverse=True):
            if len(found) == wanted.threshold:
                break
            name = f"{role}/{number}"
            ring = KeyRing.load(path, self._passphrase, federation=self._federation, owner=AUTHORITY)
            signer = metadata.RoleSigner(ring.signer(name), ring.public_bytes(name))
            if signer.public_key.keyid in wanted.keyids:
                found.setdefault(signer.public_key.keyid, signer)
        if len(found) < wanted.threshold:
            keys = "key" if len(found) == 1 else "keys"
            raise Misuse(
                f"{len(found)} {role} {keys} found, {wanted.threshold} needed",
                remedy="connect the removable disks with the other key files, and name the folder of each: "
                "--key-folder DIR",
            )
        return list(found.values())

    def _numbered(self, role: str) -> list[tuple[int, Path]]:
        """(number, file) of the role's key files, one file per number."""
        found: dict[int, Path] = {}
        for folder in self._folders:
            for path in sorted(folder.glob(f"{role}-*.key")):
                name = _FILE.fullmatch(path.name)
                if name is not None:
                    found.setdefault(int(name[2]), path)
        return list(found.items())

    def all(self) -> list[Path]:
        """Every key file at hand."""
        return [path for role in ROLES for _, path in sorted(self._numbered(role))]
