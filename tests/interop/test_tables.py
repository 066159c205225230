"""Traps of tables and plain lists: quotes, widths, mappings, codings, long lines, and what is told of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.references import EndsEarly, Fault, Ignored, Item, ListHead, Notice, Reference
from node.errors import Misuse
from node.interop import table_rows
from node.interop.formats import FORMATS, format_of
from node.interop.hash_tables import BAD_QUOTE, OPEN_QUOTE, TOO_LONG
from node.interop.reading import Broken, Choices, Unwelcome
from node.interop.table_references import TOO_MANY

M, N, S, L = "ab" * 16, "ac" * 16, "cd" * 20, "e1" * 32
TWELVE = (
    "MD5;SHA1;PhotoDNA;Image ID;Is distributed;Victim identified;Offender identified;Series name;"
    "Number of submissions;File Available;Media Type;Baseline"
)


def read(data: str | bytes, name: str = "csv", choices: Choices | None = None) -> list[Item]:
    raw = data if isinstance(data, bytes) else data.encode()
    return list(FORMATS[name].read([raw], choices or Choices()))


def rows(items: list[Item]) -> list[Reference]:
    return [item for item in items if isinstance(item, Reference)]


def faults(items: list[Item]) -> list[tuple[int, str]]:
    return [(item.at.line, item.reason) for item in items if isinstance(item, Fault)]


def codes(items: list[Item]) -> list[str]:
    return [item.code for item in items if isinstance(item, Notice)]


# --- how a format is found --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "one-per-line"),
        ("\n# only a comment\n", "one-per-line"),
        (f"{M}\n", "one-per-line"),
        (f"0x{M}\nhello\n{M}\n", "one-per-line"),
        (f"pdq:{L}\n", "one-per-line"),
        (f"{M}  boat, md5, x.jpg\n", "md5sum"),
        (f"\\{S} *a\\nb\n", "sha1sum"),
        (f"{L}\tboat.jpg\n", "sha256sum"),
        (f"SHA512 (x) = {'ab' * 64}\nMD5 (x) = {M}\n", "bsd-tag"),
        (f"MD5\n{M}\n", "csv"),
        (f'sep=;\n"a";"SHA-256 hash"\n1;{L}\n', "csv"),
        (f"# made up\nname\tmd5\nx\t{M}\n", "csv"),
        (TWELVE + "\n", "icse"),
        (TWELVE.upper().replace(";", '";"').join('""') + "\r\n", "icse"),
        ("%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n", "hashdeep"),
        ("signal_type,signal_str,collab,category,tags\n", "threatexchange-csv"),
        (f"video_md5 {M}\n", "threatexchange-file"),
        (f"pdq\t{L}\n", "threatexchange-file"),
        (f"{'ab' * 64}  boat.jpg\n", "one-per-line"),
        (f"{L},2880742865368386,2024-01-01T18:47:52+0000,a b\n", "hma-csv"),
        ("SHA-1,MD5,CRC32,FileName,FileSize,ProductCode,OpSystemCode,SpecialCode\r\n", "nsrl-v2"),
        ("sha256;sha1;md5;crc32;file_name;file_size;package_id\n", "nsrl-v2"),
    ],
)
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_format_is_told_by_its_first_lines_in_any_coding(text: str, name: str, coding: str) -> None:
    assert format_of(text.encode(coding)).name == name


@pytest.mark.parametrize(
    "data",
    [
        b"hello\nworld\n",
        b'{"md5": "' + M.encode() + b'"}',
        b"<md5>" + M.encode() + b"</md5>",
        b"a,b,c\n1,2,3\n",
        b"\x00\x01\x02",
        b"SQLite format 3\0" + bytes(100),
        b"PK\x03\x04" + bytes(30),
    ],
)
def test_what_is_none_of_them_is_not_guessed_at(data: bytes) -> None:
    with pytest.raises(Unwelcome, match="not recognised"):
        format_of(data)


@pytest.mark.parametrize(
    "data",
    [
        b"SQLite format 3\0" + bytes(84) + b"CREATE TABLE FILE(sha256, package_id)",
        b"PK\x03\x04" + bytes(26) + b"NSRLFile.txt",
        b"SHA-1,MD5,CRC32,FileName,FileSize,ProductCode,OpSystemCode,SpecialCode\n",
    ],
)
def test_a_list_of_harmless_files_is_refused(data: bytes) -> None:
    with pytest.raises(Unwelcome, match="harmless") as refused:
        list(format_of(data).read([data], Choices()))
    assert "do not import" in refused.value.remedy


# --- rows that are not whole ------------------------------------------------------------------------------------------


def test_an_open_quotation_mark_costs_its_own_row_alone() -> None:
    given_items = read(f'md5;series\n{M};"open\n{N};b\n')
    assert faults(given_items) == [(2, OPEN_QUOTE)]
    assert [(row.at.line, row.series) for row in rows(given_items)] == [(3, "b")]


def test_a_quotation_mark_after_a_quoted_cell_costs_its_own_row_alone() -> None:
    given_items = read(f'md5;series\n"{M}"x;a\n{N};b\n')
    assert faults(given_items) == [(2, BAD_QUOTE)]
    assert [row.at.line for row in rows(given_items)] == [3]


def test_a_cell_may_have_as_many_lines_as_a_spreadsheet_allows() -> None:
    remark = "\n" * 3_000 + 'end ""quoted"";'
    [row] = rows(read(f'md5;remarks;series\n{M};"{remark}";z\n'))
    assert row.series == "z"
    assert json.loads(row.said)["remarks"] == remark.replace('""', '"')


def test_many_open_quotation_marks_do_not_take_the_square_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_rows, "_PATIENCE", 2_000)
    count = 5_000
    given_items = read("md5;series\n" + f'{M};"open {N}\n' * (count - 1) + f"{M};last\n")
    assert len(faults(given_items)) + len(rows(given_items)) == count


def test_a_line_that_is_too_long_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_rows, "LONGEST_ROW", 1_000)
    given_items = read(f"md5;name\n{M};{'x' * 2_000}\n{N};b\n")
    assert faults(given_items) == [(2, TOO_LONG)]
    assert [row.at.line for row in rows(given_items)] == [3]
    plain = read(f"{'x' * 70_000}\n{M}\n", "md5sum")
    assert (faults(plain), [row.at.line for row in rows(plain)]) == ([(1, TOO_LONG)], [2])


def test_a_row_with_a_surplus_cell_that_says_something_is_no_row() -> None:
    given_items = read(f"md5;series\n{M};a;b\n{N};a;;\n")
    assert faults(given_items) == [(2, TOO_MANY)]
    assert codes(given_items) == ["columns-differ"]


def test_a_table_that_ends_within_a_row_ends_early() -> None:
    given_items = read(f"md5;series\n{M};a\n{N[:20]}")
    assert [row.at.line for row in rows(given_items)] == [2]
    assert isinstance(given_items[-1], EndsEarly)
    assert given_items[-1].at.line == 3


def test_a_last_row_without_a_line_end_is_a_row() -> None:
    assert len(rows(read(f"md5;series\n{M};a\n{N};b"))) == 2


@settings(max_examples=100)
@given(st.text(st.sampled_from(list('";,\n\r#=ab')), max_size=60))
def test_every_row_of_hostile_text_is_given_or_told(text: str) -> None:
    given_items = read(f"md5;x\n{text}\n{M};last\n")
    assert any(row.md5.hex() == M for row in rows(given_items)) or faults(given_items)
    # Nothing but a quotation mark joins the last line to another one.
    assert '"' in text or [row.md5.hex() for row in rows(given_items)] == [M]


# --- what columns mean ------------------------------------------------------------------------------------------------


def test_a_mapping_comes_before_the_names_of_columns() -> None:
    choices = Choices(columns={"md5": "keep", "other": "md5", "3": "tags", " TAGS-2 ": "tags"})
    [row] = rows(read(f"md5,other,x,tags 2\n{N},{M},a,b\n", choices=choices))
    assert (row.md5.hex(), row.tags) == (M, "a, b")
    assert json.loads(row.said) == {"md5": N, "other": M, "x": "a", "tags 2": "b"}


def test_a_table_without_names_is_read_by_numbers() -> None:
    given_items = read(f"{M};x;1\n{N};y;2\n", choices=Choices(columns={"1": "md5", "3": "category"}, scheme="a"))
    assert [(row.md5.hex(), row.code, row.at.line) for row in rows(given_items)] == [(M, "1", 1), (N, "2", 2)]


@pytest.mark.parametrize(
    ("columns", "error", "why"),
    [
        ({"zz": "md5"}, Unwelcome, "no column 'zz'"),
        ({"9": "md5"}, Unwelcome, "no column '9'"),
        ({"a": "colour"}, Misuse, "cannot hold 'colour'"),
        ({"a": "series"}, Unwelcome, "no column of the table is said to hold a hash"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(columns: dict[str, str], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        read("a,b\n1,2\n", choices=Choices(columns=columns))


def test_a_table_whose_columns_say_nothing_asks_for_a_mapping() -> None:
    with pytest.raises(Broken) as refused:
        read("a,b\n1,2\n")
    assert "--map" in refused.value.remedy


def test_columns_of_one_name_are_all_kept() -> None:
    [row] = rows(read(f"md5,x,x,\n{M},1,2,3\n"))
    assert list(json.loads(row.said).values()) == [M, "1", "2", "3"]


def test_two_columns_that_contradict_each_other_give_neither() -> None:
    [row] = rows(read(f"md5,md5 hash,sha1,victim,victim identified\n{M},{N},{S},yes,no\n"))
    assert (row.md5, row.sha1.hex(), row.victim_identified.name) == (b"", S, "UNKNOWN")
    assert set(row.warnings) == {"conflicting-hash", "bad-flag"}


def test_a_hash_of_a_kind_that_is_not_searched_is_told() -> None:
    [row] = rows(read(f"md5,SHA-512,ssdeep,zz40\n{M},{'ab' * 64},,{N}\n"))
    assert row.not_searched == ("SHA-512", "zz40")


def test_the_kind_of_a_hash_may_stand_in_another_column() -> None:
    given_items = read(f"algorithm,hash\nSHA-256,{L}\npdq,{L}\n,{L}\nBLAKE3,{L}\n")
    assert [(bool(row.sha256), bool(row.pdq)) for row in rows(given_items)] == [
        (True, False),
        (False, True),
        (True, False),
    ]
    assert codes(given_items) == ["assumed-kind"]
    assert [line for line, _ in faults(given_items)] == [5]


@pytest.mark.parametrize(
    ("cell", "quality", "warnings"), [("77", 77, ()), ("101", -1, ("bad-pdq-quality",)), ("", -1, ())]
)
def test_the_quality_of_a_pdq(cell: str, quality: int, warnings: tuple[str, ...]) -> None:
    [row] = rows(read(f"pdq,quality\n{L},{cell}\n"))
    assert (row.pdq_quality, row.warnings) == (quality, warnings)


def test_bytes_that_are_no_utf8_are_read_as_windows_1252() -> None:
    [row] = rows(read(f"md5;series\n{M};caf".encode() + b"\xe9 \x80 \x81\n"))
    assert row.series == "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{EURO SIGN} \x81"
    row.said.encode()


def test_a_comment_in_a_table_is_no_row_and_a_row_may_begin_as_a_comment() -> None:
    given_items = read(f"name;md5\n# made up\n#1;{M}\n")
    assert (faults(given_items), [row.at.line for row in rows(given_items)]) == ([], [3])


# --- plain lists ------------------------------------------------------------------------------------------------------


def test_a_list_of_nul_ended_lines_is_read() -> None:
    given_items = read(f"{M}  a\nb\0{N} *c\0", "md5sum")
    assert [(row.at.line, row.at.offset) for row in rows(given_items)] == [(1, 0), (2, 38)]


def test_kinds_that_are_not_searched_are_counted_by_their_names() -> None:
    given_items = read(f"SHA512 (x) = {'ab' * 64}\nphash:{'0f' * 8}\nMD5 (x) = {M}\n", "bsd-tag")
    assert [item.what for item in given_items if isinstance(item, Ignored)] == ["SHA512", "phash"]
    assert codes(given_items) == ["not-searched"]


def test_a_name_that_looks_like_a_hash_is_not_repeated() -> None:
    given_items = read(f"a{M}: x\n{M}x ({N}) = 1\n{M} ; comment\n", "one-per-line")
    assert not rows(given_items)
    assert not [item for item in given_items if not isinstance(item, ListHead) and M[:16] in str(item)]


def test_a_list_of_a_kind_that_is_not_searched_has_no_rows() -> None:
    given_items = read(f"{'ab' * 64}  boat.jpg\n{M}  other.jpg\n", "one-per-line")
    assert (faults(given_items), len(rows(given_items))) == ([(1, "no usable hash")], 1)


def test_hashdeep_of_other_columns_in_the_middle_is_told() -> None:
    head = "%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n"
    given_items = read(f"{head}1,{M},a\n{head}2,{N},b\n%%%% size,sha1,filename\n3,{S},c\n", "hashdeep")
    assert [row.md5.hex() for row in rows(given_items)] == [M, N]
    assert faults(given_items) == [(7, "other columns than at the start"), (8, "no usable hash")]


def test_hma_takes_64_digits_for_a_pdq() -> None:
    stamp = "2020-07-31T18:47:52+0000"
    given_items = read(f"{L},28,{stamp},a b\n{M},1,2,{stamp},c\n{S[:5]},1,{stamp},d\n", "hma-csv")
    assert [(row.pdq.hex() or row.md5.hex(), row.tags) for row in rows(given_items)] == [(L, "a b"), (M, "c")]
    assert faults(given_items) == [(3, "no usable hash")]
