"""The log epoch of a joining node: its member may have had a log before.

Rules this module upholds:

- The authority's roster gives the epoch. It is verified from the root that the invitation pins, and not kept.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from node.domain.services import RosterReader
from node.errors import NotFound
from node.pki.client import RosterClient
from node.wire.client import EnrolmentChannel

if TYPE_CHECKING:
    from node.control.runner import LoopThread
    from node.domain.token import Token


def next_epoch(loop: LoopThread, token: Token, enrolment: str) -> int:
    """The epoch for this member's log key: 1 for a new member. If the authority replaces the member's keys, the epoch
    after its last one. Raises `Unavailable`, `BadProof` and what the hub raises.
    """
    reader = RosterReader(secret=token.secret)
    channel: EnrolmentChannel = loop.call(EnrolmentChannel.open(enrolment, token.ca_sha256))
    try:
        with tempfile.TemporaryDirectory(prefix="vigil-") as folder:
            client = RosterClient.bootstrap(
                Path(folder),
                lambda name, limit: bytes(loop.call(channel.metadata(name, limit, reader))),
                federation=token.federation,
                root_version=token.root_version,
                root_sha256=token.root_sha256,
            )
            # The dates of the roster do not matter: only the past epochs are read.
            roster = client.refresh(lambda name, limit: bytes(loop.call(channel.metadata(name, limit, reader))), now=0)
    except NotFound:
        return 1  # The authority has not admitted anybody yet.
    finally:
        loop.call(channel.close())
    known = roster.members.get(token.member)
    return known.log_epoch + 1 if known else 1
