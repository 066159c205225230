"""Files in files in files, and the ordinary files that go into them.

Rules this module upholds:

- What is innermost is whole in the innermost holder: any program takes it out as it was put in.
- A file of one kind and one original is made once for all that is done to it.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from bench.evidence import composites, films, stills
from bench.evidence.archives import Member, zipped
from bench.evidence.case import SOUND, Wanted
from bench.evidence.damages import FILM_DAMAGES, METADATA, STREAM_DAMAGES, Damage
from bench.evidence.holders import HOLDERS
from bench.evidence.originals import Original, Originals


class NotMade(Exception):
    """Nothing here can write this file."""


def _damage(name: str) -> Damage | None:
    return None if name == SOUND else {**FILM_DAMAGES, **METADATA, **STREAM_DAMAGES}[name]


def damaged(data: bytes, name: str) -> bytes | None:
    """The file with a damage of this name; None where it cannot have it."""
    damage = _damage(name)
    return data if damage is None else damage(data)


@lru_cache(maxsize=4)
def still_bytes(kind: str, original: Original) -> bytes:
    """A still picture. Raises `NotMade`."""
    return written(stills.written(kind, original.image))


@lru_cache(maxsize=4)
def film_bytes(kind: str, original: Original) -> bytes:
    """A film. Raises `NotMade`."""
    return written(films.written(kind, original))


def written(data: bytes | None) -> bytes:
    """What a writer gave. Raises `NotMade` where it gave nothing."""
    if data is None:
        raise NotMade
    return data


def member(name: str, data: bytes, original: Original) -> tuple[Member, Wanted]:
    """A member of a holder that holds an original, known by its looks and by the member's digest."""
    digest = hashlib.sha256(data).digest()
    return (name, data), Wanted(original=original, within=data, digests=frozenset({digest}))


Inner = Callable[[Originals], tuple[str, bytes, tuple[Wanted, ...]] | None]


def _inner_still(kind: str, damage: str = SOUND) -> Inner:
    def make(given: Originals) -> tuple[str, bytes, tuple[Wanted, ...]] | None:
        original = given.picture()
        sound = still_bytes(kind, original)
        data = damaged(sound, damage)
        if data is None:
            return None
        (name, _), wanted = member(f"picture{stills.STILLS[kind].suffix}", data, original)
        return name, data, (wanted,)

    return make


def _inner_film(kind: str, damage: str = SOUND) -> Inner:
    def make(given: Originals) -> tuple[str, bytes, tuple[Wanted, ...]] | None:
        original = given.film()
        sound = film_bytes(kind, original)
        data = damaged(sound, damage)
        if data is None:
            return None
        (name, _), wanted = member(f"film{films.FILMS[kind].suffix}", data, original)
        return name, data, (wanted,)

    return make


def _inner_composite(kind: str) -> Inner:
    def make(given: Originals) -> tuple[str, bytes, tuple[Wanted, ...]]:
        made = composites.COMPOSITES[kind]
        data, wanted = made.compose(given)
        return f"both{made.suffix}", data, wanted

    return make


INNER: Final[dict[str, Inner]] = {
    "jpeg": _inner_still("jpeg"),
    "png": _inner_still("png"),
    "heic": _inner_still("heic"),
    "jpeg xl": _inner_still("jpeg xl"),
    "camera raw": _inner_still("raw cr2"),
    "jpeg, 66 % left": _inner_still("jpeg", "66 % left"),
    "png with a bad checksum": _inner_still("png", "bad checksum of iCCP"),
    "film": _inner_film("mp4 h264"),
    "film, 50 % left": _inner_film("mkv h264", "50 % left"),
    "motion photo": _inner_composite("motion photo"),
    "two pages": _inner_composite("two pages of a tiff, lzw"),
}


def _through(*kinds: str) -> Callable[[str, bytes], bytes]:
    """A file in a holder in a holder: the first kind is the innermost."""

    def pack(name: str, data: bytes) -> bytes:
        for kind in kinds:
            data = HOLDERS[kind].pack([("note.txt", b"nothing to see here\n"), (name, data)][not HOLDERS[kind].many :])
            name = f"inner{HOLDERS[kind].suffix}"
        return data

    return pack


def _embedded(name: str, data: bytes) -> bytes:
    """A ZIP that is embedded in a document."""
    plain = [("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<document/>")]
    return zipped([*plain, ("word/embeddings/object.zip", zipped([(name, data)]))], zipfile.ZIP_DEFLATED)


NESTINGS: Final[dict[str, Callable[[str, bytes], bytes]]] = {
    "zip": _through("zip"),
    "zip in eml": _through("zip", "eml"),
    "docx": _through("docx"),
    "docx in eml": _through("docx", "eml"),
    "tar.gz in zip": _through("tar.gz", "zip"),
    "zip in zip in zip": _through("zip", "zip", "zip"),
    "attached to a pdf in zip": _through("pdf attachment", "zip"),
    "msg in zip": _through("msg", "zip"),
    "eml in mbox": _through("eml", "mbox"),
    "zip in gz": _through("zip", "gz"),
    "7z in tar": _through("7z", "tar"),
    "zip embedded in docx": _embedded,
    "odt in tar.xz": _through("odt", "tar.xz"),
}
