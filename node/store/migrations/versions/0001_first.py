"""The first schema. What each table is for is told in `node.store.schema`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _long(name: str, server_default: sa.TextClause | None = None) -> sa.Column[Any]:
    return sa.Column(name, _LONG, nullable=False, server_default=server_default)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "logs",
        _long("number"),
        _text("origin"),
        _long("size"),
        _bytes("root"),
        _bytes("checkpoint"),
        _long("checkpoint_size"),
        _bytes("anchor"),
        _long("anchor_size"),
        _bytes("cosigned"),
        _long("cosigned_size"),
        _text("frozen"),
        _long("held", server_default=sa.text("0")),
        _long("not_for_us", server_default=sa.text("0")),
        _long("purged", server_default=sa.text("0")),
        _long("missing", server_default=sa.text("0")),
        _long("quarantined", server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("logs_by_origin", "logs", ["origin"], unique=True)
    op.create_table(
        "entries", _long("slot"), _bytes("state"), _bytes("entry"), _bytes("sealed"), sa.PrimaryKeyConstraint("slot")
    )
    op.create_table(
        "runs", _long("slot"), _long("log_no"), _long("start"), _long("count"), sa.PrimaryKeyConstraint("slot")
    )
    op.create_index("runs_by_start", "runs", ["log_no", "start"], unique=True)
    op.create_table(
        "tiles",
        _long("log_no"),
        _long("level"),
        _long("idx"),
        _bytes("data"),
        sa.PrimaryKeyConstraint("log_no", "level", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "targets",
        _bytes("target_leaf"),
        _text("target_origin"),
        _long("log_no"),
        _long("idx"),
        _long("kind"),
        sa.PrimaryKeyConstraint("target_leaf", "target_origin", "log_no", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "expiries",
        _long("log_no"),
        _long("idx"),
        _long("day"),
        _long("held"),
        sa.PrimaryKeyConstraint("log_no", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_index("expiries_by_day", "expiries", ["day", "log_no", "idx"])
    op.create_table(
        "missing", _long("log_no"), _long("idx"), sa.PrimaryKeyConstraint("log_no", "idx"), sqlite_with_rowid=False
    )
    op.create_table(
        "repairs",
        _long("log_no"),
        _long("idx"),
        _long("vault_id"),
        sa.PrimaryKeyConstraint("log_no", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        _long("log_no"),
        _long("idx"),
        _text("reason"),
        sa.PrimaryKeyConstraint("log_no", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "forks", _long("id"), _long("log_no"), _bytes("note"), sa.PrimaryKeyConstraint("id"), sqlite_autoincrement=True
    )
    op.create_table(
        "outbox",
        _long("id"),
        _text("origin"),
        _bytes("entry"),
        _bytes("leaf"),
        _long("vault_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_by_leaf", "outbox", ["leaf"])
    op.create_table("vault", _long("id"), _bytes("live"), _bytes("sealed"), sa.PrimaryKeyConstraint("id"))
    op.create_table("vault_use", _long("id"), _long("live"), _long("blank"), sa.PrimaryKeyConstraint("id"))
    op.create_table(
        "holdings",
        _long("id"),
        _bytes("sha256"),
        _bytes("md5"),
        _bytes("sha1"),
        _bytes("pdq"),
        _long("pdq_quality"),
        _bytes("phash"),
        _text("media_type"),
        _long("size"),
        _long("level"),
        _long("added_at"),
        _text("record_origin"),
        _bytes("record_leaf"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("holdings_by_record", "holdings", ["record_leaf"], sqlite_where=sa.text("length(record_leaf) > 0"))
    op.create_index("holdings_by_sha256", "holdings", ["sha256"], unique=True)
    op.create_table(
        "holding_levels",
        _long("level"),
        _long("holdings"),
        sa.PrimaryKeyConstraint("level"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cases",
        _text("reference"),
        _long("holding_id"),
        sa.PrimaryKeyConstraint("reference", "holding_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("cases_by_holding", "cases", ["holding_id"])
    op.create_table("tags", _bytes("tag"), _long("holding_id"), sa.PrimaryKeyConstraint("tag"), sqlite_with_rowid=False)
    op.create_table(
        "asked",
        _bytes("query_id"),
        _text("asker"),
        _text("recipients"),
        _text("purpose"),
        _long("issued_at"),
        _long("expires_at"),
        _long("cost"),
        _bytes("header"),
        _long("payload_id"),
        _bytes("signature"),
        _long("created_at"),
        _long("closed_at"),
        sa.PrimaryKeyConstraint("query_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("asked_by_time", "asked", ["created_at"])
    op.create_table(
        "outcomes",
        _long("id"),
        _bytes("query_id"),
        _text("member"),
        _text("outcome"),
        _text("answerer"),
        _bytes("answer"),
        _bytes("signature"),
        _long("late"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("outcomes_by_query", "outcomes", ["query_id"])
    op.create_table(
        "answered",
        _text("asker"),
        _bytes("query_id"),
        _text("answerer"),
        _bytes("answer"),
        _bytes("signature"),
        _long("created_at"),
        sa.PrimaryKeyConstraint("asker", "query_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("answered_by_time", "answered", ["created_at"])
    op.create_table(
        "settings", _text("name"), _bytes("value"), sa.PrimaryKeyConstraint("name"), sqlite_with_rowid=False
    )
    op.create_table(
        "invitations",
        _bytes("secret_sha256"),
        _text("member"),
        _long("expires_at"),
        _long("used_at"),
        sa.PrimaryKeyConstraint("secret_sha256"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "joins",
        _text("member"),
        _text("name"),
        _bytes("secret_sha256"),
        _bytes("csr"),
        _text("vkeys"),
        _text("proofs"),
        _long("requested_at"),
        _text("state"),
        sa.PrimaryKeyConstraint("member"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "certificates",
        _long("id"),
        _text("member"),
        _text("serial"),
        _bytes("spki_sha256"),
        _long("not_after"),
        _long("issued_at"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("certificates_by_member", "certificates", ["member"])
    op.create_table(
        "mail",
        _long("id"),
        _text("asker"),
        _bytes("query_id"),
        _text("answerer"),
        _bytes("answer"),
        _bytes("signature"),
        _long("expires_at"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("mail_by_asker", "mail", ["asker", "id"])
    op.create_table(
        "messages",
        _long("id"),
        _text("channel"),
        _long("vault_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO vault_use (id, live, blank) VALUES (1, 0, 0)")


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
