"""Reviews of pairs and the decisions about them.

Rules this module upholds:

- What names the other side, the digests of its file and the notes are in the vault, whose rows never move. They are
  overwritten there when they are forgotten.
- A decision is never changed. The state of a review, and of its hit, is that of its newest decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, insert, or_, select, update

from node.domain.reviews import UNKNOWN_FILE, Decision, FileDigests, Pair, Review, ReviewState
from node.errors import Damaged
from node.store import codec, vault
from node.store.statements import Repository, chunks
from node.store.tables.hits import hits
from node.store.tables.reviews import decisions, reviews

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row, Select

_DECISIONS: Final = select(decisions).where(decisions.c.review_id == bindparam("review")).order_by(decisions.c.id)
_REVIEW: Final = reviews.c.id == bindparam("review")
_NEWEST: Final = update(reviews).where(_REVIEW)
_HIT: Final = update(hits).where(hits.c.review_id == bindparam("review"))
_SIZES: Final = (32, 20, 16)
"""Bytes of a SHA-256, a SHA-1 and an MD5, in the order in which they are stored."""


class ReviewRows(Repository):
    """`ReviewReader` inside one transaction."""

    def reviews_of(self, holdings: Sequence[int]) -> list[Review]:
        found: dict[int, Row[Any]] = {}
        for some in chunks(dict.fromkeys(holdings)):
            here = or_(reviews.c.holding_id.in_(some), reviews.c.other_id.in_(some))
            found |= {row.id: row for row in self._connection.execute(select(reviews).where(here))}
        rows = [found[number] for number in sorted(found)]
        sealed = self._opened({each for row in rows for each in (row.name_id, row.file_id) if each})
        return [_review(row, sealed) for row in rows]

    def decisions(self, review: int) -> list[Decision]:
        return self._decided(self._connection.execute(_DECISIONS, {"review": review}).all())

    def newest_decisions(self, wanted: Sequence[int]) -> Mapping[int, Decision]:
        found: dict[int, Decision] = {}
        for some in chunks(dict.fromkeys(wanted)):
            newest: Select[Any] = select(reviews.c.decision_id).where(reviews.c.id.in_(some))
            rows = self._connection.execute(select(decisions).where(decisions.c.id.in_(newest))).all()
            found.update(zip((row.review_id for row in rows), self._decided(rows), strict=True))
        return found

    def _decided(self, rows: Sequence[Row[Any]]) -> list[Decision]:
        notes = self._opened({row.note_id for row in rows if row.note_id})
        return [
            Decision(
                state=ReviewState(row.state),
                officer=row.officer,
                role=row.role,
                at=row.made_at,
                note=notes[row.note_id].decode() if row.note_id else "",
                record=row.record,
                carried=row.carried,
            )
            for row in rows
        ]

    def _opened(self, ids: set[int]) -> dict[int, bytes]:
        wanted = sorted(ids)
        return dict(zip(wanted, map(codec.open_bytes, vault.get(self._connection, wanted)), strict=True))


class ReviewWrites(ReviewRows):
    """`ReviewWriter` inside one transaction."""

    def add_review(self, pair: Pair, file: FileDigests, hit: int = 0) -> Review:
        (name,) = vault.put(self._connection, [codec.seal_bytes(pair.name)])
        values = {
            "holding_id": pair.holding,
            "other_id": pair.other,
            "name_id": name,
            "file_id": self._sealed_file(file),
            "hit_id": hit,
            "state": int(ReviewState.NEW),
            "decisions": 0,
            "decision_id": 0,
            "closed": 0,
        }
        number = self._connection.scalars(insert(reviews).values(**values).returning(reviews.c.id)).one()
        if hit:
            self._connection.execute(update(hits).where(hits.c.id == hit).values(review_id=number))
        return Review(id=number, pair=pair, state=ReviewState.NEW, decisions=0, hit=hit, file=file)

    def add_decision(self, review: int, decision: Decision) -> None:
        note = vault.put(self._connection, [codec.seal_bytes(decision.note.encode())])[0] if decision.note else 0
        values = {
            "review_id": review,
            "state": int(decision.state),
            "officer": decision.officer,
            "role": decision.role,
            "made_at": decision.at,
            "record": decision.record,
            "carried": decision.carried,
            "note_id": note,
        }
        number = self._connection.scalars(insert(decisions).values(**values).returning(decisions.c.id)).one()
        this, state = {"review": review}, int(decision.state)
        more = reviews.c.decisions + 1
        self._connection.execute(_NEWEST.values(state=state, decision_id=number, decisions=more), this)
        self._connection.execute(_HIT.values(state=state), this)

    def set_review_file(self, review: int, file: FileDigests) -> None:
        self._forget_file(review)
        self._connection.execute(_NEWEST.values(file_id=self._sealed_file(file)), {"review": review})

    def close_review(self, review: int) -> None:
        self._forget_file(review)
        this = {"review": review}
        self._connection.execute(_NEWEST.values(file_id=0, hit_id=0, closed=1), this)
        self._connection.execute(_HIT.values(state=int(ReviewState.NEW), review_id=0), this)

    def forget_reviews_of_holding(self, holding: int) -> int:
        here = or_(reviews.c.holding_id == holding, reviews.c.other_id == holding)
        gone = self._connection.execute(select(reviews).where(here)).all()
        secrets = [each for row in gone for each in (row.name_id, row.file_id) if each]
        for some in chunks(row.id for row in gone):
            mine = decisions.c.review_id.in_(some)
            secrets += self._connection.scalars(select(decisions.c.note_id).where(mine, decisions.c.note_id > 0))
            self._connection.execute(delete(decisions).where(mine))
            self._connection.execute(delete(reviews).where(reviews.c.id.in_(some)))
        vault.forget(self._connection, secrets)
        return len(gone)

    def _sealed_file(self, file: FileDigests) -> int:
        if file == UNKNOWN_FILE:
            return 0
        (number,) = vault.put(self._connection, [codec.seal_bytes(_packed(file))])
        return number

    def _forget_file(self, review: int) -> None:
        known = self._connection.scalar(select(reviews.c.file_id).where(_REVIEW), {"review": review})
        vault.forget(self._connection, [known] if known else [])


def _review(row: Row[Any], sealed: Mapping[int, bytes]) -> Review:
    return Review(
        id=row.id,
        pair=Pair(holding=row.holding_id, name=sealed[row.name_id], other=row.other_id),
        state=ReviewState(row.state),
        decisions=row.decisions,
        hit=row.hit_id,
        file=_unpacked(sealed[row.file_id]) if row.file_id else UNKNOWN_FILE,
        closed=bool(row.closed),
    )


def _packed(file: FileDigests) -> bytes:
    """One byte that says which digests follow, and these."""
    values = (file.sha256, file.sha1, file.md5)
    return bytes([sum(bool(value) << at for at, value in enumerate(values))]) + b"".join(values)


def _unpacked(data: bytes) -> FileDigests:
    """The inverse. Raises `Damaged`."""
    values, at = [], 1
    for place, size in enumerate(_SIZES):
        there = size if data[:1] and data[0] >> place & 1 else 0
        values.append(data[at : at + there])
        at += there
    if at != len(data):
        raise Damaged("a review cannot be read", remedy="run fsck, then restore the newest backup")
    return FileDigests(sha256=values[0], sha1=values[1], md5=values[2])
