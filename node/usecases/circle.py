"""Who may read a remark on a record, or a link: members whom its own handling and that of each record admit.

Rules this module upholds:

- The record's handling is that of its newest version: a correction that narrows the audience also narrows it for
  earlier remarks. The remark's own handling never changes; it is fixed when it is signed.
- The author of the remark and the owner of the record may always read it.
- The subject of a comment on a comment has its own readers, so the record's handling is looked up along the way.
- A remark on a link is for those alone who may read each record of the link.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Kind, decode
from node.domain.mentions import BINDING
from node.errors import Malformed
from node.usecases.purging import REMARKS, kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from node.domain.handling import Handling
    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.log_ports import Link, LogReader
    from node.domain.mentions import Mention
    from node.usecases.entry_columns import Handlings

MAX_DEPTH: Final = 16
"""How many comments on comments are followed up to their record; a deeper one is withheld."""
CONTRIBUTIONS: Final = frozenset({Kind.CONTRIBUTION, Kind.CORRECTION})
"""Kinds whose bodies name no other record."""
NOTHING: Final[frozenset[RecordId]] = frozenset()


class Circle:
    """The readers of remarks, within one snapshot. Each record is looked at once. `member` None: anybody who has a
    file.
    """

    def __init__(self, reader: LogReader, handlings: Handlings, member: MemberId | None) -> None:
        self._reader = reader
        self._handlings = handlings
        self._member = member
        self._known: dict[RecordId, tuple[bool, frozenset[RecordId]]] = {}

    def admits(self, link: Link) -> bool:
        """Whether the member may read this remark, as far as its record decides it."""
        if link.origin.member == self._member:
            return True
        return self._admits_from(link)

    def admits_subject(self, mention: Mention) -> bool:
        """Whether the member may read a link, as far as one of its records decides it."""
        if mention.origin.member == self._member:
            return True
        return self._admits_all([mention.record])

    def look_ahead(self, roots: Iterable[RecordId]) -> None:
        """Looks at many records at once, where they are contributions: a package of links has hundreds of them. What
        else they are, and what is not here, is looked at when it is asked for.
        """
        unknown = {each for each in roots if each not in self._known}
        places: defaultdict[Origin, dict[int, RecordId]] = defaultdict(dict)
        for root, chain in self._reader.chains(unknown).items():
            if chain.head is not None and not chain.ended:
                places[chain.head[0]][chain.head[1]] = root
        for origin, heads in places.items():
            held = self._reader.disclosed_at(origin, list(heads))
            plain = {index: shown for index, (entry, shown) in held.items() if kind_of(entry) in CONTRIBUTIONS}
            numbers = self._handlings.number([each.handling for each in plain.values()]).tolist()
            for index, number in zip(plain, numbers, strict=True):
                handling = self._handlings.values[number]
                admitted = handling is not None and admits(handling, self._member, origin.member)
                self._known[heads[index]] = (admitted or origin.member == self._member, NOTHING)

    def _admits_from(self, link: Link | None) -> bool:
        return link is None or self._admits_all([link.chain])

    def _admits_all(self, roots: Collection[RecordId]) -> bool:
        """Whether the member may read these, and what they are about, and so on."""
        waiting, seen = set(roots), set(roots)
        for _ in range(MAX_DEPTH):
            if not waiting:
                return True
            about: set[RecordId] = set()
            for root in waiting:
                admitted, further = self._looked_at(root)
                if not admitted:
                    return False
                about |= further
            waiting = about - seen
            seen |= about
        return not waiting

    def _looked_at(self, root: RecordId) -> tuple[bool, frozenset[RecordId]]:
        if root not in self._known:
            self._known[root] = self._look(root)
        return self._known[root]

    def _look(self, root: RecordId) -> tuple[bool, frozenset[RecordId]]:
        """(Whether the member may read the newest version; what that is about, which decides as well)."""
        chain = self._reader.chain(root)
        if chain is None or chain.head is None:
            # It is not here: for a member the remark's own handling decides; for anybody, nothing says it may leave.
            return self._member is not None, NOTHING
        if chain.ended:
            return False, NOTHING  # the remarks on it are being deleted
        origin, index = chain.head
        about = self._subjects(origin, index)
        if self._member == origin.member:
            return True, about
        run = self._reader.run(origin, index, index + 1, 0)
        if run.states[0] == BodyState.HELD:
            handling = self._handlings.values[int(self._handlings.number(run.handlings)[0])]
            return handling is not None and admits(handling, self._member, origin.member), about
        try:
            envelope = decode(run.entries[0])
        except Malformed:
            return False, about
        return envelope is not None and envelope.open and self._member is not None, about

    def _subjects(self, origin: Origin, index: int) -> frozenset[RecordId]:
        """The record that a remark is about, or the records of a link. Its author may read its own link."""
        link = self._reader.links(origin, index, index + 1).get(index)
        if link is not None and link.kind in REMARKS:
            return frozenset({link.chain})
        if origin.member == self._member:
            return NOTHING
        said = self._reader.mentions(origin, index, index + 1)
        return frozenset(each.record for each in said if each.role in BINDING)


def admits(handling: Handling, reader: MemberId | None, owner: MemberId) -> bool:
    """Whether `reader` may read a record of `owner`. None: anybody who has a file."""
    return handling.admits_anyone if reader is None else handling.admits(reader, owner)


def hide_remarks(shown: list[bool], links: Mapping[int, Link], start: int, circle: Circle) -> list[bool]:
    """`shown` (entries of a run from `start` on), without the remarks whose record does not admit the member."""
    for index, link in links.items():
        if shown[index - start] and link.kind in REMARKS:
            shown[index - start] = circle.admits(link)
    return shown


def hide_links(shown: list[bool], mentions: Iterable[Mention], start: int, circle: Circle) -> list[bool]:
    """`shown`, without the links of which a record does not admit the member."""
    bound = [each for each in mentions if each.role in BINDING and shown[each.index - start]]
    circle.look_ahead(each.record for each in bound)
    for each in bound:
        if shown[each.index - start]:
            shown[each.index - start] = circle.admits_subject(each)
    return shown
