"""A node that holds material, a log that reaches it, and the hits that it keeps."""

from __future__ import annotations

import pytest

from tests.simulator.arriving import Holder
from tests.simulator.federation import Log, Speaker
from tests.simulator.world import World

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")


@pytest.fixture
def holder() -> Holder:
    """The node of FR, which holds nothing yet."""
    return Holder(World([FR, JP, DE]), FR)


@pytest.fixture
def log() -> Log:
    """The log of JP, which nobody has received yet."""
    return Log(JP)


def kept(holder: Holder) -> list[tuple[int, str, int | None]]:
    """The hits that are kept, each as its holding, what it was found by, and the distance."""
    return sorted(
        (hit.holding, hit.evidence.algorithm, hit.evidence.distance) for hit in holder.hits().values() if hit.evidence
    )
