"""What an administrator has done to a whole node: its check and its backup.

Rules this module upholds:

- A backup is in the audit log before it is made: the copy holds everything that is restricted here. So the copy
  contains this entry too.
- A check reads and never repairs (`fsck`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.usecases.acts import perform
from node.usecases.fsck import check_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.domain.ports import Codec
    from node.domain.roster import Roster
    from node.domain.stores import LogStore
    from node.usecases.audit import AuditLog
    from node.usecases.fsck import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The end of a check: how many faults were found. Without a roster, signatures are not checked."""

    faults: int
    signatures_checked: bool


def check_all(
    store: LogStore,
    roster: Roster | None,
    check_index: Callable[[], Report | None] = lambda: None,
    codec: Codec | None = None,
) -> Iterator[Report | Verdict]:
    """One report per log as it is known, then one for the database and one for the index, then the verdict. Blocking.
    `check_index`: checks the index, if there is one; without a `codec`, mentions are not checked.
    """
    faults = 0
    for report in check_store(store, roster, codec):
        faults += len(report.faults)
        yield report
    of_index = check_index()
    if of_index is not None:
        faults += len(of_index.faults)
        yield of_index
    yield Verdict(faults=faults, signatures_checked=roster is not None)


class NodeUpkeep:
    """Blocking: never on the event loop."""

    def __init__(
        self,
        *,
        store: LogStore,
        audit: AuditLog,
        latest: Callable[[], Roster | None],
        check_index: Callable[[], Report | None],
        codec: Codec | None = None,
    ) -> None:
        self._store = store
        self._audit = audit
        self._latest = latest
        self._check_index = check_index
        self._codec = codec

    def check(self) -> Iterator[Report | Verdict]:
        """Checks the whole store and the index (`check_all`)."""
        return check_all(self._store, self._latest(), self._check_index, self._codec)

    def backup(self, path: str) -> None:
        """Writes a consistent copy of the database to `path`, while the node runs. Keys are not in it."""
        perform(self._audit, "backup", lambda: self._store.backup_to(path))
