"""Checks the manifest of an exported list offline, against a verified roster on disk.

Rules this module upholds:

- It needs no network, no daemon and no passphrase.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from node import config
from node.domain.ids import federation_id, spoken
from node.pki.client import RosterClient
from node.usecases.export_manifest import verify_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from node.config import Home
    from node.usecases.export_manifest import Manifest

Line = dict[str, Any]


def verify_export(data: bytes, roster_folder: Path, *, pinned_by: Home | None = None) -> Line:
    """What a manifest says, and by which root. `pinned_by`: as for `ceremonies.verify_evidence`. The caller compares
    size and SHA-256 with the file. Raises `PeerFault`, `NotFound`, `Damaged`.
    """
    client = roster_client(roster_folder, pinned_by)
    roster = client.load()
    manifest = verify_manifest(data, roster)
    return manifest_line(manifest) | {
        "roster_version": roster.version,
        "roster_expired": roster.expires <= time.time(),
        "root_fingerprint": spoken(client.root_sha256),
    }


def manifest_line(of: Manifest) -> Line:
    """What a manifest says."""
    return {
        "member": of.member,
        "federation": of.federation,
        "at": of.at,
        "format": of.format,
        "profile": of.profile,
        "rows": of.rows,
        "left_out": dict(of.left_out),
        "size": of.size,
        "sha256": of.sha256.hex(),
    }


def roster_client(folder: Path, pinned_by: Home | None) -> RosterClient:
    """The roster in a folder. `pinned_by`: accepts only the federation and the root of this home."""
    pinned = config.load(pinned_by) if pinned_by else None
    return RosterClient(
        folder,
        federation=federation_id(pinned.federation) if pinned else None,
        root_sha256=bytes.fromhex(pinned.root_sha256) if pinned else None,
    )
