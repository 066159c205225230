"""Exports of a running node: another member checks the files offline, and the node reads its own list again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.control.lines import item_line
from node.domain.holdings import IngestItem
from tests.integration.processes import Federation, Line, federation, until, vigil
from tests.unit.usecases.desk import prints, whole_prints

Lines = Callable[..., list[Line]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("exports"), "FR", "JP", run=False) as running:
        running.settings = {"VIGIL_ROSTER_REFRESH_SECONDS": "1"}
        for name in ("FR", "JP"):
            running.start(name)
        until(lambda: running.attending() == 2, "both nodes hold their streams")
        items = [
            item_line(IngestItem(tag=n.to_bytes(32, "big"), label=str(n), prints=whole_prints(n))) for n in (1, 2, 3)
        ]
        list(running.run("FR", "ingest", {"case": "2031-117"}, items))
        yield running


@pytest.fixture
def lines_of(made: Federation) -> Lines:
    def run(name: str, *words: str | Path, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, *map(str, words), "--json")
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_an_exported_case_is_verified_abroad_and_read_again(lines_of: Lines, tmp_path: Path) -> None:
    out = tmp_path / "case.json"
    arguments = ("export-list", "--format", "vics", "--case", "2031-117", "--output")
    (none,) = lines_of("FR", *arguments, tmp_path / "none.json")
    assert (none["rows"], none["left_out"]) == (0, {"level national": 3})
    (line,) = lines_of("FR", *arguments, out, "--level", "national")
    assert (line["rows"], line["left_out"].get("level national")) == (3, None)
    (checked,) = lines_of("JP", "verify", out)
    assert (checked["verified"], checked["member"], checked["sha256"]) == (True, "FR", line["sha256"])
    assert b"2031-117" not in out.read_bytes() + out.with_name("case.json.manifest").read_bytes()
    lines_of("JP", "import", out, "--list", "from FR")
    rows = [each for each in lines_of("JP", "lists", "show", "from FR") if "row" in each]
    assert {each["hashes"]["md5"] for each in rows} == {prints(n).md5.hex() for n in (1, 2, 3)}
    said = [each for each in lines_of("FR", "audit") if each.get("sha256_of_file") == line["sha256"]]
    assert [(each["what"], each["rows"]) for each in said] == [("list export", 3)]
    out.write_bytes(out.read_bytes() + b"\n")
    (refused,) = lines_of("JP", "verify", out, code=1)
    assert not refused["verified"]
