"""The commands that export a list, holdings or records as a file of another program, or records as a bundle.

Rules this module upholds:

- Commands hold no decisions: `usecases.exports` writes, records and signs.
- The file is sent in lines as it is written. The manifest is the last line: an interrupted export has none.
"""

from __future__ import annotations

import base64
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.statements import read_level
from node.domain.ids import Origin, member_id
from node.errors import Misuse
from node.usecases.export_request import ExportRequest
from node.usecases.exports import Exported
from node.usecases.list_export import Shape

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from node.control.runner import Line
    from node.usecases.exports import Exports


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportCommands:
    """`exports`: of this node."""

    exports: Exports

    async def export_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"format", "profile", "distribution", "case", "series", "list", "level", "since"} -> lines {"data": base64},
        then {"format", "list", "rows", "withdrawn", "left_out", "size", "sha256", "manifest": base64}. "list": whose
        rows were written; a case may be one of a list.
        """
        given = Arguments(arguments)
        form, request = given.text("format"), _request(given)
        distribution = given.whole("distribution") if given.has("distribution") else None
        shape = Shape(profile=given.text("profile", ""), distribution=distribution)
        async with aclosing(self.exports.export_list(form, shape, request)) as steps:
            async for each in steps:
                yield _line(each)

    async def export_bundle(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"case", "series", "list", "since", "to", "after": {origin: size}} -> as `export_list`: the logs of all
        members with the bodies of the chosen records, without a choice those of all. "to": the member that it is for.
        """
        given = Arguments(arguments)
        request, reader = _request(given), member_id(given.text("to")) if given.text("to", "") else None
        async with aclosing(self.exports.export_bundle(request, reader, _sizes(given))) as steps:
            async for each in steps:
                yield _line(each)


def _request(given: Arguments) -> ExportRequest:
    return ExportRequest(
        case=given.text("case") if given.has("case") else None,
        series=given.text("series") if given.has("series") else None,
        list=given.text("list") if given.has("list") else None,
        level=read_level(given.text("level")) if given.has("level") else None,
        since=given.whole("since") if given.has("since") else None,
    )


def _sizes(given: Arguments) -> dict[Origin, int]:
    """How much the reader has of each log. Raises `Misuse`, `Malformed`."""
    sizes = given.object("after")
    if not all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes.values()):
        raise Misuse("a size of a log is not a number")
    return {Origin.parse(name): size for name, size in sizes.items()}


def _line(each: bytes | Exported) -> Line:
    if isinstance(each, bytes):
        return {"data": base64.b64encode(each).decode("ascii")}
    manifest = each.manifest
    return {
        "format": manifest.format,
        "list": each.list or None,
        "rows": manifest.rows,
        "withdrawn": each.withdrawn,
        "left_out": dict(manifest.left_out),
        "size": manifest.size,
        "sha256": manifest.sha256.hex(),
        "manifest": base64.b64encode(each.signed).decode("ascii"),
    }
