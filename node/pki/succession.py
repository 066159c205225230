"""A change of the hub's keys. The former keys endorse it, or the authority decides if they are lost. Signs nothing.

Rules this module upholds:

- A hub that names its successor proves both: the former mirror key and online key sign the new identity.
- The roster keeps a former mirror key. Its cosignatures stay valid up to a stated time and, if somebody else may hold
  the key, up to the stated size of each log. So records that were proven before a change stay proven.
- No key is used again: a mirror key that the hub has given up is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.ids import HUB_NAME, FederationId
from node.domain.roster import FormerHubKey, HubIdentity, KeyStatus, MemberKey
from node.errors import Refused
from node.pki.courier import SigningRequest, check_hub, hub_fingerprint
from node.pki.successor import check_succession

OVERLAP_SECONDS: Final = 30 * SECONDS_A_DAY
"""Seconds after the authority's signature for which a former key stays valid: a person carries the bundle to the hub,
and the hub cosigns with the former key until then."""


class HubVerdict(StrEnum):
    """How the hub of a signing request relates to the roster.

    NEW: the first hub. UNCHANGED. LOG_KEY: the same hub names a new key of its own log. ROTATE: the former keys endorse
    the new ones. REPLACE: no former key endorses it.
    """

    NEW = "new"
    UNCHANGED = "unchanged"
    LOG_KEY = "log-key"
    ROTATE = "rotate"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFinding:
    """The judged hub of a request. `fingerprint`, `former_fingerprint`: 32 bytes to compare by voice. The former one is
    empty if there was no hub.
    """

    verdict: HubVerdict
    fingerprint: bytes
    former_fingerprint: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerWord:
    """A person's statement about a replaced hub.

    `until`: Unix seconds, the last time at which only the hub held its key; None: now. `compromised`: somebody else
    may hold the key.
    """

    until: int | None = None
    compromised: bool = False


def judge_hub(
    known: HubIdentity | None, online: bytes, request: SigningRequest, federation: FederationId
) -> HubFinding:
    """Compares the hub of a request with the roster's. `online`: the hub's present online key (32 bytes).

    1. the hub proves its own keys; 2. no mirror key and no log key is used again; 3. if former keys endorse it, their
    proofs verify; 4. an endorsement counts only from the present hub's keys. Raises `Malformed`, `BadSignature`,
    `Refused`.
    """
    hub = request.hub
    check_hub(hub, federation)
    fingerprint = hub.fingerprint(federation)
    if known is None:
        return HubFinding(verdict=HubVerdict.NEW, fingerprint=fingerprint)
    if hub.mirror_vkey in {key.vkey for key in known.former}:
        raise Refused(
            "the hub's request has a key that the hub gave up before",
            remedy="no key is used again: make new ones with vigil hub rekey, or a new hub with vigil hub init",
        )
    has_new_log = _names_new_log(known, hub.identity)
    former = hub_fingerprint(federation, online, known)
    if known.is_hub(hub.identity) and hub.online == online:
        # Its present keys signed the whole identity, the key of its log included.
        verdict = HubVerdict.LOG_KEY if has_new_log else HubVerdict.UNCHANGED
        return HubFinding(verdict=verdict, fingerprint=fingerprint, former_fingerprint=former)
    succession = request.succession
    if succession is not None:
        check_succession(succession, hub, federation)
    # An endorsement by keys that are not in the roster proves nothing: such a hub is replaced.
    named = succession is not None and (succession.mirror_vkey, succession.online) == (known.cosigner_vkey, online)
    verdict = HubVerdict.ROTATE if named else HubVerdict.REPLACE
    return HubFinding(verdict=verdict, fingerprint=fingerprint, former_fingerprint=former)


def _names_new_log(known: HubIdentity, claimed: HubIdentity) -> bool:
    """Whether a hub names a key for a later epoch of its own log. A key for an epoch that has one is not taken: a hub
    that replaces a lost one makes another (vigil hub log-key).
    """
    key = claimed.log_key
    return key is not None and (not known.logs or key.epoch > known.logs[-1].epoch)


def succeed(
    known: HubIdentity | None, request: SigningRequest, finding: HubFinding, word: FormerWord, *, now: float
) -> HubIdentity:
    """The hub's entry in the next roster, with its former keys. `now`: Unix seconds. Raises `Refused` for a time in the
    future.
    """
    if word.until is not None and word.until > now:
        raise Refused("the former hub's key cannot stay valid until a future time")
    identity = request.hub.identity
    if known is None:
        return identity
    identity = replace(identity, logs=_logs(known, request, word))
    if finding.verdict in {HubVerdict.UNCHANGED, HubVerdict.LOG_KEY}:
        return replace(identity, former=_still_on_its_way(known.former, request, now))
    if identity.cosigner_vkey == known.cosigner_vkey:
        return replace(identity, former=known.former)
    ends = int(now) if word.until is None else word.until
    sizes = None
    status = KeyStatus.REVOKED if word.compromised else KeyStatus.RETIRED
    if finding.verdict is HubVerdict.ROTATE and request.succession is not None:
        sizes = request.succession.sizes
        if sizes is not None:
            # The hub stopped cosigning before it named the sizes, because somebody else may hold its key.
            status = KeyStatus.REVOKED
        elif not word.compromised and word.until is None:
            ends = int(now) + OVERLAP_SECONDS
    gone = FormerHubKey(vkey=known.cosigner_vkey, status=status, until=ends, sizes=sizes)
    return replace(identity, former=(*known.former, gone))


def _logs(known: HubIdentity, request: SigningRequest, word: FormerWord) -> tuple[MemberKey, ...]:
    """The keys of the hub's own log. A former key vouches up to the size that the hub names, or for nothing any more if
    somebody else may hold it.
    """
    claimed = request.hub.identity
    fresh = claimed.logs if _names_new_log(known, claimed) else ()
    if not fresh and known.is_hub(claimed):
        return known.logs
    stolen = word.compromised or (request.succession is not None and request.succession.sizes is not None)
    status, size = KeyStatus.REVOKED if stolen else KeyStatus.RETIRED, request.log_sizes.get(HUB_NAME)
    former = [
        replace(key, status=status, until_size=size) if key.status is KeyStatus.ACTIVE else key for key in known.logs
    ]
    return (*former, *fresh)


def _still_on_its_way(
    former: tuple[FormerHubKey, ...], request: SigningRequest, now: float
) -> tuple[FormerHubKey, ...]:
    """A hub that still sends its former key's endorsement has not changed over yet, so that key stays valid longer."""
    succession = request.succession
    if not former or succession is None or succession.sizes is not None:
        return former
    *others, last = former
    if last.vkey != succession.mirror_vkey or last.status is not KeyStatus.RETIRED or last.sizes is not None:
        return former
    check_succession(succession, request.hub, request.federation)
    return (*others, replace(last, until=max(last.until, int(now) + OVERLAP_SECONDS)))
