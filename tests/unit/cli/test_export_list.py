"""`vigil export-list` and `vigil verify` of its file: nothing is overwritten, and nothing half written stays."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from node import app
from node.errors import BadSignature
from tests.unit.cli.conftest import Line, Node, Vigil

PIECES = (b"md5\n", b"00" * 16 + b"\n")
DATA = b"".join(PIECES)
MANIFEST = b"a manifest\n"


def lines_of(digest: str = hashlib.sha256(DATA).hexdigest()) -> list[Line]:
    last = {"format": "csv", "rows": 1, "withdrawn": 3, "left_out": {"level national": 2, "media_type": 4, "tags": 5}}
    last |= {"size": len(DATA), "sha256": digest}
    data = [{"data": base64.b64encode(piece).decode()} for piece in PIECES]
    return [*data, last | {"manifest": base64.b64encode(MANIFEST).decode()}]


@pytest.fixture
def out(node: Node, tmp_path: Path) -> Path:
    node.answers["export-list"] = lines_of()
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "list.csv"


def run(vigil: Vigil, out: Path, *more: str) -> Any:
    return vigil("export-list", "--format", "csv", "--list", "L", "--output", out, *more)


def names(out: Path) -> set[str]:
    return {each.name for each in out.parent.iterdir()}


def test_file_and_manifest_are_there_and_the_owner_alone_reads_them(node: Node, vigil: Vigil, out: Path) -> None:
    ran = run(vigil, out)
    assert ran.code == 0, ran.err
    assert out.read_bytes() == DATA
    assert out.with_name("list.csv.manifest").read_bytes() == MANIFEST
    assert names(out) == {"list.csv", "list.csv.manifest"}
    assert {stat.S_IMODE(each.stat().st_mode) for each in out.parent.iterdir()} == {0o600}
    assert "left out: level national (2)" in ran.out
    said = " ".join(ran.out.split())
    assert "rows without these fields, for which the format has no place: media type (4), tags (5)" in said
    assert "--level national" in ran.out
    assert "withdrawn from earlier exports: 3" in ran.out
    assert node.call("export-list").arguments == {"format": "csv", "list": "L"}


def test_the_selectors_reach_the_node(node: Node, vigil: Vigil, out: Path) -> None:
    more = ("--case", "C", "--series", "S", "--level", "hit-no-hit", "--since", "1970-01-03", "--profile", "UK")
    assert vigil("export-list", "--format", "vics", "--output", out, *more).code == 0
    assert node.call("export-list").arguments == {
        "format": "vics",
        "profile": "UK",
        "case": "C",
        "series": "S",
        "level": "hit-no-hit",
        "since": 2 * 86_400,
    }


def test_the_distribution_reaches_the_node(node: Node, vigil: Vigil, out: Path) -> None:
    assert vigil("export-list", "--format", "misp", "--output", out, "--list", "L", "--distribution", "1").code == 0
    assert node.call("export-list").arguments == {"format": "misp", "list": "L", "distribution": 1}
    assert vigil("export-list", "--format", "misp", "--output", out, "--list", "L", "--distribution", "4").code == 2


@pytest.mark.parametrize("name", ["list.csv", "list.csv.manifest", "list.csv.part"])
def test_an_existing_file_is_left_alone(node: Node, vigil: Vigil, out: Path, name: str) -> None:
    out.with_name(name).write_text("evidence")
    ran = run(vigil, out)
    assert ran.code == 2
    assert "exists" in ran.err
    assert out.with_name(name).read_text() == "evidence"
    assert names(out) == {name}


def test_a_file_that_appears_meanwhile_is_left_alone(node: Node, vigil: Vigil, out: Path) -> None:
    def answer(_arguments: Line, _items: Iterable[Line]) -> Iterator[Line]:
        out.write_text("evidence")
        yield from lines_of()

    node.answers["export-list"] = answer
    assert run(vigil, out).code == 2
    assert out.read_text() == "evidence"
    assert names(out) == {"list.csv"}


def no_room(*_: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "no space")


@pytest.mark.parametrize("call", ["fsync", "link"])
def test_a_full_disk_leaves_nothing(vigil: Vigil, out: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    monkeypatch.setattr(os, call, no_room)
    ran = run(vigil, out)
    assert ran.code == 1
    assert "no space left" in ran.err
    assert names(out) == set()


def test_a_folder_that_cannot_be_made_durable_keeps_nothing(
    vigil: Vigil, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.cli.part_file._sync", no_room)
    assert run(vigil, out).code == 1
    assert names(out) == set()


def test_a_disk_without_hard_links_gets_the_file_too(vigil: Vigil, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> NoReturn:
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refused)
    assert run(vigil, out).code == 0
    assert out.read_bytes() == DATA


@pytest.mark.parametrize("lines", [lines_of("00" * 32), lines_of()[:-1], lines_of()[1:], []])
def test_another_file_than_was_signed_does_not_stay(node: Node, vigil: Vigil, out: Path, lines: list[Line]) -> None:
    node.answers["export-list"] = lines
    assert run(vigil, out).code == 1
    assert names(out) == set()


def test_an_empty_file_and_a_missing_folder_are_told(node: Node, vigil: Vigil, out: Path) -> None:
    ran = run(vigil, out.parent / "nowhere" / "list.csv")
    assert ran.code == 2
    assert "make its folder first" in ran.err
    *pieces, last = lines_of()
    node.answers["export-list"] = [*pieces, last | {"rows": 0, "withdrawn": 0}]
    assert "The file is empty" in run(vigil, out).out


def test_nothing_selected_is_a_mistake(vigil: Vigil, out: Path) -> None:
    ran = vigil("export-list", "--format", "csv", "--output", out)
    assert ran.code == 2
    assert "nothing is selected" in ran.err
    assert names(out) == set()


# --- verify -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the manifest says, instead of a real roster: the true digest of `DATA`."""

    def verify(data: bytes, _roster: Path, *, pinned_by: object = None) -> Line:
        assert pinned_by is not None
        if data != MANIFEST:
            raise BadSignature("not signed")
        said = {"member": "FR", "federation": "f", "at": 1, "format": "csv", "profile": "", "rows": 1, "left_out": {}}
        known = {"size": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest()}
        return said | known | {"roster_version": 1, "roster_expired": False, "root_fingerprint": "0"}

    monkeypatch.setattr(app, "verify_export", verify)


@pytest.mark.usefixtures("checked")
def test_a_file_is_verified_by_its_manifest_and_a_change_is_found(vigil: Vigil, out: Path) -> None:
    assert run(vigil, out).code == 0
    for named in (out, out.with_name("list.csv.manifest")):
        ran = vigil("verify", named)
        assert ran.code == 0, ran.err
        assert "Verified: FR exported this file" in ran.out
    out.write_bytes(DATA[:-1] + b"x")
    ran = vigil("verify", out)
    assert ran.code == 1
    assert "NOT verified" in ran.out
    out.unlink()
    assert vigil("verify", out).code == 2


@pytest.mark.usefixtures("checked")
def test_a_changed_manifest_is_found(vigil: Vigil, out: Path) -> None:
    assert run(vigil, out).code == 0
    out.with_name("list.csv.manifest").write_bytes(b"another\n")
    ran = vigil("verify", out)
    assert ran.code == 1
    assert "not signed" in ran.out
