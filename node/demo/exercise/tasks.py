"""The tasks of an exercise: a file of data, read strictly.

Rules this module upholds:

- A task says in plain words what to do, and in data what must have happened. Nothing else decides whether it is done.
- A wrong file is refused when it is read: an unknown key, an unknown placeholder, or a task without a check.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from node.demo.exercise.plan import MEMBERS, NAMES, Officer
from node.errors import Damaged

TASKS: Final = "tasks.toml"
_TASK: Final = frozenset({"id", "points", "title", "text", "try", "need"})
_NEED: Final = frozenset({"what", "kind", "has", "least", "foreign", "answered", "gone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that must have happened: an entry of the audit log of the officer's node, made for this officer.

    `what`, `kind`: what the entry records ("" for any). `has`: its fields with these values, one or several; a list in
    the entry must hold each of them. `least`: fields that are numbers or lists, and how much all fitting entries must
    have together. `foreign`: a field that names a record of another member. `answered`: a member whose own audit log
    says that it answered the entry's query with a hit. `gone`: instead of an entry, a record that its member no longer
    has.
    """

    what: str = ""
    kind: str = ""
    has: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    foreign: str = ""
    answered: str = ""
    gone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task for one officer: `text` in plain words, `commands` as hints, all `needs` decide."""

    id: str
    points: int
    title: str
    text: str
    commands: tuple[str, ...]
    needs: tuple[Need, ...]


def read_tasks() -> str:
    """The file of tasks that is part of Vigil."""
    return files(__package__).joinpath(TASKS).read_text("utf-8")


def tasks_for(officer: Officer, pictures: str, text: str) -> tuple[Task, ...]:
    """The tasks of `text` with the officer's own names in them. `pictures`: the officer's folder. Raises `Damaged`."""
    words = {
        "officer": officer.name,
        "case": officer.case,
        "pictures": pictures,
        "member_name": NAMES[officer.member],
        "neighbour": officer.neighbour,
        "third": officer.third,
        "neighbour_name": NAMES[officer.neighbour],
        "third_name": NAMES[officer.third],
        "shared": officer.shared,
        "second": officer.second,
        "mistake": officer.mistake,
    }
    try:
        listed = tomllib.loads(text)["task"]
        tasks = tuple(_task(each, words) for each in listed)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise Damaged(f"the file of tasks is faulty: {error}", remedy="install Vigil again") from error
    if len({task.id for task in tasks}) != len(tasks):
        raise Damaged("the file of tasks has two tasks of the same id", remedy="install Vigil again")
    return tasks


def _task(told: Mapping[str, Any], words: Mapping[str, str]) -> Task:
    _check_keys(told, _TASK)
    needs = tuple(_need(each, words) for each in told["need"])
    if not needs or type(told["points"]) is not int or told["points"] < 1:
        raise ValueError(f"{told['id']} needs points and a check")
    return Task(
        id=told["id"],
        points=told["points"],
        title=_filled(told["title"], words),
        text=_filled(" ".join(told["text"].split()), words),
        commands=tuple(_filled(each, words) for each in told["try"]),
        needs=needs,
    )


def _need(told: Mapping[str, Any], words: Mapping[str, str]) -> Need:
    _check_keys(told, _NEED)
    need = Need(
        what=_filled(told.get("what", ""), words),
        kind=_filled(told.get("kind", ""), words),
        has={name: _values(value, words) for name, value in told.get("has", {}).items()},
        least={name: int(value) for name, value in told.get("least", {}).items()},
        foreign=told.get("foreign", ""),
        answered=_filled(told.get("answered", ""), words),
        gone=_filled(told.get("gone", ""), words),
    )
    if bool(need.what or need.kind) == ("gone" in told):
        raise ValueError("a check names either an entry or a record that is gone")
    if need.answered and need.answered not in MEMBERS:
        raise ValueError("a check names a member that does not exist")
    return need


def _values(told: str | list[str], words: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(_filled(each, words) for each in ([told] if isinstance(told, str) else told))


def _check_keys(told: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := set(told) - known:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")


def _filled(text: str, words: Mapping[str, str]) -> str:
    return text.format_map(words)
