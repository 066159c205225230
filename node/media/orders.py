"""The message about a file to a worker: it has a fixed form, carries the open file (SCM_RIGHTS), and has no name.

Rules this module upholds:

- It is trusted, because our own pool writes it.
- If a worker was lost between the parts of a file, the message says where to continue, so that no part is missed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from node.media.budget import Limits
from node.media.parts.part import MAX_DEPTH

_HEAD: Final = struct.Struct(">IIII??IB")
_NUMBER: Final = struct.Struct(">I")
MAX_BYTES: Final = _HEAD.size + (MAX_DEPTH + 1) * _NUMBER.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How a file is to be examined. `limits`: of the file itself; `floor`: the least processor time of each part in
    seconds; `parts`: whether parts are examined; `previews`: whether previews are made.

    `at`: where to continue: the path of the first part that was not examined. All its parents are known, and only what
    is inside them is examined further. () at the beginning. `count`: parts that were examined before.
    """

    limits: Limits
    floor: int
    parts: bool = True
    previews: bool = False
    at: tuple[int, ...] = ()
    count: int = 0


def write_orders(orders: Orders) -> bytes:
    """Returns the message of these orders."""
    limits = orders.limits
    wanted = (orders.parts, orders.previews)
    head = _HEAD.pack(limits.first, limits.moving, limits.costly, orders.floor, *wanted, orders.count, len(orders.at))
    return head + b"".join(_NUMBER.pack(number) for number in orders.at)


def read_orders(message: bytes) -> Orders:
    """The inverse of `write_orders`."""
    first, moving, costly, floor, parts, previews, count, depth = _HEAD.unpack_from(message)
    at = tuple(number for (number,) in _NUMBER.iter_unpack(message[_HEAD.size :]))
    return Orders(
        limits=Limits(first=first, moving=moving, costly=costly),
        floor=floor,
        parts=parts,
        previews=previews,
        at=at[:depth],
        count=count,
    )
