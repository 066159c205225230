"""Bundles between real homes: FR and JP have a line; LAB sent its petition once, and has had no line since."""

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

Lines = Callable[..., list[Line]]


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
    list(made.run(name, "ingest", {"case": case}, items))


@pytest.fixture
def lines_of(made: Federation) -> Lines:
    def run(name: str, *words: str | Path, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, *map(str, words), "--json")
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_a_unit_that_has_no_line_reads_searches_and_goes_on_when_it_gets_one(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    take_in(made, "FR", "2031-117", 1, 2, 3)
    take_in(made, "JP", "J-1", 4)
    lines_of("FR", "contribute", "--case", "2031-117", "--series", "S", "--yes")
    lines_of("JP", "contribute", "--case", "J-1", "--audience", "LAB", "--yes")
    until(lambda: made.size("FR", "JP") == 1, "FR follows JP")
    until(lambda: made.size("JP", "FR") == 3, "JP follows FR")
    take_in(made, "LAB", "L-7", 1, 4)

    # The records of a case, for anybody. LAB is not in the roster that it could have seen: the bundle brings it.
    case = tmp_path / "case.bundle"
    (line,) = lines_of("FR", "bundle", "write", "--case", "2031-117", "--output", case)
    assert (line["rows"], line["left_out"]) == (3, {})
    *records, about = lines_of("LAB", "bundle", "read", case, "--verify-only")
    assert (len(records), about["records"], about["member"]) == (3, 3, "FR")
    assert {each["series"] for each in records} == {"S"}
    assert lines_of("LAB", "records")[-1]["total"] == 0
    *logs, said = lines_of("LAB", "bundle", "read", case)
    assert {each["member"]: (each["records"], each["closed"]) for each in logs} == {"FR": (3, 0), "JP": (0, 1)}
    assert (said["entries"], said["newer_roster"], said["complete"]) == (4, True, True)
    (hit,) = [each for each in lines_of("LAB", "hits") if "hit" in each]
    assert hit["member"] == "FR"
    *logs, said = lines_of("LAB", "bundle", "read", case)
    assert ({each["standing"] for each in logs}, said["entries"]) == ({"known"}, 0)

    # What is for LAB alone comes from JP, with only what LAB lacks.
    have, ours = tmp_path / "have.json", tmp_path / "ours.bundle"
    lines_of("LAB", "bundle", "have", "--output", have)
    first = records[0]["record"]
    lines_of("FR", "retract", first, "--reason", "mistake", "--yes")
    until(lambda: made.size("JP", "FR") == 4, "JP follows FR")
    lines_of("JP", "bundle", "write", "--to", "LAB", "--output", ours)
    lines_of("FR", "bundle", "read", ours, code=4)
    *logs, said = lines_of("LAB", "bundle", "read", ours)
    assert {each["member"]: (each["before"], each["size"]) for each in logs} == {"FR": (3, 4), "JP": (1, 1)}
    assert [each["late"] for each in logs if each["member"] == "JP"] == [1]
    members = {each["member"] for each in lines_of("LAB", "hits") if "hit" in each}
    assert members == {"JP"}, "the hit on the retracted record has ended"
    states = {each["record"]: each["state"] for each in lines_of("LAB", "records") if "record" in each}
    assert states[first] == "purged"
    after = tmp_path / "after.bundle"
    lines_of("JP", "bundle", "write", "--after", have, "--to", "LAB", "--output", after)
    *logs, said = lines_of("LAB", "bundle", "read", after)
    assert [(each["member"], each["standing"]) for each in logs] == [("FR", "known")]

    # The audit logs have it with its digest.
    audited = {each.get("what") for each in lines_of("LAB", "audit") if each.get("sha256_of_file") == said["sha256"]}
    assert audited == {"bundle read begins", "bundle read"}
    assert any(each.get("sha256_of_file") == said["sha256"] for each in lines_of("JP", "audit"))

    # A line at last: LAB goes on from where the bundles ended.
    made.start("LAB")
    until(lambda: made.attending() == 3, "LAB attends")
    take_in(made, "FR", "2031-118", 5)
    lines_of("FR", "contribute", "--case", "2031-118", "--yes")
    until(lambda: made.size("LAB", "FR") == 5, "LAB follows FR")
    made.stop("LAB")


def test_a_damaged_copy_changes_nothing(made: Federation, lines_of: Lines, tmp_path: Path) -> None:
    take_in(made, "FR", "2031-200", 20)
    lines_of("FR", "contribute", "--case", "2031-200", "--yes")
    out = tmp_path / "all.bundle"
    lines_of("FR", "bundle", "write", "--output", out)
    before = lines_of("LAB", "records")
    data = out.read_bytes()
    for damaged in (data[:-1], data + b"\0", data[:40] + bytes([data[40] ^ 1]) + data[41:]):
        out.write_bytes(damaged)
        for words in (("--verify-only",), ()):
            (refused,) = lines_of("LAB", "bundle", "read", out, *words, code=1)
            assert not refused["verified"]
    assert lines_of("LAB", "records") == before


def test_a_reading_that_is_killed_is_completed_by_the_next(made: Federation, lines_of: Lines, tmp_path: Path) -> None:
    take_in(made, "JP", "J-300", *range(300, 700))
    lines_of("JP", "contribute", "--case", "J-300", "--yes")
    out = tmp_path / "many.bundle"
    (line,) = lines_of("JP", "bundle", "write", "--output", out)
    assert line["rows"] >= 400
    command = [sys.executable, "-m", "node.cli.main", "bundle", "read", str(out), "--json"]
    home = made.home("LAB").folder
    for grown in (1, 50_000, 200_000):
        process = subprocess.Popen(command, env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(partial(_has_written, home, process, grown), "it writes")
        process.kill()
        process.wait()
    *_, said = lines_of("LAB", "bundle", "read", out)
    assert said["complete"]
    lines_of("LAB", "node", "fsck")
    sizes = json.loads(have(lines_of, tmp_path).read_text())["logs"]
    assert sizes["test.vigil/JP/log/1"] == 401


def _has_written(home: Path, process: subprocess.Popen[bytes], least: int) -> bool:
    """Whether the home's database has written so many bytes since it was opened, or the process has ended."""
    journal = home / "vigil.sqlite3-wal"
    return process.poll() is not None or (journal.exists() and journal.stat().st_size >= least)


def have(lines_of: Lines, tmp_path: Path) -> Path:
    file = tmp_path / "have.json"
    lines_of("LAB", "bundle", "have", "--output", file)
    return file
