"""Walking finds every file once an argument, in order, and says what it could not read."""

import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.errors import MediaError
from node.media.descriptors import Identity, open_found
from node.media.walk import Found, Unreadable, walk


def found(*paths: Path) -> list[tuple[str, str]]:
    """Names and reasons, "" for a file that is handed on."""
    return [(item.path.name, str(item.error) if isinstance(item, Unreadable) else "") for item in walk(paths)]


def paths(*named: Path) -> list[Path]:
    return [item.path for item in walk(named) if isinstance(item, Found)]


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
        ("m", "a link, which is not followed"),
        ("p", "not a regular file: a pipe"),
        ("z", ""),
        ("gone", "no such file or folder"),
    ]


def test_a_link_in_a_folder_is_named_and_not_followed(tmp_path: Path) -> None:
    """It pulled in another case's pictures, and the kernel's own files."""
    grow(tmp_path, "case/1", "another case/secret")
    (tmp_path / "case" / "another").symlink_to(tmp_path / "another case")
    (tmp_path / "case" / "kernel").symlink_to("/proc")
    (tmp_path / "case" / "self").symlink_to(tmp_path / "case")
    (tmp_path / "case" / "twin").symlink_to(tmp_path / "another case" / "secret")
    named = "a link, which is not followed"
    assert found(tmp_path / "case") == [
        ("1", ""),
        ("another", named),
        ("kernel", named),
        ("self", named),
        ("twin", named),
    ]


def test_a_link_that_a_person_typed_is_followed_once(tmp_path: Path) -> None:
    grow(tmp_path, "case/1")
    (tmp_path / "case" / "link").symlink_to("1")
    (tmp_path / "folder").symlink_to("case")
    (tmp_path / "file").symlink_to("case/1")
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "round").symlink_to("round")
    assert found(tmp_path / "folder", tmp_path / "file", tmp_path / "nowhere") == [
        ("1", ""),
        ("link", "a link, which is not followed"),
        ("file", ""),
        ("nowhere", "a link whose target does not exist"),
    ]
    assert len(found(tmp_path / "round")) == 1


def test_the_kernels_own_files_are_not_walked() -> None:
    assert found(Path("/proc"), Path("/sys/kernel")) == [
        ("proc", "the kernel shows its own state here: these are not stored files"),
        ("kernel", "the kernel shows its own state here: these are not stored files"),
    ]


def test_sockets_and_devices_are_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
    assert found(tmp_path, Path("/dev/null")) == [
        ("s", "not a regular file: a socket"),
        ("null", "not a regular file: a device"),
    ]


def test_a_loop_of_mounts_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a folder that is itself again: only root mounts."""
    grow(tmp_path, "a/1", "a/b/2")
    really_stat, outer = os.stat, tmp_path.stat()

    def stat(path: object, **options: Any) -> os.stat_result:
        return outer if path == "b" else really_stat(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", stat)
    assert found(tmp_path) == [("1", ""), ("b", "it leads back to a folder that contains it")]


@pytest.mark.parametrize("by", ["another folder", "a link"])
def test_a_folder_that_is_swapped_while_it_is_walked_is_left(tmp_path: Path, by: str) -> None:
    grow(tmp_path, "case/m/1", "case/m/n/2", "case/m/o", "case/z", "secret/n/3", "secret/o")
    seen = []
    for item in walk([tmp_path / "case"]):
        seen.append((item.path.name, str(item.error) if isinstance(item, Unreadable) else ""))
        if item.path.name == "1":
            (tmp_path / "case" / "m").rename(tmp_path / "moved")
            if by == "a link":
                (tmp_path / "case" / "m").symlink_to(tmp_path / "secret")
            else:
                (tmp_path / "secret").rename(tmp_path / "case" / "m")
    assert [name for name, reason in seen if not reason] == ["1", "z"]
    assert [name for name, reason in seen if reason] == ["n", "m"]


def test_a_file_that_is_swapped_after_it_was_found_is_not_opened(tmp_path: Path) -> None:
    grow(tmp_path, "case/a", "secret")
    [item] = list(walk([tmp_path / "case"]))
    assert isinstance(item, Found)
    item.path.unlink()
    item.path.symlink_to(tmp_path / "secret")
    with pytest.raises(MediaError, match="a link, which is not followed"):
        open_found(item.path, named=False, identity=Identity.of(item.status))
    item.path.unlink()
    item.path.hardlink_to(tmp_path / "secret")
    with pytest.raises(MediaError, match="replaced by another"):
        open_found(item.path, named=False, identity=Identity.of(item.status))


def test_a_file_whose_inode_was_forgotten_is_known_again(tmp_path: Path) -> None:
    """As file systems without inodes (FAT) do; a memory stick has one."""
    grow(tmp_path, "a")
    identity = Identity.of((tmp_path / "a").stat())
    os.close(open_found(tmp_path / "a", named=False, identity=replace(identity, inode=identity.inode + 1)))


def test_one_folder_is_open_at_a_time(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(200):
        deep /= "d"
    grow(deep, "bottom")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    items = walk([tmp_path])
    next(items)
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208


def test_a_folder_that_cannot_be_read_is_told_and_the_walk_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a refusing open: root, as whom tests may run, is refused nothing."""
    grow(tmp_path, "a/1", "b/2", "c/3")
    really_open = os.open

    def refuse(folder: Path, flags: int) -> int:
        if folder.name == "b":
            raise PermissionError(13, "Permission denied")
        return really_open(folder, flags)

    monkeypatch.setattr(os, "open", refuse)
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
    assert [path.relative_to(tmp_path) for path in paths(tmp_path)] == [
        Path(name) for name in ("a", "m/1", "m/n/2", "m/o", "z")
    ]


def test_paths_are_as_they_were_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(tmp_path, "a/1")
    monkeypatch.chdir(tmp_path)
    assert paths(Path("a"), Path("a/1")) == [Path("a/1"), Path("a/1")]
