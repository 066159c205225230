"""Exports of a list, holdings or records as a file of another program, or of records as a bundle, with a signed
manifest.

Rules this module upholds:

- The audit log records the export before its first byte leaves, and its SHA-256 and counts before its end is told. An
  export without the second entry was interrupted.
- The file is written here and sent in pieces. So the digest that is signed is of bytes that this node made, and no
  caller can get another file signed.
- The manifest comes last: an interrupted export has none.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.envelope import Kind
from node.usecases.audit import AuditEntry
from node.usecases.bundle_format import FORMAT
from node.usecases.export_manifest import Manifest, sign_manifest
from node.usecases.in_threads import in_threads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping

    from node.domain.ids import FederationId, MemberId, Origin
    from node.domain.ports import Signer
    from node.usecases.audit import AuditLog
    from node.usecases.bundle_writing import BundleWriting
    from node.usecases.export_request import ExportRequest
    from node.usecases.export_sources import Selection
    from node.usecases.exported_rows import Scheme
    from node.usecases.list_export import Export, Exporting, Shape

PIECE: Final = 262_144
"""Bytes of one piece, at least, except the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How a file is written. `scheme`: of a format and its profile, None if it takes any; `write`: (format, export,
    choices, bytes that stand for what is exported, Unix seconds) -> (the file in pieces, what the format left out).
    """

    scheme: Callable[[str, str], Scheme | None]
    write: Callable[[str, Export, Shape, bytes, int], tuple[Iterator[bytes], Counter[str]]]


class Counted(Protocol):
    """What is written, and what stays by reason. Complete when the last piece was written. `withdrawn`: what is taken
    back.
    """

    written: int
    withdrawn: int
    left_out: Counter[str]


class Bundles(Protocol):
    """Begins a bundle."""

    def begin(
        self, selection: Selection, reader: MemberId | None, sizes: Mapping[Origin, int]
    ) -> tuple[BundleWriting, Counter[str]]:
        """The bundle, and what the selection names without a record. Blocking. Raises `Misuse`, `NotFound`, `Refused`
        for a reader who is not an active member.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The end of an export. `list`: whose rows were written, "" for holdings and records. `signed`: the bytes of the
    manifest under its signature.
    """

    manifest: Manifest
    list: str
    withdrawn: int
    signed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """An export that is in the audit log, and whose first byte has not left."""

    pieces: Iterator[bytes]
    counted: Counted
    left_out: Counter[str]
    about: Mapping[str, object]
    format: str
    profile: str
    at: int
    list: str = ""


class Exports:
    """`signer`: the statement key."""

    def __init__(
        self,
        *,
        exporting: Exporting,
        bundles: Bundles,
        writing: Writing,
        audit: AuditLog,
        signer: Signer,
        federation: FederationId,
        member: MemberId,
    ) -> None:
        self._exporting = exporting
        self._bundles = bundles
        self._writing = writing
        self._audit = audit
        self._signer = signer
        self._federation = federation
        self._member = member

    async def export_list(
        self, form: str, shape: Shape, request: ExportRequest
    ) -> AsyncGenerator[bytes | Exported, None]:
        """The file in the format `form`, in pieces, then its end. Raises `Misuse` if nothing is selected, `NotFound`,
        `Refused`.
        """
        selection, at = request.some(), int(self._audit.clock())
        about = {"format": form} | request.named()
        about |= {} if shape.distribution is None else {"distribution": shape.distribution}
        await self._record("list export begins", about, at)
        scheme = self._writing.scheme(form, shape.profile)
        export = await asyncio.to_thread(self._exporting.begin, selection, scheme)
        about |= {"list": export.list} if export.list else {}
        what = _bytes_of(replace(selection, list=export.list))
        pieces, left_out = self._writing.write(form, export, shape, what, at)
        begun = _Begun(
            pieces=pieces,
            counted=export,
            left_out=left_out,
            about=about,
            format=form,
            profile=shape.profile,
            at=at,
            list=export.list,
        )
        async for each in self._sent(begun):
            yield each

    async def export_bundle(
        self, request: ExportRequest, reader: MemberId | None, sizes: Mapping[Origin, int]
    ) -> AsyncGenerator[bytes | Exported, None]:
        """The logs of all members with the bodies of the selected records, in pieces, then the end. `reader`: the only
        member that it is for; `sizes`: how much the reader has of each log. Raises as `Bundles.begin`.
        """
        selection, at = request.any(), int(self._audit.clock())
        about = {"format": FORMAT} | request.named() | ({"to": reader} if reader else {})
        await self._record("list export begins", about, at)
        writing, named = await asyncio.to_thread(self._bundles.begin, selection, reader, sizes)
        begun = _Begun(
            pieces=writing.pieces(),
            counted=writing,
            left_out=named,
            about=about,
            format=FORMAT,
            profile=reader or "",
            at=at,
            list=request.list or "",
        )
        async for each in self._sent(begun):
            yield each

    async def _sent(self, of: _Begun) -> AsyncGenerator[bytes | Exported, None]:
        """The file in pieces, then its end."""
        digest, size = hashlib.sha256(), 0
        async for piece in in_threads(_pieces(of.pieces)):
            digest.update(piece)
            size += len(piece)
            yield piece
        manifest = Manifest(
            federation=self._federation,
            member=self._member,
            format=of.format,
            profile=of.profile,
            at=of.at,
            rows=of.counted.written,
            left_out=dict(sorted((of.counted.left_out + of.left_out).items())),
            size=size,
            sha256=digest.digest(),
        )
        counts = {"rows": manifest.rows, "withdrawn": of.counted.withdrawn, "left_out": dict(manifest.left_out)}
        told = {**of.about, **counts, "sha256_of_file": digest.hexdigest()}
        await self._record("list export", told, int(self._audit.clock()))
        signed = await asyncio.to_thread(sign_manifest, manifest, self._signer)
        yield Exported(manifest=manifest, list=of.list, withdrawn=of.counted.withdrawn, signed=signed)

    async def _record(self, what: str, about: Mapping[str, object], at: int) -> None:
        body = {"what": what, **about, "at": at}
        await asyncio.to_thread(self._audit.append, AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body=body))


def _bytes_of(selection: Selection) -> bytes:
    """Stands for what is exported: equal for each export of it. An export of what is new since a day is one of the same
    event or bundle: only so do its changes and withdrawals reach what was exported before.
    """
    words = [selection.case, selection.series, selection.list, selection.level.name]
    return json.dumps(words, ensure_ascii=True).encode("ascii")


def _pieces(written: Iterator[bytes]) -> Iterator[bytes]:
    """The written bytes, joined to pieces of `PIECE` bytes or more."""
    joined = bytearray()
    for some in written:
        joined += some
        if len(joined) >= PIECE:
            yield bytes(joined)
            joined.clear()
    if joined:
        yield bytes(joined)
