"""Chains of records, references to files, and deletions under way. What each is for is told in `node.store.schema`.

Chains are made from the targets that were kept before. What was purged under the earlier rules stays purged.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CORRECTION: Final = 2
_RETRACTION: Final = 3
_COMMENT: Final = 5
_TILE: Final = 256
_HASH: Final = 32

Name = tuple[bytes, str]
Place = tuple[int, int]


def _long(name: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=False if key else "auto")


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    links = op.create_table(
        "links",
        _long("log_no", key=True),
        _long("idx", key=True),
        _long("kind"),
        _bytes("root_leaf"),
        _text("root_origin"),
        _long("version"),
        _long("counts"),
        sa.PrimaryKeyConstraint("log_no", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_index("links_by_root", "links", ["root_leaf", "root_origin", "counts", "kind", "version"])
    chains = op.create_table(
        "chains",
        _bytes("root_leaf"),
        _text("root_origin"),
        _long("head_log"),
        _long("head_idx"),
        _long("ended"),
        _long("barred"),
        sa.PrimaryKeyConstraint("root_leaf", "root_origin"),
        sqlite_with_rowid=False,
    )
    op.create_index("chains_awaited", "chains", ["root_origin"], sqlite_where=sa.text("head_log = 0"))
    op.create_index("chains_barred", "chains", ["barred"], sqlite_where=sa.text("barred = 1"))
    op.create_table(
        "holding_files",
        _long("holding_id", key=True),
        _text("reference"),
        _long("vault_id", key=True),
        sa.PrimaryKeyConstraint("holding_id", "reference", "vault_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deletions",
        sa.Column("id", _LONG, nullable=False),
        _long("holding_id"),
        _text("reference"),
        _long("reason"),
        _long("vault_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("tags_by_holding", "tags", ["holding_id"])
    _fill(op.get_bind(), links, chains)


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")


def _fill(connection: sa.Connection, links: sa.Table, chains: sa.Table) -> None:
    """Makes the chains of what is there. A correction is taken after what it corrects: by member, epoch and place."""
    logs = {row.number: row.origin for row in connection.execute(sa.text("SELECT number, origin FROM logs"))}
    aside = {tuple(row) for row in connection.execute(sa.text("SELECT log_no, idx FROM quarantine"))}
    pointing = sa.text(
        "SELECT target_leaf, target_origin, log_no, idx, kind FROM targets WHERE kind BETWEEN :first AND :last"
    )
    rows = connection.execute(pointing, {"first": _CORRECTION, "last": _COMMENT}).all()
    said = sorted(rows, key=lambda row: (_by_epoch(logs[row.log_no]), row.idx))
    corrections = {(row.log_no, row.idx): _leaf(connection, row) for row in said if row.kind == _CORRECTION}
    place_of = _places(connection, logs, {(row.target_leaf, row.target_origin) for row in said})
    root_of: dict[Name, tuple[Name, int]] = {}
    heads: dict[Name, Place] = {}
    ended: set[Name] = set()
    for row in sorted(said, key=lambda row: row.kind != _CORRECTION):
        target = (row.target_leaf, row.target_origin)
        root, version = root_of.get(target, (target, 0))
        heads.setdefault(root, place_of.get(root, (0, 0)))
        here, counts = (row.log_no, row.idx), (row.log_no, row.idx) not in aside
        if row.kind == _CORRECTION:
            version += 1
            root_of[corrections[here], logs[row.log_no]] = root, version
            heads[root] = here if counts else heads[root]
        elif row.kind == _RETRACTION and counts:
            ended.add(root)
        values = {"log_no": row.log_no, "idx": row.idx, "kind": row.kind, "version": version, "counts": int(counts)}
        connection.execute(links.insert(), values | {"root_leaf": root[0], "root_origin": root[1]})
    for (leaf, origin), (log, index) in heads.items():
        values = {"root_leaf": leaf, "root_origin": origin, "head_log": log, "head_idx": index, "barred": 0}
        connection.execute(chains.insert(), values | {"ended": int((leaf, origin) in ended)})


def _by_epoch(origin: str) -> tuple[str, int]:
    stream, _, epoch = origin.rpartition("/")
    return stream, int(epoch)


def _leaf(connection: sa.Connection, row: sa.Row[Any]) -> bytes:
    """The leaf hash of the entry of a row."""
    tile = sa.text("SELECT data FROM tiles WHERE log_no = :log AND level = 0 AND idx = :tile")
    data = connection.scalar(tile, {"log": row.log_no, "tile": row.idx // _TILE}) or b""
    at = row.idx % _TILE * _HASH
    return bytes(data[at : at + _HASH])


def _places(connection: sa.Connection, logs: dict[int, str], wanted: set[Name]) -> dict[Name, Place]:
    """Where these entries stand, as far as they are here."""
    found: dict[Name, Place] = {}
    if not wanted:
        return found
    for log, tile, data in connection.execute(sa.text("SELECT log_no, idx, data FROM tiles WHERE level = 0")):
        for at in range(0, len(data), _HASH):
            name = (bytes(data[at : at + _HASH]), logs[log])
            if name in wanted:
                found.setdefault(name, (log, tile * _TILE + at // _HASH))
    return found
