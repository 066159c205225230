"""Lists of hashes: each is written as the tool writes it, by an own writer, and read back."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.fingerprint_kinds import MD5, PDQ, PHASH, SHA1, SHA256, FingerprintKind
from node.interop.hash_lists import BadLine, Listed, read_hash_list
from tests.conftest import absent

M, S, L = "ab" * 16, "cd" * 20, "ef" * 32
DIGESTS = (MD5, SHA1, SHA256)
ENDS = ("\n", "\r", "\r\n")
CODINGS = ("utf-8", "utf-8-sig", "utf-16")  # utf-16: with its mark


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def read(text: str | bytes, algorithm: FingerprintKind | None = None, size: int = 7) -> list[Listed | BadLine]:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return list(read_hash_list(cut(data, size), algorithm))


def told(text: str | bytes, algorithm: FingerprintKind | None = None) -> list[tuple[int, dict[str, str], str]]:
    """(line, hashes, name) of every line, all of them good."""
    found = []
    for each in read(text, algorithm):
        assert isinstance(each, Listed), each
        found.append((each.line, {p.kind.name: p.value.hex() for p in each.fingerprints if p.kind}, each.name))
    return found


names = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), min_size=1, max_size=40).filter(
    lambda name: name.strip() and not name.startswith(("*", " "))
)
any_names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40).filter(
    lambda name: name.strip() and not name.startswith(("*", " "))
)
things = st.tuples(st.sampled_from(DIGESTS), st.binary(min_size=32, max_size=32)).map(
    lambda pair: (pair[0], pair[1][: pair[0].size].hex())
)
rows = st.lists(st.tuples(things, names), min_size=1, max_size=6)
styles = st.tuples(st.sampled_from(ENDS), st.sampled_from(CODINGS))


def joined(lines: list[str], style: tuple[str, str]) -> bytes:
    return (style[0].join(lines) + style[0]).encode(style[1])


def expected(given_rows: list[tuple[tuple[FingerprintKind, str], str]], first: int = 1) -> list[object]:
    return [
        (number, {kind.name: digits}, name) for number, ((kind, digits), name) in enumerate(given_rows, start=first)
    ]


@given(rows, styles, st.sampled_from(("  ", " *", "\t")))
def test_what_md5sum_and_its_kin_write_is_read(
    written: list[tuple[tuple[FingerprintKind, str], str]], style: tuple[str, str], gap: str
) -> None:
    lines = [f"{digits}{gap}{name}" for (_, digits), name in written]
    assert told(joined(lines, style)) == expected(written)


@given(st.lists(st.tuples(things, any_names), min_size=1, max_size=5))
def test_names_are_read_as_coreutils_escapes_them(written: list[tuple[tuple[FingerprintKind, str], str]]) -> None:
    lines = []
    for (_, digits), name in written:
        escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        mark = "\\" if escaped != name else ""
        lines.append(f"{mark}{digits}  {escaped}")
    assert told("\n".join(lines)) == expected(written)


@given(rows, styles, st.booleans())
def test_what_bsd_md5_and_openssl_write_is_read(
    written: list[tuple[tuple[FingerprintKind, str], str]], style: tuple[str, str], openssl: bool
) -> None:
    called = {MD5: "MD5", SHA1: "SHA1", SHA256: "SHA2-256" if openssl else "SHA256"}
    form = "{}({})= {}" if openssl else "{} ({}) = {}"
    assert told(joined([form.format(called[kind], name, d) for (kind, d), name in written], style)) == expected(written)


@given(st.lists(st.tuples(things, any_names), min_size=1, max_size=5))
def test_what_is_written_between_nul_characters_is_read(
    written: list[tuple[tuple[FingerprintKind, str], str]],
) -> None:
    assert told("".join(f"{digits}  {name}\0" for (_, digits), name in written)) == expected(written)


@given(rows, styles)
def test_what_hashdeep_writes_is_read_and_a_line_is_one_thing(
    written: list[tuple[tuple[FingerprintKind, str], str]], style: tuple[str, str]
) -> None:
    head = ["%%%% HASHDEEP-1.0", "%%%% size,md5,sha256,filename", "## Invoked from: /evidence", "## "]
    lines = [f"{at},{M},{L},{name}" for at, (_, name) in enumerate(written)]
    found = told(joined([*head, *lines], style))
    assert found == [(5 + at, {"md5": M, "sha256": L}, name) for at, (_, name) in enumerate(written)]


@given(
    st.lists(st.tuples(any_names, st.booleans(), st.booleans()), min_size=1, max_size=6),
    st.sampled_from(CODINGS),
    st.sampled_from((",", "\t", ";", "|")),
    st.sampled_from(("\n", "\r\n")),
)
def test_a_table_is_read_by_the_names_of_its_columns(
    written: list[tuple[str, bool, bool]], coding: str, delimiter: str, end: str
) -> None:
    out = io.StringIO(newline="")
    # Quoted, as a spreadsheet does for a name that could be a comment.
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["File Name", "MD5 Hash", "size", "sha-1", "PDQ", "pdq_quality"])
    for name, md5, pdq in written:
        writer.writerow([name, M.upper() if md5 else "", "17", S, L if pdq else "", "77"])
    found = read(out.getvalue().encode(coding), size=11)
    assert all(isinstance(each, Listed) for each in found)
    got = [
        ({p.kind.name: (p.value.hex(), p.quality) for p in each.fingerprints if p.kind}, each.name)
        for each in found
        if isinstance(each, Listed)
    ]
    wanted = [
        (
            ({"md5": (M, None)} if md5 else {}) | {"sha1": (S, None)} | ({"pdq": (L, 77)} if pdq else {}),
            name.replace("\r\n", "\n").replace("\r", "\n"),
        )
        for name, md5, pdq in written
    ]
    assert got == wanted


@pytest.mark.parametrize(
    "header",
    ["sha256", "SHA-256", "sha256sum", "hash_sha256", "SHA256 Hash", "Name,SHA256", "path\tsha2-256\tsize"],
)
def test_a_column_of_sha256_is_told_by_its_name(header: str) -> None:
    cells = [L if "256" in name else "1" for name in re.split(r"[,\t]", header)]
    [(line, found, _)] = told(header + "\n" + ("\t" if "\t" in header else ",").join(cells))
    assert (line, found) == (2, {"sha256": L})


def test_a_table_may_name_the_algorithm_in_a_column() -> None:
    text = f'#TYPE Selected.X\r\n"Algorithm","Hash","Path"\r\n"SHA256","{L}","C:\\x"\r\n"MD5","{M}","C:\\y"\r\n'
    assert told(text.encode("utf-16")) == [(3, {"sha256": L}, "C:\\x"), (4, {"md5": M}, "C:\\y")]


def test_our_own_lines_and_bare_digits_are_read_under_comments() -> None:
    text = f"# ours\n; and theirs\n\n  pdq:{L}\nMD5:{M}\n{M}\n{S}\nphash:{'0f' * 8}\n"
    assert [(line, list(found)) for line, found, _ in told(text)] == [
        (4, ["pdq"]),
        (5, ["md5"]),
        (6, ["md5"]),
        (7, ["sha1"]),
        (8, ["phash"]),
    ]


@pytest.mark.parametrize(("digits", "kinds"), [(L, (SHA256, PDQ)), ("0f" * 8, (PHASH,))])
def test_bare_digits_that_may_be_several_things_are_not_guessed_at(
    digits: str, kinds: tuple[FingerprintKind, ...]
) -> None:
    [bad] = read(digits + "\n")
    assert isinstance(bad, BadLine)
    assert bad.ambiguous
    for kind in kinds:
        assert told(digits + "\n", kind) == [(1, {kind.name: digits}, "")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("boat.jpg", "it is no hash"),
        (f"sha512:{'ab' * 64}", "unknown algorithm 'sha512'"),
        ("ab" * 64, "a SHA-512, which is not searched"),
        (f"SHA512 (a) = {'ab' * 64}", "unknown algorithm"),
        (f"md5:{M[:-1]}", "a md5 hash is 32 hex digits; the given text has 31"),
        (f"{M[:-1]}  a", "is of no kind that is searched"),
        (f"{L},77,boat.jpg", "it is no hash"),
        (f"\\{M}  a\\qb", "a backslash that escapes nothing"),
        (f"{M}{M}\0", "NUL"),
    ],
)
def test_a_line_that_is_none_is_named(line: str, why: str) -> None:
    first, bad, last = read(f"{M}\n{line}\n{M}\n")
    assert isinstance(first, Listed)
    assert isinstance(last, Listed)
    assert isinstance(bad, BadLine)
    assert (bad.line, why in bad.why) == (2, True), bad


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a,", "it has no hash"),
        ("a", "it has 1 cells, and the table has 2 columns"),
        (f"a,{M},b", "it has 3 cells"),
        ("a,xyz", "a md5 hash is 32 hex digits"),
        (f"#a,{M}", "it begins as a comment does, and holds a hash"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(row: str, why: str) -> None:
    bad, good = read(f"name,md5\n{row}\nb,{M}\n")
    assert isinstance(bad, BadLine)
    assert (bad.line, why in bad.why) == (2, True), bad
    assert isinstance(good, Listed)


def test_a_quotation_mark_that_is_never_closed_ends_the_list() -> None:
    found = read(f'name,md5\na,{M}\n"b,{M}\n' + f"c,{M}\n" * 500)
    assert [type(each) for each in found] == [Listed, BadLine]
    assert found[1] == BadLine(line=3, why="a quotation mark is opened and not closed")


def test_a_name_that_looks_like_names_of_columns_does_not_hide_its_line() -> None:
    assert told(f"{M}  x,md5,sha1\n{S}  y\n") == [(1, {"md5": M}, "x,md5,sha1"), (2, {"sha1": S}, "y")]


def test_names_that_are_no_utf8_are_kept() -> None:
    assert told(f"{M}  \udce9t\udce9.jpg\n") == [(1, {"md5": M}, "\udce9t\udce9.jpg")]


def test_a_line_that_no_list_has_ends_the_reading() -> None:
    bad = read(f"{M}\n" + "x" * 70_000 + f"\n{M}\n", size=4_096)[-1]
    assert isinstance(bad, BadLine)
    assert bad.line == 2


@given(st.binary(max_size=300), st.integers(1, 50))
def test_every_line_of_anything_is_used_empty_a_comment_or_named(data: bytes, size: int) -> None:
    text = data.replace(b"\0", b"").replace(b"%%%%", b"").replace(b'"', b"")
    lines = re.split(r"\r\n|\r|\n", text.decode("utf-8", "surrogateescape"))
    found = {each.line for each in read_hash_list(cut(text, size))}
    silent = {number for number, line in enumerate(lines, 1) if not line.strip() or line.lstrip()[0] in "#;"}
    if not text.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        # A file this short of random bytes has no header of a table.
        assert found == set(range(1, len(lines) + 1)) - silent


@given(st.binary(max_size=400), st.integers(1, 60), st.integers(1, 60))
def test_how_a_list_is_cut_into_chunks_changes_nothing(data: bytes, one: int, other: int) -> None:
    text = data + f"\r\n{M}  a\r\n".encode() + data
    assert list(read_hash_list(cut(text, one))) == list(read_hash_list(cut(text, other)))


def test_the_lists_of_the_public_report_are_read_or_refused() -> None:
    folder = Path(os.environ.get("VIGIL_VECTORS", "")) / "files"
    if not (folder / "18a-list-cr-only.txt").is_file():
        absent("the lists of VIGIL_VECTORS")
    assert [line for line, _, _ in told((folder / "18a-list-cr-only.txt").read_bytes())] == [2, 3]
    assert all(
        isinstance(each, BadLine) and each.ambiguous
        for each in read((folder / "18b-list-bare-sha256.txt").read_bytes())
    )
