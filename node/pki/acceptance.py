"""Decides whether a hub may publish a bundle: makes its members' checks, and checks that the bundle is for this hub.

Rules this module upholds:

- It decides and touches no disk. It trusts no part of a bundle before a trusted root has signed for it.
- The newest root counts, and each earlier root has signed the next one.
- It refuses a bundle that gives this hub's roles to another key, delegates more than suspensions, or names another
  hub. A person can still ask the authority here; two hundred nodes could only reject the roster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from securesystemslib.signer import SSlibKey
from tuf.api.metadata import Root, Targets

from node.domain.ids import FederationId
from node.domain.roster import HubIdentity
from node.errors import Expired, Malformed, PeerFault, Refused
from node.pki import metadata
from node.pki.courier import Bundle
from node.pki.documents import POLICY_FILE, ROSTER_FILE, Membership, decode_membership, decode_policy

_WHAT: Final = "the authority's bundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The files to publish: all roots, the signed targets metadata, and its documents by name."""

    roots: Sequence[bytes]
    targets: bytes
    documents: Mapping[str, bytes]
    membership: Membership


def check_bundle(
    bundle: Bundle,
    *,
    roots: Sequence[bytes],
    held: bytes | None,
    federation: FederationId,
    hub: HubIdentity,
    online: SSlibKey,
    now: float,
) -> Accepted:
    """Checks in this order. Raises `PeerFault` and its subclasses, or `Refused` if the bundle is for another hub.

    1. the roots follow the trusted ones (`roots`), and each is signed by the previous one; 2. the newest has not
    expired and gives snapshot and timestamp to our key `online`; 3. the membership is signed by it, has not expired,
    is not older than ours (`held`), and delegates only suspensions, to us; 4. the documents are the ones that the
    membership names, are well formed, and name this hub.
    """
    if bundle.federation != federation:
        raise Refused(f"{_WHAT} is of {bundle.federation}, and this hub is of {federation}")
    followed = _follow_roots(bundle, roots)
    root = metadata.parse(followed[-1], Root, _WHAT).signed
    if root.is_expired(metadata.utc(now)):
        raise Expired(f"{_WHAT}: its root has expired", remedy="the authority has to sign again")
    for role in metadata.ONLINE_ROLES:
        if root.roles[role].keyids != [online.keyid] or root.roles[role].threshold != 1:
            raise Refused(f"{_WHAT} is for another hub: its online key is not this hub's")
    targets = _check_targets(bundle, root, held, online, now=now)
    documents = _documents(bundle, targets)
    membership = decode_membership(documents[ROSTER_FILE])
    decode_policy(documents[POLICY_FILE])
    if membership.federation != federation or not membership.hub.is_hub(hub):
        raise Refused(f"{_WHAT} names another hub than this one in its roster")
    return Accepted(
        roots=followed,
        targets=bundle.file(f"{targets.version}.targets.json"),
        documents=documents,
        membership=membership,
    )


def _follow_roots(bundle: Bundle, roots: Sequence[bytes]) -> list[bytes]:
    versions = bundle.versions(Root.type)
    if versions[:1] != [1] or bundle.file("1.root.json") != roots[0]:
        raise Refused(f"{_WHAT} is of another authority than the one that this hub was made with")
    followed = list(roots)
    trusted = metadata.parse(roots[-1], Root, _WHAT)
    for version in range(len(roots) + 1, versions[-1] + 1):
        followed.append(bundle.file(f"{version}.root.json"))
        trusted = metadata.check_root(followed[-1], trusted)
    return followed


def _check_targets(bundle: Bundle, root: Root, held: bytes | None, online: SSlibKey, *, now: float) -> Targets:
    versions = bundle.versions(Targets.type)
    if len(versions) != 1:
        raise Malformed(f"{_WHAT} holds more than one membership, or none")
    data = bundle.file(f"{versions[0]}.targets.json")
    found = metadata.parse(data, Targets, _WHAT)
    with metadata.tuf_errors(_WHAT):
        root.verify_delegate(Targets.type, found.signed_bytes, found.signatures)
    if found.signed.version != versions[0]:
        raise Malformed(f"{_WHAT}: the membership has another version than its name")
    if found.signed.is_expired(metadata.utc(now)):
        raise Expired(f"{_WHAT}: the membership has expired", remedy="the authority has to sign again")
    metadata.check_delegation(found.signed, online)
    if held is not None and held != data and found.signed.version <= metadata.version(held, Targets):
        raise PeerFault(
            f"{_WHAT} is older than what is published", remedy="fetch the newest one: `vigil authority bundle`"
        )
    return found.signed


def _documents(bundle: Bundle, targets: Targets) -> dict[str, bytes]:
    if set(targets.targets) != {ROSTER_FILE, POLICY_FILE}:
        raise Malformed(f"{_WHAT}: a membership names exactly the roster and the policy")
    documents = {}
    for name, info in targets.targets.items():
        documents[name] = bundle.file(f"{info.hashes.get('sha256', '')}.{name}")
        with metadata.tuf_errors(_WHAT):
            info.verify_length_and_hashes(documents[name])
    return documents
