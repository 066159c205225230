"""Watches of other members that wait for an officer's decision here.

Rules this module upholds:

- Two things wait: a watch that is not kept yet, and a hit that was not told yet. One decision is for both.
- The officer sees who asks, on which legal basis, and why it waits. Each look and each decision is in the audit log
  with the officer's name, before anything is shown or said.
- A refused hit is told neither now nor later: its author learns nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from node.domain.fingerprint_kinds import KIND_BY_NAME
from node.domain.kept_watches import KeptWatch, Told, WatchStanding
from node.domain.queries import Hit, Level
from node.domain.watches import WatchState
from node.errors import Misuse, NotFound
from node.usecases.access import record_access
from node.usecases.acts import perform
from node.usecases.held_questions import MAX_LISTED, MAX_REASON
from node.usecases.neighbourhood import FREE
from node.usecases.present_watches import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ids import MemberId
    from node.domain.stores import NodeStoreWriter
    from node.usecases.audit import AuditLog
    from node.usecases.neighbourhood import Verdict
    from node.usecases.present_watches import PresentWatch
    from node.usecases.watch_deps import WatchDeps


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedWatch:
    """A watch as an officer sees it. `present` is None if its author has withdrawn it."""

    kept: KeptWatch
    present: PresentWatch | None = None


class HeldWatches:
    """For one node. Blocking: never on the event loop."""

    def __init__(self, deps: WatchDeps, audit: AuditLog) -> None:
        self._deps = deps
        self._audit = audit

    def listed(self, limit: int, *, decided: bool = False) -> Sequence[KeptWatch]:
        """Those that wait, newest first; `decided`: also those that an officer decided about."""
        record_access(self._audit, "held watches")
        with self._deps.store.read() as tx:
            return tx.watches_for_officers(min(limit, MAX_LISTED), decided=decided)

    def show(self, number: int) -> LookedWatch:
        """One watch. Raises `NotFound`."""
        kept = self._found(number)
        record_access(self._audit, "held watch", **_about(kept))
        return LookedWatch(kept=kept, present=self._present(kept))

    def release(self, number: int) -> KeptWatch:
        """Keeps the watch, and tells what was found. Raises `NotFound`, `Misuse` if nothing waits."""
        return self._decide(number, "released", self._release)

    def refuse(self, number: int, reason: str) -> KeptWatch:
        """Refuses the watch: its author is told `reason`. A hit of a kept watch is not told, and its author learns
        nothing. Raises as `release`.
        """
        if not 0 < len(reason.strip()) <= MAX_REASON:
            raise Misuse(f"a refusal needs a reason of at most {MAX_REASON} characters")
        return self._decide(number, "refused", lambda kept, present: self._refuse(kept, present, reason))

    def _decide(self, number: int, what: str, decide: Callable[[KeptWatch, PresentWatch], None]) -> KeptWatch:
        # One at a time, and not while something is matched: of two officers, the second is told that it is decided.
        with self._deps.lock:
            kept = self._found(number)
            present = self._present(kept)
            if not _waits(kept) or present is None or present.head != kept.head:
                raise Misuse(
                    f"nothing about the watch w{number} waits for a decision",
                    remedy="vigil held list shows what waits, and with --all what was decided",
                )
            perform(self._audit, f"held watch {what}", lambda: decide(kept, present), **_about(kept))
            return self._found(number)

    def _release(self, kept: KeptWatch, present: PresentWatch) -> None:
        deps, now = self._deps, int(self._deps.clock())
        watch, verdict = present.watch, FREE
        if watch is not None and deps.neighbourhoods.concerns(kept.asker):
            # It counts without being held, as a released query does.
            verdict = deps.neighbourhoods.judge(kept.asker, deps.values(watch), (), None, now)
        if kept.standing is WatchStanding.WAITING:
            kept = replace(kept, standing=WatchStanding.KEPT, decided_at=now)
            self._say(kept, present, WatchState.KEPT, verdict)
        if kept.told is Told.WAITING:
            # A crash before this: the watch is kept, and its hit still waits.
            kept = replace(kept, told=Told.HIT, decided_at=now)
            self._say(kept, present, WatchState.HIT, verdict)

    def _refuse(self, kept: KeptWatch, present: PresentWatch, reason: str) -> None:
        now = int(self._deps.clock())
        told = Told.WITHHELD if kept.told is Told.WAITING else kept.told
        if kept.standing is WatchStanding.WAITING:
            refused = replace(kept, standing=WatchStanding.REFUSED, told=told, why=reason, decided_at=now)
            self._say(refused, present, WatchState.REFUSED, FREE, reason)
            self._deps.index.drop(kept.id)
            return
        with self._deps.store.write() as tx:
            tx.put_watch(replace(kept, told=told, decided_at=now))

    def _say(
        self, kept: KeptWatch, present: PresentWatch, state: WatchState, verdict: Verdict, reason: str = ""
    ) -> None:
        """Replies, and keeps the watch as it then is."""
        watch = present.watch
        hits = [_hit(kept, self._deps.me, len(watch.subjects) if watch else 0)] if state is WatchState.HIT else []
        kinds = self._deps.kinds(watch) if watch and state is not WatchState.REFUSED else ()

        def note(tx: NodeStoreWriter) -> None:
            verdict.note(tx)
            tx.put_watch(kept)

        self._deps.replies.say(kept, present.version, state, note, hits=hits, kinds=kinds, reason=reason)

    def _found(self, number: int) -> KeptWatch:
        with self._deps.store.read() as tx:
            kept = tx.kept_watch(number)
        if kept is None:
            raise NotFound(f"there is no watch w{number}", remedy="vigil held list shows what waits")
        return kept

    def _present(self, kept: KeptWatch) -> PresentWatch | None:
        try:
            with self._deps.store.read() as tx:
                return self._deps.present(tx, kept)
        except Awaited:
            return None


def _waits(kept: KeptWatch) -> bool:
    is_kept = kept.standing is WatchStanding.KEPT
    return kept.standing is WatchStanding.WAITING or (is_kept and kept.told is Told.WAITING)


def _hit(kept: KeptWatch, me: MemberId, subjects: int) -> Hit:
    """The hit that waited: that there is something, and by which algorithm."""
    kind = KIND_BY_NAME.get(kept.algorithm)
    return Hit(
        subject=0,
        origin=str(me),
        algorithm=kept.algorithm,
        level=Level.HIT_NO_HIT,
        weak=kind is not None and kind.weak,
        whole=subjects > 1,
    )


def _about(kept: KeptWatch) -> dict[str, object]:
    return {"number": kept.id, "asker": kept.asker, "watch": str(kept.root)}
