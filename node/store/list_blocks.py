"""The blocks in which the rows of lists are kept: finding them, adding them, and erasing rows of them.

Rules this module upholds:

- Rows of one list that came together, and of one case, are a block. Their ids follow one another, and no id is ever
  used twice: a block keeps the slot of a row that is gone.
- All that a row says is in the vault. A row goes by writing its block anew without it and overwriting the old one, so
  that nothing of it stays. A block whose rows are all gone goes whole.
- Within the caller's transaction. Who calls keeps `list_identities` in step.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import bindparam, delete, func, or_, select, text, update

from node.domain.batch import FingerprintColumn, FingerprintColumns
from node.domain.fingerprints import UNSTATED_QUALITY
from node.store import codec, list_codec, vault
from node.store.kept_kinds import LISTED
from node.store.list_codec import BLOCK_ROWS
from node.store.statements import chunks, insert_rows
from node.store.tables.lists import list_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from sqlalchemy import Connection, Row

    from node.domain.fingerprint_kinds import FingerprintKind
    from node.store.list_codec import Columns

AT_ONCE: Final = 64
"""Blocks whose content is in memory together: a MiB, more where rows have long words."""
_COLUMNS: Final = tuple(each.name for each in list_blocks.c)
_NEVER: Final = 1 << 62
"""Above every generation."""
_SEQUENCE: Final = text("SELECT seq FROM sqlite_sequence WHERE name = 'list_blocks'")
_ASKED: Final = func.json_each(bindparam("ids")).table_valued("value")
_NEAREST: Final = select(func.min(list_blocks.c.last)).where(list_blocks.c.last >= _ASKED.c.value).scalar_subquery()
_HOLDING: Final = (
    select(list_blocks).where(list_blocks.c.last.in_(select(_NEAREST).select_from(_ASKED))).order_by(list_blocks.c.last)
)
_PAGE: Final = (
    select(list_blocks)
    .where(list_blocks.c.list_number == bindparam("of"), list_blocks.c.last > bindparam("after"))
    .where(list_blocks.c.generation < bindparam("before"))
    .where(or_(bindparam("any_case") == 1, list_blocks.c.case_id == bindparam("case")))
    .order_by(list_blocks.c.last)
    .limit(bindparam("most"))
)
_AGED: Final = (
    update(list_blocks)
    .where(list_blocks.c.last == bindparam("block"))
    .values(generation=bindparam("earliest"), generations=bindparam("each"), vault_id=bindparam("place"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block, without what its rows say. `ages`: for each slot the generation that said its row last, 0 for a row that
    is gone.
    """

    last: int
    list_number: int
    case_id: int
    vault_id: int
    ages: tuple[int, ...]

    @property
    def first(self) -> int:
        """The id of the first slot."""
        return self.last - len(self.ages) + 1

    @property
    def live(self) -> list[int]:
        """The slots of the rows that are there."""
        return [slot for slot, age in enumerate(self.ages) if age]


def _block(row: Row[Any]) -> Block:
    ages = _ages(row.slots).unpack(row.generations) if row.generations else (row.generation,) * row.slots
    return Block(
        last=row.last, list_number=row.list_number, case_id=row.case_id, vault_id=row.vault_id, ages=tuple(ages)
    )


def _ages(slots: int) -> Struct:
    return Struct(f">{slots}I")


def last_id(connection: Connection) -> int:
    """The highest id that any row ever had; 0 before the first."""
    return connection.scalar(_SEQUENCE) or 0


def walk(
    connection: Connection, number: int, after: int, rows: int, *, before: int = 0, case: int | None = None
) -> Iterator[list[Block]]:
    """The blocks of a list that have slots of ids above `after`, ascending, about as many at a time as `rows` rows
    need. `before`: only those with rows that no file of this generation or a later one said; `case`: of this case.
    """
    asked = {"of": number, "after": after, "before": before or _NEVER, "most": rows // BLOCK_ROWS + 2}
    asked |= {"any_case": int(case is None), "case": case or 0}
    while blocks := [_block(row) for row in connection.execute(_PAGE, asked)]:
        yield blocks
        asked["after"] = blocks[-1].last


def holding(connection: Connection, ids: Iterable[int]) -> Iterator[list[Block]]:
    """The blocks that have slots of these ids, ascending, some at a time."""
    for some in chunks(sorted(set(ids))):
        blocks = [_block(row) for row in connection.execute(_HOLDING, {"ids": json.dumps(some)})]
        yield [each for each in blocks if any(each.first <= row <= each.last for row in some)]


def case_sizes(connection: Connection) -> dict[int, int]:
    """Id of a case -> how many rows are in it, for all cases of all lists. A block has a hundred rows and more."""
    sizes: defaultdict[int, int] = defaultdict(int)
    for row in connection.execute(select(list_blocks).where(list_blocks.c.case_id != 0)):
        sizes[row.case_id] += len(_block(row).live) if row.generations else row.slots
    return sizes


def contents(connection: Connection, blocks: Sequence[Block]) -> Iterator[bytes]:
    """What the vault has of each of these blocks, for `list_codec`."""
    for at in range(0, len(blocks), AT_ONCE):
        some = vault.get(connection, [each.vault_id for each in blocks[at : at + AT_ONCE]])
        yield from map(codec.open_bytes, some)


def add(connection: Connection, number: int, generation: int, columns: Columns, case_id: int) -> None:
    """Puts rows at the end, from id `last_id` and 1 on."""
    before, count = last_id(connection), len(columns["at"])
    places = vault.put(connection, list(map(codec.seal_bytes, list_codec.pack_blocks(columns))))
    made = []
    for start, place in zip(range(0, count, BLOCK_ROWS), places, strict=True):
        end = min(start + BLOCK_ROWS, count)
        made.append((before + end, number, end - start, generation, b"", case_id, place))
    insert_rows(connection, list_blocks, _COLUMNS, made)


def seen(connection: Connection, ids: AbstractSet[int], generation: int) -> None:
    """File `generation` says these rows again."""
    for blocks in holding(connection, ids):
        aged = [_with_ages(each, ids, generation) for each in blocks]
        _update(connection, [(ages, block.vault_id, block) for ages, block in zip(aged, blocks, strict=True)])


def _with_ages(block: Block, ids: AbstractSet[int], generation: int) -> tuple[int, ...]:
    """The ages of a block after these rows got another one."""
    return tuple(generation if age and row in ids else age for row, age in enumerate(block.ages, block.first))


def _update(connection: Connection, changed: Sequence[tuple[tuple[int, ...], int, Block]]) -> None:
    """(Ages, id in the vault, block) of each block that stays."""
    values = []
    for ages, place, block in changed:
        earliest = min(filter(None, ages))
        each = b"" if ages.count(earliest) == len(ages) else _ages(len(ages)).pack(*ages)
        values.append({"block": block.last, "earliest": earliest, "each": each, "place": place})
    if values:
        connection.execute(_AGED, values)


def erase(connection: Connection, ids: AbstractSet[int]) -> None:
    """Deletes rows; what they say is overwritten, that of their neighbours in a block is kept."""
    for blocks in holding(connection, ids):
        for at in range(0, len(blocks), AT_ONCE):
            _erase(connection, blocks[at : at + AT_ONCE], ids)


def _erase(connection: Connection, blocks: Sequence[Block], ids: AbstractSet[int]) -> None:
    aged = [(ages, each) for each in blocks if (ages := _with_ages(each, ids, 0)) != each.ages]
    kept = [(ages, block) for ages, block in aged if any(ages)]
    fresh: list[bytes] = []
    for (ages, _), data in zip(kept, contents(connection, [block for _, block in kept]), strict=True):
        left = [slot for slot, age in enumerate(ages) if age]
        rows = [list_codec.GONE] * len(ages)
        for slot, row in zip(left, list_codec.unpack_rows(data, left, words=True), strict=True):
            rows[slot] = row
        fresh.append(codec.seal_bytes(list_codec.pack_block(list_codec.by_column(rows))))
    places = vault.put(connection, fresh)
    _update(connection, [(ages, place, block) for (ages, block), place in zip(kept, places, strict=True)])
    for some in chunks(block.last for ages, block in aged if not any(ages)):
        connection.execute(delete(list_blocks).where(list_blocks.c.last.in_(some)))
    vault.forget(connection, [block.vault_id for _, block in aged])


class Prints:
    """Fingerprints of blocks, put together. `count`: of how many rows; `last`: the id of the last of them."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        self._parts: defaultdict[FingerprintKind, list[FingerprintColumn]] = defaultdict(list)

    def add(self, block: Block, data: bytes, slots: Sequence[int]) -> None:
        """Adds those of some slots of a block."""
        if not slots:
            return
        self.count += len(slots)
        self.last = block.first + slots[-1]
        wanted = np.zeros(len(block.ages), dtype=np.bool_)
        wanted[slots] = True
        for kind, has, values in list_codec.unpack_hashes(data):
            those = wanted[has]
            if not those.any():
                continue
            field = LISTED[kind].quality
            quality = np.full(len(wanted), UNSTATED_QUALITY, dtype=np.int16)
            if field is not None:
                quality = list_codec.unpack_qualities(data, field)
            self._parts[kind].append(
                FingerprintColumn(
                    code=kind.code, rows=has[those] + block.first, values=values[those], quality=quality[has][those]
                )
            )

    def joined(self) -> FingerprintColumns:
        """All of them, by kind."""
        return FingerprintColumns(
            columns=[
                FingerprintColumn(
                    code=kind.code,
                    rows=np.concatenate([each.rows for each in parts]),
                    values=np.concatenate([each.values for each in parts]),
                    quality=np.concatenate([each.quality for each in parts]),
                )
                for kind, parts in self._parts.items()
            ]
        )
