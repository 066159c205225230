"""What a person asks about: files that are opened here, in confined workers, and hashes as typed.

Rules this module upholds:

- `ALGORITHM:HEX` and a bare 64 hex digits are hashes; a file of such a name is given as `./NAME`.
- A slip in a hash is a usage error before anything is done. A file that cannot be read is a line of its own.
- Paths are words of this process's own output, and in this node's history of its queries (`examined.Labels`). They
  never leave the node.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from node.cli.examined import Called, Files
from node.cli.hashlist import read_hashes
from node.cli.output import Advance, Line
from node.domain.fingerprints import KIND_BY_NAME, parse
from node.domain.queries import Subject
from node.errors import Misuse

_HASH: Final = re.compile(rf"(?i:{'|'.join(KIND_BY_NAME)}):.*|[0-9A-Fa-f]{{64}}", re.DOTALL)

_MEANT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,19}:[0-9A-Fa-f]{8,}|[0-9A-Fa-f]{32,}")
"""What a person means as a hash though it is none: an algorithm nobody knows here, or too few bare digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed, told apart."""

    hashes: tuple[Subject, ...] = ()
    paths: tuple[Path, ...] = field(default=())


def read_asked(texts: Sequence[str], hash_file: Path | None = None) -> Asked:
    """Tells hashes from paths, and adds those of `hash_file`.

    Raises `Misuse` for a hash that is cut short or of an unknown algorithm, a file with a line that is no hash, and for
    nothing at all.
    """
    if not all(texts):
        raise Misuse("one of the paths is empty", remedy="for the current folder, give .")
    if not texts and hash_file is None:
        raise Misuse(
            "there is nothing to search for", remedy="name pictures, videos, folders or hashes, or give --hashes FILE"
        )
    hashes = [_typed(text) for text in texts if _is_hash(text)]
    if hash_file is not None:
        hashes += read_hashes(hash_file, _typed)
        if not hashes and not texts:
            raise Misuse(f"{hash_file} holds no hash", remedy="write one ALGORITHM:HEX per line")
    return Asked(hashes=tuple(hashes), paths=tuple(Path(text) for text in texts if not _is_hash(text)))


def _is_hash(text: str) -> bool:
    """Whether this is meant as a hash: it is one, or looks like one and no file is called so."""
    return bool(_HASH.fullmatch(text)) or (bool(_MEANT.fullmatch(text)) and not os.path.lexists(text))


def _typed(text: str) -> Subject:
    return Subject(fingerprints=(parse(text),), label=text)


def subjects(asked: Asked, files: Files, workers: int | None, advance: Advance) -> Generator[Line, None, None]:
    """Every subject as an item of a command: the hashes, then the files, with what lies in them, as they are
    fingerprinted.
    """
    from node.control.lines import subject_line

    for subject in asked.hashes:
        yield subject_line(replace(subject, label=files.labels.put(Called(text=subject.label))))
        advance()
    if not asked.paths:
        return
    from node import app
    from node.usecases.intake import subject_of

    for each in app.fingerprint_paths(asked.paths, workers=workers):
        prints = files.take(each)
        if prints is not None:
            yield subject_line(subject_of(prints, files.labels.put(Called(text=str(each.path), place=each.place))))
        if each.place is None:
            advance()


def count_subjects(asked: Asked) -> int:
    """How many there will be, for a progress bar."""
    from node import app

    return len(asked.hashes) + (app.count_files(asked.paths) if asked.paths else 0)
