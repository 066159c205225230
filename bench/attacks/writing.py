"""A member that writes into its own log whatever it likes, as fast as the hub takes it.

Rules this module upholds:

- Everything is signed with the member's own key, and every checkpoint is true: only what the entries say is hostile.
- It goes on from where the hub stands. What the hub refuses is left alone for a moment, and handed in again.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.attacks.process import certified, running
from node.demo.stage import PASSPHRASE
from node.domain.batch import Package
from node.domain.envelope import Disclosure
from node.domain.ids import Origin, federation_id, member_id
from node.domain.queries import LogView
from node.errors import VigilError
from node.pki.ca import read_certificate
from node.pki.keys import KeyRing, log_role
from node.pki.wrapping import Passphrase
from node.tlog import note as notes
from node.tlog import tiles
from node.tlog.checkpoint import Checkpoint, sign_checkpoint
from node.tlog.merkle import MAX_TREE_SIZE, leaf_hashes
from node.wire import tls
from node.wire.client import CarrierClient, HubChannel

if TYPE_CHECKING:
    from bench.federation import Federation

PAUSE: Final = 0.5
"""Seconds after which a package that the hub refused is handed in again."""

Entry = tuple[bytes, Disclosure]
Story = Callable[["Scribe"], Iterator[Sequence[Entry]]]
"""What to write: the entries of one package after another, without an end."""
NOTHING: Final = Disclosure(nonce=b"", body=b"", handling_nonce=b"", handling=b"")


@dataclass(slots=True)
class Scribe:
    """A member's log, as far as its tree is concerned."""

    ring: KeyRing
    origin: Origin
    size: int = 0
    edge: tuple[bytes, ...] = field(default=())

    def package(self, entries: Sequence[Entry]) -> Package:
        """The next run, under a checkpoint of its end."""
        grown = tiles.append(self.size, self.edge, leaf_hashes([entry for entry, _ in entries]))
        role = log_role(self.ring.log_epoch)
        checkpoint = Checkpoint(origin=str(self.origin), size=grown.size, root=grown.root)
        note = sign_checkpoint(checkpoint, notes.parse_vkey(self.ring.vkey(role)), self.ring.signer(role))
        return Package(
            origin=self.origin,
            start=self.size,
            entries=[entry for entry, _ in entries],
            nonces=[shown.nonce for _, shown in entries],
            bodies=[shown.body for _, shown in entries],
            handling_nonces=[shown.handling_nonce for _, shown in entries],
            handlings=[shown.handling for _, shown in entries],
            checkpoint=note,
        )

    def grow(self, entries: Sequence[bytes]) -> None:
        """The hub has these."""
        grown = tiles.append(self.size, self.edge, leaf_hashes(entries))
        self.size, self.edge = grown.size, tiles.edge_after(self.edge, grown)

    async def catch_up(self, carrier: CarrierClient) -> None:
        """Takes the tree from the hub, up to where it stands."""
        heads = await carrier.heads([])
        target = next((head.cosigned_size for head in heads if head.origin == self.origin), 0)
        others = [LogView(origin=head.origin, size=MAX_TREE_SIZE) for head in heads if head.origin != self.origin]
        if self.size >= target:
            return
        stream = carrier.follow([LogView(origin=self.origin, size=self.size), *others])
        async with aclosing(stream) as packages:  # type: ignore[type-var]
            while self.size < target:
                package = await anext(packages)
                if package.origin == self.origin and package.start == self.size:
                    self.grow(package.entries)


async def write(home: Path, story: Story) -> None:
    """Writes the story, and then stays until it is killed: who measures beside it wants to know of an early end."""
    settings = tomllib.loads((home / "vigil.toml").read_text("utf-8"))
    member, federation = member_id(settings["member"]), federation_id(settings["federation"])
    ring = KeyRing.load(
        home / "keys" / "node.keys", Passphrase(PASSPHRASE.encode()), federation=federation, owner=member
    )
    files = tls.ClientFiles(
        key=ring.tls_key_pem(),
        chain=read_certificate((home / "tls" / "node.der").read_bytes()).pem,
        ca=(home / "tls" / "ca.pem").read_bytes(),
    )
    scribe = Scribe(ring=ring, origin=Origin(federation, member, ring.log_epoch))
    async with HubChannel(settings["hub"], files) as channel:
        for entries in story(scribe):
            await _hand_in(channel.carrier, scribe, entries)
        await asyncio.Event().wait()


async def _hand_in(carrier: CarrierClient, scribe: Scribe, entries: Sequence[Entry]) -> None:
    while True:
        try:
            await scribe.catch_up(carrier)
            await carrier.submit(scribe.package(entries))
        except VigilError:
            await asyncio.sleep(PAUSE)
            continue
        scribe.grow([entry for entry, _ in entries])
        return


def run(home: Path, story: Story) -> None:
    """The process that writes."""
    asyncio.run(write(home, story))


@contextmanager
def writing(made: Federation, member: str, story: Story) -> Iterator[None]:
    """`member` writes `story`, in a process of its own, until the context ends."""
    with running(run, certified(made, member), story):
        yield
