"""Which commands investigators run over their socket, and which are the administrator's."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import AsyncIterator
from typing import Any

import pytest

import node.control
from node.control.commands import ADMINISTRATION, INVESTIGATION, Commands
from node.errors import Misuse, Refused


def groups_of_a_node() -> list[type]:
    """The classes whose public async generators are commands of a node."""
    names = [each.name for each in pkgutil.iter_modules(node.control.__path__) if each.name.endswith("_commands")]
    modules = [importlib.import_module(f"node.control.{name}") for name in names if name != "hub_commands"]
    return [
        found
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isclass)
        if name.endswith("Commands") and found.__module__ == module.__name__
    ]


def test_each_command_of_a_node_is_in_one_list() -> None:
    """A new command is the administrator's until somebody decides: here is where that is noticed."""
    assert INVESTIGATION.isdisjoint(ADMINISTRATION)
    assert Commands.of(*groups_of_a_node()).names() == INVESTIGATION | ADMINISTRATION


class Some:
    async def match(self, _arguments: Any, _items: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"hits": 0}

    async def backup(self, _arguments: Any, _items: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"path": "x"}

    async def brand_new(self, _arguments: Any, _items: Any) -> AsyncIterator[dict[str, Any]]:
        yield {}


async def nothing() -> AsyncIterator[dict[str, Any]]:
    none: tuple[dict[str, Any], ...] = ()
    for line in none:
        yield line


def test_investigators_run_theirs_and_no_other() -> None:
    async def lines() -> list[dict[str, Any]]:
        return [line async for line in Commands.of(Some()).run_for_investigators("match", {}, nothing())]

    assert asyncio.run(lines()) == [{"hits": 0}]
    for name in ("backup", "brand-new"):
        with pytest.raises(Refused, match="for the administrator") as caught:
            Commands.of(Some()).run_for_investigators(name, {}, nothing())
        assert caught.value.remedy
    with pytest.raises(Misuse, match="no command"):
        Commands.of(Some()).run_for_investigators("none", {}, nothing())
