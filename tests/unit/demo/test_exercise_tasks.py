"""The tasks of an exercise: the file that Vigil ships, and what a faulty file says."""

from __future__ import annotations

import pytest

from node.demo.exercise.plan import OFFICERS, Officer, officers
from node.demo.exercise.tasks import read_tasks, tasks_for
from node.errors import Damaged, Misuse

RECORD = "exercise.workshop/XB/log/1#" + "ab" * 32
ANNA = Officer(name="anna", member="XA", shared=RECORD, second=RECORD, mistake=RECORD)
TASK = """
[[task]]
id = "a"
points = 5
title = "A"
text = "Do it, {officer}."
try = []
[[task.need]]
what = "ingest"
"""


@pytest.mark.parametrize("officer", officers(len(OFFICERS)))
def test_every_officer_gets_every_task_with_the_officers_own_names(officer: Officer) -> None:
    tasks = tasks_for(officer, f"/x/{officer.name}", read_tasks())
    assert sum(task.points for task in tasks) == 100
    assert len({officer.member, officer.neighbour, officer.third}) == 3
    for task in tasks:
        assert task.needs
        assert task.commands
        assert not set("{}") & set(task.text + task.title + "".join(task.commands))
    assert f"/x/{officer.name}" in tasks[1].text


@pytest.mark.parametrize("count", [0, len(OFFICERS) + 1])
def test_an_exercise_has_as_many_officers_as_there_are_names(count: int) -> None:
    with pytest.raises(Misuse):
        officers(count)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[[task]]", "[[tasks]]"),
        ("points = 5", "points = 0"),
        ("points = 5", 'points = "5"'),
        ("{officer}", "{nobody}"),
        ("{officer}", "{"),
        ('what = "ingest"', 'what = "ingest"\nwho = "anna"'),
        ('what = "ingest"', ""),
        ('what = "ingest"', 'what = "ingest"\ngone = "{shared}"'),
        ('what = "ingest"', 'kind = "query-asked"\nanswered = "FR"'),
        ('title = "A"', 'title = "A"\nhint = "B"'),
        ('title = "A"\n', ""),
        ("[[task.need]]", "[[task.needs]]"),
        (TASK, TASK + TASK),
        (TASK, "["),
    ],
)
def test_a_faulty_file_is_refused_when_it_is_read(old: str, new: str) -> None:
    assert tasks_for(ANNA, "/x", TASK)[0].text == "Do it, anna."
    assert old in TASK
    with pytest.raises(Damaged, match="tasks"):
        tasks_for(ANNA, "/x", TASK.replace(old, new))
