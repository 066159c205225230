"""Writes a case report as JSON (docs/CASE-REPORT.md has the schema).

Rules this module upholds:

- One JSON object in ASCII on one line. The value of `content` is exactly the bytes whose SHA-256 is `content_sha256`,
  so a reader can check it with a text tool.
- Texts are as they are stored, and escaped by JSON.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from node.usecases.report_values import FORMAT, VERSION, content_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.usecases.report_values import CaseReport


def write_json(report: CaseReport) -> Iterator[bytes]:
    """The file in pieces."""
    as_of = report.as_of
    head = {
        "format": FORMAT,
        "version": VERSION,
        "as_of": {"audit_log": str(as_of.origin), "size": as_of.size, "root": as_of.root.hex()},
        "content_sha256": report.digest.hex(),
    }
    yield json.dumps(head, separators=(",", ":"))[:-1].encode("ascii") + b',"content":'
    yield from content_pieces(report.content)
    yield b"}\n"
