"""Many attending members in one process. `bench.query` starts them and asks them.

Rules this module upholds:

- Every member has its own key ring, certificate, connection, attendant and answerer, with the program's own code.
- The members share a store, an audit log and an index, because they are in one process (`bench.sharing`).
- Keys are made here and never leave the process. The other process receives the public keys, and replies with
  certificates and the roster: one line of JSON each, over the pipes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

import grpc
import grpc.aio

from bench.sharing import MemoryStore, SharedAudit, SharedStore
from node.app.daemon import settle
from node.domain.ids import MemberId, Origin, federation_id, member_id
from node.domain.limits import Limits
from node.domain.material import PictureFingerprints
from node.domain.orientations import turned
from node.domain.queries import Level
from node.domain.roster import HubIdentity, KeyPurpose, Member, MemberKey, MemberStatus, Policy, Roster
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.stores import NodeStore
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.pki.ca import make_request
from node.pki.keys import STATEMENT, KeyRing
from node.store.store import open_node_store
from node.sync.attendant import Attendant
from node.sync.workers import Workers
from node.tlog import ed25519
from node.tlog.note import parse_vkey
from node.usecases.answering import Answerer
from node.usecases.catalogue import Catalogue
from node.usecases.finding import AnswererDeps
from node.usecases.inquiry import Inquirer, InquirerDeps
from node.usecases.intake import columns_of
from node.usecases.matching import Matcher
from node.usecases.node_audit import NodeAuditLog
from node.usecases.roster import Members
from node.wire import limits, tls
from node.wire.client import HubChannel
from node.wire.convert import ProtoCodec

Line = dict[str, Any]

FEDERATION: Final = federation_id("bench.vigil")
ASKER: Final = member_id("ZZ")
DAY: Final = 86_400
HOLDINGS: Final = 1_000
"""Pictures that a member holds at hit/no-hit level."""
HIT_EACH: Final = 10
"""One member in so many holds what is asked for; the others hold as many other pictures."""
THREADS: Final = 1
"""Threads that the members of a process answer with: it has less than a core."""
BARE: Final = "bare"
SIGNED: Final = "signed"
"""The bare members, who check a signature on what comes and put one on what they send."""
SIGNATURE_SIZE: Final = 64
MEMORY: Final = "memory"
DURABLE: Final = "durable"
BARE_ATTEND: Final = "/bench/Attend"


# --- what both processes know -----------------------------------------------------------------------------------------


def pictures(seed: int, count: int) -> Iterator[PictureFingerprints]:
    """Made-up fingerprints, the same for the same seed."""
    drawn = random.Random(seed)
    for _ in range(count):
        pdq = drawn.randbytes(32)
        yield PictureFingerprints(
            media_type="image/jpeg",
            size=1,
            md5=drawn.randbytes(16),
            sha1=drawn.randbytes(20),
            sha256=drawn.randbytes(32),
            pdq=pdq,
            pdq_quality=90,
            pdq_orientations=turned(pdq),
            phash=drawn.randbytes(8),
            width=1,
            height=1,
        )


def read_roster(line: Line) -> Roster:
    """The roster as it crosses the pipe."""
    members = {}
    for name, vkeys in line["members"].items():
        keys = tuple(MemberKey(purpose=KeyPurpose(purpose), vkey=vkey) for purpose, vkey in vkeys.items())
        members[member_id(name)] = Member(id=member_id(name), name=name, status=MemberStatus.ACTIVE, keys=keys)
    return Roster(
        federation=FEDERATION,
        version=1,
        expires=time.time() + DAY,
        hub=HubIdentity(cosigner_vkey=line["cosigner"], ca_sha256=bytes.fromhex(line["ca_sha256"])),
        members=members,
        # The benchmark asks more in a minute than an investigator may.
        policy=Policy(
            query_cost_per_minute=10**9,
            limits=Limits(probes_a_day=10**12, carried_a_minute=10**12, carried_a_day=10**15),
        ),
    )


def fill(store: NodeStore) -> tuple[LocalIndex, LocalIndex]:
    """Puts two collections of `HOLDINGS` pictures into a store: the index of what is asked for, and of the others."""
    made = []
    for seed in (1, 2):
        index, prints = LocalIndex(), list(pictures(seed, HOLDINGS))
        with store.write() as tx:
            rows = [
                tx.put_holding(each, level=Level.HIT_NO_HIT, case="bench", tag=sha256(each.md5).digest(), now=0)[0]
                for each in prints
            ]
        index.add(HOLDINGS_SOURCE, columns_of(rows, prints))
        made.append(index)
    return made[0], made[1]


def inquirer(ring: KeyRing, members: Members, store: NodeStore, audit: NodeAuditLog, index: LocalIndex) -> Inquirer:
    """The asking side of a member."""
    name, codec = member_id(ring.owner), ProtoCodec()
    return Inquirer(
        InquirerDeps(
            me=name,
            roster=members.current,
            matcher=Matcher(store=store, index=index, codec=codec, rank=rank, own=lambda: name),
            store=store,
            codec=codec,
            audit=audit,
            signer=ring.signer(STATEMENT),
            clock=time.time,
            random=os.urandom,
        )
    )


def make_audit(store: NodeStore, owner: MemberId) -> NodeAuditLog:
    """An audit log over a store."""
    return NodeAuditLog(store=store, origin=Origin(FEDERATION, owner, 1, "audit"), clock=time.time, random=os.urandom)


# --- the members' process ---------------------------------------------------------------------------------------------


async def _attend(kind: str, folder: Path, rings: Sequence[KeyRing], told: Line) -> None:
    """Attends until stdin ends."""
    ca = told["ca"].encode()
    files = {
        ring.owner: tls.ClientFiles(key=ring.tls_key_pem(), chain=told["chains"][ring.owner].encode(), ca=ca)
        for ring in rings
    }
    async with AsyncExitStack() as opened:
        if kind in {BARE, SIGNED}:
            await opened.enter_async_context(_bare(told, files, rings if kind == SIGNED else ()))
        else:
            await opened.enter_async_context(_members(kind, folder, rings, told, files))
        settle()
        await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def _members(
    kind: str, folder: Path, rings: Sequence[KeyRing], told: Line, files: dict[str, tls.ClientFiles]
) -> AsyncIterator[None]:
    members = Members(clock=time.time)
    members.replace(read_roster(told))
    store = (
        cast("NodeStore", MemoryStore())
        if kind == MEMORY
        else open_node_store(folder / f"{rings[0].owner}.sqlite3", create=True)
    )
    asked_for, others = fill(store)
    audit = make_audit(store, member_id(rings[0].owner))
    codec = ProtoCodec()
    async with AsyncExitStack() as opened:
        opened.callback(audit.close)
        tasks: list[asyncio.Task[None]] = []
        workers = Workers(THREADS, "answers")
        opened.callback(workers.close)
        for ring in rings:
            name = member_id(ring.owner)
            channel = HubChannel(told["address"], files[name])
            opened.push_async_callback(channel.close)
            seen = cast("NodeStore", SharedStore(store, name))
            index = asked_for if int(name[1:]) % HIT_EACH == 0 else others
            answerer = Answerer(
                AnswererDeps(
                    me=name,
                    roster=members.current,
                    matcher=Matcher(store=seen, index=index, codec=codec, rank=rank, own=partial(_same, name)),
                    store=seen,
                    view=Catalogue(store=seen, index=None, codec=codec).view,
                    codec=codec,
                    audit=cast("NodeAuditLog", SharedAudit(audit, name)),
                    signer=ring.signer(STATEMENT),
                    clock=time.time,
                )
            )
            attendant = Attendant(
                relay=channel.relay,
                answerer=answerer,
                inquirer=inquirer(ring, members, store, audit, index),
                workers=workers,
                jitter=random.random,
            )
            tasks.append(asyncio.create_task(attendant.run()))
        opened.push_async_callback(end, tasks)
        yield


def statement_key(told: Line, name: str) -> bytes:
    """The public statement key (32 bytes) of a member, of the roster as it crosses the pipe."""
    return parse_vkey(told["members"][name][STATEMENT]).public_key


@asynccontextmanager
async def _bare(told: Line, files: dict[str, tls.ClientFiles], rings: Sequence[KeyRing]) -> AsyncIterator[None]:
    """The reference's members: each holds a stream, and sends as many bytes for each message as an answer has. Those
    that have keys (`rings`) check the signature that a message begins with, and begin theirs with who they are and one.
    """
    answer = bytes(told["answer_bytes"])
    signers = {ring.owner: ring.signer(STATEMENT) for ring in rings}
    asker = statement_key(told, ASKER)

    def reply(name: str, asked: bytes) -> bytes:
        signer = signers.get(name)
        if signer is None:
            return answer
        if not ed25519.verify(asker, asked[SIGNATURE_SIZE:], asked[:SIGNATURE_SIZE]):
            raise RuntimeError("the reference was asked by somebody else")
        body = answer[len(name) + SIGNATURE_SIZE :]
        return name.encode() + signer.sign(body) + body

    async def attend(channel: grpc.aio.Channel, name: str) -> None:
        call = cast("Any", channel.stream_stream)(BARE_ATTEND)()
        while (asked := await call.read()) is not cast("Any", grpc.aio).EOF:
            await call.write(reply(name, asked))

    async with AsyncExitStack() as opened:
        tasks = []
        for name, each in files.items():
            credentials = tls.mutual_client_credentials(each)
            channel = grpc.aio.secure_channel(told["address"], credentials, options=limits.CLIENT_OPTIONS)
            opened.push_async_callback(channel.close, None)
            tasks.append(asyncio.create_task(attend(channel, name)))
        opened.push_async_callback(end, tasks)
        yield


def _same(name: MemberId) -> MemberId:
    return name


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels tasks and waits for them."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    """`python -m bench.attendants KIND FIRST COUNT FOLDER`: a line with what the members from FIRST on enrol, then a
    line is read, then the members attend until stdin ends.
    """
    kind, first, count, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    rings = [KeyRing.for_member(FEDERATION, member_id(f"M{first + number:04}")) for number in range(count)]
    enrolled = {ring.owner: {"vkeys": ring.member_vkeys(), "csr": make_request(ring).hex()} for ring in rings}
    sys.stdout.write(json.dumps(enrolled) + "\n")
    sys.stdout.flush()
    asyncio.run(_attend(kind, folder, rings, json.loads(sys.stdin.readline())))


if __name__ == "__main__":
    main()
