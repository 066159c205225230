"""ingest: what is handed over, what is skipped, what is said, and how it is interrupted and resumed."""

import hashlib
import os
import signal
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from node import app
from node.cli.originals import copy_original
from node.control.lines import read_item
from node.errors import DiskFull, MediaError, StoreError
from node.media.budget import CUT, cut
from node.media.tasks import Examined
from tests.unit.cli.conftest import Line, Node, Vigil, prints
from tests.unit.cli.ingest_lines import SALT, answer


def test_fingerprints_tags_and_labels_are_handed_over_and_a_line_a_file_comes_back(
    vigil: Vigil, node: Node, files: Path
) -> None:
    answer(node)
    ran = vigil("ingest", files, "--case", "C-1", "--level", "hit-no-hit", "--officer", "Dupont", "--json")
    call = node.call("ingest")
    assert call.arguments == {"case": "C-1", "level": "hit-no-hit"}
    items = [read_item(item) for item in call.items]
    assert [item.prints for item in items] == [prints(1), prints(2)]
    assert [item.label for item in items] == ["1", "2"]
    assert [item.place for item in items] == [None, None]
    taken = [line for line in ran.lines if "holding" in line]
    assert [(line["path"], line["part"], line["note"]) for line in taken] == [
        (str(files / name), None, None) for name in ("a.jpg", "b.jpg")
    ]
    assert len({item.tag for item in items}) == 2
    assert ran.lines[-1] == {
        "files": 3,
        "new": 2,
        "already_held": 0,
        "files_with_hits": 0,
        "fingerprinted": 2,
        "digests_alone": 0,
        "unreadable": 1,
        "empty": 0,
        "parts": 0,
        "parts_unreadable": 0,
        "skipped": 0,
        "interrupted": False,
    }


def test_a_bad_file_and_a_missing_one_are_lines_and_the_exit_code_is_1(vigil: Vigil, node: Node, files: Path) -> None:
    answer(node)
    ran = vigil("ingest", files, files / "missing.jpg", "--case", "C-1", "--json")
    assert ran.code == 1
    assert [line["path"] for line in ran.lines if "error" in line] == [
        str(files / "missing.jpg"),
        str(files / "bad.txt"),
    ]
    assert "Traceback" not in ran.err


def test_no_path_is_in_a_tag_and_none_is_sent_but_as_a_reference(vigil: Vigil, node: Node, files: Path) -> None:
    answer(node)
    vigil("ingest", files / "a.jpg", "--case", "C-1")
    [item] = node.call("ingest").items
    assert item.pop("file") == str(files / "a.jpg")
    assert "a.jpg" not in str(item)


def test_without_a_reference_no_path_is_sent(vigil: Vigil, node: Node, files: Path) -> None:
    answer(node)
    vigil("ingest", files / "a.jpg", "--case", "C-1", "--no-reference")
    [item] = node.call("ingest").items
    assert item["file"] == ""
    assert "a.jpg" not in str(item)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("option", ["", "--no-previews", "--previews"])
def test_previews_are_made_where_the_node_keeps_them(
    vigil: Vigil, node: Node, files: Path, kept: bool, option: str
) -> None:
    answer(node)
    node.answers["ingest-salt"] = [{"salt": SALT, "previews": kept}]
    ran = vigil("ingest", files / "a.jpg", "--case", "C-1", *([option] if option else []))
    if option == "--previews" and not kept:
        assert ran.code != 0
        return
    assert ran.code == 0
    [item] = node.call("ingest").items
    assert bool(item["previews"]) == (kept and option != "--no-previews")


def test_previews_that_the_node_does_not_keep_are_refused_before_a_file_is_read(
    vigil: Vigil, node: Node, files: Path
) -> None:
    answer(node)
    ran = vigil("ingest", files / "a.jpg", "--case", "C-1", "--previews")
    assert ran.code != 0
    assert "keeps no previews" in ran.err
    assert [call.command for call in node.calls] == ["ingest-salt"]


def test_an_ingest_with_previews_reads_again_what_was_taken_in_without(vigil: Vigil, node: Node, files: Path) -> None:
    answer(node)
    vigil("ingest", files / "a.jpg", "--case", "C-1")
    node.answers["ingest-salt"] = [{"salt": SALT, "previews": True}]
    node.calls.clear()
    vigil("ingest", files / "a.jpg", "--case", "C-1")
    assert len(node.call("ingest").items) == 1


def test_the_same_command_again_skips_what_is_done(vigil: Vigil, node: Node, files: Path) -> None:
    answer(node)
    (files / "bad.txt").unlink()
    assert vigil("ingest", files, "--case", "C-1").code == 0
    node.calls.clear()
    again = vigil("ingest", files, "--case", "C-1", "--json")
    assert node.call("ingest").items == []
    assert again.lines[-1]["skipped"] == 2


@pytest.mark.parametrize("change", ["content", "time", "case", "level", "copy"])
def test_a_changed_file_and_another_request_are_not_skipped(vigil: Vigil, node: Node, files: Path, change: str) -> None:
    answer(node)
    vigil("ingest", files / "a.jpg", "--case", "C-1")
    node.calls.clear()
    if change == "content":
        (files / "a.jpg").write_bytes(b"\x03longer")
    if change == "time":
        os.utime(files / "a.jpg", ns=(1, 1))
    words = ["--case", "C-2" if change == "case" else "C-1"]
    words += ["--level", "hit-no-hit"] if change == "level" else []
    if change == "copy":
        words.append("--copy-originals")
    ran = vigil("ingest", files / "a.jpg", *words, "--json")
    assert ran.lines[-1]["skipped"] == 0


def test_it_is_resumed_under_another_spelling_of_the_path(
    vigil: Vigil, node: Node, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(node)
    vigil("ingest", files / "a.jpg", "--case", "C-1")
    monkeypatch.chdir(files)
    assert vigil("ingest", "a.jpg", "--case", "C-1", "--json").lines[-1]["skipped"] == 1


def test_files_are_found_as_they_are_needed(
    vigil: Vigil, node: Node, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a folder of millions would have to fit into memory before its first file is taken in."""
    answer(node)
    walked: list[int] = []
    at_first: list[int] = []

    [one] = app.walk([files / "a.jpg"])

    def walk(_: Iterable[Path]) -> Iterable[object]:
        for number in range(50_000):
            walked.append(number)
            yield one

    def take(_: Line, items: Iterable[Line]) -> Iterable[Line]:
        for item in items:
            at_first.append(len(walked))
            yield {"path": item["label"], "holding": 1, "new": True, "hits": [], "hits_total": 0}
            break
        yield {"files": 1, "new": 1, "already_held": 0, "files_with_hits": 0}

    monkeypatch.setattr(app, "walk", walk)
    node.answers["ingest"] = take
    vigil("ingest", files, "--case", "C-1", "--json")
    assert 0 < at_first[0] <= 1_000


def test_a_whole_ingest_is_counted_whatever_its_size(
    vigil: Vigil, node: Node, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than two batches of look-ups, of which every third file was done before and every tenth is bad."""
    answer(node)
    many = 2_500
    paths = [files / f"{number:04}.{'jpg' if number % 10 else 'txt'}" for number in range(many)]
    for path in paths:
        path.write_bytes(b"\x01")
    found = list(app.walk(paths))
    monkeypatch.setattr(app, "walk", lambda _: iter(found[::3]))
    vigil("ingest", files, "--case", "C-1", "--json")
    monkeypatch.setattr(app, "walk", lambda _: iter(found))
    node.calls.clear()
    ran = vigil("ingest", files, "--case", "C-1", "--json")
    assert len([call for call in node.calls if call.command == "ingest-known"]) == 3
    done = [number for number in range(0, many, 3) if number % 10]
    bad = len(range(0, many, 10))
    summary = ran.lines[-1]
    assert (summary["skipped"], summary["unreadable"]) == (len(done), bad)
    assert summary["new"] == many - bad - len(done)
    fresh = [str(paths[number]) for number in range(many) if number % 10 and number % 3]
    assert [line["path"] for line in ran.lines if "holding" in line] == fresh


def test_ctrl_c_finishes_what_was_handed_over_and_says_how_to_go_on(vigil: Vigil, node: Node, files: Path) -> None:
    answer(node)

    def take(_: Line, items: Iterable[Line]) -> Iterable[Line]:
        files = 0
        for files, item in enumerate(items, start=1):
            os.kill(os.getpid(), signal.SIGINT)
            yield {"path": item["label"], "holding": files, "new": True, "hits": [], "hits_total": 0}
        yield {"files": files, "new": files, "already_held": 0, "files_with_hits": 0}

    node.answers["ingest"] = take
    ran = vigil("ingest", files, "--case", "C-1", "--json")
    assert ran.code == 130
    assert [line["path"] for line in ran.lines if "holding" in line] == [str(files / "a.jpg")]
    assert ran.lines[-1]["interrupted"] is True
    assert "Run the same command again" in ran.err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_ends_it_at_once(vigil: Vigil, node: Node, files: Path) -> None:
    answer(node)

    def take(_: Line, items: Iterable[Line]) -> Iterable[Line]:
        for _item in items:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            yield {}

    node.answers["ingest"] = take
    assert vigil("ingest", files, "--case", "C-1").code == 130


def test_people_are_shown_the_nearest_hits_and_how_many_more(vigil: Vigil, node: Node, files: Path) -> None:
    answer(node)
    hit = {
        "subject": "a",
        "origin": "FR",
        "record": None,
        "algorithm": "pdq",
        "distance": 2,
        "quality": 90,
        "orientation": "original",
        "category": None,
        "series": None,
        "weak": False,
        "level": "national",
    }
    node.answers["ingest"] = [
        {"path": "a\x1b[2J.jpg", "holding": 7, "new": False, "hits": [hit] * 9, "hits_total": 309},
        {"files": 1, "new": 0, "already_held": 1, "files_with_hits": 1},
    ]
    ran = vigil("ingest", files / "a.jpg", "--case", "C-1")
    assert ran.out.count("2 of 256 bits away") == 5
    assert "304 more hits" in ran.out
    assert "\x1b" not in ran.out
    assert "0 new, 1 held already. 1 holding with hits." in ran.out


def test_originals_are_copied_by_content_before_the_node_is_told(
    vigil: Vigil, node: Node, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(node)
    contents = (files / "a.jpg").read_bytes()
    digest = hashlib.sha256(contents)
    monkeypatch.setattr(
        app,
        "fingerprint_files",
        lambda given, **_: (
            Examined(path=item.path, result=replace(prints(1), sha256=digest.digest())) for item in given
        ),
    )
    assert vigil("ingest", files / "a.jpg", "--case", "C-1", "--copy-originals").code == 0
    name = digest.hexdigest()
    copy = tmp_path / "home" / "originals" / name[:2] / name[2:]
    assert copy.read_bytes() == contents
    assert copy.stat().st_mode & 0o777 == 0o400
    assert copy.parent.stat().st_mode & 0o777 == 0o700


def test_what_comes_last_is_taken_in_under_its_own_tag(
    vigil: Vigil, node: Node, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that takes long for its size comes behind the others."""
    answer(node)
    in_order = app.fingerprint_files
    assert vigil("ingest", files, "--case", "C-1", "--json").code == 1
    tags = {item["file"]: item["tag"] for item in node.call("ingest").items}
    monkeypatch.setattr(app, "fingerprint_files", lambda given, **_: reversed(list(in_order(given))))
    answer(node)
    assert vigil("ingest", files, "--case", "C-1", "--json").code == 1
    items = [call for call in node.calls if call.command == "ingest"][-1].items
    assert [Path(item["file"]).name for item in items] == ["b.jpg", "a.jpg"]
    assert {item["file"]: item["tag"] for item in items} == tags


def test_a_file_that_the_run_had_no_time_for_is_not_taken_in(
    vigil: Vigil, node: Node, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken in, it would count as done, and its later frames would never be looked for."""
    answer(node)
    so_far = replace(prints(1), note="only its first 9 frames were read: decoding all of them takes too long")
    monkeypatch.setattr(
        app, "fingerprint_files", lambda given, **_: (Examined(path=item.path, result=cut(so_far)) for item in given)
    )
    ran = vigil("ingest", files / "a.jpg", "--case", "C-1", "--json")
    assert ran.code == 1
    assert node.call("ingest").items == []
    assert ran.lines[0]["error"].startswith("not taken in: only its first 9 frames were read")
    assert CUT in ran.lines[0]["error"]


def test_a_file_that_changed_before_it_was_copied_is_not_taken_in(
    vigil: Vigil, node: Node, files: Path, tmp_path: Path
) -> None:
    answer(node)
    ran = vigil("ingest", files / "a.jpg", "--case", "C-1", "--copy-originals", "--json")
    assert ran.code == 1
    assert ran.lines[0]["error"] == "the file changed while it was copied"
    assert node.call("ingest").items == []
    assert list((tmp_path / "home" / "originals").rglob("*.part")) == []


def test_a_full_disk_stops_it_and_what_was_taken_in_is_told(
    vigil: Vigil, node: Node, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(node)

    def fail(source: Path, *_: object) -> None:
        if source.name == "b.jpg":
            raise DiskFull("no space is left")

    monkeypatch.setattr("node.cli.ingest.copy_original", fail)
    ran = vigil("ingest", files, "--case", "C-1", "--copy-originals", "--json")
    assert ran.code == 1
    assert [line.get("holding") for line in ran.lines[:1]] == [1]
    assert ran.lines[-1]["kind"] == "disk-full"


def test_a_copy_that_has_rotted_is_replaced_and_a_whole_one_is_left(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"original")
    digest = hashlib.sha256(b"original").digest()
    copy = copy_original(source, digest, tmp_path / "originals")
    before = copy.stat().st_ino
    assert copy_original(source, digest, tmp_path / "originals").stat().st_ino == before
    copy.chmod(0o600)
    copy.write_bytes(b"rotten!!")
    assert copy_original(source, digest, tmp_path / "originals").read_bytes() == b"original"


def test_a_copy_cut_short_by_a_crash_is_taken_up(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"original")
    digest = hashlib.sha256(b"original").digest()
    name = digest.hex()
    part = tmp_path / "originals" / name[:2] / (name[2:] + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"orig")
    assert copy_original(source, digest, tmp_path / "originals").read_bytes() == b"original"
    assert not part.exists()


def test_a_source_that_is_gone_is_a_fault_of_the_file_and_a_bad_folder_one_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        copy_original(tmp_path / "gone", bytes(32), tmp_path / "originals")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError):
        copy_original(tmp_path / "file", bytes(32), tmp_path / "file")
