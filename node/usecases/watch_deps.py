"""What all work on kept watches needs: keeping them, matching them, and deciding about them.

Rules this module upholds:

- There is one of these in a node: one index of watches, one count of what each member learned, and one lock.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.domain.calendar import SECONDS_A_DAY
from node.usecases.neighbourhood import values_of
from node.usecases.present_watches import PresentWatch, present_watch
from node.usecases.search_terms import matchable, probes_of, searched_kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.ids import MemberId
    from node.domain.kept_watches import KeptWatch
    from node.domain.ports import Clock, Codec
    from node.domain.queries import SearchedKind
    from node.domain.roster import Roster
    from node.domain.search_ports import SearchIndex
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.domain.watches import Watch
    from node.usecases.matching import Matcher
    from node.usecases.neighbourhood import Neighbourhoods
    from node.usecases.watch_replies import WatchReplies
    from node.usecases.watched_index import WatchedIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDeps:
    """The dependencies of all work on kept watches. `me`: this member; `roster` returns the current one, or raises
    `Expired`. `index` has the watches, `holdings` what this node holds. `lock`: held for each piece of work, and for
    each decision of an officer.
    """

    me: MemberId
    roster: Callable[[], Roster]
    store: NodeStore
    codec: Codec
    matcher: Matcher
    neighbourhoods: Neighbourhoods
    index: WatchedIndex
    holdings: SearchIndex
    replies: WatchReplies
    clock: Clock
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def today(self) -> int:
        """Days since 1970, by our own clock."""
        return int(self.clock()) // SECONDS_A_DAY

    def present(self, tx: NodeStoreReader, kept: KeptWatch) -> PresentWatch | None:
        """The watch as it stands. Raises `Awaited`."""
        return present_watch(tx, self.codec, kept.root, kept.head, self.me)

    def kinds(self, watch: Watch) -> tuple[SearchedKind, ...]:
        """What is searched for this watch, and what not."""
        may = matchable(watch.subjects, self.matcher.floor)
        return searched_kinds(watch.subjects, self.matcher.versions, watch.rule, abroad=True, matching=may)

    def values(self, watch: Watch) -> list[bytes]:
        """The PDQ hashes by which it may come near something."""
        may = matchable(watch.subjects, self.matcher.floor)
        return values_of(probes_of(watch.subjects, watch.rule, abroad=True, matching=may))
