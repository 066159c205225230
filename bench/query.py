"""A federated query to many attending members, with all answers signed and checked, compared with a bare fan-out.

Rules this module upholds:

- The hub and the asker are in this process, the members in `PROCESSES` others; this is the same for the reference.
  Every member has its own connection and certificate, and all connections use mutual TLS on loopback.
- The clock runs from the question to the last checked answer. This includes the asker's audit, the search, audit and
  signature of each member, and the check of each answer. It does not include storing the table afterwards.
- The garbage collector of every process has the settings of a daemon.
- The reference sends messages of the same size down and up the same number of streams, and does nothing with them. A
  further figure adds only the three signatures per member: no query can be faster.
- All are measured in turns, one round each. In addition to the elapsed time there is the processor time of hub and
  asker: the time that would remain if every member had its own machine.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import grpc
import grpc.aio

from bench import Figure, figure
from bench.attendants import (
    ASKER,
    BARE,
    BARE_ATTEND,
    DURABLE,
    FEDERATION,
    HIT_EACH,
    HOLDINGS,
    MEMORY,
    SIGNATURE_SIZE,
    SIGNED,
    inquirer,
    make_audit,
    pictures,
    read_roster,
    statement_key,
)
from bench.sharing import MemoryStore
from node.app.daemon import settle
from node.domain.ids import MemberId, member_id
from node.domain.queries import Outcome
from node.domain.services import Delivery, Reply
from node.domain.stores import HubStore, NodeStore
from node.errors import Unavailable
from node.hub.carrier import HubCarrier
from node.hub.relay import QueryRelay
from node.hub.switchboard import LocalSwitchboard
from node.match.index import LocalIndex
from node.pki.ca import CertificateAuthority, issued, make_request, read_certificate
from node.pki.keys import MIRROR, STATEMENT, KeyRing
from node.store.store import open_hub_store, open_node_store
from node.tlog import ed25519
from node.usecases.inquiry import Inquirer
from node.usecases.intake import subject_of
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.openquery import OpenQuery
from node.usecases.probes import Booked
from node.usecases.question import Question
from node.usecases.roster import Members, Pins, RosterGate
from node.wire import convert_federation, limits, tls
from node.wire.client import HubChannel
from node.wire.convert import ProtoCodec
from node.wire.server import serve_federation

Line = dict[str, Any]

MEMBERS: Final = 200
PROCESSES: Final = 2
"""Among which the members are shared out: a process of Python runs a thread at a time, and each real member has one."""
ROUNDS: Final = 15
WARM_UP: Final = 3
"""Rounds that do not count."""
BUDGET: Final = 20.0
"""Seconds: more than any of this takes."""
PATIENCE: Final = 60.0
"""Seconds for all members to attend."""
LOOPBACK: Final = "127.0.0.1"
BARE_ASK: Final = "/bench/Ask"
NAME_SIZE: Final = len("M0000")
"""Of the members of the reference."""

Ask = Callable[[], Awaitable[None]]


def run(records: int | None = None) -> Iterator[Figure]:
    """Milliseconds of a query to `records` members (`MEMBERS` unless said): with the audit in memory, and durable."""
    count = MEMBERS if records is None else records
    collected_at = gc.get_threshold()
    try:
        with TemporaryDirectory(prefix="vigil-bench-") as folder:
            bare, signed, memory, durable = asyncio.run(_measured(count, Path(folder)))
    finally:
        gc.unfreeze()
        gc.set_threshold(*collected_at)
    reference = f"a bare gRPC fan-out to {count} streams"
    clock, processor = _medians(bare)
    alone, _ = _medians(signed)
    yield figure("query.signatures", alone, "milliseconds", reference=reference, reference_value=clock)
    for name, rounds in (("query.fanout", memory), ("query.fanout_durable", durable)):
        ours, spent = _medians(rounds)
        yield figure(name, ours, "milliseconds", reference=reference, reference_value=clock)
        unit = "milliseconds of processor time, of hub and asker"
        yield figure(f"{name}_hub", spent, unit, reference=reference, reference_value=processor)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """`seconds` on the clock; `processor`: those of this process, in which hub and asker are."""

    seconds: float
    processor: float


def _medians(rounds: Sequence[_Round]) -> tuple[float, float]:
    """Milliseconds on the clock, and of processor time."""
    return (
        statistics.median(each.seconds for each in rounds) * 1e3,
        statistics.median(each.processor for each in rounds) * 1e3,
    )


async def _measured(count: int, folder: Path) -> tuple[list[_Round], ...]:
    """Rounds of the bare fan-out, of it with signatures, of a query with its audit in memory, and of one on disk."""
    async with _hub(MEMORY, count, folder) as memory, _hub(DURABLE, count, folder) as durable:
        opened = await memory.ask()
        sizes = _sizes(opened)
        async with _bare_hub(BARE, count, folder, *sizes) as bare, _bare_hub(SIGNED, count, folder, *sizes) as signed:
            settle()
            rounds: tuple[list[_Round], ...] = ([], [], [], [])
            asks: tuple[Ask, ...] = (bare, signed, memory.timed, durable.timed)
            for number in range(WARM_UP + ROUNDS):
                for done, ask in zip(rounds, asks, strict=True):
                    began, processor = time.perf_counter(), time.process_time()
                    await ask()
                    if number >= WARM_UP:
                        ended = time.perf_counter()
                        done.append(_Round(seconds=ended - began, processor=time.process_time() - processor))
    return rounds


def _sizes(opened: OpenQuery) -> tuple[int, int]:
    """Bytes of the message that takes a query down, and of one that takes an answer up."""
    answer = next(iter(opened.answers.values()))
    down = convert_federation.delivery_to_pb(Delivery(query=opened.signed, remaining=BUDGET))
    up = convert_federation.reply_to_pb(Reply(asker=ASKER, query_id=opened.id, answer=answer))
    return down.ByteSize(), up.ByteSize()


# --- ours -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Asker:
    """The asking member. Each round asks about another picture."""

    inquirer: Inquirer
    channel: HubChannel
    members: int
    subjects: Iterator[Any] = field(default_factory=lambda: map(subject_of, pictures(1, HOLDINGS)))

    async def timed(self) -> None:
        """One query."""
        await self.ask()

    async def ask(self) -> OpenQuery:
        """One query, whose answers have to be what was planted. Raises `RuntimeError` where they are not."""
        question = Question(
            subjects=(next(self.subjects),),
            case="BENCH-1",
            purpose="victim-identification",
            legal_basis="a benchmark",
            budget=BUDGET,
        )
        opened = await asyncio.to_thread(self.inquirer.open, question)
        outcomes = [each.outcome async for each in self.inquirer.ask(opened, self.channel.relay.ask, BUDGET)]
        hits = -(-self.members // HIT_EACH)
        if (outcomes.count(Outcome.HIT), outcomes.count(Outcome.NO_HIT)) != (hits, self.members - hits):
            raise RuntimeError("the members did not answer what they hold")
        return opened


class _NoRenewal:
    async def renew(self, _member: MemberId, _csr: bytes) -> tuple[bytes, ...]:
        raise Unavailable("certificates outlive this benchmark")


class _NoRoster:
    async def file(self, _member: MemberId, _name: str, _limit: int) -> bytes:
        raise Unavailable("the roster of this benchmark is told by its pipes")

    async def changes(self, _member: MemberId) -> AsyncIterator[None]:
        yield None
        raise Unavailable("the roster of this benchmark does not change")


@asynccontextmanager
async def _hub(kind: str, count: int, folder: Path) -> AsyncIterator[_Asker]:
    """A hub, `count` members attending in a process of their own, and who asks them."""
    store: HubStore
    askers: NodeStore
    if kind == MEMORY:
        store, askers = cast("HubStore", MemoryStore()), cast("NodeStore", MemoryStore())
    else:
        store = open_hub_store(folder / "hub.sqlite3", create=True)
        askers = open_node_store(folder / "asker.sqlite3", create=True)
    async with _Signed.started(kind, count, folder) as signed:
        members = Members(clock=time.time)
        members.replace(read_roster(signed.roster))
        codec = ProtoCodec()
        relay = QueryRelay(
            roster=members.current,
            codec=codec,
            store=store,
            switchboard=LocalSwitchboard(),
            booked=Booked(store),
            clock=time.time,
        )
        carrier = HubCarrier(
            store=store,
            catalogue=LogCatalogue(store=store, codec=codec),
            codec=codec,
            roster=members.current,
            cosigner=signed.hub.signer(MIRROR),
            cosigner_vkey=signed.hub.vkey(MIRROR),
            clock=time.time,
        )
        gate = RosterGate(federation=FEDERATION, members=members, pins=signed.pins, clock=time.time)
        server = await serve_federation(
            f"{LOOPBACK}:0",
            lambda: signed.server,
            gate,
            carrier=carrier,
            relay=relay,
            renewal=_NoRenewal(),
            roster=_NoRoster(),
            clock=time.time,
        )
        audit = make_audit(askers, ASKER)
        channel = HubChannel(f"{LOOPBACK}:{server.port}", signed.asker_files)
        try:
            signed.tell(server.port)
            await _until(lambda: len(relay.attending) >= count)
            asking = inquirer(signed.asker, members, askers, audit, LocalIndex())
            yield _Asker(inquirer=asking, channel=channel, members=count)
        finally:
            # Who attends goes first: gRPC does not bear that a server ends under hundreds of open streams.
            await signed.end()
            await channel.close()
            await server.stop(0)
            audit.close()


# --- the reference ----------------------------------------------------------------------------------------------------


class _Bare(cast("Any", grpc.GenericRpcHandler)):  # type: ignore[misc]  # generic in the stubs alone
    """Down each stream what is asked, and to who asks what comes up."""

    def __init__(self) -> None:
        self.streams: list[Any] = []
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:  # noqa: ANN401 (untyped there)
        """GRPC asks who serves a call."""
        if handler_call_details.method == BARE_ATTEND:
            return grpc.stream_stream_rpc_method_handler(self._attend)
        return grpc.unary_stream_rpc_method_handler(self._ask)

    async def _attend(self, replies: AsyncIterator[bytes], context: Any) -> None:  # noqa: ANN401
        self.streams.append(context)
        async for reply in replies:
            self._answers.put_nowait(reply)

    async def _ask(self, query: bytes, context: Any) -> None:  # noqa: ANN401
        await asyncio.gather(*(stream.write(query) for stream in self.streams))
        for _ in self.streams:
            await context.write(await self._answers.get())


@asynccontextmanager
async def _bare_hub(kind: str, count: int, folder: Path, query_bytes: int, answer_bytes: int) -> AsyncIterator[Ask]:
    """`BARE`, or `SIGNED`: with the three signatures a member, and nothing else."""
    handler = _Bare()
    async with _Signed.started(kind, count, folder) as signed:
        server = grpc.aio.server(options=limits.SERVER_OPTIONS)
        server.add_generic_rpc_handlers((handler,))
        port = server.add_secure_port(f"{LOOPBACK}:0", tls.mutual_server_credentials(lambda: signed.server))
        await server.start()
        credentials = tls.mutual_client_credentials(signed.asker_files)
        channel = grpc.aio.secure_channel(f"{LOOPBACK}:{port}", credentials, options=limits.CLIENT_OPTIONS)
        signer = signed.asker.signer(STATEMENT)
        keys = {name.encode(): statement_key(signed.roster, name) for name in signed.roster["members"]}

        def check(answer: bytes) -> bool:
            name, rest = answer[:NAME_SIZE], answer[NAME_SIZE:]
            return ed25519.verify(keys[name], rest[SIGNATURE_SIZE:], rest[:SIGNATURE_SIZE])

        async def ask() -> None:
            question = bytes(query_bytes)
            if kind == SIGNED:
                body = question[SIGNATURE_SIZE:]
                question = signer.sign(body) + body
            answers = [each async for each in cast("Any", channel.unary_stream)(BARE_ASK)(question)]
            if len(answers) != count or (kind == SIGNED and not all(map(check, answers))):
                raise RuntimeError("the bare fan-out lost answers")

        try:
            signed.tell(port, answer_bytes)
            await _until(lambda: len(handler.streams) >= count)
            yield ask
        finally:
            await signed.end()
            await channel.close(None)
            await server.stop(0)


# --- keys, and the members' processes ---------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Signed:
    """A hub's and an asker's keys, and the processes of the members, whom the hub has signed in."""

    processes: tuple[asyncio.subprocess.Process, ...]
    hub: KeyRing
    asker: KeyRing
    pins: Pins
    server: tls.ServerFiles
    asker_files: tls.ClientFiles
    roster: Line
    chains: dict[str, str]
    ca_pem: bytes

    @classmethod
    @asynccontextmanager
    async def started(cls, kind: str, count: int, folder: Path) -> AsyncIterator[_Signed]:
        """The processes run until the block ends."""
        async with AsyncExitStack() as opened:
            processes, enrolled = list[asyncio.subprocess.Process](), Line()
            for part in range(PROCESSES):
                first, last = (count * edge // PROCESSES for edge in (part, part + 1))
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "bench.attendants", kind, str(first), str(last - first), str(folder),
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
                )  # fmt: skip
                opened.push_async_callback(_end, process)
                processes.append(process)
            for process in processes:
                if process.stdout is None:
                    raise RuntimeError("a process of members has no output")
                enrolled |= json.loads(await process.stdout.readline())
            yield cls._sign_in(tuple(processes), enrolled)

    @classmethod
    def _sign_in(cls, processes: tuple[asyncio.subprocess.Process, ...], enrolled: Line) -> _Signed:
        now, hub, asker = time.time(), KeyRing.for_hub(FEDERATION), KeyRing.for_member(FEDERATION, ASKER)
        ca = CertificateAuthority.create(hub, now=now)
        ca_pem = read_certificate(ca.der).pem
        leaves = {
            name: ca.issue_member(member_id(name), bytes.fromhex(line["csr"]), now=now)
            for name, line in enrolled.items()
        }
        own = leaves[ASKER] = ca.issue_member(ASKER, make_request(asker), now=now)
        vkeys = {name: line["vkeys"] for name, line in enrolled.items()} | {ASKER: asker.member_vkeys()}
        server = ca.issue_server([LOOPBACK], now=now)
        return cls(
            processes=processes,
            hub=hub,
            asker=asker,
            pins=Pins(issued(member_id(name), leaf, now=now) for name, leaf in leaves.items()),
            server=tls.ServerFiles(key=hub.tls_key_pem(), chain=server.pem + ca_pem, client_ca=ca_pem),
            asker_files=tls.ClientFiles(key=asker.tls_key_pem(), chain=own.pem, ca=ca_pem),
            roster={"members": vkeys, "cosigner": hub.vkey(MIRROR), "ca_sha256": ca.sha256.hex()},
            chains={name: leaf.pem.decode() for name, leaf in leaves.items()},
            ca_pem=ca_pem,
        )

    async def end(self) -> None:
        """Waits until no member attends any more."""
        for process in self.processes:
            await _end(process)

    def tell(self, port: int, answer_bytes: int = 0) -> None:
        """Tells the members where the hub is: from here on they attend."""
        address = {"address": f"{LOOPBACK}:{port}", "ca": self.ca_pem.decode(), "chains": self.chains}
        line = {**self.roster, **address, "answer_bytes": answer_bytes}
        for process in self.processes:
            if process.stdin is None:
                raise RuntimeError("a process of members has no input")
            process.stdin.write(json.dumps(line).encode() + b"\n")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()


async def _until(condition: Callable[[], bool]) -> None:
    """Waits for what the other process brings about. Raises `TimeoutError`."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (a relay has no event for a benchmark to wait on)
            await asyncio.sleep(0.05)
