"""Questions: their terms, their parts, and the subjects of each part.

Rules this module upholds:

- Terms, labels and payloads are secret: they are in the vault, and deleted with the question.
- Every query that was asked is a part of a question, so the list of questions is complete.
- A part's payload is stored once: here until it is asked, then with the query.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from node.domain.ids import MemberId
from node.domain.queries import MatchRule
from node.domain.questions import KeptQuestion, Part, PartBody, PlannedPart, Terms
from node.errors import Damaged, Misuse, NotFound
from node.store import codec, vault
from node.store.statements import Repository, chunks
from node.store.tables.queries import asked, question_parts, questions

_as_json: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_PARTS: Final = (
    select(question_parts, asked.c.created_at.label("asked_at"), asked.c.closed_at)
    .outerjoin(asked, asked.c.query_id == question_parts.c.query_id)
    .order_by(question_parts.c.question, question_parts.c.part)
)


class QuestionRows(Repository):
    """The part of `QueryReader` that reads questions, inside one transaction."""

    def question(self, number: bytes) -> KeptQuestion | None:
        of_part = select(question_parts.c.question).where(question_parts.c.query_id == number)
        owner = self._connection.scalar(of_part) or number
        rows = self._connection.execute(select(questions).where(questions.c.id == owner)).all()
        return next(iter(self._questions(rows)), None)

    def recent_questions(self, limit: int) -> list[KeptQuestion]:
        newest = select(questions).order_by(questions.c.created_at.desc(), questions.c.id).limit(limit)
        return self._questions(self._connection.execute(newest).all())

    def _questions(self, rows: Sequence[Row[Any]]) -> list[KeptQuestion]:
        parts: dict[bytes, list[Part]] = {row.id: [] for row in rows}
        for some in chunks(parts):
            for row in self._connection.execute(_PARTS.where(question_parts.c.question.in_(some))):
                parts[row.question].append(
                    Part(
                        number=row.part,
                        query_id=row.query_id,
                        cost=row.cost,
                        asked_at=row.asked_at or 0,
                        closed_at=row.closed_at or 0,
                    )
                )
        kept = [row.terms_id for row in rows if row.terms_id]
        terms = self._terms(kept)
        return [
            KeptQuestion(
                id=row.id,
                created_at=row.created_at,
                parts=tuple(parts[row.id]),
                terms=terms.get(row.terms_id),
            )
            for row in rows
        ]

    def _terms(self, ids: Sequence[int]) -> dict[int, Terms]:
        """The readable ones. A question with damaged terms is returned without terms: it does not end the list, and
        fsck names the damage.
        """
        found: dict[int, Terms] = {}
        for number in ids:
            with suppress(Damaged):
                (secret,) = vault.get(self._connection, [number])
                found[number] = _read_terms(codec.open_bytes(secret))
        return found

    def part_body(self, query_id: bytes) -> PartBody | None:
        """See `QueryReader`. Raises `Damaged`."""
        wanted = select(question_parts.c.labels_id, question_parts.c.payload_id, asked.c.payload_id.label("sent_id"))
        row = self._connection.execute(
            wanted.outerjoin(asked, asked.c.query_id == question_parts.c.query_id).where(
                question_parts.c.query_id == query_id
            )
        ).one_or_none()
        if row is None:
            return None
        payload_id = row.sent_id or row.payload_id
        if not payload_id:
            return None
        (payload,) = vault.get(self._connection, [payload_id])
        labels = vault.get(self._connection, [row.labels_id]) if row.labels_id else []
        return PartBody(
            payload=codec.open_bytes(payload),
            labels=tuple(_read_json(codec.open_bytes(labels[0]))) if labels else (),
        )


class QuestionWrites(QuestionRows):
    """The part of `QueryWriter` that writes them, inside one transaction."""

    def put_question(self, number: bytes, terms: Terms, parts: Sequence[PlannedPart], now: int) -> None:
        """See `QueryWriter`. Raises `Misuse` if the id was used before."""
        if self._connection.scalar(select(questions.c.id).where(questions.c.id == number)) is not None:
            raise Misuse("this question is kept already")
        secrets = [_terms_json(terms)]
        for planned in parts:
            secrets += [_as_json(planned.body.labels).encode(), planned.body.payload]
        terms_id, *ids = vault.put(self._connection, [codec.seal_bytes(secret) for secret in secrets])
        self._connection.execute(insert(questions).values(id=number, created_at=now, terms_id=terms_id))
        rows = [
            {
                "question": number,
                "part": planned.part.number,
                "query_id": planned.part.query_id,
                "cost": planned.part.cost,
                "labels_id": ids[2 * at],
                "payload_id": ids[2 * at + 1],
            }
            for at, planned in enumerate(parts)
        ]
        self._connection.execute(insert(question_parts), rows)

    def renew_part(self, old: bytes, new: bytes) -> None:
        """See `QueryWriter`. Raises `NotFound` if no asked part has this id."""
        row = self._connection.execute(
            select(asked.c.payload_id)
            .join(question_parts, question_parts.c.query_id == asked.c.query_id)
            .where(asked.c.query_id == old)
        ).one_or_none()
        if row is None:
            raise NotFound("there is no such part that was asked")
        sealed = vault.get(self._connection, [row.payload_id])
        (payload_id,) = vault.put(self._connection, sealed)
        renewed = update(question_parts).where(question_parts.c.query_id == old)
        self._connection.execute(renewed.values(query_id=new, payload_id=payload_id))


def link_asked(connection: Connection, query_id: bytes, cost: int, now: int) -> None:
    """Called before a query is stored in `asked`: its part gives up its own payload; if it is not a part, it becomes a
    question of its own.
    """
    part = question_parts.c
    row = connection.execute(select(part.payload_id).where(part.query_id == query_id)).one_or_none()
    if row is None:
        connection.execute(insert(questions).values(id=query_id, created_at=now, terms_id=0))
        alone = {"question": query_id, "part": 1, "query_id": query_id, "cost": cost, "labels_id": 0, "payload_id": 0}
        connection.execute(insert(question_parts).values(**alone))
        return
    connection.execute(update(question_parts).where(part.query_id == query_id).values(payload_id=0))
    vault.forget(connection, [row.payload_id])


def forget_questions(connection: Connection, before: int, gone: Sequence[bytes]) -> int:
    """Deletes the questions stored before this Unix second. `gone`: the ids of the queries that are deleted with them.
    Returns how many questions without such a query were deleted.
    """
    old = select(questions.c.id).where(questions.c.created_at < before)
    part = question_parts.c
    rows = connection.execute(
        delete(question_parts)
        .where(part.question.in_(old))
        .returning(part.question, part.query_id, part.labels_id, part.payload_id)
    ).all()
    terms = connection.execute(
        delete(questions).where(questions.c.created_at < before).returning(questions.c.id, questions.c.terms_id)
    ).all()
    secrets = [row.terms_id for row in terms] + [number for row in rows for number in (row.labels_id, row.payload_id)]
    vault.forget(connection, [number for number in secrets if number])
    told = set(gone)
    return len({row.id for row in terms} - {row.question for row in rows if row.query_id in told})


def _terms_json(terms: Terms) -> bytes:
    return _as_json(
        {
            "case": terms.case,
            "purpose": terms.purpose,
            "legal_basis": terms.legal_basis,
            "officer_role": terms.officer_role,
            "rule": int(terms.rule),
            "officer": terms.officer,
            "recipients": terms.recipients,
            "members": terms.members,
            "budget": terms.budget,
            "subjects": terms.subjects,
            "fingerprints": terms.fingerprints,
            "left_out": terms.left_out,
            "from_case": terms.from_case,
            "again": terms.again.hex(),
        }
    ).encode()


def _read_terms(data: bytes) -> Terms:
    kept = _read_json(data)
    try:
        return Terms(
            **{
                **kept,
                "rule": MatchRule(kept["rule"]),
                "recipients": tuple(MemberId(each) for each in kept["recipients"]),
                "members": tuple(MemberId(each) for each in kept["members"]),
                "again": bytes.fromhex(kept["again"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged() from error


def _read_json(data: bytes) -> Any:  # noqa: ANN401 (the stored value has any type)
    try:
        return json.loads(data)
    except ValueError as error:
        raise _damaged() from error


def _damaged() -> Damaged:
    return Damaged("a stored question cannot be read", remedy="run fsck, then restore the newest backup")
