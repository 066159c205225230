"""Checks the manifest of an exported list, and the records of a bundle, offline, against a verified roster on disk.

Rules this module upholds:

- It needs no network, no daemon and no passphrase.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, BinaryIO

from node import config
from node.control.lines import fingerprint_line, statement_line
from node.domain.ids import federation_id, spoken
from node.domain.statements import Contribution
from node.pki.client import RosterClient
from node.usecases.bundle import read_bundle as check_bundle
from node.usecases.export_manifest import verify_manifest
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from node.config import Home

Line = dict[str, Any]


def verify_export(data: bytes, roster_folder: Path, *, pinned_by: Home | None = None) -> Line:
    """What a manifest says, and by which root. `pinned_by`: as for `ceremonies.verify_evidence`. The caller compares
    size and SHA-256 with the file. Raises `PeerFault`, `NotFound`, `Damaged`.
    """
    client = _client(roster_folder, pinned_by)
    roster = client.load()
    manifest = verify_manifest(data, roster)
    return {
        "member": manifest.member,
        "federation": manifest.federation,
        "at": manifest.at,
        "format": manifest.format,
        "profile": manifest.profile,
        "rows": manifest.rows,
        "left_out": dict(manifest.left_out),
        "size": manifest.size,
        "sha256": manifest.sha256.hex(),
        "roster_version": roster.version,
        "roster_expired": roster.expires <= time.time(),
        "root_fingerprint": spoken(client.root_sha256),
    }


def read_bundle(file: BinaryIO, roster_folder: Path, *, pinned_by: Home | None = None) -> Iterator[Line]:
    """What each record of a bundle proves. Raises `PeerFault` at the first that does not verify, `NotFound`,
    `Damaged`.
    """
    roster = _client(roster_folder, pinned_by).load()
    for proven in check_bundle(file, roster, ProtoCodec()):
        said = proven.body if isinstance(proven.body, Contribution) else None
        yield {
            "record": str(proven.record),
            "member": proven.record.origin.member,
            "index": proven.index,
            "size": proven.size,
            "cosigned_at": proven.cosigned_at,
            "issued_day": proven.issued_day,
            "kind": proven.kind,
            "fingerprints": [fingerprint_line(each) for each in said.fingerprints] if said else [],
            **statement_line(said),
        }


def _client(folder: Path, pinned_by: Home | None) -> RosterClient:
    pinned = config.load(pinned_by) if pinned_by else None
    return RosterClient(
        folder,
        federation=federation_id(pinned.federation) if pinned else None,
        root_sha256=bytes.fromhex(pinned.root_sha256) if pinned else None,
    )
