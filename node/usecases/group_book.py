"""The groups that this node knows, within one snapshot: names, members, and what each member said last.

Rules this module upholds:

- Only stored bodies count, and our own statements count from their acknowledgement. What this node may not read has no
  effect here, so two members may see a group differently.
- A group is named by its first version, and is found by any version.
- Reading costs a look at each statement about groups, which the limits of the policy bound, and one body a member.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Kind, decode
from node.domain.groups import PRESENT, Group, GroupState, GroupStep, Standing, Word, group_life
from node.domain.ids import RecordId
from node.domain.log_ports import Chain
from node.domain.mentions import Role
from node.errors import Malformed, NotFound, Refused
from node.usecases.lookup import MIN_PREFIX
from node.usecases.purging import leaf_at, leaves_at, root_of
from node.usecases.waiting import ALL, points_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.domain.handling import Handling
    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogReader, PendingEntry
    from node.domain.ports import Codec

_WAITING_EPOCH: Final = 1 << 40
"""A statement that waits for its place comes after all that have one."""
_STATEMENTS: Final = frozenset({Kind.GROUP, Kind.REVISION})


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """A group as this node sees it. `group`: its first version, `newest`: the newest version of the founding statement.

    `handling`: of the newest version, whose audience are the invited members. `last_day`: days since 1970. Name and
    purpose are "", and `handling` None, if the statement is not here. `waits`: a statement of ours about it has not
    been sent yet.
    """

    group: RecordId
    newest: RecordId
    state: GroupState
    name: str = ""
    purpose: str = ""
    handling: Handling | None = None
    last_day: int = 0
    standings: Mapping[MemberId, Standing] = field(default_factory=dict)
    waits: bool = False

    @property
    def founder(self) -> MemberId:
        """The member that founded it."""
        return self.group.origin.member

    def standing(self, member: MemberId) -> Standing | None:
        """What a member is in the group; None if it is not invited."""
        return self.standings.get(member)

    @property
    def present(self) -> tuple[MemberId, ...]:
        """The founder and the members that have accepted, in order."""
        return tuple(sorted(member for member, standing in self.standings.items() if standing in PRESENT))


@dataclass(slots=True)
class _Ours:
    """Our own statements about groups that wait for their place: foundings by first version, and words by group."""

    foundings: dict[RecordId, tuple[RecordId, Group, Handling]] = field(default_factory=dict)
    words: dict[RecordId, list[Word]] = field(default_factory=dict)


class GroupBook:
    """Blocking: never on the event loop. `own`: our log; `today`: days since 1970, by our own clock."""

    def __init__(self, reader: LogReader, codec: Codec, own: Origin, today: int) -> None:
        self._reader = reader
        self._codec = codec
        self._own = own
        self._today = today
        self._places: dict[RecordId, int] = {}
        self._ours = self._waiting()

    def groups(self) -> list[GroupView]:
        """Every group whose founding statement we read, and those about which we have said something, in log order."""
        roots = dict.fromkeys([*self._placed_roots(), *self._ours.foundings, *self._spoken_of()])
        return [view for root in roots if (view := self._view(root)) is not None]

    def one(self, group: RecordId) -> GroupView | None:
        """A group by any version of its founding statement; None if nothing of it is known."""
        return self._view(self.root(group))

    def root(self, group: RecordId) -> RecordId:
        """The first version of a group; the name itself if that is not here."""
        placed = self._placed_root(group)
        if placed is not None:
            return placed
        waiting = self._ours.foundings.items()
        return next((root for root, (newest, _, _) in waiting if newest == group), group)

    def named(self, text: str) -> GroupView:
        """A group by its name, its id, or the first digits of its id. Of several groups with one name it is the one
        that is open and in which we are. Raises `NotFound`, `Refused`.
        """
        known = self.groups()
        found = [each for each in known if each.name == text]
        if len(found) > 1:
            found = [each for each in found if self.is_in(each)] or found
        if not found:
            digits = text.rpartition("#")[2]
            found = [each for each in known if len(digits) >= MIN_PREFIX and self._is_called(each, text, digits)]
        if not found:
            raise NotFound(f"this node knows no group {text[:40]!r}", remedy="vigil group list shows the groups")
        if len(found) > 1:
            raise Refused(
                f"several groups are called {text[:40]!r}",
                remedy="name it by its id: " + ", ".join(each.group.leaf.hex()[:12] for each in found[:5]),
            )
        return found[0]

    def is_in(self, view: GroupView) -> bool:
        """Whether the group is open and we are in it."""
        return view.state is GroupState.OPEN and view.standing(self._own.member) in PRESENT

    def _is_called(self, view: GroupView, text: str, digits: str) -> bool:
        names = [view.group, view.newest]
        return any(text == str(each) or ("#" not in text and each.leaf.hex().startswith(digits)) for each in names)

    # --- which groups there are ---------------------------------------------------------------------------------------

    def _placed_roots(self) -> Iterator[RecordId]:
        """The first versions of groups, as far as a founding statement is in a log here."""
        by_log: defaultdict[Origin, list[int]] = defaultdict(list)
        for each in self._reader.stated([Kind.GROUP]):
            by_log[each.origin].append(each.index)
        for origin, indices in by_log.items():
            about_others = {each.index for each in self._reader.mentions(origin, indices[0], indices[-1] + 1)}
            left = [index for index in indices if index not in about_others]
            leaves = leaves_at(self._reader, origin, left)
            held, roots = self._reader.disclosed_at(origin, left), self._reader.roots(origin, leaves)
            for index, leaf in zip(left, leaves, strict=True):
                # What is not for us, and that nothing points at, is passed over: thousands may be in a log.
                if index in held or leaf in roots:
                    self._places[RecordId(origin, leaf)] = index
                    yield RecordId(origin, leaf)

    def _spoken_of(self) -> Iterator[RecordId]:
        """The groups about which we have said something."""
        for log in self._reader.logs():
            if log.origin.member == self._own.member and log.origin.stream == self._own.stream:
                for each in self._reader.mentions(log.origin, 0, log.size):
                    if each.role is Role.GROUP:
                        yield each.record
        yield from self._ours.words

    def _waiting(self) -> _Ours:
        ours = _Ours()
        words: list[tuple[PendingEntry, Group]] = []
        for each in self._reader.pending(self._own, ALL):
            body = self._group_in(each)
            if body is None:
                continue
            if body.group is not None:
                words.append((each, body))
                continue
            name, target = RecordId(each.origin, each.leaf), points_at(each)
            handling = self._codec.decode_handling(each.disclosure.handling)
            root = (self._placed_root(target) or target) if target else name
            ours.foundings[root] = (name, body, handling)
        self._ours = ours
        for each, body in words:
            if body.group is not None:
                word = Word(member=self._own.member, step=body.step, place=(_WAITING_EPOCH, each.id))
                ours.words.setdefault(self.root(body.group), []).append(word)
        return ours

    def _placed_root(self, record: RecordId) -> RecordId | None:
        """The first version of a record in a log here; None if it is in no log."""
        index = self._index(record)
        return None if index is None else root_of(self._reader, record.origin, index, record.leaf)[0]

    def _index(self, record: RecordId) -> int | None:
        """The place of an entry in its log. Each one is searched for once: a search reads the leaves of the log."""
        if record not in self._places:
            index = self._reader.find(record.origin, [record.leaf]).get(record.leaf)
            if index is None:
                return None
            self._places[record] = index
        return self._places[record]

    def _group_in(self, pending: PendingEntry) -> Group | None:
        envelope = decode(pending.entry)
        if envelope is None or envelope.kind not in _STATEMENTS:
            return None
        try:
            body = self._codec.decode_body(envelope.kind, pending.disclosure.body)
        except Malformed:  # damaged since it was written: fsck names it
            return None
        return body if isinstance(body, Group) else None

    # --- one group ----------------------------------------------------------------------------------------------------

    def _view(self, root: RecordId) -> GroupView | None:
        waiting = self._ours.foundings.get(root)
        if waiting is not None:
            newest, said, handling = waiting
            return self._live(root, newest, said, handling)
        chain = self._chain(root)
        if chain is None or chain.head is None:
            return self._unread(root, root, GroupState.HIDDEN)
        origin, index = chain.head
        newest = RecordId(origin, leaf_at(self._reader, origin, index))
        held = self._reader.disclosed_at(origin, [index]).get(index)
        if held is not None and not chain.ended:
            return self._read(root, newest, held[0][1], held[1].body, held[1].handling)
        entry, state = self._reader.entry_at(origin, index)
        if chain.ended or (state == BodyState.PURGED and not self._is_past(entry)):
            return self._unread(root, newest, GroupState.RETRACTED)
        return self._unread(root, newest, GroupState.EXPIRED if self._is_past(entry) else GroupState.HIDDEN)

    def _chain(self, root: RecordId) -> Chain | None:
        chain = self._reader.chain(root)
        if chain is not None:
            return chain
        index = self._index(root)
        return None if index is None else Chain(root=root, head=(root.origin, index))

    def _is_past(self, entry: bytes) -> bool:
        envelope = decode(entry)
        return envelope is not None and 0 < envelope.expiry_day < self._today

    def _read(self, root: RecordId, newest: RecordId, kind: int, body: bytes, handling: bytes) -> GroupView | None:
        try:
            said, terms = self._codec.decode_body(kind, body), self._codec.decode_handling(handling)
        except Malformed:
            return None
        if not isinstance(said, Group) or said.step is not GroupStep.FOUND:
            return None
        return self._live(root, newest, said, terms)

    def _live(self, root: RecordId, newest: RecordId, said: Group, handling: Handling) -> GroupView:
        founder = root.origin.member
        invited = handling.audience or ()
        waiting = self._ours.words.get(root, [])
        life = group_life(founder, invited, [*self._words(root, {founder, *invited}), *waiting])
        state = GroupState.CLOSED if life.is_closed else GroupState.OPEN
        if self._own.member not in life.standings:
            state = GroupState.HIDDEN  # a group for everyone names nobody
        if 0 < handling.retain_until_day < self._today:
            state = GroupState.EXPIRED
        return GroupView(
            group=root,
            newest=newest,
            state=state,
            name=said.name,
            purpose=said.purpose,
            handling=handling,
            last_day=handling.retain_until_day,
            standings=life.standings,
            waits=bool(waiting) or root in self._ours.foundings,
        )

    def _words(self, root: RecordId, members: set[MemberId]) -> Iterator[Word]:
        """The newest stored statement of each of these members about a group."""
        newest: dict[MemberId, tuple[int, int, Origin, int]] = {}
        for each in self._reader.mentioning(root, [Role.GROUP]):
            member = each.origin.member
            place = (each.origin.epoch, each.index, each.origin, each.kind)
            if member in members and (member not in newest or place[:2] > newest[member][:2]):
                newest[member] = place
        for member, (epoch, index, origin, kind) in newest.items():
            held = self._reader.held_at(origin, [index]).get(index)
            try:
                body = self._codec.decode_body(kind, held[1]) if held else None
            except Malformed:
                continue
            if isinstance(body, Group):
                yield Word(member=member, step=body.step, place=(epoch, index))

    def _unread(self, root: RecordId, newest: RecordId, state: GroupState) -> GroupView | None:
        """A group whose founding statement is not here: shown only if we have said something about it."""
        spoken = root in self._ours.words or any(
            each.origin.member == self._own.member for each in self._reader.mentioning(root, [Role.GROUP])
        )
        return GroupView(group=root, newest=newest, state=state) if spoken else None
