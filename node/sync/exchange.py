"""Decides the next step with the hub: heads in, steps out. No I/O, no clock, no randomness of its own.

Rules this module upholds:

- A cursor is how much of a log is verified and stored here; the hub's claims never move one.
- Our own log is compared before anything is published, and adopted if the hub is ahead.
- A missing body is requested again only once its log is caught up: before that it may be on its way, or an entry that
  is on its way may purge it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from node.domain.ids import Origin
from node.domain.log_ports import LogState
from node.domain.queries import LogView
from node.domain.services import Head
from node.tlog.merkle import MAX_TREE_SIZE

GROUP_BYTES: Final = 4 << 20
"""Most bytes of verified packages that share one commit. At about 158 commits per second, one commit per package would
cost more than everything else together."""
GROUP_SECONDS: Final = 0.2
"""How long the first package of a group waits for more."""
BACKOFF_FIRST: Final = 0.5
BACKOFF_CAP: Final = 60.0
"""Seconds between attempts to reach the hub: doubled each time up to the maximum, then a random value between half and
all of it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """Compare the hub's head of our own log with ours, before anything is signed."""

    head: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Submit the next run of our own log, from `start` on."""

    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Open the stream from these cursors; logs that are not named start at 0."""

    cursors: tuple[LogView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Request bodies that should be here."""

    origin: Origin
    indices: tuple[int, ...]


def own_step(own: LogState, *, compared: bool, head: Head) -> Compare | Publish | None:
    """The next step for our own log. `compared`: whether it was compared with this head."""
    if not compared or max(head.size, head.cosigned_size) > own.size:
        return Compare(head=head)
    if head.size < own.checkpoint_size:
        return Publish(start=head.size)
    return None


def follow_step(logs: Sequence[LogState], own: Origin, paused: Collection[Origin] = ()) -> Follow:
    """The cursors to continue from. Logs that the hub must not send are named past any end: our own log, and frozen or
    `paused` logs, even those without entries here.
    """
    here = {log.origin for log in logs}
    return Follow(
        cursors=(
            LogView(origin=own, size=MAX_TREE_SIZE),
            *(
                LogView(origin=log.origin, size=MAX_TREE_SIZE if log.frozen or log.origin in paused else log.size)
                for log in logs
                if log.origin.stream == "log" and log.origin != own
            ),
            *(LogView(origin=origin, size=MAX_TREE_SIZE) for origin in paused if origin not in here),
        )
    )


def adopt_step(own: LogState, heads: Sequence[Head]) -> Follow:
    """A stream of our own log alone: every other log is named at the hub's size."""
    others = (LogView(origin=each.origin, size=each.cosigned_size) for each in heads if each.origin != own.origin)
    return Follow(cursors=(LogView(origin=own.origin, size=own.size), *others))


def repair_steps(
    logs: Sequence[LogState], heads: Sequence[Head], missing: Mapping[Origin, Sequence[int]]
) -> list[Repair]:
    """Which bodies to request. `missing`: indices by log."""
    cosigned = {head.origin: head.cosigned_size for head in heads}
    return [
        Repair(origin=log.origin, indices=tuple(missing[log.origin]))
        for log in logs
        if missing.get(log.origin) and log.origin in cosigned and log.size >= cosigned[log.origin]
    ]


def group_is_full(size: int, age: float) -> bool:
    """Whether a group of `size` bytes, begun `age` seconds ago, is committed now."""
    return size >= GROUP_BYTES or age >= GROUP_SECONDS


def backoff(attempt: int, drawn: float) -> float:
    """Seconds to wait before attempt `attempt` (0 is the first after a failure); `drawn` uniform in [0, 1)."""
    whole = min(BACKOFF_CAP, BACKOFF_FIRST * float(1 << min(attempt, 10)))
    return whole * (0.5 + drawn / 2)
