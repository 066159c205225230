"""Text files that a person gives: lists of hashes (`vigil allow import`, `--hashes`) and of records (`retract --file`).

Rules this module upholds:

- All lines are read before any is used, and every fault is named by its line number. A list with one bad line is not
  used. Errors never repeat the line, because it may contain anything.
- A list is read twice and never kept: memory does not grow with it. Only a list from a pipe is kept.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from node.cli.output import plain
from node.domain.fingerprint_kinds import PDQ, SHA256, FingerprintKind
from node.domain.fingerprints import parse
from node.domain.queries import Subject
from node.errors import Misuse
from node.interop.hash_lines import Unusable, bare
from node.interop.hash_lists import BadLine, Listed, read_hash_list
from node.interop.text_lines import LONGEST_LINE, LineTooLong, numbered_lines

FAULTS_NAMED: Final = 5
"""Faults of a file that are named one by one; the others are only counted."""
MAX_FAULTS: Final = 10_000
"""After this many bad lines, a file is not a list, and reading stops."""
MAX_PIPED: Final = 256 * 1024 * 1024
"""Maximum bytes of a list from a pipe: about three million lines."""
_CHUNK: Final = 262_144
_LABEL: Final = 512
"""Characters of a name that are kept as the label of a subject."""

Value = TypeVar("Value")
Check = Callable[[Listed], str]
"""Why a command cannot use a line that is a hash; "" if it can."""


def any_hash(_listed: Listed) -> str:
    """The check of a command that looks up every kind of hash."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashList:
    """A list that was read once and is valid. Iterating reads it again.

    `count`: the number of lines with hashes; `path` and `algorithm` as given; `piped`: its bytes, if it is not a file.
    """

    path: Path
    count: int
    algorithm: FingerprintKind | None = None
    check: Check = field(default=any_hash, repr=False)
    piped: bytes | None = field(default=None, repr=False)

    def __iter__(self) -> Iterator[Listed]:
        """Every line with hashes, in order. Raises `Misuse` if the file has changed since."""
        read = 0
        for found in read_hash_list(_chunks(self.path, self.piped), self.algorithm):
            if isinstance(found, BadLine) or self.check(found) or read == self.count:
                raise _changed(self.path)
            read += 1
            yield found
        if read != self.count:
            raise _changed(self.path)

    def subjects(self) -> Iterator[Subject]:
        """Every line as a subject, labelled by its name in the list, otherwise by its hash."""
        return map(subject_of, self)


def subject_of(listed: Listed) -> Subject:
    """A line of a list as a subject. The name stays on this node."""
    return Subject(fingerprints=listed.fingerprints, label=listed.name[:_LABEL] or _spelled(listed))


def _spelled(listed: Listed) -> str:
    first = listed.fingerprints[0]
    return f"{first.kind.name if first.kind else first.code}:{first.value.hex()}"


def read_hashes(path: Path, algorithm: FingerprintKind | None = None, check: Check = any_hash) -> HashList:
    """Reads a list to its end. `algorithm`: the kind of the hashes, if the list does not say it.

    Raises `Misuse`, which names the file, the wrong lines and the reason; also if the list has no hash.
    """
    piped, faults, count, ambiguous = _piped(path), _Faults(), 0, False
    for found in read_hash_list(_chunks(path, piped), algorithm):
        if isinstance(found, BadLine):
            faults.add(found.line, found.why)
            ambiguous = ambiguous or found.ambiguous
        elif why := check(found):
            faults.add(found.line, why)
        else:
            count += 1
        if faults.count > MAX_FAULTS:
            break
    remedy = "write one hash per line, or use a list of md5sum, sha1sum, sha256sum or hashdeep, or CSV with a header"
    if ambiguous:
        remedy = "say what the hashes are: --algorithm sha256, or --algorithm pdq"
    faults.raise_any(path, "hashes", remedy)
    if not count:
        raise Misuse(f"{plain(path)} holds no hash", remedy="write one ALGORITHM:HEX per line")
    return HashList(path=path, count=count, algorithm=algorithm, check=check, piped=piped)


def read_lines(path: Path, parse: Callable[[str], Value], what: str) -> list[tuple[int, Value]]:
    """(line, value) of every value of a text file, in order; `what` names one value. Lines that start with # and empty
    lines are left out. `parse` raises `Misuse` if a line is not a value.

    Raises `Misuse`, which names the file, the wrong lines and the reason.
    """
    values: list[tuple[int, Value]] = []
    faults = _Faults()
    try:
        for number, line in numbered_lines(_chunks(path, None), lambda _: False):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            try:
                values.append((number, parse(text)))
            except Misuse as error:
                faults.add(number, str(error))
    except LineTooLong as error:
        faults.add(error.number, f"it has more than {LONGEST_LINE:,} characters")
    faults.raise_any(
        path, f"{what}s", f"write one {what} per line; lines that start with # and empty lines are ignored"
    )
    return values


@dataclass(slots=True)
class _Faults:
    """The faults of a file: the first few as text, and their number."""

    named: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, why: str) -> None:
        self.count += 1
        if len(self.named) < FAULTS_NAMED:
            self.named.append(f"line {line}: {why}")

    def raise_any(self, path: Path, what: str, remedy: str) -> None:
        if not self.count:
            return
        more = f"; and {self.count - FAULTS_NAMED:,} more" if self.count > FAULTS_NAMED else ""
        raise Misuse(
            f"{plain(path)} was not used, because some of its lines are not {what}: {'; '.join(self.named)}{more}",
            remedy=remedy,
        )


# --- hashes as typed --------------------------------------------------------------------------------------------------

_DIGITS: Final = re.compile(r"[0-9A-Fa-f]+")


def typed_hash(text: str, algorithm: FingerprintKind | None) -> Subject:
    """Parses a hash that a person typed: `ALGORITHM:HEX`, or bare digits. Raises `Misuse`."""
    if ":" not in text and _DIGITS.fullmatch(text.strip()):
        try:
            return Subject(fingerprints=(bare(text.strip(), algorithm),), label=text)
        except Unusable as error:
            if algorithm is not None:
                raise Misuse(str(error), remedy="check that you copied all of it, and check --algorithm") from None
    return Subject(fingerprints=(parse(text),), label=text)


def is_guessed(text: str, algorithm: FingerprintKind | None) -> bool:
    """Whether a typed hash is read as a PDQ although it could be a SHA-256."""
    return algorithm is None and len(text) == 2 * PDQ.size == 2 * SHA256.size and bool(_DIGITS.fullmatch(text))


# --- bytes ------------------------------------------------------------------------------------------------------------


def _piped(path: Path) -> bytes | None:
    """The bytes of a pipe or other special file, which can be read only once; None for a regular file."""
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            data = file.read(MAX_PIPED + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(data) > MAX_PIPED:
        raise Misuse(f"{plain(path)} sends more than {MAX_PIPED:,} bytes", remedy="write the list to a file first")
    return data


def _chunks(path: Path, piped: bytes | None) -> Iterable[bytes]:
    return _read(path) if piped is None else iter((piped,))


def _read(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from _pieces(file)
    except OSError as error:
        raise _unreadable(path, error) from None


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_CHUNK):
        yield piece


def _unreadable(path: Path, error: OSError) -> Misuse:
    why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
    return Misuse(f"{plain(path)} cannot be read: {why}", remedy="check the path and who may read it")


def _changed(path: Path) -> Misuse:
    return Misuse(f"{plain(path)} changed while it was read", remedy="try again when no program writes to it")
