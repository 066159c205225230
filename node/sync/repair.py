"""Repair: requests missing bodies again.

Rules this module upholds:

- A body is missing only once its log is caught up: before that it may be on its way, or an entry on its way may purge
  it.
- What the hub sends is checked against the entry's commitments and handling, as always.
- Bodies that stay missing are counted and reported, log by log: withheld from us, or lost. After the number of days in
  the policy, a body is given up (`usecases.missing`): it is requested once a day, a page at a time, and no longer
  reported.
- A fault with one log's bodies does not stop the requests for other logs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import structlog

from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Disclosure
from node.domain.ids import MemberId, Origin
from node.domain.limits import Limits
from node.domain.log_ports import LogState
from node.domain.ports import Clock, Codec
from node.domain.services import Carrier, Head
from node.domain.stores import LogStore
from node.errors import NotFound, PeerFault, Refused, VigilError
from node.sync.exchange import Repair, repair_steps
from node.tlog.merkle import MAX_TREE_SIZE
from node.usecases.late_bodies import fill_late
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.missing import Absent, Marks, absent, put_marks, read_marks

ASK_AT_ONCE: Final = 200
"""Most bodies that one request asks for."""
_log = structlog.get_logger(__name__)


class Repairer:
    """Call `round()` when it is due, on the event loop. `limits` returns those of the policy. `missing`: what stayed
    missing after the last round, by log; `given_up`: bodies that are no longer requested regularly.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        catalogue: LogCatalogue,
        codec: Codec,
        carrier: Carrier,
        member: MemberId,
        limits: Callable[[], Limits],
        clock: Clock = time.time,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._codec = codec
        self._carrier = carrier
        self._member = member
        self._limits = limits
        self._clock = clock
        self._asked: dict[Origin, int] = {}
        self._old: dict[Origin, int] = {}
        self.missing: dict[Origin, int] = {}
        self.given_up: dict[Origin, int] = {}

    async def round(self) -> int:
        """Requests each log's next missing bodies once; returns how many came and were right. Raises as the carrier
        does; a fault with one log is raised after all logs were tried.
        """
        heads = await self._carrier.heads([])
        steps = await asyncio.to_thread(self._plan, heads)
        filled, faults = 0, list[VigilError]()
        for step in steps:
            try:
                given = await self._carrier.bodies(step.origin, step.indices)
                filled += await asyncio.to_thread(self._fill, step, given)
            except (PeerFault, NotFound, Refused) as fault:
                _log.error("bodies cannot be repaired", origin=str(step.origin), kind=fault.kind, reason=str(fault))
                faults.append(fault)
        if faults:
            raise faults[0]
        return filled

    def _plan(self, heads: Sequence[Head]) -> list[Repair]:
        limits, today = self._limits(), int(self._clock()) // SECONDS_A_DAY
        with self._store.read() as reader:
            logs = [log for log in reader.logs() if log.origin.stream == "log" and not log.frozen]
            marks = read_marks(reader)
            found = {log.origin: absent(reader, log, marks, limits, today) for log in logs}
            # The first round of a day also requests the bodies that were given up.
            due = {log.origin for log in logs if marks.get(log.origin, [(0, 0)])[-1][0] != today}
            given_up = {
                origin: reader.missing(origin, ASK_AT_ONCE, self._old.get(origin, -1) + 1)
                for origin in due
                if found[origin].given_up
            }
        # Not always the same bodies first: a body that nobody has must not delay the others.
        chosen = {origin: given_up.get(origin) or self._next(origin, each.asked) for origin, each in found.items()}
        steps = repair_steps(logs, heads, chosen)
        caught_up = self._note(logs, heads, marks, due, today)
        for origin in due:
            self._old[origin] = given_up[origin][-1] if given_up.get(origin) else -1
        self._tell({origin: found[origin] for origin in caught_up if found[origin].asked or found[origin].given_up})
        return steps

    def _note(
        self, logs: Sequence[LogState], heads: Sequence[Head], marks: Marks, due: Collection[Origin], today: int
    ) -> list[Origin]:
        """Which logs are caught up; once a day their sizes are stored."""
        cosigned = {head.origin: head.cosigned_size for head in heads}
        caught_up = [log for log in logs if log.size >= cosigned.get(log.origin, MAX_TREE_SIZE)]
        if new := [log for log in caught_up if log.origin in due]:
            with self._store.write() as tx:
                put_marks(tx, marks, new, today, self._limits().missing_days)
        return [log.origin for log in caught_up]

    def _tell(self, found: Mapping[Origin, Absent]) -> None:
        """Logged once when bodies begin to be missing, and when some are given up: not at every number between."""
        for origin, each in found.items():
            if each.asked and not self.missing.get(origin, 0):
                _log.error("bodies missing", origin=str(origin), bodies=len(each.asked))
            if each.given_up > self.given_up.get(origin, 0):
                _log.warning("bodies given up", origin=str(origin), bodies=each.given_up)
        self.missing = {origin: len(each.asked) for origin, each in found.items()}
        self.given_up = {origin: each.given_up for origin, each in found.items() if each.given_up}

    def _next(self, origin: Origin, indices: Sequence[int]) -> list[int]:
        after = self._asked.get(origin, -1)
        chosen = ([each for each in indices if each > after] or list(indices))[:ASK_AT_ONCE]
        self._asked[origin] = chosen[-1] if chosen else -1
        return chosen

    def _fill(self, step: Repair, given: Mapping[int, Disclosure]) -> int:
        asked = {index: given[index] for index in step.indices if index in given}
        with self._catalogue.change() as change:
            filled = fill_late(change, step.origin, asked, reader=self._member, codec=self._codec)
        self.missing[step.origin] = max(0, self.missing.get(step.origin, 0) - filled)
        return filled
