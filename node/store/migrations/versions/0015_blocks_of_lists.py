"""The rows of lists by the block, in the vault, and apart from them what names each row. See `node.store.schema`.

Every row keeps its id, its generation and its case, so an index that was kept still fits. What the file said of it
moves into its new block, and the old copy is overwritten.

It writes blocks by `node.store.list_codec` as the program has it. That module reads every form that it ever wrote, so
this step stays right if the form changes.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from node.domain.references import At, Reference
from node.domain.statements import Tri
from node.errors import Damaged, Misuse
from node.store import list_codec

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE: Final = 2_000
"""Rows that are moved together."""
_PAGE: Final = sa.text("SELECT * FROM list_rows WHERE id > :after ORDER BY id LIMIT :most")
_WORDS: Final = sa.text("SELECT id, sealed FROM vault WHERE live = x'01' AND id IN :ids").bindparams(
    sa.bindparam("ids", expanding=True)
)
_KEEP: Final = sa.text("INSERT INTO vault (id, live, sealed) VALUES (:id, x'01', :sealed)")
_LAST: Final = sa.text("SELECT coalesce(max(id), 0) FROM vault")
_BLOCK: Final = sa.text(
    "INSERT INTO list_blocks (last, list_number, slots, generation, generations, case_id, vault_id)"
    " VALUES (:last, :list_number, :slots, :generation, :generations, :case_id, :vault_id)"
)
_SPENT: Final = "SELECT vault_id FROM list_rows WHERE vault_id != 0"
_BLANK: Final = sa.text(
    f"UPDATE vault SET live = x'00', sealed = zeroblob(length(sealed)) WHERE id IN ({_SPENT})"  # noqa: S608
)
_USE: Final = sa.text("UPDATE vault_use SET live = live + :fresh - :blank, blank = blank + :blank")


def upgrade() -> None:
    op.create_table(
        "list_blocks",
        sa.Column("last", _LONG, nullable=False, autoincrement=True),
        sa.Column("list_number", _LONG, nullable=False),
        sa.Column("slots", _LONG, nullable=False),
        sa.Column("generation", _LONG, nullable=False),
        sa.Column("generations", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", _LONG, nullable=False),
        sa.Column("vault_id", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("last"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "list_identities",
        sa.Column("list_number", _LONG, nullable=False, autoincrement=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("row_id", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("list_number", "identity"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    _move(connection)
    op.drop_table("list_rows")
    op.create_index("list_blocks_by_list", "list_blocks", ["list_number"])


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")


def _move(connection: sa.Connection) -> None:
    named = "INSERT INTO list_identities SELECT list_number, identity, id FROM list_rows ORDER BY list_number, identity"
    connection.execute(sa.text(named))
    place = int(connection.scalar(_LAST) or 0)
    fresh, after = 0, 0
    while rows := connection.execute(_PAGE, {"after": after, "most": _AT_ONCE}).all():
        after = rows[-1].id
        words = _words(connection, rows)
        for block in _blocks(rows):
            place, fresh = place + 1, fresh + 1
            _put(connection, block, words, place)
    blank = connection.execute(_BLANK).rowcount
    connection.execute(_USE, {"fresh": fresh, "blank": blank})
    # An id is never used twice, although its row is gone.
    used = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'list_rows'"))
    if used:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'list_blocks'"))
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('list_blocks', :used)"), {"used": used}
        )


def _blocks(rows: Sequence[sa.Row[Any]]) -> Iterator[list[sa.Row[Any]]]:
    """Rows of one list and one case whose ids are near one another."""
    block: list[sa.Row[Any]] = []
    for row in rows:
        if block and (
            (row.list_number, row.case_id) != (block[0].list_number, block[0].case_id)
            or row.id >= block[0].id + list_codec.BLOCK_ROWS
        ):
            yield block
            block = []
        block.append(row)
    if block:
        yield block


def _put(connection: sa.Connection, block: Sequence[sa.Row[Any]], words: dict[int, list[str]], place: int) -> None:
    first, last = block[0].id, block[-1].id
    slots = [list_codec.GONE] * (last - first + 1)
    ages = [0] * len(slots)
    for row in block:
        said = words[row.vault_id][row.vault_at] if row.vault_id else ""
        slots[row.id - first], ages[row.id - first] = _reference(row, said), row.generation
    connection.execute(_KEEP, {"id": place, "sealed": list_codec.pack_block(list_codec.by_column(slots))})
    alike = len(set(ages)) == 1
    connection.execute(
        _BLOCK,
        {
            "last": last,
            "list_number": block[0].list_number,
            "slots": len(slots),
            "generation": min(filter(None, ages)),
            "generations": b"" if alike else struct.pack(f">{len(ages)}I", *ages),
            "case_id": block[0].case_id,
            "vault_id": place,
        },
    )


def _words(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> dict[int, list[str]]:
    """Id in the vault -> what the file said of the rows of that block."""
    ids = sorted({row.vault_id for row in rows if row.vault_id})
    found: dict[int, list[str]] = {}
    for at in range(0, len(ids), 500):
        for place, sealed in connection.execute(_WORDS, {"ids": ids[at : at + 500]}):
            found[place] = _unpacked(sealed)
    if len(found) < len(ids):
        raise Damaged("a body that the database refers to is gone", remedy="restore the newest backup")
    return found


def _unpacked(sealed: bytes) -> list[str]:
    """Count u16 | length u32 of each | the words."""
    try:
        data = zlib.decompress(sealed)
        (count,) = struct.unpack_from(">H", data)
        at, words = 2 + 4 * count, []
        for length in struct.unpack_from(f">{count}I", data, 2):
            words.append(data[at : at + length].decode("utf-8", "surrogatepass"))
            at += length
    except (zlib.error, struct.error, ValueError) as error:
        raise Damaged("what a list said of its rows cannot be read", remedy="restore the newest backup") from error
    return words


def _reference(row: sa.Row[Any], said: str) -> Reference:
    rest = json.loads(row.rest) if row.rest else {}
    flags = row.flags
    return Reference(
        at=At(record=row.record, line=row.line, offset=row.offset, name=rest.get("at", "")),
        id=rest.get("id", ""),
        md5=row.md5,
        sha1=row.sha1,
        sha256=row.sha256,
        pdq=row.pdq,
        pdq_quality=row.pdq_quality,
        photodna=row.photodna,
        code=row.code or None,
        victim_identified=Tri(flags & 3),
        offender_identified=Tri(flags >> 2 & 3),
        distributed=Tri(flags >> 4 & 3),
        baseline=Tri(flags >> 6 & 3),
        series=row.series,
        tags=row.tags,
        media_type=row.media_type,
        size=row.size,
        not_searched=tuple(rest.get("not_searched", ())),
        audience=rest.get("audience", ""),
        handling=rest.get("handling", ""),
        disputes=rest.get("disputes", 0),
        warnings=tuple(rest.get("warnings", ())),
        said=said,
        changed=rest.get("changed", ""),
    )
