"""A lock that is taken in turn."""

from __future__ import annotations

import threading

import pytest

from node.domain.turns import TurnLock

PATIENCE = 20.0


def test_whoever_waits_is_next_though_the_holder_takes_it_again_at_once() -> None:
    lock, order, begun = TurnLock(), list[str](), threading.Event()

    def other() -> None:
        begun.set()
        with lock:
            order.append("other")

    thread = threading.Thread(target=other)
    with lock:
        thread.start()
        assert begun.wait(PATIENCE)
        while not lock._waiting:
            pass
    for _ in range(3):
        with lock:
            order.append("holder")
    thread.join(PATIENCE)
    assert order == ["other", "holder", "holder", "holder"]


def test_its_holder_may_take_it_again_and_keeps_it_until_it_let_go_as_often() -> None:
    lock, taken = TurnLock(), threading.Event()

    def other() -> None:
        with lock:
            taken.set()

    thread = threading.Thread(target=other)
    with lock:
        with lock:
            thread.start()
        assert not taken.is_set()
    assert taken.wait(PATIENCE)
    thread.join(PATIENCE)


def test_many_threads_lose_no_step() -> None:
    lock, count = TurnLock(), 0

    def work() -> None:
        nonlocal count
        for _ in range(300):
            with lock:
                seen = count
                count = seen + 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert count == 2_400


def test_an_error_inside_lets_go_of_it() -> None:
    lock = TurnLock()
    with pytest.raises(ValueError, match="inside"), lock:
        raise ValueError("inside")
    thread = threading.Thread(target=lock.__enter__)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize("handed_over", [False, True])
def test_who_is_interrupted_while_waiting_waits_no_more(*, handed_over: bool) -> None:
    """Also where its turn had come by then: the next one has it."""
    lock, turn = TurnLock(), threading.Lock()
    turn.acquire()
    with lock:
        lock._waiting.append((1, turn))
        if not handed_over:
            lock._leave(1, turn)
    if handed_over:
        lock._leave(1, turn)
    with lock:
        assert lock._depth == 1
