"""The files that prove a roster, under the names by which a hub serves them.

Rules this module upholds:

- Nothing here verifies a signature. `client` does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tuf.api.metadata import Root, Signed, Snapshot, TargetFile, Targets, Timestamp

from node.errors import Malformed, NotFound
from node.pki import metadata
from node.pki.files import read_bounded
from node.pki.strictjson import MAX_DOCUMENT

Fetch = Callable[[str, int], bytes]
"""(name of a file in the hub's repository, max bytes) -> the file. Raises `NotFound`, `Unavailable`. Blocking."""

WHAT: Final = "the roster"
TIMESTAMP_FILE: Final = "timestamp.json"
_ROOT: Final = re.compile(r"([1-9][0-9]{0,8})\.root\.json")


def document(info: TargetFile, fetch: Fetch, kept: Mapping[str, bytes]) -> bytes:
    """A document that the membership names, from `kept` if it is there. Raises `Malformed`, and what the library
    raises.
    """
    if info.length > MAX_DOCUMENT:
        raise Malformed(f"{WHAT} has a document of more than {MAX_DOCUMENT} bytes")
    name = f"{info.hashes['sha256']}.{info.path}"
    data = kept[name] if name in kept else fetch(name, info.length)
    info.verify_length_and_hashes(data)
    return data


def as_of(files: Mapping[str, bytes], now: float) -> float:
    """`now`, or the last second of the timestamp in these files. The timestamp is not verified yet."""
    data = files.get(TIMESTAMP_FILE)
    if data is None:
        raise NotFound("the list of members in this file is not complete")
    return min(now, metadata.expires(metadata.parse(data, Timestamp, WHAT).signed) - 1)


def with_roots(files: Mapping[str, bytes], kept: Mapping[str, bytes], pinned: int) -> dict[str, bytes]:
    """The files, with the roots that are kept here. Raises `NotFound` if a root between `pinned` (the version of our
    own first root) and the newest one is in neither.
    """
    whole = {**files, **{name: data for name, data in kept.items() if _ROOT.fullmatch(name)}}
    newest = max((int(found[1]) for found in map(_ROOT.fullmatch, whole) if found), default=pinned)
    if newest - pinned > metadata.MAX_ROOTS:
        raise Malformed(f"{WHAT} has too many roots")
    if any(f"{number}.root.json" not in whole for number in range(pinned + 1, newest)):
        raise NotFound(
            "the list of members in this file does not begin at a root that this node knows",
            remedy="get the file from a member that joined the federation before this node, or no later",
        )
    return whole


def out_of(files: Mapping[str, bytes]) -> Fetch:
    """Fetches from these files."""

    def fetch(name: str, limit: int) -> bytes:
        if name not in files or len(files[name]) > limit:
            raise NotFound("no such file was kept")
        return files[name]

    return fetch


def everything(folder: Path, roles: Mapping[str, Signed], documents: Mapping[str, bytes]) -> dict[str, bytes]:
    """Everything that proves a roster, under the names by which the hub serves it."""

    def read(path: Path) -> bytes:
        return read_bounded(path, metadata.MAX_METADATA, what="roster metadata")

    files = {f"{hashlib.sha256(data).hexdigest()}.{name}": data for name, data in documents.items()}
    for version in range(1, roles[Root.type].version + 1):
        path = folder / "root_history" / f"{version}.root.json"
        if path.exists():
            files[path.name] = read(path)
    files[TIMESTAMP_FILE] = read(folder / TIMESTAMP_FILE)
    for role in (Snapshot.type, Targets.type, metadata.SUSPENSIONS):
        files[f"{roles[role].version}.{role}.json"] = read(folder / f"{role}.json")
    return files
