"""Which epoch of its log a joining node's key has to open: its member may have had a log before.

Rules this module upholds:

- The authority's roster says it, verified from the root that the invitation pins. Nothing of it is kept.
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
    """The epoch that this member's log key has to open: 1 for a new member; for one whose keys the authority replaces,
    the next after its last. Raises `Unavailable`, `BadProof` and what the hub raises.
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
            # Whatever its dates are: only which epochs there were is asked.
            roster = client.refresh(lambda name, limit: bytes(loop.call(channel.metadata(name, limit, reader))), now=0)
    except NotFound:
        return 1  # The authority has not signed anybody in yet.
    finally:
        loop.call(channel.close())
    known = roster.members.get(token.member)
    return known.log_epoch + 1 if known else 1
