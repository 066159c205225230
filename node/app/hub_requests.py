"""The signing request that a hub's operator carries to the authority, and its digits.

Rules this module upholds:

- After a request, the logs whose keys it asks to replace accept no more entries: the authority signs where they end.
- The description matches the request: the same petitions, the same hub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.domain.ids import spoken
from node.hub.key_changes import close_logs, close_own_log
from node.pki.courier import SigningRequest, encode_request
from node.pki.petition import keys_fingerprint
from node.pki.successor import name_successor

if TYPE_CHECKING:
    from node.domain.ids import FederationId
    from node.domain.roster import Roster
    from node.domain.stores import HubStore
    from node.pki.change import NextKeys
    from node.pki.courier import HubClaims
    from node.pki.keys import KeyRing

Line = dict[str, Any]


def signing_request(
    store: HubStore, roster: Roster | None, ring: KeyRing, hub: HubClaims, waiting: NextKeys | None
) -> bytes:
    """This hub's identity, and the waiting petitions. `ring`: the hub's keys in force; `waiting`: its new keys."""
    with store.write() as tx:
        petitions = tuple(tx.join_requests(state="pending"))
        # After a crash before the end of the block the logs are open; after it, the same command states the same sizes.
        sizes = close_logs(tx, roster, petitions) | close_own_log(tx, roster, hub.log_vkey)
    succession = name_successor(ring, hub, sizes=waiting.sizes, federation=ring.federation) if waiting else None
    return encode_request(
        SigningRequest(federation=ring.federation, hub=hub, petitions=petitions, log_sizes=sizes, succession=succession)
    )


def describe_request(store: HubStore, roster: Roster | None, hub: HubClaims, federation: FederationId) -> Line:
    """The digits that people on both sides compare: this hub's digits, and those of each petition."""
    members = roster.members if roster else {}
    with store.read() as tx:
        petitions = tx.join_requests(state="pending")
    return {
        "hub_fingerprint": spoken(hub.fingerprint(federation)),
        "petitions": [
            {
                "member": each.member,
                "name": each.name,
                "fingerprint": spoken(keys_fingerprint(each.member, each.vkeys)),
                "changes_keys": each.member in members,
            }
            for each in petitions
        ],
    }
