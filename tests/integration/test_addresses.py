"""Two countries list an address: it comes into force, filters get it, and it goes when one withdraws."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.processes import Federation, Line, federation, until, vigil

Lines = Callable[..., list[Line]]
PAGE = "http://www.bad.example/a?b=c"
TODAY = dt.datetime.now(dt.UTC).date().isoformat()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("addresses"), "FR", "JP", run=False) as running:
        running.settings = {"VIGIL_ROSTER_REFRESH_SECONDS": "1"}
        for name in ("FR", "JP"):
            running.start(name)
        until(lambda: running.attending() == 2, "both nodes hold their streams")
        yield running


@pytest.fixture
def lines_of(made: Federation) -> Lines:
    def run(name: str, *words: str | Path, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, *map(str, words), "--json")
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def force(lines_of: Lines, name: str, address: str) -> str:
    *found, _ = lines_of(name, "addresses", "check", address)
    return str(found[0]["covered_by"][0]["listed"]["force"]) if found else "unlisted"


def test_an_address_comes_into_force_is_exported_and_goes(made: Federation, lines_of: Lines, tmp_path: Path) -> None:
    evidence = ("--evidence-day", TODAY, "--note", "seen")
    refused, added, summary, listed, _ = lines_of(
        "FR", "addresses", "add", "http://10.0.0.1/", "hxxp://www[.]BAD[.]example/a?b=c#d", *evidence, "--list", code=1
    )
    assert "error" in refused
    assert (added["address"], added["granularity"], added["new"]) == ("www.bad.example/a?b=c", "url", True)
    assert summary == {"given": 2, "new": 1, "refused": 1}
    assert listed["done"] == "listed"
    lines_of("FR", "addresses", "add", "bad.example", "--granularity", "domain", *evidence, "--list")
    until(lambda: force(lines_of, "JP", PAGE) == "too-few", "the listing reaches the other country")

    names = tmp_path / "names.txt"
    names.write_text(f"# addresses\n{PAGE}\nbad.example\n")
    lines_of("JP", "addresses", "add", PAGE, *evidence, "--list")
    lines_of("JP", "addresses", "add", "bad.example", "--granularity", "domain", *evidence, "--list")
    until(lambda: force(lines_of, "FR", PAGE) == "in-force", "two members list the page")
    until(lambda: force(lines_of, "FR", "http://other.bad.example/") == "in-force", "two members list the domain")

    *found, summary = lines_of("FR", "addresses", "check", "--from", names)
    assert [each["line"] for each in found] == [2, 3]
    assert (summary["checked"], summary["in_force"], summary["unreadable"]) == (2, 2, 0)
    zone = tmp_path / "blocked.zone"
    (exported,) = lines_of("FR", "addresses", "export", "--format", "rpz", "--out", zone)
    assert zone.read_text().splitlines()[4:] == ["bad.example CNAME .", "*.bad.example CNAME ."]
    assert (exported["addresses"], sum(exported["left_out"].values()), exported["unknown"]) == (2, 1, 0)
    lines_of("FR", "addresses", "export", "--format", "rpz", "--out", zone, code=2)

    *known, _ = lines_of("FR", "addresses", "list")
    assert {each["listed"]["force"] for each in known} == {"in-force"}
    assert [each["evidence"][0]["note"] for each in known] == ["seen", "seen"]
    lines_of("JP", "addresses", "withdraw", PAGE, "--reason", "mistake")
    until(lambda: force(lines_of, "FR", PAGE) != "in-force", "the withdrawal reaches the other country")
    audited = json.dumps(lines_of("FR", "audit")) + made.log_text("FR") + made.log_text("JP")
    assert "bad.example" not in audited
    assert "addresses export" in audited


def test_listings_are_there_after_a_restart(made: Federation, lines_of: Lines) -> None:
    lines_of("FR", "addresses", "add", "restart.example", "--evidence-day", TODAY, "--note", "seen", "--list")
    until(lambda: force(lines_of, "JP", "restart.example") == "too-few", "the listing reaches the other country")
    assert made.stop("JP") == 0
    assert force(lines_of, "JP", "restart.example") == "too-few", "without a daemon too"
    made.start("JP")
    assert force(lines_of, "JP", "restart.example") == "too-few"
