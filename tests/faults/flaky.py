"""A store that fails when it is told to: a transaction that did not happen, and one that did and is reported failed.

Rules this module upholds:

- Everything is the real store's; only the end of one block, or one scrub, is tampered with.
- Writes and scrubs are counted together, in their order, from 0: `fail_at` names one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import Enum

from node.domain.stores import NodeStore, NodeStoreReader, NodeStoreWriter
from node.errors import StoreError
from tests.simulator import federation as sim


class Mode(Enum):
    """`LOST`: nothing of it is on the disk. `REPORTED`: all of it is, and the caller is told that it failed."""

    LOST = "lost"
    REPORTED = "reported"


@dataclass
class FlakyStore:
    """`NodeStore` over another. `done` counts writes and scrubs; `failed` says whether the fault came."""

    inner: NodeStore
    fail_at: int | None = None
    mode: Mode = Mode.LOST
    done: int = 0
    failed: bool = False

    def read(self) -> AbstractContextManager[NodeStoreReader]:
        return self.inner.read()

    def write(self) -> AbstractContextManager[NodeStoreWriter]:
        return self._write()

    @contextmanager
    def _write(self) -> Iterator[NodeStoreWriter]:
        now = self._now()
        with self.inner.write() as writer:
            yield writer
            if now is Mode.LOST:
                raise StoreError("made to fail before its end")
        if now is Mode.REPORTED:
            raise StoreError("made to fail after its end")

    def scrub(self) -> None:
        now = self._now()
        if now is not Mode.LOST:
            self.inner.scrub()
        if now is not None:
            raise StoreError("made to fail at a scrub")

    def check(self) -> list[str]:
        return self.inner.check()

    def backup_to(self, path: str) -> None:
        self.inner.backup_to(path)

    def close(self) -> None:
        self.inner.close()

    def _now(self) -> Mode | None:
        """The fault of this write or scrub, None where it has none."""
        now = self.mode if self.done == self.fail_at else None
        self.failed |= now is not None
        self.done += 1
        return now


class RememberingSigner(sim.NamedSigner):
    """A key that remembers all that it ever signed, whether or not anybody got to see it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.signed: list[bytes] = []

    def sign(self, message: bytes, /) -> bytes:
        self.signed.append(message)
        return super().sign(message)

    def contradictions(self) -> list[bytes]:
        """Checkpoints of one log and size with more than one root, by the lines that name both."""
        roots: dict[bytes, set[bytes]] = {}
        for message in self.signed:
            # A cosignature has two lines before the checkpoint: its version and its time (c2sp.org/tlog-cosignature).
            lines = message.split(b"\n")
            origin, size, root = lines[2:5] if lines[0] == b"cosignature/v1" else lines[:3]
            roots.setdefault(origin + b" " + size, set()).add(root)
        return [name for name, found in roots.items() if len(found) > 1]
