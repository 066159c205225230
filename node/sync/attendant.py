"""The attendant: holds this node's stream to the hub open, answers what comes down, keeps what comes late.

Rules this module upholds:

- The node dials out; no inbound port is opened for it.
- A question is searched and signed in a thread; the event loop only carries bytes.
- Work is bounded: at most `CONCURRENT` questions at once, the rest wait in a bounded queue, and what does not fit is
  left unanswered (its asker sees a timeout) rather than piling up.
- A stream that ends is dialled again, with jittered backoff; one bad question ends nothing but itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from node.domain.services import Reply
from node.errors import VigilError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from node.domain.queries import MemberOutcome, RelayEvent, SignedQuery
    from node.domain.services import Relay
    from node.usecases.answering import Answerer
    from node.usecases.inquiry import Inquirer

CONCURRENT: Final = 4
WAITING: Final = 256
FIRST_BACKOFF: Final = 0.2
"""Seconds before the second attempt; doubled up to `LAST_BACKOFF`, each time a random share of it."""
LAST_BACKOFF: Final = 15.0

_log = structlog.get_logger(__name__)


class Attendant:
    """`run()` until cancelled. `jitter()` gives a number in [0, 1).

    `attending` is set while a stream is held or dialled; `fault` says why the last one ended, "" since a delivery came.
    """

    def __init__(
        self,
        *,
        relay: Relay,
        answerer: Answerer,
        inquirer: Inquirer,
        jitter: Callable[[], float],
        on_late: Callable[[MemberOutcome], None] = lambda _: None,
    ) -> None:
        self._relay = relay
        self._answerer = answerer
        self._inquirer = inquirer
        self._jitter = jitter
        self._on_late = on_late
        self._slots = asyncio.Semaphore(CONCURRENT)
        self.attending = asyncio.Event()
        self.fault = ""
        self._delivered = False

    async def run(self) -> None:
        """Attends for ever. Cancel it to stop."""
        backoff = FIRST_BACKOFF
        while True:
            self._delivered = False
            self.attending.set()
            try:
                await self._attend()
                self.fault = ""
            except VigilError as error:
                if not self.fault:
                    _log.warning("attending ended", kind=error.kind)
                self.fault = f"{error.kind}: {error}"
            finally:
                self.attending.clear()
            if self._delivered:
                backoff = FIRST_BACKOFF
            await asyncio.sleep(backoff * (1 + self._jitter()) / 2)
            backoff = min(backoff * 2, LAST_BACKOFF)

    async def _attend(self) -> None:
        replies: asyncio.Queue[Reply | None] = asyncio.Queue(WAITING)
        at_work: set[asyncio.Task[None]] = set()
        try:
            async for delivery in self._relay.attend(_drain(replies)):
                self._delivered = True
                self.fault = ""
                if delivery.going_away:
                    return
                if delivery.late is not None:
                    await self._keep_late(delivery.late)
                elif delivery.query is not None and len(at_work) < WAITING:
                    task = asyncio.create_task(self._answer(delivery.query, replies))
                    at_work.add(task)
                    task.add_done_callback(at_work.discard)
        finally:
            for task in at_work:
                task.cancel()
            await asyncio.gather(*at_work, return_exceptions=True)

    async def _keep_late(self, event: RelayEvent) -> None:
        try:
            outcome = await asyncio.to_thread(self._inquirer.late, event)
        except VigilError:
            # Our own trouble (a full disk): the stream ends, and what still waits at the hub goes on waiting there.
            raise
        except Exception as error:  # noqa: BLE001  (a fault of ours, met by one letter: the next is another one)
            _log.error("a late answer was not kept", what=type(error).__name__)
            return
        if outcome is not None:
            self._on_late(outcome)

    async def _answer(self, query: SignedQuery, replies: asyncio.Queue[Reply | None]) -> None:
        async with self._slots:
            try:
                prepared = await asyncio.to_thread(self._answerer.prepare, query)
                if prepared.durable is not None:
                    await asyncio.wrap_future(prepared.durable)
            except VigilError as error:
                # No answer is owed to who cannot be authenticated; the asker sees a timeout.
                _log.warning("a query was not answered", kind=error.kind)
                return
            except Exception as error:  # noqa: BLE001  (a fault of ours, met by one question: its class alone is told)
                _log.error("a query was not answered", what=type(error).__name__)
                return
        header = prepared.header
        await replies.put(Reply(asker=header.asker, query_id=header.query_id, answer=prepared.answer))


async def _drain(replies: asyncio.Queue[Reply | None]) -> AsyncIterator[Reply]:
    while (reply := await replies.get()) is not None:
        yield reply
