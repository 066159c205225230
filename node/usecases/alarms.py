"""Alarms: what a person has to know of until they have dealt with it, whatever is restarted meanwhile.

Rules this module upholds:

- An alarm is durable before whatever it is about goes on. It is shown by status and doctor until a person acknowledges
  it, which is an audited act.
- It holds names, counts and times, never contents.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from node.domain.homes import ALARMS
from node.errors import NotFound
from node.usecases.acts import perform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ports import Clock, QueryReader, Store
    from node.usecases.audit import AuditLog

MAX_ALARMS: Final = 100
FOREIGN_REMEDY: Final = (
    "somebody else may hold this node's log key, or a second node runs on the same keys: stop it, call the hub's "
    "operator and the federation's authority, and change the keys (certs/CEREMONIES.md, ceremony 4); then "
    "vigil node acknowledge"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignAppend:
    """Entries `first` to `size` - 1 of our own log `log` came from the hub, and were not written here. `at`: Unix
    seconds.
    """

    log: str
    first: int
    size: int
    at: int

    def words(self) -> str:
        """What happened, for a person."""
        count = self.size - self.first
        return (
            f"{count:,} {'entry' if count == 1 else 'entries'} of our own log (from number {self.first:,} on) were not "
            "written by this node"
        )


def unpack_alarms(value: bytes) -> list[ForeignAppend]:
    """The value of the setting `ALARMS`, oldest first."""
    return [ForeignAppend(**each) for each in json.loads(value)] if value else []


def alarms(tx: QueryReader) -> list[ForeignAppend]:
    """Those that nobody has acknowledged."""
    return unpack_alarms(tx.setting(ALARMS))


def _pack(found: Sequence[ForeignAppend]) -> bytes:
    return json.dumps([asdict(each) for each in found]).encode("ascii")


class Alarms:
    """Of one node. Blocking: never on the event loop."""

    def __init__(self, *, store: Store, audit: AuditLog, clock: Clock, log: str) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._log = log

    def foreign_append(self, size: int, hub_size: int) -> None:
        """The hub has entries [size, hub_size) of our own log that were not written here. Durable once it returns.

        The same entries found again (their taking over was cut short) are the same alarm.
        """
        with self._store.write() as tx:
            known = alarms(tx)
            new = ForeignAppend(log=self._log, first=size, size=hub_size, at=int(self._clock()))
            if any(each.log == new.log and each.first <= new.first and new.size <= each.size for each in known):
                return
            tx.set_setting(ALARMS, _pack([*known, new][:MAX_ALARMS]))

    def acknowledge(self, reason: str) -> int:
        """A person has dealt with all of them: how many. Raises `NotFound` where there is none."""

        def clear() -> int:
            with self._store.write() as tx:
                count = len(alarms(tx))
                tx.set_setting(ALARMS, b"")
            if not count:
                raise NotFound("there is no alarm to acknowledge")
            return count

        return perform(self._audit, "acknowledge", clear, reason=reason)
