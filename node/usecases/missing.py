"""Missing bodies: which are requested, and which are given up.

Rules this module upholds:

- The policy limits how many bodies of one log a node requests at a time, and for how many days it requests each. So a
  member that commits to bodies that never come keeps no node busy, and hides no body that is really missing.
- A body that is given up keeps its state. It is stored if it comes after all, and is requested again occasionally.
- The time for which a body is missing counts from the day on which its log was caught up without it: the size of each
  caught-up log is stored per day.
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
    from node.domain.setting_ports import SettingReader, SettingWriter

MARKS: Final = "repair-marks"
Marks = dict[Origin, list[tuple[int, int]]]
"""(day, size) of each log on the days on which it was caught up, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """For one log: indices that are requested, in order; how many others are `given_up`, and the index below which most
    of these are.
    """

    asked: Sequence[int] = ()
    given_up: int = 0
    before: int = 0


def read_marks(tx: SettingReader) -> Marks:
    """As they were kept."""
    kept = json.loads(tx.setting(MARKS) or b"{}")
    return {Origin.parse(name): [(day, size) for day, size in days] for name, days in kept.items()}


def put_marks(tx: SettingWriter, marks: Marks, caught_up: Iterable[LogState], today: int, days: int) -> Marks:
    """Notes the sizes of logs that are caught up today; keeps only the earlier days that are still needed."""
    kept = dict(marks)
    for log in caught_up:
        former = [each for each in marks.get(log.origin, ()) if each[0] < today]
        old = [each for each in former if each[0] <= today - days]
        kept[log.origin] = [*old[-1:], *former[len(old) :], (today, log.size)]
    tx.set_setting(MARKS, json.dumps({str(origin): each for origin, each in kept.items()}).encode("ascii"))
    return kept


def absent(reader: LogReader, log: LogState, marks: Marks, limits: Limits, today: int) -> Absent:
    """The missing bodies of a log."""
    missing = reader.body_counts(log.number).get(BodyState.MISSING, 0)
    if not missing:
        return Absent()
    since = today - limits.missing_days
    before = max((size for day, size in marks.get(log.origin, ()) if day <= since), default=0)
    asked = reader.missing(log.origin, limits.missing_bodies, before)
    return Absent(asked=asked, given_up=missing - len(asked), before=before)
