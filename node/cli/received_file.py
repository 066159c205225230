"""A file that the node sends in pieces, written as it arrives.

Rules this module upholds:

- The last line has the SHA-256 of the whole file. What is written is what was sent, or an error: a caller gives the
  file its name only after this function returned.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from node.errors import VigilError

if TYPE_CHECKING:
    from node.cli.common import Common
    from node.cli.output import Line
    from node.cli.part_file import PartFile


def receive(given: Common, command: str, arguments: Line, file: PartFile) -> Line:
    """Runs a command that answers with pieces {"data": base64} and a last line; writes them, and returns that line.
    Raises `StoreError`, and `VigilError` for a file that did not arrive whole.
    """
    digest = hashlib.sha256()
    last: Line | None = None
    with given.session() as session, given.output.progress("writing", None) as advance:
        for line in session.run(command, arguments):
            if "data" not in line:
                last = line
                continue
            piece = base64.b64decode(line["data"], validate=True)
            digest.update(piece)
            file.write(piece)
            advance(len(piece))
    if last is None or last["sha256"] != digest.hexdigest():
        raise VigilError("the daemon did not send the whole file", remedy="run the same command again")
    return last
