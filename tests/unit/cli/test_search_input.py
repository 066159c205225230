"""What a person can get wrong in a search, and what hidden hits look like to one."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from node.domain.fingerprint_kinds import MD5, PDQ, SHA1, SHA256
from tests.unit.cli.conftest import Node, Vigil
from tests.unit.cli.search_lines import ASK, PDQ_HEX, hit, outcome, summary

SUMMARY = {
    "searched": {"vigil.example/JP/log/1": 1200},
    "hits": 0,
    "hidden": 2,
    "subjects": 240,
    "files": 240,
    "seconds": 12.04,
    "files_per_second": 19.93,
    "seconds_in_search": 0.5,
    "search_share": 0.0415,
}


@pytest.mark.parametrize(
    ("slip", "why"),
    [
        ("dhash:0011223344556677", "unknown algorithm 'dhash'"),
        ("pdq:" + "ab" * 31, "a pdq hash is 64 hex digits; the given text has 62"),
        ("ab" * 31, "a bare hash is a PDQ of 64 hex digits; the given text has 62"),
        ("sha512:" + "ab" * 64, "unknown algorithm 'sha512'"),
        ("md5:", "a md5 hash is 32 hex digits; the given text has 0"),
    ],
)
def test_a_slip_in_a_hash_says_what_is_wrong_before_anything_is_done(
    vigil: Vigil, node: Node, slip: str, why: str
) -> None:
    for words in (["match", slip], [*ASK, slip]):
        ran = vigil(*words)
        assert ran.code == 2
        assert why in ran.err
        assert "to do: " in ran.err
    assert node.calls == []


def test_a_file_of_such_a_name_is_a_file(
    vigil: Vigil, node: Node, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    Path("dhash:0011223344556677").write_bytes(b"x")
    node.answers["match"] = lambda _, items: [SUMMARY for _ in [list(items)]]
    ran = vigil("match", "dhash:0011223344556677", "--json")
    assert ran.lines[0] == {"path": "dhash:0011223344556677", "error": "not a picture: it is text"}


@pytest.mark.parametrize("radius", ["31", "400", "-1", "x"])
def test_nobody_chooses_a_radius(vigil: Vigil, node: Node, radius: str) -> None:
    for words in (["match", PDQ_HEX], [*ASK, PDQ_HEX]):
        ran = vigil(*words, f"--radius={radius}")
        assert ran.code == 2
        assert "the federation's policy sets the radius" in ran.err
        assert "--rule exact" in ran.err
    assert node.calls == []


def test_hashes_come_from_a_file_too(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["match"] = lambda _, items: [SUMMARY for _ in [list(items)]]
    file = tmp_path / "list.txt"
    file.write_text(f"# three\npdq:{PDQ_HEX}\n\nMD5:{'ab' * 16}\n{'cd' * 20}  boat.jpg\n")
    assert vigil("match", "--hashes", file).code == 0
    sent = node.call("match").items
    assert [item["fingerprints"][0][:2] for item in sent] == [
        [PDQ.code, PDQ_HEX],
        [MD5.code, "ab" * 16],
        [SHA1.code, "cd" * 20],
    ]


def test_a_bare_list_of_64_digits_is_not_guessed_at(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{'ab' * 32}\n{PDQ_HEX}\n")
    for words in (["match", "--hashes", file], [*ASK, "--hashes", file]):
        ran = vigil(*words)
        assert ran.code == 2
        assert "line 1: 64 hex digits are a SHA-256 or a PDQ" in ran.err
        assert "--algorithm sha256" in ran.err
    assert node.calls == []
    node.answers["match"] = lambda _, items: [SUMMARY for _ in [list(items)]]
    for name, kind in (("sha256", SHA256), ("PDQ", PDQ)):
        assert vigil("match", "--hashes", file, "--algorithm", name).code == 0
        assert [item["fingerprints"][0][0] for item in node.calls[-1].items] == [kind.code, kind.code]
    assert "give one of md5, sha1, sha256, pdq" in vigil("match", "--hashes", file, "--algorithm", "dhash").err


def test_typed_digits_are_what_their_number_says(vigil: Vigil, node: Node) -> None:
    node.answers["match"] = lambda _, items: [SUMMARY for _ in [list(items)]]
    ran = vigil("match", "ab" * 16, "ab" * 20, PDQ_HEX)
    assert [item["fingerprints"][0][0] for item in node.calls[-1].items] == [MD5.code, SHA1.code, PDQ.code]
    assert "64 digits without an algorithm were read as a PDQ" in ran.err
    ran = vigil("match", "ab" * 32, "--algorithm", "sha256")
    assert [item["fingerprints"][0][0] for item in node.calls[-1].items] == [SHA256.code]
    assert "taken for" not in ran.err


def test_a_list_may_come_through_a_pipe(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["match"] = lambda _, items: [SUMMARY for _ in [list(items)]]
    ours, its = os.pipe()
    with os.fdopen(its, "wb") as sender:
        sender.write(f"{'ab' * 16}  boat.jpg\n".encode())
    try:
        assert vigil("match", "--hashes", f"/dev/fd/{ours}").code == 0
    finally:
        os.close(ours)
    assert [item["fingerprints"] for item in node.call("match").items] == [[[MD5.code, "ab" * 16, None]]]


def test_a_list_that_changes_while_it_is_used_is_told_of(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{'ab' * 16}\n")

    def answer(_: object, items: Iterable[dict[str, object]]) -> list[dict[str, object]]:
        file.write_text(f"{'ab' * 16}\n{'cd' * 16}\n")
        list(items)
        return [SUMMARY]

    node.answers["match"] = answer
    ran = vigil("match", "--hashes", file)
    assert ran.code == 2
    assert "changed while it was read" in ran.err


def test_a_file_of_hashes_with_bad_lines_is_not_used(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"pdq:{PDQ_HEX}\nmd5:ab\nnonsense:00\n")
    for words in (["match", "--hashes", file], [*ASK, "--hashes", file]):
        ran = vigil(*words)
        assert ran.code == 2
        assert "line 2: a md5 hash is 32 hex digits; the given text has 2 characters" in ran.err
        assert "line 3: unknown algorithm 'nonsense'" in ran.err
    file.write_text("# none\n")
    assert "holds no hash" in vigil("match", "--hashes", file).err
    assert node.calls == []


def test_nothing_to_look_for_is_a_usage_error(vigil: Vigil, node: Node) -> None:
    ran = vigil("match")
    assert ran.code == 2
    assert "--hashes FILE" in ran.err
    assert node.calls == []


def test_a_match_says_its_pace_the_share_of_search_and_what_was_hidden(vigil: Vigil, node: Node) -> None:
    node.answers["match"] = [SUMMARY]
    ran = vigil("match", PDQ_HEX)
    assert ran.out.splitlines() == [
        "0 hits. Searched: JP 1,200.",
        "2 hits hidden: known to be harmless. To see them: --show-all",
        "All of it in 12.0 s, 19.9 a second; the search took 4.2% of the time.",
    ]


def test_all_is_shown_where_asked_and_marked(vigil: Vigil, node: Node) -> None:
    node.answers["match"] = [hit(PDQ_HEX, allowed=True, trimmed=True, orientation="original"), SUMMARY | {"hidden": 0}]
    ran = vigil("match", PDQ_HEX, "--show-all")
    assert node.call("match").arguments["show_all"] is True
    assert "known to be harmless (allow-list)" in ran.out
    assert "found without the plain borders" in ran.out
    assert "hidden" not in ran.out


def test_a_query_says_what_it_did_not_ask_about(vigil: Vigil, node: Node) -> None:
    node.answers["query"] = [
        {"subject": "a.jpg", "not_asked": "it is on the list"},
        outcome("FR", "no-hit"),
        summary({"FR": "no-hit"}, hidden=1, not_asked=1),
    ]
    ran = vigil(*ASK, PDQ_HEX)
    assert ran.code == 0
    assert "a.jpg\n  not asked: it is on the list" in ran.out
    assert (
        "Not asked about, because they are known to be harmless: 1 subject. To ask about them anyway: --show-all"
        in ran.out
    )
    assert "1 hit hidden" in ran.out
    assert vigil(*ASK, PDQ_HEX, "--show-all").code == 0
    assert node.calls[-1].arguments["show_all"] is True


def test_a_query_says_what_it_left_out_so_that_the_question_fits(vigil: Vigil, node: Node) -> None:
    node.answers["query"] = [
        {"subject": "a.mp4", "left_out": 1_200, "fingerprints": 3_000},
        outcome("FR", "no-hit"),
        summary({"FR": "no-hit"}, left_out=1_200),
    ]
    ran = vigil(*ASK, PDQ_HEX)
    assert "a.mp4\n  asked about in part: 1,800 of its 3,000 fingerprints" in ran.out
    assert "Left out, so that the query fits: 1,200 frames of videos" in ran.out
