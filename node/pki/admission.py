"""The authority's decisions about petitions and the membership, without keys or disk.

Rules this module upholds:

- The authority checks every petition itself, and does not trust the hub.
- A member's former statement key endorses a change of its keys (`ROTATE`). If that key is lost, the authority decides
  (`REPLACE`). The hub cannot change a member's keys.
- No key is used again: not for another member, not for another purpose, not after it was retired.
- A new log key opens the next epoch. Earlier signatures of the former key stay valid, up to the size that the hub had
  cosigned.
- A bad petition does not affect the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from node.domain.hub_ports import JoinRequest
from node.domain.ids import FederationId, MemberId, check_not_the_hub
from node.domain.roster import KeyPurpose, KeyStatus, Member, MemberKey, MemberStatus
from node.domain.texts import check_untaken
from node.errors import PeerFault, Refused
from node.pki.documents import Membership
from node.pki.petition import PURPOSES, Claims, check_petition
from node.tlog import note


class Verdict(StrEnum):
    """The result of a judgement of a petition."""

    ADMIT = "admit"
    UNCHANGED = "unchanged"
    ROTATE = "rotate"
    REPLACE = "replace"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One judged petition. `fingerprint`: 32 bytes to compare by voice. Refused: `reason` is set, `claims` is None."""

    member: MemberId
    name: str
    verdict: Verdict
    fingerprint: bytes = b""
    reason: str = ""
    claims: Claims | None = None


def review(membership: Membership | None, petitions: Sequence[JoinRequest], federation: FederationId) -> list[Finding]:
    """Judges each petition separately, against the current membership."""
    members = membership.members if membership else {}
    taken = _public_keys(membership)
    names = {member.id: member.name for member in members.values()}
    findings = []
    for petition in petitions:
        try:
            claims = check_petition(petition, federation)
            check_not_the_hub(petition.member)
            check_untaken(petition.name, names, petition.member)
            verdict = _judge(claims, members.get(petition.member), taken)
        except (PeerFault, Refused) as error:
            findings.append(
                Finding(member=petition.member, name=petition.name, verdict=Verdict.REFUSE, reason=str(error))
            )
            continue
        taken |= {key.public_key for key in claims.keys.values()}
        names[petition.member] = petition.name
        findings.append(
            Finding(
                member=petition.member,
                name=petition.name,
                verdict=verdict,
                fingerprint=claims.fingerprint,
                claims=claims,
            )
        )
    return findings


def _public_keys(membership: Membership | None) -> set[bytes]:
    if membership is None:
        return set()
    hub = membership.hub
    vkeys = [hub.cosigner_vkey, *(key.vkey for key in hub.former), *(key.vkey for key in hub.logs)]
    vkeys += [key.vkey for member in membership.members.values() for key in member.keys]
    return {note.parse_vkey(vkey).public_key for vkey in vkeys}


def _judge(claims: Claims, known: Member | None, taken: set[bytes]) -> Verdict:
    """Raises `Refused` with the reason."""
    vkeys = claims.request.vkeys
    active = active_vkeys(known) if known else {}
    changed = [purpose for purpose in PURPOSES if active.get(purpose) != vkeys[purpose]]
    if known and not changed:
        return Verdict.UNCHANGED if known.status is not MemberStatus.LEFT else Verdict.REPLACE
    if any(claims.keys[purpose].public_key in taken for purpose in changed):
        raise Refused("it contains a key that the roster or another petition has or had")
    last = max((key.epoch for key in known.keys if key.purpose is KeyPurpose.LOG), default=0) if known else 0
    if KeyPurpose.LOG in changed and claims.log_epoch != last + 1:
        raise Refused(
            f"its new log key is for epoch {claims.log_epoch} of its log, and epoch {last + 1} is expected: its node "
            f"must make new keys (vigil node rekey, or vigil node join in an empty home)"
        )
    if known is None:
        return Verdict.ADMIT
    if claims.previous is not None and known.status is not MemberStatus.LEFT:
        if note.format_vkey(claims.previous) != active.get(KeyPurpose.STATEMENT):
            raise Refused("it is endorsed by a statement key that is not the member's active one")
        return Verdict.ROTATE
    return Verdict.REPLACE


def active_vkeys(member: Member) -> dict[str, str]:
    """The member's active key by purpose."""
    return member.active_vkeys()


def admit(members: Mapping[MemberId, Member], finding: Finding, *, log_size: int | None) -> dict[MemberId, Member]:
    """The members after this finding is applied. `log_size`: entries of the former log that the hub had cosigned.

    Raises `Refused` for a refused petition, and for a new log key without the size of the former log: without it, a
    person who has the former key could add entries to that log.
    """
    if finding.claims is None:
        raise Refused(f"{finding.member} is not admitted: {finding.reason}")
    known = members.get(finding.member)
    vkeys = finding.claims.request.vkeys
    former_log = active_vkeys(known).get(KeyPurpose.LOG.value) if known else None
    if log_size is None and former_log not in {None, vkeys[KeyPurpose.LOG.value]}:
        raise Refused(
            f"the request does not say where the former log of {finding.member} ends",
            remedy="ask the hub's operator for a new request: vigil hub requests",
        )
    kept: list[MemberKey] = []
    for key in known.keys if known else ():
        if key.status is KeyStatus.ACTIVE and vkeys[key.purpose.value] != key.vkey:
            kept.append(_give_up(key, lost=finding.verdict is Verdict.REPLACE, log_size=log_size))
        else:
            kept.append(key)
    held = {key.vkey for key in kept}
    fresh = [
        MemberKey(
            purpose=KeyPurpose(purpose),
            vkey=vkeys[purpose],
            epoch=finding.claims.log_epoch if purpose == KeyPurpose.LOG else 1,
        )
        for purpose in PURPOSES
        if vkeys[purpose] not in held
    ]
    member = Member(id=finding.member, name=finding.name, status=MemberStatus.ACTIVE, keys=(*kept, *fresh))
    return {**members, member.id: member}


def _give_up(key: MemberKey, *, lost: bool, log_size: int | None) -> MemberKey:
    if key.purpose is KeyPurpose.LOG:
        # Its records stay valid under the former epoch. So a lost log key is retired with a bound, not revoked.
        return replace(key, status=KeyStatus.RETIRED, until_size=log_size)
    return replace(key, status=KeyStatus.REVOKED if lost else KeyStatus.RETIRED)


def release(members: Mapping[MemberId, Member], member: MemberId) -> dict[MemberId, Member]:
    """The members after `member` has left. Its earlier signatures stay valid. Raises `Refused`."""
    known = members.get(member)
    if known is None:
        raise Refused(f"{member} is not a member")
    if known.status is MemberStatus.LEFT:
        raise Refused(f"{member} has left already")
    return {**members, member: replace(known, status=MemberStatus.LEFT)}
