"""`vigil pull`: from a folder or a server of our own into a list, over a store and an index."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.cli import main
from node.control.commands import Commands
from node.control.runner import LoopThread, drive, feed
from tests.integration.peer_server import serving
from tests.integration.wire_pki import Authority
from tests.stores import fresh_store
from tests.unit.control.list_commands import list_commands
from tests.unit.usecases.listed import Shelf, value

Line = dict[str, Any]
NODE = {"role": "node", "federation": "test.vigil", "member": "FR", "hub": "h.example:1", "enrolment": "h.example:2"}


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def event(*numbers: int, deleted: tuple[int, ...] = (), at: int = 1_700_000_000) -> str:
    """A MISP event with an MD5 for each number."""
    attributes = [
        {
            "uuid": uuid(number),
            "type": "md5",
            "value": value(number, 16).hex(),
            "to_ids": True,
            "timestamp": str(at),
            "deleted": number in deleted,
        }
        for number in numbers
    ]
    return json.dumps({"Event": {"uuid": uuid(999), "info": "secret title", "Attribute": attributes}})


def content(*numbers: int) -> str:
    """Contents of a bank of HMA."""
    return json.dumps([{"id": number, "signals": {"pdq": value(number, 32).hex()}} for number in numbers])


class World:
    """A node with a peer. `pages`: the folder of the peer."""

    def __init__(self, tmp_path: Path, shelf: Shelf, vigil: Callable[..., tuple[int, list[Line], str]]) -> None:
        self.home = tmp_path / "home"
        self.pages = tmp_path / "pages"
        self.shelf = shelf
        self.vigil = vigil
        self.home.mkdir()
        self.pages.mkdir()

    def settle(self, **settings: object) -> None:
        """Writes vigil.toml with one peer. Without `url`: of the folder."""
        given = {"list": "Peer", "format": "misp"} | ({} if "url" in settings else {"path": str(self.pages)})
        lines = [f"{key} = {json.dumps(said)}" for key, said in NODE.items()]
        lines += ["[peers.p]", *(f"{key} = {json.dumps(said)}" for key, said in (given | settings).items())]
        (self.home / "vigil.toml").write_text("\n".join(lines) + "\n")

    def write(self, **pages: str) -> None:
        for name, text in pages.items():
            (self.pages / f"{name}.json").write_text(text)

    def pull(self, *more: str) -> tuple[int, Line, list[Line]]:
        """(Exit code, the summary, the lines of pages)."""
        code, lines, _ = self.vigil("pull", "p", "--json", *more)
        return code, lines[-1], lines[:-1]

    @property
    def rows(self) -> set[bytes]:
        """The MD5s or PDQs that the list has."""
        rows = self.shelf.lists.rows("Peer", 0, 1_000)
        return {row.reference.md5 or row.reference.pdq for row in rows}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    store = fresh_store(tmp_path / "db")
    with LoopThread() as loop:
        shelf = Shelf(store)
        runner = Commands.of(list_commands(shelf.lists, store)).run

        class Session:
            def run(self, command: str, arguments: Line, items: Iterable[Line] = ()) -> Iterator[Line]:
                return drive(loop, lambda: runner(command, arguments, feed(items)))

        @contextmanager
        def session(*_: object) -> Iterator[Session]:
            yield Session()

        monkeypatch.setattr(app, "session", session)
        monkeypatch.delenv("VIGIL_SOCKET", raising=False)

        def vigil(*arguments: str) -> tuple[int, list[Line], str]:
            capsys.readouterr()
            code = main.run([*arguments, "--home", str(tmp_path / "home")])
            out, err = capsys.readouterr()
            return code, [json.loads(line) for line in out.splitlines()] if "--json" in arguments else [], out + err

        yield World(tmp_path, shelf, vigil)
        shelf.close()
        store.close()


def md5s(*numbers: int) -> set[bytes]:
    return {value(number, 16) for number in numbers}


def test_what_the_source_marks_as_deleted_is_withdrawn(world: World) -> None:
    world.settle(provider="Unit 7", level="hit-no-hit", code="2")
    world.write(a=event(1, 2), b=event(3))
    code, summary, pages = world.pull()
    assert (code, summary["imported"], summary["added"], len(pages)) == (0, 2, 3, 2)
    assert world.rows == md5s(1, 2, 3)
    of = world.shelf.lists.named("Peer")
    assert (of.provider, of.level.name, of.code) == ("Unit 7", "HIT_NO_HIT", "2")
    world.write(a=event(1, 2, deleted=(2,), at=1_700_000_001))
    code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["unchanged"], summary["withdrawn"]) == (0, 1, 1, 1)
    assert world.rows == md5s(1, 3)


def test_a_page_that_did_not_change_is_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.settle()
    world.write(a=event(1))
    world.pull()
    files = world.shelf.lists.named("Peer").generation
    code, summary, pages = world.pull()
    assert (code, summary["unchanged"], summary["imported"], pages) == (0, 1, 0, [])
    assert world.shelf.lists.named("Peer").generation == files
    _, summary, _ = world.pull("--again")
    assert (summary["unchanged"], summary["imported"]) == (0, 1)


def test_one_bad_page_does_not_stall_the_others_and_is_read_again(world: World) -> None:
    world.settle()
    world.write(a=event(1), b='{"Event": NaN}', c=event(3))
    code, summary, pages = world.pull()
    assert (code, summary["imported"], summary["failed"]) == (1, 2, 1)
    assert [page["file"] for page in pages] == ["accepted", "rejected", "accepted"]
    assert world.rows == md5s(1, 3)
    world.write(b=event(2))
    code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["unchanged"]) == (0, 1, 2)
    assert world.rows == md5s(1, 2, 3)


def test_a_page_that_ends_early_gives_what_was_whole_and_is_read_again(world: World) -> None:
    world.settle(format="hma")
    world.write(a=content(1, 2)[:-20])
    code, summary, _ = world.pull()
    assert (code, summary["failed"], world.rows) == (1, 1, {value(1, 32)})
    code, summary, _ = world.pull()
    assert (code, summary["failed"], summary["imported"]) == (1, 1, 1)


def test_of_a_whole_set_rows_that_no_page_has_are_deleted(world: World) -> None:
    world.settle(format="hma", whole="yes")
    world.write(a=content(1, 2), b=content(3), c=content(4))
    world.pull()
    assert world.rows == {value(number, 32) for number in (1, 2, 3, 4)}
    world.write(a=content(1))
    (world.pages / "c.json").unlink()
    code, summary, _ = world.pull()
    assert (code, summary["imported"], summary["withdrawn"], summary["kept_back"]) == (0, 2, 2, False)
    assert world.rows == {value(1, 32), value(3, 32)}
    _, summary, _ = world.pull()
    assert (summary["imported"], summary["unchanged"]) == (0, 2)


@pytest.mark.parametrize("bad", ["[{", '{"Event": NaN}', "[1"])
def test_of_a_whole_set_nothing_is_deleted_while_a_page_is_bad(world: World, bad: str) -> None:
    world.settle(format="hma", whole="yes")
    world.write(a=content(1, 2), b=content(3))
    world.pull()
    world.write(a=content(1, 5), b=bad)
    code, summary, _ = world.pull()
    assert (code, summary["failed"], summary["kept_back"], summary["withdrawn"]) == (1, 1, True, 0)
    assert world.rows == {value(number, 32) for number in (1, 2, 3, 5)}
    (world.pages / "b.json").unlink()
    code, summary, _ = world.pull()
    assert (code, summary["kept_back"], summary["withdrawn"]) == (0, False, 2)
    assert world.rows == {value(1, 32), value(5, 32)}


@pytest.mark.parametrize("whole", ["yes", "no"])
def test_an_empty_or_missing_folder_deletes_nothing(world: World, whole: str) -> None:
    world.settle(whole=whole)
    world.write(a=event(1))
    world.pull()
    (world.pages / "a.json").unlink()
    assert world.pull()[0] == 2
    world.pages.rmdir()
    assert world.pull()[0] != 0
    assert world.rows == md5s(1)


def test_after_another_import_into_the_list_everything_is_read_again(world: World) -> None:
    world.settle(format="hma", whole="yes")
    world.write(a=content(1))
    world.pull()
    (world.pages.parent / "other.json").write_text(content(2))
    code, _, said = world.vigil("import", str(world.pages.parent / "other.json"), "--as", "hma", "--list", "Peer")
    assert code == 0, said
    assert world.rows == {value(1, 32), value(2, 32)}
    _, summary, _ = world.pull()
    assert (summary["imported"], summary["withdrawn"]) == (1, 1)
    assert world.rows == {value(1, 32)}


def test_a_damaged_cursor_is_told_and_again_helps(world: World) -> None:
    world.settle()
    world.write(a=event(1))
    world.pull()
    (world.home / "pulled" / "p.json").write_bytes(b"\xff")
    code, summary, _ = world.pull()
    assert code != 0
    assert "--again" in json.dumps(summary)
    assert world.pull("--again")[0] == 0
    assert world.pull()[1]["unchanged"] == 1


def test_a_folder_has_only_finished_regular_files_as_pages(world: World, tmp_path: Path) -> None:
    world.settle()
    world.write(a=event(1), manifest="{}")
    (world.pages / "hashes.csv").write_text("x")
    for name in (".b.json", "b.json.tmp", "b.json.part", "b.json~"):
        (world.pages / name).write_text(event(2))
    (world.pages / "folder").mkdir()
    (tmp_path / "outside.json").write_text(event(3))
    (world.pages / "link.json").symlink_to(tmp_path / "outside.json")
    code, summary, _ = world.pull()
    assert (code, summary["pages"], summary["passed_over"]) == (0, 1, 6)
    assert world.rows == md5s(1)


def test_no_name_of_a_page_and_nothing_of_it_is_told(world: World) -> None:
    world.settle()
    world.write(secretname=event(1), othersecret="{")
    for arguments in (("pull", "p"), ("pull", "p", "--json")):
        code, _, said = world.vigil(*arguments)
        assert code == 1
        assert "secret" not in said
        assert value(1, 16).hex() not in said
    assert "secret" not in (world.home / "pulled" / "p.json").read_text()


def test_pages_over_https_are_pulled_and_none_is_left_in_the_home(world: World, tmp_path: Path) -> None:
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    with serving(authority) as server:
        world.settle(url=[server.url("/a"), server.url("/b"), server.url("/c")], ca=str(tmp_path / "ca.pem"))
        server.answers |= {"/a": event(1).encode(), "/c": event(3).encode()}
        code, summary, pages = world.pull()
        assert (code, summary["imported"], summary["failed"]) == (1, 2, 1)
        assert "404" in pages[0]["error"]["message"]
        assert world.rows == md5s(1, 3)
        server.answers["/b"] = event(2).encode()
        code, summary, _ = world.pull()
        assert (code, summary["imported"], summary["unchanged"]) == (0, 1, 2)
    assert world.rows == md5s(1, 2, 3)
    assert sorted(path.name for path in (world.home / "pulled").iterdir()) == ["p.json", "p.lock"]


def test_peers_are_listed_and_an_unknown_one_is_told(world: World) -> None:
    world.settle()
    code, lines, _ = world.vigil("pull", "--json")
    assert (code, lines) == (
        0,
        [{"peer": "p", "list": "Peer", "format": "misp", "source": "path", "whole": False}],
    )
    said = world.vigil("pull")[2]
    assert "into list Peer" in said
    assert "vigil pull NAME" in said
    code, _, said = world.vigil("pull", "q")
    assert code != 0
    assert "no peer with this name" in said


def test_a_node_without_peers_says_how_one_is_made(world: World) -> None:
    (world.home / "vigil.toml").write_text("".join(f"{key} = {json.dumps(said)}\n" for key, said in NODE.items()))
    code, _, said = world.vigil("pull")
    assert code == 0
    assert "no peers here; a section [peers.NAME] of vigil.toml makes one" in said
    assert world.vigil("pull", "--json")[1] == []
