"""Records by the thousand with one picture's PDQ: everybody who searches for that picture finds them all.

Rules this module upholds:

- Every record is well formed, signed and open to all: nothing but their number and their sameness is wrong with them.
- What it poisons is `POISON`, and the newest record of each member that was seeded: what a benchmark searches for.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node import config
from node.config import Home
from node.demo.stage import PASSPHRASE
from node.domain.batch import Package
from node.domain.envelope import Envelope, Kind, commit, commit_handling, encode
from node.domain.fingerprints import PDQ, Fingerprint
from node.domain.handling import Handling
from node.domain.ids import NONCE_SIZE, Origin, federation_id, member_id
from node.domain.statements import Contribution
from node.errors import VigilError
from node.pki.ca import read_certificate
from node.pki.keys import KeyRing, log_role
from node.pki.wrapping import Passphrase
from node.tlog import note as notes
from node.tlog import tiles
from node.tlog.checkpoint import Checkpoint, sign_checkpoint
from node.tlog.merkle import leaf_hashes
from node.wire import tls
from node.wire.client import HubChannel
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from bench.federation import Federation

POISON: Final = bytes.fromhex("97cbf0f0d82084e7061c8431b1b62f2d17e8f3bb397a0fbe23a7e62f4a7aa804")
"""The PDQ of an ordinary picture: half of its bits are set."""
FIRST: Final = 12_000
"""Records of each picture that are handed in as fast as the hub takes them."""
AT_ONCE: Final = 1_000
"""Records of one package: some 300 kB."""
PAUSE: Final = 1.0
"""Seconds between packages once the first are in, and after a refusal."""
NICE: Final = 19
SECONDS_A_DAY: Final = 86_400


class _Poisoner:
    """A member with its own keys and certificate. `size` entries of its log were taken."""

    def __init__(self, folder: Path, passphrase: str, values: Sequence[bytes]) -> None:
        settings = config.load(Home(folder=folder))
        me, federation = member_id(settings.member), federation_id(settings.federation)
        self._ring = KeyRing.load(
            folder / "keys" / "node.keys", Passphrase(passphrase.encode()), federation=federation, owner=me
        )
        self._origin = Origin(federation, me, self._ring.log_epoch)
        leaf = read_certificate((folder / "tls" / "node.der").read_bytes())
        files = tls.ClientFiles(
            key=self._ring.tls_key_pem(), chain=leaf.pem, ca=(folder / "tls" / "ca.pem").read_bytes()
        )
        self._hub, self._files = settings.hub, files
        self._codec = ProtoCodec()
        self._values = cycle(values)
        self._first = FIRST * len(values)
        self._tiles: dict[tuple[int, int], bytes] = {}
        self.size = 0

    def read_tile(self, level: int, index: int, /) -> bytes:
        """See `tlog.tiles.TileReader`."""
        return self._tiles.get((level, index), b"")

    async def flood(self) -> None:
        """For ever."""
        channel = HubChannel(self._hub, self._files)
        while True:
            package, grown = self._package()
            try:
                head = await channel.carrier.submit(package)
            except VigilError:
                await asyncio.sleep(PAUSE)
                continue
            if head.size == package.end:
                self._tiles.update(grown)
                self.size = head.size
            if self.size >= self._first:
                await asyncio.sleep(PAUSE)

    def _package(self) -> tuple[Package, dict[tuple[int, int], bytes]]:
        """The next run of the log, and the tiles that it makes once it was taken."""
        handling = self._codec.encode_handling(Handling())
        nonces, handling_nonces = ([secrets.token_bytes(NONCE_SIZE) for _ in range(AT_ONCE)] for _ in range(2))
        bodies = [self._body(value) for value in islice(self._values, AT_ONCE)]
        today = int(time.time()) // SECONDS_A_DAY
        entries = [
            encode(
                Envelope(
                    kind=Kind.CONTRIBUTION,
                    issued_day=today,
                    open=True,
                    expiry_day=0,
                    target=None,
                    handling_commitment=commit_handling(str(self._origin), Kind.CONTRIBUTION, other, handling),
                    commitment=commit(str(self._origin), Kind.CONTRIBUTION, nonce, body),
                )
            )
            for nonce, other, body in zip(nonces, handling_nonces, bodies, strict=True)
        ]
        grown = tiles.append(self.size, tiles.read_edge(self, self.size), leaf_hashes(entries))
        checkpoint = Checkpoint(origin=str(self._origin), size=grown.size, root=grown.root)
        role = log_role(self._ring.log_epoch)
        package = Package(
            origin=self._origin,
            start=self.size,
            entries=entries,
            nonces=nonces,
            bodies=bodies,
            handling_nonces=handling_nonces,
            handlings=[handling] * AT_ONCE,
            checkpoint=sign_checkpoint(checkpoint, notes.parse_vkey(self._ring.vkey(role)), self._ring.signer(role)),
        )
        return package, dict(grown.tiles)

    def _body(self, value: bytes) -> bytes:
        prints = (Fingerprint(code=PDQ.code, value=value, quality=100),)
        return self._codec.encode_body(Contribution(fingerprints=prints, media_type="image/jpeg"))


def _run(folder: Path, passphrase: str, values: Sequence[bytes]) -> None:
    os.nice(NICE)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_Poisoner(folder, passphrase, values).flood())


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, in a process of its own, until the context ends. Its own node may not run."""
    home = made.stage.home(member)
    if not (home / "tls" / "node.der").exists():
        # Signed in, and never started: its petition is answered with its first certificate.
        made.stage.run("node", "join", home=member)
    values = [POISON, *(sample.pdq for name, sample in made.samples.items() if name != member)]
    spawning = multiprocessing.get_context("spawn")
    process = spawning.Process(target=_run, args=(home, PASSPHRASE, values), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()
        process.close()
