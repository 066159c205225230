"""Queries asked and answered.

Rules this module upholds:

- The payload of a query, with the fingerprints asked about, is in the vault and deleted with the query. So are the
  person's words about it (`questions`). Answers contain none (DESIGN, section 5) and are plain rows.
- First writes stay: a member's outcome, a given answer, the closing of a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, exists, insert, select, update

from node.domain.ids import MemberId
from node.domain.queries import QueryHeader, SignedAnswer, SignedQuery
from node.domain.query_ports import AskedQuery, GivenAnswer
from node.errors import Misuse, NotFound
from node.store import codec, vault
from node.store.questions import QuestionRows, QuestionWrites, forget_questions, link_asked
from node.store.tables.answers import refused_answers
from node.store.tables.queries import answered, asked, outcome_reasons, outcomes

# Built once: building a statement costs as much as running it.
_ANSWERED: Final = select(answered).where(
    answered.c.asker == bindparam("of"), answered.c.query_id == bindparam("query")
)
_ANSWERED_LATELY: Final = (
    select(answered.c.asker, answered.c.query_id, answered.c.created_at)
    .order_by(answered.c.created_at.desc())
    .limit(bindparam("most"))
)
_COLUMNS: Final = tuple(column.name for column in answered.columns)
_PUT_ANSWERED: Final = insert(answered).from_select(
    _COLUMNS,
    select(*(bindparam(f"new_{column.name}", type_=column.type) for column in answered.columns)).where(
        ~exists().where(answered.c.asker == bindparam("new_asker"), answered.c.query_id == bindparam("new_query_id"))
    ),
)


class QueryRows(QuestionRows):
    """`QueryReader` inside one transaction."""

    def asked(self, query_id: bytes) -> AskedQuery | None:
        row = self._connection.execute(select(asked).where(asked.c.query_id == query_id)).one_or_none()
        return None if row is None else self._asked([row])[0]

    def _asked(self, rows: list[Row[Any]]) -> list[AskedQuery]:
        payloads = vault.get(self._connection, [row.payload_id for row in rows])
        return [_asked(row, codec.open_bytes(sealed)) for row, sealed in zip(rows, payloads, strict=True)]

    def outcomes(self, query_id: bytes) -> list[tuple[MemberId, str, SignedAnswer | None, bool]]:
        rows = self._connection.execute(
            select(outcomes).where(outcomes.c.query_id == query_id).order_by(outcomes.c.id)
        )  # fmt: skip
        return [(MemberId(row.member), row.outcome, _answer(row), bool(row.late)) for row in rows]

    def outcome_reasons(self, query_id: bytes) -> Mapping[MemberId, str]:
        rows = self._connection.execute(
            select(outcomes.c.member, outcome_reasons.c.reason)
            .join(outcome_reasons, outcome_reasons.c.outcome_id == outcomes.c.id)
            .where(outcomes.c.query_id == query_id, outcomes.c.late == 0)
        )
        return {MemberId(row.member): row.reason for row in rows}

    def answered(self, asker: MemberId, query_id: bytes) -> SignedAnswer | None:
        row = self._connection.execute(_ANSWERED, {"of": asker, "query": query_id}).one_or_none()
        return None if row is None else _answer(row)

    def answered_lately(self, limit: int) -> list[tuple[MemberId, bytes, int]]:
        rows = self._connection.execute(_ANSWERED_LATELY, {"most": limit})
        return [(MemberId(row.asker), row.query_id, row.created_at) for row in rows]


class QueryWrites(QueryRows, QuestionWrites):
    """`QueryWriter` inside one transaction."""

    def put_asked(self, query: AskedQuery) -> None:
        """See `QueryWriter`. Raises `Misuse` if the id was used before."""
        header = query.header
        if self._connection.scalar(select(asked.c.query_id).where(asked.c.query_id == header.query_id)) is not None:
            raise Misuse("this query was asked before")
        link_asked(self._connection, header.query_id, header.cost, query.created_at)
        (payload,) = vault.put(self._connection, [codec.seal_bytes(query.query.payload)])
        values = {
            "query_id": header.query_id,
            "asker": header.asker,
            "recipients": " ".join(header.recipients),
            "purpose": header.purpose,
            "issued_at": header.issued_at,
            "expires_at": header.expires_at,
            "cost": header.cost,
            "header": query.query.header,
            "payload_id": payload,
            "signature": query.query.signature,
            "created_at": query.created_at,
            "closed_at": query.closed_at,
        }
        self._connection.execute(insert(asked).values(**values))

    def put_outcome(
        self,
        query_id: bytes,
        member: MemberId,
        outcome: str,
        answer: SignedAnswer | None,
        *,
        late: bool,
        reason: str = "",
    ) -> None:
        first = (outcomes.c.query_id == query_id, outcomes.c.member == member, outcomes.c.late == 0)
        if not late and self._connection.scalar(select(outcomes.c.id).where(*first)) is not None:
            return
        values = {"query_id": query_id, "member": member, "outcome": str(outcome), "late": int(late)}
        put = insert(outcomes).returning(outcomes.c.id)
        number = self._connection.scalars(put, {**values, **answer_values(answer)}).one()
        if reason:
            self._connection.execute(insert(outcome_reasons).values(outcome_id=number, reason=reason))

    def close_query(self, query_id: bytes, now: int) -> None:
        """See `QueryWriter`. Raises `NotFound`; a closed table keeps its time."""
        if self._connection.scalar(select(asked.c.query_id).where(asked.c.query_id == query_id)) is None:
            raise NotFound("no such query is kept here")
        still_open = (asked.c.query_id == query_id, asked.c.closed_at == 0)
        self._connection.execute(update(asked).where(*still_open).values(closed_at=now))

    def put_answered(self, given: Sequence[GivenAnswer]) -> None:
        rows = [
            {"asker": each.asker, "query_id": each.query_id, "created_at": each.at, **answer_values(each.answer)}
            for each in given
        ]
        if rows:
            self._connection.execute(_PUT_ANSWERED, [{f"new_{k}": value for k, value in row.items()} for row in rows])

    def forget_queries(self, before: int) -> int:
        old = select(asked.c.query_id).where(asked.c.created_at < before)
        told = select(outcomes.c.id).where(outcomes.c.query_id.in_(old))
        self._connection.execute(delete(outcome_reasons).where(outcome_reasons.c.outcome_id.in_(told)))
        self._connection.execute(delete(outcomes).where(outcomes.c.query_id.in_(old)))
        rows = self._connection.execute(
            delete(asked).where(asked.c.created_at < before).returning(asked.c.query_id, asked.c.payload_id)
        ).all()
        vault.forget(self._connection, [row.payload_id for row in rows])
        unasked = forget_questions(self._connection, before, [row.query_id for row in rows])
        self._connection.execute(
            delete(refused_answers).where(refused_answers.c.query_id.not_in(select(asked.c.query_id)))
        )
        gone = self._connection.execute(delete(answered).where(answered.c.created_at < before))
        return len(rows) + unasked + gone.rowcount


def answer_values(answer: SignedAnswer | None) -> dict[str, object]:
    """A signed answer as the columns of its tables; all empty if there was none."""
    if answer is None:
        return {"answerer": "", "answer": b"", "signature": b""}
    return {"answerer": answer.answerer, "answer": answer.answer, "signature": answer.signature}


def _answer(row: Row[Any]) -> SignedAnswer | None:
    if not row.answerer:
        return None
    return SignedAnswer(answerer=MemberId(row.answerer), answer=row.answer, signature=row.signature)


def _asked(row: Row[Any], payload: bytes) -> AskedQuery:
    header = QueryHeader(
        query_id=row.query_id,
        asker=MemberId(row.asker),
        recipients=tuple(MemberId(each) for each in row.recipients.split()),
        purpose=row.purpose,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        cost=row.cost,
    )
    query = SignedQuery(header=row.header, payload=payload, signature=row.signature)
    return AskedQuery(query=query, header=header, created_at=row.created_at, closed_at=row.closed_at)
