"""What an index that is kept in files has to catch up with (`node.store.indexing`)."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _long(name: str) -> sa.Column[Any]:
    return sa.Column(name, _LONG, nullable=False)


def upgrade() -> None:
    line = op.create_table(
        "line",
        _long("id"),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        _long("last"),
        _long("forgotten"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(line, [{"id": 1, "identity": secrets.token_bytes(16), "last": 0, "forgotten": 0}])
    op.create_table(
        "changes",
        _long("number"),
        _long("source"),
        _long("row"),
        _long("filled"),
        sa.PrimaryKeyConstraint("number"),
    )


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
