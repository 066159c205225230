"""Bundles between real homes: FR and JP have a line; LAB sent its petition once, and has had no line since.

Everything but the commands for bundles runs in this process: each command line takes seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from node.control.lines import item_line
from node.domain.holdings import IngestItem
from tests.integration.processes import Federation, Line, environment, federation, until, vigil
from tests.unit.usecases.desk import whole_prints

Bundle = Callable[..., list[Line]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("bundles"), "FR", "JP", run=False) as running:
        running.settings = {"VIGIL_ROSTER_REFRESH_SECONDS": "1"}
        for name in ("FR", "JP"):
            running.start(name)
        running.join("LAB")
        running.sign()
        until(lambda: running.attending() == 2, "both nodes hold their streams")
        yield running


def take_in(made: Federation, name: str, case: str, *numbers: int) -> None:
    items = [item_line(IngestItem(tag=n.to_bytes(32, "big"), label=str(n), prints=whole_prints(n))) for n in numbers]
    made.run(name, "ingest", {"case": case}, items)


def share(made: Federation, name: str, case: str, *more: str) -> None:
    done = vigil(made.home(name).folder, "contribute", "--case", case, "--yes", *more)
    assert done.returncode == 0, done.stderr


def hits_on(made: Federation, name: str) -> set[str]:
    return {line["member"] for line in made.run(name, "hits-list") if "hit" in line}


@pytest.fixture
def bundle(made: Federation) -> Bundle:
    """Runs `vigil bundle` as a user does; its lines."""

    def run(name: str, *words: str | Path, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, "bundle", *map(str, words), "--json")
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_a_unit_that_has_no_line_reads_searches_and_goes_on_when_it_gets_one(
    made: Federation, bundle: Bundle, tmp_path: Path
) -> None:
    take_in(made, "FR", "2031-117", 1, 2, 3)
    take_in(made, "JP", "J-1", 4)
    share(made, "FR", "2031-117", "--series", "S")
    share(made, "JP", "J-1", "--audience", "LAB")
    until(lambda: made.size("FR", "JP") == 1, "FR follows JP")
    take_in(made, "LAB", "L-7", 1, 4)

    # The records of a case, for anybody. LAB has no list of members yet: the bundle brings it.
    case = tmp_path / "case.bundle"
    (line,) = bundle("FR", "write", "--case", "2031-117", "--output", case)
    assert (line["rows"], line["left_out"]) == (3, {})
    *records, about = bundle("LAB", "read", case, "--verify-only")
    assert (len(records), about["records"], about["member"]) == (3, 3, "FR")
    assert made.run("LAB", "bundle-have")[0]["logs"] == {}
    *logs, said = bundle("LAB", "read", case)
    assert {each["member"]: (each["records"], each["closed"]) for each in logs} == {"FR": (3, 0), "JP": (0, 1)}
    assert (said["entries"], said["newer_roster"], said["complete"]) == (4, True, True)
    assert hits_on(made, "LAB") == {"FR"}

    # What is for LAB alone comes from JP, and with it a retraction.
    (sought,) = [each["record"] for each in records if whole_prints(1).md5.hex() in str(each["fingerprints"])]
    made.run("FR", "retract", {"record": sought, "reason": "mistake", "yes": True})
    until(lambda: made.size("JP", "FR") == 4, "JP follows FR")
    ours = tmp_path / "ours.bundle"
    bundle("JP", "write", "--to", "LAB", "--output", ours)
    *logs, said = bundle("LAB", "read", ours)
    assert {each["member"]: (each["before"], each["size"], each["late"]) for each in logs} == {
        "FR": (3, 4, 0),
        "JP": (1, 1, 1),
    }
    assert hits_on(made, "LAB") == {"JP"}, "the hit on the retracted record has ended"
    audited = [each["what"] for each in made.run("LAB", "read-audit") if each.get("sha256_of_file") == said["sha256"]]
    assert audited == ["bundle read begins", "bundle read"]

    # A line at last: LAB goes on from where the bundles ended.
    made.start("LAB")
    take_in(made, "FR", "2031-118", 5)
    share(made, "FR", "2031-118")
    until(lambda: made.size("LAB", "FR") == 5, "LAB follows FR")
    made.stop("LAB")


def test_a_damaged_copy_changes_nothing(made: Federation, bundle: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "all.bundle"
    bundle("FR", "write", "--output", out)
    before = made.run("LAB", "bundle-have")
    data = out.read_bytes()
    out.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
    for words in (("--verify-only",), ()):
        (refused,) = bundle("LAB", "read", out, *words, code=1)
        assert not refused["verified"]
    assert made.run("LAB", "bundle-have") == before


def test_a_reading_that_is_killed_is_completed_by_the_next(made: Federation, bundle: Bundle, tmp_path: Path) -> None:
    take_in(made, "JP", "J-300", *range(300, 700))
    share(made, "JP", "J-300")
    out, home = tmp_path / "many.bundle", made.home("LAB").folder
    bundle("JP", "write", "--output", out)
    command = [sys.executable, "-m", "node.cli.main", "bundle", "read", str(out), "--json"]
    for grown in (1, 100_000):
        process = subprocess.Popen(command, env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(partial(_has_written, home, process, grown), "it writes")
        process.kill()
        process.wait()
    *_, said = bundle("LAB", "read", out)
    assert said["complete"]
    assert not any(line.get("faults") for line in made.run("LAB", "fsck"))
    assert made.run("LAB", "bundle-have")[0]["logs"]["test.vigil/JP/log/1"] == 401


def _has_written(home: Path, process: subprocess.Popen[bytes], least: int) -> bool:
    """Whether the home's database has written so many bytes since it was opened, or the process has ended."""
    journal = home / "vigil.sqlite3-wal"
    return process.poll() is not None or (journal.exists() and journal.stat().st_size >= least)
