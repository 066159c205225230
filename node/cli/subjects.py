"""The subjects of a search or query: files, which confined workers open here, and typed hashes.

Rules this module upholds:

- `ALGORITHM:HEX` and 64 bare hex digits are hashes; for a file with such a name, write `./NAME`. Other bare digits are
  hashes if no file has that name. If 64 digits are read as a PDQ, the command says so.
- A mistake in a hash is a usage error before anything is done. A file that cannot be read gets its own line.
- Paths appear only in this process's output, and in this node's history of its queries (`examined.Labels`). They never
  leave the node.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Final

from node.cli.examined import Called, Files
from node.cli.hashlist import HashList, is_guessed, read_hashes, typed_hash
from node.cli.output import Advance, Line
from node.domain.fingerprint_kinds import KIND_BY_NAME, FingerprintKind
from node.domain.queries import Subject
from node.errors import Misuse

_HASH: Final = re.compile(rf"(?i:{'|'.join(KIND_BY_NAME)}):.*|[0-9A-Fa-f]{{64}}", re.DOTALL)

_MEANT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,19}:[0-9A-Fa-f]{8,}|[0-9A-Fa-f]{32,}")
"""Looks like a hash but is not one: an unknown algorithm, or too few bare digits."""
GUESSED: Final = "64 digits without an algorithm were read as a PDQ; for a SHA-256 write sha256:HEX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed, as hashes and paths; `guessed`: the number of 64-digit hashes that were read as a PDQ."""

    hashes: tuple[Subject, ...] = ()
    listed: HashList | None = None
    paths: tuple[Path, ...] = field(default=())
    guessed: int = 0


def read_asked(texts: Sequence[str], hash_file: Path | None = None, algorithm: FingerprintKind | None = None) -> Asked:
    """Separates hashes from paths, and adds the hashes of `hash_file`. `algorithm`: the kind of bare digits.

    Raises `Misuse` for a truncated hash, an unknown algorithm, a file with a line that is not a hash, and for an empty
    list.
    """
    if not all(texts):
        raise Misuse("one of the paths is empty", remedy="for the current folder, give .")
    if not texts and hash_file is None:
        raise Misuse(
            "there is nothing to search for", remedy="name pictures, videos, folders or hashes, or give --hashes FILE"
        )
    typed = [text for text in texts if _is_hash(text)]
    return Asked(
        hashes=tuple(typed_hash(text, algorithm) for text in typed),
        listed=read_hashes(hash_file, algorithm) if hash_file is not None else None,
        paths=tuple(Path(text) for text in texts if not _is_hash(text)),
        guessed=sum(is_guessed(text, algorithm) for text in typed),
    )


def _is_hash(text: str) -> bool:
    """Whether this is meant as a hash: it is one, or it looks like one and no file has that name."""
    return bool(_HASH.fullmatch(text)) or (bool(_MEANT.fullmatch(text)) and not os.path.lexists(text))


def subjects(asked: Asked, files: Files, workers: int | None, advance: Advance) -> Generator[Line, None, None]:
    """Every subject as an item of a command: the hashes, then the files and their parts, as they are fingerprinted."""
    from node.control.lines import subject_line

    if asked.guessed:
        files.output.warn(GUESSED)
    for subject in chain(asked.hashes, asked.listed.subjects() if asked.listed else ()):
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
    """The number of subjects, for a progress bar."""
    from node import app

    listed = asked.listed.count if asked.listed else 0
    return len(asked.hashes) + listed + (app.count_files(asked.paths) if asked.paths else 0)
