"""The hub's keys change: by its former keys' word, or, where those are lost, on the authority's. Signs nothing.

Rules this module upholds:

- A hub that names its successor proves both: the former mirror and online key sign for the new identity.
- A former mirror key is never forgotten. It vouches for what it cosigned up to a stated time, and, where somebody else
  may hold it, up to the stated size of each log. So what was proven before a change is proven after it.
- No key ever comes back: a mirror key that the hub has given up is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.ids import FederationId
from node.domain.roster import FormerHubKey, HubIdentity, KeyStatus
from node.errors import Refused
from node.pki.courier import SigningRequest, check_hub, hub_fingerprint
from node.pki.successor import check_succession

OVERLAP_SECONDS: Final = 30 * SECONDS_A_DAY
"""How long after the authority's signature a former key still vouches: the bundle travels by hand, and until the hub
has it, it cosigns with the former key."""


class HubVerdict(StrEnum):
    """What the hub of a signing request is to the authority.

    NEW: its first hub. UNCHANGED. ROTATE: the former keys name the new ones. REPLACE: nobody speaks for it.
    """

    NEW = "new"
    UNCHANGED = "unchanged"
    ROTATE = "rotate"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFinding:
    """The hub of a request judged. `fingerprint`, `former_fingerprint`: 32 bytes to compare by voice; the former one is
    empty where there was no hub.
    """

    verdict: HubVerdict
    fingerprint: bytes
    former_fingerprint: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerWord:
    """What a person says of a hub that is replaced.

    `until`: Unix seconds, the last moment at which it alone held its key; None: now. `compromised`: somebody else may
    hold the key.
    """

    until: int | None = None
    compromised: bool = False


def judge_hub(
    known: HubIdentity | None, online: bytes, request: SigningRequest, federation: FederationId
) -> HubFinding:
    """Judges the hub of a request against the roster's. `online`: the hub's present online key (32 bytes).

    1. the hub proves its own keys; 2. no mirror key comes back; 3. where former keys speak for it, their proofs verify;
    4. they count where they are the present hub's. Raises `Malformed`, `BadSignature`, `Refused`.
    """
    hub = request.hub
    check_hub(hub, federation)
    fingerprint = hub.fingerprint(federation)
    if known is None:
        return HubFinding(verdict=HubVerdict.NEW, fingerprint=fingerprint)
    if hub.mirror_vkey in {key.vkey for key in known.former}:
        raise Refused(
            "the hub asks with a key that it has given up before",
            remedy="no key ever comes back: make new ones with vigil hub rekey, or a new hub with vigil hub init",
        )
    former = hub_fingerprint(federation, online, known.cosigner_vkey, known.ca_sha256)
    if known.is_hub(hub.identity) and hub.online == online:
        return HubFinding(verdict=HubVerdict.UNCHANGED, fingerprint=fingerprint, former_fingerprint=former)
    succession = request.succession
    if succession is not None:
        check_succession(succession, hub, federation)
    # A word of other keys than the roster's says nothing: such a hub is replaced, as if it had brought none.
    named = succession is not None and (succession.mirror_vkey, succession.online) == (known.cosigner_vkey, online)
    verdict = HubVerdict.ROTATE if named else HubVerdict.REPLACE
    return HubFinding(verdict=verdict, fingerprint=fingerprint, former_fingerprint=former)


def succeed(
    known: HubIdentity | None, request: SigningRequest, finding: HubFinding, word: FormerWord, *, now: float
) -> HubIdentity:
    """The hub's line in the next roster, with its former keys in it. `now`: Unix seconds. Raises `Refused` for a time
    that is still to come.
    """
    if word.until is not None and word.until > now:
        raise Refused("the former hub's key cannot count until a time that is still to come")
    identity = request.hub.identity
    if known is None:
        return identity
    if finding.verdict is HubVerdict.UNCHANGED:
        return replace(identity, former=_still_on_its_way(known.former, request, now))
    if identity.cosigner_vkey == known.cosigner_vkey:
        return replace(identity, former=known.former)
    ends = int(now) if word.until is None else word.until
    sizes = None
    status = KeyStatus.REVOKED if word.compromised else KeyStatus.RETIRED
    if finding.verdict is HubVerdict.ROTATE and request.succession is not None:
        sizes = request.succession.sizes
        if sizes is not None:
            # The hub stopped cosigning before it named the sizes: its key was no longer its own.
            status = KeyStatus.REVOKED
        elif not word.compromised and word.until is None:
            ends = int(now) + OVERLAP_SECONDS
    gone = FormerHubKey(vkey=known.cosigner_vkey, status=status, until=ends, sizes=sizes)
    return replace(identity, former=(*known.former, gone))


def _still_on_its_way(
    former: tuple[FormerHubKey, ...], request: SigningRequest, now: float
) -> tuple[FormerHubKey, ...]:
    """A hub that still asks with its former key's word has not changed over yet: that key counts for longer."""
    succession = request.succession
    if not former or succession is None or succession.sizes is not None:
        return former
    *others, last = former
    if last.vkey != succession.mirror_vkey or last.status is not KeyStatus.RETIRED or last.sizes is not None:
        return former
    check_succession(succession, request.hub, request.federation)
    return (*others, replace(last, until=max(last.until, int(now) + OVERLAP_SECONDS)))
