"""The commands of consultations, over the services of a node."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from node.control.consultation_commands import ConsultationCommands
from node.usecases.consulting import Consulting
from node.usecases.followed_consulting import FollowedConsulting
from node.usecases.own_threads import OwnThreads
from node.usecases.thread_list import ThreadList
from node.usecases.thread_members import ThreadMembers
from node.usecases.thread_reading import ThreadReading

if TYPE_CHECKING:
    from node.app.node_services import NodeServices
    from node.usecases.publication import Publishing


def consultation_commands(services: NodeServices, publishing: Publishing) -> ConsultationCommands:
    """`vigil consult`."""
    ledger, audit = services.ledger, services.audit
    threads = OwnThreads(
        store=services.store, codec=services.codec, own=services.own_log.origin, roster=services.members.current
    )
    return ConsultationCommands(
        saying=FollowedConsulting(
            consulting=Consulting(
                threads=threads, ledger=ledger, groups=services.groups(), audit=audit, clock=time.time
            ),
            members=ThreadMembers(threads=threads, ledger=ledger, audit=audit),
            publishing=publishing,
        ),
        listing=ThreadList(threads=threads, audit=audit),
        reading=ThreadReading(threads=threads, codec=services.codec, audit=audit),
    )
