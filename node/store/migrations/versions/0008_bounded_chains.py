"""How many corrections of a log go back to one, and what is still to be deleted. See `node.store.schema`.

The counts are made from the links and targets that are there. Of entries that were set aside before, the reasons stay.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CORRECTION: Final = 2
_TILE: Final = 256
_HASH: Final = 32
_FIRST: Final = sa.text("UPDATE links SET first = :first WHERE log_no = :log AND idx = :idx")
_FILED: Final = sa.text("UPDATE links SET filed = :filed WHERE log_no = :log AND idx = :idx")
_CORRECTIONS: Final = sa.text(
    "SELECT t.log_no, t.idx, t.target_leaf, l.origin = t.target_origin AS here FROM targets t"
    " JOIN logs l ON l.number = t.log_no WHERE t.kind = :kind ORDER BY t.log_no, t.idx"
)


def upgrade() -> None:
    for name in ("first", "filed"):
        op.add_column("links", sa.Column(name, _LONG, nullable=False, server_default=sa.text("0")))
    op.create_table(
        "owed",
        sa.Column("root_leaf", sa.LargeBinary(), nullable=False),
        sa.Column("root_origin", sa.Text(), nullable=False),
        sa.Column("spare", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("root_leaf", "root_origin", "spare"),
        sqlite_with_rowid=False,
    )
    _count(op.get_bind())


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")


def _count(connection: sa.Connection) -> None:
    """Each correction goes back to where the one that it corrects goes back to, if that stands before it in its log."""
    begins: dict[tuple[int, bytes], int] = {}
    filed: dict[tuple[int, int], int] = {}
    for row in connection.execute(_CORRECTIONS, {"kind": _CORRECTION}).all():
        first = begins.get((row.log_no, row.target_leaf), row.idx) if row.here else row.idx
        begins[row.log_no, _leaf(connection, row)] = first
        filed[row.log_no, first] = filed.get((row.log_no, first), 0) + 1
        connection.execute(_FIRST, {"first": first, "log": row.log_no, "idx": row.idx})
    for (log, idx), count in filed.items():
        connection.execute(_FILED, {"filed": count, "log": log, "idx": idx})


def _leaf(connection: sa.Connection, row: sa.Row[Any]) -> bytes:
    """The leaf hash of the entry of a row."""
    tile = sa.text("SELECT data FROM tiles WHERE log_no = :log AND level = 0 AND idx = :tile")
    data = connection.scalar(tile, {"log": row.log_no, "tile": row.idx // _TILE}) or b""
    at = row.idx % _TILE * _HASH
    return bytes(data[at : at + _HASH])
