"""Entries that point at another ("words" in the limits), and how many a log may have about one record.

Rules this module upholds:

- An entry over a limit (`limits`) is set aside. The decision depends only on the entry's own log up to the entry. So
  all members decide alike, in any order of arrival and with any other data.
- An entry that is out of place in its own log, or over a limit, is filed under itself: it belongs to no record, and
  adds no cost to any record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.envelope import REPLACING
from node.domain.ids import Origin, RecordId
from node.domain.limits import RECORD_CORRECTIONS, REMARKS_ON_ONE, WORDS_ON_ONE
from node.domain.log_ports import Link
from node.errors import Refused
from node.usecases.purging import REMARKS
from node.usecases.waiting import ALL, points_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.log_ports import LogReader

NOT_BEFORE: Final = "a correction, revision or retraction of a record that is not before it in its log"
TOO_MANY: Final = f"more than {RECORD_CORRECTIONS} corrections or revisions of one record"
TOO_MANY_ON_ONE: Final = f"more than {WORDS_ON_ONE} corrections, revisions or retractions of one entry"
MIXED: Final = "corrections and revisions of one entry"
TOO_MANY_REMARKS: Final = f"more than {REMARKS_ON_ONE} opinions and comments about one entry"

_ANYWHERE: Final = 1 << 62
"""Past the end of every log."""

Place = tuple[Origin, int]
"""A log and an index in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """An entry that points at another. `state`: of its own body. `at`: the position of its target, if that is here."""

    origin: Origin
    index: int
    kind: int
    leaf: bytes
    state: int
    target: RecordId
    at: int | None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.origin, self.index

    @property
    def name(self) -> RecordId:
        """What others call it."""
        return RecordId(self.origin, self.leaf)

    @property
    def target_place(self) -> Place | None:
        """The position of its target, if that is here."""
        return None if self.at is None else (self.target.origin, self.at)


def segment(reader: LogReader, word: Word) -> tuple[int, int]:
    """For a correction or revision: where the chain of those in its log up to it begins, and how many that chain has.
    (0, 0) for anything else.
    """
    if word.kind not in REPLACING:
        return 0, 0
    if word.at is not None and word.target.origin == word.origin and word.at < word.index:
        before = _link(reader, word.target.origin, word.at)
        if before is not None and before.kind in REPLACING:
            begins = before if before.first == before.index else _link(reader, word.origin, before.first)
            return before.first, begins.filed if begins else 0
    return word.index, 0


def fault_in_log(reader: LogReader, word: Word, filed: int) -> str:
    """Why the entry has no place in any chain, by its own log alone; "" if it has one."""
    if word.kind in REMARKS:
        return TOO_MANY_REMARKS if _has_said(reader, word, REMARKS, REMARKS_ON_ONE) else ""
    if word.target.origin == word.origin and (word.at is None or word.at >= word.index):
        return NOT_BEFORE
    if _has_said(reader, word, [word.kind], WORDS_ON_ONE):
        return TOO_MANY_ON_ONE
    # Otherwise it would depend on the order of arrival which of them counts while the entry itself is not here.
    if word.kind in REPLACING and _has_said(reader, word, [*(REPLACING - {word.kind})], 1):
        return MIXED
    return TOO_MANY if filed >= RECORD_CORRECTIONS else ""


def _has_said(reader: LogReader, word: Word, kinds: Sequence[int], most: int) -> bool:
    """Whether its log already has the greatest permitted number of such entries about the same entry."""
    return reader.said_before(word.origin, word.index, word.target, kinds, most) == most


def _link(reader: LogReader, origin: Origin, index: int) -> Link | None:
    return reader.links(origin, index, index + 1).get(index)


def check_room(reader: LogReader, origin: Origin, kind: int, target: RecordId) -> None:
    """For our own log, before it signs this. Raises `Refused` if every member would set it aside."""
    if kind in REMARKS:
        said = reader.said_before(origin, _ANYWHERE, target, REMARKS, REMARKS_ON_ONE)
        waiting = [each for each in reader.pending(origin, ALL) if each.entry[1] in REMARKS]
        if said + sum(points_at(each) == target for each in waiting) >= REMARKS_ON_ONE:
            raise Refused(
                f"we have said {REMARKS_ON_ONE} opinions and comments about this record, which is the limit",
                remedy="ask its owner to correct it: the new version can be remarked on again",
            )
    if kind in REPLACING and target.origin == origin:
        at = reader.find(origin, [target.leaf]).get(target.leaf)
        before = None if at is None else _link(reader, origin, at)
        if before is not None and before.kind in REPLACING:
            begins = _link(reader, origin, before.first)
            if begins is not None and begins.filed >= RECORD_CORRECTIONS:
                raise Refused(
                    f"this record was corrected {RECORD_CORRECTIONS} times, which is the limit",
                    remedy="retract it, then contribute it again",
                )


def under_itself(word: Word) -> Link:
    """The link of an entry that belongs to no record."""
    return Link(
        origin=word.origin,
        index=word.index,
        kind=word.kind,
        chain=word.name,
        version=0,
        counts=False,
        first=word.index if word.kind in REPLACING else 0,
        filed=1 if word.kind in REPLACING else 0,
    )
