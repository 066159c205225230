"""What a worker is told of a file: a message of fixed form, with which the open file goes (SCM_RIGHTS), without a name.

Rules this module upholds:

- Our own pool writes it, hence it is trusted.
- It says where to go on in a file whose worker was lost among its parts, so that nothing is left out.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from node.media.budget import Limits
from node.media.parts.part import MAX_DEPTH

_HEAD: Final = struct.Struct(">IIII?IB")
_NUMBER: Final = struct.Struct(">I")
MAX_BYTES: Final = _HEAD.size + (MAX_DEPTH + 1) * _NUMBER.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How a file is to be looked at. `limits`: of the file itself; `floor`: seconds of processor time that each of its
    parts gets at the least; `parts`: whether parts are looked for at all.

    `at`: where to go on: the path of the first part that was not looked at yet. All that holds it is open already: it
    is known, and only what is inside it is looked at further. Empty at the beginning. `count`: parts that were looked
    at before.
    """

    limits: Limits
    floor: int
    parts: bool = True
    at: tuple[int, ...] = ()
    count: int = 0


def write_orders(orders: Orders) -> bytes:
    """The message."""
    limits = orders.limits
    head = _HEAD.pack(
        limits.first, limits.moving, limits.costly, orders.floor, orders.parts, orders.count, len(orders.at)
    )
    return head + b"".join(_NUMBER.pack(number) for number in orders.at)


def read_orders(message: bytes) -> Orders:
    """The inverse of `write_orders`."""
    first, moving, costly, floor, parts, count, depth = _HEAD.unpack_from(message)
    at = tuple(number for (number,) in _NUMBER.iter_unpack(message[_HEAD.size :]))
    return Orders(
        limits=Limits(first=first, moving=moving, costly=costly), floor=floor, parts=parts, at=at[:depth], count=count
    )
