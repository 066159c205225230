"""Joining a federation by an invitation: keys, petition, waiting for the authority, first certificate, first roster.

Rules this module upholds:

- Idempotent: the same command again goes on where it was; keys that were made are kept, and the same petition is sent.
- The secret of the token is kept, in a file of mode 0600, until the certificate is there, and deleted then.
- Nothing is trusted but what the token pins: the hub's CA and the authority's root.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from node import config
from node.app.homes import create_database, owner_of
from node.app.node_rooms import KEY_FILE, load_ring
from node.control.runner import LoopThread
from node.domain.ids import spiffe_id, spoken
from node.domain.token import parse_token
from node.errors import Expired, NotFound, Refused, Unavailable
from node.pki.ca import check_issued, make_request
from node.pki.client import RosterClient
from node.pki.files import make_folder, read_bounded, write_atomic
from node.pki.keys import KeyRing
from node.pki.petition import keys_fingerprint, make_petition
from node.pki.wrapping import Passphrase
from node.store.lock import own
from node.usecases.enrolment import ask_to_join
from node.usecases.roster import OwnLine, check_own_line
from node.wire.client import EnrolmentChannel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.config import Home
    from node.domain.services import JoinPetition
    from node.domain.token import Token

Line = dict[str, Any]

POLL_SECONDS: Final = 2.0
"""Between two looks whether the authority has signed."""
_TOKEN_FILE: Final = "joining.token"  # noqa: S105 (a file's name)
_REQUEST_FILE: Final = "joining.csr"
_log = structlog.get_logger(__name__)


def join(home: Home, text: str, passphrase: Callable[[], str], *, hub: str, name: str, wait: bool) -> Iterator[Line]:
    """See `app.join_node`. `hub` overrides the token's address where it is not empty.

    Raises `Malformed`, `Expired`, `Refused`, `BadSignature`, `Unavailable`.
    """
    token = parse_token(text) if text else _kept_token(home)
    if token.expires <= time.time() and not home.config.exists():
        raise Expired("this invitation has expired", remedy="ask the hub's operator for a new one")
    yield {
        "step": "invitation",
        "federation": token.federation,
        "member": token.member,
        "ca_fingerprint": spoken(token.ca_sha256),
        "root_fingerprint": spoken(token.root_sha256),
        "say": "compare both with the hub's operator, by another channel",
    }
    make_folder(home.folder)
    with own(home.folder), LoopThread() as loop:
        ring = _prepare(home, token, text, passphrase, hub=hub, name=name)
        yield {"step": "keys", "fingerprint": spoken(keys_fingerprint(token.member, ring.member_vkeys()))}
        joining = Joining(home, token, ring, loop)
        state = joining.ask()
        yield {"step": "petition", "state": state}
        while wait and state == "pending":
            time.sleep(POLL_SECONDS)
            state = joining.ask()
        yield {"step": "done", "state": state, "next": _next(state)}


class Joining:
    """One node's petition, from its first sending to the first certificate. The caller holds the home's lock."""

    def __init__(self, home: Home, token: Token, ring: KeyRing, loop: LoopThread) -> None:
        self._home = home
        self._token = token
        self._ring = ring
        self._loop = loop
        self._enrolment = config.load(home).enrolment

    @classmethod
    def kept(cls, home: Home, ring: KeyRing, loop: LoopThread) -> Joining:
        """For a daemon that starts before the authority signed. Raises `NotFound` where nobody joined here."""
        return cls(home, _kept_token(home), ring, loop)

    def ask(self) -> str:
        """Sends the petition, or asks how it stands: "pending", or "admitted" with everything in its place.

        Raises `Refused` where it was turned down, and what the hub raises.
        """
        chain: tuple[bytes, ...] = self._loop.call(self._asked())
        # The authority's root is pinned at once: with it, what is this node's own can be worked on while it waits.
        client = self._roster()
        if not chain:
            return "pending"
        # The first roster, our own line in it, and the certificate: in this order, each checked.
        token = self._token
        pem = read_bounded(self._home.tls / "ca.pem", 65_536, what="hub's CA certificate")
        leaf = check_issued(
            chain[0],
            ssl.PEM_cert_to_DER_cert(pem.decode("ascii")),
            spiffe=spiffe_id(token.federation, token.member),
            ring=self._ring,
            now=time.time(),
        )
        roster = client.refresh(self._fetch, now=time.time())
        check_own_line(roster, OwnLine(member=token.member, vkeys=self._ring.member_vkeys()))
        write_atomic(self._home.tls / "node.der", leaf.der)
        # Admitted. A crash right here leaves the secret, which the daemon's next start deletes.
        forget_invitation(self._home)
        return "admitted"

    async def _asked(self) -> tuple[bytes, ...]:
        async with await EnrolmentChannel.open(self._enrolment, self._token.ca_sha256) as channel:
            write_atomic(self._home.tls / "ca.pem", channel.ca_pem)
            return await ask_to_join(channel, self._petition())

    def _petition(self) -> JoinPetition:
        # The same request every time: ECDSA would sign another one, and the hub would take it for another petition.
        path = self._home.folder / _REQUEST_FILE
        if not path.exists():
            write_atomic(path, make_request(self._ring))
        csr = read_bounded(path, 65_536, what="certificate request")
        return make_petition(self._ring, name=config.load(self._home).name, secret=self._token.secret, csr=csr)

    def _roster(self) -> RosterClient:
        return RosterClient.bootstrap(
            self._home.metadata,
            self._fetch,
            federation=self._token.federation,
            root_version=self._token.root_version,
            root_sha256=self._token.root_sha256,
        )

    def _fetch(self, name: str, limit: int) -> bytes:
        async def get() -> bytes:
            async with await EnrolmentChannel.open(self._enrolment, self._token.ca_sha256) as channel:
                return await channel.metadata(name, limit)

        return bytes(self._loop.call(get()))


def wait_for_admission(home: Home, settings: config.Config, passphrase: Callable[[], str]) -> None:
    """A daemon that starts before the authority signed its node in waits here, asking again every few seconds. The
    caller holds the home's lock.
    """
    if (home.tls / "node.der").exists():
        forget_invitation(home)
        return
    ring = load_ring(home, settings, passphrase)
    with LoopThread() as loop:
        joining = Joining.kept(home, ring, loop)
        while True:
            try:
                if joining.ask() == "admitted":
                    _log.info("this node was admitted")
                    return
                _log.info("waiting for the authority to sign this node in")
            except Unavailable:
                _log.warning("the hub cannot be reached; asking again")
            time.sleep(POLL_SECONDS)


def forget_invitation(home: Home) -> None:
    """Deletes what joining kept, once there is a certificate: the secret has done its work. Idempotent."""
    for name in (_TOKEN_FILE, _REQUEST_FILE):
        (home.folder / name).unlink(missing_ok=True)


def hub_enrolment(token: Token, hub: str) -> str:
    """The enrolment address: the token's, on the host that the person named where they did."""
    if not hub:
        return token.enrolment
    return f"{hub.rpartition(':')[0]}:{token.enrolment.rpartition(':')[2]}"


def _next(state: str) -> str:
    if state == "admitted":
        return "vigil node run"
    return "once the authority has signed: vigil node run (or this command again)"


def _kept_token(home: Home) -> Token:
    try:
        return parse_token(read_bounded(home.folder / _TOKEN_FILE, 8_192, what="invitation").decode("ascii"))
    except NotFound as error:
        raise NotFound("no invitation was given, and none is kept here", remedy="give --token") from error


def _prepare(home: Home, token: Token, text: str, passphrase: Callable[[], str], *, hub: str, name: str) -> KeyRing:
    """Keys and settings, made once. A crash after any step is taken up by the same command."""
    _check_home(home, token)
    for folder in (home.keys, home.tls):
        make_folder(folder)
    secret = Passphrase(passphrase().encode())
    try:
        ring = KeyRing.load(home.keys / KEY_FILE, secret, federation=token.federation, owner=token.member)
    except NotFound:
        ring = KeyRing.for_member(token.federation, token.member)
        ring.save(home.keys / KEY_FILE, secret)
    if text:
        write_atomic(home.folder / _TOKEN_FILE, text.encode("ascii"))
    if not home.config.exists():
        config.write(
            home,
            {
                "role": "node",
                "federation": token.federation,
                "member": token.member,
                "name": name or token.member,
                "hub": hub or token.hub,
                "enrolment": hub_enrolment(token, hub),
                "root_sha256": token.root_sha256.hex(),
            },
        )
    # Before the certificate: a home that has one had a database, and one that lost it is told from a new one.
    create_database(home, owner_of(config.load(home)))
    return ring


def _check_home(home: Home, token: Token) -> None:
    """Raises `Refused` where the folder is somebody else's home already, `ConfigError` where it is a hub's."""
    if not home.config.exists():
        return
    settings = config.load(home)
    if (settings.federation, settings.member) != (token.federation, token.member):
        raise Refused(
            f"this folder is the home of {settings.member} in {settings.federation}",
            remedy="join with another --home",
        )
