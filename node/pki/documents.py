"""The documents of the roster: the members, the policy, the suspensions.

Rules this module upholds:

- A key in the roster is a verifier key of its member and purpose. A `domain.roster` value contains no other key.
- A well-formed document is not trusted yet. `node.pki.client` and `node.pki.repository` check the signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from node.domain.ids import HUB_NAME, FederationId, MemberId, Origin, federation_id, member_id
from node.domain.limits import Limits, ranges
from node.domain.policy_terms import BUDGET, BUDGET_RANGE, NUMBERS
from node.domain.roster import (
    CategoryScheme,
    FormerHubKey,
    HubIdentity,
    KeyPurpose,
    KeyStatus,
    Member,
    MemberKey,
    MemberStatus,
    Policy,
)
from node.domain.texts import checked_text, signed_text
from node.errors import Malformed, Misuse, PeerFault
from node.pki.keys import HUB, MIRROR, log_role, vkey_name
from node.pki.petition import MAX_NAME
from node.pki.strictjson import Fields, decode, encode
from node.tlog import note

ROSTER_FILE: Final = "roster.json"
POLICY_FILE: Final = "policy.json"
SUSPENDED_FILE: Final = "suspended.json"
MAX_REASON: Final = 200
"""Maximum characters of the reason for a suspension."""

_ROSTER: Final = "vigil/roster/v1"
_POLICY: Final = "vigil/policy/v1"
_SUSPENDED: Final = "vigil/suspended/v1"

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The part that the authority signs: the hub, and the members without the hub's suspensions."""

    federation: FederationId
    hub: HubIdentity
    members: Mapping[MemberId, Member]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """The reason and the start (Unix seconds)."""

    reason: str
    since: int


# --- roster.json ------------------------------------------------------------------------------------------------------


def encode_membership(membership: Membership) -> bytes:
    """roster.json."""
    return encode(
        {
            "type": _ROSTER,
            "federation": membership.federation,
            "hub": _hub_fields(membership.hub),
            "members": [_member_fields(membership.members[each]) for each in sorted(membership.members)],
        }
    )


def _hub_fields(hub: HubIdentity) -> dict[str, Any]:
    fields: dict[str, Any] = {"mirror": hub.cosigner_vkey, "ca_sha256": hub.ca_sha256.hex()}
    if hub.former:
        # Omitted if there are none, so that every version reads the roster of a federation whose hub never changed.
        fields["former"] = [
            {
                "mirror": key.vkey,
                "status": key.status.value,
                "until": key.until,
                "sizes": None if key.sizes is None else dict(key.sizes),
            }
            for key in hub.former
        ]
    if hub.logs:
        # Omitted as well: a version that does not know the hub's own log reads the roster of a hub without one.
        fields["logs"] = list(map(_key_fields, hub.logs))
    return fields


def _key_fields(key: MemberKey) -> dict[str, Any]:
    return {**asdict(key), "purpose": key.purpose.value, "status": key.status.value}


def _member_fields(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "name": member.name,
        "status": member.status.value,
        "keys": list(map(_key_fields, member.keys)),
    }


def decode_membership(data: bytes) -> Membership:
    """Reads roster.json. Raises `Malformed`, also for a key with another member's name or a key of two members."""
    top = decode(data, _ROSTER, "a roster")
    federation = federation_id(top.text("federation"))
    hub = _decode_hub(top.value("hub"))
    members = [_decode_member(each) for each in top.items("members")]
    top.end()
    if [member.id for member in members] != sorted({member.id for member in members}):
        raise Malformed("a roster names a member twice, or is not sorted")
    hub_keys = [hub.cosigner_vkey, *(key.vkey for key in hub.former)]
    owners: dict[bytes, str] = {_public_key(each, vkey_name(federation, HUB, MIRROR)): HUB for each in hub_keys}
    for key in hub.logs:
        owners[_public_key(key.vkey, vkey_name(federation, HUB, log_role(key.epoch)))] = HUB
    if len(owners) != len(hub_keys) + len(hub.logs):
        raise Malformed("a roster names a key of the hub twice")
    if hub.logs and any(member.id == HUB_NAME for member in members):
        raise Malformed("a roster has a member with the name of the hub")
    for member in members:
        for key in member.keys:
            role = log_role(key.epoch) if key.purpose is KeyPurpose.LOG else key.purpose.value
            public = _public_key(key.vkey, vkey_name(federation, member.id, role))
            if owners.setdefault(public, f"{member.id}/{role}") != f"{member.id}/{role}":
                raise Malformed("a roster gives one key to two members")
    return Membership(federation=federation, hub=hub, members={member.id: member for member in members})


def _decode_hub(value: Any) -> HubIdentity:  # noqa: ANN401 -- JSON
    fields = Fields(value, "a roster's hub")
    former = tuple(map(_decode_former, fields.items("former"))) if "former" in fields.names() else ()
    logs = tuple(map(_decode_key, fields.items("logs"))) if "logs" in fields.names() else ()
    hub = HubIdentity(
        cosigner_vkey=fields.text("mirror"), ca_sha256=fields.digest("ca_sha256"), former=former, logs=logs
    )
    fields.end()
    epochs = [key.epoch for key in logs]
    if any(key.purpose is not KeyPurpose.LOG for key in logs) or epochs != sorted(set(epochs)):
        raise Malformed("a roster has keys of the hub's log that are no log keys, or not one for each epoch")
    if any(key.status is KeyStatus.ACTIVE for key in logs[:-1]):
        raise Malformed("a roster has an active key of a former log of the hub")
    return hub


def _decode_former(value: Any) -> FormerHubKey:  # noqa: ANN401 -- JSON
    fields = Fields(value, "a former key of the hub")
    sizes = None
    if not fields.missing("sizes"):
        table = Fields(fields.value("sizes"), "the sizes of a former key of the hub")
        sizes = {str(Origin.parse(name)): table.number(name, 0, 2**63 - 1) for name in table.names()}
    key = FormerHubKey(
        vkey=fields.text("mirror"),
        status=_word(KeyStatus, fields.text("status")),
        until=fields.number("until", 0, 2**53),
        sizes=sizes,
    )
    fields.end()
    if key.status is KeyStatus.ACTIVE:
        raise Malformed("a former key of the hub is active")
    return key


def _public_key(text: str, expected: tuple[str, int]) -> bytes:
    vkey = note.parse_vkey(text)
    if (vkey.name, vkey.key_type) != expected:
        raise Malformed("a roster has a key with the name or the type of another key")
    return vkey.public_key


def _decode_member(value: Any) -> Member:  # noqa: ANN401 -- JSON
    fields = Fields(value, "a member of the roster")
    member = Member(
        id=member_id(fields.text("id")),
        name=signed_text(fields.text("name"), MAX_NAME, "a member's name"),
        status=_word(MemberStatus, fields.text("status")),
        keys=tuple(map(_decode_key, fields.items("keys"))),
    )
    fields.end()
    active = sorted(key.purpose for key in member.keys if key.status is KeyStatus.ACTIVE)
    if len(active) != len(set(active)) or (member.status is not MemberStatus.LEFT and len(active) != len(KeyPurpose)):
        raise Malformed("a member of the roster has not exactly one active key for each purpose")
    return member


def _decode_key(value: Any) -> MemberKey:  # noqa: ANN401 -- JSON
    fields = Fields(value, "a key of the roster")
    until = None if fields.missing("until_size") else fields.number("until_size", 0, 2**63 - 1)
    key = MemberKey(
        purpose=_word(KeyPurpose, fields.text("purpose")),
        vkey=fields.text("vkey"),
        status=_word(KeyStatus, fields.text("status")),
        epoch=fields.number("epoch", 1, 999_999_999),
        from_size=fields.number("from_size", 0, 2**63 - 1),
        until_size=until,
    )
    fields.end()
    return key


def _word(kind: type[_Word], text: str) -> _Word:
    try:
        return kind(text)
    except ValueError as error:
        raise Malformed("a roster has a status or a purpose that this version does not know") from error


# --- policy.json ------------------------------------------------------------------------------------------------------


def encode_policy(policy: Policy) -> bytes:
    """policy.json. Omits limits that have their default, so that every version reads a policy of defaults."""
    said: dict[str, Any] = {"type": _POLICY, **asdict(policy)}
    limits = {name: said["limits"][name] for name, default, _, _ in ranges() if said["limits"][name] != default}
    if limits:
        return encode({**said, "limits": limits})
    del said["limits"]
    return encode(said)


def decode_policy(data: bytes) -> Policy:
    """Reads policy.json. Raises `Malformed`, also for a figure above the code's own caps (promise 8)."""
    top = decode(data, _POLICY, "a policy")
    policy = Policy(
        version=top.number("version", 1, 2**31 - 1),
        **{name: top.number(name, low, high) for name, (low, high) in NUMBERS.items()},
        purposes=top.texts("purposes"),
        handling_codes=top.texts("handling_codes"),
        schemes=tuple(map(_decode_scheme, top.items("schemes"))),
        query_budget_seconds=top.real(BUDGET, *BUDGET_RANGE),
        limits=_decode_limits(top),
    )
    top.end()
    return policy


def _decode_limits(policy: Fields) -> Limits:
    """A limit that the policy omits has its default."""
    if "limits" not in policy.names():
        return Limits()
    there = Fields(policy.value("limits"), "the policy's limits")
    named = set(there.names())
    limits = Limits(**{name: there.number(name, low, high) for name, _, low, high in ranges() if name in named})
    there.end()
    return limits


def _decode_scheme(value: Any) -> CategoryScheme:  # noqa: ANN401 -- JSON
    fields = Fields(value, "a category scheme")
    scheme = CategoryScheme(scheme=fields.text("scheme"), version=fields.text("version"), codes=fields.texts("codes"))
    fields.end()
    return scheme


def checked_policy(policy: Policy) -> bytes:
    """policy.json, checked as a reader checks it. Raises `Misuse` for a policy above the caps."""
    data = encode_policy(policy)
    try:
        if decode_policy(data) == policy:
            return data
    except PeerFault as error:
        raise Misuse(f"this policy cannot be signed: {error}") from error
    raise Misuse("this policy could not be read back: a budget is written with a point, a list has no duplicates")


# --- suspended.json ---------------------------------------------------------------------------------------------------


def encode_suspended(federation: FederationId, suspended: Mapping[MemberId, Suspension]) -> bytes:
    """suspended.json. The hub's online key signs it through its delegated role."""
    rows = [
        {"id": each, "reason": suspended[each].reason, "since": suspended[each].since} for each in sorted(suspended)
    ]
    return encode({"type": _SUSPENDED, "federation": federation, "members": rows})


def decode_suspended(data: bytes) -> tuple[FederationId, dict[MemberId, Suspension]]:
    """Reads suspended.json. Raises `Malformed`."""
    top = decode(data, _SUSPENDED, "a list of suspensions")
    federation = federation_id(top.text("federation"))
    rows = [_decode_suspension(each) for each in top.items("members")]
    top.end()
    if [member for member, _ in rows] != sorted({member for member, _ in rows}):
        raise Malformed("a list of suspensions names a member twice, or is not sorted")
    return federation, dict(rows)


def _decode_suspension(value: Any) -> tuple[MemberId, Suspension]:  # noqa: ANN401 -- JSON
    fields = Fields(value, "a suspension")
    member = member_id(fields.text("id"))
    found = Suspension(
        reason=signed_text(fields.text("reason"), MAX_REASON, "a reason"), since=fields.number("since", 0, 2**53)
    )
    fields.end()
    return member, found


def check_reason(reason: str) -> str:
    """A reason that the hub states: one printable line. Raises `Malformed`."""
    return checked_text(reason, MAX_REASON, "a reason")
