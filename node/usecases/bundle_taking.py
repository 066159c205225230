"""Takes a bundle into this node: its roster, its manifest, then its logs.

Rules this module upholds:

- The roster comes first, because it proves the keys of all that follows. It is verified from this node's pinned root.
  An older one is not used.
- Nothing of a log is stored before the manifest is verified: a member signed it, for this federation, and for this
  member or for anybody.
- The audit log records the reading before anything is stored, and how it ended.
- A fault of the file ends the reading. What was verified before it is stored, and the same command continues.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.envelope import Kind
from node.errors import BadProof, Malformed, PeerFault, Refused, VigilError
from node.usecases.audit import AuditEntry
from node.usecases.bundle_format import FORMAT, MAX_ROSTER, MAX_ROSTER_FILES, Frame, FrameReader, read_roster_file
from node.usecases.bundle_log import LogResult, Reader
from node.usecases.bundle_reading import BundleReading
from node.usecases.export_manifest import Manifest, verify_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.ports import Clock
    from node.domain.roster import Roster
    from node.usecases.audit import AuditLog


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingDeps:
    """`bring`: verifies these files of a roster, and puts it in force if it is newer; whether it was."""

    reader: Callable[[], Reader]
    roster: Callable[[], Roster]
    bring: Callable[[Mapping[str, bytes]], bool]
    member: MemberId
    audit: AuditLog
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a reading did. `newer`: whether the roster of the bundle was newer, and is in force now."""

    manifest: Manifest
    newer: bool
    logs: Sequence[LogResult]

    @property
    def entries(self) -> int:
        """How many entries were stored."""
        return sum(each.after - each.before for each in self.logs)


class BundleTaking:
    """One reading of a file. Blocking, for one thread at a time. Call `stop` if it ends without `end`."""

    def __init__(self, deps: TakingDeps, manifest: bytes) -> None:
        self._deps = deps
        self._given = manifest
        self._frames = FrameReader()
        self._digest = hashlib.sha256()
        self._size = 0
        self._roster: dict[str, bytes] = {}
        self._newer = False
        self._manifest: Manifest | None = None
        self._reading: BundleReading | None = None

    def feed(self, piece: bytes) -> None:
        """The next bytes of the file. Raises `PeerFault`, `Refused`, `Unavailable`, `StoreError`."""
        self._digest.update(piece)
        self._size += len(piece)
        for kind, content in self._frames.feed(piece):
            if kind is Frame.ROSTER_FILE:
                self._keep(content)
                continue
            (self._reading or self._begin()).take(kind, content)

    def end(self) -> Taken:
        """The file has ended. Raises as `feed`."""
        self._frames.end()
        manifest, reading = self._manifest, self._reading
        if manifest is None or reading is None:
            raise Malformed("the bundle is cut")
        reading.finish()
        if (self._size, self._digest.digest()) != (manifest.size, manifest.sha256):
            raise BadProof("the file is not the one that its manifest names: it was changed, or is another one")
        taken = Taken(manifest=manifest, newer=self._newer, logs=reading.results)
        self._record("bundle read", entries=taken.entries, records=sum(each.records for each in taken.logs))
        return taken

    def stop(self, error: BaseException | None) -> None:
        """The reading ended early. Stores what was verified, and records why it ended."""
        if self._reading is None:
            return
        if isinstance(error, PeerFault):
            self._reading.finish()
        entries = sum(each.after - each.before for each in self._reading.results)
        why = {"error": error.kind, "why": str(error)} if isinstance(error, VigilError) else {"error": "interrupted"}
        self._record("bundle read", entries=entries, **why)

    def _keep(self, content: bytes) -> None:
        name, data = read_roster_file(content)
        if name in self._roster or len(self._roster) >= MAX_ROSTER_FILES:
            raise Malformed("a bundle has a file of the roster twice, or too many files")
        self._roster[name] = data
        if sum(map(len, self._roster.values())) > MAX_ROSTER:
            raise Malformed("the roster of a bundle is too long")

    def _begin(self) -> BundleReading:
        """1. The roster. 2. This node is an active member. 3. The manifest. 4. The audit entry."""
        if self._roster:
            self._newer = self._deps.bring(self._roster)
        roster = self._deps.roster()
        roster.require_active(self._deps.member)
        self._manifest = verify_manifest(self._given, roster)
        check_manifest(self._manifest, self._deps.member)
        self._record("bundle read begins", rows=self._manifest.rows)
        self._reading = BundleReading(self._deps.reader())
        return self._reading

    def _record(self, what: str, **about: object) -> None:
        manifest = self._manifest
        if manifest is None:
            return
        of = {"member": manifest.member, "sha256_of_file": manifest.sha256.hex()}
        body = {"what": what, **of, **about, "at": int(self._deps.clock())}
        self._deps.audit.append(AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body=body))


def check_manifest(manifest: Manifest, member: MemberId | None) -> None:
    """Raises `BadProof` if it is not of a bundle, `Refused` if the bundle is for another member. `member` None: not
    checked.
    """
    if manifest.format != FORMAT:
        raise BadProof("the manifest is not of a bundle but of another export")
    if member is not None and manifest.profile not in ("", member):
        raise Refused(
            f"this bundle was written for {manifest.profile}, and this is a node of {member}",
            remedy="ask for a bundle that is for this member, or for everybody",
        )
