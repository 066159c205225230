"""Reports of cases: made, recorded in the audit log, and checked later.

Rules this module upholds:

- The audit log records who makes a report before anything of the case is read, and the SHA-256 of the file before its
  last piece leaves the node.
- A report says as of when its content holds: the audit log at the time when this content was first reported. So two
  reports of an unchanged case are the same bytes, though each of them adds to the audit log.
- All of a report comes from one snapshot of the store. It is written to the end before its first piece leaves, so a
  slow reader holds no snapshot. What is larger than `IN_MEMORY` waits in a file without a name.
- A check trusts the audit log alone: the index of reports (settings) only says where to look.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from node.domain.envelope import Kind
from node.domain.ids import HASH_SIZE
from node.errors import Damaged, DiskFull, Misuse, NotFound
from node.usecases.access import record_access
from node.usecases.audit import AuditEntry, unpack_body
from node.usecases.report_case import case_file, story
from node.usecases.report_entities import entities
from node.usecases.report_hits import hits
from node.usecases.report_holdings import material
from node.usecases.report_questions import questions
from node.usecases.report_reviews import reviews
from node.usecases.report_source import ReportSource
from node.usecases.report_values import AsOf, CaseReport, Choices, Content, Section, digest_of

if TYPE_CHECKING:
    from node.domain.ids import FederationId, MemberId
    from node.domain.ports import Clock, Codec
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.audit import AuditLog
    from node.usecases.verification import Verifier

CHAPTERS: Final[Sequence[Callable[[ReportSource], Sequence[Section]]]] = (
    case_file,
    material,
    hits,
    reviews,
    questions,
    entities,
    story,
)
"""The sections of a report, in their order. Each function reads one subject of the store."""
WHAT: Final = "case report"
"""How the audit log names a report."""
IN_MEMORY: Final = 16 << 20
"""Bytes of a report that are held in memory."""
PIECE: Final = 262_144
"""Bytes that are handed on at a time."""
_SEEN: Final = "case-report/content/"
_MADE: Final = "case-report/file/"
_SIZE: Final = 8
"""Bytes of a number in a setting, big-endian."""

Renderer = Callable[[CaseReport], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeReport:
    """A report as it is handed on. `digest`: the SHA-256 of its `size` bytes. `content`: that of its content. `entry`:
    its index in the audit log.
    """

    size: int
    digest: bytes
    content: bytes
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedReport:
    """A file that this node made. `at` Unix seconds; `officer` "" if none was named. `changed`: whether the case gives
    other content now; None if the case is not here any more.
    """

    case: str
    form: str
    at: int
    officer: str
    entry: int
    changed: bool | None


class Pieces:
    """The bytes of a report in pieces; `made` is set when the last one was handed on. Close it."""

    def __init__(self, file: IO[bytes], made: MadeReport) -> None:
        self._file = file
        self.made = made

    def next(self) -> bytes:
        """The next piece, b"" at the end."""
        return self._file.read(PIECE)

    def close(self) -> None:
        """Frees the file."""
        self._file.close()


class CaseReports:
    """Safe to use from any thread, blocking: never on the event loop. `renderers`: by the name of a format;
    `verifier` None: opinions on records are not counted.
    """

    def __init__(
        self,
        *,
        store: NodeStore,
        codec: Codec,
        audit: AuditLog,
        clock: Clock,
        federation: FederationId,
        member: MemberId,
        renderers: Mapping[str, Renderer],
        verifier: Verifier | None = None,
    ) -> None:
        self._store = store
        self._codec = codec
        self._audit = audit
        self._clock = clock
        self._federation = federation
        self._member = member
        self._renderers = renderers
        self._verifier = verifier

    def make(self, case: str, form: str, choices: Choices) -> Pieces:
        """Writes a report and records it. Raises `Misuse` for an unknown format, `NotFound` for an unknown case,
        `DiskFull`.
        """
        if form not in self._renderers:
            raise Misuse(f"no format {form[:20]!r}", remedy="one of: " + ", ".join(sorted(self._renderers)))
        about = {"case": case, "format": form, "rows": choices.rows, "paths": choices.paths}
        record_access(self._audit, f"{WHAT} begins", **about)
        file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (it outlives this call: see `Pieces`)
        try:
            report, digest, size = self._written(case, form, choices, file)
            made = {"sha256_of_file": digest.hex(), "sha256_of_content": report.digest.hex()}
            body = {"what": WHAT, **about, **made, "at": int(self._clock())}
            entry = self._audit.append(AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body=body))
            with self._store.write() as tx:
                if not tx.setting(_SEEN + report.digest.hex()):
                    tx.set_setting(_SEEN + report.digest.hex(), _packed(report.as_of))
                tx.set_setting(_MADE + digest.hex(), entry.to_bytes(_SIZE, "big"))
            # A crash before this leaves an audit entry of a report that nobody has.
            file.seek(0)
        except OSError as error:
            file.close()
            raise DiskFull("the report could not be written", remedy="free space for temporary files") from error
        except BaseException:
            file.close()
            raise
        return Pieces(file, MadeReport(size=size, digest=digest, content=report.digest, entry=entry))

    def check(self, digest: bytes) -> CheckedReport:
        """What is known of a file with this SHA-256. Raises `NotFound` if this node made no such report."""
        record_access(self._audit, "case report check", sha256_of_file=digest.hex())
        with self._store.read() as tx:
            stored = tx.setting(_MADE + digest.hex())
            entry = int.from_bytes(stored, "big")
            body = self._entry(tx, entry) if stored else {}
        if body.get("what") != WHAT or body.get("sha256_of_file") != digest.hex():
            raise NotFound(
                "this file is not a report that this node made, or it was changed",
                remedy="compare it with the node that made it; a report names its member",
            )
        choices = Choices(rows=body["rows"], paths=body["paths"])
        return CheckedReport(
            case=body["case"],
            form=body["format"],
            at=body["at"],
            officer=body.get("officer", ""),
            entry=entry,
            changed=self._changed(body["case"], choices, bytes.fromhex(body["sha256_of_content"])),
        )

    def _written(self, case: str, form: str, choices: Choices, file: IO[bytes]) -> tuple[CaseReport, bytes, int]:
        """Writes the report; its value, and the SHA-256 and the size of the file."""
        digest, size = hashlib.sha256(), 0
        with self._store.read() as tx:
            content = self._content(tx, case, choices)
            known = digest_of(content)
            report = CaseReport(content=content, digest=known, as_of=self._as_of(tx, known))
            for piece in self._renderers[form](report):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
        return report, digest.digest(), size

    def _content(self, tx: NodeStoreReader, case: str, choices: Choices) -> Content:
        if tx.case_file(case) is None and not tx.known_cases([case]):
            raise NotFound("this node has no such case", remedy="`vigil case list` shows the cases")
        source = ReportSource(tx=tx, codec=self._codec, case=case, choices=choices, verifier=self._verifier)
        return Content(
            federation=self._federation,
            member=self._member,
            case=case,
            choices=choices,
            sections=[section for chapter in CHAPTERS for section in chapter(source)],
        )

    def _as_of(self, tx: NodeStoreReader, content: bytes) -> AsOf:
        """The audit log now; or as it was when the same content was reported before."""
        stored = tx.setting(_SEEN + content.hex())
        if stored:
            size, root = int.from_bytes(stored[:_SIZE], "big"), stored[_SIZE:]
            if len(root) != HASH_SIZE:
                raise Damaged("the index of reports is damaged", remedy="run fsck, then restore the newest backup")
            return AsOf(origin=self._audit.origin, size=size, root=root)
        log = tx.log(self._audit.origin)
        if log is None:
            raise Damaged("the audit log is missing", remedy="run fsck, then restore the newest backup")
        return AsOf(origin=log.origin, size=log.size, root=log.root)

    def _changed(self, case: str, choices: Choices, content: bytes) -> bool | None:
        with self._store.read() as tx:
            try:
                return digest_of(self._content(tx, case, choices)) != content
            except NotFound:
                return None

    def _entry(self, tx: NodeStoreReader, index: int) -> dict[str, Any]:
        """The body of an audit entry; empty if it was purged."""
        held = tx.held_at(self._audit.origin, [index]).get(index)
        try:
            return unpack_body(held[1])[0] if held else {}
        except json.JSONDecodeError:
            raise Damaged("an audit entry is damaged", remedy="run fsck, then restore the newest backup") from None


def _packed(as_of: AsOf) -> bytes:
    return as_of.size.to_bytes(_SIZE, "big") + as_of.root
