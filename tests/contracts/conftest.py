"""The stores that one suite runs over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.simulator.memory_store import MemoryHubStore, MemoryStore
from tests.stores import fresh_hub_store, fresh_store

if TYPE_CHECKING:
    from node.domain.stores import HubStore, NodeStore


def _sqlite(folder: Path) -> NodeStore:
    return fresh_store(folder / "node.db")


def _sqlite_hub(folder: Path) -> HubStore:
    return fresh_hub_store(folder / "hub.db")


STORES: dict[str, Callable[[Path], NodeStore]] = {"memory": lambda _: MemoryStore(), "sqlite": _sqlite}


HUB_STORES: dict[str, Callable[[Path], HubStore]] = {"memory": lambda _: MemoryHubStore(), "sqlite": _sqlite_hub}


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NodeStore]:
    """An empty store of a node of each kind."""
    made = STORES[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture(params=sorted(HUB_STORES))
def hub_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubStore]:
    """An empty store of a hub of each kind."""
    made = HUB_STORES[request.param](tmp_path)
    yield made
    made.close()
