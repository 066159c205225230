"""Files what the statements of cooperation mention, and ends those whose subject is gone.

Rules this module upholds:

- Mentions are filed in the transaction that stores the body, and under the first version of each record.
- A link loses its body with any of its records, whichever arrives first. So does a decision on a notice.
- A decision that publishes what no member asked for is set aside, whichever of the two entries arrives first.
- A body that cannot be read mentions nothing, and stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import REPLACING, Kind
from node.domain.ids import HUB_NAME, RecordId
from node.domain.log_ports import Chain
from node.domain.mentions import BINDING, ENDING, MENTIONING, Mention, Role, mentioned
from node.domain.notices import NoticeDecision
from node.errors import Malformed
from node.tlog.merkle import leaf_hash
from node.usecases.notice_check import MOST_DECISIONS, REQUESTS, TOO_MANY, UNASKED, is_confirmed, vouched
from node.usecases.purging import kind_of, leaf_at, root_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from node.domain.batch import VerifiedBatch
    from node.domain.ids import Origin
    from node.domain.log_ports import LogWriter
    from node.domain.ports import Codec
    from node.usecases.applying_runs import Places
    from node.usecases.purging import Purge

READ_AT_ONCE: Final = 500
"""Entries of before whose mentions one transaction files."""


def mentions_of(codec: Codec, name: RecordId, index: int, kind: int, body: bytes) -> list[Mention]:
    """What the body of one entry mentions. `name`: of the entry."""
    if kind not in MENTIONING:
        return []
    try:
        said = codec.decode_body(kind, body)
    except Malformed:
        return []
    origin = name.origin
    if isinstance(said, NoticeDecision) != (origin.member == HUB_NAME):
        return []  # a revision can have any body, but only the hub decides on notices, and it says nothing else
    return [Mention(origin, index, kind, role, record) for role, record in mentioned(said, name)]


def mentions_in(codec: Codec, batch: VerifiedBatch) -> list[Mention]:
    """What the bodies of a run mention."""
    return [
        mention
        for at in batch.of_kinds(MENTIONING)
        if batch.states[at] == BodyState.HELD
        for mention in mentions_of(
            codec, RecordId(batch.origin, batch.leaves[at]), batch.start + at, batch.kinds[at], batch.bodies[at]
        )
    ]


def name_of(record: RecordId) -> tuple[str, bytes]:
    """(Log, leaf hash) of an entry."""
    return str(record.origin), record.leaf


@dataclass(slots=True, kw_only=True)
class Filing:
    """Within one transaction. `places`: where mentioned entries are, as far as they were looked up before.

    `confirmed`: decisions on notices that waited for the entry of their request, and may be searched from now on;
    `unasked`: those that were set aside, because no member asked for them.
    """

    purge: Purge
    places: Places
    codec: Codec
    confirmed: list[tuple[Origin, int]] = field(default_factory=list)
    unasked: list[tuple[Origin, int]] = field(default_factory=list)
    _entries: dict[tuple[Origin, int], tuple[bytes, int]] = field(default_factory=dict)
    """Entries as they were before anything was deleted here, with their states."""

    def file(self, mentions: Sequence[Mention], *, intact: bool = False) -> None:
        """Files the mentions of entries whose bodies are stored, and deletes the bodies that may not stay. `intact`:
        nothing was deleted in this transaction, so all of these bodies are still there.

        Everything is looked up at once: a run may mention thousands of records, and each look at the store costs more
        than the statement itself.
        """
        writer = self.purge.writer
        # A body that ended before it came mentions nothing.
        there = mentions if intact else self._held(mentions)
        records = {each.record for each in there if each.role is not Role.OPENS}
        requests = [each.record for each in there if each.role is Role.REQUEST]
        # A record that names a sound chain is its first version, and nothing ends with it.
        sound = writer.sound(records).difference(requests)
        chains = self._chains(records - sound)
        # Decisions on notices are filed one after another, because those beyond a bound are set aside.
        writer.put_mentions(
            [
                each if each.record in sound else self._filed(each, chains)
                for each in there
                if each.role is not Role.REQUEST
            ]
        )
        self._end([each for each in there if each.role in ENDING and each.record not in sound], chains, requests)

    def _end(self, mentions: Sequence[Mention], chains: Mapping[RecordId, Chain], requests: Sequence[RecordId]) -> None:
        """Deletes the bodies of those of these entries that end with what they mention. `requests`: for notices, which
        decisions among them name.
        """
        self._read(chain.head for each in mentions if (chain := chains[each.record]).head)
        found = self._found(requests)
        over: dict[tuple[Origin, int], Mention] = {}
        for each in mentions:
            if (each.origin, each.index) in over:
                continue
            subject = chains[each.record]
            if each.role is Role.REQUEST:
                self._file_decision(each, subject, found.get(each.record))
                continue
            is_sound = subject.head is not None and self._entries[subject.head][1] == BodyState.HELD
            if (not is_sound or subject.ended) and self._is_over(self.purge.writer, subject, each.role):
                over[each.origin, each.index] = each
        self.purge.ended(over.values())

    def _file_decision(self, mention: Mention, chain: Chain, found: int | None) -> None:
        """Files a decision on a notice. `found`: where its request is."""
        writer, place = self.purge.writer, (mention.origin, mention.index)
        if writer.entry_at(*place)[1] != BodyState.HELD:
            return  # another one of this run counts
        writer.put_mentions([mention._replace(record=chain.root)])
        if not self._stands(place, chain.root, found):
            return
        if writer.entry_at(*place)[1] == BodyState.HELD and self._is_over(writer, chain, mention.role):
            self.purge.record(*place, leaf_at(writer, *place))

    def _filed(self, mention: Mention, chains: Mapping[RecordId, Chain]) -> Mention:
        """The mention, with the record under which it is filed."""
        if mention.role is not Role.OPENS:
            root = chains[mention.record].root
        elif mention.kind == Kind.REVISION:
            root, _ = root_of(self.purge.writer, mention.origin, mention.index, mention.record.leaf)
        else:
            return mention
        return mention if root == mention.record else mention._replace(record=root)

    def _held(self, mentions: Sequence[Mention]) -> list[Mention]:
        self._read((each.origin, each.index) for each in mentions)
        return [each for each in mentions if self._entries[each.origin, each.index][1] == BodyState.HELD]

    def _read(self, places: Iterable[tuple[Origin, int] | None]) -> None:
        """Reads these entries, those that were not read before."""
        by_log: defaultdict[Origin, set[int]] = defaultdict(set)
        for place in places:
            if place is not None and place not in self._entries:
                by_log[place[0]].add(place[1])
        for origin, indices in by_log.items():
            for index, entry in self.purge.writer.entries_at(origin, sorted(indices)).items():
                self._entries[origin, index] = entry

    def _chains(self, records: Collection[RecordId]) -> dict[RecordId, Chain]:
        """The chains of mentioned records; new ones wait for those that are not here."""
        writer = self.purge.writer
        # What names a chain is the first version of its record: there is nothing to search for.
        chains = dict(writer.chains(records))
        rest = [each for each in records if each not in chains]
        at = self._found(rest)
        roots: dict[RecordId, RecordId] = {}
        self._read((each.origin, index) for each, index in at.items())
        for each in rest:
            index = at.get(each)
            replaces = index is not None and kind_of(self._entries[each.origin, index][0]) in REPLACING
            roots[each] = root_of(writer, each.origin, index, each.leaf)[0] if replaces and index is not None else each
        known = writer.chains({root for each, root in roots.items() if root is not each})
        new = {
            root: Chain(root=root, head=(each.origin, at[each]) if each in at else None)
            for each, root in roots.items()
            if root not in known
        }
        writer.add_chains(list(new.values()))
        return chains | {each: known.get(root) or new[root] for each, root in roots.items()}

    def _found(self, records: Sequence[RecordId]) -> dict[RecordId, int]:
        """The places of these records that are here. One search for many: it reads the leaves of a log."""
        names = {each: name_of(each) for each in records}
        found = {each: self.places.found[name] for each, name in names.items() if name in self.places.found}
        wanted: defaultdict[tuple[Origin, int], list[bytes]] = defaultdict(list)
        for each, name in names.items():
            if each not in found:
                wanted[each.origin, self.places.searched.get(name, 0)].append(each.leaf)
        for (origin, start), leaves in wanted.items():
            for leaf, index in self.purge.writer.find(origin, leaves, start).items():
                found[RecordId(origin, leaf)] = index
        return found

    def meet(self, batch: VerifiedBatch) -> None:
        """Requests for notices came: decisions on them that waited are judged, and then the last one counts."""
        writer, first = self.purge.writer, batch.start
        found: dict[RecordId, None] = {}
        for at, kind in enumerate(batch.kinds):
            if kind not in REQUESTS:
                continue
            root, _ = root_of(writer, batch.origin, first + at, batch.leaves[at])
            for each in writer.mentioning(root, [Role.REQUEST]):
                place = (each.origin, each.index)
                said = self._decision(place)
                if said is not None and said.request == RecordId(batch.origin, batch.leaves[at]):
                    self._judge(place, said, first + at)
                    found[root] = None
        for root in found:
            self._keep_last(root)

    def _stands(self, place: tuple[Origin, int], root: RecordId, found: int | None) -> bool:
        """Whether a decision keeps its body. `root`, `found`: its request, and where that is."""
        writer = self.purge.writer
        if len(writer.mentioning(root, [Role.REQUEST], limit=MOST_DECISIONS + 1)) > MOST_DECISIONS:
            self.purge.set_aside(*place, TOO_MANY)
            return False
        said = self._decision(place)
        if said is None or found is None:
            return True
        if not self._judge(place, said, found):
            return False
        self._keep_last(root)
        return True

    def _judge(self, place: tuple[Origin, int], said: NoticeDecision, found: int) -> bool:
        """Compares a decision with its request, at `found`. A decision that nobody asked for is set aside."""
        if vouched(self.purge.writer, said, found):
            self.confirmed.append(place)
            return True
        self.purge.set_aside(*place, UNASKED)
        self.unasked.append(place)
        return False

    def _keep_last(self, root: RecordId) -> None:
        """Of several decisions on one request, the last by epoch and index counts: a restored hub decides again in its
        next log.
        """
        writer = self.purge.writer
        found = [(each.origin, each.index) for each in writer.mentioning(root, [Role.REQUEST])]
        held = [each for each in found if is_confirmed(writer, *each) and writer.entry_at(*each)[1] == BodyState.HELD]
        for each in sorted(held, key=lambda each: (each[0].epoch, each[1]))[:-1]:
            self.purge.bodies(each[0], [each[1]])

    def _decision(self, place: tuple[Origin, int]) -> NoticeDecision | None:
        held = self.purge.writer.held_at(place[0], [place[1]]).get(place[1])
        said = None if held is None else self.codec.decode_body(kind_of(held[0]), held[1])
        return said if isinstance(said, NoticeDecision) else None

    def _is_over(self, writer: LogWriter, chain: Chain, role: Role) -> bool:
        """Whether the record has no body any more, and what mentions it so ends with it. A record that this node may
        not read is looked at again by the next sweep: this node then deletes what others say about it.
        """
        if chain.head is None:
            return False
        entry, state = writer.entry_at(*chain.head)
        if kind_of(entry) not in ENDING.get(role, ()):
            return False
        if chain.ended:
            return True
        if state == BodyState.NOT_FOR_US and not chain.barred and role in BINDING:
            writer.put_chain(replace(chain, barred=True))
        return state == BodyState.PURGED


def _by_log(records: Iterable[RecordId]) -> dict[Origin, list[RecordId]]:
    by_log: defaultdict[Origin, list[RecordId]] = defaultdict(list)
    for each in records:
        by_log[each.origin].append(each)
    return by_log


def read_later(writer: LogWriter, codec: Codec, kinds: frozenset[int]) -> Mapping[Origin, list[Mention]] | None:
    """The mentions of entries that an earlier version stored without reading them, by log; None if there are none left.
    They are marked as read in this transaction.
    """
    found = writer.unread(kinds, READ_AT_ONCE)
    if not found:
        return None
    mentions: dict[Origin, list[Mention]] = {}
    for origin in {each.origin for each in found}:
        kind_of = {each.index: each.kind for each in found if each.origin == origin}
        for index, (entry, body) in writer.held_at(origin, sorted(kind_of)).items():
            name = RecordId(origin, leaf_hash(entry))
            mentions.setdefault(origin, []).extend(mentions_of(codec, name, index, kind_of[index], body))
    writer.set_read(found)
    return mentions
