"""A bundle of another history freezes the log, and both notes are kept as evidence."""

from __future__ import annotations

import pytest

from node.domain.batch import BodyState
from node.usecases.bundle_format import Frame, LogHead, log_frame
from node.usecases.bundle_log import Standing
from tests.unit.usecases.bundled_logs import evidence, file_of, spoken
from tests.unit.usecases.bundles import FR, Sea, frames_of, joined, read

HELD = BodyState.HELD


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (3,), (1, 2, 3)])
@pytest.mark.parametrize("other", [(1, 2), (1, 9), (1, 9, 3), (9, 2, 3, 4), (1, 2, 9, 4), (1, 9, 3, 4, 5)])
def test_a_fork_is_kept_as_evidence_and_nothing_of_it_is_stored(cuts: tuple[int, ...], other: tuple[int, ...]) -> None:
    node = Sea().lab
    read(node, file_of(spoken(1, 2, 3)))
    contradicts = other != (1, 2, 3)[: len(other)]
    log = spoken(*other)
    result = read(node, file_of(log, 0, *[each for each in cuts if each < log.size]))[FR.id]
    # (1, 2) is the beginning of what is here; every other one contradicts it.
    assert (result.standing is Standing.FROZEN) == contradicts
    assert len(evidence(node)) == 2 * contradicts
    assert node.states(FR.origin) == [HELD] * 3
    assert not node.finds(9)
    if contradicts:
        assert read(node, file_of(spoken(1, 2, 3, 4)))[FR.id].standing is Standing.FROZEN


@pytest.mark.parametrize("other", [(9, 2, 3, 4), (1, 9, 3), (1, 2, 9), (1, 9, 3, 4, 5)])
def test_a_fork_is_found_where_a_checkpoint_was_ahead_of_what_is_here(other: tuple[int, ...]) -> None:
    node = Sea().lab
    log = spoken(1, 2, 3)
    frames = frames_of(file_of(log, 0, 1))
    read(node, joined([*frames[:2], frames[-1]]))
    assert (node.size(FR.origin), node.states(FR.origin)) == (1, [HELD])
    result = read(node, file_of(spoken(*other)))[FR.id]
    assert (result.standing, len(evidence(node))) == (Standing.FROZEN, 2)
    assert node.states(FR.origin) == [HELD]


def test_a_fork_below_a_bundle_that_begins_later_is_found() -> None:
    node = Sea().lab
    read(node, file_of(spoken(1, 2, 3)))
    assert read(node, file_of(spoken(1, 9, 3, 4), 2))[FR.id].standing is Standing.FROZEN
    assert read(Sea().lab, file_of(spoken(1, 9, 3, 4), 2))[FR.id].standing is Standing.GAP


def test_an_edge_that_is_not_of_the_log_is_refused_and_freezes_nothing() -> None:
    node = Sea().lab
    read(node, file_of(spoken(1, 2)))
    frames = frames_of(file_of(spoken(1, 2, 3, 4), 1))
    wrong = LogHead(origin=FR.origin, start=1, edge=(bytes(32),))
    result = read(node, joined([(Frame.LOG, log_frame(wrong)[5:]), *frames[1:]]))[FR.id]
    assert (result.standing, evidence(node), node.size(FR.origin)) == (Standing.STOPPED, [], 2)
    assert read(node, file_of(spoken(1, 2, 3, 4)))[FR.id].standing is Standing.READ


def test_a_changed_entry_is_refused_and_freezes_nothing() -> None:
    node = Sea().lab
    read(node, file_of(spoken(1, 2)))
    log = spoken(1, 2, 3)
    for entries in ([*spoken(9, 2).entries, log.entries[2]], [*log.entries[:2], spoken(9).entries[0]]):
        result = read(node, file_of(log, 0, entries=entries))[FR.id]
        assert (result.standing, evidence(node), node.size(FR.origin)) == (Standing.STOPPED, [], 2)
