"""A member's change of keys at the hub: where the former log ends, and how long former certificates count.

Rules this module upholds:

- The authority signs a size of the former log. So from the request that states this size, the log accepts no entries,
  until the roster has the new key or the operator refuses the petition. Statements of the member wait at its node
  meanwhile.
- Former certificates end before the roster with the new keys is published: at once if the keys were lost, after a while
  if the former key endorsed the new ones. No call under a former certificate gets another one.
- All of it is stored in the transaction that it belongs to: a hub that is killed at any step continues from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.ids import HUB_NAME, MemberId, Origin
from node.domain.roster import KeyPurpose, KeyStatus, Member, MemberKey, Roster
from node.errors import Overloaded, Refused, Unavailable

if TYPE_CHECKING:
    from node.domain.hub_ports import HubReader, IssuedCertificate, JoinRequest
    from node.domain.ports import Clock
    from node.domain.setting_ports import SettingReader, SettingWriter
    from node.domain.stores import HubStore, HubStoreReader, HubStoreWriter
    from node.usecases.roster import Pins

GRACE_SECONDS: Final = 3_600
"""How long certificates for a former TLS key count after a change that the former statement key endorsed."""
CERTIFICATES_A_DAY: Final = 50
"""Renewals of a member within 24 hours. A node renews once in two days."""
_CLOSING: Final = "keys/closing/{}"
_CHANGED: Final = "keys/changed/{}"


# --- the former log ---------------------------------------------------------------------------------------------------


def close_logs(writer: HubStoreWriter, roster: Roster | None, petitions: Iterable[JoinRequest]) -> dict[MemberId, int]:
    """Closes the log of each member that asks for another log key; returns how many of its entries are cosigned, by
    member.

    Runs inside the transaction that reads the petitions, so no entry comes between the size and the end.
    """
    sizes: dict[MemberId, int] = {}
    for petition in petitions:
        member = roster.members.get(petition.member) if roster else None
        key = _log_key(member)
        if roster is None or member is None or key is None or key.vkey == petition.vkeys.get(KeyPurpose.LOG.value):
            continue
        log = writer.log(Origin(roster.federation, member.id, key.epoch))
        sizes[member.id] = log.cosigned_size if log else 0
        writer.set_setting(_CLOSING.format(member.id), str(key.epoch).encode("ascii"))
    return sizes


def close_own_log(writer: HubStoreWriter, roster: Roster | None, vkey: str) -> dict[MemberId, int]:
    """The same of the hub's own log, if the hub asks for another key of it: `vkey`, "" for none."""
    key = roster.hub.log_key if roster else None
    if roster is None or key is None or not vkey or key.vkey == vkey:
        return {}
    log = writer.log(Origin(roster.federation, HUB_NAME, key.epoch))
    writer.set_setting(_CLOSING.format(HUB_NAME), str(key.epoch).encode("ascii"))
    return {HUB_NAME: log.cosigned_size if log else 0}


def open_log(writer: SettingWriter, member: MemberId) -> None:
    """The petition was refused: the member's log accepts entries again."""
    writer.set_setting(_CLOSING.format(member), b"")


def is_closing(reader: SettingReader, origin: Origin) -> bool:
    """Whether the authority was asked to end this log."""
    return reader.setting(_CLOSING.format(origin.member)) == str(origin.epoch).encode("ascii")


def check_open(reader: SettingReader, origin: Origin) -> None:
    """Raises `Unavailable` if the log accepts no more entries under its present key."""
    if is_closing(reader, origin):
        raise Unavailable(
            f"the log of {origin.member} takes no more entries under its present key: the authority was asked to "
            "replace that key",
            remedy="wait for the authority; statements until then are published under the new key",
        )


def _log_key(member: Member | None) -> MemberKey | None:
    keys = member.keys if member else ()
    return next((k for k in keys if k.purpose is KeyPurpose.LOG and k.status is KeyStatus.ACTIVE), None)


# --- former certificates ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """When a member's keys were changed (Unix seconds), and how many seconds former certificates count after that."""

    at: int
    grace: int

    def end_of(self, certificate: IssuedCertificate) -> IssuedCertificate:
        """The certificate with the end that the change of keys gives it."""
        if certificate.issued_at >= self.at:
            return certificate
        return replace(certificate, not_after=min(certificate.not_after, self.at + self.grace))


class KeyChanges:
    """The hub's record of changes of keys. Blocking; safe from any thread."""

    def __init__(self, *, store: HubStore, pins: Pins, clock: Clock) -> None:
        self._store = store
        self._pins = pins
        self._clock = clock

    def announce(self, former: Mapping[MemberId, Member], coming: Mapping[MemberId, Member]) -> None:
        """Before the members in `coming` are published: ends the former certificates of members whose keys change.

        After a crash, a member whose keys stay must renew once by its statement key.
        """
        now = int(self._clock())
        changes = {
            name: Change(at=now, grace=0 if _is_lost(former[name], member) else GRACE_SECONDS)
            for name, member in coming.items()
            if name in former and former[name].active_vkeys() != member.active_vkeys()
        }
        if not changes:
            return
        with self._store.write() as writer:
            for name, change in changes.items():
                writer.set_setting(_CHANGED.format(name), f"{change.at} {change.grace}".encode("ascii"))
        for name, change in changes.items():
            self._pins.bound(name, change.at + change.grace)

    def check_renewal(self, member: MemberId) -> None:
        """Raises `Refused` while a call may still come under a former key of the member: that key could renew without
        end.
        """
        with self._store.read() as reader:
            change = _change(reader, member)
        if change is not None and self._clock() < change.at + change.grace:
            raise Refused(
                f"the keys of {member} have just changed, so its connection renews no certificate",
                remedy="renew with the new statement key: the node does so by itself",
            )


def check_key(reader: HubStoreReader, member: MemberId, key: bytes, petitioned: bytes) -> None:
    """Raises `Refused` for a TLS key (SHA-256 of its SPKI) that was certified for another member, or that this member
    gave up in a change of keys. `petitioned`: the key of the member's newest petition, b"" if it has none.
    """
    owners = reader.owners_of_key(key)
    if owners - {member}:
        raise Refused(
            f"{member} asks for a certificate for a key of another member",
            remedy="make keys of this node's own: vigil node rekey",
        )
    change = _change(reader, member)
    if member not in owners or change is None or key == petitioned:
        return
    before = [each.issued_at < change.at for each in reader.certificates(member) if each.spki_sha256 == key]
    if all(before):
        raise Refused(
            f"{member} asks for a certificate for a key that it gave up with its last change of keys",
            remedy="renew with the present key: the node does so by itself",
        )


def check_number(reader: HubReader, member: MemberId, now: float) -> None:
    """Raises `Overloaded` for one certificate too many: each is kept for ever, so that its key is known."""
    recent = sorted(each.issued_at for each in reader.certificates(member) if now - each.issued_at < SECONDS_A_DAY)
    if len(recent) >= CERTIFICATES_A_DAY:
        raise Overloaded(
            f"{member} has got {len(recent)} certificates within a day",
            retry_after=recent[-CERTIFICATES_A_DAY] + SECONDS_A_DAY - now,
            remedy="a node renews once in two days: if it is not this node that renews, change its keys",
        )


def standing(reader: HubStoreReader, member: MemberId) -> list[IssuedCertificate]:
    """The certificates of a member, each ending where a change of keys ended it: the hub pins them at its start."""
    change = _change(reader, member)
    found = reader.certificates(member)
    return found if change is None else [change.end_of(each) for each in found]


def _change(reader: SettingReader, member: MemberId) -> Change | None:
    kept = reader.setting(_CHANGED.format(member)).decode("ascii").split()
    return Change(at=int(kept[0]), grace=int(kept[1])) if kept else None


def _is_lost(former: Member, member: Member) -> bool:
    """Whether one of the given-up keys no longer counts for anything, so that the others are not trusted either."""
    given_up = set(former.active_vkeys().values())
    return any(key.status is KeyStatus.REVOKED and key.vkey in given_up for key in member.keys)
