"""The threads that share in a search."""

from __future__ import annotations

import threading

import pytest

from node.match.search_threads import Crew

PATIENCE = 60.0
"""Seconds that a test waits for an event before it fails."""


def test_a_crew_answers_in_order_and_goes_on_when_it_is_closed() -> None:
    crew = Crew(3)
    for _ in range(2):
        assert crew.map(lambda item: item * item, list(range(10))) == [item * item for item in range(10)]
        assert crew.map(lambda item: item, []) == []
        with pytest.raises(ZeroDivisionError):
            crew.map(lambda item: 1 // item, [1, 2, 0, 3])
        crew.close()


def test_a_crew_works_in_several_threads_at_once() -> None:
    meeting = threading.Barrier(3)
    crew = Crew(3)
    crew.map(lambda _item: meeting.wait(PATIENCE), range(3))
    crew.close()


def test_work_that_nobody_waits_for_stays_in_its_own_thread() -> None:
    crew = Crew(3)
    with crew.alone():
        assert set(crew.map(lambda _item: threading.get_ident(), range(8))) == {threading.get_ident()}
    meeting = threading.Barrier(3)
    crew.map(lambda _item: meeting.wait(PATIENCE), range(3))
    crew.close()
