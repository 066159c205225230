"""What each officer of an exercise has done, and the points for it.

Rules this module upholds:

- Only what happened counts: entries of the audit logs, made when an officer acted, and records at the nodes. Nothing
  that an officer claims is read.
- An act that was refused or failed gives no points.
- Deciding is pure: it gets the audit logs and the records as values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from node.demo.exercise.plan import MEMBERS
from node.demo.exercise.tasks import read_tasks, tasks_for
from node.domain.ids import RecordId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.demo.exercise.plan import Exercise, Officer
    from node.demo.exercise.tasks import Need, Task
    from node.demo.stage import Stage

Line = dict[str, Any]
ALL_ENTRIES: Final = 1_000_000
"""Most entries of an audit log that are read. An exercise makes some thousands."""
PAGE: Final = 10_000
_DONE: Final = (None, "done")
"""The outcomes that count. An access has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What happened, by member: the lines of its audit log, and those of its own records that still stand."""

    acts: Mapping[str, Sequence[Line]]
    records: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far an officer is: the tasks in their order, and which are done."""

    officer: Officer
    tasks: tuple[Task, ...]
    done: frozenset[str]

    @property
    def points(self) -> int:
        """Of the tasks that are done."""
        return sum(task.points for task in self.tasks if task.id in self.done)

    @property
    def most(self) -> int:
        """Of all tasks."""
        return sum(task.points for task in self.tasks)

    @property
    def next(self) -> Task | None:
        """The first task that is not done; None if all are done."""
        return next((task for task in self.tasks if task.id not in self.done), None)


def gather(stage: Stage) -> Evidence:
    """Reads the audit log and the records of each member. Each audit log records that it was read."""
    acts, records = {}, {}
    for member in MEMBERS:
        acts[member] = stage.ask(member, "read-audit", {"after": 0, "limit": ALL_ENTRIES})
        records[member] = _own_records(stage, member)
    return Evidence(acts=acts, records=records)


def _own_records(stage: Stage, member: str) -> frozenset[str]:
    found: set[str] = set()
    after: int | None = 0
    while after is not None:
        *lines, end = stage.ask(member, "records", {"mine": True, "after": after, "limit": PAGE})
        found |= {str(line["record"]) for line in lines if line["state"] == "held"}
        after = end["next"]
    return frozenset(found)


def standings(exercise: Exercise, officers: Sequence[Officer], evidence: Evidence) -> list[Standing]:
    """How far these officers of the exercise are, in their order."""
    text = read_tasks()
    return [standing(officer, str(exercise.pictures(officer)), text, evidence) for officer in officers]


def standing(officer: Officer, pictures: str, text: str, evidence: Evidence) -> Standing:
    """How far this officer is with the tasks of `text`."""
    tasks = tasks_for(officer, pictures, text)
    done = {task.id for task in tasks if all(fulfilled(need, officer, evidence) for need in task.needs)}
    return Standing(officer=officer, tasks=tasks, done=frozenset(done))


def fulfilled(need: Need, officer: Officer, evidence: Evidence) -> bool:
    """Whether this has happened."""
    if need.gone:
        return need.gone not in evidence.records[officer.member]
    fitting = [
        entry
        for entry in evidence.acts[officer.member]
        if entry.get("officer") == officer.name and _fits(need, entry, officer.member, evidence)
    ]
    return bool(fitting) and all(_total(fitting, name) >= least for name, least in need.least.items())


def _fits(need: Need, entry: Line, member: str, evidence: Evidence) -> bool:
    return (
        entry.get("outcome") in _DONE
        and (not need.what or entry.get("what") == need.what)
        and (not need.kind or entry["kind"] == need.kind)
        and all(_holds(entry.get(name), values) for name, values in need.has.items())
        and (not need.foreign or _is_foreign(entry.get(need.foreign), member))
        and (not need.answered or _was_answered(entry.get("query"), evidence.acts[need.answered]))
    )


def _holds(found: object, wanted: tuple[str, ...]) -> bool:
    known = found if isinstance(found, list) else [found]
    return all(value in known for value in wanted)


def _total(entries: Sequence[Line], name: str) -> int:
    """How many different values all these entries list, and the sum of their numbers: a command may make several."""
    found = [entry.get(name) for entry in entries]
    listed = {value for each in found if isinstance(each, list) for value in each}
    return len(listed) + sum(each for each in found if isinstance(each, int))


def _is_foreign(found: object, member: str) -> bool:
    return isinstance(found, str) and RecordId.parse(found).origin.member != member


def _was_answered(query: object, log: Sequence[Line]) -> bool:
    return any(
        entry["kind"] == "query-answered" and entry.get("query") == query and entry.get("outcome") == "hit"
        for entry in log
        if query
    )
