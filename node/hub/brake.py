"""A brake on guessing: an address that showed invalid tokens must wait before it may show another.

Rules this module upholds:

- Only failures count: valid tokens never slow an address down.
- Memory is bounded. An IPv6 address is counted by its /64, which is what one subscriber has.
"""

from __future__ import annotations

import ipaddress
import threading
from typing import TYPE_CHECKING, Final

import structlog

from node.errors import Overloaded

if TYPE_CHECKING:
    from node.domain.ports import Clock

FAILURES: Final = 10
"""Failures within `SECONDS`, of one address."""
SECONDS: Final = 60.0
ADDRESSES: Final = 10_000
"""Most addresses kept; beyond that, the oldest are dropped."""
_NET_BITS: Final = 64
_log = structlog.get_logger(__name__)


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, _NET_BITS), strict=False).network_address)
    return str(found)


class Brake:
    """From any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[str, list[float]] = {}

    def check(self, address: str) -> None:
        """Raises `Overloaded` if this address has failed too often recently."""
        now = self._clock()
        with self._lock:
            recent = [at for at in self._failures.get(_network(address), ()) if now - at < SECONDS]
        if len(recent) >= FAILURES:
            raise Overloaded(
                "too many invalid tokens came from this address",
                retry_after=max(1.0, SECONDS - (now - recent[0])),
                remedy="wait a minute; then compare the token with the one that the hub's operator gave",
            )

    def failed(self, address: str) -> None:
        """Counts an invalid token."""
        now, network = self._clock(), _network(address)
        with self._lock:
            recent = [at for at in self._failures.pop(network, ()) if now - at < SECONDS]
            # Added at the end, so that the first address is the one without failures for the longest time.
            self._failures[network] = [*recent, now]
            if len(self._failures) > ADDRESSES:
                del self._failures[next(iter(self._failures))]
        if len(recent) + 1 == FAILURES:
            _log.warning("tokens are being guessed", address=address)
