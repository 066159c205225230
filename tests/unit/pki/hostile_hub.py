"""What a hub serves, and what a hostile hub can forge from it."""

from dataclasses import replace

from tuf.api.metadata import Targets

from node.pki import metadata
from node.pki.documents import decode_membership, encode_membership
from node.pki.keys import KeyRing
from node.pki.metadata import RoleSigner
from tests.unit.pki.federation import FEDERATION, FR, Federation


def online(federation: Federation) -> RoleSigner:
    """The key that a compromised hub has."""
    ring = federation.hub.ring
    return RoleSigner(ring.signer("online"), ring.public_bytes("online"))


def served(federation: Federation, role: str) -> tuple[str, bytes]:
    """(name, bytes) of what the hub serves as the newest of a role."""
    folder = federation.folder / "hub" / "repository"
    versions = sorted(int(each.name.split(".")[0]) for each in folder.glob(f"*.{role}.json") if len(each.name) < 60)
    name = f"{versions[-1]}.{role}.json"
    return name, (folder / name).read_bytes()


def names_of(federation: Federation) -> list[str]:
    """The names of all files that the hub serves, but for the first root."""
    folder = federation.folder / "hub" / "repository"
    return sorted(each.name for each in folder.iterdir() if not each.name.startswith("1.root"))


def with_swapped_statement_key(federation: Federation, *, member: str = "FR") -> bytes:
    """The roster as a hub would like it: the member's statement key is the hub's own."""
    _, targets = served(federation, "targets")
    info = metadata.parse(targets, Targets, "it").signed.targets["roster.json"]
    honest = decode_membership(federation.hub.repository.read(f"{info.hashes['sha256']}.roster.json", 10**6))
    ring = KeyRing.for_member(FEDERATION, FR)
    victim = honest.members[FR]
    keys = tuple(
        replace(key, vkey=ring.vkey("statement")) if key.purpose == "statement" else key for key in victim.keys
    )
    return encode_membership(replace(honest, members={**honest.members, FR: replace(victim, keys=keys)}))
