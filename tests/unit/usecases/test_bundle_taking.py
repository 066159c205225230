"""A bundle is taken in with its roster and its manifest, or not at all; the audit log says so."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from node.domain.ids import MemberId, federation_id
from node.domain.roster import KeyPurpose, MemberKey, MemberStatus, Roster
from node.errors import BadProof, BadSignature, Expired, Malformed, Refused, Suspended
from node.tlog.note import ED25519, format_vkey, make_vkey
from node.usecases.audit import AuditLog
from node.usecases.bundle_format import MAGIC, Frame, frame
from node.usecases.bundle_taking import BundleTaking, Taken, TakingDeps
from node.usecases.export_manifest import Manifest, sign_manifest
from tests.simulator.federation import FEDERATION, NamedSigner, roster
from tests.unit.usecases.bundles import FR, JP, LAB, Sea, bundle, frames_of, joined, pieces, reader_of, written

SIGNER = NamedSigner("statement FR")
FILES = {"timestamp.json": b"newer", "1.root.json": b"root"}


def with_statement_key(made: Roster) -> Roster:
    vkey = format_vkey(make_vkey(f"{FEDERATION}/FR/statement", ED25519, SIGNER.public))
    own = made.members[FR.id]
    key = MemberKey(purpose=KeyPurpose.STATEMENT, vkey=vkey)
    return replace(made, members={**made.members, FR.id: replace(own, keys=(*own.keys, key))})


@dataclass
class Desk:
    """LAB's node, and what is brought to it."""

    sea: Sea = field(default_factory=Sea)
    brought: list[Mapping[str, bytes]] = field(default_factory=list)
    roster_error: Exception | None = None

    def __post_init__(self) -> None:
        self.sea.world.roster = with_statement_key(self.sea.world.roster)
        self.sea.share(self.sea.fr, [1, 2])
        self.origin = replace(LAB.origin, stream="audit")
        self.audit = AuditLog(
            store=self.sea.lab.store, origin=self.origin, clock=self.sea.world.clock, random=os.urandom
        )

    def bring(self, files: Mapping[str, bytes]) -> bool:
        self.brought.append(files)
        if self.roster_error is not None:
            raise self.roster_error
        return True

    def deps(self) -> TakingDeps:
        return TakingDeps(
            reader=lambda: reader_of(self.sea.lab),
            roster=self.sea.world.current,
            bring=self.bring,
            member=LAB.id,
            audit=self.audit,
            clock=self.sea.world.clock,
        )

    def take(self, data: bytes, manifest: bytes | None = None, size: int = 100) -> Taken:
        taking = BundleTaking(self.deps(), manifest or manifest_of(data))
        try:
            for piece in pieces(data, size):
                taking.feed(piece)
            return taking.end()
        except BaseException as error:
            taking.stop(error)
            raise

    def said(self) -> list[dict[str, Any]]:
        with self.sea.lab.store.read() as tx:
            log = tx.log(self.origin)
            return [json.loads(each) for each in tx.run(self.origin, 0, log.size, 1 << 24).bodies] if log else []


def manifest_of(data: bytes, **other: Any) -> bytes:
    import hashlib

    made = Manifest(
        federation=FEDERATION,
        member=FR.id,
        format="bundle",
        profile="",
        at=7,
        rows=2,
        size=len(data),
        sha256=hashlib.sha256(data).digest(),
    )
    return sign_manifest(replace(made, **other), SIGNER)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.audit.close()


def test_a_bundle_is_taken_and_the_audit_log_has_it_before_and_after(desk: Desk) -> None:
    data = bundle(desk.sea.fr)
    taken = desk.take(data)
    assert (taken.entries, taken.newer, taken.manifest.member) == (2, False, "FR")
    begun, ended = desk.said()
    digest = taken.manifest.sha256.hex()
    assert (begun["what"], begun["member"], begun["sha256_of_file"]) == ("bundle read begins", "FR", digest)
    assert (ended["what"], ended["entries"], ended["records"]) == ("bundle read", 2, 2)
    assert desk.take(data).entries == 0


def with_roster(data: bytes) -> bytes:
    files = [(Frame.ROSTER_FILE, bytes([len(name)]) + name.encode() + content) for name, content in FILES.items()]
    return joined([*files, *frames_of(data)])


def test_the_roster_comes_before_the_manifest_is_judged(desk: Desk) -> None:
    data = with_roster(bundle(desk.sea.fr))
    newer = desk.sea.world.roster
    desk.sea.world.roster = roster(JP, LAB)
    bring = desk.bring

    def replaced(files: Mapping[str, bytes]) -> bool:
        desk.sea.world.roster = newer
        return bring(files)

    desk.bring = replaced  # type: ignore[method-assign]
    taken = desk.take(data)
    assert desk.brought == [FILES]
    assert (taken.newer, taken.entries) == (True, 2)


def test_a_roster_that_does_not_verify_stores_nothing(desk: Desk) -> None:
    desk.roster_error = BadSignature("not signed")
    with pytest.raises(BadSignature):
        desk.take(with_roster(bundle(desk.sea.fr)))
    assert (desk.sea.lab.size(FR.origin), desk.said()) == (0, [])


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"format": "vics"}, BadProof),
        ({"profile": "JP"}, Refused),
        ({"federation": federation_id("other.example")}, BadSignature),
        ({"member": MemberId("DE")}, BadSignature),
        ({"member": JP.id}, BadSignature),
    ],
)
def test_a_manifest_of_something_else_stores_nothing(desk: Desk, other: dict[str, Any], error: type[Exception]) -> None:
    data = bundle(desk.sea.fr)
    with pytest.raises(error):
        desk.take(data, manifest_of(data, **other))
    assert (desk.sea.lab.size(FR.origin), desk.said()) == (0, [])


def test_a_bundle_for_this_member_is_taken(desk: Desk) -> None:
    data = bundle(desk.sea.fr, to=LAB.id)
    assert desk.take(data, manifest_of(data, profile="LAB")).entries == 2


@pytest.mark.parametrize("change", [{"size": 1}, {"sha256": bytes(32)}])
def test_the_file_of_another_manifest_is_refused_at_its_end(desk: Desk, change: dict[str, Any]) -> None:
    data = bundle(desk.sea.fr)
    with pytest.raises(BadProof, match="not the one"):
        desk.take(data, manifest_of(data, **change))
    assert desk.said()[-1]["error"] == "bad-proof"


@pytest.mark.parametrize("status", [MemberStatus.SUSPENDED, MemberStatus.LEFT])
def test_a_member_that_is_not_active_takes_nothing(desk: Desk, status: MemberStatus) -> None:
    data = bundle(desk.sea.fr)
    members = desk.sea.world.roster.members
    changed = {**members, LAB.id: replace(members[LAB.id], status=status)}
    desk.sea.world.roster = replace(desk.sea.world.roster, members=changed)
    with pytest.raises((Suspended, Refused)):
        desk.take(data)
    assert desk.sea.lab.size(FR.origin) == 0


def test_a_cut_bundle_keeps_what_was_whole_and_is_completed_later(desk: Desk) -> None:
    desk.sea.share(desk.sea.jp, [3])
    data = bundle(desk.sea.fr)
    cut = data[: len(data) - 200]
    with pytest.raises(Malformed, match="cut"):
        desk.take(cut)
    assert (desk.sea.lab.size(FR.origin), desk.sea.lab.size(JP.origin)) == (2, 0)
    assert desk.said()[-1] | {"at": 0} == desk.said()[-1] | {"error": "malformed", "entries": 2, "at": 0}
    assert desk.take(data).entries == 1


def test_an_interruption_is_in_the_audit_log(desk: Desk) -> None:
    data = bundle(desk.sea.fr)
    taking = BundleTaking(desk.deps(), manifest_of(data))
    taking.feed(data[:-10])
    taking.stop(KeyboardInterrupt())
    assert desk.said()[-1]["error"] == "interrupted"
    assert desk.take(data).entries in {0, 2}


def test_a_bundle_without_a_log_changes_nothing(desk: Desk) -> None:
    data = MAGIC + frame(Frame.END, b"")
    taken = desk.take(data)
    assert (taken.entries, list(taken.logs)) == (0, [])
    assert [each["what"] for each in desk.said()] == ["bundle read begins", "bundle read"]


def test_a_roster_file_twice_is_refused(desk: Desk) -> None:
    content = b"\x01ax"
    with pytest.raises(Malformed, match="twice"):
        desk.take(joined([(Frame.ROSTER_FILE, content), (Frame.ROSTER_FILE, content), (Frame.END, b"")]))


def test_an_expired_roster_stores_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def expired() -> Roster:
        raise Expired("too old")

    monkeypatch.setattr(desk.sea.world, "current", expired)
    with pytest.raises(Expired):
        desk.take(written(desk.sea.fr)[0])
    assert desk.sea.lab.size(FR.origin) == 0
