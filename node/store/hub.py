"""Data that only a hub stores: invitations, requests to join, certificates, late answers, and the switchboard's table.

Rules this module upholds:

- An invitation is used once, decided in the `WHERE`.
- A promise is used once, decided in the `WHERE`.
- A switchboard message may be a query: its bytes are in the vault, and deleted when the table is trimmed. Late answers
  contain no fingerprint and are plain rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from node.domain.hub_ports import Invitation, IssuedCertificate, JoinRequest
from node.domain.ids import MemberId
from node.domain.queries import SignedAnswer
from node.errors import Misuse, NotFound
from node.store import codec, vault
from node.store.queries import answer_values
from node.store.statements import Repository, chunks
from node.store.tables.hub import certificates, invitations, joins, mail, messages, promises


class HubRows(Repository):
    """`HubReader` inside one transaction."""

    def invitation(self, secret_sha256: bytes) -> Invitation | None:
        row = self._connection.execute(
            select(invitations).where(invitations.c.secret_sha256 == secret_sha256)
        ).one_or_none()
        if row is None:
            return None
        member = MemberId(row.member)
        return Invitation(
            secret_sha256=row.secret_sha256, member=member, expires_at=row.expires_at, used_at=row.used_at
        )

    def join_requests(self, *, state: str = "") -> list[JoinRequest]:
        rows = select(joins).order_by(joins.c.requested_at, joins.c.member)
        if state:
            rows = rows.where(joins.c.state == state)
        return [_join(row) for row in self._connection.execute(rows)]

    def join_request(self, member: MemberId) -> JoinRequest | None:
        row = self._connection.execute(select(joins).where(joins.c.member == member)).one_or_none()
        return None if row is None else _join(row)

    def owners_of_key(self, spki_sha256: bytes) -> set[MemberId]:
        rows = select(certificates.c.member).distinct().where(certificates.c.spki_sha256 == spki_sha256)
        return {MemberId(member) for member in self._connection.scalars(rows)}

    def certificates(self, member: MemberId) -> list[IssuedCertificate]:
        rows = select(certificates).where(certificates.c.member == member).order_by(certificates.c.id)
        return [
            IssuedCertificate(
                member=MemberId(row.member),
                serial=int(row.serial),
                spki_sha256=row.spki_sha256,
                not_after=row.not_after,
                issued_at=row.issued_at,
            )
            for row in self._connection.execute(rows)
        ]

    def mailbox(self, asker: MemberId, limit: int) -> list[tuple[int, bytes, SignedAnswer]]:
        rows = self._connection.execute(select(mail).where(mail.c.asker == asker).order_by(mail.c.id).limit(limit))
        return [
            (
                row.id,
                row.query_id,
                SignedAnswer(answerer=MemberId(row.answerer), answer=row.answer, signature=row.signature),
            )
            for row in rows
        ]

    def mailbox_size(self, asker: MemberId) -> int:
        """See `HubReader`."""
        found: int = self._connection.scalars(select(func.count()).select_from(mail).where(mail.c.asker == asker)).one()
        return found

    def mail_of(self, asker: MemberId, answerer: MemberId) -> tuple[int, int]:
        """See `HubReader`."""
        size = func.coalesce(func.sum(func.length(mail.c.answer)), 0)
        mine = select(func.count(), size).where(mail.c.asker == asker, mail.c.answerer == answerer)
        letters, size_of_them = self._connection.execute(mine).one()
        return letters, size_of_them

    def promised(self, answerer: MemberId, asker: MemberId, query_id: bytes) -> bool:
        mine = (promises.c.answerer == answerer, promises.c.asker == asker, promises.c.query_id == query_id)
        return self._connection.scalar(select(promises.c.expires_at).where(*mine)) is not None

    def promises(self, answerer: MemberId) -> int:
        """See `HubReader`."""
        mine = select(func.count()).select_from(promises).where(promises.c.answerer == answerer)
        found: int = self._connection.scalars(mine).one()
        return found

    def switchboard_messages(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        rows = self._connection.execute(
            select(messages).where(messages.c.id > after).order_by(messages.c.id).limit(limit)
        ).all()
        sealed = vault.get(self._connection, [row.vault_id for row in rows])
        return [(row.id, row.channel, codec.open_bytes(each)) for row, each in zip(rows, sealed, strict=True)]


class HubWrites(HubRows):
    """`HubWriter` inside one transaction."""

    def put_invitation(self, invitation: Invitation) -> None:
        """See `HubWriter`. Raises `Misuse` if it exists."""
        if self.invitation(invitation.secret_sha256) is not None:
            raise Misuse("this invitation exists already")
        values = {
            "secret_sha256": invitation.secret_sha256,
            "member": invitation.member,
            "expires_at": invitation.expires_at,
            "used_at": invitation.used_at,
        }
        self._connection.execute(insert(invitations).values(**values))

    def use_invitation(self, secret_sha256: bytes, now: int) -> bool:
        usable = (
            invitations.c.secret_sha256 == secret_sha256,
            invitations.c.used_at == 0,
            invitations.c.expires_at > now,
        )
        return self._connection.execute(update(invitations).where(*usable).values(used_at=now)).rowcount == 1

    def put_join_request(self, request: JoinRequest) -> None:
        """See `HubWriter`. A newer request of the same member replaces the older one."""
        self._connection.execute(delete(joins).where(joins.c.member == request.member))
        values = {
            "member": request.member,
            "name": request.name,
            "secret_sha256": request.secret_sha256,
            "csr": request.csr,
            "vkeys": json.dumps(dict(request.vkeys)),
            "proofs": json.dumps({purpose: proof.hex() for purpose, proof in request.proofs.items()}),
            "requested_at": request.requested_at,
            "state": request.state,
        }
        self._connection.execute(insert(joins).values(**values))

    def set_join_state(self, member: MemberId, state: str) -> None:
        """See `HubWriter`. Raises `NotFound`."""
        changed = self._connection.execute(update(joins).where(joins.c.member == member).values(state=state))
        if not changed.rowcount:
            raise NotFound(f"{member} has not asked to join")

    def put_certificate(self, certificate: IssuedCertificate) -> None:
        values = {
            "member": certificate.member,
            "serial": str(certificate.serial),
            "spki_sha256": certificate.spki_sha256,
            "not_after": certificate.not_after,
            "issued_at": certificate.issued_at,
        }
        self._connection.execute(insert(certificates).values(**values))

    def put_mail(self, asker: MemberId, query_id: bytes, answer: SignedAnswer, expires_at: int) -> None:
        values = {"asker": asker, "query_id": query_id, "expires_at": expires_at}
        self._connection.execute(insert(mail).values(**values, **answer_values(answer)))

    def delete_mail(self, ids: Sequence[int]) -> None:
        for some in chunks(ids):
            self._connection.execute(delete(mail).where(mail.c.id.in_(some)))

    def expire_mail(self, now: int) -> int:
        return self._connection.execute(delete(mail).where(mail.c.expires_at <= now)).rowcount

    def put_promise(self, answerer: MemberId, asker: MemberId, query_id: bytes, expires_at: int) -> None:
        key = {"answerer": answerer, "asker": asker, "query_id": query_id}
        self._connection.execute(delete(promises).filter_by(**key))
        self._connection.execute(insert(promises).values(**key, expires_at=expires_at))

    def take_promise(self, answerer: MemberId, asker: MemberId, query_id: bytes, now: int) -> bool:
        mine = (promises.c.answerer == answerer, promises.c.asker == asker, promises.c.query_id == query_id)
        return self._connection.execute(delete(promises).where(*mine, promises.c.expires_at > now)).rowcount == 1

    def expire_promises(self, now: int) -> int:
        return self._connection.execute(delete(promises).where(promises.c.expires_at <= now)).rowcount

    def put_switchboard_message(self, channel: str, message: bytes) -> int:
        (row,) = vault.put(self._connection, [codec.seal_bytes(message)])
        values = {"channel": channel, "vault_id": row}
        number: int = self._connection.scalars(insert(messages).returning(messages.c.id), values).one()
        return number

    def trim_switchboard(self, before: int) -> None:
        gone = delete(messages).where(messages.c.id < before).returning(messages.c.vault_id)
        vault.forget(self._connection, self._connection.scalars(gone).all())


def _join(row: Row[Any]) -> JoinRequest:
    return JoinRequest(
        member=MemberId(row.member),
        name=row.name,
        secret_sha256=row.secret_sha256,
        csr=row.csr,
        vkeys=json.loads(row.vkeys),
        proofs={purpose: bytes.fromhex(proof) for purpose, proof in json.loads(row.proofs).items()},
        requested_at=row.requested_at,
        state=row.state,
    )
