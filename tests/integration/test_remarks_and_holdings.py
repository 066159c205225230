"""What others say of a record through corrections and its retraction, and what a node holds until it is deleted: a hub
and three nodes as processes.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.domain.holdings import Deletion
from node.store.store import open_node_store
from tests.integration.pictures import picture
from tests.integration.processes import Federation, Line, federation, until, vigil

Lines = Callable[..., list[Line]]
BASIS = ("--case", "T-1", "--purpose", "victim-identification", "--legal-basis", "a test")


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


def in_step(made: Federation, speaker: str) -> None:
    """Everybody has all that this member has said."""
    until(
        lambda: (
            all(made.size(name, speaker) == made.size(speaker, speaker) for name in ("FR", "JP", "BR"))
            and not made.status(speaker)["waiting"]
        ),
        f"all have what {speaker} said",
    )


def traces(made: Federation, secret: bytes) -> list[str]:
    """The homes whose database has these bytes."""
    return [
        name
        for name in ("hub", "FR", "JP", "BR")
        if any(secret in file.read_bytes() for file in made.home(name).folder.glob("vigil.sqlite3*"))
    ]


def test_remarks_stay_through_corrections_everywhere_and_go_with_the_retraction(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    """A correction of a record deletes what its owner said, and not what others said of it."""
    picture(tmp_path / "in" / "one.jpg", 1)
    lines_of("FR", "ingest", str(tmp_path / "in"), "--case", "REMARKS")
    record = lines_of("FR", "contribute", "--case", "REMARKS")[0]["record"]
    in_step(made, "FR")
    lines_of("JP", "opine", record, "confirm", "--note", "the telltale blue room")
    lines_of("JP", "comment", record, "a telltale in May")
    in_step(made, "JP")
    for series in ("Bridge", "River"):
        record = lines_of("FR", "correct", record, "--series", series)[-1]["record"]
        in_step(made, "FR")
    lines_of("BR", "comment", record, "a telltale of the newest")
    in_step(made, "BR")
    for name in ("FR", "JP", "BR"):
        (line,) = lines_of(name, "records", "--record", record)
        said = {(each["member"], each["kind"], each["says"], each["earlier_version"]) for each in line["remarks"]}
        assert said == {
            ("JP", "opinion", "confirm: the telltale blue room", True),
            ("JP", "comment", "a telltale in May", True),
            ("BR", "comment", "a telltale of the newest", False),
        }
        words = vigil(made.home(name).folder, "records", "--record", record).stdout
        assert words.count("about an earlier version") == 2
    assert traces(made, b"telltale") == ["hub", "FR", "JP", "BR"]
    lines_of("FR", "retract", record, "--reason", "mistake")
    in_step(made, "FR")
    until(lambda: traces(made, b"telltale") == [], "what was said is in no database, its authors' included")
    for name in ("FR", "JP", "BR"):
        (line,) = lines_of(name, "records", "--record", record)
        assert (line["state"], line["superseded"], line["remarks"]) == ("purged", True, [])
    for name in ("hub", "FR", "JP", "BR"):
        assert made.run(name, "fsck")[-1]["ok"]


def scope(answers: list[Line], member: str) -> Line:
    (outcome,) = [line for line in answers if line.get("member") == member]
    return dict(outcome["scope"])


def test_a_level_is_lowered_and_a_holding_deleted_and_neither_answers_abroad_any_more(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    held = picture(tmp_path / "in" / "level.jpg", 2)
    lines_of("BR", "ingest", str(held), "--case", "LEVEL", "--level", "hit-no-hit")
    (number,) = [line["holding"] for line in lines_of("BR", "holdings", "--case", "LEVEL") if "holding" in line]
    ask = ("query", str(held), *BASIS, "--to", "BR")
    before = lines_of("FR", *ask)
    assert before[-1]["outcomes"]["BR"] == "hit"
    lines_of("BR", "holdings", str(number), "--set-level", "national")
    lowered = lines_of("FR", *ask)
    assert lowered[-1]["outcomes"]["BR"] == "no-hit"
    # How many there are is told rounded: to nobody does an answer say that one was taken in, lowered or deleted.
    assert set(scope(before, "BR")) == {"hit-no-hit", "shared"}
    assert all(number in (0, 1, 10, 100) for number in scope(before, "BR").values())
    lines_of("BR", "holdings", str(number), "--set-level", "hit-no-hit")
    raised = lines_of("FR", *ask)
    assert raised[-1]["outcomes"]["BR"] == "hit"
    lines_of("BR", "holdings", str(number), "--delete", "--yes")
    deleted = lines_of("FR", *ask)
    assert deleted[-1]["outcomes"]["BR"] == "no-hit"
    assert scope(deleted, "BR") == scope(lowered, "BR")
    lines_of("BR", "holdings", str(number), code=1)
    assert lines_of("BR", "match", str(held))[-1]["hits"] == 0


def test_a_deleted_case_is_gone_here_and_its_records_abroad_and_only_holdings_told_the_path(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    folder = tmp_path / "telltale-folder"
    both, alone = picture(folder / "both.jpg", 11), picture(folder / "alone.jpg", 12)
    lines_of("FR", "ingest", str(folder), "--case", "GONE", "--copy-originals")
    lines_of("FR", "ingest", str(both), "--case", "STAYS", "--no-reference")
    lines_of("FR", "contribute", "--case", "GONE")
    in_step(made, "FR")
    listed = {line["holding"]: line for line in lines_of("FR", "holdings", "--case", "GONE") if "holding" in line}
    opened = {number: lines_of("FR", "holdings", str(number), "--digests")[0] for number in listed}
    assert {tuple(each["path"] for each in one["files"]) for one in opened.values()} == {(str(both),), (str(alone),)}
    assert "telltale-folder" not in json.dumps(list(listed.values()))
    (gone,) = [one for one in opened.values() if one["cases"] == ["GONE"]]
    digests = {each["algorithm"]: bytes.fromhex(each["value"]) for each in gone["fingerprints"]}
    assert lines_of("JP", "match", str(alone))[-1]["hits"] == 1
    lines_of("FR", "case", "delete", "GONE", code=2)
    assert lines_of("FR", "case", "delete", "GONE", "--yes", "--reason", "legal-order")[-1] == {
        "deleted": 1,
        "left_case": 1,
        "retracted": 1,
        "originals": 1,
    }
    in_step(made, "FR")
    assert lines_of("JP", "match", str(alone))[-1]["hits"] == 0
    assert lines_of("JP", "match", str(both))[-1]["hits"] == 1
    (left,) = [line for line in lines_of("FR", "holdings", "--case", "STAYS") if "holding" in line]
    assert left["cases"] == ["STAYS"]
    (whole,) = lines_of("FR", "holdings", str(left["holding"]))
    assert (whole["files"], whole["original"]) == ([], True)
    assert [line for line in lines_of("FR", "holdings", "--case", "GONE") if "holding" in line] == []
    for name in ("FR", "JP", "hub"):
        files = [file.read_bytes() for file in made.home(name).folder.glob("vigil.sqlite3*")]
        # The audit log keeps for its own time which files were taken in, by their SHA-256.
        assert not any(digests["pdq"] in data or digests["md5"] in data for data in files), name
        assert not any(b"telltale-folder" in data for data in files), name
    for name in ("hub", "FR", "JP", "BR"):
        assert "telltale-folder" not in made.log_text(name)
    assert "telltale-folder" not in json.dumps(lines_of("FR", "audit", "--limit", "1000"))
    assert made.run("FR", "fsck")[-1]["ok"]


def test_a_deletion_that_was_ordered_and_cut_short_goes_on_at_the_next_start(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    held = picture(tmp_path / "cut.jpg", 21)
    lines_of("BR", "ingest", str(held), "--case", "CUT", "--copy-originals")
    record = lines_of("BR", "contribute", "--case", "CUT")[0]["record"]
    in_step(made, "BR")
    (number,) = [line["holding"] for line in lines_of("BR", "holdings", "--case", "CUT") if "holding" in line]
    made.daemons.pop("BR").kill()
    store = open_node_store(made.home("BR").database, create=False)
    with store.write() as writer:
        holding = writer.holding(number)
        assert holding is not None
        writer.put_deletions([Deletion(holding=number, sha256=holding.sha256)])
    store.close()
    made.start("BR")
    in_step(made, "BR")
    lines_of("BR", "holdings", str(number), code=1)
    assert not [file for file in made.home("BR").originals.rglob("*") if file.is_file()]
    (line,) = lines_of("FR", "records", "--record", record)
    assert line["state"] == "purged"
