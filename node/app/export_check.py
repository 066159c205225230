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

Line = dict[str, Any]


def verify_export(data: bytes, roster_folder: Path, *, pinned_by: Home | None = None) -> Line:
    """What a manifest says, and by which root. `pinned_by`: as for `ceremonies.verify_evidence`. The caller compares
    size and SHA-256 with the file. Raises `PeerFault`, `NotFound`, `Damaged`.
    """
    pinned = config.load(pinned_by) if pinned_by else None
    client = RosterClient(
        roster_folder,
        federation=federation_id(pinned.federation) if pinned else None,
        root_sha256=bytes.fromhex(pinned.root_sha256) if pinned else None,
    )
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
