"""Where a part lies in the file that holds it.

Rules this module upholds:

- A part is a subject of its own: it has its own digests and fingerprints, and is known by its own SHA-256.
- Its place is local. The name that its parent gives it never leaves this node (promise 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a part is to its parent."""

    MEMBER = "member"
    """A file in an archive or a file system image."""
    ATTACHMENT = "attachment"
    """A file that is attached to a message or embedded in a document."""
    PICTURE = "picture"
    """A further picture in the same file: of a multi-picture file, a document, a cache of thumbnails."""
    PAGE = "page"
    """A further page or image of a picture file that has several."""
    THUMBNAIL = "thumbnail"
    """A small picture of the parent that shows something else than the parent does."""
    PREVIEW = "preview"
    """A picture that a camera put into its raw file."""
    FILM = "film"
    """Moving pictures in a picture file: the film of a motion photograph."""
    STREAM = "stream"
    """A further stream of moving pictures in a film, or what a film's edit list hides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of a part. `parent`: SHA-256 of what holds it directly (32 bytes); `path`: the numbers of the parts
    that lead to it from the file, each counted from 0 within its parent; `name`: what its parent calls it, "" for none.
    """

    parent: bytes
    path: tuple[int, ...]
    role: Role
    name: str = ""

    @property
    def number(self) -> int:
        """Its number in what holds it directly, from 0."""
        return self.path[-1]

    @property
    def words(self) -> str:
        """What it is to its parent, for people, who count from 1: "picture 3". The first page is the file itself."""
        return f"{self.role.value} {self.number + (2 if self.role is Role.PAGE else 1)}"

    @property
    def label(self) -> str:
        """What it is called beside its file: its name and what it is, or the latter alone."""
        return f"{self.name} ({self.words})" if self.name not in {"", self.words} else self.words
