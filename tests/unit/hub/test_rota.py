"""Whose turn it is on a stream of packages."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from node.domain.ids import Origin
from node.domain.log_ports import LogState
from node.domain.queries import LogView
from node.hub.rota import HELD_BACK_FIRST, HELD_BACK_MOST, Rota, Turns
from node.tlog.merkle import EMPTY_ROOT
from tests.simulator.federation import Speaker

LOGS = [
    LogState(number=number, origin=Speaker.named(name).origin, size=9, root=EMPTY_ROOT, cosigned_size=9)
    for number, name in enumerate(("FR", "JP", "DE"), 1)
]
FR, JP, DE = (log.origin for log in LOGS)


def chosen(rota: Rota, logs: list[LogState], now: float = 0.0) -> Origin | None:
    log = rota.choose(logs, now)
    return log.origin if log else None


def test_each_log_in_turn_and_only_as_far_as_it_is_cosigned() -> None:
    rota, order = Rota([LogView(origin=JP, size=7)], Turns()), []
    while (origin := chosen(rota, LOGS)) is not None:
        order.append(origin)
        rota.served(origin, rota.at(origin) + 3)
    assert order == [FR, JP, DE, FR, DE, FR, DE]


def test_a_log_that_gets_an_entry_now_and_then_comes_before_those_that_always_have_some() -> None:
    rota = Rota([], Turns())
    rota.served(JP, 9)
    for origin in (FR, DE, FR):
        rota.served(origin, 1)
    more = [replace(log, cosigned_size=10) if log.origin == JP else log for log in LOGS]
    assert chosen(rota, LOGS) == DE
    assert chosen(rota, more) == JP


def test_a_stream_that_is_opened_again_begins_with_what_the_last_one_did_not_come_to() -> None:
    """A package on which the stream itself breaks costs the others one turn, and not all of them."""
    turns = Turns()
    Rota([], turns).served(FR, 3)
    assert chosen(Rota([], turns), LOGS) == JP


def test_a_log_that_is_held_back_is_tried_again_after_a_while_that_doubles() -> None:
    rota, now, waits = Rota([], Turns()), 100.0, []
    for _ in range(9):
        rota.hold_back(FR, now)
        wait = rota.wakes_in(LOGS, now)
        assert wait is not None
        assert chosen(rota, LOGS[:1], now + wait / 2) is None
        assert chosen(rota, LOGS[:1], now + wait) == FR
        assert chosen(rota, LOGS, now) == JP
        waits.append(wait)
        now += wait
    assert waits[:3] == [HELD_BACK_FIRST, 2 * HELD_BACK_FIRST, 4 * HELD_BACK_FIRST]
    assert waits[-1] == HELD_BACK_MOST
    rota.served(FR, 9)
    assert rota.wakes_in(LOGS, now) is None


@given(sizes=st.lists(st.integers(0, 40), min_size=3, max_size=3))
def test_no_log_waits_longer_than_one_turn_of_each_other(sizes: list[int]) -> None:
    logs = [replace(log, cosigned_size=size) for log, size in zip(LOGS, sizes, strict=True)]
    rota, served = Rota([], Turns()), []
    while (origin := chosen(rota, logs)) is not None:
        served.append(origin)
        rota.served(origin, rota.at(origin) + 1)
    for at in range(len(served) - 2):
        left = {log.origin for log in logs if served[at:].count(log.origin)}
        assert left <= set(served[at : at + 3])
