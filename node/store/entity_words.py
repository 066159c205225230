"""The words about entities in the vault: each row of a table of `entities` has its words as one JSON object.

Rules this module upholds:

- Only texts are in it. What is searched or counted is in the tables.
- Words that cannot be read are shown as `UNREADABLE`, and the rest of the list continues.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection

from node.errors import Damaged
from node.store import codec, vault

_as_json: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def sealed_words(connection: Connection, said: Sequence[Mapping[str, str]]) -> list[int]:
    """Puts words into the vault; their ids."""
    return vault.put(connection, [codec.seal_bytes(_as_json(each).encode()) for each in said])


def words(connection: Connection, ids: Iterable[int]) -> list[dict[str, str]]:
    """The words under these ids of the vault. Damaged ones are empty: one row does not end a list."""
    wanted = list(ids)
    try:
        return [_read(sealed) for sealed in vault.get(connection, wanted)]
    except Damaged:
        return [_one(connection, each) for each in wanted]


def _one(connection: Connection, number: int) -> dict[str, str]:
    with suppress(Damaged):
        (sealed,) = vault.get(connection, [number])
        return _read(sealed)
    return {}


def _read(sealed: bytes) -> dict[str, str]:
    """Raises `Damaged`."""
    try:
        return dict(json.loads(codec.open_bytes(sealed)))
    except ValueError:
        raise Damaged(
            "what is stored of an entity is damaged", remedy="run fsck, then restore the newest backup"
        ) from None
