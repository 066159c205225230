"""The place of a part in the file that contains it.

Rules this module upholds:

- A part is a subject of its own: it has its own digests and fingerprints, and is identified by its own SHA-256.
- Its place is local. Its name in the parent never leaves this node (promise 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The role of a part in its parent."""

    MEMBER = "member"
    """A file in an archive or a file system image."""
    ATTACHMENT = "attachment"
    """A file that is attached to a message or embedded in a document."""
    PICTURE = "picture"
    """A further picture in the same file: of a multi-picture file, a document, a cache of thumbnails."""
    PAGE = "page"
    """A further page or image of a picture file that has several."""
    THUMBNAIL = "thumbnail"
    """A small picture in the parent that shows something other than the parent."""
    PREVIEW = "preview"
    """A picture that a camera put into its raw file."""
    FILM = "film"
    """Moving pictures in a picture file: the film of a motion photograph."""
    STREAM = "stream"
    """A further stream of moving pictures in a film, or what a film's edit list hides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of a part. `parent`: SHA-256 of its direct parent (32 bytes); `path`: the numbers of the parts from the
    file down to it, each counted from 0 within its parent; `name`: its name in the parent, "" for none.
    """

    parent: bytes
    path: tuple[int, ...]
    role: Role
    name: str = ""

    @property
    def number(self) -> int:
        """Its number in its direct parent, from 0."""
        return self.path[-1]

    @property
    def words(self) -> str:
        """Its role for people, who count from 1: "picture 3". The first page is the file itself."""
        return f"{self.role.value} {self.number + (2 if self.role is Role.PAGE else 1)}"

    @property
    def label(self) -> str:
        """Its label beside its file: its name and role, or only the role."""
        return f"{self.name} ({self.words})" if self.name not in {"", self.words} else self.words
