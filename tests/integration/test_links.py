"""Links between two countries, as processes: stated, read abroad, disputed, and gone with a record."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.pictures import picture
from tests.integration.processes import Federation, Line, federation, until, vigil

Lines = Callable[..., list[Line]]
MEMBERS = ("FR", "JP", "BR")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), *MEMBERS) as running:
        yield running


@pytest.fixture
def lines_of(made: Federation) -> Lines:
    def run(name: str, *words: str, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, *words, "--json")
        assert done.returncode == code, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def in_step(made: Federation, speaker: str) -> None:
    until(
        lambda: (
            all(made.size(name, speaker) == made.size(speaker, speaker) for name in MEMBERS)
            and not made.status(speaker)["waiting"]
        ),
        f"all have what {speaker} said",
    )


def test_a_link_between_two_countries_is_read_disputed_and_ends_with_a_record(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    records = {}
    for number, name in enumerate(("FR", "JP")):
        picture(tmp_path / name / "one.jpg", number)
        lines_of(name, "ingest", str(tmp_path / name), "--case", "LINKS")
        said = ("--series", f"series of {name}", "--victim-identified", "yes" if name == "FR" else "no")
        records[name] = lines_of(name, "contribute", "--case", "LINKS", *said)[0]["record"]
        in_step(made, name)
    words = (records["FR"], records["JP"], "--relation", "same-victim", "--note", "the telltale blue room")
    link = lines_of("FR", "link", *words)[0]["link"]
    in_step(made, "FR")
    lines_of("BR", "opine", link, "dispute", "--note", "other rooms")
    lines_of("BR", "opine", records["FR"], "confirm")
    in_step(made, "BR")
    for name in MEMBERS:
        shown = lines_of(name, "links", records["JP"][-64:][:16])
        assert (shown[0]["link"], shown[0]["member"], shown[0]["disputed_by"]) == (link, "FR", ["BR"])
        assert {each["series"]: each["confirmed"] for each in shown if "sight" in each} == {
            "series of FR": 1,
            "series of JP": 0,
        }
        assert [each["contradiction"] for each in shown if "contradiction" in each] == ["disputed", "victim"]
        assert shown[-1]["whole"] is True
    assert lines_of("JP", "links", "--series", "series of FR")[0]["link"] == link
    assert [each["link"] for each in lines_of("FR", "links", "--mine")[:-1]] == [link]
    lines_of("JP", "retract", records["JP"], "--reason", "mistake")
    in_step(made, "JP")
    until(lambda: lines_of("BR", "links", records["FR"])[-1]["links"] == 0, "the link is gone")
    for name in MEMBERS:
        check = lines_of(name, "node", "fsck")
        assert not [each for each in check if each.get("faults")], check
