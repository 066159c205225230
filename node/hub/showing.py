"""What a member sees of a log: its entries, and the bodies that it may read.

Rules this module upholds:

- Handling is enforced here: a body is sent only to members that its handling admits. A handling that is not understood
  withholds the body. An opinion or a comment also needs the permission of the record that it is about.
- A package fits its transport: entries and bytes are counted as the receiver counts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from node.domain.batch import FRAMING, BodyState, Package
from node.domain.envelope import Disclosure
from node.domain.ids import NONCE_SIZE
from node.errors import NotFound
from node.tlog import tiles
from node.usecases.checkpoint_trust import LogTiles
from node.usecases.circle import Circle, hide_links, hide_remarks
from node.usecases.entry_columns import Handlings
from node.usecases.filling import next_run, package_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import LogState, StoredRun
    from node.domain.ports import Codec
    from node.domain.stores import LogStore


class Showing:
    """Blocking; safe to use from any thread."""

    def __init__(self, store: LogStore, codec: Codec) -> None:
        self._store = store
        self._codec = codec

    def package(self, member: MemberId, log: LogState, start: int, handlings: Handlings, run_bytes: int) -> Package:
        """The entries from `start` on that fit one package of `run_bytes`, with the bodies that the member may read."""
        with self._store.read() as reader:
            run = next_run(reader, log.origin, start, log.cosigned_size, run_bytes)
            end = start + len(run.entries)
            proof = tiles.consistency_proof(LogTiles(reader, log.number), end, log.cosigned_size)
            shown = _admitted(run, handlings, member, log.origin.member)
            links = reader.links(log.origin, start, end)
            circle = Circle(reader, handlings, member)
            shown = hide_remarks(shown, links, start, circle)
            shown = hide_links(shown, reader.mentions(log.origin, start, end), start, circle)
        return package_of(log, start, run, shown, proof)

    def bodies(
        self, member: MemberId, origin: Origin, indices: Sequence[int], most_bytes: int
    ) -> dict[int, Disclosure]:
        """The disclosures among these that the member may read, as many as fit `most_bytes`. Raises `NotFound`."""
        handlings = Handlings(self._codec.decode_handling)
        found: dict[int, Disclosure] = {}
        size = 0
        with self._store.read() as reader:
            log = reader.log(origin)
            if log is None or origin.stream != "log":
                raise NotFound("the hub has no such log")
            circle = Circle(reader, handlings, member)
            for index in sorted({each for each in indices if 0 <= each < log.cosigned_size}):
                run = reader.run(origin, index, index + 1, 0)
                shown = _admitted(run, handlings, member, origin.member)
                shown = hide_remarks(shown, reader.links(origin, index, index + 1), index, circle)
                if not hide_links(shown, reader.mentions(origin, index, index + 1), index, circle)[0]:
                    continue
                size += len(run.bodies[0]) + len(run.handlings[0]) + 2 * NONCE_SIZE + FRAMING
                if found and size > most_bytes:
                    break
                found[index] = Disclosure(
                    nonce=run.nonces[0],
                    body=run.bodies[0],
                    handling_nonce=run.handling_nonces[0],
                    handling=run.handlings[0],
                )
        return found


def _admitted(run: StoredRun, handlings: Handlings, member: MemberId, owner: MemberId) -> list[bool]:
    """For each entry: whether it has a body here that `member` may read."""
    numbers = handlings.number(run.handlings).tolist()
    admits = {}
    for number in set(numbers):
        handling = handlings.values[number]
        admits[number] = handling is not None and handling.admits(member, owner)
    held = (np.frombuffer(run.states, dtype=np.uint8) == BodyState.HELD).tolist()
    return [is_held and admits[number] for is_held, number in zip(held, numbers, strict=True)]
