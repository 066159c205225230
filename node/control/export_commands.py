"""Exports a list, holdings or records as a file of another program, or records as a bundle, with a signed manifest.

Rules this module upholds:

- The audit log records the export before its first byte leaves, and its SHA-256 and counts before its last line does.
  An export without the second entry was interrupted.
- The file is written here and sent in pieces. So the digest that is signed is of bytes that this node made, and no
  caller can get another file signed.
- The manifest is the last line: an interrupted export has none.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from node.control.arguments import Arguments
from node.control.search_commands import LEVELS
from node.domain.envelope import Kind
from node.domain.ids import Origin, member_id
from node.errors import Misuse
from node.usecases.audit import AuditEntry
from node.usecases.bundle_format import FORMAT
from node.usecases.export_manifest import Manifest, sign_manifest
from node.usecases.export_sources import Selection
from node.usecases.list_export import Shape

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping

    from node.control.runner import Line
    from node.domain.ids import FederationId, MemberId
    from node.domain.ports import Clock, Signer
    from node.usecases.audit import AuditLog
    from node.usecases.bundle_writing import BundleWriting
    from node.usecases.exported_rows import Scheme
    from node.usecases.list_export import Export, Exporting

PIECE: Final = 262_144
"""Bytes of one line, at least, except the last."""
_SELECTORS: Final = ("case", "series", "list", "level", "since")
_SHAPE: Final = ("distribution",)
"""What the audit log has of how a file was written: who may have it."""


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
class ExportCommands:
    """`signer`: the statement key."""

    exporting: Exporting
    bundles: Bundles
    writing: Writing
    audit: AuditLog
    clock: Clock
    signer: Signer
    federation: FederationId
    member: MemberId

    async def export_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"format", "profile", "distribution", "case", "series", "list", "level", "since"} -> lines {"data": base64},
        then {"format", "list", "rows", "withdrawn", "left_out", "size", "sha256", "manifest": base64}. "list": whose
        rows were written; a case may be one of a list.
        """
        given = Arguments(arguments)
        form, profile, selection = given.text("format"), given.text("profile", ""), _selection(given)
        shape = Shape(profile=profile, distribution=given.whole("distribution") if given.has("distribution") else None)
        about = {"format": form} | {name: arguments[name] for name in (*_SELECTORS, *_SHAPE) if given.has(name)}
        at = int(self.clock())
        await self._record("list export begins", about, at)
        scheme = self.writing.scheme(form, profile)
        export = await asyncio.to_thread(self.exporting.begin, selection, scheme)
        selection = replace(selection, list=export.list)
        about |= {"list": export.list} if export.list else {}
        pieces, left_out = self.writing.write(form, export, shape, _bytes_of(selection), at)
        async for line in self._sent(pieces, export, left_out, about, (form, profile, at)):
            yield line

    async def export_bundle(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"case", "series", "list", "since", "to", "after": {origin: size}} -> as `export_list`: the logs of all
        members with the bodies of the chosen records, without a choice those of all. "to": the member that it is for.
        """
        given = Arguments(arguments)
        selection, reader = _selection(given, everything=True), given.text("to", "")
        about = {"format": FORMAT} | {name: arguments[name] for name in (*_SELECTORS, "to") if given.has(name)}
        at = int(self.clock())
        await self._record("list export begins", about, at)
        writing, named = await asyncio.to_thread(
            self.bundles.begin, selection, member_id(reader) if reader else None, _sizes(given)
        )
        async for line in self._sent(writing.pieces(), writing, named, about, (FORMAT, reader, at)):
            yield line

    async def _sent(
        self,
        pieces: Iterator[bytes],
        export: Counted,
        left_out: Counter[str],
        about: Line,
        form: tuple[str, str, int],
    ) -> AsyncGenerator[Line, None]:
        """The file in pieces, then its manifest. `form`: format, profile, and the moment of the export."""
        digest, size = hashlib.sha256(), 0
        while piece := await asyncio.to_thread(_next, pieces):
            digest.update(piece)
            size += len(piece)
            yield {"data": base64.b64encode(piece).decode("ascii")}
        manifest = Manifest(
            federation=self.federation,
            member=self.member,
            format=form[0],
            profile=form[1],
            at=form[2],
            rows=export.written,
            left_out=dict(sorted((export.left_out + left_out).items())),
            size=size,
            sha256=digest.digest(),
        )
        counts = {"rows": manifest.rows, "withdrawn": export.withdrawn, "left_out": dict(manifest.left_out)}
        await self._record("list export", about | counts | {"sha256_of_file": digest.hexdigest()}, int(self.clock()))
        signed = await asyncio.to_thread(sign_manifest, manifest, self.signer)
        yield {
            "format": manifest.format,
            "list": about.get("list"),
            **counts,
            "size": size,
            "sha256": digest.hexdigest(),
            "manifest": base64.b64encode(signed).decode("ascii"),
        }

    async def _record(self, what: str, about: Line, at: int) -> None:
        body = {"what": what, **about, "at": at}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body=body))


def _selection(given: Arguments, *, everything: bool = False) -> Selection:
    """What is selected. `everything`: without a selector, all. Otherwise raises `Misuse`."""
    if not everything and not any(given.has(name) for name in _SELECTORS):
        raise Misuse("nothing is selected", remedy="give --case, --series, --list, --level or --since")
    level = given.text("level") if given.has("level") else "shared"
    if level not in LEVELS:
        raise Misuse(f"no level {level[:20]!r}", remedy="one of: " + ", ".join(LEVELS))
    texts = {name: given.text(name) for name in ("case", "series", "list") if given.has(name)}
    return Selection(level=LEVELS[level], since=given.whole("since") if given.has("since") else 0, **texts)


def _sizes(given: Arguments) -> dict[Origin, int]:
    """How much the reader has of each log. Raises `Misuse`, `Malformed`."""
    sizes = given.object("after")
    if not all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes.values()):
        raise Misuse("a size of a log is not a number")
    return {Origin.parse(name): size for name, size in sizes.items()}


def _bytes_of(selection: Selection) -> bytes:
    """Stands for what is exported: equal for each export of it. An export of what is new since a day is one of the same
    event or bundle: only so do its changes and withdrawals reach what was exported before.
    """
    words = [selection.case, selection.series, selection.list, selection.level.name]
    return json.dumps(words, ensure_ascii=True).encode("ascii")


def _next(pieces: Iterator[bytes]) -> bytes:
    """The next pieces joined, b"" at the end."""
    joined = bytearray()
    while len(joined) < PIECE:
        piece = next(pieces, None)
        if piece is None:
            break
        joined += piece
    return bytes(joined)
