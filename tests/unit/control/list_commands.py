"""The commands on lists, as tests make them over the lists of a store."""

from __future__ import annotations

from node.control.list_commands import ListCommands
from node.domain.stores import NodeStore
from node.usecases.cases import Cases
from node.usecases.list_importing import ListImporting
from node.usecases.list_keeping import ListKeeping
from node.usecases.lists import Lists


def list_commands(lists: Lists, store: NodeStore) -> ListCommands:
    return ListCommands(importing=ListImporting(lists=lists, cases=Cases(store)), keeping=ListKeeping(lists=lists))
