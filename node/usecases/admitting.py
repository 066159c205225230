"""Checks whether a question of another member must be answered, and whether it is permitted.

Rules this module upholds:

- Passing the hub proves nothing: signature, dates, address and cost are checked here again.
- The checks use no clock and no store of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.orientations import strangers
from node.domain.signing import query_preimage
from node.errors import Expired, Refused
from node.usecases.signatures import verify_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import MemberId
    from node.domain.queries import QueryHeader, QueryPayload, SignedQuery, Subject
    from node.domain.roster import Policy, Roster

MAX_QUERY_SECONDS: Final = 7 * SECONDS_A_DAY
"""How long a query may be valid. Answers are stored for longer (`config.MIN_QUERY_DAYS`), so a query that is sent again
always finds its answer, or is refused as expired."""


def cost_of(subjects: Sequence[Subject]) -> int:
    """The cost of a query: one unit per fingerprint. Orientations of one picture are free, unless they do not match the
    picture that they are declared for: then each counts, so eight hashes never cost the price of one. A picture without
    its borders, or on a background, is another picture: its hashes are further fingerprints, and its orientations are
    checked against it.
    """
    return sum(
        len(subject.fingerprints) + sum(strangers(turned) for _, turned in subject.variants()) for subject in subjects
    )


def check_owed(roster: Roster, me: MemberId, query: SignedQuery, header: QueryHeader, now: float) -> None:
    """Whether an answer is due: 1. the asker is an active member; 2. the signature is that member's; 3. it was issued
    within the policy's clock skew, has not expired, and is not valid for too long; 4. it is addressed to us, and names
    no recipient twice.

    Raises `BadSignature`, `Unauthenticated`, `Suspended`, `Refused`, `Expired`.
    """
    asker = roster.require_active(header.asker)
    preimage = query_preimage(roster.federation, query.header, query.payload)
    verify_message(preimage, query.signature, asker.in_flight_vkeys())
    if header.issued_at > now + roster.policy.skew_seconds:
        raise Refused("a query was issued in the future", remedy="check this machine's clock")
    if header.expires_at + roster.policy.skew_seconds < now:
        raise Expired("a query is past its expiry")
    if header.expires_at - header.issued_at > MAX_QUERY_SECONDS:
        raise Refused("a query is valid for too long", remedy="ask again, with a nearer expiry")
    if header.recipients and me not in header.recipients:
        raise Refused("a query is addressed to others")
    if len(set(header.recipients)) < len(header.recipients):
        raise Refused("a query names a recipient twice", remedy="name each member once")


def objection(policy: Policy, header: QueryHeader, payload: QueryPayload) -> str:
    """Why a question is not permitted, "" if it is."""
    if header.purpose not in policy.purposes:
        return "the policy does not know this purpose"
    if not (payload.legal_basis and payload.case_reference and payload.officer_role):
        return "a query names its legal basis, case reference and officer role"
    cost = cost_of(payload.subjects)
    if not 0 < cost <= policy.max_query_fingerprints:
        return f"a query asks about 1 to {policy.max_query_fingerprints} fingerprints"
    if header.cost != cost:
        return "the query's declared cost does not match its content"
    return ""
