"""Walking finds every file once an argument, in order, and says what it could not read."""

import os
from pathlib import Path

import pytest

from node.media.walk import Unreadable, walk


def found(*paths: Path) -> list[tuple[str, str]]:
    """Names and reasons, "" for a file that is handed on."""
    return [
        (item.path.name, str(item.error)) if isinstance(item, Unreadable) else (item.name, "") for item in walk(paths)
    ]


def grow(root: Path, *files: str) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    grow(tmp_path, "b/2", "b/1", "a", "c/d/e/9", "c/a", ".hidden")
    assert found(tmp_path) == [(name, "") for name in (".hidden", "a", "1", "2", "a", "9")]


def test_arguments_come_in_the_order_they_were_typed(tmp_path: Path) -> None:
    grow(tmp_path, "b", "a")
    assert found(tmp_path / "b", tmp_path / "a", tmp_path / "b") == [("b", ""), ("a", ""), ("b", "")]


def test_what_is_not_there_is_told_in_its_place(tmp_path: Path) -> None:
    grow(tmp_path, "a", "z")
    (tmp_path / "m").symlink_to("nowhere")
    os.mkfifo(tmp_path / "p")
    assert found(tmp_path, tmp_path / "gone") == [
        ("a", ""),
        ("m", "a link whose target does not exist"),
        ("p", "not a regular file"),
        ("z", ""),
        ("gone", "no such file or folder"),
    ]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    grow(tmp_path, "a/1", "b/2")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "self").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "twin").symlink_to(tmp_path / "a" / "1")
    assert sorted(found(tmp_path)) == [("1", ""), ("2", ""), ("twin", "")]


def test_a_folder_that_cannot_be_read_is_told_and_the_walk_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a refusing listdir: root, as whom tests may run, is refused nothing."""
    grow(tmp_path, "a/1", "b/2", "c/3")
    really_list = os.listdir

    def listdir(folder: Path) -> list[str]:
        if folder.name == "b":
            raise PermissionError(13, "Permission denied")
        return really_list(folder)

    monkeypatch.setattr(os, "listdir", listdir)
    assert found(tmp_path) == [("1", ""), ("b", "no permission to read it"), ("3", "")]


def test_a_name_that_is_no_text_is_found(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    grow(tmp_path, name)
    assert found(tmp_path) == [(name, "")]
    assert [str(item.error) for item in walk([Path("nul\0name")]) if isinstance(item, Unreadable)] == [
        "cannot be read: no file can have such a name"
    ]


def test_a_deep_folder_is_walked(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep = deep / "d"
    grow(deep, "bottom")
    assert found(tmp_path) == [("bottom", "")]


def test_a_folder_in_the_middle_of_files_is_walked_in_its_place(tmp_path: Path) -> None:
    grow(tmp_path, "a", "m/1", "m/n/2", "m/o", "z")
    assert [path.relative_to(tmp_path) for path in walk([tmp_path]) if isinstance(path, Path)] == [
        Path(name) for name in ("a", "m/1", "m/n/2", "m/o", "z")
    ]


def test_paths_are_as_they_were_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(tmp_path, "a/1")
    monkeypatch.chdir(tmp_path)
    assert list(walk([Path("a"), Path("a/1")])) == [Path("a/1"), Path("a/1")]
