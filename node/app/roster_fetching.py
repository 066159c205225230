"""How a node fetches the roster: from any source of its files, in a thread, verified by the node's own copy.

Rules this module upholds:

- Verification blocks, the network does not: the verifying thread requests each file on the event loop.
- Without a certificate, our statement key shows who we are. During a change of keys there may be two, and the hub may
  know either.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import time
from typing import TYPE_CHECKING

from node.errors import NotFound, Unauthenticated
from node.pki.keys import STATEMENT
from node.usecases.enrolment import reader_by_key

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from node.domain.ids import FederationId, MemberId
    from node.domain.roster import Roster
    from node.pki.client import RosterClient
    from node.pki.keys import KeyRing
    from node.wire.client import EnrolmentChannel

    File = Callable[[str, int], Coroutine[Any, Any, bytes]]
    """Fetches a file of the roster by name, with a maximum number of bytes."""
    Ring = Callable[[], KeyRing | None]
    """Opens a key ring; blocking."""


async def refreshed(client: RosterClient, file: File) -> Roster:
    """The newest roster. Raises as `RosterClient.refresh`, and what `file` raises."""
    loop = asyncio.get_running_loop()

    def fetch(name: str, limit: int) -> bytes:
        return asyncio.run_coroutine_threadsafe(file(name, limit), loop).result()

    return await asyncio.to_thread(lambda: client.refresh(fetch, now=time.time()))


async def refreshed_by_key(
    client: RosterClient, channel: EnrolmentChannel, federation: FederationId, member: MemberId, rings: Sequence[Ring]
) -> Roster:
    """The same from the enrolment port, with the first of `rings` that the hub accepts. Raises `Unauthenticated` if it
    accepts none, `NotFound` if there is none.
    """
    refused: Unauthenticated | NotFound = NotFound("this node has no key to read the roster with")
    for opens in rings:
        ring = await asyncio.to_thread(opens)
        if ring is None:
            continue
        reader = await reader_by_key(
            channel,
            federation=federation,
            member=member,
            ca_sha256=pem_sha256(channel.ca_pem),
            statement=ring.signer(STATEMENT),
        )
        try:
            return await refreshed(client, lambda name, limit: channel.metadata(name, limit, reader))  # noqa: B023
        except Unauthenticated as error:
            refused = error
    raise refused


def pem_sha256(pem: bytes) -> bytes:
    """The fingerprint of a certificate: SHA-256 of its DER."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))).digest()
