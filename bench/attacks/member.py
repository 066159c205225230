"""A member that speaks with its own certificate and keys, and keeps to none of the rules of its own program.

Rules this module upholds:

- It is the member that it is: keys, certificate and hub are those of its home. Nothing is forged.
- It runs in a process of its own at the lowest priority, and is killed at the end.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.attacks.writing import Scribe
from node.domain.fingerprint_kinds import SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.ids import MemberId, Origin, federation_id, member_id
from node.domain.queries import MatchRule, Outcome, QueryHeader, QueryPayload, SignedQuery, Subject
from node.domain.signing import query_preimage
from node.errors import VigilError
from node.pki.ca import read_certificate
from node.pki.keys import STATEMENT, KeyRing
from node.pki.wrapping import Passphrase
from node.wire import tls
from node.wire.client import HubChannel
from node.wire.convert import ProtoCodec

LIFE_SECONDS: Final = 60
"""How long each of its questions is good for."""


@dataclass(slots=True)
class Member:
    """A member's keys and its channel. Event loop only."""

    ring: KeyRing
    channel: HubChannel
    me: MemberId
    federation: str

    @classmethod
    def of(cls, folder: Path, passphrase: str) -> Member:
        """The member whose home this is, and that was admitted."""
        settings = tomllib.loads((folder / "vigil.toml").read_text("utf-8"))
        ring = KeyRing.load(
            folder / "keys" / "node.keys",
            Passphrase(passphrase.encode()),
            federation=federation_id(settings["federation"]),
            owner=settings["member"],
        )
        certificate = read_certificate((folder / "tls" / "node.der").read_bytes())
        files = tls.ClientFiles(
            key=ring.tls_key_pem(), chain=certificate.pem, ca=(folder / "tls" / "ca.pem").read_bytes()
        )
        return cls(ring, HubChannel(settings["hub"], files), member_id(settings["member"]), settings["federation"])

    def question(self, *, recipients: Sequence[MemberId] = (), padding: bytes = b"") -> SignedQuery:
        """A well-formed question about one hash that nobody holds, with `padding` behind its header; signed."""
        codec, now = ProtoCodec(), int(time.time())
        subject = Subject(fingerprints=(Fingerprint(code=SHA256.code, value=secrets.token_bytes(SHA256.size)),))
        header = codec.encode_header(
            QueryHeader(
                query_id=secrets.token_bytes(16),
                asker=self.me,
                recipients=tuple(recipients),
                purpose="victim-identification",
                issued_at=now,
                expires_at=now + LIFE_SECONDS,
                cost=1,
            )
        )
        payload = codec.encode_payload(
            QueryPayload(
                subjects=(subject,),
                rule=MatchRule.EXACT,
                officer_role="nobody",
                case_reference="none",
                legal_basis="none",
            )
        )
        whole = header + padding
        preimage = query_preimage(federation_id(self.federation), whole, payload)
        return SignedQuery(header=whole, payload=payload, signature=self.ring.signer(STATEMENT).sign(preimage))

    async def ask(self, query: SignedQuery, seconds: float) -> dict[MemberId, Outcome | None]:
        """What became of each member that was asked; None: it answered. Raises as the hub refuses."""
        events = self.channel.relay.ask(query, seconds)
        return {event.member: event.outcome async for group in events for event in group}

    def scribe(self) -> Scribe:
        """Its log, from the beginning."""
        origin = Origin(federation_id(self.federation), self.me, self.ring.log_epoch)
        return Scribe(ring=self.ring, origin=origin)


async def repeat(work: Callable[[], Any], pause: float) -> None:
    """Does it for ever; whatever it meets, it goes on, after `pause` seconds where it was refused."""
    while True:
        try:
            await work()
        except VigilError:
            await asyncio.sleep(pause)
