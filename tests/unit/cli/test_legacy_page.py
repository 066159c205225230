"""docs/IMPORT-LEGACY.md: its export and its mapping are read as the page says, and nothing of them is lost."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from node.cli.list_maps import columns_of
from node.domain.references import Fault, Item, ListHead, Notice, Reference
from node.domain.statements import Tri
from node.errors import Misuse
from node.interop.column_roles import ROLES, read_mapping
from node.interop.reading import Choices
from node.interop.tables import FORMAT
from tests.unit.cli.conftest import Vigil

PAGE = (Path(__file__).parents[3] / "docs" / "IMPORT-LEGACY.md").read_text()


def block(kind: str) -> str:
    """The text of the first block of that kind on the page."""
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


Read = Callable[..., list[Item]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    saved = tmp_path / "icaid.map"
    saved.write_text(block("ini"))

    def rows(coding: str = "utf-8", scheme: str = "icaid") -> list[Item]:
        choices = Choices(columns=columns_of([str(saved)]), scheme=scheme, scheme_version="2008")
        return list(FORMAT.read([block("csv").encode(coding)], choices))

    return rows


def test_the_command_of_the_page_takes_the_export(
    vigil: Vigil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("icaid.csv").write_text(block("csv"))
    Path("icaid.map").write_text(block("ini"))
    found = re.search(r"^vigil (import .*--dry-run icaid.csv)$", PAGE, re.MULTILINE)
    assert found
    ran = vigil(*found[1].split(), "--json")
    summary = json.loads(ran.out.splitlines()[-1])
    assert (summary["format"], summary["seen"], summary["records"], summary["scheme"]) == ("csv", 5, 4, "icaid")
    assert [(each["line"], each["reason"]) for each in summary["rejected"]] == [(7, "no usable hash")]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "windows-1252"])
def test_the_rows_become_what_the_page_says(read: Read, coding: str) -> None:
    given = read(coding)
    rows = {row.at.line: row for row in given if isinstance(row, Reference)}
    assert sorted(rows) == [2, 3, 5, 6]
    assert [(fault.at.line, fault.reason) for fault in given if isinstance(fault, Fault)] == [(7, "no usable hash")]
    assert [notice.code for notice in given if isinstance(notice, Notice)] == ["unknown-field", "bad-flag"]
    first = rows[2]
    assert (len(first.md5), len(first.sha1), first.code, first.series, first.id) == (16, 20, "1", "Harbour", "1")
    assert (first.victim_identified, first.offender_identified) == (Tri.YES, Tri.NO)
    assert rows[3].offender_identified == rows[6].victim_identified == Tri.UNKNOWN
    assert (rows[5].md5, rows[5].code) == (b"", None)
    assert rows[6].warnings == ("bad-flag",)
    [head] = [item for item in given if isinstance(item, ListHead)]
    assert (head.scheme, head.scheme_version) == ("icaid", "2008")


@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "windows-1252"])
def test_no_cell_of_a_row_is_lost(read: Read, coding: str) -> None:
    rows = [row for row in read(coding) if isinstance(row, Reference)]
    written = [row for row in csv.DictReader(io.StringIO(block("csv")), delimiter=";") if row["MD5"] or row["SHA-1"]]
    assert [json.loads(row.said) for row in rows] == written


def test_nothing_that_stays_on_the_node_stands_in_what_is_told(read: Read) -> None:
    words = [str(item) for item in read() if not isinstance(item, Reference)]
    secrets = [cell for row in csv.reader(io.StringIO(block("csv")), delimiter=";") for cell in row if len(cell) > 5]
    names = block("csv").partition("\n")[0].split(";")
    assert not [secret for secret in secrets if secret not in names and any(secret in each for each in words)]


def test_codes_without_a_scheme_are_told(read: Read) -> None:
    assert "category-without-scheme" in [notice.code for notice in read(scheme="") if isinstance(notice, Notice)]


def test_the_page_names_every_role() -> None:
    assert [role for role in ROLES if f"`{role}`" not in PAGE] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("MD5 : md5", "line 1 of the mapping is no COLUMN = ROLE"),
        ("a = md5\nb = colour", "line 2 of the mapping is no COLUMN = ROLE"),
        ("a = md5\n\n# x\na = sha1", "line 4 of the mapping names a column that another line names too"),
        (" = md5", "line 1"),
        ("a = md5\n" * 20_000, "too long"),
    ],
)
def test_a_mapping_that_is_none_is_named_by_its_line(text: str, why: str) -> None:
    with pytest.raises(Misuse, match=why):
        read_mapping(text)


def test_a_column_with_a_sign_of_equality_in_its_name_may_be_mapped() -> None:
    assert read_mapping("\ufeffa = b = md5\r\n 2=sha1 \n") == {"a = b": "md5", "2": "sha1"}
