"""The second set of files through what `vigil import` does: the outcome is what the rules allow, and a node has what a
person was told. A sample of them goes through the command line itself, which takes most of its time to begin.
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

from node.cli.import_lines import examined_line, failed_line
from node.cli.list_files import Pass, examine, opened
from node.cli.list_sending import Into, send_file
from node.cli.output import Output
from node.control.list_commands import ListCommands
from node.control.list_lines import reference_line
from node.domain.ids import Origin, member_id
from node.domain.references import Reference
from node.interop.reading import Broken, Choices, Unwelcome
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.store.store import SqliteNodeStore
from node.usecases.audit import AuditLog
from node.usecases.catalogue import Catalogue
from node.usecases.list_comparing import ListComparing
from node.usecases.list_hits import ListHits
from node.usecases.lists import Lists
from node.usecases.matching import Matcher
from tests.interop.second_set.every import closest_differences, every_file
from tests.interop.second_set.made import vics
from tests.simulator.federation import FEDERATION
from tests.simulator.world import CODEC
from tests.stores import fresh_store
from tests.unit.cli.conftest import Line, Vigil
from tests.unit.cli.test_import_vectors import CODES, outcome
from tests.unit.control.desk import items, lines_of
from tests.unit.control.list_commands import list_commands
from tests.unit.usecases.listed import NOW

ORIGIN: Final = Origin(FEDERATION, member_id("FR"), 1, "audit")
SAMPLE: Final = 9
"""One file of so many goes through the command line."""
_OUTPUT: Final = Output(json=True)
_SAME: Final = (
    *("format", "version", "region", "kind", "scheme", "scheme_version", "child_abuse", "categories"),
    *("seen", "records", "cases", "rejected", "rejected_total", "retractions", "ignored", "flags"),
)
"""What an import and its dry run say alike."""
_HASH: Final = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A store with lists, as a session of the command."""

    store: SqliteNodeStore
    commands: ListCommands

    def run(self, command: str, arguments: Line, given: Iterable[Line] = ()) -> Iterator[Line]:
        """As `Session.run`, through JSON."""
        asked, sent = json.loads(json.dumps([arguments, list(given)]))
        yield from lines_of(getattr(self.commands, command.replace("-", "_"))(asked, items(*sent)))

    def has(self, name: str) -> bool:
        """Whether there is a list of this name."""
        return any(self.run("list-list", {"list": name}))

    def rows(self, name: str) -> list[Line]:
        """The rows of a list, with what the file said, without the numbers that the node gives."""
        _, *shown = self.run("list-show", {"list": name, "limit": 10_000, "words": True})
        return sorted(({key: value for key, value in each.items() if key != "row"} for each in shown), key=str)

    def audited(self) -> list[Line]:
        """The audit log."""
        with self.store.read() as tx:
            log = tx.log(ORIGIN)
            assert log is not None
            return [json.loads(body) for body in tx.run(ORIGIN, 0, log.size, 1 << 24).bodies]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """A node with a database."""
    store = fresh_store(tmp_path / "store" / "node.db")
    audit = AuditLog(store=store, origin=ORIGIN, clock=lambda: NOW, random=os.urandom)
    index = LocalIndex()
    catalogue = Catalogue(store=store, index=index, codec=CODEC)
    matcher = Matcher(store=store, index=index, codec=CODEC, rank=rank, own=lambda: ORIGIN.member)
    hits = ListHits(store=store, index=index, matcher=matcher, radius=lambda: 31)
    comparing = ListComparing(store=store, index=index, hits=hits)
    lists = Lists(store=store, catalogue=catalogue, audit=audit, clock=lambda: NOW, comparing=comparing)
    yield Kept(store, list_commands(lists, store))
    audit.close()
    store.close()


def dry_run(path: Path) -> tuple[Line, list[Line]]:
    """(The line of a dry run, the rows that stand), as `vigil import --dry-run --json --rows` gives them."""
    try:
        file = opened(path, "file 1", None, Choices())
        read, standing = examine(file, _ignore)
        line = examined_line(read.report, read.head, standing, read.digest)
        stand = [
            reference_line(item, read.head) | {"said": None}
            for item in Pass(file, _ignore, read.placeholders).items()
            if isinstance(item, Reference) and standing.claim(item)
        ]
    except (Broken, Unwelcome) as error:
        return failed_line("", "rejected" if isinstance(error, Broken) else "refused", error), []
    return json.loads(json.dumps(line)), json.loads(json.dumps(stand)) if line["file"] == "accepted" else []


def _ignore(steps: int = 1) -> None:
    """Draws nothing."""


def imported(path: Path, kept: Kept, name: str) -> Line:
    """The line of an import."""
    try:
        return send_file(kept, _OUTPUT, Into(name=name, terms={}), opened(path, "file 1", None, Choices()))
    except (Broken, Unwelcome) as error:
        return failed_line("", "rejected" if isinstance(error, Broken) else "refused", error)


def test_each_file_ends_as_the_rules_say(tmp_path: Path) -> None:
    wrong: dict[str, list[str]] = {}
    path = tmp_path / "secret name"
    for file in every_file():
        path.write_bytes(file.data)
        line, stand = dry_run(path)
        found = closest_differences(file, line | {"items": stand, "words": [str(line), str(stand)]})
        # The rows are asked for. What is told of the file has no hash of theirs.
        found += ["a hash is told"] if _HASH.search(str(line | {"sha256_of_file": None})) else []
        if found:
            wrong[file.name] = found
    assert wrong == {}


def test_the_command_says_it_and_ends_with_its_code(vigil: Vigil, tmp_path: Path) -> None:
    path = tmp_path / "secret name"
    for file in every_file()[::SAMPLE]:
        path.write_bytes(file.data)
        ran = vigil("import", "--dry-run", "--json", "--rows", path)
        got = outcome(ran)
        assert closest_differences(file, got) == [], file.name
        assert ran.code == CODES[got["file"]]
        assert "secret name" not in ran.out + ran.err
        assert not _HASH.search(ran.err)


def test_an_import_does_what_its_dry_run_says_and_nothing_the_second_time(
    kept: Kept, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong: dict[str, object] = {}
    path = tmp_path / "secret name"
    taken = 0
    for number, file in enumerate(every_file()):
        name = f"L {number}"
        path.write_bytes(file.data)
        dry, _ = dry_run(path)
        found = list(_of_import(dry, imported(path, kept, name), stands=kept.has(name)))
        if dry["file"] == "accepted" and not found:
            taken += 1
            before = kept.rows(name)
            again = imported(path, kept, name)
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


def _of_import(dry: Line, done: Line, *, stands: bool) -> Iterator[str]:
    """What an import did else than it was to do."""
    if dry["file"] == "accepted":
        yield from (f"{key}: {done[key]}, not {dry[key]}" for key in _SAME if done[key] != dry[key])
        # That rows contradict each other is told by a dry run, which compares all of them.
        if set(dry["warnings"]) != set(done["warnings"]):
            yield f"warns of {done['warnings']}, not of {dry['warnings']}"
        if done["list_rows"] != dry["records"]:
            yield f"{done['list_rows']} rows, not {dry['records']}"
    elif done["error"]["reason"] == "truncated":
        if (done["file"], stands) != ("incomplete", True):
            yield f"a file that ends early is {done['file']}"
    elif stands or done["file"] != dry["file"]:
        yield f"a file that is {dry['file']} leaves a list"


def test_a_file_that_is_not_taken_changes_nothing_of_a_list(kept: Kept, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(vics({"MD5": "ab" * 16, "Category": 1}).data)
    assert imported(path, kept, "L")["list_rows"] == 1
    before = kept.rows("L")
    assert len(before) == 1
    tried = 0
    for file in every_file():
        path.write_bytes(file.data)
        dry, _ = dry_run(path)
        if dry["file"] == "accepted" or dry["error"]["reason"] == "truncated":
            continue
        tried += 1
        assert imported(path, kept, "L")["file"] == dry["file"]
        assert kept.rows("L") == before, file.name
    assert tried > 50
