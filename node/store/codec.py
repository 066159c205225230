"""The only encoder and decoder for data that must be deletable: bodies, nonces, handlings, payloads.

Rules this module upholds:

- Every secret column is written by `seal*` and read by `open*`, and no other code in this package looks inside one.
  This is the place for encrypting each record with its own key (DESIGN, section 7): `seal` will draw a key and prefix
  its number, `open` will look it up in the flat key file, and a purge will destroy it. Their signatures stay.
- A sealed disclosure: nonce length u8 | handling nonce length u8 | handling length u32 (big-endian) | nonce | handling
  nonce | handling | body. An absent one is b"".
- A purge overwrites with zeros of the same length, so check that data is held before opening it (`state_byte`).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import repeat
from typing import Final, NamedTuple

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.errors import Damaged, Misuse

_HEAD: Final = struct.Struct(">BBI")
HEAD_SIZE: Final = _HEAD.size
"""Bytes that sealing adds to a disclosure."""
_MAX_NONCE: Final = 0xFF

REPAIRED: Final = b"\x05"
"""State of an entry whose body came later and is in the vault. Callers see it as HELD."""
HELD: Final = bytes([BodyState.HELD])
_SHOWN: Final = bytes.maketrans(REPAIRED, HELD)


class Columns(NamedTuple):
    """Opened disclosures, one column per part."""

    nonces: list[bytes]
    bodies: list[bytes]
    handling_nonces: list[bytes]
    handlings: list[bytes]


def state_byte(state: BodyState) -> bytes:
    """A state as stored: always one byte, so that a row keeps its length when its state changes."""
    return bytes([state])


def shown_states(stored: Sequence[bytes]) -> bytes:
    """A column of stored states as `StoredRun.states` shows them."""
    return b"".join(stored).translate(_SHOWN)


def seal(disclosure: Disclosure) -> bytes:
    """One disclosure as it is stored."""
    columns = seal_columns(
        [disclosure.nonce], [disclosure.body], [disclosure.handling_nonce], [disclosure.handling]
    )  # fmt: skip
    return columns[0]


def open_disclosure(sealed: bytes) -> Disclosure:
    """What `seal` stored. Raises `Damaged`."""
    (nonce,), (body,), (handling_nonce,), (handling,) = open_columns([sealed])
    return Disclosure(nonce=nonce, body=body, handling_nonce=handling_nonce, handling=handling)


def seal_columns(
    nonces: Sequence[bytes], bodies: Sequence[bytes], handling_nonces: Sequence[bytes], handlings: Sequence[bytes]
) -> list[bytes]:
    """Many disclosures, one row each. Raises `Misuse` for a nonce longer than 255 bytes."""
    shapes = list(zip(map(len, nonces), map(len, handling_nonces), map(len, handlings), strict=True))
    try:
        heads = {shape: _HEAD.pack(*shape) for shape in set(shapes)}
    except struct.error:
        raise Misuse(f"a nonce has at most {_MAX_NONCE} bytes") from None
    each_head = map(heads.__getitem__, shapes) if len(heads) > 1 else repeat(next(iter(heads.values()), b""))
    join = b"".join
    sealed = [join(row) for row in zip(each_head, nonces, handling_nonces, handlings, bodies, strict=False)]
    absent = heads.get((0, 0, 0))
    return sealed if absent is None else [b"" if row == absent else row for row in sealed]


def open_columns(sealed: Sequence[bytes]) -> Columns:
    """What `seal_columns` stored, b"" for absent ones. Raises `Damaged` if a row is shorter than it says."""
    cuts = {head: _cuts(head) for head in {row[:HEAD_SIZE] for row in sealed} if head}
    if len(cuts) == 1 and b"" not in sealed:
        ((first, second, third),) = cuts.values()
        if min(map(len, sealed)) < third:
            raise _damaged()
        return Columns(
            [row[HEAD_SIZE:first] for row in sealed],
            [row[third:] for row in sealed],
            [row[first:second] for row in sealed],
            [row[second:third] for row in sealed],
        )
    nonces, bodies, handling_nonces, handlings = columns = Columns([], [], [], [])
    for row in sealed:
        first, second, third = cuts[row[:HEAD_SIZE]] if row else (0, 0, 0)
        if len(row) < third:
            raise _damaged()
        nonces.append(row[HEAD_SIZE:first])
        bodies.append(row[third:])
        handling_nonces.append(row[first:second])
        handlings.append(row[second:third])
    return columns


def _cuts(head: bytes) -> tuple[int, int, int]:
    """The ends of the nonce, the handling nonce and the handling in a row with this head."""
    if len(head) < HEAD_SIZE:
        raise _damaged()
    nonce_size, handling_nonce_size, handling_size = _HEAD.unpack(head)
    first = HEAD_SIZE + nonce_size
    second = first + handling_nonce_size
    return first, second, second + handling_size


def seal_bytes(payload: bytes) -> bytes:
    """Secret bytes of another kind (a query's payload, a message between processes of a hub)."""
    return payload


def open_bytes(sealed: bytes) -> bytes:
    """What `seal_bytes` stored."""
    return sealed


def _damaged() -> Damaged:
    return Damaged("a stored body is shorter than it says", remedy="run fsck, and restore or repair the log it names")
