"""Many entries by their positions at once: the reads for re-checking the hits of a search.

Rules this module upholds:

- A fixed number of statements per batch, not one per entry: the runs of the log that are touched, then their rows.
- Only entries with a held body are returned; all others are left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import BindParameter, bindparam, func, select

from node.domain.envelope import Disclosure
from node.domain.ids import Origin
from node.errors import NotFound
from node.store import codec, vault
from node.store.statements import Repository, chunks, rows_in
from node.store.tables.logs import entries, repairs, runs

_log: BindParameter[int] = bindparam("log")
_earlier = runs.alias("earlier")
_first_run = (
    select(func.max(_earlier.c.start))
    .where(_earlier.c.log_no == _log, _earlier.c.start <= bindparam("least"))
    .scalar_subquery()
)
_RUNS: Final = (
    select(runs.c.start, runs.c.count, runs.c.slot)
    .where(runs.c.log_no == _log, runs.c.start >= func.coalesce(_first_run, 0), runs.c.start <= bindparam("most"))
    .order_by(runs.c.start)
)
_ENTRIES: Final = select(entries.c.slot, entries.c.state, entries.c.entry, entries.c.sealed).where(
    entries.c.slot.in_(bindparam("slots", expanding=True)), entries.c.state.in_((codec.HELD, codec.REPAIRED))
)
_BARE: Final = select(entries.c.entry, entries.c.state).where(entries.c.slot == bindparam("at"))
_BARES: Final = select(entries.c.slot, entries.c.entry, entries.c.state).where(
    entries.c.slot.in_(bindparam("slots", expanding=True))
)
_REPAIRS: Final = select(repairs.c.idx, repairs.c.vault_id).where(
    repairs.c.log_no == _log, repairs.c.idx.in_(bindparam("indices", expanding=True))
)


class HeldRows(Repository):
    """`LogReader.held_at`, `disclosed_at`, `entry_at` and `entries_at` inside one transaction."""

    def entry_at(self, origin: Origin, index: int) -> tuple[bytes, int]:
        number = self._number(origin)
        slots = {} if number is None or index < 0 else self._places(number, [index])
        for slot in slots:
            row = self._connection.execute(_BARE, {"at": slot}).one()
            return row.entry, codec.shown_states([row.state])[0]
        raise NotFound("no such entry is kept here")

    def entries_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, int]]:
        number = self._number(origin)
        wanted = sorted({index for index in indices if index >= 0})
        slots = {} if number is None or not wanted else self._places(number, wanted)
        rows = list(rows_in(self._connection, _BARES, "slots", slots))
        states = codec.shown_states([state for _, _, state in rows])
        return {slots[slot]: (entry, state) for (slot, entry, _), state in zip(rows, states, strict=True)}

    def held_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, bytes]]:
        """See `LogReader`. Raises `Damaged` if a stored body is shorter than it says."""
        found = self._sealed(origin, indices)
        bodies = codec.open_columns([sealed for _, sealed in found.values()]).bodies if found else []
        return {index: (entry, body) for (index, (entry, _)), body in zip(found.items(), bodies, strict=True)}

    def disclosed_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, Disclosure]]:
        """See `LogReader`. Raises `Damaged` as `held_at`."""
        found = self._sealed(origin, indices)
        return {index: (entry, codec.open_disclosure(sealed)) for index, (entry, sealed) in found.items()}

    def _sealed(self, origin: Origin, indices: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
        """(entry, stored disclosure) by index."""
        number = self._number(origin)
        wanted = sorted({index for index in indices if index >= 0})
        if number is None or not wanted:
            return {}
        slots = self._places(number, wanted)
        found: dict[int, tuple[bytes, bytes]] = {}
        late: list[int] = []
        for some in chunks(slots):
            for slot, state, entry, sealed in self._connection.execute(_ENTRIES, {"slots": some}):
                found[slots[slot]] = (entry, sealed)
                if state == codec.REPAIRED:
                    late.append(slots[slot])
        for index, sealed in self._late(number, late).items():
            found[index] = (found[index][0], sealed)
        return found

    def _places(self, number: int, wanted: Sequence[int]) -> dict[int, int]:
        """Slot -> index of the entries that exist."""
        bounds = {"log": number, "least": wanted[0], "most": wanted[-1]}
        stretches = [tuple(row) for row in self._connection.execute(_RUNS, bounds)]
        starts = [start for start, _, _ in stretches]
        slots: dict[int, int] = {}
        for index in wanted:
            at = bisect_right(starts, index) - 1
            if at >= 0 and index < stretches[at][0] + stretches[at][1]:
                slots[stretches[at][2] + index - stretches[at][0]] = index
        return slots

    def _late(self, number: int, indices: Sequence[int]) -> dict[int, bytes]:
        """The disclosures in the vault, of bodies that came later."""
        found: dict[int, bytes] = {}
        for some in chunks(indices):
            rows = self._connection.execute(_REPAIRS, {"log": number, "indices": some}).all()
            bodies = vault.get(self._connection, [row.vault_id for row in rows])
            found |= {row.idx: body for row, body in zip(rows, bodies, strict=True)}
        return found
