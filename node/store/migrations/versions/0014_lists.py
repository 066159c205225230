"""Lists that others made: their rows and their cases. See `node.store.schema`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0014"
down_revision = "0013"
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
        "lists",
        _number("number", counts=True),
        *map(_text, ("name", "format", "version", "region", "kind", "scheme", "scheme_version")),
        _number("is_abuse"),
        _text("provider"),
        _number("level"),
        _text("code"),
        _number("retain_until_day"),
        _number("imported_at"),
        _text("imported_by"),
        _number("state"),
        _number("generation"),
        _bytes("digest"),
        _number("rows"),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("lists_by_name", "lists", ["name"], unique=True)
    op.create_table(
        "list_rows",
        _number("id", counts=True),
        _number("list_number"),
        _bytes("identity"),
        _number("generation"),
        *map(_bytes, ("md5", "sha1", "sha256", "pdq")),
        _number("pdq_quality"),
        _bytes("photodna"),
        _text("code"),
        _number("flags"),
        *map(_text, ("series", "tags", "media_type")),
        *map(_number, ("size", "case_id", "record", "line", "offset")),
        _text("rest"),
        _number("vault_id"),
        _number("vault_at"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("list_rows_by_identity", "list_rows", ["list_number", "identity"], unique=True)
    op.create_index("list_rows_by_block", "list_rows", ["vault_id"])
    op.create_table(
        "list_cases",
        _number("id", counts=True),
        _number("list_number"),
        _text("number"),
        _number("vault_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("list_cases_by_number", "list_cases", ["list_number", "number"], unique=True)


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
