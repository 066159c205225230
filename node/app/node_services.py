"""The wired services of one node, for a home that this process owns. `node_opening` makes them.

Rules this module upholds:

- The daemon and a command without a daemon use the same services; only the owner of the connection to the hub differs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from node.app.homes import examine_database
from node.app.link import Link
from node.domain.homes import Finding
from node.domain.roster import Policy
from node.match.folder import IndexFolder
from node.match.index import LocalIndex
from node.pki.client import RosterClient
from node.pki.keys import KeyRing
from node.pki.wrapping import Passphrase
from node.usecases.alarms import Alarms
from node.usecases.answering import Answerer
from node.usecases.arrivals import Arrivals
from node.usecases.catalogue import Catalogue
from node.usecases.custody import NodeCustody
from node.usecases.disposal import Disposal
from node.usecases.evidence import build_evidence
from node.usecases.group_audience import GroupAudiences
from node.usecases.held_questions import HeldQuestions
from node.usecases.hit_list import HitList
from node.usecases.homes import refusal
from node.usecases.inquiry import Inquirer
from node.usecases.intake import Intake
from node.usecases.ledger import Ledger
from node.usecases.list_hits import ListHits
from node.usecases.lists import Lists
from node.usecases.local_watches import LocalWatches
from node.usecases.matching import Matcher
from node.usecases.node_audit import NodeAuditLog
from node.usecases.ownlog import OwnLog
from node.usecases.preview_keeping import PreviewKeeping
from node.usecases.recognition import Recogniser
from node.usecases.roster import Members
from node.usecases.stored_hits import StoredHits
from node.usecases.verification import Verifier
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.app.homes import OpenDatabase
    from node.app.watching import KeptWatches
    from node.config import Config, Home
    from node.domain.ids import RecordId
    from node.domain.previews import PreviewFiles
    from node.domain.services import Reply
    from node.domain.stores import NodeStore
    from node.usecases.publication import Sender

Line = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class NodeServices:
    """Everything of one node except its connections. `wakers`: called after each acknowledged statement; `sender`:
    sends our log to the hub, if a daemon runs; `bringers`: called with each decision about a held question; `secret`:
    the passphrase of its keys, needed to wrap new keys; `match_arrivals`: wakes the daemon's matcher of arriving
    records, None without a daemon; `watches`: those that are kept for other members.
    """

    home: Home
    settings: Config
    ring: KeyRing
    database: OpenDatabase[NodeStore]
    store: NodeStore
    codec: ProtoCodec
    index: LocalIndex
    index_files: IndexFolder
    catalogue: Catalogue
    members: Members
    roster_client: RosterClient
    own_log: OwnLog
    ledger: Ledger
    audit: NodeAuditLog
    alarms: Alarms
    matcher: Matcher
    verifier: Verifier
    hits: HitList
    kept: StoredHits
    arrivals: Arrivals
    local_watches: LocalWatches
    recogniser: Recogniser
    intake: Intake
    inquirer: Inquirer
    answerer: Answerer
    held: HeldQuestions
    custody: NodeCustody
    disposal: Disposal
    previews: PreviewKeeping
    preview_files: PreviewFiles
    list_hits: ListHits
    lists: Lists
    link: Link
    secret: Passphrase | None = None
    wakers: list[Callable[[], None]] = field(default_factory=list)
    bringers: list[Callable[[Reply], None]] = field(default_factory=list)
    health: Callable[[], Line] = lambda: {"daemon": False}
    sender: Sender | None = None
    match_arrivals: Callable[[], None] | None = None
    watches: KeptWatches = field(init=False)

    def policy(self) -> Policy:
        """The federation's policy from the last verified roster, or the default before the first roster."""
        return latest_policy(self.members)

    def groups(self) -> GroupAudiences:
        """The members behind the names of groups."""
        return GroupAudiences(
            store=self.store,
            codec=self.codec,
            own=self.own_log.origin,
            roster=self.members.current,
            clock=time.time,
        )

    def require_expected(self, size: int, hub_size: int) -> None:
        """Called when the hub has more of our own log than we at a start. Raises `DatabaseOlder`, now and at each later
        start, unless a person restored or accepted this database.
        """
        if self.home.restored.exists():
            return
        self.database.lacks(hub_size - size)
        raise refusal(replace(examine_database(self.home, self.settings), finding=Finding.OLDER))

    def evidence(self, record: RecordId) -> tuple[int, bytes]:
        """(Cosigned size of its log, the evidence file) of a record. Raises `NotFound`."""
        with self.store.read() as tx:
            log = tx.log(record.origin)
        return (log.cosigned_size if log else 0), build_evidence(self.store, record)


def latest_policy(members: Members) -> Policy:
    """The policy of the last verified roster, of any age: local searches use it."""
    latest = members.latest()
    return latest.policy if latest else Policy()
