"""The query relay: forwards questions and signed answers, and reads neither.

Rules this module upholds:

- The hub reads the routing header only; payload and answers are opaque bytes (sealing them needs no new relay).
- An asker at a limit is told so after a pause: asking again at once costs the hub little.
- Authorise by the roster and charge the asker's budget before any work. A question costs its fingerprints, or its bytes
  if these are more; and the same once more per recipient.
- Every recipient gets exactly one event before an ask ends: its answer, `offline`, `timeout`, or `not-asked` if too
  many of the asker's own questions wait for it already.
- An answer is attributed to the member whose certificate was used; a node cannot answer for another.
- A node answers only queries that were handed to it on this very stream, each once. After an answer that says that an
  officer has to decide (a promise), it may answer once more, also much later. So no node can fill an ask's queue or a
  mailbox with answers to no query.
- An answer that comes after the ask has ended waits in the asker's mailbox, bounded in number and time, and is
  delivered late.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.queries import Outcome, RelayEvent
from node.domain.services import Delivery, Reply
from node.errors import Expired, Malformed, Misuse, Overloaded, Refused
from node.hub.asking import Asking, Outstanding
from node.hub.messages import pack_delivery, pack_event, unpack_delivery, unpack_event
from node.hub.switchboard import QUEUE_DEPTH, Sent
from node.usecases.probes import units
from node.usecases.quotas import REFUSAL_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from node.domain.hub_ports import HubReader
    from node.domain.ids import MemberId
    from node.domain.ports import Clock, Codec
    from node.domain.queries import QueryHeader, SignedAnswer, SignedQuery
    from node.domain.roster import Roster
    from node.domain.stores import HubStore
    from node.hub.switchboard import Subscription, Switchboard
    from node.usecases.probes import Booked

HEADERS: Final = 64
"""How many routing headers are kept decoded."""
DELIVERIES: Final = 8
"""How many deliveries are kept unpacked: each may have a megabyte."""
MAILBOX_DEPTH: Final = 1_000
"""Most late answers kept for one asker."""
LETTERS_OF_ONE: Final = 100
LETTER_BYTES_OF_ONE: Final = 8 << 20
"""Of these, from one member: an answer has up to 2 MiB, and a mailbox that one member fills has no room for others."""
MAILBOX_SECONDS: Final = 7 * SECONDS_A_DAY
MAIL_AT_ONCE: Final = 8
"""How many late answers are read at a time: each has up to 2 MiB."""
PROMISES: Final = 1_000
"""Most queries that one member may hold at a time. An officer's decision on a further one reaches nobody."""
PAYLOAD_BASE: Final = 16 * 1024
"""Bytes of a payload besides fingerprints: role, case and legal basis, or the envelope of a sealed one."""
PAYLOAD_A_UNIT: Final = 4 * 1024
"""Bytes that one unit of cost pays for. A picture's PDQ with all its orientations takes some 350. The hub cannot count
the fingerprints in a payload, but it can see that a large payload was declared as cheap, before it sends it to 200
members."""
EVENTS_BYTES: Final = 1 << 20
"""Answers forwarded together have at most this many bytes, unless one alone is larger."""
MAX_BUDGET_SECONDS: Final = 120.0
"""An upper limit above the policy's own budget."""


def _member_channel(member: MemberId) -> str:
    return f"member/{member}"


def _query_channel(asker: MemberId, query_id: bytes) -> str:
    return f"query/{asker}/{query_id.hex()}"


def _observed(members: Sequence[MemberId], outcome: Outcome, header: QueryHeader) -> list[RelayEvent]:
    """What the hub itself knows of members that gave no answer."""
    return [RelayEvent(member=member, outcome=outcome, query_id=header.query_id) for member in members]


def _late(member: MemberId, reply: Reply) -> bytes:
    """An answer on its way to its asker, after the asker's table was closed."""
    return pack_delivery(Delivery(late=RelayEvent(member=member, answer=reply.answer, query_id=reply.query_id)))


def _has_room(tx: HubReader, reply: Reply) -> bool:
    """Whether one more answer of its member fits its asker's mailbox."""
    letters, size = tx.mail_of(reply.asker, reply.answer.answerer)
    fits = letters < LETTERS_OF_ONE and size + len(reply.answer.answer) <= LETTER_BYTES_OF_ONE
    return fits and tx.mailbox_size(reply.asker) < MAILBOX_DEPTH


class QueryRelay:
    """Implements `services.RelayService` over a `Switchboard`. Event loop only; the store is used in threads."""

    def __init__(
        self,
        *,
        roster: Callable[[], Roster],
        codec: Codec,
        store: HubStore,
        switchboard: Switchboard,
        booked: Booked,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._roster = roster
        # The same few bytes once per recipient's stream.
        self._decode_header = lru_cache(maxsize=HEADERS)(codec.decode_header)
        self._unpack_delivery = lru_cache(maxsize=DELIVERIES)(unpack_delivery)
        self._store = store
        self._switchboard = switchboard
        self._clock = clock
        self._booked = booked
        self._pause = pause
        self._asking = Asking(booked.refusals)
        self._attending: Counter[MemberId] = Counter()
        self._closing = asyncio.Event()

    @property
    def attending(self) -> frozenset[MemberId]:
        """The members whose streams this process holds."""
        return frozenset(+self._attending)

    def at_once(self, member: MemberId) -> tuple[int, int]:
        """How many questions of this member are under way, and their bytes."""
        return self._asking.at_once(member)

    def close(self) -> None:
        """Closes the relay: every attending stream is told `going_away` and ends."""
        self._closing.set()

    async def ask(self, member: MemberId, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]:
        """Steps: 1. authorise and charge; 2. hand the query to every attending recipient; 3. forward answers as they
        come, in groups; 4. name the members that did not answer in time. Raises `Refused`, `Expired`, `Malformed`,
        `Overloaded`.
        """
        header, recipients = self._authorise(member, query)
        policy, now = self._roster().policy, self._clock()
        try:
            self._asking.require_room(member, len(query.header) + len(query.payload), policy.limits, now)
            self._booked.charge(member, units(query, header.cost, policy), policy, now, members=len(recipients))
        except Overloaded:
            await self._pause(REFUSAL_SECONDS)
            raise
        with self._asking.one_more(member, len(query.header) + len(query.payload)):
            async for events in self._carry(query, header, recipients, budget):
                yield events

    async def _carry(
        self, query: SignedQuery, header: QueryHeader, recipients: Sequence[MemberId], budget: float
    ) -> AsyncIterator[Sequence[RelayEvent]]:
        """Steps 2 to 4 of `ask`."""
        policy = self._roster().policy
        seconds = min(budget, policy.query_budget_seconds, MAX_BUDGET_SECONDS, header.expires_at - self._clock())
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        channel = _query_channel(header.asker, header.query_id)
        if await self._switchboard.listening(channel):
            raise Refused("this query is being asked already", remedy="wait for it to end, or use a new query id")
        replies = await self._switchboard.subscribe(channel, max(QUEUE_DEPTH, len(recipients)))
        try:
            delivery = pack_delivery(Delivery(query=query, remaining=seconds))
            sent = {
                recipient: await self._switchboard.publish(_member_channel(recipient), delivery, header.asker)
                for recipient in recipients
            }
            for state, outcome in ((Sent.NOBODY, Outcome.OFFLINE), (Sent.FULL, Outcome.NOT_ASKED)):
                if left_out := [recipient for recipient in recipients if sent[recipient] is state]:
                    yield _observed(left_out, outcome, header)
            waiting = {recipient for recipient in recipients if sent[recipient] is Sent.TAKEN}
            async for events in self._collect(replies, waiting, deadline):
                yield events
            if waiting:
                yield _observed(sorted(waiting), Outcome.TIMEOUT, header)
        finally:
            # A question stays in the hub's memory no longer than necessary.
            self._unpack_delivery.cache_clear()
            await self._switchboard.unsubscribe(channel, replies)

    def _authorise(self, member: MemberId, query: SignedQuery) -> tuple[QueryHeader, tuple[MemberId, ...]]:
        roster = self._roster()
        roster.require_active(member)
        header = self._decode_header(query.header)
        now = self._clock()
        if header.asker != member:
            raise Refused("a query must be asked by the member that signed it")
        if header.expires_at <= now:
            raise Expired("the query is past its own expiry", remedy="check this machine's clock, and ask again")
        if header.issued_at > now + roster.policy.skew_seconds:
            raise Refused("the query was issued in the future", remedy="check this machine's clock")
        if header.purpose not in roster.policy.purposes:
            raise Refused("the federation's policy does not know this purpose")
        if not 0 < header.cost <= roster.policy.max_query_fingerprints * 8:
            raise Refused(
                "the query's cost is outside what the policy allows", remedy="ask about fewer pictures at once"
            )
        if len(query.payload) > PAYLOAD_BASE + PAYLOAD_A_UNIT * header.cost:
            raise Refused("the query's payload is larger than its declared cost pays for")
        if len(set(header.recipients)) < len(header.recipients):
            raise Refused("the query names a recipient twice", remedy="name each member once")
        active = set(roster.active()) - {member}
        unknown = set(header.recipients) - active
        if unknown:
            raise Refused(
                "a recipient of the query is not an active member", remedy="refresh the roster, and ask again"
            )
        return header, tuple(sorted(header.recipients or active))

    async def _collect(
        self, replies: Subscription, waiting: set[MemberId], deadline: float
    ) -> AsyncIterator[Sequence[RelayEvent]]:
        """Events until no member is waited for or the deadline has passed; takes each member off `waiting`."""
        loop = asyncio.get_running_loop()
        timer = loop.call_at(deadline, replies.close)
        try:
            while waiting and (messages := await replies.take(EVENTS_BYTES)):
                events = []
                for event in map(unpack_event, messages):
                    if event.member in waiting:
                        waiting.discard(event.member)
                        events.append(event)
                if events:
                    yield events
        finally:
            timer.cancel()

    async def attend(self, member: MemberId, replies: AsyncIterator[Reply]) -> AsyncIterator[Delivery]:
        """Holds a member's stream: first sends what waited in its mailbox, then queries as they come.

        Raises `Malformed` where a reply is not the member's own.
        """
        self._roster().require_active(member)
        channel = _member_channel(member)
        subscription = await self._switchboard.subscribe(channel)
        # Counted: a node opens a new stream before the lost one has ended.
        self._attending[member] += 1
        outstanding = Outstanding()
        reader = asyncio.create_task(self._read_replies(member, replies, subscription, outstanding))
        farewell = asyncio.create_task(self._farewell(subscription))
        try:
            async for delivery in self._mail(member):
                yield delivery
            while (message := await subscription.get()) is not None:
                delivery = self._unpack_delivery(message)
                if delivery.query is not None:
                    self._hand_out(outstanding, delivery.query)
                yield delivery
            if self._closing.is_set():
                yield Delivery(going_away=True)
            elif reader.done() and not reader.cancelled() and (fault := reader.exception()) is not None:
                raise fault
        finally:
            self._attending[member] -= 1
            reader.cancel()
            farewell.cancel()
            await asyncio.gather(reader, farewell, return_exceptions=True)
            await self._switchboard.unsubscribe(channel, subscription)

    def _hand_out(self, outstanding: Outstanding, query: SignedQuery) -> None:
        header = self._decode_header(query.header)
        outstanding.add(header.asker, header.query_id, header.expires_at)

    async def _farewell(self, subscription: Subscription) -> None:
        await self._closing.wait()
        subscription.close()

    async def _read_replies(
        self, member: MemberId, replies: AsyncIterator[Reply], subscription: Subscription, outstanding: Outstanding
    ) -> None:
        try:
            async for reply in replies:
                if reply.answer.answerer != member:
                    raise Malformed("a node may bring only its own answers")
                if reply.decided:
                    if await asyncio.to_thread(self._keep_promise, member, reply):
                        await self._switchboard.publish(_member_channel(reply.asker), _late(member, reply), member)
                elif (expires_at := outstanding.take(reply.asker, reply.query_id)) is not None:
                    if reply.held:
                        await asyncio.to_thread(self._promise, member, reply, expires_at)
                    await self._deliver(member, reply)
        finally:
            subscription.close()

    async def _deliver(self, member: MemberId, reply: Reply) -> None:
        event = RelayEvent(member=member, answer=reply.answer, query_id=reply.query_id)
        channel = _query_channel(reply.asker, reply.query_id)
        if await self._switchboard.publish(channel, pack_event(event), member) is Sent.TAKEN:
            return
        if reply.asker not in self._roster().members:
            raise Misuse("an answer is addressed to a member that is not in the roster")
        if (
            await self._switchboard.publish(_member_channel(reply.asker), _late(member, reply), member)
            is not Sent.TAKEN
        ):
            await asyncio.to_thread(self._keep, reply)

    def _keep(self, reply: Reply) -> None:
        # A crash right after this leaves the answer in the mailbox: it is delivered when its asker attends again.
        now = int(self._clock())
        with self._store.write() as tx:
            tx.expire_mail(now)
            if _has_room(tx, reply):
                tx.put_mail(reply.asker, reply.query_id, reply.answer, now + MAILBOX_SECONDS)

    def _promise(self, member: MemberId, reply: Reply, expires_at: int) -> None:
        # A crash right after this leaves a promise for an answer that was not forwarded: the node brings it again.
        with self._store.write() as tx:
            tx.expire_promises(int(self._clock()))
            if tx.promises(member) < PROMISES:
                tx.put_promise(member, reply.asker, reply.query_id, expires_at)

    def _keep_promise(self, member: MemberId, reply: Reply) -> bool:
        """Puts a decision into the asker's mailbox. False if nothing was promised, or there is no room: the promise
        then stays, and the node brings the decision again with its next stream.
        """
        now = int(self._clock())
        with self._store.read() as tx:
            if not tx.promised(member, reply.asker, reply.query_id):
                return False
        with self._store.write() as tx:
            tx.expire_mail(now)
            if not _has_room(tx, reply) or not tx.take_promise(member, reply.asker, reply.query_id, now):
                return False
            # A crash after this leaves the answer in the mailbox. Its asker may see it twice, and recognises the second
            # one.
            tx.put_mail(reply.asker, reply.query_id, reply.answer, now + MAILBOX_SECONDS)
        return True

    async def _mail(self, member: MemberId) -> AsyncIterator[Delivery]:
        """Late answers that waited. An answer is deleted only once the stream has taken it: after a lost stream it
        comes twice, and the asker recognises it.
        """
        while rows := await asyncio.to_thread(self._waiting, member):
            for number, query_id, answer in rows:
                yield Delivery(late=RelayEvent(member=answer.answerer, answer=answer, query_id=query_id))
                await asyncio.to_thread(self._delivered, number)

    def _waiting(self, member: MemberId) -> list[tuple[int, bytes, SignedAnswer]]:
        with self._store.read() as tx:
            return tx.mailbox(member, MAIL_AT_ONCE)

    def _delivered(self, number: int) -> None:
        with self._store.write() as tx:
            tx.delete_mail([number])
