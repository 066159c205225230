"""`vigil case report`: nothing is overwritten, nothing half written stays, and a file is checked by its digest."""

from __future__ import annotations

import base64
import hashlib
import stat
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Line, Node, Vigil

PIECES = (b"%PDF", b" of a case")
DATA = b"".join(PIECES)
DIGEST = hashlib.sha256(DATA).hexdigest()


def lines_of(digest: str = DIGEST) -> list[Line]:
    last = {"case": "2031-117", "format": "pdf", "size": len(DATA), "sha256": digest, "content_sha256": "cd" * 32}
    return [*({"data": base64.b64encode(each).decode()} for each in PIECES), last | {"audit_entry": 41}]


def checked(**how: object) -> list[Line]:
    line: Line = {"case": "2031-117", "format": "pdf", "made_at": 1_795_944_238, "officer": "K. Sato"}
    return [line | {"audit_entry": 41, "case_here": True, "changed": False} | how]


def test_a_report_is_written_for_its_owner_alone(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["case-report"] = lines_of()
    out = tmp_path / "case.PDF"
    ran = vigil("case", "report", "2031-117", "--out", out, "--rows", "20", "--with-paths")
    assert ran.code == 0, ran.err
    assert out.read_bytes() == DATA
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert node.call("case-report").arguments == {"case": "2031-117", "format": "pdf", "rows": 20, "paths": True}
    assert DIGEST in ran.out
    assert "entry 41" in ran.out


def test_all_rows_are_listed_on_request(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["case-report"] = lines_of()
    (line,) = vigil("case", "report", "A", "--out", tmp_path / "a.html", "--all", "--json").lines
    assert node.call("case-report").arguments["rows"] == 0
    assert line["path"] == str(tmp_path / "a.html")


def test_a_file_that_exists_is_not_overwritten(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    out = tmp_path / "case.json"
    out.write_text("mine")
    assert vigil("case", "report", "A", "--out", out).code == 2
    assert out.read_text() == "mine"
    assert node.calls == []


@pytest.mark.parametrize("lines", [lines_of()[:1], lines_of("00" * 32)])
def test_a_report_that_did_not_arrive_whole_leaves_no_file(
    vigil: Vigil, node: Node, tmp_path: Path, lines: list[Line]
) -> None:
    node.answers["case-report"] = lines
    folder = tmp_path / "out"
    folder.mkdir()
    assert vigil("case", "report", "A", "--out", folder / "case.pdf").code == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "words", [(), ("A",), ("--out", "a.pdf"), ("A", "--out", "a.docx"), ("A", "--check", "a.pdf"), ("A", "--rows", "0")]
)
def test_what_does_not_go_together_is_a_usage_error(vigil: Vigil, node: Node, words: tuple[str, ...]) -> None:
    assert vigil("case", "report", *words).code == 2
    assert node.calls == []


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, "has not changed since"),
        ({"changed": True}, "has changed since"),
        ({"case_here": False, "changed": None}, "no longer on this node"),
    ],
)
def test_a_check_sends_the_digest_and_tells_what_is_known(
    vigil: Vigil, node: Node, tmp_path: Path, how: Line, said: str
) -> None:
    file = tmp_path / "case.pdf"
    file.write_bytes(DATA)
    node.answers["case-report-check"] = checked(**how)
    ran = vigil("case", "report", "--check", file)
    assert node.call("case-report-check").arguments == {"sha256": DIGEST}
    assert "K. Sato" in ran.out
    assert said in ran.out


def test_a_file_that_is_not_there_cannot_be_checked(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    assert vigil("case", "report", "--check", tmp_path / "none.pdf").code == 1
    assert node.calls == []
