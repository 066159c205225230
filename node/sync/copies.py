"""The followed logs, verified at most one group of packages ahead of the disk.

Rules this module upholds:

- A package is verified against earlier verified packages, stored or about to be. If storing fails, the state in memory
  is dropped and read again.
- A fault with one log stops only that log, until the stream is opened again: a bad package, or an unexpected error
  while it is verified or stored. A fork stops it permanently.
- A group is stored in short transactions, so that other writers get their turn in between.
- A log whose member is at a limit of the policy is paused: the stream is opened without it, and with it again once
  there is room. Nothing of it is lost, and no other log waits.
- Our own log is never read from the stream: entries of it that only the hub has are the publisher's task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from node.domain.batch import Package
from node.domain.ids import Origin
from node.domain.log_ports import LogState
from node.domain.ports import Clock, Codec
from node.domain.queries import LogView
from node.domain.roster import Roster
from node.domain.stores import LogStore
from node.errors import BadProof, Damaged, Fork, Malformed, PeerFault, StoreError, VigilError
from node.sync.exchange import follow_step
from node.tlog.merkle import EMPTY_ROOT
from node.usecases.allowance import Allowance, Pause
from node.usecases.applying_runs import freeze
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.pieces import Piece, pieces, shares
from node.usecases.replica import Position, Rules, Verified, position, verify_package

MAX_STOPPED: Final = 1_000
"""How many logs may be stopped at once before the hub itself is considered faulty."""
LOOK_AGAIN_SECONDS: Final = 600.0
"""After this time a paused log is checked again: the policy may have changed."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProgress:
    """The state of one log here: entries verified and stored, entries the hub has cosigned, and any fault.

    `cosigned_at`: Unix seconds of the hub's newest time on it. `alarms`: refused disclosures.
    """

    size: int
    checkpoint_size: int
    cosigned_at: int = 0
    alarms: int = 0
    trouble: str = ""


class Copies:
    """Blocking, and for one thread at a time, except that `verify` may run while `commit` does.

    `today`: the day (since 1970) that has certainly come (`Custody.today`); `on_own`: called when the hub sends entries
    of our own log (`Publisher.wake`).
    """

    def __init__(
        self,
        *,
        store: LogStore,
        catalogue: LogCatalogue,
        codec: Codec,
        roster: Callable[[], Roster],
        own: Origin,
        today: Callable[[], int],
        on_own: Callable[[], None],
        clock: Clock = time.time,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._codec = codec
        self._roster = roster
        self._own = own
        self._today = today
        self._on_own = on_own
        self._clock = clock
        self._allowance = Allowance()
        self._handlings = Handlings(codec.decode_handling)
        self._positions: dict[Origin, Position] = {}
        self._expired_before = 0
        self.stopped: dict[Origin, str] = {}
        self.paused: dict[Origin, Pause] = {}
        self.progress: dict[Origin, LogProgress] = {}
        self.commits = 0
        """Number of stored groups: it changes whenever records came."""

    def open(self) -> tuple[LogView, ...]:
        """Forgets what was not stored, and returns the cursors to continue from."""
        self._positions.clear()
        self.stopped.clear()
        self._expired_before = self._today()
        with self._store.read() as reader:
            logs = reader.logs()
            self._allowance.load(reader)
        # Of a log that is not stored nothing is kept: a hub can name other logs with each stream.
        before, self.progress = self.progress, {}
        for log in logs:
            if log.origin.stream == "log" and log.origin != self._own:
                known = before.get(log.origin, LogProgress(size=0, checkpoint_size=0))
                self.progress[log.origin] = replace(
                    known, size=log.size, checkpoint_size=log.checkpoint_size, trouble=log.frozen
                )
        self._look_at_paused()
        return follow_step(logs, self._own, self.paused).cursors

    def _look_at_paused(self) -> None:
        """The logs that still wait. A log for which the policy or a new day makes room is followed again."""
        limits, now = self._roster().policy.limits, self._clock()
        for origin in list(self.paused):
            if pause := self._allowance.paused(limits, origin.member, now):
                self.paused[origin] = pause
            else:
                del self.paused[origin]

    def resume_in(self) -> float:
        """Seconds until a paused log is checked again."""
        now = self._clock()
        ends = [pause.until - now for pause in self.paused.values() if pause.until]
        return max(1.0, min([*ends, LOOK_AGAIN_SECONDS]))

    def verify(self, packages: Sequence[Package]) -> list[Verified]:
        """The packages that may be stored, in order. Raises `PeerFault` only if the hub itself is faulty, `StoreError`
        if the database is.
        """
        good: list[Verified] = []
        for package in packages:
            if package.origin in self.stopped or package.origin in self.paused:
                continue
            try:
                verified = self._verify(package)
            except Exception as fault:  # noqa: BLE001  (a fault with one log must not stop the others)
                self._stop(package.origin, fault)
                continue
            if verified is not None and self._admitted(verified):
                self._positions[package.origin] = verified.after
                good.append(verified)
        return good

    def _admitted(self, verified: Verified) -> bool:
        """Whether there is room for this run; if not, its log is paused."""
        origin = verified.batch.origin
        pause = self._allowance.admit(self._roster().policy.limits, verified, self._clock())
        if pause is None:
            return True
        self.paused[origin] = pause
        _log.warning("log paused", origin=str(origin), limit=pause.rule.limit)
        return False

    def _verify(self, package: Package) -> Verified | None:
        if package.origin == self._own:
            # We did not ask for it. A round of the publisher finds out whether any of it was not written here.
            self._on_own()
            return None
        if package.fault:
            raise Malformed(package.fault)
        at = self._positions.get(package.origin) or self._stored(package.origin)
        if package.end <= at.state.size:
            # Sent twice. The stored entries are verified, so there is nothing new.
            return None
        if package.start != at.state.size:
            raise BadProof(f"entries {at.state.size} to {package.start} of the log are missing or out of order")
        copy = Copy(reader=self._own.member, expired_before=self._expired_before)
        return verify_package(at, package, Rules(roster=self._roster(), copy=copy, cosigned=True), self._handlings)

    def _stored(self, origin: Origin) -> Position:
        with self._store.read() as reader:
            log = reader.log(origin)
            return position(reader, log or LogState(number=0, origin=origin, size=0, root=EMPTY_ROOT))

    def _stop(self, origin: Origin, fault: Exception) -> None:
        """Raises `fault` if it is not about this log alone: for example, our own disk refuses all writes."""
        if isinstance(fault, StoreError) and not isinstance(fault, Damaged):
            raise fault
        if len(self.stopped) >= MAX_STOPPED:
            raise PeerFault("the hub sends one bad log after another") from fault
        # For an unexpected error only its kind is reported: its text could quote data.
        kind, reason = "internal", f"this program failed at it ({type(fault).__name__})"
        if isinstance(fault, VigilError):
            kind, reason = fault.kind, str(fault)
        self.stopped[origin] = reason
        self._positions.pop(origin, None)
        known = self.progress.get(origin, LogProgress(size=0, checkpoint_size=0))
        self.progress[origin] = replace(known, trouble=reason)
        _log.error("log stopped", origin=str(origin), kind=kind, reason=reason)
        if isinstance(fault, Fork):
            freeze(self._store, origin, fault)

    def commit(self, group: Sequence[Verified]) -> None:
        """Stores a group, and the index follows: in one transaction, or in several if it is much work. After a crash,
        what was not stored is sent again, from the cursors on.
        """
        for share in shares(self._cut(group)):
            self._commit(share)
        self.commits += 1

    def _cut(self, group: Sequence[Verified]) -> list[Piece]:
        cut: list[Piece] = []
        for verified in group:
            try:
                with self._store.read() as reader:
                    cut += pieces(reader, verified, self._codec)
            except Exception as fault:  # noqa: BLE001  (as in `verify`)
                self._stop(verified.batch.origin, fault)
        return cut

    def _commit(self, share: Sequence[Piece]) -> None:
        """One transaction; if that fails because of one of several logs, one for each piece."""
        todo = [piece for piece in share if piece.verified.batch.origin not in self.stopped]
        try:
            with self._catalogue.change() as change:
                for piece in todo:
                    change.apply(piece.verified, piece.places, piece.mentions)
                self._allowance.record(change.writer, [piece.verified for piece in todo], self._clock())
        except Exception as fault:
            if len(todo) == 1:
                self._stop(todo[0].verified.batch.origin, fault)
                return
            if isinstance(fault, StoreError) and not isinstance(fault, Damaged):
                raise
            for piece in todo:
                self._commit([piece])
            return
        self._tell([piece.verified for piece in todo])

    def _tell(self, stored: Sequence[Verified]) -> None:
        """The present state of the logs."""
        for verified in stored:
            state = verified.after.state
            known = self.progress.get(state.origin, LogProgress(size=0, checkpoint_size=0))
            self.progress[state.origin] = replace(
                known,
                size=state.size,
                checkpoint_size=max(state.checkpoint_size, state.cosigned_size),
                cosigned_at=verified.cosigned_at or known.cosigned_at,
                alarms=known.alarms + len(verified.alarms),
                trouble=self.stopped.get(state.origin, ""),
            )
