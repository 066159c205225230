"""Mentions, and a list of entries by their kind.

Entries of kinds that the program before did not understand are listed as not read; the next start reads them.
"""

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LIST = sa.text(
    "INSERT INTO stated (kind, log_no, idx, is_read)"
    " SELECT unicode(substr(entry, 2, 1)), log_no, start + entries.slot - runs.slot, 0"
    " FROM runs JOIN entries ON entries.slot >= runs.slot AND entries.slot < runs.slot + runs.count"
    # From kind 6 on, up to the last one that travels.
    " WHERE substr(entry, 1, 1) = x'01' AND substr(entry, 2, 1) >= x'06' AND substr(entry, 2, 1) < x'80'"
    " AND log_no IN (SELECT number FROM logs WHERE origin LIKE '%/log/%')"
)


def upgrade() -> None:
    op.create_table(
        "mentions",
        sa.Column("log_no", _LONG, nullable=False, autoincrement=False),
        sa.Column("idx", _LONG, nullable=False, autoincrement=False),
        sa.Column("role", _LONG, nullable=False, autoincrement=False),
        sa.Column("root_origin", sa.Text(), nullable=False),
        sa.Column("root_leaf", sa.LargeBinary(), nullable=False),
        sa.Column("kind", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("log_no", "idx", "role", "root_origin", "root_leaf"),
        sqlite_with_rowid=False,
    )
    op.create_index("mentions_by_root", "mentions", ["root_leaf", "root_origin", "role", "log_no", "idx"])
    op.create_table(
        "stated",
        sa.Column("kind", _LONG, nullable=False, autoincrement=False),
        sa.Column("log_no", _LONG, nullable=False, autoincrement=False),
        sa.Column("idx", _LONG, nullable=False, autoincrement=False),
        sa.Column("is_read", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("kind", "log_no", "idx"),
        sqlite_with_rowid=False,
    )
    op.get_bind().execute(_LIST)
    op.create_index("stated_unread", "stated", ["is_read"], sqlite_where=sa.text("is_read = 0"))


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
