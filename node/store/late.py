"""Bodies that come after their entries: stored apart, because an entry's own row must not grow.

Rules this module upholds:

- A body is stored only for an entry that is missing it. An entry that was not for us is made missing first.
- The notes of an entry (missing, expiry day, counts) change with its state, in the same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import BindParameter, bindparam, delete, update

from node.domain.batch import BodyState
from node.errors import Misuse
from node.store import codec, vault
from node.store.log_writes import LogWrites
from node.store.statements import chunks, insert_rows
from node.store.tables.logs import entries, expiries, missing, repairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.envelope import Disclosure
    from node.domain.ids import Origin
    from node.domain.log_ports import LogState

_SOME: Final[BindParameter[int]] = bindparam("some", expanding=True)
_RESTATE: Final = update(entries).where(entries.c.slot.in_(_SOME)).values(state=bindparam("now"))
_NO_LONGER_MISSING: Final = delete(missing).where(missing.c.log_no == bindparam("log"), missing.c.idx.in_(_SOME))
_MISSING: Final = codec.state_byte(BodyState.MISSING)


class LateBodies(LogWrites):
    """`LogWriter`, extended by bodies that come late."""

    def fill(self, origin: Origin, late: Mapping[int, Disclosure]) -> None:
        """See `LogWriter`. A body may have been purged meanwhile: then it is not missing."""
        state, indices = self._require(origin), sorted(late)
        slots = self._all_in(state, indices, BodyState.MISSING, "only a missing body can be filled in")
        rows = vault.put(self._connection, [codec.seal(late[index]) for index in indices])
        filled = [(state.number, index, row) for index, row in zip(indices, rows, strict=True)]
        insert_rows(self._connection, repairs, ("log_no", "idx", "vault_id"), filled)
        self._restate(slots, codec.REPAIRED)
        for some in chunks(indices):
            self._connection.execute(_NO_LONGER_MISSING, {"log": state.number, "some": some})
        self._count(state, {BodyState.MISSING: -len(indices), BodyState.HELD: len(indices)})

    def expect(self, origin: Origin, days: Mapping[int, int]) -> None:
        """See `LogWriter`."""
        state, indices = self._require(origin), sorted(days)
        slots = self._all_in(state, indices, BodyState.NOT_FOR_US, "only a body that was not for us can be expected")
        self._restate(slots, _MISSING)
        insert_rows(self._connection, missing, ("log_no", "idx"), [(state.number, index) for index in indices])
        dated = [(state.number, index, days[index]) for index in indices if days[index]]
        insert_rows(self._connection, expiries, ("log_no", "idx", "day"), dated)
        self._count(state, {BodyState.NOT_FOR_US: -len(indices), BodyState.MISSING: len(indices)})

    def _all_in(self, state: LogState, indices: Sequence[int], wanted: BodyState, otherwise: str) -> list[int]:
        """The slots of these entries. Raises `Misuse` unless all of them are in this state."""
        slots = self._slots(state, indices)
        if any(before != codec.state_byte(wanted) for _, before in slots.values()):
            raise Misuse(otherwise)
        return [slot for slot, _ in slots.values()]

    def _restate(self, slots: Sequence[int], stored: bytes) -> None:
        for some in chunks(slots):
            self._connection.execute(_RESTATE, {"some": some, "now": stored})
