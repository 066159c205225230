"""The stores that one suite runs over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.simulator.memory_store import MemoryStore
from tests.stores import fresh_store

if TYPE_CHECKING:
    from node.domain.ports import Store


def _sqlite(folder: Path) -> Store:
    return fresh_store(folder / "node.db")


STORES: dict[str, Callable[[Path], Store]] = {"memory": lambda _: MemoryStore(), "sqlite": _sqlite}


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    made = STORES[request.param](tmp_path)
    yield made
    made.close()
