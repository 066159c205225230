"""Lists of hashes as other tools write them: md5sum, sha1sum, sha256sum, BSD md5, openssl, hashdeep, CSV and TSV.

Rules this module upholds:

- Nothing is passed over in silence: every line is used, is empty, is a comment, or is named with its number and why.
- A line of one table or tool is read by that one's rules (`hash_lines`, `hash_tables`, `text_lines`).
- Pure, and bounded: lines come and go one by one. What is done with a bad line, the caller decides.
- Names are of whoever wrote the list. They stay on this node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from node.domain.fingerprint_kinds import FingerprintKind
from node.domain.fingerprints import Fingerprint
from node.errors import Malformed
from node.interop.hash_lines import Unusable, is_line, names_columns, parse_line
from node.interop.hash_tables import HASHDEEP, Table, hashdeep_table, read_row, table_of
from node.interop.text_lines import LONGEST_LINE, LineTooLong, numbered_lines

_COMMENTS: Final = ("#", ";")
"""How a comment begins: of GNU tools and hashdeep, and of some tools for Windows. In a table `#` alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What one line lists: the hashes of one thing. `line` counts from 1; `name` is "" where the list gives none."""

    line: int
    fingerprints: tuple[Fingerprint, ...]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that cannot be used, and why. `ambiguous`: an algorithm named by the caller would help."""

    line: int
    why: str
    ambiguous: bool = False


def read_hash_list(chunks: Iterable[bytes], algorithm: FingerprintKind | None = None) -> Iterator[Listed | BadLine]:
    """Every line of a list that is not empty and no comment, in its order.

    `chunks`: the file's bytes, cut anywhere. `algorithm`: of hashes whose kind the list does not say. After a line that
    no list has (too long, an open quotation mark) nothing more is read.
    """
    reader = _Reader(algorithm)
    lines = numbered_lines(chunks, is_line)
    try:
        for number, text in lines:
            try:
                if found := reader.line(number, text, lines):
                    yield found
            except Unusable as error:
                yield BadLine(line=number, why=str(error), ambiguous=error.ambiguous)
            except Malformed as error:
                yield BadLine(line=number, why=str(error))
                return
    except LineTooLong as error:
        yield BadLine(
            line=error.number, why=f"it is too long for a list of hashes (more than {LONGEST_LINE:,} characters)"
        )


class _Reader:
    def __init__(self, algorithm: FingerprintKind | None) -> None:
        self._algorithm = algorithm
        self._table: Table | None = None
        self._begun = False

    def line(self, number: int, text: str, more: Iterator[tuple[int, str]]) -> Listed | None:
        """What a line lists; None where it is empty, a comment or a header. Raises `Unusable`, `Malformed`."""
        if not text.strip():
            return None
        if text.startswith(HASHDEEP):
            self._table = hashdeep_table(text) or self._table
            self._begun = True
            return None
        if self._table is not None:
            return self._row(self._table, number, text, more)
        if text.lstrip().startswith(_COMMENTS) or names_columns(text):
            return None
        if "\0" in text:
            raise Unusable("it holds NUL characters: save the list as UTF-8")
        header, self._begun = not self._begun, True
        try:
            found, name = parse_line(text, self._algorithm)
        except Unusable:
            # A name in a line of hashes may look like names of columns; names of columns never look like a hash.
            if header and not is_line(text) and (table := table_of(text)):
                self._table = table
                return None
            raise
        return Listed(line=number, fingerprints=(found,), name=name)

    def _row(self, table: Table, number: int, text: str, more: Iterator[tuple[int, str]]) -> Listed | None:
        marked = text.lstrip().startswith("#")
        try:
            prints, name = table.row(read_row(table, text, iter(()) if marked else more), self._algorithm)
        except (Unusable, Malformed):
            if marked:
                return None
            raise
        if marked:
            raise Unusable(
                "it begins as a comment does, and holds a hash: delete the line, or put its first cell in quotes"
            )
        return Listed(line=number, fingerprints=prints, name=name)
