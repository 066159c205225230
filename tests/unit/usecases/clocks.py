"""What the tests of `test_neighbourhood` share with others."""

from __future__ import annotations

from tests.simulator import federation as sim


class Clock:
    """Virtual time."""

    def __init__(self) -> None:
        self.now = float(sim.NOW)

    def __call__(self) -> float:
        return self.now
