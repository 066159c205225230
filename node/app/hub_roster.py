"""A hub's list of members that was lost: from the hub's own copy of it, or from the authority.

Rules this module upholds:

- The hub's own copy comes first: its suspensions are in it, and they are in nothing that the authority signs.
- Without one the hub takes the authority's first root again, by the hash that it was made with, and no other.
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
    """Puts a repository that was lost back, from the copy that the hub verified last: its suspensions are in it.
    Whether it had to. Raises `NotFound` where there is no such copy.
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
            remedy="bring what was signed last: vigil authority bundle --out FILE, then vigil hub admit FILE",
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
    """Gives a hub that lost its list of members the first root again, out of the authority's bundle, so that the bundle
    can be admitted. Changes nothing where there is a repository, or a copy of it. Raises `Malformed`, `Refused` where
    the bundle is of another authority than the hub was made with.
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
                "this bundle is of another authority than the one that this hub was made with",
                remedy="ask the federation's authority for its newest bundle",
            ) from None
        make_folder(home.repository)
        write_atomic(home.repository / "1.root.json", root)
