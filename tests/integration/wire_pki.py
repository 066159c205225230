"""Certificates minted at run time, good ones and bad ones, and a hub of fakes behind real TLS."""

import asyncio
import functools
import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc.aio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.domain.batch import Package
from node.domain.envelope import Disclosure
from node.domain.ids import MemberId, Origin
from node.domain.limits import Limits
from node.domain.queries import LogView, RelayEvent, SignedQuery
from node.domain.services import ANYBODY, Delivery, Head, JoinPetition, JoinStatus, Reply, RosterReader
from node.errors import NotFound, Suspended, Unauthenticated
from node.wire.client import HubChannel
from node.wire.forward import serve_forwarding
from node.wire.server import WireServer, serve_enrolment, serve_federation
from node.wire.tls import ClientFiles, ServerFiles

FR = MemberId("FR")
HOUR = 3_600


SECONDS = 20.0
"""Far more than any of this takes: a test that hangs fails."""


def on_a_loop(scenario: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """A scenario as a test that pytest can call."""

    @functools.wraps(scenario)
    def test() -> None:
        async def bounded() -> None:
            await asyncio.wait_for(scenario(), SECONDS)

        asyncio.run(bounded())

    del test.__wrapped__  # pytest would take the scenario for the test
    return test


def spiffe(member: str) -> str:
    return f"spiffe://test.example/member/{member}"


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Authority:
    """A CA, its server leaf for 127.0.0.1, and members' leaves with whatever names and life a test asks for."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        builder = self._builder(self._name, self._key.public_key(), life=HOUR)
        self.certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
            self._key, hashes.SHA256()
        )
        self.pem = self.certificate.public_bytes(Encoding.PEM)
        self.sha256 = hashlib.sha256(self.certificate.public_bytes(Encoding.DER)).digest()
        self.member_key = ec.generate_private_key(ec.SECP256R1())

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, life: float) -> x509.CertificateBuilder:
        now = time.time()
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.fromtimestamp(now - 2 * HOUR, UTC))
            .not_valid_after(datetime.fromtimestamp(now + life, UTC))
        )

    def _leaf(
        self, names: list[x509.GeneralName], key: ec.EllipticCurvePrivateKey, usage: x509.ObjectIdentifier, life: float
    ) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
        builder = self._builder(name, key.public_key(), life=life)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def server(self) -> ServerFiles:
        key = ec.generate_private_key(ec.SECP256R1())
        host = x509.IPAddress(IPv4Address("127.0.0.1"))
        leaf = self._leaf([host], key, ExtendedKeyUsageOID.SERVER_AUTH, HOUR)
        return ServerFiles(key=_pem(key), chain=leaf + self.pem, client_ca=self.pem)

    def client(self, *uris: str, life: float = HOUR, trust: "Authority | None" = None) -> ClientFiles:
        """Leaf with these URI names, ending `life` seconds from now, trusting `trust` (or this CA)."""
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri) for uri in uris]
        leaf = self._leaf(names, self.member_key, ExtendedKeyUsageOID.CLIENT_AUTH, life)
        return ClientFiles(key=_pem(self.member_key), chain=leaf, ca=(trust or self).pem)

    @property
    def member_spki_sha256(self) -> bytes:
        key = self.member_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(key).digest()


@dataclass
class FakeGate:
    """Admits FR with one key; `suspend` does what a roster change would."""

    spki_sha256: bytes
    suspended: bool = False
    seen: list[tuple[str, bytes, float]] = field(default_factory=list)
    fire: asyncio.Event = field(default_factory=asyncio.Event)

    def admit(self, spiffe_id: str, spki_sha256: bytes, not_after: float) -> MemberId:
        self.seen.append((spiffe_id, spki_sha256, not_after))
        if spiffe_id != spiffe("FR") or spki_sha256 != self.spki_sha256:
            raise Unauthenticated("nobody we know")
        if self.suspended:
            raise Suspended("FR is suspended", remedy="ask the hub's operator")
        return FR

    async def watch(self, member: MemberId) -> AsyncIterator[str]:
        await self.fire.wait()
        yield "suspended by the hub"

    def suspend(self) -> None:
        self.suspended = True
        self.fire.set()


class FakeHub:
    """Every service of the hub, answering from what a test put in."""

    def __init__(self) -> None:
        self.callers: list[MemberId] = []
        self.fault: Exception | None = None
        self.packages: asyncio.Queue[Package] = asyncio.Queue()
        self.deliveries: asyncio.Queue[Delivery] = asyncio.Queue()
        self.events: list[list[RelayEvent]] = []
        self.replies: asyncio.Queue[Reply] = asyncio.Queue()
        self.asked: list[tuple[SignedQuery, float]] = []
        self.disclosures: dict[int, Disclosure] = {}
        self.following = asyncio.Event()
        self.ended = asyncio.Event()
        self.petitions: list[JoinPetition] = []
        self.readers: list[RosterReader] = []
        self.rosters: asyncio.Queue[None] = asyncio.Queue()
        self.overloads: list[tuple[str, str]] = []

    def _called(self, member: MemberId) -> None:
        self.callers.append(member)
        if self.fault is not None:
            raise self.fault

    async def heads(self, member: MemberId, origins: Sequence[Origin]) -> list[Head]:
        self._called(member)
        return [Head(origin=origin, size=7, cosigned=b"note", cosigned_size=5) for origin in origins]

    async def submit(self, member: MemberId, package: Package) -> Head:
        self._called(member)
        return Head(origin=package.origin, size=package.end, cosigned=b"", cosigned_size=0)

    async def follow(self, member: MemberId, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
        self._called(member)
        self.following.set()
        try:
            while True:
                yield await self.packages.get()
        finally:
            self.ended.set()

    async def bodies(self, member: MemberId, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        self._called(member)
        return {index: self.disclosures[index] for index in indices if index in self.disclosures}

    async def ask(self, member: MemberId, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]:
        self._called(member)
        self.asked.append((query, budget))
        for events in self.events:
            yield events

    async def attend(self, member: MemberId, replies: AsyncIterator[Reply]) -> AsyncIterator[Delivery]:
        self._called(member)
        reader = asyncio.create_task(self._read(replies))
        try:
            while not (delivery := await self.deliveries.get()).going_away:
                yield delivery
            yield delivery
        finally:
            reader.cancel()
            self.ended.set()

    async def _read(self, replies: AsyncIterator[Reply]) -> None:
        async for reply in replies:
            await self.replies.put(reply)

    async def renew(self, member: MemberId, csr: bytes) -> tuple[bytes, ...]:
        self._called(member)
        return (b"leaf of " + csr, b"ca")

    async def join(self, petition: JoinPetition, *, address: str = "") -> JoinStatus:
        self.petitions.append(petition)
        return JoinStatus(state="pending")

    async def challenge(self, member: MemberId) -> bytes:
        return b"c" * 32

    async def renew_expired(
        self, member: MemberId, csr: bytes, challenge: bytes, signature: bytes
    ) -> tuple[bytes, ...]:
        return (csr, challenge, signature)

    async def file(self, member: MemberId, name: str, limit: int) -> bytes:
        self._called(member)
        return await self.metadata(name, limit)

    async def changes(self, member: MemberId) -> AsyncIterator[None]:
        self._called(member)
        while True:
            await self.rosters.get()
            yield None

    async def metadata(self, name: str, limit: int, reader: RosterReader = ANYBODY, *, address: str = "") -> bytes:
        self.readers.append(reader)
        if name != "timestamp.json":
            raise NotFound("no such file of the roster")
        return b"{}"


@dataclass
class Scene:
    """A hub of fakes, running: its CA, its gate, its services, its two servers."""

    authority: Authority
    gate: FakeGate
    hub: FakeHub
    main: WireServer
    enrolment: WireServer
    desk: grpc.aio.Server
    ahead: list[float]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.main.port}"

    @property
    def enrolment_address(self) -> str:
        return f"127.0.0.1:{self.enrolment.port}"

    def channel(self, files: ClientFiles | None = None) -> HubChannel:
        return HubChannel(self.address, files or self.authority.client(spiffe("FR")))


@asynccontextmanager
async def scene(
    *,
    recheck_seconds: float = 30.0,
    write_seconds: float = 30.0,
    message_seconds: float = 30.0,
    allowed: Callable[[], Limits] = Limits,
) -> AsyncGenerator[Scene, None]:
    """`Scene.ahead[0]` is how far the hub's clock runs ahead of the real one, in seconds."""
    authority, hub = Authority(), FakeHub()
    gate, files, ahead = FakeGate(authority.member_spki_sha256), authority.server(), [0.0]
    main = await serve_federation(
        "127.0.0.1:0",
        lambda: files,
        gate,
        carrier=hub,
        relay=hub,
        renewal=hub,
        roster=hub,
        allowed=allowed,
        message_seconds=message_seconds,
        clock=lambda: time.time() + ahead[0],
        recheck_seconds=recheck_seconds,
        write_seconds=write_seconds,
    )
    with TemporaryDirectory(prefix="vigil-") as folder:
        desk = await serve_enrolment(Path(folder) / "desk", enrolment=hub)
        enrolment, inner = await serve_forwarding(
            "127.0.0.1:0",
            lambda: files,
            Path(folder) / "desk",
            tell=lambda who, what, _: hub.overloads.append((who, what)),
            message_seconds=message_seconds,
        )
        try:
            yield Scene(authority, gate, hub, main, enrolment, desk, ahead)
        finally:
            await main.stop(0)
            await enrolment.stop(0)
            await inner.close(None)
            await desk.stop(0)
