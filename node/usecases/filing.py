"""Files what the statements of cooperation mention, and ends those whose subject is gone.

Rules this module upholds:

- Mentions are filed in the transaction that stores the body, and under the first version of each record.
- A link loses its body with any of its records, whichever arrives first. So does a decision on a notice.
- A body that cannot be read mentions nothing, and stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.ids import RecordId
from node.domain.log_ports import Chain
from node.domain.mentions import ENDING, ENDING_KINDS, FIRST_STATED, Mention, Role, mentioned
from node.errors import Malformed
from node.tlog.merkle import leaf_hash
from node.usecases.purging import kind_of, leaf_at, root_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.domain.batch import VerifiedBatch
    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader, LogWriter
    from node.domain.ports import Codec
    from node.usecases.applying_runs import Places
    from node.usecases.purging import Purge

READ_AT_ONCE: Final = 500
"""Entries of before whose mentions one transaction files."""


def mentions_of(codec: Codec, name: RecordId, index: int, kind: int, body: bytes) -> Iterator[Mention]:
    """What the body of one entry mentions. `name`: of the entry."""
    try:
        said = codec.decode_body(kind, body)
    except Malformed:
        return
    for role, record in mentioned(said, name):
        yield Mention(origin=name.origin, index=index, kind=kind, role=role, record=record)


def mentions_in(codec: Codec, batch: VerifiedBatch) -> list[Mention]:
    """What the bodies of a run mention."""
    if max(batch.kinds, default=0) < FIRST_STATED:
        return []
    return [
        mention
        for at, kind in enumerate(batch.kinds)
        if kind >= FIRST_STATED and batch.states[at] == BodyState.HELD
        for mention in mentions_of(
            codec, RecordId(batch.origin, batch.leaves[at]), batch.start + at, kind, batch.bodies[at]
        )
    ]


def ending_names(codec: Codec, batch: VerifiedBatch) -> set[tuple[str, bytes]]:
    """(Log, leaf hash) of the entries that may end a statement of this run."""
    if not any(kind in ENDING_KINDS for kind in batch.kinds):
        return set()
    return {(str(each.record.origin), each.record.leaf) for each in mentions_in(codec, batch) if each.role in ENDING}


@dataclass(slots=True, kw_only=True)
class Filing:
    """Within one transaction. `places`: where mentioned entries are, as far as they were looked up before."""

    purge: Purge
    places: Places

    def file(self, mentions: list[Mention]) -> None:
        """Files the mentions of entries whose bodies are stored, and deletes the bodies that may not stay."""
        writer = self.purge.writer
        over: set[tuple[Origin, int]] = set()
        for each in mentions:
            place = (each.origin, each.index)
            if place in over or writer.entry_at(*place)[1] != BodyState.HELD:
                continue  # it ended before it came
            if each.role is Role.OPENS:
                root, _ = root_of(writer, each.origin, each.index, each.record.leaf)
                writer.put_mentions([replace(each, record=root)])
                continue
            chain = self._chain(writer, each)
            writer.put_mentions([replace(each, record=chain.root)])
            if self._is_over(writer, chain, each.role):
                over.add(place)
                self.purge.record(*place, leaf_at(writer, *place))

    def _chain(self, writer: LogWriter, mention: Mention) -> Chain:
        """The chain of a mentioned record; one that waits for it if it is not here."""
        record = mention.record
        index = self._find(writer, mention)
        root = record
        if index is not None:
            root, _ = root_of(writer, record.origin, index, record.leaf)
        chain = writer.chain(root)
        if chain is None:
            chain = Chain(root=root, head=None if index is None else (record.origin, index))
            writer.put_chain(chain)
        return chain

    def _find(self, writer: LogReader, mention: Mention) -> int | None:
        record = mention.record
        name = (str(record.origin), record.leaf)
        found = self.places.found.get(name)
        if found is not None:
            return found
        return writer.find(record.origin, [record.leaf], self.places.searched.get(name, 0)).get(record.leaf)

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
        if state == BodyState.NOT_FOR_US and not chain.barred:
            writer.put_chain(replace(chain, barred=True))
        return state == BodyState.PURGED


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
