"""What a person asks about: files that are opened here, in confined workers, and hashes as typed.

Rules this module upholds:

- `ALGORITHM:HEX` and a bare 64 hex digits are hashes; a file of such a name is given as `./NAME`. So are other bare
  digits, where no file has such a name. That 64 digits were taken for a PDQ is said.
- A slip in a hash is a usage error before anything is done. A file that cannot be read is a line of its own.
- Paths are words of this process's own output, and in this node's history of its queries (`examined.Labels`). They
  never leave the node.
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
"""What a person means as a hash though it is none: an algorithm nobody knows here, or too few bare digits."""
GUESSED: Final = "64 digits without an algorithm were taken for a PDQ; for a SHA-256 write sha256:HEX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed, told apart; `guessed`: how many bare 64 digits were taken for a PDQ."""

    hashes: tuple[Subject, ...] = ()
    listed: HashList | None = None
    paths: tuple[Path, ...] = field(default=())
    guessed: int = 0


def read_asked(texts: Sequence[str], hash_file: Path | None = None, algorithm: FingerprintKind | None = None) -> Asked:
    """Tells hashes from paths, and adds those of `hash_file`. `algorithm`: of bare digits.

    Raises `Misuse` for a hash that is cut short or of an unknown algorithm, a file with a line that is no hash, and for
    nothing at all.
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
    """Whether this is meant as a hash: it is one, or looks like one and no file is called so."""
    return bool(_HASH.fullmatch(text)) or (bool(_MEANT.fullmatch(text)) and not os.path.lexists(text))


def subjects(asked: Asked, files: Files, workers: int | None, advance: Advance) -> Generator[Line, None, None]:
    """Every subject as an item of a command: the hashes, then the files, with what lies in them, as they are
    fingerprinted.
    """
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
    """How many there will be, for a progress bar."""
    from node import app

    listed = asked.listed.count if asked.listed else 0
    return len(asked.hashes) + listed + (app.count_files(asked.paths) if asked.paths else 0)
