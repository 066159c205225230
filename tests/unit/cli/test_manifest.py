"""A manifest is read strictly: every fault is told with its line, and one fault uses nothing."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from node.cli.manifest import MAX_CELL, read_manifest
from node.errors import Misuse
from tests.unit.cli.conftest import Node, Vigil

DIGEST = "AB" * 32


def write(folder: Path, text: str) -> Path:
    file = folder / "manifest.csv"
    file.write_bytes(text.encode("utf-8"))
    return file


def test_rows_name_a_file_beside_the_manifest_or_a_digest_and_say_what_is_said(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"one")
    file = write(
        tmp_path,
        "\ufefffile,sha256,md5,Category,baseline,series,tags,victim_identified,offender_identified,language\r\n"
        'one.jpg,,,uk-caid:1:B,yes,"Bridge, ""new""",river; dusk,yes,no,pt-BR\r\n'
        "\r\n"
        f",{DIGEST},,,,,,,,\r\n"
        f",,{DIGEST[:32]},,,,,unknown,,\r\n",
    )
    manifest = read_manifest(file)
    assert manifest.faults == []
    assert manifest.rows == [
        {
            "line": 2,
            "sha256": hashlib.sha256(b"one").hexdigest(),
            "category": "uk-caid:1:B",
            "baseline": "yes",
            "series": 'Bridge, "new"',
            "tags": ["river", "dusk"],
            "victim_identified": "yes",
            "offender_identified": "no",
            "language": "pt-BR",
        },
        {"line": 4, "sha256": DIGEST.lower()},
        {"line": 5, "md5": DIGEST[:32].lower(), "victim_identified": "unknown"},
    ]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (f"{DIGEST},x", "3 columns"),
        (f"{DIGEST},,x,", "3 columns"),
        (",uk-caid:1:B,", "no file and no digest"),
        ("ab,uk-caid:1:B,", "not 64 hex digits"),
        (f"{DIGEST},B,", "SCHEME:VERSION:CODE"),
        (f"{DIGEST},,maybe", "write yes, no or unknown"),
        (f"{DIGEST},{'x' * (MAX_CELL + 1)},", "characters"),
    ],
)
def test_a_faulty_row_is_told_with_its_line(tmp_path: Path, row: str, says: str) -> None:
    manifest = read_manifest(write(tmp_path, f"sha256,category,baseline\n{DIGEST},,\n{row}\n{DIGEST},,\n"))
    ((line, fault),) = manifest.faults
    assert line == 3
    assert says in fault
    assert len(manifest.rows) == 2


def test_a_file_that_cannot_be_read_is_a_fault_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    manifest = read_manifest(write(tmp_path, "file\nnone.jpg\nfolder\npipe\na\0b\n"))
    assert [line for line, _ in manifest.faults] == [2, 3, 4, 5]


def test_a_row_names_one_thing(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"one")
    manifest = read_manifest(write(tmp_path, f"file,sha256\none.jpg,{DIGEST}\n"))
    assert manifest.faults == [(2, "it names file and sha256: give one of them")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("sha256\n", "has no rows"),
        ("sha256,colour\nx,y\n", "unknown column 'colour'"),
        ("sha256;category\nx;y\n", "separate the columns by commas"),
        ("sha256,sha256\nx,y\n", "twice"),
        ("category\nuk-caid:1:B\n", "no column names a file or a digest"),
        ('sha256\n"ab"c\n', "not CSV"),
    ],
)
def test_what_is_no_manifest_is_a_usage_error(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Misuse, match=says):
        read_manifest(write(tmp_path, text))
    (tmp_path / "latin.csv").write_bytes(b"file\n\xe9.jpg\n")
    with pytest.raises(Misuse, match="UTF-8"):
        read_manifest(tmp_path / "latin.csv")
    with pytest.raises(Misuse, match="no such file"):
        read_manifest(tmp_path / "none.csv")


def test_the_command_tells_every_faulty_line_and_asks_the_node_nothing(
    vigil: Vigil, node: Node, tmp_path: Path
) -> None:
    file = write(tmp_path, "sha256\nab\ncd\n")
    ran = vigil("contribute", "--manifest", file, "--json")
    assert ran.code == 2
    assert [line["line"] for line in ran.lines if "line" in line] == [2, 3]
    assert "2 lines of the manifest" in ran.lines[-1]["error"]
    assert node.calls == []
