"""What the tests of `test_ingest` share with others."""

from __future__ import annotations

from collections.abc import Iterable

from tests.unit.cli.conftest import Line, Node

SALT = "5a" * 32


def answer(node: Node) -> None:
    """A node that takes in everything, and remembers tags."""
    known: set[str] = set()

    def take(_: Line, items: Iterable[Line]) -> Iterable[Line]:
        files = 0
        for files, item in enumerate(items, start=1):
            known.add(item["tag"])
            yield {"path": item["label"], "holding": files, "new": True, "hits": [], "hits_total": 0}
        yield {"files": files, "new": files, "already_held": 0, "files_with_hits": 0}

    node.answers["ingest-salt"] = [{"salt": SALT}]
    node.answers["ingest-known"] = lambda given, _: [{"known": sorted(known & set(given["tags"]))}]
    node.answers["ingest"] = take
