"""`vigil bundle`: what reaches the node, and what a person is told."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from node import app
from node.cli import bundle as cli
from node.domain.ids import federation_id, member_id
from node.errors import BadSignature
from node.usecases.export_manifest import Manifest, sign_manifest
from tests.simulator.federation import NamedSigner
from tests.unit.cli.conftest import Line, Node, Vigil

DATA = b"vigil/bundle/v2\n" + b"x" * 100
LOG: Line = {
    "log": "f/FR/log/1", "member": "FR", "before": 1, "size": 4, "records": 2, "missing": 1, "closed": 3, "late": 0,
    "standing": "read", "why": None,
}  # fmt: skip
LAST: Line = {
    "written_by": "FR", "written_at": 1, "for": None, "rows": 2, "left_out": {"restricted audience": 1}, "sha256": "00",
    "entries": 3, "records": 2, "late": 0, "newer_roster": True, "roster_version": 4, "complete": True,
}  # fmt: skip


def manifest(data: bytes) -> bytes:
    made = Manifest(
        federation=federation_id("fed"),
        member=member_id("FR"),
        format="bundle",
        profile="",
        at=1,
        rows=2,
        size=len(data),
        sha256=hashlib.sha256(data).digest(),
    )
    return sign_manifest(made, NamedSigner("x"))


def _one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    file = tmp_path / "records.bundle"
    file.write_bytes(DATA)
    file.with_name("records.bundle.manifest").write_bytes(manifest(DATA))
    return file


def stored(node: Node, *logs: Line, **last: object) -> list[bytes]:
    """The bytes that reach the node, which answers with these lines."""
    received: list[bytes] = []

    def answer(_arguments: Line, items: Iterable[Line]) -> Iterator[Line]:
        received.extend(base64.b64decode(each["data"]) for each in items)
        yield from logs
        yield LAST | last

    node.answers["read-bundle"] = answer
    return received


def test_the_file_and_its_manifest_reach_the_node(node: Node, vigil: Vigil, bundle: Path) -> None:
    received = stored(node, LOG)
    ran = vigil("bundle", "read", bundle)
    assert ran.code == 0, ran.err
    assert b"".join(received) == DATA
    given = node.call("read-bundle").arguments
    assert given == {"manifest": base64.b64encode(manifest(DATA)).decode()}
    assert "f/FR/log/1: 3 new entries, 4 in all" in ran.out
    assert "1 without: their hashes are not in this bundle; 3 for other members" in _one_line(ran.out)
    assert "Verified: FR wrote this bundle for anybody" in ran.out
    assert "roster version 4, which came with this bundle" in ran.out
    assert "left out by FR: restricted audience (1)" in ran.out


@pytest.mark.parametrize("standing", ["gap", "paused", "stopped", "frozen"])
def test_a_log_that_was_not_read_is_told_and_the_exit_code_is_1(
    node: Node, vigil: Vigil, bundle: Path, standing: str
) -> None:
    stored(node, LOG | {"standing": standing, "size": 1, "why": "some reason"}, complete=False)
    ran = vigil("bundle", "read", bundle)
    assert ran.code == 1
    assert "some reason" in ran.out
    assert "to do: " in ran.out
    assert "Not everything in this bundle is here" in ran.out
    assert vigil("bundle", "read", bundle, "--json").lines[0]["standing"] == standing


def test_a_file_that_is_not_the_one_of_its_manifest_reaches_no_node(node: Node, vigil: Vigil, bundle: Path) -> None:
    stored(node, LOG)
    for data in (DATA[1:], DATA + b"x", b"", DATA[:-1] + b"y"):
        bundle.write_bytes(data)
        ran = vigil("bundle", "read", bundle)
        assert ran.code == 1
        assert "not the one that its manifest names" in ran.out
    assert node.calls == []


@pytest.mark.usefixtures("node")
def test_a_bundle_without_its_manifest_or_with_a_false_one_is_refused(vigil: Vigil, bundle: Path) -> None:
    beside = bundle.with_name("records.bundle.manifest")
    beside.write_bytes(b"{}")
    assert vigil("bundle", "read", bundle).code == 1
    beside.unlink()
    assert vigil("bundle", "read", bundle).code == 2
    assert vigil("bundle", "read", bundle.with_name("other")).code == 2


def test_what_the_node_refuses_is_told_with_its_remedy(node: Node, vigil: Vigil, bundle: Path) -> None:
    def refuse(*_: object) -> NoReturn:
        raise BadSignature("no key of the roster", remedy="call the authority")

    node.answers["read-bundle"] = refuse
    ran = vigil("bundle", "read", bundle)
    assert ran.code == 1
    assert "NOT verified: no key of the roster" in ran.out
    assert "call the authority" in ran.out
    (line,) = vigil("bundle", "read", bundle, "--json").lines
    assert (line["verified"], line["kind"]) == (False, "bad-signature")


RECORD: Line = {
    "record": "f/FR/log/1#00", "member": "FR", "series": None, "fingerprints": [], "issued_day": 1, "cosigned_at": 1,
}  # fmt: skip
ABOUT: Line = {
    "member": "FR", "federation": "f", "at": 1, "format": "bundle", "profile": "", "rows": 1, "left_out": {},
    "entries": 5, "size": 1, "sha256": "00", "roster_version": 1, "roster_expired": False, "root_fingerprint": "0",
}  # fmt: skip


def test_verify_only_shows_records_and_needs_no_node(
    node: Node, vigil: Vigil, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, bool]] = []

    def check(_file: object, _manifest: bytes, folder: Path, *, pinned_by: object = None) -> Iterator[Line]:
        asked.append((folder, pinned_by is not None))
        yield from (RECORD, ABOUT)

    monkeypatch.setattr(app, "check_bundle", check)
    ran = vigil("bundle", "read", bundle, "--verify-only")
    assert ran.code == 0, ran.err
    assert "f/FR/log/1#00" in ran.out
    assert "Verified: FR wrote this bundle for anybody" in ran.out
    assert vigil("bundle", "read", bundle, "--verify-only", "--roster", bundle.parent).code == 0
    assert [pinned for _, pinned in asked] == [True, False]
    assert asked[1][0] == bundle.parent
    assert node.calls == []


@pytest.mark.usefixtures("node")
def test_a_roster_is_for_verify_only(vigil: Vigil, bundle: Path) -> None:
    ran = vigil("bundle", "read", bundle, "--roster", bundle.parent)
    assert ran.code == 2
    assert "--verify-only" in ran.err


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def out(node: Node, tmp_path: Path) -> Path:
    last = {"format": "bundle", "rows": 1, "withdrawn": 0, "left_out": {"level national": 2}, "size": len(DATA)}
    last |= {"sha256": hashlib.sha256(DATA).hexdigest(), "manifest": base64.b64encode(b"m").decode()}
    node.answers["export-bundle"] = [{"data": base64.b64encode(DATA).decode()}, last]
    return tmp_path / "made.bundle"


def test_a_bundle_is_written_with_its_manifest(node: Node, vigil: Vigil, out: Path) -> None:
    choice = ("--case", "C", "--series", "S", "--list", "L", "--since", "1970-01-03", "--to", "JP")
    ran = vigil("bundle", "write", "--output", out, *choice)
    assert ran.code == 0, ran.err
    assert out.read_bytes() == DATA
    assert out.with_name("made.bundle.manifest").read_bytes() == b"m"
    expected = {"case": "C", "series": "S", "list": "L", "since": 172_800, "to": "JP"}
    assert node.call("export-bundle").arguments == expected
    assert "1 record, SHA-256" in ran.out


def test_what_a_reader_has_is_carried_to_the_writer(node: Node, vigil: Vigil, out: Path, tmp_path: Path) -> None:
    node.answers["bundle-have"] = [{"federation": "f", "member": "LAB", "logs": {"f/FR/log/1": 7}}]
    have = tmp_path / "have.json"
    ran = vigil("bundle", "have", "--output", have)
    assert ran.code == 0, ran.err
    assert vigil("bundle", "write", "--output", out, "--after", have, "--to", "LAB").code == 0
    assert node.call("export-bundle").arguments == {"to": "LAB", "after": {"f/FR/log/1": 7}}
    assert vigil("bundle", "have", "--output", have).code == 2
    ran = vigil("bundle", "write", "--output", tmp_path / "other", "--after", have, "--to", "JP")
    assert ran.code == 2
    assert "is from a node of LAB" in ran.err


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '{"type":"x"}', json.dumps({"type": cli.HAVE, "logs": [], "member": "F"})]
)
def test_another_file_is_not_what_a_reader_has(node: Node, vigil: Vigil, out: Path, tmp_path: Path, text: str) -> None:
    other = tmp_path / "other.json"
    other.write_text(text)
    ran = vigil("bundle", "write", "--output", out, "--after", other)
    assert ran.code == 2
    assert "not a file of `vigil bundle have`" in ran.err
    assert node.calls == []
