"""How a node fetches the roster: from whoever serves its files, in a thread, verified by the node's own copy.

Rules this module upholds:

- Verification blocks and the network does not: each file is asked for on the event loop, from the thread that verifies.
- Without a certificate a statement key of ours shows who we are. There may be two, where a change of keys is under way:
  the hub may know the one or the other.
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
    """A file of the roster by its name, of at most so many bytes."""
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
    """The same from the enrolment port, by the first of `rings` that the hub takes. Raises `Unauthenticated` where it
    takes none, `NotFound` where there is none.
    """
    refused: Unauthenticated | NotFound = NotFound("no key is here to read the roster with")
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
    """SHA-256 of a certificate, as it is named everywhere: of its DER."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))).digest()
