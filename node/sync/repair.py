"""Repair: bodies that should be here and are not, asked for again.

Rules this module upholds:

- Only once a log is caught up is a body missing: before that it may be on its way, or purged by an entry that is.
- What the hub sends is held against the entry's commitments and handling like anything else.
- What stays missing is counted and said, log by log. It is withheld from us, or lost.
- What goes wrong with one log's bodies does not keep those of the others from being asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from node.domain.batch import BodyState, Package
from node.domain.envelope import Disclosure
from node.domain.ids import MemberId, Origin
from node.domain.ports import Codec, Store
from node.domain.services import Carrier, Head
from node.errors import NotFound, PeerFault, Refused, VigilError
from node.sync.exchange import Repair, repair_steps
from node.usecases.catalogue import Catalogue
from node.usecases.change import Change
from node.usecases.columns import Handlings, parse
from node.usecases.disclosure import Copy, judge

ASK_AT_ONCE: Final = 200
"""Bodies that one request asks for."""
LOOK_AT: Final = 10_000
"""Missing bodies of a log that are looked at in one round."""
_NOTHING: Final = Disclosure(nonce=b"", body=b"", handling_nonce=b"", handling=b"")
_log = structlog.get_logger(__name__)


class Repairer:
    """`round()` when it is due, on the event loop. `missing`: what stayed missing after the last round, by log."""

    def __init__(self, *, store: Store, catalogue: Catalogue, codec: Codec, carrier: Carrier, member: MemberId) -> None:
        self._store = store
        self._catalogue = catalogue
        self._codec = codec
        self._carrier = carrier
        self._member = member
        self._asked: dict[Origin, int] = {}
        self.missing: dict[Origin, int] = {}

    async def round(self) -> int:
        """Asks once for each log's next missing bodies; how many came and were right. Raises as the carrier does: what
        is wrong with one log once all were asked for.
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
        with self._store.read() as reader:
            logs = [log for log in reader.logs() if log.origin.stream == "log" and not log.frozen]
            missing = {log.origin: reader.missing(log.origin, LOOK_AT) for log in logs}
        # Not always the same ones first: a body that nobody has must not keep the others waiting.
        chosen = {origin: self._next(origin, indices) for origin, indices in missing.items()}
        steps = repair_steps(logs, heads, chosen)
        caught_up = {step.origin for step in steps}
        for origin in caught_up:
            if self.missing.get(origin, 0) != len(missing[origin]):
                _log.error("bodies missing", origin=str(origin), bodies=len(missing[origin]))
        self.missing = {origin: len(missing[origin]) for origin in caught_up}
        return steps

    def _next(self, origin: Origin, indices: Sequence[int]) -> list[int]:
        after = self._asked.get(origin, -1)
        chosen = ([each for each in indices if each > after] or list(indices))[:ASK_AT_ONCE]
        self._asked[origin] = chosen[-1] if chosen else -1
        return chosen

    def _fill(self, step: Repair, given: Mapping[int, Disclosure]) -> int:
        filled = 0
        with self._catalogue.change() as change:
            for index in step.indices:
                filled += self._fill_one(change, step.origin, index, given.get(index, _NOTHING))
        self.missing[step.origin] = self.missing.get(step.origin, 0) - filled
        return filled

    def _fill_one(self, change: Change, origin: Origin, index: int, shown: Disclosure) -> bool:
        run = change.writer.run(origin, index, index + 1, 0)
        if run.states[0] != BodyState.MISSING:
            # Purged while we were asking.
            return False
        package = Package(
            origin=origin,
            start=index,
            entries=run.entries,
            nonces=[shown.nonce],
            bodies=[shown.body],
            handling_nonces=[shown.handling_nonce],
            handlings=[shown.handling],
            checkpoint=b"",
        )
        envelopes = parse(origin, run.entries)
        judged = judge(package, envelopes, Copy(reader=self._member), Handlings(self._codec.decode_handling))
        if judged.states[0] != BodyState.HELD:
            return False
        change.fill(origin, index, int(envelopes.kinds[0]), shown)
        return True
