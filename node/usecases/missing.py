"""Bodies that should be here and are not: which are asked for, and which are given up.

Rules this module upholds:

- Of one log a node asks for so many bodies at a time as the policy says, and for each so many days as it says. So who
  commits to bodies that never come keeps nobody busy, and hides no body that is really missing.
- What is given up is not lost: it keeps its state, fills itself where the body comes after all, and is asked for once
  more now and then.
- How long a body is missing is told by how long its log was caught up and had it not: the size of each log that was
  caught up is kept by the day.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.ids import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.domain.limits import Limits
    from node.domain.log_ports import LogReader, LogState
    from node.domain.ports import QueryReader, QueryWriter

MARKS: Final = "repair-marks"
Marks = dict[Origin, list[tuple[int, int]]]
"""(day, size) of each log on the days on which it was caught up, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Of one log: indices that are asked for, in order; how many others are `given_up`, and below which index most of
    these stand.
    """

    asked: Sequence[int] = ()
    given_up: int = 0
    before: int = 0


def read_marks(tx: QueryReader) -> Marks:
    """As they were kept."""
    kept = json.loads(tx.setting(MARKS) or b"{}")
    return {Origin.parse(name): [(day, size) for day, size in days] for name, days in kept.items()}


def put_marks(tx: QueryWriter, marks: Marks, caught_up: Iterable[LogState], today: int, days: int) -> Marks:
    """Notes the sizes of logs that are caught up today; of the days before only those that still say something."""
    kept = dict(marks)
    for log in caught_up:
        former = [each for each in marks.get(log.origin, ()) if each[0] < today]
        old = [each for each in former if each[0] <= today - days]
        kept[log.origin] = [*old[-1:], *former[len(old) :], (today, log.size)]
    tx.set_setting(MARKS, json.dumps({str(origin): each for origin, each in kept.items()}).encode("ascii"))
    return kept


def absent(reader: LogReader, log: LogState, marks: Marks, limits: Limits, today: int) -> Absent:
    """What of a log is missing now."""
    missing = reader.body_counts(log.number).get(BodyState.MISSING, 0)
    if not missing:
        return Absent()
    since = today - limits.missing_days
    before = max((size for day, size in marks.get(log.origin, ()) if day <= since), default=0)
    asked = reader.missing(log.origin, limits.missing_bodies, before)
    return Absent(asked=asked, given_up=missing - len(asked), before=before)
