"""The attendant: holds this node's stream to the hub open, answers questions, and stores late answers.

Rules this module upholds:

- The node dials out; no inbound port is opened for it.
- A thread searches and signs. An answer is sent once its audit entry is durable. The event loop only carries bytes.
- Work is bounded: as many questions at once as there are threads, and at most `WAITING` unanswered ones. Further
  questions wait at the hub, whose queue is fair among askers. If no room comes in time, a question is left unanswered
  (its asker sees a timeout).
- An officer's decision on a held question is sent at once, and again with each new stream.
- A stream that ends is opened again, with jittered backoff; a bad question affects only itself.
- The node can answer from the moment in which the hub accepted its stream (`opened`), not from the first question.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from node.domain.services import Reply
from node.errors import VigilError
from node.sync.attempts import Attempts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from node.domain.queries import MemberOutcome, RelayEvent, SignedQuery
    from node.domain.services import Relay
    from node.sync.workers import Workers
    from node.usecases.answering import Answerer
    from node.usecases.inquiry import Inquirer
    from node.usecases.receipts import Receipt

CONCURRENT: Final = 4
"""Threads that a node answers with."""
WAITING: Final = 256
ROOM_SECONDS: Final = 2.0
"""How long the stream is not read while `WAITING` questions are unanswered. Far less than what makes a reader slow."""
GOES_AWAY: Final = "unavailable: the hub stopped; this node connects again"
FIRST_BACKOFF: Final = 0.2
"""Seconds before the second attempt; doubled up to `LAST_BACKOFF`, with a random part each time."""
LAST_BACKOFF: Final = 5.0

_log = structlog.get_logger(__name__)


class Attendant:
    """Call `run()`, and cancel it to stop. `jitter()` returns a number in [0, 1). `workers` answer, and belong to the
    caller.

    `attempts`: the state. It works while a stream is held. `cleared`: no question is answered before it is set.
    `decided` (blocking): officers' decisions on held questions, sent with each new stream.
    """

    def __init__(
        self,
        *,
        relay: Relay,
        answerer: Answerer,
        inquirer: Inquirer,
        workers: Workers,
        jitter: Callable[[], float],
        on_late: Callable[[MemberOutcome], None] = lambda _: None,
        cleared: asyncio.Event | None = None,
        decided: Callable[[], Sequence[Reply]] = list,
    ) -> None:
        self._relay = relay
        self._answerer = answerer
        self._inquirer = inquirer
        self._workers = workers
        self._jitter = jitter
        self._on_late = on_late
        self._cleared = cleared
        self._decided = decided
        self._questions: _Questions | None = None
        self.attempts = Attempts()
        self._delivered = False

    @property
    def fault(self) -> str:
        """Why the last stream ended, "" while one is held."""
        return self.attempts.fault

    def opened(self) -> None:
        """The hub accepted the stream. Called by the owner of the connection, on the event loop."""
        self.attempts.worked()

    def send(self, reply: Reply) -> None:
        """Sends an officer's decision to the hub now if a stream is held; else with the next one. From any thread."""
        self._workers.tell(partial(self._send, reply))

    def _send(self, reply: Reply) -> None:
        if self._questions is not None:
            self._questions.bring(reply)

    async def run(self) -> None:
        """Attends without end. Cancel it to stop."""
        backoff = FIRST_BACKOFF
        while True:
            self._delivered = False
            try:
                await self._attend()
                self.attempts.stopped(GOES_AWAY)
            except VigilError as error:
                if self.attempts.failed(error):
                    _log.warning("attending ended", kind=error.kind)
            if self._delivered:
                backoff = FIRST_BACKOFF
            await self.attempts.wait(backoff * (1 + self._jitter()) / 2)
            backoff = min(backoff * 2, LAST_BACKOFF)

    async def _attend(self) -> None:
        questions = self._questions = _Questions(self._answerer, self._workers)
        for reply in await asyncio.to_thread(self._decided):
            questions.bring(reply)
        try:
            async with aclosing(self._relay.attend(questions.replies())) as deliveries:
                async for delivery in deliveries:
                    self._delivered = True
                    self.attempts.worked()
                    if delivery.going_away:
                        return
                    if delivery.late is not None:
                        await self._keep_late(delivery.late)
                    elif delivery.query is not None:
                        if self._cleared is not None:
                            await self._cleared.wait()
                        await questions.room()
                        questions.take(delivery.query)
        finally:
            self._questions = None
            questions.drop()

    async def _keep_late(self, event: RelayEvent) -> None:
        try:
            outcome = await asyncio.to_thread(self._inquirer.late, event)
        except VigilError:
            # A fault of this node (a full disk): the stream ends, and what still waits at the hub stays there.
            raise
        except Exception as error:  # noqa: BLE001  (our fault with one letter must not affect the next)
            _log.error("a late answer was not stored", what=type(error).__name__)
            return
        if outcome is not None:
            self._on_late(outcome)


class _Questions:
    """The questions of one stream, from the answering thread to the reply that is sent.

    A question passes three steps: a thread prepares its answer, the audit thread reports that it is durable, and only
    then the event loop is woken, once.
    """

    def __init__(self, answerer: Answerer, workers: Workers) -> None:
        self._answerer = answerer
        self._workers = workers
        self._replies: asyncio.Queue[Reply] = asyncio.Queue()
        self._unanswered = 0
        self._freed = asyncio.Event()
        self._dropped = False

    async def room(self) -> None:
        """Waits until a question may be taken, for a limited time."""
        if self._unanswered < WAITING:
            # Nearly always: a timer for each question would cost a tenth of its answer.
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ROOM_SECONDS):
                while self._unanswered >= WAITING:
                    self._freed.clear()
                    await self._freed.wait()

    def take(self, query: SignedQuery) -> None:
        """Passes a question to a thread, unless too many are unanswered."""
        if self._unanswered >= WAITING:
            _log.warning("a query was not answered", kind="overloaded")
            return
        self._unanswered += 1
        self._workers.do(partial(self._prepare, query))

    def bring(self, reply: Reply) -> None:
        """A reply to a question that was answered before. On the event loop."""
        self._unanswered += 1
        self._replies.put_nowait(reply)

    def drop(self) -> None:
        """The stream has ended: questions that no thread has begun are dropped, and nothing waits for the rest."""
        self._dropped = True

    async def replies(self) -> AsyncIterator[Reply]:
        """What goes up, for ever."""
        while True:
            reply = await self._replies.get()
            self._forget()
            yield reply

    def _prepare(self, query: SignedQuery) -> None:
        """In a thread."""
        if self._dropped:
            return
        try:
            prepared = self._answerer.prepare(query)
        except Exception as error:  # noqa: BLE001  (one question must not end the others)
            self._left(error)
            return
        header = prepared.header
        reply = Reply(asker=header.asker, query_id=header.query_id, answer=prepared.answer, held=prepared.held)
        if prepared.durable is None:
            self._send(reply)
        else:
            prepared.durable.then(partial(self._durable, reply))

    def _durable(self, reply: Reply, receipt: Receipt) -> None:
        """In the audit's thread."""
        if receipt.error is None:
            self._send(reply)
        else:
            self._left(receipt.error)

    def _send(self, reply: Reply) -> None:
        self._workers.tell(partial(self._replies.put_nowait, reply))

    def _left(self, error: BaseException) -> None:
        """A caller that is not authenticated gets no answer. Of our own fault only the class is logged. The asker sees
        a timeout in both cases.
        """
        if isinstance(error, VigilError):
            _log.warning("a query was not answered", kind=error.kind)
        else:
            _log.error("a query was not answered", what=type(error).__name__)
        self._workers.tell(self._forget)

    def _forget(self) -> None:
        self._unanswered -= 1
        self._freed.set()
