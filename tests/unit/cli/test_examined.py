"""Files and their parts in the commands that take files: what is counted, named, handed over and told."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.control.lines import read_item
from node.domain.material import DigestFingerprints
from node.domain.parts import Place, Role
from node.errors import Empty, MediaError
from node.media.budget import cut
from node.media.tasks import Examined
from tests.unit.cli.conftest import Line, Node, Vigil, prints
from tests.unit.cli.ingest_lines import answer
from tests.unit.cli.search_lines import ASK, SEARCHED, hit, summary

ARCHIVE = DigestFingerprints(
    media_type="application/zip",
    size=4,
    md5=b"z" * 16,
    sha1=b"z" * 20,
    sha256=b"z" * 32,
    note="not looked at: 3 encrypted members",
)
FIRST = Place(parent=ARCHIVE.sha256, path=(0,), role=Role.MEMBER, name="x/\x1b[2Jone.jpg")
SECOND = Place(parent=prints(1).sha256, path=(0, 0), role=Role.PAGE)
COUNTS = {
    "files": 4,
    "fingerprinted": 1,
    "digests_alone": 1,
    "unreadable": 1,
    "empty": 1,
    "parts": 2,
    "parts_unreadable": 0,
}
CLOSING = "4 files: 1 fingerprinted, 1 by digests alone, 1 unreadable, 1 empty; 2 parts inside them"
INSIDE = "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A picture, an archive of two pictures, an empty file and one that cannot be read."""
    made = tmp_path / "evidence"
    made.mkdir()
    for name in ("a.jpg", "b.zip", "c.empty", "d.bad"):
        (made / name).write_bytes(b"x")
    results: dict[str, list[Examined]] = {
        ".jpg": [Examined(path=made, result=prints(7))],
        ".zip": [
            Examined(path=made, place=FIRST, result=prints(1)),
            Examined(path=made, place=SECOND, result=prints(2)),
            Examined(path=made, result=ARCHIVE),
        ],
        ".empty": [Examined(path=made, result=Empty("empty file"))],
        ".bad": [Examined(path=made, result=MediaError("not readable", remedy="check the disk"))],
    }

    def fingerprint(given: Iterable[Any], *, workers: int | None = None, previews: bool = False) -> Iterator[Examined]:
        for item in given:
            for each in results[item.path.suffix]:
                yield replace(each, path=item.path)

    monkeypatch.setattr(app, "fingerprint_files", fingerprint)
    return made


def place(where: Place) -> Line:
    return {
        "parent": where.parent.hex(),
        "path": list(where.path),
        "role": where.role.value,
        "name": where.name or None,
    }


def test_an_ingest_hands_over_parts_with_their_places_and_counts_what_there_was(
    vigil: Vigil, node: Node, folder: Path
) -> None:
    answer(node)
    ran = vigil("ingest", folder, "--case", "C-1", "--json")
    assert ran.code == 1
    items = [read_item(item) for item in node.call("ingest").items]
    assert [item.prints.sha256[:1] for item in items] == [b"\x07", b"\x01", b"\x02", b"z"]
    assert [item.place for item in items] == [None, FIRST, SECOND, None]
    assert [bool(item.tag) for item in items] == [True, False, False, True], "a part alone is no file that is done"
    assert {item.file for item in items[1:]} == {str(folder / "b.zip")}
    taken = [line for line in ran.lines if "holding" in line]
    assert [(Path(line["path"]).name, line["part"], line["note"]) for line in taken] == [
        ("a.jpg", None, None),
        ("b.zip", place(FIRST), None),
        ("b.zip", place(SECOND), None),
        ("b.zip", None, ARCHIVE.note),
    ]
    assert {"path": str(folder / "c.empty"), "note": "empty file"} in ran.lines
    assert {"path": str(folder / "d.bad"), "error": "not readable"} in ran.lines
    assert ran.lines[-1].items() >= COUNTS.items()


def test_people_read_which_part_of_which_file_it_is(vigil: Vigil, node: Node, folder: Path) -> None:
    answer(node)
    ran = vigil("ingest", folder, "--case", "C-1")
    assert f"b.zip {INSIDE} x/" in ran.out
    assert f"b.zip {INSIDE} page 2\n" in ran.out
    assert "not looked at: 3 encrypted members" in ran.out
    assert f"{CLOSING}.\n" in ran.out
    assert "empty         " in ran.out
    assert "(check the disk)" in ran.out
    assert "\x1b" not in ran.out + ran.err


def test_a_file_of_which_a_part_was_not_read_to_its_end_is_not_done(
    vigil: Vigil, node: Node, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(node)
    late = cut(replace(prints(1), note="only its first 9 frames were read"))

    def fingerprint(given: Iterable[Any], *, workers: int | None = None, previews: bool = False) -> Iterator[Examined]:
        for item in given:
            yield Examined(path=item.path, place=FIRST, result=late)
            yield Examined(path=item.path, result=ARCHIVE)

    monkeypatch.setattr(app, "fingerprint_files", fingerprint)
    ran = vigil("ingest", folder / "b.zip", "--case", "C-1", "--json")
    assert ran.code == 1
    (item,) = node.call("ingest").items
    assert (item["tag"], item["place"]) == ("", None)
    assert ran.lines[0]["part"] == place(FIRST)
    assert ran.lines[0]["error"].startswith("not taken in: ")
    node.calls.clear()
    vigil("ingest", folder / "b.zip", "--case", "C-1", "--json")
    assert len(node.call("ingest").items) == 1, "it is read again"


def test_a_match_names_the_part_that_a_hit_is_about(vigil: Vigil, node: Node, folder: Path) -> None:
    def search(_: Line, items: Iterable[Line]) -> Iterable[Line]:
        labels = [item["label"] for item in items]
        yield from [hit(labels[2]), hit(labels[1]), hit(labels[0]), SEARCHED]

    node.answers["match"] = search
    ran = vigil("match", folder, "--json")
    assert ran.code == 1
    found = [(Path(line["subject"]).name, line["part"]) for line in ran.lines if "subject" in line]
    assert found == [("b.zip", place(SECOND)), ("b.zip", place(FIRST)), ("a.jpg", None)]
    assert ran.lines[-1].items() >= COUNTS.items()
    assert str(folder) not in str(node.call("match").items)
    people = vigil("match", folder)
    assert f"b.zip {INSIDE} page 2\n" in people.out
    assert f"{CLOSING}.\n" in people.out
    assert "\x1b" not in people.out + people.err


def test_a_question_is_kept_with_its_words_and_told_with_its_parts(vigil: Vigil, node: Node, folder: Path) -> None:
    def ask(_: Line, items: Iterable[Line]) -> Iterable[Line]:
        labels = [item["label"] for item in items]
        yield {"subject": labels[3], "not_asked": "it is on the list"}
        yield hit(labels[1]) | {"where": "here"}
        yield summary({"FR": "hit"})

    node.answers["query"] = ask
    ran = vigil(*ASK, folder, "--json")
    labels = [item["label"] for item in node.call("query").items]
    assert labels[0] == str(folder / "a.jpg")
    assert labels[2] == f"{folder / 'b.zip'} {INSIDE} page 2"
    left, found, closed = (line for line in ran.lines if "error" not in line and "note" not in line)
    assert (left["subject"], left["place"]) == (str(folder / "b.zip"), None)
    assert (found["subject"], found["place"]) == (str(folder / "b.zip"), place(FIRST))
    assert (closed["file_parts"], closed["digests_alone"], closed["empty"]) == (2, 1, 1)
    assert f"{CLOSING}.\n" in vigil(*ASK, folder).out


def test_fingerprints_of_parts_are_lines_with_their_parent_and_number(vigil: Vigil, folder: Path) -> None:
    ran = vigil("fingerprint", folder, "--json")
    assert ran.code == 1
    picture, first, second, archive, empty, bad = ran.lines
    assert "parent" not in picture
    assert (first["parent"], first["part"], first["place"]) == (ARCHIVE.sha256.hex(), 0, place(FIRST))
    assert (second["parent"], second["place"]["path"]) == (prints(1).sha256.hex(), [0, 0])
    assert (archive["media_type"], archive["note"], archive["pdq"]) == ("application/zip", ARCHIVE.note, None)
    assert (empty["size"], empty["note"], "error" in empty) == (0, "empty file", False)
    assert empty["sha256"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert bad == {"path": str(folder / "d.bad"), "error": "not readable"}
    assert CLOSING in ran.err.replace("\n", " ")
    people = vigil("fingerprint", folder)
    assert f"b.zip {INSIDE} page 2\n" in people.out
    assert "\x1b" not in people.out + people.err


def test_only_what_could_not_be_read_is_an_error(vigil: Vigil, node: Node, folder: Path) -> None:
    (folder / "d.bad").unlink()
    answer(node)
    node.answers["match"] = lambda _, items: [SEARCHED for _ in [list(items)]]
    for words in (("fingerprint", folder), ("ingest", folder, "--case", "C"), ("match", folder)):
        assert vigil(*words).code == 0
