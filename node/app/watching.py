"""Wires what a node needs for watches and alerts: its own, and those that it keeps for other members.

Rules this module upholds:

- As in `node.app.node_opening`: this module decides nothing.
- Everything that keeps watches shares one index, one lock and the counts of the answerer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.app.alert_hook import hook_of
from node.control.alert_commands import AlertCommands
from node.control.watch_commands import WatchCommands
from node.match.index import LocalIndex
from node.usecases.alert_hook import AlertHook
from node.usecases.alerting import AlertReading
from node.usecases.allowing import AllowList
from node.usecases.held_watches import HeldWatches
from node.usecases.local_watches import LocalWatches
from node.usecases.local_watching import LocalWatching
from node.usecases.publication import Publications, Publishing
from node.usecases.watch_deps import WatchDeps
from node.usecases.watch_keeping import WatchKeeping
from node.usecases.watch_matching import WatchMatching
from node.usecases.watch_reading import WatchReading
from node.usecases.watch_replies import WatchReplies
from node.usecases.watched_index import WatchedIndex
from node.usecases.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.app.node_services import NodeServices
    from node.domain.ids import MemberId
    from node.domain.stores import NodeStore
    from node.usecases.matching import Matcher
    from node.wire.convert import ProtoCodec


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWatches:
    """The work on watches of other members: `matching` in the background, `held` for officers."""

    matching: WatchMatching
    held: HeldWatches


def kept_watches(services: NodeServices) -> KeptWatches:
    """The one keeper of a node. Its index shares the search threads of the node's index, and needs no closing."""
    watched = LocalIndex(crew=services.index.crew, floor=services.index.floor)
    deps = WatchDeps(
        me=services.own_log.origin.member,
        roster=services.members.current,
        store=services.store,
        codec=services.codec,
        matcher=services.matcher,
        neighbourhoods=services.answerer.neighbourhoods,
        index=WatchedIndex(watched, watched.merge),
        holdings=services.index,
        replies=WatchReplies(
            store=services.store,
            ledger=services.ledger,
            audit=services.audit,
            roster=services.members.current,
            clock=time.time,
        ),
        clock=time.time,
    )
    matching = WatchMatching(deps, WatchKeeping(deps), services.index.beside)
    return KeptWatches(matching=matching, held=HeldWatches(deps, services.audit))


def local_watches_of(
    *,
    store: NodeStore,
    codec: ProtoCodec,
    index: LocalIndex,
    matcher: Matcher,
    radius: Callable[[], int],
    me: MemberId,
) -> LocalWatches:
    """The local watches of a node. Their index shares the search threads of the node's index, as above."""
    watched = LocalIndex(crew=index.crew, floor=index.floor)
    return LocalWatches(
        store=store,
        codec=codec,
        matcher=matcher,
        index=WatchedIndex(watched, watched.merge),
        beside=index.beside,
        radius=radius,
        own=me,
        clock=time.time,
    )


def local_watching(services: NodeServices) -> LocalWatching:
    """Local watches as officers use them."""
    return LocalWatching(
        store=services.store,
        catalogue=services.catalogue,
        watches=services.local_watches,
        allowed=AllowList(store=services.store, audit=services.audit, clock=time.time),
        audit=services.audit,
        clock=time.time,
        floor=services.index.floor,
    )


def alert_hook(services: NodeServices) -> AlertHook:
    """Tells the administrator's hook of alerts."""
    settings = services.settings
    return AlertHook(store=services.store, tell=hook_of(settings), clock=time.time, period=settings.alert_seconds)


def watch_commands(services: NodeServices) -> WatchCommands:
    """The commands for watches of our own."""
    own = services.own_log.origin
    return WatchCommands(
        watching=Watching(
            own=own,
            store=services.store,
            ledger=services.ledger,
            allowed=AllowList(store=services.store, audit=services.audit, clock=time.time),
            groups=services.groups(),
            audit=services.audit,
            roster=services.members.current,
            clock=time.time,
        ),
        reading=WatchReading(
            own=own, store=services.store, codec=services.codec, audit=services.audit, policy=services.policy
        ),
        publishing=Publishing(Publications(services.store), lambda: services.sender),
        local=local_watching(services),
    )


def alert_commands(services: NodeServices) -> AlertCommands:
    """The commands for alerts."""
    return AlertCommands(reading=AlertReading(store=services.store, audit=services.audit, clock=time.time))
