"""Checks a bundle offline against a verified roster on disk, and shows its records. Nothing is stored.

Rules this module upholds:

- It needs no network, no daemon and no passphrase.
- A newer roster in the bundle is used if it is verified from the pinned root. It is not kept.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from node.app.export_check import manifest_line, roster_client
from node.control.lines import fingerprint_line, statement_line
from node.domain.ids import spoken
from node.domain.statements import Contribution
from node.errors import BadProof, Malformed
from node.usecases.bundle_checking import BundleChecking, CheckedRecord
from node.usecases.bundle_format import MAX_ROSTER_FILES, Frame, FrameReader, read_roster_file
from node.usecases.bundle_taking import check_manifest
from node.usecases.export_manifest import verify_manifest
from node.wire.convert import ProtoCodec
from node.wire.convert_federation import decode_package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from node.config import Home
    from node.domain.roster import Roster
    from node.pki.client import RosterClient
    from node.usecases.export_manifest import Manifest

Line = dict[str, Any]
_PIECE: Final = 1 << 18


def read_bundle(
    file: BinaryIO, manifest: bytes, roster_folder: Path, *, pinned_by: Home | None = None
) -> Iterator[Line]:
    """What each record of a bundle proves; the last line says what its manifest says. Raises `PeerFault` for the first
    fault, `NotFound`, `Damaged`.
    """
    check = _Check(roster_client(roster_folder, pinned_by), manifest)
    frames, digest, size = FrameReader(), hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        for kind, content in frames.feed(piece):
            for record in check.take(kind, content):
                yield _record_line(record)
    frames.end()
    said = check.manifest
    if said is None or (size, digest.digest()) != (said.size, said.sha256):
        raise BadProof("the file is not the one that its manifest names: it was changed, or is another one")
    yield check.line(said)


class _Check:
    """The roster and the manifest come before the first log."""

    def __init__(self, client: RosterClient, manifest: bytes) -> None:
        self.manifest: Manifest | None = None
        self._client = client
        self._given = manifest
        self._files: dict[str, bytes] = {}
        self._roster: Roster | None = None
        self._checking: BundleChecking | None = None

    def take(self, kind: Frame, content: bytes) -> Iterator[CheckedRecord]:
        if kind is Frame.ROSTER_FILE:
            name, data = read_roster_file(content)
            if name in self._files or len(self._files) >= MAX_ROSTER_FILES:
                raise Malformed("a bundle has a file of the roster twice, or too many files")
            self._files[name] = data
            return
        if self._checking is None:
            self._roster = self._newest()
            self.manifest = verify_manifest(self._given, self._roster)
            check_manifest(self.manifest, None)
            self._checking = BundleChecking(self._roster, ProtoCodec(), decode_package)
        yield from self._checking.take(kind, content)

    def _newest(self) -> Roster:
        if self._files and (carried := self._client.carried(self._files, now=time.time())) is not None:
            return carried
        return self._client.load()

    def line(self, said: Manifest) -> Line:
        entries = self._checking.entries if self._checking else 0
        roster = self._roster
        stale: Line = {}
        if roster is not None:
            stale = {"roster_version": roster.version, "roster_expired": roster.signed_until <= time.time()}
        root = {"root_fingerprint": spoken(self._client.root_sha256)}
        return manifest_line(said) | {"entries": entries} | stale | root


def _record_line(of: CheckedRecord) -> Line:
    said = of.body if isinstance(of.body, Contribution) else None
    return {
        "record": str(of.record),
        "member": of.record.origin.member,
        "index": of.index,
        "size": of.size,
        "cosigned_at": of.cosigned_at,
        "issued_day": of.issued_day,
        "kind": of.kind,
        "fingerprints": [fingerprint_line(each) for each in said.fingerprints] if said else [],
        **statement_line(said),
    }
