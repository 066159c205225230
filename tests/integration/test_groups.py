"""A group over a hub and three nodes as processes: founded, accepted, and an audience of records and questions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.pictures import picture
from tests.integration.processes import Federation, Line, federation, until, vigil

Lines = Callable[..., list[Line]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), "FR", "JP", "BR") as running:
        yield running


@pytest.fixture
def lines_of(made: Federation) -> Lines:
    def run(name: str, *words: str, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, *words, "--json")
        assert done.returncode == code, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def in_step(made: Federation) -> None:
    """Everybody has all that everybody has said."""
    names = ("FR", "JP", "BR")
    until(
        lambda: all(made.size(name, other) == made.size(other, other) for name in names for other in names),
        "all have what was said",
    )


def test_a_group_is_an_audience_and_its_later_members_read_what_is_shared_again(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    picture(tmp_path / "in" / "one.jpg", 1)
    lines_of("FR", "ingest", str(tmp_path / "in"), "--case", "G-1")
    words = ("--purpose", "the bridge", "--invite", "JP,BR", "--until", "2099-12-31")
    lines_of("FR", "group", "found", "Aurora", *words)
    in_step(made)
    lines_of("JP", "group", "accept", "Aurora")
    in_step(made)
    record = lines_of("FR", "contribute", "--case", "G-1", "--audience", "@Aurora")[0]["record"]
    in_step(made)
    (seen,) = lines_of("JP", "records", "--record", record)
    assert (seen["handling"]["audience"], seen["group"]["name"]) == (["JP"], "Aurora")
    assert "to the group Aurora" in vigil(made.home("JP").folder, "records", "--record", record).stdout
    assert lines_of("BR", "records", "--record", record)[0]["handling"] is None
    basis = ("--case", "G-1", "--legal-basis", "a test", "--to", "@Aurora")
    assert lines_of("FR", "query", *basis)[-1]["outcomes"]["BR"] == "not-asked"
    lines_of("BR", "group", "accept", "Aurora")
    in_step(made)
    end = lines_of("FR", "group", "share", "Aurora")[-1]
    assert (end["shared"], end["members"]) == (1, ["BR", "JP"])
    in_step(made)
    mine = [each for each in lines_of("FR", "records", "--mine") if each.get("kind") == "correction"]
    assert lines_of("BR", "records", "--record", mine[-1]["record"])[0]["group"]["name"] == "Aurora"
    lines_of("FR", "group", "close", "Aurora")
    lines_of("FR", "query", *basis, code=4)
    (shown,) = lines_of("FR", "group", "show", "Aurora")
    assert (shown["state"], [each["standing"] for each in shown["members"]]) == (
        "closed",
        ["founder", "accepted", "accepted"],
    )
