"""The members, their keys, and the federation's policy.

Rules this module upholds:

- These values come only from verified TUF targets (`node/pki`); nothing here verifies a signature.
- Every key has its purpose and its status; a log key also the sizes of the log that it may vouch for.
- A name that is not in the roster has no rights (promise 8).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR, PDQ_RADIUS
from node.domain.handling import CODES, PURPOSES
from node.domain.ids import HUB_NAME
from node.domain.limits import Limits
from node.errors import Refused, Suspended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.domain.ids import FederationId, MemberId, Origin

PDQ_RADIUS_CAP: Final = 31
"""The policy may lower the radius, but never raise it above this (promise: hard caps above the policy)."""
MAX_SKEW_SECONDS: Final = 3_600


class KeyPurpose(StrEnum):
    """One key, one purpose."""

    LOG = "log"
    STATEMENT = "statement"
    WITNESS = "witness"


class KeyStatus(StrEnum):
    """An active key signs; a retired one vouches for what it has signed; a revoked one for nothing new."""

    ACTIVE = "active"
    RETIRED = "retired"
    REVOKED = "revoked"


class MemberStatus(StrEnum):
    """The hub's delegated role states a suspension, the authority states leaving."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberKey:
    """`vkey`: C2SP verifier key text. `epoch`: the log epoch of a log key. `until_size` None: no end."""

    purpose: KeyPurpose
    vkey: str
    status: KeyStatus = KeyStatus.ACTIVE
    epoch: int = 1
    from_size: int = 0
    until_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member as the authority signed it, with the hub's suspension applied.

    `fading`: verifier keys that recently stopped being its statement key, so messages that they signed may still be
    under way. Never from the authority: the holder of the roster in force knows when it changed
    (`usecases.roster.Members`). `suspension`: why the hub's operator suspended it, in the operator's own words: one
    printable line, neither trusted nor logged. `suspended_since`: Unix seconds. "" and 0 if the hub did not suspend it.
    """

    id: MemberId
    name: str
    status: MemberStatus
    keys: tuple[MemberKey, ...]
    suspension: str = ""
    suspended_since: int = 0
    fading: tuple[str, ...] = ()

    @property
    def log_epoch(self) -> int:
        """The epoch of the member's newest log key, of any status; 0 if it has none."""
        return max((key.epoch for key in self.keys if key.purpose is KeyPurpose.LOG), default=0)

    def active_vkeys(self) -> dict[str, str]:
        """The member's active verifier key by purpose."""
        return {key.purpose.value: key.vkey for key in self.keys if key.status is KeyStatus.ACTIVE}

    def log_ends(self) -> dict[int, int]:
        """Where the logs of former epochs end, by epoch: how many entries their key may vouch for."""
        former = [k for k in self.keys if k.purpose is KeyPurpose.LOG and k.status is not KeyStatus.ACTIVE]
        return {key.epoch: key.until_size for key in former if key.until_size is not None}

    def statement_vkeys(self) -> tuple[str, ...]:
        """The verifier keys of the member's queries, answers and acknowledgements that are active now."""
        return tuple(k.vkey for k in self.keys if k.purpose is KeyPurpose.STATEMENT and k.status is KeyStatus.ACTIVE)

    def in_flight_vkeys(self) -> tuple[str, ...]:
        """The keys that count for a query or an answer that arrives now: the active one, and the fading ones."""
        return self.statement_vkeys() + self.fading


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerHubKey:
    """A former mirror key of the hub, and what it still vouches for.

    `status`: retired (a planned change, or a lost hub) or revoked (someone else may have the key). `until`: Unix
    seconds; a cosignature with a later date counts for nothing. `sizes`: the largest size of each log that the key may
    vouch for, by the text of the log's origin, and 0 for a log that is not named; None if they are unknown.
    """

    vkey: str
    status: KeyStatus
    until: int
    sizes: Mapping[str, int] | None = None

    def vouches(self, origin: str, size: int, time: int) -> bool:
        """Whether its cosignature of `time` (Unix seconds) counts under a checkpoint of `origin` at `size` entries."""
        return time <= self.until and (self.sizes is None or size <= self.sizes.get(origin, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class HubIdentity:
    """The hub as the authority signed it: mirror cosigner vkey (0x04), SHA-256 of its CA certificate (DER).

    `former`: its earlier mirror keys, oldest first. `logs`: the keys of its own log, one for each epoch, oldest first;
    empty for a hub that has no log of its own yet.
    """

    cosigner_vkey: str
    ca_sha256: bytes
    former: tuple[FormerHubKey, ...] = ()
    logs: tuple[MemberKey, ...] = ()

    @property
    def log_key(self) -> MemberKey | None:
        """The active key of its own log."""
        return next((key for key in self.logs if key.status is KeyStatus.ACTIVE), None)

    def is_hub(self, other: HubIdentity) -> bool:
        """Whether both name the same hub with the same keys; former keys and the keys of its log are not compared."""
        return (self.cosigner_vkey, self.ca_sha256) == (other.cosigner_vkey, other.ca_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryScheme:
    """A category scheme that the federation understands."""

    scheme: str
    version: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The policy of the federation. Seconds, bits and counts as named.

    `query_cost_per_minute`: how many fingerprints a member may ask about per minute, over all its queries.
    """

    version: int = 1
    pdq_radius: int = PDQ_RADIUS
    pdq_quality_floor: int = PDQ_QUALITY_FLOOR
    purposes: tuple[str, ...] = PURPOSES
    handling_codes: tuple[str, ...] = CODES
    schemes: tuple[CategoryScheme, ...] = ()
    skew_seconds: int = 300
    max_query_fingerprints: int = 1_000
    query_cost_per_minute: int = 6_000
    query_budget_seconds: float = 30.0
    limits: Limits = field(default_factory=Limits)

    @property
    def radius(self) -> int:
        """The PDQ radius in use: the agreed one, limited by the code's own cap."""
        return min(self.pdq_radius, PDQ_RADIUS_CAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """A verified roster. `version`: the TUF targets version; `expires`: Unix seconds, the earliest of its metadata.
    `signed_until`: Unix seconds, the earliest of what the authority itself signed. The hub renews the rest every day.
    """

    federation: FederationId
    version: int
    expires: float
    hub: HubIdentity
    members: dict[MemberId, Member] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    signed_until: float = math.inf

    def active(self) -> tuple[MemberId, ...]:
        """The active members, in order."""
        return tuple(sorted(m.id for m in self.members.values() if m.status is MemberStatus.ACTIVE))

    def require_active(self, member: MemberId) -> Member:
        """The member, or `Refused` if unknown or gone, `Suspended` if suspended."""
        found = self.members.get(member)
        if found is None or found.status is MemberStatus.LEFT:
            raise Refused(f"{member} is not a member of {self.federation}", remedy="ask the federation's authority")
        if found.status is MemberStatus.SUSPENDED:
            raise _suspended(found)
        return found

    def require_owner(self, member: MemberId) -> Member:
        """The member if it is active or has left: it may still retract its records. Raises as `require_active` if it is
        unknown or suspended.
        """
        found = self.members.get(member)
        return found if found is not None and found.status is MemberStatus.LEFT else self.require_active(member)

    def log_keys(self, origin: Origin) -> tuple[MemberKey, ...]:
        """The keys that may vouch for `origin`, of a member or of the hub, the active one first; empty if its owner is
        unknown or the federation another. A revoked key never may.
        """
        if origin.federation != self.federation or origin.stream != "log":
            return ()
        member = self.members.get(origin.member)
        keys = self.hub.logs if origin.member == HUB_NAME else member.keys if member else ()
        chosen = [
            key
            for key in keys
            if key.purpose is KeyPurpose.LOG and key.epoch == origin.epoch and key.status is not KeyStatus.REVOKED
        ]
        return tuple(sorted(chosen, key=lambda key: key.status is not KeyStatus.ACTIVE))

    def log_vkeys(self, origin: Origin) -> tuple[str, ...]:
        """The verifier keys of `log_keys`."""
        return tuple(key.vkey for key in self.log_keys(origin))


def _suspended(member: Member) -> Suspended:
    if not member.suspension:
        return Suspended(f"{member.id} is suspended by the authority", remedy="ask the federation's authority")
    return Suspended(
        f"{member.id} is suspended. The hub's operator says: {member.suspension}",
        remedy="ask the hub's operator, who can lift the suspension",
    )
