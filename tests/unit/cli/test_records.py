"""retract, opine, comment, records, export and verify."""

import base64
from pathlib import Path

import pytest

from node import app
from node.config import Home
from node.errors import BadProof, BadSignature, NotFound
from tests.unit.cli.conftest import Line, Node, Vigil

LEAF = "9f" * 32
RECORD = f"vigil.example/FR/log/1#{LEAF}"


SAID: Line = {
    "media_type": "image/jpeg",
    "category": {"scheme": "uk-caid", "version": "1", "code": "B", "baseline": "unknown"},
    "series": None,
    "victim_identified": "unknown",
    "offender_identified": "unknown",
    "tags": [],
    "language": None,
}
EVERYONE: Line = {"audience": "everyone", "purposes": ["investigation"], "code": "1", "retain_until_day": None}


def record(**changes: object) -> Line:
    return {
        "record": RECORD,
        "index": 3,
        "kind": "contribution",
        "state": "held",
        "issued_day": 20_000,
        "expiry_day": None,
        "open": True,
        "target": None,
        "superseded": False,
        "newest": None,
        "reason": None,
        "publication": None,
        "cases": None,
        **SAID,
        "handling": EVERYONE,
        "says": "5 fingerprints of image/jpeg",
        "remarks": 1,
    } | changes


@pytest.mark.parametrize(
    ("words", "command", "arguments"),
    [
        (
            ["retract", RECORD, "--reason", "victim-request"],
            "retract",
            {"record": RECORD, "reason": "victim-request", "dry_run": False, "yes": False},
        ),
        (["opine", LEAF[:8], "dispute"], "opine", {"record": LEAF[:8], "verdict": "dispute", "note": ""}),
        (
            ["opine", LEAF[:8], "confirm", "--note", "the same bridge"],
            "opine",
            {"record": LEAF[:8], "verdict": "confirm", "note": "the same bridge"},
        ),
        (
            ["comment", LEAF, "seen in May", "--language", "en"],
            "comment",
            {"record": LEAF, "text": "seen in May", "language": "en"},
        ),
    ],
)
def test_what_is_said_of_a_record_is_sent_on_as_typed(
    vigil: Vigil, node: Node, words: list[str], command: str, arguments: Line
) -> None:
    node.answers[command] = [{"record": RECORD, "about": RECORD, "state": "said", "retraction": None}]
    ran = vigil(*words, "--json")
    assert ran.code == 0
    assert node.call(command).arguments == arguments
    assert ran.lines == node.answers[command]


@pytest.mark.parametrize(
    "words",
    [
        ["retract", RECORD],
        ["retract", RECORD, "--reason", "expired"],
        ["retract", "abc", "--reason", "mistake"],
        ["opine", RECORD],
        ["opine", RECORD, "perhaps"],
        ["comment", RECORD],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(vigil: Vigil, node: Node, words: list[str]) -> None:
    assert vigil(*words).code == 2
    assert node.calls == []


def test_the_list_fits_80_columns_and_names_the_newest_version(vigil: Vigil, node: Node) -> None:
    node.answers["records"] = [
        record(),
        record(
            state="purged", superseded=True, kind="correction", category=None, newest=RECORD.replace("9f9f", "ab9f", 1)
        ),
        record(state="purged", superseded=True),
        record(state="quarantined", reason="envelope and handling say different things", kind="contribution"),
    ]
    ran = vigil("records", "--member", "FR", "--mine", "--limit", "3")
    assert node.call("records").arguments == {"member": "FR", "mine": True, "record": "", "limit": 3, "after": 0}
    assert ran.out.count("9f9f9f9f9f9f") == 4
    assert "correction, no case: replaced by ab9f9f9f9f9f" in ran.out
    assert "contribution, no case: retracted" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_one_record_is_shown_whole_and_its_texts_cannot_steer_the_terminal(vigil: Vigil, node: Node) -> None:
    node.answers["records"] = [
        record(
            remarks=[
                {"member": "JP", "kind": "comment", "says": "look\x1b[2J here", "earlier_version": False},
                {"member": "DE", "kind": "opinion", "says": "confirm", "earlier_version": True},
            ],
            fingerprints=[
                {"algorithm": "pdq", "value": "ab" * 32, "quality": 90, "searched": True},
                {"algorithm": "unknown-9", "value": "00", "quality": None, "searched": False},
            ],
            handling={"audience": ["FR", "JP"], "purposes": ["prosecution"], "code": "2", "retain_until_day": None},
        )
    ]
    ran = vigil("records", "--record", LEAF[:8])
    assert "ab" * 32 in ran.out
    assert "(not searched)" in ran.out
    assert "FR, JP, for prosecution; handling code 2" in ran.out
    assert "comment: look" in ran.out
    assert "opinion, about an earlier version: confirm" in ran.out
    assert "\x1b" not in ran.out


def test_an_empty_list_is_said_on_stderr(vigil: Vigil, node: Node) -> None:
    node.answers["records"] = [{"records": 0, "total": 0, "next": None}]
    assert vigil("records").err == "no records on this node\n"
    assert vigil("records", "--json").err == ""


def test_evidence_is_written_to_a_new_private_file(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["evidence"] = [{"record": RECORD, "size": 12, "evidence": base64.b64encode(b"proof").decode()}]
    out = tmp_path / "evidence"
    ran = vigil("export", LEAF[:8], "--out", out, "--json")
    assert ran.lines == [{"record": RECORD, "size": 12, "bytes": 5, "path": str(out)}]
    assert out.read_bytes() == b"proof"
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_never_overwritten(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["evidence"] = [{"record": RECORD, "size": 12, "evidence": ""}]
    out = tmp_path / "evidence"
    out.write_bytes(b"somebody's")
    assert vigil("export", LEAF[:8], "--out", out).code == 2
    assert out.read_bytes() == b"somebody's"


VERIFIED: Line = {
    "verified": True,
    "record": RECORD,
    "member": "FR",
    "index": 3,
    "size": 12,
    "cosigned_at": 1_700_000_000,
    "former_hub_key": None,
    "issued_day": 20_000,
    "kind": 1,
    "fingerprints": [{"algorithm": "pdq", "value": "ab" * 32, "quality": 90, "searched": True}],
    "category": None,
    "series": None,
    "roster_version": 4,
    "roster_expired": True,
    "root_fingerprint": "0000 1111",
}


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(b"proof")
    return file


def test_verify_needs_no_session_and_uses_the_homes_roster_unless_told(
    vigil: Vigil, node: Node, evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[bytes, Path, Path | None]] = []

    def check(data: bytes, folder: Path, *, pinned_by: Home | None) -> Line:
        asked.append((data, folder, pinned_by.folder if pinned_by else None))
        return VERIFIED

    monkeypatch.setattr(app, "verify_evidence", check)
    assert vigil("verify", evidence, "--json").lines == [VERIFIED]
    ran = vigil("verify", evidence, "--roster", tmp_path)
    assert ran.code == 0
    assert "Verified: FR signed this record." in ran.out
    assert "which has expired" in ran.out
    home = tmp_path / "home"
    # The home's own roster is held against the root of its invitation; a folder is vouched for by who names it.
    assert asked == [(b"proof", home / "roster", home), (b"proof", tmp_path, None)]
    assert node.calls == []


@pytest.mark.parametrize(("status", "words"), [("retired", "given up since"), ("revoked", "revoked since")])
def test_evidence_of_before_a_hub_changed_its_keys_says_so(  # noqa: PLR0917 (fixtures)
    vigil: Vigil, node: Node, evidence: Path, monkeypatch: pytest.MonkeyPatch, status: str, words: str
) -> None:
    proven = {**VERIFIED, "former_hub_key": {"status": status, "until": 1_700_000_000}}
    monkeypatch.setattr(app, "verify_evidence", lambda *_, **__: proven)
    ran = vigil("verify", evidence)
    assert ran.code == 0
    assert f"{words}; it counts for what it cosigned up to 2023-11-1" in " ".join(ran.out.split())


@pytest.mark.parametrize("error", [BadProof("a root that does not come out"), BadSignature("no key of FR's")])
def test_evidence_that_does_not_verify_says_so_and_ends_with_1(
    vigil: Vigil, node: Node, evidence: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def check(*_: object, **__: object) -> Line:
        raise error

    monkeypatch.setattr(app, "verify_evidence", check)
    ran = vigil("verify", evidence)
    assert ran.code == 1
    assert ran.out == f"NOT verified: {error}\n"
    [line] = vigil("verify", evidence, "--json").lines
    assert line["verified"] is False


def test_a_missing_roster_is_an_error_and_no_verdict(
    vigil: Vigil, node: Node, evidence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(*_: object, **__: object) -> Line:
        raise NotFound("no roster", remedy="name its folder")

    monkeypatch.setattr(app, "verify_evidence", check)
    ran = vigil("verify", evidence)
    assert (ran.code, ran.out) == (1, "")
    assert vigil("verify", evidence.with_name("missing")).code == 2


def test_an_empty_comment_is_refused_before_the_node_is_asked(vigil: Vigil, node: Node) -> None:
    ran = vigil("comment", "9f71ea9e", " ")
    assert ran.code == 2
    assert "the comment is empty" in ran.err
    assert node.calls == []


def test_a_cut_list_says_so_and_our_own_have_their_case_and_what_they_say(vigil: Vigil, node: Node) -> None:
    said = SAID | {"victim_identified": "yes", "tags": ["river", "dusk"], "language": "pt-BR", "series": "Bridge"}
    node.answers["records"] = [
        record(**said, cases=["2031-117"], publication="queued", index=None, remarks=0),
        {"records": 1, "total": 419, "next": 100},
    ]
    ran = vigil("records", "--mine")
    words = " ".join(ran.out.split())
    assert "2031-117" in words
    for text in ("queued", "Bridge", "identified: yes", "river", "dusk", "pt-BR"):
        assert text in words
    assert "showing 1 of 419 records; the next: --after 100" in ran.err
    assert max(map(len, ran.out.splitlines())) <= 80


def test_one_record_shows_every_field_also_those_that_nobody_stated(vigil: Vigil, node: Node) -> None:
    node.answers["records"] = [record(remarks=[], fingerprints=[])]
    out = vigil("records", "--record", LEAF).out
    for text in ("Victim       identified: unknown", "Offender     identified: unknown", "Tags         none"):
        assert text in out
    assert "Language     not stated" in out
    assert "everyone, for investigation; handling code 1 (police use)" in out


def test_a_retraction_says_no_more_than_is_true(vigil: Vigil, node: Node) -> None:
    told: Line = {"record": RECORD, "retraction": RECORD, "holdings": [], "cases": [], "error": None, "why": None}
    node.answers["retract"] = [told | {"state": "retracted", "publication": "published"}]
    assert "is published" in vigil("retract", RECORD, "--reason", "mistake").out
    node.answers["retract"] = [told | {"state": "retraction queued", "publication": "queued", "why": "the hub is away"}]
    out = vigil("retract", RECORD, "--reason", "mistake").out
    assert "has not left this node yet" in out
    assert "Reason: the hub is away." in out
    assert "the other members still have the record" in out
    node.answers["retract"] = [told | {"retraction": None, "state": "forgotten before it left"}]
    assert "no other member had it" in vigil("retract", RECORD, "--reason", "mistake").out


def test_a_list_of_records_is_read_strictly_and_one_way_to_choose_is_given(
    vigil: Vigil, node: Node, tmp_path: Path
) -> None:
    file = tmp_path / "list"
    file.write_text(f"# ours\n{RECORD}\n\n{LEAF[:8]}\n")
    summary = {"retracted": 2, "would_retract": 0, "forgotten": 0, "kept": 0, "published": 2, "queued": 0, "signed": 0}
    node.answers["retract"] = [summary]
    assert vigil("retract", "--file", file, "--reason", "mistake").code == 0
    rows = [{"record": RECORD, "line": 2}, {"record": LEAF[:8], "line": 4}]
    assert node.calls[-1].arguments["records"] == rows
    file.write_text(f"{RECORD}\nnonsense\n")
    ran = vigil("retract", "--file", file, "--reason", "mistake")
    assert ran.code == 2
    assert "line 2" in ran.err
    for words in ([], [RECORD, "--case", "C"], ["--case", "C", "--file", str(file)]):
        assert vigil("retract", *words, "--reason", "mistake").code == 2


def test_the_choices_of_an_option_are_named_on_one_line(vigil: Vigil, node: Node) -> None:
    err = vigil("retract", "9f71ea9e").err
    assert "Choose from: unstated, mistake" in err
    assert "\N{REPLACEMENT CHARACTER}" not in err
