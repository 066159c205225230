"""The second set of files through `vigil import`: what a person gets is what the rules allow, and a node has what a
person was told.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from node.control.list_commands import ListCommands
from node.domain.ids import Origin, member_id
from node.match.index import LocalIndex
from node.store.store import SqliteStore
from node.usecases.audit import AuditLog
from node.usecases.catalogue import Catalogue
from node.usecases.imported_cases import Cases
from node.usecases.lists import Lists
from tests.interop.second_set.every import closest_differences, every_file
from tests.interop.second_set.made import Made, vics
from tests.simulator.federation import FEDERATION
from tests.simulator.world import CODEC
from tests.stores import fresh_store
from tests.unit.cli.conftest import Line, Node, Vigil
from tests.unit.cli.test_import_vectors import CODES, outcome
from tests.unit.control.desk import items, lines_of
from tests.unit.usecases.listed import NOW

ORIGIN: Final = Origin(FEDERATION, member_id("FR"), 1, "audit")
_SAME: Final = (
    *("format", "version", "region", "kind", "scheme", "scheme_version", "child_abuse", "categories"),
    *("seen", "records", "cases", "rejected", "rejected_total", "retractions", "ignored", "flags"),
)
"""What an import and its dry run say alike."""
_HASH: Final = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A store with lists, which the commands speak to."""

    store: SqliteStore
    commands: ListCommands

    def has(self, name: str) -> bool:
        """Whether there is a list of this name."""
        return bool(lines_of(self.commands.list_list({"list": name}, items())))

    def rows(self, name: str) -> list[Line]:
        """The rows of a list, with what the file said, without the numbers that the node gives."""
        asked: Line = {"list": name, "limit": 10_000, "words": True}
        shown = lines_of(self.commands.list_show(asked, items()))[1:]
        return sorted(({key: value for key, value in each.items() if key != "row"} for each in shown), key=str)

    def audited(self) -> list[Line]:
        """The audit log."""
        with self.store.read() as tx:
            log = tx.log(ORIGIN)
            assert log is not None
            return [json.loads(body) for body in tx.run(ORIGIN, 0, log.size, 1 << 24).bodies]


@pytest.fixture
def kept(node: Node, tmp_path: Path) -> Iterator[Kept]:
    """A node with a database."""
    store = fresh_store(tmp_path / "store" / "node.db")
    audit = AuditLog(store=store, origin=ORIGIN, clock=lambda: NOW, random=os.urandom)
    catalogue = Catalogue(store=store, index=LocalIndex(), codec=CODEC)
    commands = ListCommands(
        lists=Lists(store=store, catalogue=catalogue, audit=audit, clock=lambda: NOW), cases=Cases(store)
    )

    def list_import(arguments: Line, given: Iterable[Line]) -> Iterable[Line]:
        return lines_of(commands.list_import(arguments, items(*given)))

    def list_list(arguments: Line, given: Iterable[Line]) -> Iterable[Line]:
        return lines_of(commands.list_list(arguments, items(*given)))

    node.answers |= {"list-import": list_import, "list-list": list_list}
    yield Kept(store, commands)
    audit.close()
    store.close()


def test_each_file_ends_as_the_rules_say(vigil: Vigil, tmp_path: Path) -> None:
    wrong: dict[str, list[str]] = {}
    path = tmp_path / "secret name"
    for file in every_file():
        path.write_bytes(file.data)
        ran = vigil("import", "--dry-run", "--json", "--rows", path)
        got = outcome(ran)
        found = closest_differences(file, got)
        found += [] if ran.code == CODES[got["file"]] else [f"exit code {ran.code}"]
        found += ["the name of the file is told"] if "secret name" in ran.out + ran.err else []
        # The rows are asked for; the last line and what is told beside it have no hash of them.
        told = ran.err + str(got | {"items": None, "words": None, "sha256_of_file": None})
        found += ["a hash is told"] if _HASH.search(told) else []
        if found:
            wrong[file.name] = found
    assert wrong == {}


def test_an_import_does_what_its_dry_run_says_and_nothing_the_second_time(
    vigil: Vigil, kept: Kept, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong: dict[str, object] = {}
    path = tmp_path / "secret name"
    taken = 0
    for number, file in enumerate(every_file()):
        name = f"L {number}"
        path.write_bytes(file.data)
        [dry] = vigil("import", "--dry-run", "--json", path).lines
        [done] = vigil("import", "--json", "--list", name, path).lines
        found = list(_of_import(file, dry, done, stands=kept.has(name)))
        if dry["file"] == "accepted" and not found:
            taken += 1
            before = kept.rows(name)
            [again] = vigil("import", "--json", "--list", name, path).lines
            found += [] if kept.rows(name) == before else ["the rows differ after a second import"]
            if not again["retractions_total"]:
                counts = {each: again[each] for each in ("added", "changed", "withdrawn") if again[each]}
                found += [f"a second import changes {counts}"] if counts else []
        if found:
            wrong[file.name] = found
    assert wrong == {}
    assert taken > 200
    told = str(kept.audited()) + caplog.text
    assert "L 0" in told
    assert "ecret" not in told


def _of_import(file: Made, dry: Line, done: Line, *, stands: bool) -> Iterator[str]:
    """What an import did else than it was to do."""
    if dry["file"] == "accepted":
        yield from (f"{key}: {done[key]}, not {dry[key]}" for key in _SAME if done[key] != dry[key])
        if done["list_rows"] != dry["records"]:
            yield f"{done['list_rows']} rows, not {dry['records']}"
        if set(dry["warnings"]) != set(done["warnings"]):
            yield f"warns of {done['warnings']}, not of {dry['warnings']}"
    elif done["error"]["reason"] == "truncated":
        if (done["file"], stands) != ("incomplete", True):
            yield f"a file that ends early is {done['file']}"
    elif stands or done["file"] != dry["file"]:
        yield f"a file that is {dry['file']} leaves a list"


def test_a_file_that_is_not_taken_changes_nothing_of_a_list(vigil: Vigil, kept: Kept, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(vics({"MD5": "ab" * 16, "Category": 1}).data)
    assert vigil("import", "--list", "L", path).code == 0
    before = kept.rows("L")
    assert len(before) == 1
    tried = 0
    for file in every_file():
        path.write_bytes(file.data)
        [dry] = vigil("import", "--dry-run", "--json", path).lines
        if dry["file"] == "accepted" or dry["error"]["reason"] == "truncated":
            continue
        tried += 1
        assert vigil("import", "--json", "--list", "L", path).code != 0
        assert kept.rows("L") == before, file.name
    assert tried > 50
