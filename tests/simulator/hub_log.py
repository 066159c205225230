"""The hub's own log in a simulated federation: its keys in the roster, and an operator who decides on notices."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

from node.domain.fingerprint_kinds import SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import HUB_NAME, Origin
from node.domain.notices import Notice, NoticeColour
from node.domain.roster import KeyPurpose, KeyStatus, MemberKey, Roster
from node.hub.own_log import HubLog, LogKey
from node.hub.showing import Showing
from node.tlog.merkle import leaf_hash
from node.tlog.note import format_vkey
from node.usecases.audit import AuditLog
from node.usecases.entry_columns import Handlings
from node.usecases.notice_review import NoticeReview
from node.usecases.notices import Notices
from tests.simulator.federation import FEDERATION, NOW, TODAY, Speaker, seeded
from tests.simulator.world import CODEC, Hub, Node, World

HUB, HUB_2 = Speaker.named(HUB_NAME), Speaker.named(HUB_NAME, epoch=2)
ASKED = Handling(audience=())
"""Who reads a request: its member, and the hub."""


def key_of(speaker: Speaker) -> LogKey:
    return LogKey(epoch=speaker.origin.epoch, vkey=format_vkey(speaker.vkey), signer=speaker.signer)


def with_hub_logs(known: Roster, *speakers: Speaker) -> Roster:
    """The roster with these keys of the hub's log; the last one is active."""
    keys = tuple(
        MemberKey(
            purpose=KeyPurpose.LOG,
            vkey=format_vkey(each.vkey),
            epoch=each.origin.epoch,
            status=KeyStatus.ACTIVE if each is speakers[-1] else KeyStatus.RETIRED,
        )
        for each in speakers
    )
    return replace(known, hub=replace(known.hub, logs=keys))


def notice(number: int) -> Notice:
    """A yellow notice about a made-up photograph."""
    return Notice(
        colour=NoticeColour.YELLOW,
        reference=f"2026/{number}",
        fingerprints=(Fingerprint(code=SHA256.code, value=leaf_hash(b"%d" % number)),),
        consent_day=TODAY,
    )


class Operator:
    """A hub with a log of its own, and who reviews notices there. `key` may be changed or taken away."""

    def __init__(self, world: World, *, hub: Hub | None = None, key: Speaker | None = HUB) -> None:
        self.world = world
        self.hub = hub or Hub(world)
        self.key = None if key is None else key_of(key)
        self.claimed: dict[Origin, int] = {}
        self.told = 0
        self.log = HubLog(
            store=self.hub.store,
            catalogue=self.hub.catalogue,
            codec=CODEC,
            federation=FEDERATION,
            key=lambda: self.key,
            roster=world.current,
            claimed=lambda: self.claimed,
            publish=self.hub.carrier.publish,
            told=self._tell,
            clock=world.clock,
            random=seeded(f"hub {next(world.births)}"),
        )
        audit = AuditLog(
            store=self.hub.store, origin=Origin(FEDERATION, HUB_NAME, 1, "audit"), clock=lambda: NOW, random=os.urandom
        )
        self.review = NoticeReview(
            store=self.hub.store,
            codec=CODEC,
            audit=audit,
            federation=FEDERATION,
            speech=self.log,
            roster=world.current,
        )

    def _tell(self) -> None:
        self.told += 1

    def hears(self, *nodes: Node) -> None:
        """The nodes hand in what they have to say."""
        for node in nodes:
            asyncio.run(node.publisher.round())


def notices_of(node: Node) -> Notices:
    """The notices of a member, over its simulated node."""
    audit = AuditLog(
        store=node.store, origin=replace(node.origin, stream="audit"), clock=lambda: NOW, random=os.urandom
    )
    return Notices(store=node.store, codec=CODEC, ledger=node.ledger, audit=audit, own=node.origin)


def told(node: Node, hub: Hub, *origins: Origin) -> None:
    """Brings a node what the hub has of these logs, in this order."""
    showing, handlings = Showing(hub.store, CODEC), Handlings(CODEC.decode_handling)
    for origin in origins:
        log, start = hub.log(origin), node.size(origin)
        if log is None or start >= log.cosigned_size:
            continue
        node.copies.open()
        node.copies.commit(node.copies.verify([showing.package(node.speaker.id, log, start, handlings, 1 << 20)]))
        assert not node.copies.stopped
