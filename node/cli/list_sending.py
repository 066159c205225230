"""Sends files of a list to the node: one file, or all files that together are a list.

Rules this module upholds:

- A list that is known gets no row of a file that is not well-formed: the file is read to its end before it is sent.
- A new list is sent while its file is read, and is abandoned if the file turns out not to be well-formed.
- A file that changes between two readings ends the import.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from node.cli.common import Session, one
from node.cli.import_lines import imported_line
from node.cli.list_files import ListFile, Pass, note_contradicting, note_repeats
from node.cli.output import Line, Output
from node.control.list_lines import head_line
from node.errors import Misuse
from node.interop.reading import Broken, Unwelcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Into:
    """The list that files go into. `terms`: what a person states about it, as arguments of `list-import`; `replaces`:
    rows that the files do not name are deleted.
    """

    name: str
    terms: Line
    replaces: bool = False

    @property
    def command(self) -> str:
        """The command of the node."""
        return "list-replace" if self.replaces else "list-import"


def send_file(session: Session, output: Output, into: Into, file: ListFile) -> Line:
    """Imports one file; its line. Raises `Broken`, `Unwelcome`, `Misuse`."""
    known = list(session.run("list-list", {"list": into.name}))
    arguments: Line = {"list": into.name, "new": not known} | into.terms
    with output.progress("importing", file.size * (2 if known else 1)) as advance:
        first = None
        if known:
            # It ends with an error before anything of the list is changed.
            first = Pass(file, advance)
            for _ in first.items():
                pass
            arguments |= {"head": head_line(first.head), "file": first.digest.hex()}
        read = Pass(file, advance, first.placeholders if first else frozenset())
        sending = _Sending(read, first)
        stored = one(session.run(into.command, arguments, sending.items()))
    if sending.failure is not None:
        raise sending.failure
    note_repeats(read.report, stored["repeated"], stored["conflicting"])
    note_contradicting(read.report, stored["contradicting"])
    return imported_line(read.report, read.head, stored, new=not known)


def send_set(session: Session, output: Output, into: Into, read: Sequence[tuple[ListFile, Pass]]) -> Line:
    """Imports files that together are the list; the line of the list with its counts. `read`: each file with its first
    pass, which came to its end without a fault of the frame. There is at least one. Raises `Misuse`.
    """
    known = list(session.run("list-list", {"list": into.name}))
    placeholders = frozenset[bytes]().union(*(first.placeholders for _, first in read))
    head = head_line(read[-1][1].head)
    digest = hashlib.sha256(b"".join(first.digest for _, first in read)).hexdigest()
    arguments: Line = {"list": into.name, "new": not known, "head": head, "file": digest} | into.terms

    def items() -> Iterator[Line]:
        for file, first in read:
            second = Pass(file, advance, placeholders)
            yield from second.batches()
            _require_same(first, second)
        yield {"end": {"head": head, "file": digest, "incomplete": False, "placeholders": []}}

    with output.progress("importing", sum(file.size for file, _ in read)) as advance:
        return one(session.run(into.command, arguments, items()))


def _require_same(first: Pass, second: Pass) -> None:
    if first.digest != second.digest:
        raise Misuse("the file changed while it was read", remedy="run the same command again")


class _Sending:
    """The items of an import. `failure`: why the file is not well-formed after all."""

    def __init__(self, read: Pass, first: Pass | None) -> None:
        self.failure: Broken | Unwelcome | None = None
        self._read = read
        self._first = first

    def items(self) -> Iterator[Line]:
        """Batches of rows, then the end or the order to abandon."""
        read = self._read
        try:
            yield from read.batches()
        except (Broken, Unwelcome) as error:
            self.failure = error
            yield {"abandon": True}
            return
        if self._first is not None:
            _require_same(self._first, read)
        late = sorted(value.hex() for value in read.placeholders - (self._first.placeholders if self._first else set()))
        yield {
            "end": {
                "head": head_line(read.head),
                "file": read.digest.hex(),
                "incomplete": read.report.ends_early is not None,
                "placeholders": late,
            }
        }
