"""vigil allow: what is read, what is sent, and that a bad file changes nothing."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Node, Vigil

A, B = "ab" * 32, "cd" * 32


def listed(folder: Path, text: str | bytes) -> Path:
    path = folder / "harmless.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_is_read_with_its_comments_and_sent_in_lower_case(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["allow-import"] = lambda _, items: [{"read": 2, "new": 1, "total": 7} for _ in [list(items)]]
    file = listed(tmp_path, b"\xef\xbb\xbf# ours\r\n\r\n" + A.upper().encode() + b"\r\n  sha256:" + B.encode() + b"  ")
    ran = vigil("allow", "import", file)
    assert (ran.code, ran.out) == (0, "1 value new of 2 read; 7 on the list.\n")
    assert node.call("allow-import").items == [{"sha256": [A, B]}]
    assert vigil("allow", "import", file, "--json").lines == [{"read": 2, "new": 1, "total": 7}]


def test_a_list_of_sha256sum_and_a_table_are_read(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["allow-import"] = lambda _, items: [{"read": 0, "new": 0, "total": 0} for _ in [list(items)]]
    vigil("allow", "import", listed(tmp_path, f"{A}  boat.jpg\n{B} *quay.jpg\n"))
    vigil("allow", "import", listed(tmp_path, f"Name,MD5,SHA-256\nboat.jpg,{'ef' * 16},{B}\n"))
    assert [call.items for call in node.calls] == [[{"sha256": [A, B]}], [{"sha256": [B]}]]


def test_a_long_file_is_sent_in_parts(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["allow-import"] = lambda _, items: [{"read": 0, "new": 0, "total": 0} for _ in [list(items)]]
    values = [f"{number:064x}" for number in range(2_500)]
    assert vigil("allow", "import", listed(tmp_path, "\n".join(values))).code == 0
    items = node.call("allow-import").items
    assert [len(item["sha256"]) for item in items] == [1_000, 1_000, 500]
    assert [value for item in items for value in item["sha256"]] == values


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ab" * 20, "a sha256 hash is 64 hex digits; the given text has 40 characters"),
        ("telltale name.jpg", "a sha256 hash is 64 hex digits; the given text has 17 characters"),
        ("md5:" + "ab" * 16, "it has no SHA-256. Only SHA-256 can be allowed"),
        ("ab" * 16 + "  telltale.jpg", "a sha256 hash is 64 hex digits; the given text has 32 characters"),
        (f"MD5 (telltale.jpg) = {'ab' * 16}", "it has no SHA-256"),
        (A[:-1] + "g", "a sha256 hash is 64 hex digits; the given text has 64 characters, not all of them hex digits"),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_not_repeated(
    vigil: Vigil, node: Node, tmp_path: Path, line: str, why: str
) -> None:
    ran = vigil("allow", "import", listed(tmp_path, f"{A}\n# a comment\n{line}\n{B}\n"), "--json")
    assert ran.code == 2
    assert f"line 3: {why}" in ran.err
    assert "telltale" not in ran.err + ran.out
    assert ran.lines[-1]["kind"] == "usage"
    assert node.calls == []


def test_many_bad_lines_are_counted(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    ran = vigil("allow", "import", listed(tmp_path, "x\n" * 30))
    assert "line 1: " in ran.err
    assert "line 5: " in ran.err
    assert "line 6: " not in ran.err
    assert "and 25 more" in ran.err


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "holds no hash"),
        (b"# nothing\n", "holds no hash"),
        (b"\x00" * 5_000, "line 1: it holds NUL characters"),
        (b"x" * 70_000, "line 1: it is too long for a list of hashes"),
        (None, "no such"),
    ],
)
def test_a_file_that_is_no_list_is_refused(
    vigil: Vigil, node: Node, tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "absent" if content is None else listed(tmp_path, content)
    ran = vigil("allow", "import", file)
    assert ran.code == 2
    assert why in ran.err
    assert node.calls == []


def test_the_list_is_shown_in_pages(vigil: Vigil, node: Node) -> None:
    node.answers["allow-list"] = [{"sha256": A, "added_at": 1_700_000_000}]
    ran = vigil("allow", "list", "--limit", "1", "--after", B.upper())
    assert node.call("allow-list").arguments == {"limit": 1, "after": B}
    assert ran.out.startswith(f"{A}  2023-11-1")
    assert "--after" in ran.err
    node.answers["allow-list"] = []
    assert vigil("allow", "list").err == "the list is empty\n"


def test_the_list_is_counted(vigil: Vigil, node: Node) -> None:
    node.answers["allow-count"] = [{"total": 1_234}]
    assert vigil("allow", "count").out == "1,234 values on the list.\n"


def test_values_are_taken_off_by_name(vigil: Vigil, node: Node) -> None:
    node.answers["allow-remove"] = lambda _, items: [{"read": 2, "removed": 1, "total": 0} for _ in [list(items)]]
    assert vigil("allow", "remove", A.upper(), B).out == "1 value removed; 0 on the list.\n"
    assert node.call("allow-remove").items == [{"sha256": [A, B]}]
    assert vigil("allow", "remove", "ab").code == 2


def test_emptying_the_list_wants_to_be_told_twice(vigil: Vigil, node: Node) -> None:
    node.answers["allow-count"] = [{"total": 3}]
    node.answers["allow-clear"] = [{"removed": 3, "total": 0}]
    ran = vigil("allow", "clear")
    assert ran.code == 2
    assert "3 values" in ran.err
    assert "--yes" in ran.err
    assert [call.command for call in node.calls] == ["allow-count"]
    assert vigil("allow", "clear", "--yes").out == "3 values removed; 0 on the list.\n"
