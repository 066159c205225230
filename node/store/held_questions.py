"""Refused answers, held questions, and questions near holdings.

Rules this module upholds:

- The content of a question is secret: it is in the vault, and deleted with the decision, or with the row.
- First writes stay. A decision is made once, in the `WHERE`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update

from node.domain.held_questions import Decision, HeldQuestion, NearQuestion, RefusedAnswer
from node.domain.ids import HASH_SIZE, MemberId
from node.domain.queries import SignedAnswer, SignedQuery
from node.store import codec, vault
from node.store.queries import answer_values
from node.store.statements import Repository, chunks
from node.store.tables.answers import held_questions, near_questions, refused_answers

_WAITING: Final = held_questions.c.decision == int(Decision.WAITING)


class AnswerRows(Repository):
    """`AnswerReader` inside one transaction."""

    def refused_answers(self, query_id: bytes) -> list[RefusedAnswer]:
        rows = self._connection.execute(
            select(refused_answers).where(refused_answers.c.query_id == query_id).order_by(refused_answers.c.id)
        )
        return [
            RefusedAnswer(
                query_id=row.query_id,
                member=MemberId(row.member),
                answer=SignedAnswer(answerer=MemberId(row.answerer), answer=row.answer, signature=row.signature),
                reason=row.reason,
                late=bool(row.late),
                at=row.at,
            )
            for row in rows
        ]

    def held_question(self, number: int) -> HeldQuestion | None:
        rows = self._connection.execute(select(held_questions).where(held_questions.c.id == number)).all()
        return next(iter(self._held(rows)), None)

    def held_questions(self, limit: int, *, decision: Decision | None = None, asker: str = "") -> list[HeldQuestion]:
        wanted = select(held_questions).order_by(held_questions.c.id.desc()).limit(limit)
        if decision is not None:
            wanted = wanted.where(held_questions.c.decision == int(decision))
        if asker:
            wanted = wanted.where(held_questions.c.asker == asker)
        return self._held(self._connection.execute(wanted).all())

    def count_held(self, now: int, asker: str = "") -> int:
        wanted = select(func.count()).select_from(held_questions).where(_WAITING, held_questions.c.expires_at > now)
        if asker:
            wanted = wanted.where(held_questions.c.asker == asker)
        number: int = self._connection.scalars(wanted).one()
        return number

    def near_questions(self) -> list[NearQuestion]:
        rows = self._connection.execute(select(near_questions).order_by(near_questions.c.id)).all()
        secrets = vault.get(self._connection, [row.vault_id for row in rows])
        return [_near(row, codec.open_bytes(secret)) for row, secret in zip(rows, secrets, strict=True)]

    def _held(self, rows: Sequence[Row[Any]]) -> list[HeldQuestion]:
        kept = [row.payload_id for row in rows if row.payload_id]
        payloads = dict(zip(kept, vault.get(self._connection, kept), strict=True))
        return [
            HeldQuestion(
                id=row.id,
                asker=MemberId(row.asker),
                query_id=row.query_id,
                query=_query(row, codec.open_bytes(payloads[row.payload_id])) if row.payload_id else None,
                at=row.at,
                expires_at=row.expires_at,
                why=row.why,
                decision=Decision(row.decision),
                decided_at=row.decided_at,
                answer=_answer(row),
            )
            for row in rows
        ]


class AnswerWrites(AnswerRows):
    """`AnswerWriter` inside one transaction."""

    def put_refused_answer(self, refused: RefusedAnswer) -> None:
        known = (refused_answers.c.query_id == refused.query_id, refused_answers.c.member == refused.member)
        if self._connection.scalar(select(refused_answers.c.id).where(*known)) is None:
            values = {
                "query_id": refused.query_id,
                "member": refused.member,
                "reason": refused.reason,
                "late": int(refused.late),
                "at": refused.at,
                **answer_values(refused.answer),
            }
            self._connection.execute(insert(refused_answers).values(**values))

    def put_held_question(self, held: HeldQuestion) -> None:
        known = (held_questions.c.asker == held.asker, held_questions.c.query_id == held.query_id)
        if held.query is None or self._connection.scalar(select(held_questions.c.id).where(*known)) is not None:
            return
        (payload,) = vault.put(self._connection, [codec.seal_bytes(held.query.payload)])
        values = {
            "asker": held.asker,
            "query_id": held.query_id,
            "header": held.query.header,
            "payload_id": payload,
            "query_signature": held.query.signature,
            "at": held.at,
            "expires_at": held.expires_at,
            "why": held.why,
            "decision": int(held.decision),
            "decided_at": held.decided_at,
            **answer_values(held.answer),
        }
        self._connection.execute(insert(held_questions).values(**values))

    def decide_held(self, number: int, decision: Decision, answer: SignedAnswer, now: int) -> bool:
        mine = (held_questions.c.id == number, _WAITING)
        payload = self._connection.scalar(select(held_questions.c.payload_id).where(*mine))
        if payload is None:
            return False
        values = {"decision": int(decision), "decided_at": now, "payload_id": 0, **answer_values(answer)}
        self._connection.execute(update(held_questions).where(*mine).values(**values))
        vault.forget(self._connection, [payload])
        return True

    def forget_held(self, before: int) -> int:
        gone = delete(held_questions).where(held_questions.c.at < before).returning(held_questions.c.payload_id)
        payloads = self._connection.scalars(gone).all()
        vault.forget(self._connection, [each for each in payloads if each])
        return len(payloads)

    def put_near_question(self, near: NearQuestion) -> None:
        secret = near.digest + b"".join(near.values)
        (row,) = vault.put(self._connection, [codec.seal_bytes(secret)])
        values = {"asker": near.asker, "neighbourhood": near.neighbourhood, "at": near.at, "vault_id": row}
        self._connection.execute(insert(near_questions).values(**values))

    def merge_neighbourhoods(self, gone: Sequence[int], into: int) -> None:
        for some in chunks(gone):
            merged = update(near_questions).where(near_questions.c.neighbourhood.in_(some))
            self._connection.execute(merged.values(neighbourhood=into))

    def forget_near_questions(self, before: int) -> int:
        gone = delete(near_questions).where(near_questions.c.at < before).returning(near_questions.c.vault_id)
        secrets = self._connection.scalars(gone).all()
        vault.forget(self._connection, secrets)
        return len(secrets)


def _near(row: Row[Any], secret: bytes) -> NearQuestion:
    return NearQuestion(
        asker=MemberId(row.asker),
        neighbourhood=row.neighbourhood,
        at=row.at,
        digest=secret[:HASH_SIZE],
        values=tuple(secret[at : at + HASH_SIZE] for at in range(HASH_SIZE, len(secret), HASH_SIZE)),
    )


def _query(row: Row[Any], payload: bytes) -> SignedQuery:
    return SignedQuery(header=row.header, payload=payload, signature=row.query_signature)


def _answer(row: Row[Any]) -> SignedAnswer | None:
    if not row.answerer:
        return None
    return SignedAnswer(answerer=MemberId(row.answerer), answer=row.answer, signature=row.signature)
