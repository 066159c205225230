"""match, query and queries: what is asked, what is printed, and which exit code it ends with."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.domain.fingerprint_kinds import PDQ, SHA256
from node.domain.material import VideoFingerprints, VideoFrame
from node.errors import Misuse
from node.media.tasks import Examined
from tests.unit.cli.conftest import Line, Node, Vigil
from tests.unit.cli.search_lines import ASK, PDQ_HEX, SEARCHED, hit, outcome, summary


def asked_line(**changes: Any) -> Line:
    """A question of the history."""
    return {
        "query": "0a" * 16,
        "asked_at": 1_700_000_000,
        "closed_at": 1_700_000_009,
        "case": "C-1",
        "purpose": "victim-identification",
        "legal_basis": "Art. 5",
        "officer": "Lt. Dupont",
        "officer_role": "investigator",
        "recipients": None,
        "members": ["FR", "JP"],
        "rule": "policy",
        "from_case": False,
        "subjects": 2,
        "fingerprints": 14,
        "again": None,
        "parts": 1,
        "part_states": [{"query": "0a" * 16, "part": 1, "fingerprints": 14, "state": "closed"}],
    } | changes


NO_FILES = ("files", "fingerprinted", "digests_alone", "unreadable", "empty", "parts", "parts_unreadable")


def test_hashes_are_sent_as_typed_and_files_with_all_orientations(vigil: Vigil, node: Node, files: Path) -> None:
    node.answers["match"] = lambda _, items: [SEARCHED for _ in [list(items)]]
    assert vigil("match", files / "a.jpg", f"SHA256:{PDQ_HEX.upper()}", PDQ_HEX, "--rule", "exact").code == 0
    call = node.call("match")
    assert call.arguments == {"rule": "exact", "case": ""}
    assert [item["fingerprints"] for item in call.items[:2]] == [
        [[SHA256.code, PDQ_HEX, None]],
        [[PDQ.code, PDQ_HEX, -1]],
    ]
    assert [len(item["orientations"]) for item in call.items] == [0, 0, 8]
    assert "a.jpg" not in str(call.items), "a path stays in the command in which it was typed"


@pytest.mark.parametrize("slip", ["pdq:12", "sha256:" + "g" * 64, "md5:" + "a" * 33])
def test_a_slip_in_a_hash_is_a_usage_error_before_anything_is_done(vigil: Vigil, node: Node, slip: str) -> None:
    assert vigil("match", slip, PDQ_HEX).code == 2
    assert node.calls == []


def test_a_file_that_is_called_like_a_hash_is_given_with_its_folder(
    vigil: Vigil, node: Node, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    Path(PDQ_HEX).write_bytes(b"x")
    node.answers["match"] = lambda _, items: [SEARCHED for _ in [list(items)]]
    ran = vigil("match", f"./{PDQ_HEX}", "--json")
    assert ran.lines[0] == {"path": PDQ_HEX, "error": "not a picture: it is text"}


def test_match_prints_the_lines_as_they_are_with_json(vigil: Vigil, node: Node) -> None:
    node.answers["match"] = lambda _, items: [hit(item["label"]) for item in items] + [SEARCHED]
    found, summary = vigil("match", PDQ_HEX, "--json").lines
    assert found == hit(PDQ_HEX, part=None)
    assert summary == SEARCHED | dict.fromkeys(NO_FILES, 0)


def test_match_tells_a_person_who_has_it_and_how_near(vigil: Vigil, node: Node) -> None:
    node.answers["match"] = [hit("a.jpg"), hit("a.jpg", algorithm="md5", distance=None, weak=True), SEARCHED]
    ran = vigil("match", PDQ_HEX)
    assert ran.out.splitlines()[0] == "a.jpg"
    assert "JP     pdq     12 of 256 bits away, quality 98, turned 90" in ran.out
    assert "9f9f9f9f9f9f" in ran.out
    assert "uk-caid:1:B, baseline yes; series Bridge" in ran.out
    assert "can be forged" in ran.out
    assert "1 hit. Searched: holdings 3, JP 1,200." in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("state", ["confirmed", "rejected", "unsure"])
def test_a_hit_says_what_an_officer_decided_before(vigil: Vigil, node: Node, state: str) -> None:
    node.answers["match"] = [hit("a.jpg", review=state), SEARCHED]
    assert f"reviewed before: {state}" in vigil("match", PDQ_HEX).out
    node.answers["match"] = [hit("a.jpg", review=None), SEARCHED]
    assert "reviewed" not in vigil("match", PDQ_HEX).out


def test_a_hit_on_a_video_says_how_much_of_it_is_near_and_when(vigil: Vigil, node: Node, files: Path) -> None:
    shares = {
        "query_percent": 100,
        "compared_percent": 87,
        "query_moments": 3_600,
        "compared_frames": 3_600,
        "radius": 66,
    }
    on_video = hit("a.jpg", algorithm="vpdq", orientation=None, shares=shares, seconds=3_725.5, subject_seconds=61.0)
    on_frame = hit("a.jpg", algorithm="vpdq-frame", seconds=3.0, subject_seconds=None)
    node.answers["match"] = [on_video, on_frame, SEARCHED]
    ran = vigil("match", files / "a.jpg")
    assert "12 of 256 bits away" in ran.out
    assert "100 % of its 3,600 moments, 87 % of 3,600 frames there, within 66 bits" in ran.out
    assert "at 1:02:05.5 there, at 1:01.0 of the file that you asked about" in ran.out
    assert "    at 0:03.0 there\n" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_video_that_was_read_in_part_is_searched_and_remarked_on(
    vigil: Vigil, node: Node, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = VideoFingerprints(
        media_type="video/mp4",
        size=1,
        md5=bytes(16),
        sha1=bytes(20),
        sha256=bytes(32),
        frames=(VideoFrame(at=0, pdq=bytes(32), quality=90),),
        between=(),
        milliseconds=0,
        width=1,
        height=1,
        note="cut short or damaged",
    )
    monkeypatch.setattr(
        app, "fingerprint_files", lambda given, **_: (Examined(path=item.path, result=film) for item in given)
    )
    node.answers["match"] = lambda _, items: [SEARCHED for _ in [list(items)]]
    ran = vigil("match", files / "a.jpg", "--json")
    assert ran.code == 0
    assert "a.jpg: cut short or damaged" in ran.err.replace("\n", "")
    (item,) = node.call("match").items
    assert item["fingerprints"][3:] == [[7, "00" * 32, 90, 0]]


def test_a_bad_file_is_a_line_and_the_rest_is_searched(vigil: Vigil, node: Node, files: Path) -> None:
    node.answers["match"] = lambda _, items: [SEARCHED for _ in [list(items)]]
    ran = vigil("match", files, "--json")
    assert ran.code == 1
    assert {"path": str(files / "bad.txt"), "error": "not a picture: it is text"} in ran.lines
    assert len(node.call("match").items) == 2


def test_a_question_carries_case_purpose_basis_members_and_budget(vigil: Vigil, node: Node) -> None:
    node.answers["query"] = [summary({"FR": "no-hit"})]
    assert vigil(*ASK, PDQ_HEX, "--to", "FR,JP", "--budget", "500ms", "--officer-role", "analyst").code == 0
    assert node.call("query").arguments == {
        "case": "C-1",
        "purpose": "",
        "legal_basis": "Art. 5",
        "officer_role": "analyst",
        "to": ["FR", "JP"],
        "rule": "policy",
        "budget": 0.5,
    }


def test_a_question_without_a_case_is_a_usage_error(vigil: Vigil, node: Node) -> None:
    assert vigil("query", PDQ_HEX, "--legal-basis", "B").code == 2
    assert node.calls == []


def test_a_question_without_basis_and_purpose_leaves_them_to_the_case_before_a_file_is_opened(
    vigil: Vigil, node: Node, files: Path
) -> None:
    def refuse(_arguments: Line, _items: Iterable[Line]) -> Iterator[Line]:
        raise Misuse("a query needs --legal-basis")

    node.answers["case-terms"] = refuse
    assert vigil("query", files / "a.jpg", "--case", "C").code == 2
    assert [call.command for call in node.calls] == ["case-terms"]
    node.answers["case-terms"] = []
    vigil("query", files / "a.jpg", "--case", "C")
    asked = node.call("query").arguments
    assert (asked["case"], asked["purpose"], asked["legal_basis"]) == ("C", "", "")


@pytest.mark.parametrize("state", ["held", "refused", "error", "offline", "timeout", "bad-signature", "not-asked"])
def test_a_member_that_did_not_answer_makes_it_partial_and_is_never_called_a_no_hit(
    vigil: Vigil, node: Node, state: str
) -> None:
    node.answers["query"] = [outcome("FR", "no-hit"), outcome("JP", state), summary({"FR": "no-hit", "JP": state})]
    ran = vigil(*ASK, PDQ_HEX)
    assert ran.code == 3
    row = next(line for line in ran.out.splitlines() if line.startswith("JP "))
    assert state in row
    assert "no hit" not in row
    assert "No hit or no-hit from: JP." in ran.out
    assert vigil(*ASK, PDQ_HEX, "--json").code == 3


def test_members_left_out_on_purpose_do_not_make_it_partial(vigil: Vigil, node: Node) -> None:
    states = {"FR": "no-hit", "JP": "not-asked"}
    node.answers["query"] = [
        outcome("JP", "not-asked", reason="left out by --to"),
        outcome("FR", "no-hit"),
        summary(states, complete=True),
    ]
    ran = vigil(*ASK, PDQ_HEX, "--to", "FR")
    assert ran.code == 0
    assert "left out by --to" in ran.out


def test_the_closing_table_has_one_row_a_member_with_what_has_to_be_known(vigil: Vigil, node: Node) -> None:
    node.answers["query"] = [
        hit("a.jpg", where="here"),
        outcome("FR", "hit", hits=1, not_searched=["photodna"], reduced=True),
        hit(
            "a.jpg", where="FR", record=None, distance=None, quality=None, orientation=None, category=None, series=None
        ),
        outcome("JP", "timeout", reason="said by the hub"),
        summary({"FR": "hit", "JP": "timeout", "DE": "no-hit"}, hits=2, local_hits=1, reduced=True),
    ]
    ran = vigil(*ASK, PDQ_HEX)
    table = ran.out[ran.out.index("\nQuery") :].splitlines()
    assert [sum(line.startswith(f"{member} ") for line in table) for member in ("FR", "JP", "DE")] == [1, 1, 1]
    assert "PhotoDNA not compared" in ran.out
    assert "no answer in time; said by the hub" in ran.out
    assert "matching file held; details not disclosed" in ran.out
    assert "2 hits: 1 here, 1 from other members." in ran.out
    assert "Reduced" in ran.out
    assert f"vigil queries {'0a' * 16}" in ran.err
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_question_of_which_nothing_can_be_read_is_never_asked(vigil: Vigil, node: Node, files: Path) -> None:
    ran = vigil(*ASK, files / "bad.txt", "--json")
    assert ran.code == 1
    assert [call.command for call in node.calls] == ["case-terms"]


def test_a_bad_file_is_known_before_the_question_leaves(vigil: Vigil, node: Node, files: Path) -> None:
    node.answers["query"] = [summary({"FR": "timeout"})]
    ran = vigil(*ASK, files, "--json")
    assert ran.code == 1
    assert "error" in ran.lines[0]
    assert "outcomes" in ran.lines[-1]


def test_late_answers_are_labelled(vigil: Vigil, node: Node) -> None:
    node.answers["queries"] = [
        asked_line(closed_at=None),
        {"query": "0a" * 16, "subject": "/evidence/a.jpg", "digest": "sha256:5a", "kinds": {"pdq": 1, "vpdq-frame": 9}},
        outcome("JP", "hit", late=True, hits=1),
        hit("/evidence/a.jpg", where="JP"),
    ]
    ran = vigil("queries", "0A" * 16, "--limit", "5")
    assert node.call("queries").arguments == {"query": "0a" * 16, "limit": 5}
    assert "late: hit, 1 hit" in ran.out
    assert "not closed" in ran.out
    assert f"vigil query --resume {'0a' * 16}" in ran.out


def test_history_says_what_was_asked_by_whom_and_of_whom_and_names_hits_by_subject(vigil: Vigil, node: Node) -> None:
    """A hit of last week is worth something only with the file that it is of."""
    node.answers["queries"] = [
        asked_line(),
        {"query": "0a" * 16, "subject": "/evidence/a.jpg", "digest": "sha256:5a", "kinds": {"pdq": 1, "vpdq-frame": 9}},
        {"query": "0a" * 16, "subject": "md5:5b", "digest": "md5:5b", "kinds": {"md5": 1}},
        outcome("JP", "hit", hits=2),
        hit("/evidence/a.jpg", where="JP"),
        hit("/evidence/a.jpg", where="JP", orientation="flop"),
    ]
    ran = vigil("queries", "0a" * 16)
    told = ran.out.splitlines()
    assert "Case C-1; legal basis: Art. 5; asked by Lt. Dupont, investigator" in told[1]
    assert "Asked FR, JP about 2 subjects, 14 fingerprints" in told[2]
    assert told[3:6] == ["    /evidence/a.jpg  (PDQ, video frame x 9)", "      sha256:5a", "    md5:5b  (MD5)"]
    assert told.count("    /evidence/a.jpg") == 1, "above both hits"
    assert "mirrored" in ran.out
    assert vigil("queries", "0a" * 16, "--json").lines == node.answers["queries"]


def test_no_queries_yet_is_said_on_stderr(vigil: Vigil, node: Node) -> None:
    ran = vigil("queries")
    assert (ran.code, ran.out, ran.err) == (0, "", "no query was asked yet\n")
    assert node.call("queries").arguments == {"query": "", "limit": 20}


@pytest.mark.parametrize("words", [["match"], ["fingerprint"], ["ingest", "--case", "1"]])
def test_an_empty_path_is_a_slip_and_not_the_working_folder(vigil: Vigil, node: Node, words: list[str]) -> None:
    """A script whose variable is not set must not take in whatever folder it runs in."""
    ran = vigil(*words, "")
    assert ran.code == 2
    assert "empty" in ran.err
    assert node.calls == []
