"""Which commands each role may run."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import AsyncIterator
from typing import Any

import pytest

import node.control
from node.control.audit_commands import AuditCommands
from node.control.commands import (
    ADMINISTRATION,
    AUDIT,
    INVESTIGATION,
    MEDIA,
    OPERATION,
    OVERVIEW,
    RELEASE,
    SIGN_IN,
    Commands,
    work_of,
)
from node.control.hub_commands import HubCommands
from node.control.hub_notice_commands import HubNoticeCommands
from node.control.officer_commands import OfficerCommands
from node.domain.caller import NOBODY, Caller, Role
from node.domain.rights import require
from node.errors import Misuse, Refused


def groups_of_a_node() -> list[type]:
    """The classes whose public async generators are commands of a node."""
    names = [each.name for each in pkgutil.iter_modules(node.control.__path__) if each.name.endswith("_commands")]
    modules = [importlib.import_module(f"node.control.{name}") for name in names if not name.startswith("hub_")]
    return [
        found
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isclass)
        if name.endswith("Commands") and found.__module__ == module.__name__
    ]


def test_each_command_of_a_node_is_in_one_list() -> None:
    """A new command is the administrator's until somebody decides: here is where that is noticed."""
    assert INVESTIGATION.isdisjoint(ADMINISTRATION)
    assert SIGN_IN.isdisjoint(INVESTIGATION | ADMINISTRATION)
    assert Commands.of(*groups_of_a_node()).names() == INVESTIGATION | ADMINISTRATION | SIGN_IN


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


def run(name: str, who: Caller) -> list[dict[str, Any]]:
    async def lines() -> list[dict[str, Any]]:
        return [line async for line in Commands.of(Some()).run_as(who, name, {}, nothing())]

    return asyncio.run(lines())


def test_each_command_of_a_hub_is_of_a_known_kind() -> None:
    names = Commands.of(HubCommands, HubNoticeCommands, AuditCommands, OfficerCommands).names()
    assert names > OPERATION
    assert all(work_of(name) for name in names)


@pytest.mark.parametrize("role", Role)
def test_a_role_runs_the_commands_of_its_row_and_no_other(role: Role) -> None:
    """Every command of every list, so that a command that moves to another list is noticed."""
    ran = set()
    for name in INVESTIGATION | ADMINISTRATION | OPERATION:
        with contextlib.suppress(Refused):
            require(Caller(name="X", role=role), work_of(name), name)
            ran.add(name)
    every = {
        Role.INVESTIGATOR: INVESTIGATION,
        Role.MEDIA_REVIEWER: INVESTIGATION - RELEASE,
        Role.RELEASER: INVESTIGATION - MEDIA,
        Role.ADMINISTRATOR: ADMINISTRATION | OVERVIEW,
        Role.AUDITOR: AUDIT | OVERVIEW,
        Role.OPERATOR: OPERATION | ADMINISTRATION | OVERVIEW,
    }
    assert ran == every[role]


def test_a_command_of_another_role_is_refused_before_it_runs() -> None:
    investigator, owner = (
        Caller(name="X", role=Role.INVESTIGATOR),
        Caller(name="X", role=Role.ADMINISTRATOR, owner=True),
    )
    assert run("match", investigator) == run("match", owner) == [{"hits": 0}]
    assert run("backup", owner) == [{"path": "x"}]
    for who, words in ((investigator, "not for the role investigator"), (NOBODY, "for registered officers")):
        with pytest.raises(Refused, match=words) as caught:
            run("backup", who)
        assert caught.value.remedy


def test_a_command_in_no_list_is_refused_even_to_the_owner() -> None:
    with pytest.raises(Refused):
        run("brand-new", Caller(name="X", role=Role.ADMINISTRATOR, owner=True))


def test_an_unknown_command_is_a_usage_error() -> None:
    with pytest.raises(Misuse, match="no command"):
        run("none", Caller(name="X", role=Role.AUDITOR))
