"""Commands read arguments, call a use case and print its values: they neither read the store nor write the audit log.

A web desk calls the same use cases. So whatever a command decides by itself is missing there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import node.control

CONTROL: Final = Path(node.control.__file__).parent
MODULES: Final = sorted(path.stem for path in CONTROL.glob("*.py"))
TRANSACTIONS: Final = {"read", "write", "change"}
FORBIDDEN: Final = {
    "node.domain.ports": {"Clock", "Codec"},
    "node.domain.stores": {
        f"{whose}Store{part}" for whose in ("Log", "Node", "Hub") for part in ("", "Reader", "Writer")
    },
    "node.usecases.access": {"record_access"},
    "node.usecases.acts": {"perform"},
    "node.usecases.audit": {"AuditEntry", "AuditLog"},
    "node.usecases.node_audit": {"NodeAuditLog"},
}
"""Module -> what a command never needs of it. Under `TYPE_CHECKING` too: a command that names it is handed it."""


def decisions(source: str) -> Iterator[str]:
    """What in a module reads the store or writes the audit log."""
    for each in ast.walk(ast.parse(source)):
        if isinstance(each, ast.ImportFrom):
            names = {name.name for name in each.names}
            yield from sorted(names & FORBIDDEN.get(each.module or "", set()))
            yield from sorted({f"{each.module}.{name}" for name in names} & FORBIDDEN.keys())
        elif isinstance(each, ast.Import):
            yield from (name.name for name in each.names if name.name in FORBIDDEN)
        elif isinstance(each, ast.Attribute) and each.attr in {"audit", "store"}:
            yield f".{each.attr}"
        elif isinstance(each, ast.withitem) and isinstance(each.context_expr, ast.Call):
            called = each.context_expr.func
            if isinstance(called, ast.Attribute) and called.attr in TRANSACTIONS:
                yield f".{called.attr}()"


@pytest.mark.parametrize("name", MODULES)
def test_a_command_neither_reads_the_store_nor_writes_the_audit_log(name: str) -> None:
    assert list(decisions((CONTROL / f"{name}.py").read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from node.usecases.audit import AuditEntry", ["AuditEntry"]),
        ("if TYPE_CHECKING:\n    from node.domain.ports import Clock", ["Clock"]),
        ("from node.domain.stores import NodeStore, LogStoreReader", ["LogStoreReader", "NodeStore"]),
        ("import node.usecases.acts", ["node.usecases.acts"]),
        ("from node.usecases import acts, contribution", ["node.usecases.acts"]),
        ("with store.read() as tx:\n    tx.question(b'')", [".read()"]),
        ("with self.catalogue.change() as change:\n    change.hold(1)", [".change()"]),
        ("def show(self):\n    return self.store", [".store"]),
        ("from node.usecases.hit_reading import HitReading", []),
    ],
)
def test_what_a_command_must_not_do_is_seen(source: str, found: list[str]) -> None:
    assert list(decisions(source)) == found
