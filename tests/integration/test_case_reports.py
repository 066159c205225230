"""The report of a case that two countries worked on, as processes: the same file twice, and what a check says of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from tests.fonts import need_fonts
from tests.integration.pictures import picture
from tests.integration.processes import Federation, Line, federation, until, vigil

CASE = "2031-117"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("reports"), "FR", "JP") as running:
        yield running


def lines_of(made: Federation, name: str, *words: str) -> list[Line]:
    done = vigil(made.home(name).folder, *words, "--json")
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def report(made: Federation, out: Path, *more: str) -> bytes:
    (line,) = lines_of(made, "FR", "case", "report", CASE, "--out", str(out), *more)
    assert line["size"] == out.stat().st_size
    return out.read_bytes()


def sections(data: bytes) -> dict[str, Any]:
    return {each["name"]: each for each in json.loads(data)["content"]["sections"]}


def test_a_case_is_reported_in_every_format_and_checked(made: Federation, tmp_path: Path) -> None:
    held = [picture(tmp_path / "held" / f"{n}.jpg", n) for n in range(2)]
    lines_of(made, "FR", "ingest", str(tmp_path / "held"), "--case", CASE)
    folder = tmp_path / "japan"
    folder.mkdir()
    shutil.copy(held[0], folder / "copy.jpg")
    lines_of(made, "JP", "ingest", str(folder), "--case", "SHARED")
    lines_of(made, "JP", "contribute", "--case", "SHARED")
    until(lambda: made.status("FR")["hits"]["total"] == 1, "the hit is counted")
    lines_of(made, "FR", "query", str(held[1]), "--case", CASE, "--legal-basis", "art. 706-47")
    (entity,) = lines_of(made, "FR", "entity", "add", "victim", "Blue coat", "--case", CASE)
    number = str(entity["entity"])
    lines_of(made, "FR", "entity", "link", number, "1", "2", "--role", "depicted", "--certainty", "probable")
    lines_of(made, "FR", "entity", "note", number, "seen at the lake")
    (holding,) = lines_of(made, "FR", "holdings", "1")
    assert holding["entities"] == [entity["entity"]]

    first = report(made, tmp_path / "first.json")
    assert report(made, tmp_path / "second.json") == first
    said = sections(first)
    counts = {name: section["total"] for name, section in said.items()}
    expected = {"taken_in": 2, "found": 1, "asked": 1, "answered": 1, "contributed": 0, "entities": 1}
    assert counts.items() >= (expected | {"entity_notes": 1, "entity_links": 2}).items()
    assert b".jpg" not in first
    with_paths = report(made, tmp_path / "paths.json", "--with-paths")
    assert str(held[0]) in sections(with_paths)["taken_in"]["rows"][0][-1]

    need_fonts()
    report(made, tmp_path / "case.pdf")
    with pikepdf.open(tmp_path / "case.pdf") as pdf:
        assert len(pdf.pages) >= 1
    assert b"<script" not in report(made, tmp_path / "case.html")
    for name in ("first.json", "case.pdf", "case.html"):
        (checked,) = lines_of(made, "FR", "case", "report", "--check", str(tmp_path / name))
        assert (checked["case"], checked["changed"]) == (CASE, False)
    lines_of(made, "FR", "entity", "change", number, "--status", "identified")
    (checked,) = lines_of(made, "FR", "case", "report", "--check", str(tmp_path / "case.pdf"))
    assert checked["changed"]
    (tmp_path / "case.html").write_bytes(b"another")
    assert vigil(made.home("FR").folder, "case", "report", "--check", str(tmp_path / "case.html")).returncode == 1
    written = [line for line in lines_of(made, "FR", "audit", "--limit", "60") if line.get("what") == "case report"]
    assert len(written) == 5
    assert all(line["sha256_of_file"] for line in written)
    assert "Blue coat" not in made.log_text("FR")
