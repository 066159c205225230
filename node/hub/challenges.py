"""Challenges: fresh bytes that a member without a certificate signs, to prove that it is present now.

Rules this module upholds:

- A challenge needs no memory: it carries its time under a MAC, so requesting challenges exhausts nothing.
- It is valid for one member and for two minutes. If it must be used only once, `spend` ensures that.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from typing import TYPE_CHECKING, Final

from node.domain.signing import preimage
from node.errors import Expired, Unauthenticated

if TYPE_CHECKING:
    from node.domain.ids import MemberId
    from node.domain.ports import Clock

CHALLENGE_SECONDS: Final = 120
"""How long a challenge is valid."""
CHALLENGE_SIZE: Final = 32
_CHALLENGE: Final = b"vigil/challenge/v1\n"
_MAC_SIZE: Final = 16
_TIME_SIZE: Final = 8


class Challenges:
    """For one running hub: after a restart it knows no earlier challenges. From any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._spent: dict[bytes, float] = {}

    def make(self, member: MemberId) -> bytes:
        """`CHALLENGE_SIZE` fresh bytes: the hub's time, random bytes, the MAC."""
        start = int(self._clock()).to_bytes(_TIME_SIZE, "big") + secrets.token_bytes(
            CHALLENGE_SIZE - _TIME_SIZE - _MAC_SIZE
        )
        return start + self._mac(member, start)

    def check(self, member: MemberId, challenge: bytes) -> None:
        """Checks a challenge: 1. from this hub, for this member; 2. recent. Raises `Unauthenticated`, `Expired`."""
        start, mac = challenge[:-_MAC_SIZE], challenge[-_MAC_SIZE:]
        if len(challenge) != CHALLENGE_SIZE or not hmac.compare_digest(mac, self._mac(member, start)):
            raise Unauthenticated("a challenge that this hub did not give to this member", remedy="ask for another")
        age = self._clock() - int.from_bytes(start[:_TIME_SIZE], "big")
        if not -1 <= age <= CHALLENGE_SECONDS:
            raise Expired("the challenge has expired", remedy="ask for another")

    def spend(self, challenge: bytes) -> None:
        """Marks a checked challenge as used. Raises `Unauthenticated` the second time."""
        now = self._clock()
        with self._lock:
            self._spent = {used: at for used, at in self._spent.items() if now - at <= 2 * CHALLENGE_SECONDS}
            if challenge in self._spent:
                raise Unauthenticated("the challenge was used before", remedy="ask for another")
            self._spent[challenge] = now

    def _mac(self, member: MemberId, start: bytes) -> bytes:
        return hmac.digest(self._key, preimage(_CHALLENGE, member, start), "sha256")[:_MAC_SIZE]
