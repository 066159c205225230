"""Restores a hub's lost list of members from the hub's own copy, or from the authority.

Rules this module upholds:

- The hub's own copy comes first: it contains the suspensions, which the authority never signs.
- Without a copy the hub accepts only the authority's first root, by the hash that the hub was made with.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from node import config
from node.domain.ids import federation_id
from node.errors import NotFound, Refused
from node.pki.client import RosterClient
from node.pki.courier import decode_bundle
from node.pki.files import make_folder, write_atomic
from node.pki.repository import Repository

if TYPE_CHECKING:
    from node.config import Config, Home


def recover_repository(home: Home, settings: Config) -> bool:
    """Restores a lost repository from the copy that the hub verified last, which contains the suspensions. Returns
    whether it was lost. Raises `NotFound` if there is no such copy.
    """
    if (home.repository / "1.root.json").exists():
        return False
    try:
        kept = _own_copy(home, settings)
        kept.load()
        Repository.recover(home.repository, kept.published())
    except NotFound:
        raise NotFound(
            "the list of members is lost: the folders repository and roster are missing from this hub's home",
            remedy="import what was signed last: vigil authority bundle --out FILE, then vigil hub admit FILE",
        ) from None
    return True


def _own_copy(home: Home, settings: Config) -> RosterClient:
    """The hub's own copy of what it publishes. Raises `NotFound`, `Damaged`."""
    return RosterClient(
        home.metadata,
        federation=federation_id(settings.federation),
        root_sha256=bytes.fromhex(settings.root_sha256),
    )


def take_first_root(home: Home, bundle: bytes) -> None:
    """Restores the first root from the authority's bundle in a hub that lost its list of members, so that the bundle
    can be admitted. Changes nothing if there is a repository, or a copy of it. Raises `Malformed`, and `Refused` if the
    bundle is not from the authority that the hub was made with.
    """
    if (home.repository / "1.root.json").exists() or not home.config.exists():
        return
    settings = config.load(home)
    if settings.role != "hub":
        return
    try:
        recover_repository(home, settings)
    except NotFound:
        root = decode_bundle(bundle).file("1.root.json")
        if hashlib.sha256(root).hexdigest() != settings.root_sha256:
            raise Refused(
                "this bundle is not from the authority that this hub was made with",
                remedy="ask the federation's authority for its newest bundle",
            ) from None
        make_folder(home.repository)
        write_atomic(home.repository / "1.root.json", root)
