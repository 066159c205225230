"""The key of the hub's own log: how a federation gets one, how it changes, and who cannot name one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.ids import HUB_NAME, Origin
from node.domain.roster import KeyPurpose, KeyStatus, MemberKey, Roster
from node.errors import BadSignature, Malformed, Refused
from node.pki.admission import Verdict
from node.pki.ca import CertificateAuthority
from node.pki.courier import SigningRequest, claim_hub, decode_request, encode_request
from node.pki.documents import decode_membership, encode_membership
from node.pki.keys import KeyRing, log_role
from node.pki.succession import FormerWord, HubVerdict
from node.pki.successor import name_successor
from tests.unit.pki.example_documents import MEMBERSHIP
from tests.unit.pki.federation import FEDERATION, FR, JP, NOW, Federation, petition_of

LOG_1, LOG_2 = Origin(FEDERATION, HUB_NAME, 1), Origin(FEDERATION, HUB_NAME, 2)


def request_of(
    federation: Federation, ring: KeyRing, *, size: int | None = None, sizes: dict[str, int] | None = None
) -> bytes:
    """The request of this hub with another ring. `sizes`: its former keys may be in other hands."""
    ca = federation.hub.ca if ring.public_bytes("mirror") == federation.hub.ring.public_bytes("mirror") else None
    ca = ca or CertificateAuthority.create(ring, now=NOW)
    claims = claim_hub(ring, ca_sha256=ca.sha256)
    is_other = ca is not federation.hub.ca
    word = name_successor(federation.hub.ring, claims, sizes=sizes, federation=FEDERATION) if is_other else None
    named = {} if size is None else {HUB_NAME: size}
    return encode_request(
        SigningRequest(federation=FEDERATION, hub=claims, petitions=(), log_sizes=named, succession=word)
    )


def keys_of(federation: Federation) -> list[tuple[int, KeyStatus, int | None]]:
    signed = federation.authority._membership
    assert signed is not None
    return [(key.epoch, key.status, key.until_size) for key in signed.hub.logs]


def before(federation: Federation) -> Federation:
    """The same federation, signed by a hub of before: without a log of its own."""
    bare = KeyRing(FEDERATION, "hub", {r: k for r, k in federation.hub.ring._keys.items() if r != log_role(1)})
    federation.hub.ring = bare
    federation.hub.claims = claim_hub(bare, ca_sha256=federation.hub.ca.sha256)
    return federation


def test_a_new_federation_has_the_hubs_key_from_the_first_signature(empty: Federation) -> None:
    empty.admit(FR)
    roster = empty.roster()
    assert roster.log_vkeys(LOG_1) == (empty.hub.ring.vkey("log/1"),)
    assert roster.log_vkeys(LOG_2) == ()


def test_a_federation_of_before_gets_a_key_when_a_person_accepts_it(empty: Federation) -> None:
    federation = before(empty)
    federation.admit(FR)
    assert federation.roster().hub.logs == ()
    request = request_of(federation, federation.hub.ring.with_log(1))
    assert federation.authority.review(request).hub.verdict is HubVerdict.LOG_KEY
    with pytest.raises(Refused):
        federation.authority.sign(request, now=NOW)
    federation.hub.repository.accept(federation.authority.sign(request, now=NOW, accept_hub=True), now=NOW)
    assert keys_of(federation) == [(1, KeyStatus.ACTIVE, None)]
    assert federation.authority.review(request).hub.verdict is HubVerdict.UNCHANGED


def test_a_request_of_a_hub_of_before_reads_as_it_always_did(empty: Federation) -> None:
    """And its digits are those that people compared then."""
    federation = before(empty)
    claims = decode_request(federation.request()).hub
    assert (claims.log_vkey, claims.log_proof) == ("", b"")
    assert claims == federation.hub.claims
    assert b'"log"' not in federation.request()


def test_a_next_key_ends_the_former_log_at_the_size_that_the_hub_names(empty: Federation) -> None:
    empty.admit(FR)
    fresh = empty.hub.ring.with_log(2)
    empty.authority.sign(request_of(empty, fresh, size=7), now=NOW, accept_hub=True)
    assert keys_of(empty) == [(1, KeyStatus.RETIRED, 7), (2, KeyStatus.ACTIVE, None)]


def test_a_key_for_an_epoch_that_has_one_is_not_taken(empty: Federation) -> None:
    empty.admit(FR)
    request = request_of(empty, empty.hub.ring.with_log(1))
    assert empty.authority.review(request).hub.verdict is HubVerdict.UNCHANGED
    empty.authority.sign(request, now=NOW)
    assert empty.authority._membership is not None
    assert empty.authority._membership.hub.log_key == MemberKey(
        purpose=KeyPurpose.LOG, vkey=empty.hub.ring.vkey("log/1")
    )


@pytest.mark.parametrize("sizes", [None, {str(LOG_1): 7}])
def test_with_all_its_keys_the_hub_changes_that_of_its_log(empty: Federation, sizes: dict[str, int] | None) -> None:
    """In other hands, a former log key vouches for nothing."""
    empty.admit(FR)
    request = request_of(empty, KeyRing.for_hub(FEDERATION, epoch=2), size=7, sizes=sizes)
    assert empty.authority.review(request).hub.verdict is HubVerdict.ROTATE
    empty.authority.sign(request, now=NOW, accept_hub=True)
    status = KeyStatus.RETIRED if sizes is None else KeyStatus.REVOKED
    assert keys_of(empty) == [(1, status, 7), (2, KeyStatus.ACTIVE, None)]


@pytest.mark.parametrize("compromised", [False, True])
def test_a_hub_in_place_of_a_lost_one_has_no_log_until_it_names_the_next(
    empty: Federation, *, compromised: bool
) -> None:
    empty.admit(FR)
    ring = KeyRing.for_hub(FEDERATION)
    ca = CertificateAuthority.create(ring, now=NOW)
    request = encode_request(
        SigningRequest(federation=FEDERATION, hub=claim_hub(ring, ca_sha256=ca.sha256), petitions=())
    )
    assert empty.authority.review(request).hub.verdict is HubVerdict.REPLACE
    empty.authority.sign(request, now=NOW, accept_hub=True, former_hub=FormerWord(compromised=compromised))
    assert keys_of(empty) == [(1, KeyStatus.REVOKED if compromised else KeyStatus.RETIRED, None)]


def test_an_altered_key_is_refused(empty: Federation) -> None:
    """Whoever carries the request cannot put a key of its own into it."""
    other = KeyRing.for_hub(FEDERATION)
    claims = empty.hub.claims
    for wrong, error in (
        (replace(claims, log_vkey=other.vkey("log/1")), BadSignature),
        (replace(claims, log_vkey=""), BadSignature),
        (replace(claims, log_vkey=KeyRing.for_member(FEDERATION, FR).vkey("log/1")), Malformed),
        (replace(claims, log_proof=bytes(64)), BadSignature),
    ):
        request = encode_request(SigningRequest(federation=FEDERATION, hub=wrong, petitions=()))
        with pytest.raises(error):
            empty.authority.sign(request, now=NOW, accept_hub=True)


def test_no_member_is_admitted_with_the_name_of_the_hub(empty: Federation) -> None:
    petition = petition_of(KeyRing.for_member(FEDERATION, HUB_NAME), name="The hub")
    (finding,) = empty.authority.review(empty.request(petition)).findings
    assert (finding.verdict, "the hub's own log has this name" in finding.reason) == (Verdict.REFUSE, True)


def test_a_roster_with_hub_keys_reads_back_and_a_crooked_one_does_not() -> None:
    ring = KeyRing.for_hub(FEDERATION)
    first = MemberKey(purpose=KeyPurpose.LOG, vkey=ring.vkey("log/1"), status=KeyStatus.RETIRED, until_size=4)
    second = MemberKey(purpose=KeyPurpose.LOG, vkey=ring.with_log(2).vkey("log/2"), epoch=2)
    good = replace(MEMBERSHIP, hub=replace(MEMBERSHIP.hub, logs=(first, second)))
    assert decode_membership(encode_membership(good)) == good
    for logs in (
        (second, first),
        (first, first),
        (replace(first, status=KeyStatus.ACTIVE, until_size=None), second),
        (replace(second, epoch=1),),
        (replace(second, purpose=KeyPurpose.STATEMENT),),
    ):
        with pytest.raises(Malformed):
            decode_membership(encode_membership(replace(MEMBERSHIP, hub=replace(MEMBERSHIP.hub, logs=logs))))


def test_an_origin_of_the_hub_has_no_other_keys_than_the_hubs(empty: Federation) -> None:
    empty.admit(FR, JP)
    roster: Roster = empty.roster()
    assert roster.log_vkeys(Origin(FEDERATION, FR, 1)) == (empty.rings[FR].vkey("log/1"),)
    assert roster.log_vkeys(replace(LOG_1, stream="audit")) == ()
