"""What to do next with the hub."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from node.domain.log_ports import LogState
from node.domain.queries import LogView
from node.domain.services import Head
from node.sync.exchange import (
    BACKOFF_CAP,
    GROUP_BYTES,
    GROUP_SECONDS,
    Compare,
    Publish,
    Repair,
    adopt_step,
    backoff,
    follow_step,
    group_is_full,
    own_step,
    repair_steps,
)
from node.tlog.merkle import MAX_TREE_SIZE
from tests.simulator.federation import Speaker

FR, JP, DE = (Speaker.named(name).origin for name in ("FR", "JP", "DE"))


def log(size: int, *, signed: int | None = None, origin: object = FR) -> LogState:
    signed = size if signed is None else signed
    return LogState(number=1, origin=origin, size=size, root=bytes(32), checkpoint_size=signed)  # type: ignore[arg-type]


def head(size: int, cosigned: int | None = None, origin: object = FR) -> Head:
    cosigned = size if cosigned is None else cosigned
    return Head(origin=origin, size=size, cosigned=b"note", cosigned_size=cosigned)  # type: ignore[arg-type]


def test_our_own_log_is_compared_before_anything_else() -> None:
    nothing = Head(origin=FR, size=0, cosigned=b"", cosigned_size=0)
    assert own_step(log(5), compared=False, head=nothing) == Compare(head=nothing)
    assert own_step(log(5), compared=False, head=head(5)) == Compare(head=head(5))


def test_a_hub_that_is_ahead_is_compared_again() -> None:
    assert own_step(log(5), compared=True, head=head(6)) == Compare(head=head(6))
    assert own_step(log(5), compared=True, head=head(3, 6)) == Compare(head=head(3, 6))


def test_what_is_signed_is_published_from_where_the_hub_stands() -> None:
    assert own_step(log(5), compared=True, head=head(0)) == Publish(start=0)
    assert own_step(log(5), compared=True, head=head(3)) == Publish(start=3)
    assert own_step(log(5), compared=True, head=head(5)) is None
    assert own_step(log(5, signed=3), compared=True, head=head(3)) is None


def test_other_logs_are_followed_from_their_size_and_ours_and_the_frozen_not_at_all() -> None:
    audit = log(9, origin=replace(FR, stream="audit"))
    frozen = replace(log(3, origin=DE), frozen="a fork")
    cursors = follow_step([log(5), log(7, origin=JP), audit, frozen], FR).cursors
    assert {each.origin: each.size for each in cursors} == {FR: MAX_TREE_SIZE, JP: 7, DE: MAX_TREE_SIZE}
    assert FR in {each.origin for each in follow_step([], FR).cursors}


def test_to_adopt_is_to_follow_ones_own_log_alone() -> None:
    cursors = adopt_step(log(5), [head(9), head(4, 3, origin=JP)]).cursors
    assert cursors == (LogView(origin=FR, size=5), LogView(origin=JP, size=3))


def test_bodies_are_asked_for_once_their_log_is_caught_up() -> None:
    logs = [log(5), log(5, origin=JP), log(5, origin=DE)]
    heads = [head(5), head(6, origin=JP)]
    missing = {FR: [1, 2], JP: [3], DE: [4]}
    assert repair_steps(logs, heads, missing) == [Repair(origin=FR, indices=(1, 2))]
    assert repair_steps(logs, heads, {FR: []}) == []


def test_a_group_is_full_by_size_or_by_age() -> None:
    assert not group_is_full(GROUP_BYTES - 1, GROUP_SECONDS - 0.01)
    assert group_is_full(GROUP_BYTES, 0)
    assert group_is_full(1, GROUP_SECONDS)


@given(attempt=st.integers(0, 10_000), drawn=st.floats(0, 1, exclude_max=True))
def test_pauses_grow_to_a_cap_and_are_never_none(attempt: int, drawn: float) -> None:
    pause = backoff(attempt, drawn)
    assert 0 < pause <= BACKOFF_CAP
    assert backoff(attempt + 1, drawn) >= pause
    assert backoff(attempt, 0) <= pause
