"""The parts of the store in memory that only a hub has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.hub_ports import Invitation, IssuedCertificate, JoinRequest
from node.domain.ids import MemberId
from node.domain.queries import SignedAnswer
from node.errors import Misuse, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class HubTables:
    """What only a hub keeps."""

    invitations: dict[bytes, Invitation] = field(default_factory=dict)
    joins: dict[MemberId, JoinRequest] = field(default_factory=dict)
    certificates: list[IssuedCertificate] = field(default_factory=list)
    mail: dict[int, tuple[MemberId, bytes, SignedAnswer, int]] = field(default_factory=dict)
    last_mail: int = 0
    messages: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    last_message: int = 0
    promises: dict[tuple[MemberId, MemberId, bytes], int] = field(default_factory=dict)


class MemoryHub:
    """`HubReader` and `HubWriter` over `HubTables`."""

    def __init__(self, hub: HubTables) -> None:
        self._hub = hub

    def invitation(self, secret_sha256: bytes) -> Invitation | None:
        return self._hub.invitations.get(secret_sha256)

    def join_requests(self, *, state: str = "") -> list[JoinRequest]:
        rows = sorted(self._hub.joins.values(), key=lambda each: (each.requested_at, each.member))
        return [each for each in rows if not state or each.state == state]

    def join_request(self, member: MemberId) -> JoinRequest | None:
        return self._hub.joins.get(member)

    def owners_of_key(self, spki_sha256: bytes) -> set[MemberId]:
        return {each.member for each in self._hub.certificates if each.spki_sha256 == spki_sha256}

    def certificates(self, member: MemberId) -> list[IssuedCertificate]:
        return [each for each in self._hub.certificates if each.member == member]

    def mailbox(self, asker: MemberId, limit: int) -> list[tuple[int, bytes, SignedAnswer]]:
        rows = [(number, row[1], row[2]) for number, row in sorted(self._hub.mail.items()) if row[0] == asker]
        return rows[:limit]

    def mailbox_size(self, asker: MemberId) -> int:
        return len(self.mailbox(asker, 1 << 31))

    def mail_of(self, asker: MemberId, answerer: MemberId) -> tuple[int, int]:
        mine = [len(answer.answer) for _, _, answer in self.mailbox(asker, 1 << 31) if answer.answerer == answerer]
        return len(mine), sum(mine)

    def promised(self, answerer: MemberId, asker: MemberId, query_id: bytes) -> bool:
        return (answerer, asker, query_id) in self._hub.promises

    def promises(self, answerer: MemberId) -> int:
        return sum(key[0] == answerer for key in self._hub.promises)

    def put_promise(self, answerer: MemberId, asker: MemberId, query_id: bytes, expires_at: int) -> None:
        self._hub.promises[answerer, asker, query_id] = expires_at

    def take_promise(self, answerer: MemberId, asker: MemberId, query_id: bytes, now: int) -> bool:
        if self._hub.promises.get((answerer, asker, query_id), 0) <= now:
            return False
        del self._hub.promises[answerer, asker, query_id]
        return True

    def expire_promises(self, now: int) -> int:
        gone = [key for key, end in self._hub.promises.items() if end <= now]
        for key in gone:
            del self._hub.promises[key]
        return len(gone)

    def switchboard_messages(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        rows = [(number, *row) for number, row in sorted(self._hub.messages.items()) if number > after]
        return rows[:limit]

    def put_invitation(self, invitation: Invitation) -> None:
        if invitation.secret_sha256 in self._hub.invitations:
            raise Misuse("this invitation exists already")
        self._hub.invitations[invitation.secret_sha256] = invitation

    def use_invitation(self, secret_sha256: bytes, now: int) -> bool:
        found = self._hub.invitations.get(secret_sha256)
        if found is None or found.used_at or found.expires_at <= now:
            return False
        self._hub.invitations[secret_sha256] = replace(found, used_at=now)
        return True

    def put_join_request(self, request: JoinRequest) -> None:
        self._hub.joins[request.member] = request

    def set_join_state(self, member: MemberId, state: str) -> None:
        found = self._hub.joins.get(member)
        if found is None:
            raise NotFound(f"{member} has not asked to join")
        self._hub.joins[member] = replace(found, state=state)

    def put_certificate(self, certificate: IssuedCertificate) -> None:
        self._hub.certificates.append(certificate)

    def put_mail(self, asker: MemberId, query_id: bytes, answer: SignedAnswer, expires_at: int) -> None:
        self._hub.last_mail += 1
        self._hub.mail[self._hub.last_mail] = (asker, query_id, answer, expires_at)

    def delete_mail(self, ids: Sequence[int]) -> None:
        for number in ids:
            self._hub.mail.pop(number, None)

    def expire_mail(self, now: int) -> int:
        gone = [number for number, row in self._hub.mail.items() if row[3] <= now]
        self.delete_mail(gone)
        return len(gone)

    def put_switchboard_message(self, channel: str, message: bytes) -> int:
        self._hub.last_message += 1
        self._hub.messages[self._hub.last_message] = (channel, message)
        return self._hub.last_message

    def trim_switchboard(self, before: int) -> None:
        self._hub.messages = {number: row for number, row in self._hub.messages.items() if number >= before}
