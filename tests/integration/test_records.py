"""Sharing and taking back beside running nodes: one by one, by the case, by a list, interrupted, restored, released."""

from __future__ import annotations

import base64
import csv
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node import app
from node.control.lines import item_line, subject_line
from node.domain.fingerprint_kinds import SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.holdings import IngestItem
from node.domain.queries import Subject
from node.errors import Refused
from tests.integration.pictures import picture
from tests.integration.processes import Federation, Line, environment, federation, secret, until, vigil
from tests.unit.usecases.desk import prints, whole_prints

Lines = Callable[..., list[Line]]
MANY = 1_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("records"), "FR", "JP", run=False) as running:
        running.settings = {"VIGIL_ROSTER_REFRESH_SECONDS": "1"}
        for name in ("FR", "JP"):
            running.start(name)
        until(lambda: running.attending() == 2, "both nodes hold their streams")
        yield running


@pytest.fixture
def lines_of(made: Federation) -> Lines:
    def run(name: str, *words: str, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, *words, "--json")
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def take_in(made: Federation, name: str, case: str, numbers: range) -> list[int]:
    """Made-up pictures, handed over as `ingest` does; their holdings."""
    items = [item_line(IngestItem(tag=n.to_bytes(32, "big"), label=str(n), prints=whole_prints(n))) for n in numbers]
    found = made.run(name, "ingest", {"case": case}, items)
    return [int(line["holding"]) for line in found if "holding" in line]


def hits_of(made: Federation, name: str, number: int) -> int:
    """How many hits a node has for the SHA-256 of a made-up picture."""
    subject = Subject(fingerprints=(Fingerprint(code=SHA256.code, value=prints(number).sha256),), label="it")
    return int(made.run(name, "match", {}, [subject_line(subject)])[-1]["hits"])


def follows(made: Federation, reader: str = "JP", of: str = "FR") -> None:
    until(lambda: made.size(reader, of) == made.size(of, of), f"{reader} has all of {of}'s log")


def test_a_holding_named_beside_its_case_is_one_record_and_more_than_ten_need_a_yes(
    made: Federation, lines_of: Lines
) -> None:
    ids = take_in(made, "FR", "NARROW", range(1, 13))
    (other,) = take_in(made, "FR", "ELSEWHERE", range(13, 14))
    dry = lines_of("FR", "contribute", "--case", "NARROW", "--holding", str(ids[3]), "--dry-run")
    assert (dry[-1]["would_contribute"], len(dry)) == (1, 2)
    one = lines_of("FR", "contribute", "--case", "NARROW", "--holding", str(ids[3]))
    assert [line.get("holding") for line in one] == [ids[3], None]
    assert (one[-1]["contributed"], one[-1]["published"]) == (1, 1)
    failed = lines_of("FR", "contribute", "--case", "NARROW", "--holding", str(other), code=1)
    assert f"holding {other} is held here, but does not belong to the case NARROW" in failed[-1]["error"]
    asked = lines_of("FR", "contribute", "--case", "NARROW", code=2)
    assert "11 records" in asked[-1]["error"]
    assert "--yes" in asked[-1]["remedy"]
    before = made.size("FR", "FR")
    done = lines_of("FR", "contribute", "--case", "NARROW", "--yes")
    assert (done[-1]["contributed"], done[-1]["skipped"]) == (11, 1)
    assert made.size("FR", "FR") == before + 11


def test_of_two_people_who_share_the_same_files_at_once_the_second_is_told(made: Federation, lines_of: Lines) -> None:
    take_in(made, "FR", "TWICE", range(20, 60))
    words = ("contribute", "--case", "TWICE", "--yes", "--json", "--category")
    command = [sys.executable, "-m", "node.cli.main", *words]
    both = [
        subprocess.Popen(
            [*command, category], env=environment(made.home("FR").folder), stdout=subprocess.PIPE, text=True
        )
        for category in ("uk-caid:1:A", "uk-caid:1:B")
    ]
    lines = [[json.loads(text) for text in each.communicate(timeout=120)[0].splitlines()] for each in both]
    summaries = [each[-1] for each in lines]
    assert sum(summary["contributed"] for summary in summaries) == 40
    assert sum(summary["differs"] for summary in summaries) == 40
    told = [line for each in lines for line in each if line.get("differs") == ["category"]]
    assert all(line["record"] and line["says"]["category"]["scheme"] == "uk-caid" for line in told)
    codes = [each.returncode for each in both]
    assert [code == 1 for code in codes] == [summary["differs"] > 0 for summary in summaries]


def test_a_manifest_shares_mixed_categories_or_nothing_and_every_field_is_shown_abroad(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    files = [picture(tmp_path / "in" / f"{n}.jpg", n) for n in (301, 302)]
    lines_of("FR", "ingest", str(tmp_path / "in"), "--case", "MIXED")
    digest = lines_of("FR", "fingerprint", str(files[1]))[0]["sha256"]
    rows = [
        [
            "file",
            "sha256",
            "category",
            "victim_identified",
            "offender_identified",
            "baseline",
            "series",
            "tags",
            "language",
        ],
        ["in/301.jpg", "", "uk-caid:1:A", "yes", "no", "yes", "Bridge", "river; dusk", "pt-BR"],
        ["", digest, "uk-caid:1:B", "", "", "", "", "", ""],
    ]
    manifest = tmp_path / "manifest.csv"

    def write(*more: list[str]) -> None:
        with manifest.open("w", newline="") as file:
            csv.writer(file).writerows([*rows, *more])

    write(["", "ab" * 32, "uk-caid:1:C", "", "", "", "", "", ""], ["in/none.jpg", "", "", "", "", "", "", "", ""])
    failed = lines_of("FR", "contribute", "--manifest", str(manifest), code=2)
    assert [line["line"] for line in failed if "line" in line] == [5]
    write(["", "ab" * 32, "uk-caid:1:C", "", "", "", "", "", ""])
    failed = lines_of("FR", "contribute", "--manifest", str(manifest), code=2)
    assert [line["line"] for line in failed if "line" in line] == [4]
    assert "nothing was shared" in failed[-1]["error"]
    write()
    assert lines_of("FR", "contribute", "--manifest", str(manifest), "--dry-run")[-1]["would_contribute"] == 2
    terms = ("--audience", "JP", "--handling-code", "2", "--retain-until", "2041-12-31", "--purpose", "prosecution")
    *shared, summary = lines_of("FR", "contribute", "--manifest", str(manifest), *terms)
    assert summary["contributed"] == 2
    follows(made)
    hit = lines_of("JP", "match", str(files[0]))[0]
    (whole,) = lines_of("JP", "records", "--record", str(hit["record"]))
    listed = next(
        line
        for line in lines_of("JP", "records", "--member", "FR", "--limit", "1000")
        if line.get("record") == hit["record"]
    )
    for line in (hit, whole, listed):
        assert line["category"] == {"scheme": "uk-caid", "version": "1", "code": "A", "baseline": "yes"}
        assert (line["victim_identified"], line["offender_identified"]) == ("yes", "no")
        assert (line["series"], line["tags"], line["language"]) == ("Bridge", ["river", "dusk"], "pt-BR")
        assert line["media_type"] == "image/jpeg"
        assert line["handling"] == {
            "audience": ["JP"],
            "purposes": ["prosecution"],
            "code": "2",
            "retain_until_day": 26_297,
            "retain_until": "2041-12-31",
        }
    home = made.home("JP").folder
    for words in (["match", str(files[0])], ["records", "--record", str(hit["record"])]):
        out = vigil(home, *words).stdout
        for text in (
            "uk-caid:1:A, baseline yes",
            "Bridge",
            "river, dusk",
            "pt-BR",
            "JP, for prosecution",
            "2041-12-31",
        ):
            assert text in out, (words, text, out)
    assert hit["cases"] is None, "the case is ours alone"
    own = lines_of("FR", "match", str(files[0]))[0]
    assert own["cases"] == ["MIXED"]
    evidence = tmp_path / "evidence"
    lines_of("JP", "export", str(hit["record"]), "--out", str(evidence))
    (proven,) = lines_of("JP", "verify", str(evidence))
    assert (proven["victim_identified"], proven["tags"], proven["language"]) == ("yes", ["river", "dusk"], "pt-BR")
    assert {line["record"] for line in shared} >= {hit["record"]}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--audience", "JP,QQ"], 2, "its members: FR, JP"),
        (["--language", "english"], 2, "a tag such as fr"),
        (["--tag", "a\x07b"], 2, "without control characters"),
    ],
)
def test_nonsense_is_refused_with_what_is_known(
    made: Federation, lines_of: Lines, words: list[str], code: int, says: str
) -> None:
    (holding,) = take_in(made, "FR", "NONSENSE", range(14, 15))
    line = lines_of("FR", "contribute", "--holding", str(holding), *words, code=code)[-1]
    assert says in line["remedy"]


def interrupted(made: Federation, name: str, *words: str) -> tuple[int, list[Line], str]:
    """Runs a command and presses Ctrl-C at its first line."""
    with subprocess.Popen(
        [sys.executable, "-m", "node.cli.main", *words, "--json"],
        env=environment(made.home(name).folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        first = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        # Not `communicate`: it reads past what `readline` has buffered, and loses those lines.
        rest, err = running.stdout.readlines(), running.stderr.read()
    return running.returncode, [json.loads(text) for text in [first, *rest]], err


@pytest.mark.parametrize("alone", [False, True], ids=["beside a daemon", "alone"])
def test_an_interrupted_contribution_says_what_was_shared_and_goes_on(made: Federation, alone: bool) -> None:
    start = 2_000 if alone else 1_000
    case = f"CTRL-C-{start}"
    take_in(made, "FR", case, range(start, start + MANY))
    before = made.run("FR", "records", {"mine": True, "limit": 1})[-1]["total"]
    if alone:
        made.stop("FR")
    try:
        code, lines, err = interrupted(made, "FR", "contribute", "--case", case, "--yes")
        *holdings, summary = lines
        assert code == 130, err
        assert summary["interrupted"] is True
        assert 0 < summary["contributed"] == len(holdings) < MANY
        assert summary["remaining"] == MANY - len(holdings)
        assert "vigil records --mine" in err
        assert "unexpected" not in err
        total = made.run("FR", "records", {"mine": True, "limit": 1})[-1]["total"]
        assert total - before == summary["contributed"]
        again = made.run("FR", "contribute", {"case": case, "yes": True})[-1]
        assert again["contributed"] == summary["remaining"]
        assert (again["queued"] > 0) is alone
    finally:
        if alone:
            made.start("FR")
            until(lambda: made.attending() == 2, "France is back")


@pytest.mark.parametrize("alone", [False, True], ids=["beside a daemon", "alone"])
def test_an_interrupted_match_says_what_was_searched(made: Federation, tmp_path: Path, alone: bool) -> None:
    known = prints(1).sha256.hex()
    hashes = tmp_path / "hashes"
    hashes.write_text("".join(f"sha256:{known}\n" for _ in range(30_000)))
    if alone:
        made.stop("FR")
    try:
        code, lines, err = interrupted(made, "FR", "match", "--hashes", str(hashes))
    finally:
        if alone:
            made.start("FR")
            until(lambda: made.attending() == 2, "France is back")
    assert code == 130, err
    assert lines[-1]["interrupted"] is True
    assert 0 < lines[-1]["subjects"] < 30_000
    assert "unexpected" not in err


def test_the_list_comes_in_pages_and_a_case_is_taken_back(made: Federation, lines_of: Lines, tmp_path: Path) -> None:
    take_in(made, "FR", "PAGES", range(100, 115))
    lines_of("FR", "contribute", "--case", "PAGES", "--yes")
    *shown, page = lines_of("FR", "records", "--mine", "--limit", "10")
    assert (len(shown), page["records"], page["next"]) == (10, 10, 10)
    out = vigil(made.home("FR").folder, "records", "--mine", "--limit", "10")
    assert f"showing 10 of {page['total']:,} records; the next: --after 10" in out.stderr
    mine = [line for line in lines_of("FR", "records", "--mine", "--limit", "100000") if line.get("cases") == ["PAGES"]]
    assert len(mine) == 15
    listed = tmp_path / "list"
    listed.write_text(f"# two of them\n{mine[0]['record']}\n{mine[1]['record'].partition('#')[2][:16]}\n")
    *gone, summary = lines_of("FR", "retract", "--file", str(listed), "--reason", "mistake")
    assert [line["record"] for line in gone] == [mine[0]["record"], mine[1]["record"]]
    assert (summary["retracted"], summary["published"]) == (2, 2)
    assert lines_of("FR", "retract", "--case", "PAGES", "--reason", "mistake", code=2)[-1]["kind"] == "usage"
    dry = lines_of("FR", "retract", "--case", "PAGES", "--reason", "mistake", "--dry-run")
    assert dry[-1]["would_retract"] == 13
    *gone, summary = lines_of("FR", "retract", "--case", "PAGES", "--reason", "mistake", "--yes")
    assert (len(gone), summary["retracted"], summary["published"]) == (13, 13, 13)
    follows(made)


def test_a_retraction_with_the_hub_away_says_that_it_waits_and_goes_out_later(
    made: Federation, lines_of: Lines
) -> None:
    take_in(made, "FR", "WAIT", range(310, 311))
    (line, _) = made.run("FR", "contribute", {"case": "WAIT"})
    follows(made)
    made.stop("hub")
    try:
        (told,) = lines_of("FR", "retract", str(line["record"]), "--reason", "mistake")
        assert (told["state"], told["publication"]) == ("retraction queued", "queued")
        assert told["why"]
        assert made.run("FR", "records", {"mine": True, "limit": 100_000})[-2]["publication"] == "queued"
        assert hits_of(made, "JP", 310) == 1
    finally:
        made.start("hub")
    until(lambda: hits_of(made, "JP", 310) == 0, "the retraction reached Japan")


def test_after_a_restore_the_same_files_are_not_shared_twice(made: Federation, lines_of: Lines, tmp_path: Path) -> None:
    backup = tmp_path / "fr.backup"
    made.run("FR", "backup", {"path": str(backup)})
    for number in range(320, 325):
        picture(tmp_path / "in" / f"{number}.jpg", number)
    lines_of("FR", "ingest", str(tmp_path / "in"), "--case", "AGAIN")
    assert lines_of("FR", "contribute", "--case", "AGAIN")[-1]["published"] == 5
    size = made.size("FR", "FR")
    made.stop("FR")
    home = made.home("FR")
    for file in home.folder.glob("vigil.sqlite3*"):
        file.unlink()
    app.restore_node(home, backup)
    made.start("FR")
    until(lambda: made.size("FR", "FR") == size, "France has its own entries again")
    lines_of("FR", "ingest", str(tmp_path / "in"), "--case", "AGAIN")
    *held, summary = lines_of("FR", "contribute", "--case", "AGAIN")
    assert {line["state"] for line in held} == {"contributed before"}
    assert (len(held), summary["contributed"]) == (5, 0)
    assert made.size("FR", "FR") == size
    mine = lines_of("FR", "records", "--mine", "--limit", "100000")
    assert sum(line.get("cases") == ["AGAIN"] for line in mine) == 5


@pytest.mark.parametrize("order", ["released, then retracted", "retracted while cut off, then released"])
def test_a_member_that_leaves_still_takes_its_record_back(made: Federation, order: str) -> None:
    """Its retraction reaches the others whenever it comes back, and it shares nothing new."""
    name, number = {
        "released, then retracted": ("BR", 330),
        "retracted while cut off, then released": ("CL", 340),
    }[order]
    made.join(name)
    made.sign()
    made.start(name)
    take_in(made, name, "LEAVES", range(number, number + 1))
    record = str(made.run(name, "contribute", {"case": "LEAVES"})[0]["record"])
    until(lambda: hits_of(made, "JP", number) == 1, "Japan has the record")

    def release() -> None:
        bundle = app.release_member(made.root / "authority", secret, name)
        made.run("hub", "admit", {"bundle": base64.b64encode(bundle).decode()})

    retraction = {"record": record, "reason": "mistake"}
    if name == "BR":
        release()
        until(lambda: made.status(name)["state"] == "left", "Brazil knows that it has left")
        (told,) = made.run(name, "retract", retraction)
        assert told["publication"] in {"queued", "published"}
    else:
        made.stop(name)
        (told,) = made.run(name, "retract", retraction)
        assert told["publication"] == "queued"
        assert "no node is running" in told["why"]
        release()
        made.start(name)
    until(lambda: hits_of(made, "JP", number) == 0, "the retraction reached Japan")
    take_in(made, name, "NEW", range(number + 1, number + 2))
    until(lambda: made.status(name)["state"] == "left", "it knows that it has left")
    with pytest.raises(Refused, match="has left the federation"):
        made.run(name, "contribute", {"case": "NEW"})
    for home in ("hub", "JP", name):
        assert made.run(home, "fsck")[-1]["ok"]
    made.stop(name)
