"""A node that keeps watches of other members, step by step: what it is asked, what it takes in, what it replies.

Rules this module upholds:

- Everything is real but the disk, the wire and the clock.
- A restart is a new node over the same store, whose index of watches is built again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from node.domain.envelope import Kind, decode
from node.domain.handling import Handling
from node.domain.ids import Origin, RecordId
from node.domain.kept_watches import KeptWatch, WatchStanding
from node.domain.limits import Limits
from node.domain.material import MaterialFingerprints
from node.domain.queries import Level, MatchRule, Subject
from node.domain.roster import Policy
from node.domain.watches import Watch, WatchReply, WatchState
from node.match.index import LocalIndex
from node.usecases.held_watches import HeldWatches
from node.usecases.intake import subject_of
from node.usecases.neighbourhood import Neighbourhoods
from node.usecases.node_audit import NodeAuditLog
from node.usecases.waiting import ALL
from node.usecases.watch_deps import WatchDeps
from node.usecases.watch_keeping import WatchKeeping
from node.usecases.watch_matching import WatchMatching
from node.usecases.watch_replies import WatchReplies
from node.usecases.watched_index import WatchedIndex
from tests.simulator.arriving import Holder, always
from tests.simulator.federation import TODAY, Log, Speaker, seeded
from tests.simulator.world import CODEC, World

GENEROUS = Limits(
    near_hour=1_000,
    near_day=1_000,
    near_year=1_000,
    near_year_together=10_000,
    near_hour_everywhere=100_000,
    near_day_everywhere=100_000,
)


@dataclass(frozen=True)
class Crash(Exception):
    """The process ended here."""


class Keeper(Holder):
    """The node of `speaker`. `fall`: called before ("before") and after ("after") each reply; it may raise `Crash`."""

    def __init__(self, world: World, speaker: Speaker, store: object = None) -> None:
        super().__init__(world, speaker, store)  # type: ignore[arg-type]
        self.fall: Callable[[str], None] = lambda _when: None
        self.audit = NodeAuditLog(
            store=self.store,
            origin=Origin(speaker.origin.federation, speaker.id, 1, "audit"),
            clock=world.clock,
            random=seeded(f"audit {speaker.id} {next(world.births)}"),
        )
        replies = WatchReplies(
            store=self.store, ledger=self.node.ledger, audit=self.audit, roster=world.current, clock=world.clock
        )
        say = replies.say

        def falling(*args: object, **words: object) -> None:
            self.fall("before")
            say(*args, **words)  # type: ignore[arg-type]
            self.fall("after")

        replies.say = falling  # type: ignore[method-assign]
        self.watched = LocalIndex()
        self.deps = WatchDeps(
            me=speaker.id,
            roster=world.current,
            store=self.store,
            codec=CODEC,
            matcher=self.matcher,
            neighbourhoods=Neighbourhoods(self.store),
            index=WatchedIndex(self.watched, self.watched.merge),
            holdings=self.node.index,
            replies=replies,
            clock=world.clock,
        )
        self.matching = WatchMatching(self.deps, WatchKeeping(self.deps), self.node.index.beside)
        self.officers = HeldWatches(self.deps, self.audit)

    def restarted(self) -> Keeper:
        """A new process over the same store."""
        self.close()
        return Keeper(self.world, self.speaker, self.store)

    def close(self) -> None:
        """Ends the threads."""
        self.audit.close()

    def work(self, pace: Callable[[], bool] = always) -> None:
        """Keeps and matches until nothing is left to do."""
        self.matching.step(pace)

    def hold(self, level: Level, *prints: MaterialFingerprints) -> list[int]:
        """Takes files in at this level."""
        taken = self.take(*prints)
        with self.node.catalogue.change() as change:
            for each in taken:
                change.writer.set_level(each.holding, level)
        return [each.holding for each in taken]

    def replies(self, watch: RecordId | None = None) -> list[WatchReply]:
        """What it has said, in order; about one watch, if given."""
        with self.store.read() as tx:
            said = [
                CODEC.decode_body(envelope.kind, each.disclosure.body)
                for each in tx.pending(self.speaker.origin, ALL)
                if (envelope := decode(each.entry)) is not None
            ]
        return [each for each in said if isinstance(each, WatchReply) and watch in (None, each.watch)]

    def states(self, watch: RecordId) -> list[WatchState]:
        """The states of a watch that it has told, in order."""
        return [each.state for each in self.replies(watch)]

    def watches(self) -> list[KeptWatch]:
        """All watches that it knows."""
        with self.store.read() as tx:
            return tx.kept_watches(set(WatchStanding))

    def waiting_rows(self) -> list[tuple[int, int]]:
        """What waits to be matched."""
        with self.store.read() as tx:
            return tx.watched_rows(1_000)


def watch_on(*prints: MaterialFingerprints, **words: object) -> Watch:
    """A watch on these files. `words` override its other fields."""
    return watch_of([subject_of(each) for each in prints], **words)


def watch_of(subjects: Sequence[Subject], **words: object) -> Watch:
    """A watch on these subjects."""
    made = Watch(
        subjects=tuple(subjects),
        rule=MatchRule.POLICY,
        officer_role="investigator",
        case_reference="C-7",
        legal_basis="art. 1",
    )
    return replace(made, **words)  # type: ignore[arg-type]


def asked_of(*members: Speaker, days: int = 30, purpose: str = "victim-identification") -> Handling:
    """The handling of a watch that asks these members."""
    return Handling(audience=tuple(each.id for each in members), purposes=(purpose,), retain_until_day=TODAY + days)


def ask(log: Log, watch: Watch, handling: Handling, number: int) -> RecordId:
    """A watch in the log of its author. `number` makes its nonce."""
    return log.say(watch, kind=Kind.WATCH, handling=handling, nonce=number.to_bytes(32, "big"))


def world_of(*speakers: Speaker, limits: Limits = GENEROUS) -> World:
    """A world whose policy has these limits."""
    world = World(list(speakers))
    world.roster = replace(world.roster, policy=Policy(limits=limits))
    return world
