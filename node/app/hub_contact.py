"""How a node finds its hub again: with the current roster, the CA that it names, and a certificate of that CA.

Rules this module upholds:

- The authority decides which hub is ours: the roster names the hub's CA, and a chain of signatures leads to it from the
  root that the invitation pinned. So the node finds a hub that changed its keys, or was set up again at the same
  address, without a person. It refuses any other server there.
- The roster is fetched with our certificate if the hub accepts it. Otherwise it is fetched from the enrolment port,
  where our statement key shows who we are. Over a connection to a hub that is not known yet, nothing else is sent: the
  files are signed, and our signature is useless under another CA.
- The hub announces a new roster, and the node fetches it at once: a suspension is in force here within a second.
- A certificate that the hub does not accept is renewed with the statement key. Reasons: it is from a former CA, is for
  our former TLS key, has expired, or a restored hub does not know it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import structlog

from node.app.node_keys import load_coming
from node.app.roster_fetching import pem_sha256, refreshed, refreshed_by_key
from node.domain.ids import federation_id, member_id, spiffe_id
from node.errors import BadSignature, NotFound, PeerFault, Unauthenticated, VigilError
from node.pki.ca import check_issued, is_issued_by, make_request, needs_renewal
from node.pki.keys import STATEMENT
from node.sync.exchange import backoff
from node.usecases.enrolment import renew_after_absence
from node.wire.client import EnrolmentChannel

if TYPE_CHECKING:
    from node.app.node_services import NodeServices
    from node.domain.roster import Roster
    from node.pki.keys import KeyRing

_STRANGER: Final = "the hub at this address is not the hub that the federation's authority has signed"
_NEW_HUB: Final = "compare the address with the hub's operator; if the hub is new, the authority must sign it first"
LEAST_SECONDS: Final = 0.5
"""Minimum seconds between two fetches that the hub announces."""
_log = structlog.get_logger(__name__)


class HubContact:
    """The hub contact of one running node. Event loop only."""

    def __init__(self, services: NodeServices) -> None:
        self._services = services
        self._away = False
        self._found = asyncio.Event()
        self._refreshing = asyncio.Lock()

    async def pause(self, seconds: float) -> None:
        """Waits between two attempts to reach the hub. Returns early if the hub is found again, or if our suspension
        has ended.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._found.wait()

    async def refresh_roster(self) -> None:
        """Fetches and verifies the roster, puts it in force, and uses the CA that it names. If an error is raised,
        nothing has changed.
        """
        before = self._is_active()
        async with self._refreshing:
            try:
                await self._refresh()
            except VigilError:
                self._away = True
                raise
        if self._away or (self._is_active() and not before):
            self._away = False
            found, self._found = self._found, asyncio.Event()
            found.set()

    def _is_active(self) -> bool:
        roster = self._services.members.latest()
        return roster is not None and member_id(self._services.settings.member) in roster.active()

    async def watch_roster(self) -> None:
        """Fetches the roster each time the hub announces a new one. Runs for ever: failures are tried again, and the
        regular fetch shows them.
        """
        failures = 0
        while True:
            try:
                async with aclosing(self._services.link.roster_changes()) as changes:  # type: ignore[type-var]
                    async for _ in changes:
                        await self.refresh_roster()
                        failures = 0
                        # If a hub announces all the time, only some announcements are followed.
                        await asyncio.sleep(LEAST_SECONDS)
            except VigilError as error:
                failures += 1
                _log.debug("the hub does not tell of new rosters now", kind=error.kind)
            await self.pause(backoff(failures, random.random()))  # noqa: S311 (jitter)

    async def _refresh(self) -> None:
        if self.is_certified() and self._services.link.certificate().not_after > time.time():
            # For any cause (a former hub, a hub that does not accept our certificate), the enrolment port shows it.
            with contextlib.suppress(VigilError):
                self._services.members.replace(
                    await refreshed(self._services.roster_client, self._services.link.roster_file)
                )
                return
        try:
            channel = await self._enrolment()
        except BadSignature as stranger:
            await self._meet(stranger)
            return
        async with channel:
            roster = await self._refreshed_by_key(channel)
            self._services.members.replace(roster)
            # Between a hub's change of keys and its next start, it serves the new roster under its former CA. The next
            # round finds the new CA.
            if pem_sha256(channel.ca_pem) == roster.hub.ca_sha256:
                await self._take_ca(channel.ca_pem)

    async def _meet(self, stranger: BadSignature) -> None:
        """The server is not a hub that we know; it may be ours with new keys. The authority's roster decides."""
        async with await EnrolmentChannel.open(self._services.settings.enrolment, None) as channel:
            try:
                roster = await self._refreshed_by_key(channel)
            except (PeerFault, NotFound) as error:
                raise BadSignature(_STRANGER, remedy=_NEW_HUB) from error
            if pem_sha256(channel.ca_pem) != roster.hub.ca_sha256:
                raise BadSignature(_STRANGER, remedy=_NEW_HUB) from stranger
            self._services.members.replace(roster)
            await self._take_ca(channel.ca_pem)

    async def _refreshed_by_key(self, channel: EnrolmentChannel) -> Roster:
        services = self._services
        federation, member = federation_id(services.settings.federation), member_id(services.settings.member)
        rings = (lambda: services.ring, self._coming)
        return await refreshed_by_key(services.roster_client, channel, federation, member, rings)

    def _coming(self) -> KeyRing | None:
        services = self._services
        return load_coming(services.home, services.settings, services.secret) if services.secret else None

    async def _take_ca(self, pem: bytes) -> None:
        link = self._services.link
        if pem == link.ca():
            return
        await asyncio.to_thread(link.keep_ca, pem)
        await link.reopen()
        _log.warning("the hub has another CA, which the authority has signed for")

    async def renew_certificate(self) -> None:
        """Renews at two thirds of the certificate's life, or with the statement key if the hub does not accept it."""
        services = self._services
        certificate, ca = services.link.certificate(), _der(services.link.ca())
        # After a change of our keys the certificate is for the former key: the statement key proves the new one.
        lives = certificate.not_after > time.time() and is_issued_by(certificate.der, ca)
        lives = lives and services.link.has_own_certificate()
        refused = lives and await self._refused()
        if lives and not refused and not needs_renewal(certificate, time.time()):
            return
        federation, member = federation_id(services.settings.federation), member_id(services.settings.member)
        request = make_request(services.ring)
        if lives and not refused:
            chain = await services.link.renew(request)
        else:
            async with await self._enrolment() as channel:
                chain = await renew_after_absence(
                    channel,
                    federation=federation,
                    member=member,
                    csr=request,
                    statement=services.ring.signer(STATEMENT),
                )
        leaf = check_issued(chain[0], ca, spiffe=spiffe_id(federation, member), ring=services.ring, now=time.time())
        services.link.keep(leaf.der, services.ring)
        await services.link.reopen()
        _log.info("certificate renewed")

    async def _refused(self) -> bool:
        try:
            await self._services.link.heads([self._services.own_log.origin])
        except Unauthenticated:
            return True
        except VigilError:
            return False
        return False

    async def _enrolment(self) -> EnrolmentChannel:
        services = self._services
        latest = services.members.latest()
        pin = latest.hub.ca_sha256 if latest else services.link.ca_sha256()
        return await EnrolmentChannel.open(services.settings.enrolment, pin)

    def is_certified(self) -> bool:
        """Whether our certificate is for our present TLS key, and from the hub's present CA."""
        link = self._services.link
        return link.has_own_certificate() and is_issued_by(link.certificate().der, _der(link.ca()))


def _der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))
