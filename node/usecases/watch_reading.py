"""Our own watches as an officer sees them: what each asked member says, and what was found.

Rules this module upholds:

- Every asked member is in exactly one state. A member that says nothing has said nothing: that is never shown as kept.
- What a member says is checked as an answer is: a hit about what was not asked, or in another member's name, does not
  count, and the member is marked.
- Replies are bounded for each member, and what was left out is counted.
- The audit log has who looks, before anything is shown.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.domain.mentions import Role
from node.domain.watches import Watch, WatchReply, WatchState
from node.errors import Malformed, NotFound
from node.usecases.access import record_access
from node.usecases.hits import Algorithms, Bounds, check_hit
from node.usecases.lookup import resolve
from node.usecases.own_watches import OwnWatch, own_watch, own_watches
from node.usecases.purging import chain_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.mentions import Mention
    from node.domain.ports import Codec
    from node.domain.queries import Hit, SearchedKind
    from node.domain.roster import Policy
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.audit import AuditLog

MOST_REPLIES: Final = 1_100
"""Replies of one member to one watch that are read: more than a correct member makes."""


class AskedState(StrEnum):
    """What an asked member says about a watch."""

    NO_WORD = "no-word"
    KEPT = "kept"
    HELD = "held"
    REFUSED = "refused"
    ENDED = "ended"


_STATES: Final = {
    WatchState.KEPT: AskedState.KEPT,
    WatchState.HELD: AskedState.HELD,
    WatchState.REFUSED: AskedState.REFUSED,
    WatchState.ENDED: AskedState.ENDED,
}


@dataclass(slots=True, kw_only=True)
class AskedMember:
    """One asked member. `at`: Unix seconds, by its clock, of its last word, 0 for none. `kinds`: what it searches.
    `faults`: replies or hits of it that do not count; `left_out`: replies that were not read.
    """

    member: MemberId
    state: AskedState = AskedState.NO_WORD
    reason: str = ""
    at: int = 0
    hits: list[Hit] = field(default_factory=list)
    kinds: tuple[SearchedKind, ...] = ()
    faults: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedWatch:
    """A watch of ours. `said` is None if its content is deleted, because it was withdrawn or has expired. `sent`:
    whether it has its place in our log.
    """

    own: OwnWatch
    said: Watch | None
    withdrawn: bool
    sent: bool
    asked: Sequence[AskedMember]

    @property
    def hits(self) -> int:
        """How many hits members told of."""
        return sum(len(each.hits) for each in self.asked)


class WatchReading:
    """Blocking: never on the event loop. `own`: our log, of the newest epoch."""

    def __init__(
        self, *, own: Origin, store: NodeStore, codec: Codec, audit: AuditLog, policy: Callable[[], Policy]
    ) -> None:
        self._own = own
        self._store = store
        self._codec = codec
        self._audit = audit
        self._policy = policy

    def listed(self, case: str = "") -> list[FollowedWatch]:
        """All our watches, the newest first; those of one case, if given."""
        record_access(self._audit, "watch list", **({"case": case} if case else {}))
        with self._store.read() as tx:
            return [self._followed(tx, each) for each in own_watches(tx) if case in ("", each.case)]

    def one(self, name: str) -> FollowedWatch:
        """One watch, by its name or the first digits of it. Raises `NotFound`."""
        with self._store.read() as tx:
            known = own_watch(tx, resolve(tx, name, self._own))
        if known is None:
            raise NotFound("this is no watch of ours", remedy="vigil watch list shows them")
        record_access(self._audit, "watch show", watch=str(known.record))
        with self._store.read() as tx:
            return self._followed(tx, known)

    def _followed(self, tx: NodeStoreReader, known: OwnWatch) -> FollowedWatch:
        record = known.record
        pending = tx.find_pending(record.leaf)
        body, entry_kind, ended = b"", int(Kind.WATCH), False
        if pending is not None:
            body = pending.disclosure.body
        else:
            index = tx.find(record.origin, [record.leaf]).get(record.leaf)
            if index is not None:
                ended = chain_at(tx, record.origin, index, record.leaf).ended
                shown = tx.held_at(record.origin, [index]).get(index)
                body = shown[1] if shown else b""
        said = self._read(entry_kind, body)
        watch = said if isinstance(said, Watch) else None
        return FollowedWatch(
            own=known,
            said=watch,
            withdrawn=ended or bool(known.withdrawn_at),
            sent=pending is None,
            asked=self._asked(tx, known, watch),
        )

    def _asked(self, tx: NodeStoreReader, known: OwnWatch, watch: Watch | None) -> list[AskedMember]:
        asked = {member: AskedMember(member=member) for member in known.members}
        replies: defaultdict[Origin, list[int]] = defaultdict(list)
        counts: defaultdict[MemberId, int] = defaultdict(int)
        for each in self._mentions(tx, known.record):
            member = each.origin.member
            if member not in asked:
                continue
            counts[member] += 1
            if counts[member] > MOST_REPLIES:
                asked[member].left_out += 1
            else:
                replies[each.origin].append(each.index)
        check = _Check(watch, self._policy()) if watch is not None else None
        # Of the logs of one member, those of later epochs come last.
        for origin in sorted(replies):
            held = tx.held_at(origin, replies[origin])
            for index in replies[origin]:
                if index in held:
                    self._count(asked[origin.member], origin, held[index], check)
        return list(asked.values())

    @staticmethod
    def _mentions(tx: NodeStoreReader, record: RecordId) -> list[Mention]:
        return tx.mentioning(record, [Role.WATCH], limit=200 * MOST_REPLIES)

    def _count(self, asked: AskedMember, origin: Origin, shown: tuple[bytes, bytes], check: _Check | None) -> None:
        said = self._read(shown[0][1], shown[1])
        if not isinstance(said, WatchReply):
            asked.faults += 1
            return
        asked.at = said.at
        asked.kinds = said.kinds or asked.kinds
        if said.state is not WatchState.HIT:
            asked.state, asked.reason = _STATES[said.state], said.reason
            return
        for hit in said.hits:
            if check is not None and not check.holds(hit, origin):
                asked.faults += 1
            else:
                asked.hits.append(hit)

    def _read(self, kind: int, body: bytes) -> object:
        try:
            return self._codec.decode_body(kind, body) if body else None
        except Malformed:
            return None


class _Check:
    """Whether a hit can be one on this watch."""

    def __init__(self, watch: Watch, policy: Policy) -> None:
        self._watch = watch
        self._algorithms = Algorithms(watch.subjects)
        # A reply does not say under which policy it was made.
        self._bounds = Bounds.of(policy, watch.rule, same_policy=False)

    def holds(self, hit: Hit, origin: Origin) -> bool:
        try:
            check_hit(hit, self._watch.subjects, origin, self._algorithms)
            self._bounds.check(hit)
        except Malformed:
            return False
        return True
