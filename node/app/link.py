"""The connection to the hub: one channel per certificate; a renewed certificate opens a new channel.

Rules this module upholds:

- No other code keeps a channel: it asks the link for the current one.
- The certificate on disk is the newest one; its key is in the ring and in memory, never on disk in the clear.
- Observers are told when the hub accepted a stream or answered: failed work may succeed now.
"""

from __future__ import annotations

import contextlib
import hashlib
import ssl
from typing import TYPE_CHECKING, Final

from node.errors import NotFound, Unavailable
from node.pki.ca import Certificate, read_certificate, spki_sha256
from node.pki.files import read_bounded, write_atomic
from node.pki.keys import TLS
from node.wire import tls
from node.wire.client import HubChannel
from node.wire.streams import nobody

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence

    from node.config import Config, Home
    from node.domain.batch import Package
    from node.domain.envelope import Disclosure
    from node.domain.ids import Origin
    from node.domain.queries import LogView, RelayEvent, SignedQuery
    from node.domain.services import Delivery, Head, Reply
    from node.pki.keys import KeyRing

MAX_CERTIFICATE: Final = 65_536


class Link:
    """Implements `services.Carrier` and `services.Relay` over the current channel. Event loop only, except the file
    methods.
    """

    def __init__(self, *, home: Home, settings: Config, ring: KeyRing) -> None:
        self._home = home
        self._settings = settings
        self._ring = ring
        self._channel: HubChannel | None = None
        self.on_attending: Callable[[], None] = nobody
        self.on_following: Callable[[], None] = nobody
        self.on_answer: Callable[[], None] = nobody

    # --- files --------------------------------------------------------------------------------------------------------

    def certificate(self) -> Certificate:
        """The node's certificate. Raises `NotFound` before the node is admitted, `Malformed`."""
        return read_certificate(read_bounded(self._home.tls / "node.der", MAX_CERTIFICATE, what="certificate"))

    def has_own_certificate(self) -> bool:
        """Whether the certificate is for this node's TLS key. False after a change of keys, or before the node is
        admitted.
        """
        try:
            return self.certificate().spki_sha256 == spki_sha256(self._ring.p256(TLS).public_key())
        except NotFound:
            return False

    def expires(self) -> float | None:
        """When the certificate expires (Unix seconds); None before the node is admitted."""
        try:
            return self.certificate().not_after
        except NotFound:
            return None

    def ca(self) -> bytes:
        """The hub's CA certificate (PEM)."""
        return read_bounded(self._home.tls / "ca.pem", MAX_CERTIFICATE, what="hub's CA certificate")

    def ca_sha256(self) -> bytes:
        """Its fingerprint (32 bytes, of the DER)."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.ca().decode("ascii"))).digest()

    def keep_ca(self, pem: bytes) -> None:
        """Stores the CA certificate (PEM) of another hub that a verified roster names: the next channel uses it."""
        write_atomic(self._home.tls / "ca.pem", pem)

    def keep(self, leaf: bytes, ring: KeyRing) -> None:
        """Stores a newer certificate (DER): the next channel uses it. A crash leaves the former or this one."""
        write_atomic(self._home.tls / "node.der", leaf)
        self._ring = ring

    # --- the channel --------------------------------------------------------------------------------------------------

    def channel(self) -> HubChannel:
        """The current channel. Raises `Unavailable` before the node has a certificate."""
        if self._channel is None:
            try:
                certificate = self.certificate()
            except NotFound as error:
                raise Unavailable(
                    "this node has no certificate yet",
                    remedy="when the authority has signed, run `vigil node join` again",
                ) from error
            if not self.has_own_certificate():
                raise Unavailable(
                    "this node has no certificate for its new keys yet", remedy="wait: the running node fetches one"
                )
            files = tls.ClientFiles(key=self._ring.tls_key_pem(), chain=certificate.pem, ca=self.ca())
            self._channel = HubChannel(self._settings.hub, files)
        return self._channel

    async def reopen(self) -> None:
        """Drops the channel; the next call makes one with the newest certificate."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def renew(self, request: bytes) -> tuple[bytes, ...]:
        """A new certificate over mutual TLS (DER chain, leaf first)."""
        return await self.channel().renewal.renew(request)

    async def roster_file(self, name: str, limit: int) -> bytes:
        """A file of the roster over mutual TLS."""
        return await self.channel().roster.metadata(name, limit)

    def roster_changes(self) -> AsyncIterator[None]:
        """Yields once at the start, then for each new roster. The iterator has `aclose`."""
        return self.channel().roster.changes()

    # --- Carrier and Relay --------------------------------------------------------------------------------------------

    async def heads(self, origins: Sequence[Origin]) -> list[Head]:
        """See `services.Carrier`; also for the next three."""
        heads = await self.channel().carrier.heads(origins)
        self.on_answer()
        return heads

    async def submit(self, package: Package) -> Head:
        """Hands in a run of our own log."""
        return await self.channel().carrier.submit(package)

    def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
        """The stream of packages."""
        return self.channel().carrier.follow(cursors, lambda: self._opened(self.on_following))

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        """Repair."""
        return await self.channel().carrier.bodies(origin, indices)

    async def ask(self, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]:
        """See `services.Relay`; also for the next."""
        groups = self.channel().relay.ask(query, budget)
        async with contextlib.aclosing(groups):  # type: ignore[type-var]
            async for events in groups:
                yield events

    def attend(self, replies: AsyncIterator[Reply]) -> AsyncGenerator[Delivery, None]:
        """The attending stream."""
        return self.channel().relay.attend(replies, lambda: self._opened(self.on_attending))

    def _opened(self, told: Callable[[], None]) -> None:
        told()
        self.on_answer()
