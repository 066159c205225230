"""Writing a bundle: whole logs as this node has them, with the bodies that may leave.

Rules this module upholds:

- Each log is given from its first entry (or from the size that the reader has) to the size that the hub cosigned, so
  that its reader verifies and stores it as if it came from the hub. What a log says in public (kinds, days,
  commitments) is in it, whoever may read the bodies.
- A body leaves only if it is chosen (`bundle_choice`) and its handling admits the reader, or everybody if no member is
  named (`export_rules`). A chosen record that stays is counted by reason.
- Retractions always leave. They end records that a reader may have.
- The sizes are fixed when the writing begins: entries that come meanwhile are in the next bundle.
- Memory does not grow with the logs: one package at a time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.batch import RUN_BYTES, BodyState, Package
from node.domain.envelope import Kind
from node.errors import Misuse
from node.tlog import tiles
from node.usecases.bundle_choice import NOT_PUBLISHED, RECORDS, Choice
from node.usecases.bundle_format import MAGIC, MAX_LOGS, Frame, LogHead, frame, log_frame, roster_frames
from node.usecases.checkpoint_trust import LogTiles
from node.usecases.circle import Circle
from node.usecases.entry_columns import Handlings
from node.usecases.export_rules import handling_reason
from node.usecases.filling import next_run, package_of
from node.usecases.purging import REMARKS, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogReader, LogState, StoredRun
    from node.domain.ports import Codec
    from node.domain.stores import LogStore

REMARK: Final = "opinion or comment: "
"""Before the reason for which a remark stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a bundle has. `reader`: the member that it is for, None for anybody. `sizes`: how much of each log the
    reader has. `roster`: the files that prove the roster. `today`: days since 1970.
    """

    choice: Choice
    reader: MemberId | None = None
    sizes: Mapping[Origin, int] = field(default_factory=dict)
    roster: Mapping[str, bytes] = field(default_factory=dict)
    today: int

    def __post_init__(self) -> None:
        """Refuses a choice of records together with sizes."""
        if self.sizes and not self.choice.is_all:
            raise Misuse(
                "a bundle of chosen records has whole logs: earlier entries may be among the chosen ones",
                remedy="leave --after out, or leave --case, --series, --list and --since out",
            )


class BundleWriting:
    """One bundle. Blocking. `written` counts the records with their bodies, `left_out` those that stay, by reason;
    both are complete when `pieces` has ended. `withdrawn` is 0: the logs of a bundle have the retractions themselves.
    `encode`: a package as it travels.
    """

    withdrawn = 0

    def __init__(self, store: LogStore, codec: Codec, encode: Callable[[Package], bytes], wanted: Wanted) -> None:
        self.written = 0
        self.left_out: Counter[str] = Counter()
        self._store = store
        self._encode = encode
        self._wanted = wanted
        self._handlings = Handlings(codec.decode_handling)
        self._logs = self._fixed()

    def _fixed(self) -> list[LogState]:
        with self._store.read() as tx:
            logs = [log for log in tx.logs() if log.origin.stream == "log" and log.cosigned_size]
        if len(logs) > MAX_LOGS:
            raise Misuse(f"a bundle has at most {MAX_LOGS:,} logs")
        return sorted(logs, key=lambda log: log.origin)

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the bundle."""
        yield MAGIC
        yield from roster_frames(self._wanted.roster)
        for log in self._logs:
            start = self._wanted.sizes.get(log.origin, 0)
            if start < log.cosigned_size:
                yield from self._log(log, start)
            self._count_unpublished(log)
        yield frame(Frame.END, b"")

    def _log(self, log: LogState, start: int) -> Iterator[bytes]:
        with self._store.read() as tx:
            edge = tiles.read_edge(LogTiles(tx, log.number), start)
        yield log_frame(LogHead(origin=log.origin, start=start, edge=edge))
        while start < log.cosigned_size:
            package = self._package(log, start)
            yield frame(Frame.PACKAGE, self._encode(package))
            start = package.end

    def _package(self, log: LogState, start: int) -> Package:
        with self._store.read() as tx:
            run = next_run(tx, log.origin, start, log.cosigned_size, RUN_BYTES)
            proof = tiles.consistency_proof(LogTiles(tx, log.number), start + len(run.entries), log.cosigned_size)
            shown = self._shown(tx, log.origin, run)
        return package_of(log, start, run, shown, proof)

    # --- what leaves --------------------------------------------------------------------------------------------------

    def _shown(self, tx: LogReader, origin: Origin, run: StoredRun) -> list[bool]:
        """For each entry of the run: whether its body leaves."""
        held = (np.frombuffer(run.states, dtype=np.uint8) == BodyState.HELD).tolist()
        numbers = self._handlings.number(run.handlings).tolist()
        reasons = {number: self._reason(number, origin) for number in set(numbers)}
        links = tx.links(origin, run.start, run.start + len(run.entries))
        circle = Circle(tx, self._handlings, self._wanted.reader)
        shown: list[bool] = []
        for at, entry in enumerate(run.entries):
            kind, reason = kind_of(entry), reasons[numbers[at]]
            if not held[at]:
                leaves = False
            elif kind in RECORDS:
                leaves = self._record(origin, run, at, reason)
            elif kind in REMARKS:
                link = links.get(run.start + at)
                chosen = link is not None and (self._wanted.choice.is_all or self._wanted.choice.takes_remark(tx, link))
                leaves = chosen and not reason and link is not None and circle.admits(link)
                self.left_out[REMARK + reason] += bool(chosen and reason)
            else:
                leaves = not reason and (kind == Kind.RETRACTION or self._wanted.choice.is_all)
            shown.append(leaves)
        self.left_out = +self.left_out
        return shown

    def _reason(self, number: int, origin: Origin) -> str:
        handling = self._handlings.values[number]
        return handling_reason(handling, origin.member, self._wanted.reader, self._wanted.today)

    def _record(self, origin: Origin, run: StoredRun, at: int, reason: str) -> bool:
        if not self._wanted.choice.takes(origin, run.start + at, run.entries[at], run.bodies[at]):
            return False
        if reason:
            self.left_out[reason] += 1
            return False
        self.written += 1
        return True

    def _count_unpublished(self, log: LogState) -> None:
        """Chosen records that the hub has not cosigned yet."""
        at = log.cosigned_size
        while at < log.size:
            with self._store.read() as tx:
                run = tx.run(log.origin, at, log.size, RUN_BYTES)
            for offset, entry in enumerate(run.entries):
                if run.states[offset] == BodyState.HELD and kind_of(entry) in RECORDS:
                    chosen = self._wanted.choice.takes(log.origin, at + offset, entry, run.bodies[offset])
                    self.left_out[NOT_PUBLISHED] += chosen
            at += len(run.entries)
        self.left_out = +self.left_out
