"""Addresses known here with their evidence, and the listings of all members. See `node.store.schema`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _number(name: str, *, counts: bool = False) -> sa.Column[int]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=counts)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "known_addresses",
        _number("id", counts=True),
        _number("granularity"),
        _bytes("hash"),
        *map(_number, ("vault_id", "added_at")),
        _text("record_origin"),
        _bytes("record_leaf"),
        _number("listed_day"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("known_addresses_by_hash", "known_addresses", ["hash", "granularity"], unique=True)
    op.create_table(
        "address_evidence",
        _number("id", counts=True),
        *map(_number, ("address_id", "day", "holding_id", "vault_id")),
        _text("officer"),
        _number("at"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("address_evidence_by_address", "address_evidence", ["address_id"])
    op.create_index("address_evidence_by_holding", "address_evidence", ["holding_id"])
    op.create_table(
        "address_listings",
        _number("id", counts=True),
        *map(_number, ("log_no", "idx", "granularity")),
        *map(_bytes, ("hash", "leaf")),
        *map(_number, ("revises", "evidence_day", "issued_day")),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("address_listings_by_place", "address_listings", ["log_no", "idx"], unique=True)
    op.create_index("address_listings_by_hash", "address_listings", ["hash", "granularity"])


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
