"""What the tests of `test_documents` share with others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from node.domain.ids import MemberId
from node.domain.roster import (
    CategoryScheme,
    FormerHubKey,
    KeyPurpose,
    KeyStatus,
    Member,
    MemberKey,
    MemberStatus,
    Policy,
)
from node.pki import courier, documents
from node.pki.courier import Bundle, SigningRequest, claim_hub
from node.pki.documents import Membership, Suspension
from node.pki.keys import KeyRing
from tests.unit.pki.federation import FEDERATION, FR, JP, petition_of

HUB = KeyRing.for_hub(FEDERATION)


CLAIMS = claim_hub(HUB, ca_sha256=bytes(range(32)))


RINGS = {member: KeyRing.for_member(FEDERATION, member) for member in (FR, JP)}


def member_of(ring: KeyRing, **changes: Any) -> Member:
    keys = tuple(MemberKey(purpose=KeyPurpose(purpose), vkey=vkey) for purpose, vkey in ring.member_vkeys().items())
    member = Member(id=MemberId(ring.owner), name="Ünïcode 日本", status=MemberStatus.ACTIVE, keys=keys)
    return replace(member, **changes)


MEMBERSHIP = Membership(
    federation=FEDERATION, hub=CLAIMS.identity, members={each: member_of(ring) for each, ring in RINGS.items()}
)


POLICY = Policy(schemes=(CategoryScheme(scheme="icse", version="1", codes=("1", "2")),), query_budget_seconds=12.5)


SUSPENDED = {FR: Suspension(reason="lost a laptop", since=5), JP: Suspension(reason="at its own wish", since=6)}


REQUEST = SigningRequest(
    federation=FEDERATION, hub=CLAIMS, petitions=(petition_of(RINGS[FR]),), log_sizes={FR: 7, JP: 0}
)


BUNDLE = Bundle(federation=FEDERATION, files={"1.root.json": b"{}", "2.targets.json": b"x"})


FORMER = tuple(
    FormerHubKey(vkey=KeyRing.for_hub(FEDERATION).vkey("mirror"), status=status, until=until, sizes=sizes)
    for status, until, sizes in (
        (KeyStatus.RETIRED, 5, None),
        (KeyStatus.REVOKED, 6, {f"{FEDERATION}/FR/log/1": 7, f"{FEDERATION}/JP/log/2": 0}),
    )
)


CHANGED = replace(MEMBERSHIP, hub=replace(MEMBERSHIP.hub, former=FORMER))


CASES = {
    "roster of a hub that changed": (documents.encode_membership(CHANGED), documents.decode_membership),
    "roster": (documents.encode_membership(MEMBERSHIP), documents.decode_membership),
    "policy": (documents.encode_policy(POLICY), documents.decode_policy),
    "suspended": (documents.encode_suspended(FEDERATION, SUSPENDED), documents.decode_suspended),
    "request": (courier.encode_request(REQUEST), courier.decode_request),
    "bundle": (courier.encode_bundle(BUNDLE), courier.decode_bundle),
}
