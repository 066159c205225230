"""A hub and three nodes as processes: what an investigator and an administrator do all day."""

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from node import app
from node.errors import Damaged, NotFound, PeerFault
from tests.integration.pictures import edited, picture
from tests.integration.processes import Federation, Line, federation, secret, until, vigil

Lines = Callable[..., list[Line]]
BASIS = ("--case", "T-1", "--purpose", "victim-identification", "--legal-basis", "a test")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), "FR", "JP", "BR") as running:
        yield running


@pytest.fixture
def lines_of(made: Federation) -> Lines:
    def run(name: str, *words: str, code: int = 0) -> list[Line]:
        done = vigil(made.home(name).folder, *words, "--json")
        assert done.returncode == code, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def share(lines_of: Lines, folder: Path, case: str, name: str = "FR") -> list[str]:
    """Takes a folder in beside the running node and contributes it; the records."""
    lines_of(name, "ingest", str(folder), "--case", case)
    return [str(line["record"]) for line in lines_of(name, "contribute", "--case", case) if line.get("record")]


def test_an_ingest_beside_a_running_node_ends_as_a_hit_abroad(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    originals = [picture(tmp_path / "fr" / f"{n}.jpg", n) for n in range(3)]
    before = made.size("JP", "FR")
    (record, *_) = share(lines_of, tmp_path / "fr", "HIT")
    until(lambda: made.size("JP", "FR") == before + 3, "Japan has France's records")
    copy = edited(originals[0], tmp_path / "copy.jpg")
    *hits, summary = lines_of("JP", "match", str(copy))
    assert [(h["record"], h["algorithm"], h["orientation"]) for h in hits] == [(record, "pdq", "flop")]
    assert 0 <= hits[0]["distance"] <= 31
    assert hits[0]["subject"] == str(copy)
    assert summary["hits"] == 1
    assert summary["searched"]["test.vigil/FR/log/1"] >= 3


def test_an_ingest_again_is_idempotent_and_skips_what_is_done(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    for n in range(10, 14):
        picture(tmp_path / f"{n}.jpg", n)
    first = lines_of("BR", "ingest", str(tmp_path), "--case", "AGAIN")[-1]
    picture(tmp_path / "14.jpg", 14)
    second = lines_of("BR", "ingest", str(tmp_path), "--case", "AGAIN")[-1]
    assert (first["new"], second["new"]) == (4, 1)
    assert second["skipped"] == 4


def test_a_hit_no_hit_holding_answers_abroad_and_gives_nothing_away(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    held = picture(tmp_path / "br" / "held.jpg", 20)
    lines_of("BR", "ingest", str(held), "--case", "HNH", "--level", "hit-no-hit")
    copy = edited(held, tmp_path / "copy.jpg")
    *hits, summary = [line for line in lines_of("FR", "query", str(copy), *BASIS) if "member" not in line]
    assert summary["outcomes"] == {"BR": "hit", "JP": "no-hit"}
    (hit,) = hits
    assert (hit["record"], hit["distance"], hit["quality"], hit["orientation"]) == (None, None, None, None)


def test_a_national_holding_never_answers(made: Federation, lines_of: Lines, tmp_path: Path) -> None:
    held = picture(tmp_path / "held.jpg", 21)
    lines_of("BR", "ingest", str(held), "--case", "NATIONAL")
    summary = lines_of("FR", "query", str(held), *BASIS)[-1]
    assert summary["outcomes"] == {"BR": "no-hit", "JP": "no-hit"}


def test_a_bare_hash_is_asked_reduced_and_left_out_members_do_not_count(made: Federation, lines_of: Lines) -> None:
    lines = lines_of("FR", "query", "pdq:" + "5a" * 32, *BASIS, "--to", "JP")
    assert lines[-1]["outcomes"] == {"BR": "not-asked", "JP": "no-hit"}
    assert lines[-1]["reduced"] is True


def test_a_query_without_its_legal_basis_is_refused_before_it_leaves(made: Federation) -> None:
    basis = ("--case", "T", "--purpose", "victim-identification", "--legal-basis", " ")
    done = vigil(made.home("FR").folder, "query", "pdq:" + "5a" * 32, *basis, "--json")
    assert done.returncode == 2
    assert "legal-basis" in done.stderr


def test_evidence_verifies_offline_and_no_flipped_bit_of_it_does(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    picture(tmp_path / "in" / "one.jpg", 30)
    (record,) = share(lines_of, tmp_path / "in", "EVIDENCE")
    until(lambda: made.status("FR")["published"] and made.size("JP", "FR") == made.size("FR", "FR"), "it is published")
    (line,) = made.run("JP", "evidence", {"record": record})
    data = base64.b64decode(line["evidence"])
    roster = made.home("JP").metadata
    assert app.verify_evidence(data, roster)["record"] == record
    for at in range(0, len(data), 7):
        bent = bytearray(data)
        bent[at] ^= 1 << (at % 8)
        with pytest.raises(PeerFault):
            app.verify_evidence(bytes(bent), roster)


def test_evidence_is_not_verified_by_a_roster_folder_that_was_tampered_with(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    """By no bent file of it, nor by a whole federation that somebody else founded in its place."""
    picture(tmp_path / "in" / "one.jpg", 31)
    (record,) = share(lines_of, tmp_path / "in", "TAMPERED")
    until(lambda: made.size("JP", "FR") == made.size("FR", "FR"), "it is published")
    data = base64.b64decode(made.run("JP", "evidence", {"record": record})[0]["evidence"])
    kept = made.home("JP").metadata
    honest = app.verify_evidence(data, kept)
    for file in sorted(each.relative_to(kept) for each in kept.glob("*.json")):
        folder = tmp_path / file.stem
        shutil.copytree(kept, folder)
        whole = (folder / file).read_bytes()
        for at in range(0, len(whole), len(whole) // 8):
            bent = bytearray(whole)
            bent[at] ^= 2
            (folder / file).write_bytes(bent)
            # It fails, or what was bent proves nothing (a blank) and the outcome is the very same.
            with suppress(Damaged, PeerFault):
                assert app.verify_evidence(data, folder) == honest
        (folder / file).unlink()
        with pytest.raises((NotFound, Damaged)):
            app.verify_evidence(data, folder)
    (tmp_path / "other").mkdir()
    with federation(tmp_path / "other", run=False) as other:
        false = other.home("hub").metadata
        with pytest.raises(PeerFault):
            app.verify_evidence(data, false)
        # The same name, another root: what the home was pinned to at its invitation decides.
        with pytest.raises(Damaged, match="pinned root"):
            app.verify_evidence(data, false, pinned_by=made.home("JP"))
    assert app.verify_evidence(data, kept, pinned_by=made.home("JP")) == honest


def test_a_retracted_record_is_gone_everywhere_and_the_logs_stay_whole(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    taken_back = picture(tmp_path / "in" / "back.jpg", 40)
    (record,) = share(lines_of, tmp_path / "in", "RETRACT")
    until(lambda: made.size("JP", "FR") == made.size("FR", "FR"), "Japan has it")
    assert lines_of("JP", "match", str(taken_back))[-1]["hits"] == 1
    digest = bytes.fromhex(lines_of("JP", "fingerprint", str(taken_back))[0]["pdq"])
    lines_of("FR", "retract", record, "--reason", "mistake")
    until(lambda: made.size("JP", "FR") == made.size("FR", "FR"), "Japan has the retraction")
    assert lines_of("JP", "match", str(taken_back))[-1]["hits"] == 0
    again = lines_of("FR", "contribute", "--case", "RETRACT")
    assert again[-1]["contributed"] == 0, "what was taken back is not shared again with its case"
    assert "retracted before" in str(again[0]["state"])
    for name in ("JP", "hub"):
        assert made.run(name, "fsck")[-1]["ok"]
        for file in made.home(name).folder.glob("vigil.sqlite3*"):
            assert digest not in file.read_bytes(), f"{name} still has the retracted hash"


def test_an_opinion_and_a_comment_are_seen_by_the_records_owner(
    made: Federation, lines_of: Lines, tmp_path: Path
) -> None:
    picture(tmp_path / "in" / "said.jpg", 50)
    (record,) = share(lines_of, tmp_path / "in", "OPINE")
    until(lambda: made.size("JP", "FR") == made.size("FR", "FR"), "Japan has it")
    lines_of("JP", "opine", record, "confirm", "--note", "known here")
    lines_of("JP", "comment", record, "seen in another case")
    until(lambda: made.size("FR", "JP") == made.size("JP", "JP") > 0, "France has Japan's words")
    (line,) = lines_of("FR", "records", "--record", record)
    assert {(r["member"], r["kind"]) for r in line["remarks"]} == {("JP", "opinion"), ("JP", "comment")}


def test_a_record_for_one_reader_reaches_that_reader_alone(made: Federation, lines_of: Lines, tmp_path: Path) -> None:
    only = picture(tmp_path / "in" / "only.jpg", 60)
    lines_of("FR", "ingest", str(only), "--case", "ONLY")
    lines_of("FR", "contribute", "--case", "ONLY", "--audience", "JP")
    until(lambda: made.size("JP", "FR") == made.size("BR", "FR") == made.size("FR", "FR"), "both have the entry")
    assert lines_of("JP", "match", str(only))[-1]["hits"] == 1
    assert lines_of("BR", "match", str(only))[-1]["hits"] == 0
    # Its level is shared, its audience is Japan: towards Brazil it is not there.
    assert lines_of("BR", "query", str(only), *BASIS)[-1]["outcomes"] == {"FR": "no-hit", "JP": "no-hit"}


def test_a_second_daemon_over_the_same_home_is_refused_by_name(made: Federation) -> None:
    done = vigil(made.home("FR").folder, "node", "run")
    assert done.returncode == 1
    assert "owns this folder" in done.stderr


def test_the_socket_and_the_keys_are_this_users_alone(made: Federation) -> None:
    from node.app.sessions import socket_path

    home = made.home("FR")
    assert socket_path(home).stat().st_mode & 0o777 == 0o600
    for file in home.keys.iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_what_lies_in_a_home_is_this_users_alone_and_no_invitation_is_left(made: Federation) -> None:
    for name in ("hub", "FR"):
        folder = made.home(name).folder
        assert folder.stat().st_mode & 0o077 == 0
        names = {file.name for file in folder.iterdir()}
        assert names.isdisjoint({"joining.token", "joining.csr"})
        assert any(file.startswith("vigil.sqlite3") for file in names)
        for file in [*folder.glob("vigil.sqlite3*"), *folder.glob("keys/*"), *folder.glob("tls/*")]:
            assert file.stat().st_mode & 0o077 == 0, file.name


def test_no_log_holds_a_file_name_a_path_or_a_hash(made: Federation, lines_of: Lines, tmp_path: Path) -> None:
    secretive = picture(tmp_path / "telltale" / "telltale.jpg", 70)
    prints = lines_of("FR", "fingerprint", str(secretive))[0]
    share(lines_of, tmp_path / "telltale", "LOGS")
    lines_of("FR", "query", str(secretive), *BASIS)
    for name in ("hub", "FR", "JP", "BR"):
        text = made.log_text(name)
        assert "telltale" not in text
        for kind in ("md5", "sha1", "sha256", "pdq", "phash"):
            assert prints[kind] not in text


def test_status_has_a_line_a_peer_and_doctor_finds_nothing(made: Federation) -> None:
    until(lambda: made.status("FR")["hub"] == "reached", "the hub answers")
    lines = made.run("FR", "status")
    assert {line["member"] for line in lines[1:]} == {"FR", "JP", "BR"}
    assert lines[0]["certificate_expires"]
    assert [line for line in app.doctor(made.home("FR"), secret) if not line["ok"]] == []
