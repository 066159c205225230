"""The ledger of what members take. A database of before is charged with the logs that it holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ENTRIES, _BYTES, _SET_ASIDE, _ALL = 1, 2, 3, 0
_ENTRY_BYTES = 72
"""As `usecases.quotas.ENTRY_BYTES` was when this was written."""
_STORED = sa.text(
    "SELECT coalesce(sum(length(entry) + length(sealed)), 0) FROM entries WHERE slot >= :first AND slot < :stop"
)


def _long(name: str) -> sa.Column[int]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=False)


def upgrade() -> None:
    usage = op.create_table(
        "usage",
        sa.Column("member", sa.Text(), nullable=False),
        _long("resource"),
        _long("period"),
        _long("win"),
        _long("used"),
        sa.PrimaryKeyConstraint("member", "resource", "period"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    totals: dict[tuple[str, int], int] = {}
    for log in connection.execute(sa.text("SELECT number, origin, size, quarantined FROM logs")).all():
        _federation, member, stream, _epoch = log.origin.rsplit("/", 3)
        if stream != "log":
            continue
        stored = sum(
            connection.scalar(_STORED, {"first": run.slot, "stop": run.slot + run.count}) or 0
            for run in connection.execute(
                sa.text("SELECT slot, count FROM runs WHERE log_no = :number"), {"number": log.number}
            ).all()
        )
        for resource, amount in (
            (_ENTRIES, log.size),
            (_BYTES, stored + _ENTRY_BYTES * log.size),
            (_SET_ASIDE, log.quarantined),
        ):
            totals[member, resource] = totals.get((member, resource), 0) + amount
    for (member, resource), amount in totals.items():
        row = {"member": member, "resource": resource, "period": _ALL, "win": 0, "used": amount}
        connection.execute(usage.insert(), row)


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
