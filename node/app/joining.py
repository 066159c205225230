"""Joining a federation with an invitation: keys, petition, waiting for the authority, first certificate, first roster.

Rules this module upholds:

- Idempotent: the same command continues where it stopped. It keeps existing keys, and sends the same petition.
- A home that joined before keeps its keys and its records, and switches to the hub of the new invitation. If signatures
  lead from its pinned root to the invitation's root, the pinned root stays. A different root is accepted only if a
  person confirms it, and the former roster is kept next to it. Everything of the former hub stays until the new hub is
  fully verified.
- The secret of the token is kept in a file of mode 0600 until the certificate has arrived, and is then deleted.
- Only what the token pins is trusted: the hub's CA and the authority's root.
"""

from __future__ import annotations

import hashlib
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from node import config
from node.app.homes import create_database, make_home, owner_of
from node.app.next_epoch import next_epoch
from node.app.node_keys import KEY_FILE, load_ring
from node.app.ownership import owning
from node.control.runner import LoopThread
from node.domain.ids import require_kind, spiffe_id, spoken
from node.domain.services import RosterReader
from node.domain.token import parse_token
from node.errors import BadSignature, Damaged, Expired, NotFound, Overloaded, Refused, Unavailable
from node.pki.ca import check_issued, make_request
from node.pki.client import PINNED_FILE, RosterClient
from node.pki.files import make_folder, read_bounded, write_atomic
from node.pki.keys import KeyRing
from node.pki.petition import check_name, keys_fingerprint, make_petition
from node.pki.wrapping import Passphrase
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
"""Seconds between two checks whether the authority has signed."""
_TOKEN_FILE: Final = "joining.token"  # noqa: S105 (a file's name)
_REQUEST_FILE: Final = "joining.csr"
_NEXT_ROSTER: Final = "roster.next"
"""The folder for a roster with a different root, until its hub is fully verified."""
_log = structlog.get_logger(__name__)


def join(
    home: Home,
    text: str,
    passphrase: Callable[[], str],
    *,
    hub: str,
    name: str,
    wait: bool,
    new_root: bool = False,
    exercise: bool = False,
) -> Iterator[Line]:
    """See `app.join_node`. `hub` overrides the token's address if it is not empty.

    Raises `Malformed`, `Expired`, `Refused`, `BadSignature`, `Unavailable`.
    """
    token = parse_token(text) if text else _kept_token(home)
    # Before anything is made: a home of an exercise never becomes a real one, nor the reverse.
    require_kind(token.federation, exercise=exercise)
    make_home(home)
    if token.expires <= time.time() and not home.config.exists():
        raise Expired("this invitation has expired", remedy="ask the hub's operator for a new one")
    joined = (home.tls / "node.der").exists()
    yield {
        "step": "invitation",
        "again": joined,
        "federation": token.federation,
        "member": token.member,
        "ca_fingerprint": spoken(token.ca_sha256),
        "root_version": token.root_version,
        "root_fingerprint": spoken(token.root_sha256),
        "say": "compare both with the hub's operator, by another channel",
    }
    with owning(home), LoopThread() as loop:
        ring, made = _prepare(home, token, text, passphrase, loop, hub=hub, name=name)
        digits = spoken(keys_fingerprint(token.member, ring.member_vkeys()))
        yield {"step": "keys", "fingerprint": digits, "made": made}
        joining = Joining(home, token, ring, loop, hub=hub, new_root=new_root)
        state = joining.ask()
        yield {"step": "petition", "state": state}
        while wait and state == "pending":
            time.sleep(POLL_SECONDS)
            state = joining.ask()
        yield {"step": "done", "state": state, "next": _next(state, again=joined)}


class Joining:
    """One node's petition, from the first time it is sent to the first certificate. The caller holds the home's lock.

    A home with a roster keeps everything of its hub until the invitation's hub is verified. `hub`: its address as given
    by a person. `new_root`: a person has compared the digits of the invitation's root.
    """

    def __init__(
        self,
        home: Home,
        token: Token,
        ring: KeyRing,
        loop: LoopThread,
        *,
        hub: str = "",
        new_root: bool = False,
    ) -> None:
        self._home = home
        self._token = token
        self._ring = ring
        self._loop = loop
        self._new_root = new_root
        self._takes_root = False
        self._again = any((each / PINNED_FILE).exists() for each in (home.metadata, home.folder / _NEXT_ROSTER))
        settings = config.load(home)
        self._hub, self._enrolment = settings.hub, settings.enrolment
        if hub or waits_for_another_hub(home):
            self._hub, self._enrolment = hub or token.hub, hub_enrolment(token, hub)

    @classmethod
    def kept(cls, home: Home, ring: KeyRing, loop: LoopThread) -> Joining:
        """For a daemon that starts before the authority signed. Raises `NotFound` if nobody joined here."""
        return cls(home, _kept_token(home), ring, loop)

    def ask(self) -> str:
        """Sends the petition, or asks for its state: "pending", or "admitted" when everything is in place.

        Raises `Refused` if the petition was refused, and what the hub raises.
        """
        ca_pem, chain = self._loop.call(self._asked())
        # The authority's root is pinned at once: with it, the node can do its local work while it waits.
        client = self._roster()
        if not chain:
            return "pending"
        # Checked in this order: the first roster, our own line in it, the hub that it names, the certificate.
        token = self._token
        ca = ssl.PEM_cert_to_DER_cert(ca_pem.decode("ascii"))
        spiffe = spiffe_id(token.federation, token.member)
        leaf = check_issued(chain[0], ca, spiffe=spiffe, ring=self._ring, now=time.time())
        roster = client.refresh(self._fetch, now=time.time())
        check_own_line(roster, OwnLine(member=token.member, vkeys=self._ring.member_vkeys()))
        if roster.hub.ca_sha256 != token.ca_sha256:
            raise BadSignature(
                "the invitation and the federation's list of members name different hubs",
                remedy="do not continue; compare the hub's digits with the authority",
            )
        if self._again:
            self._change_hub(ca_pem)
        write_atomic(self._home.tls / "node.der", leaf.der)
        # Admitted. A crash here leaves the secret, which the daemon's next start deletes.
        forget_invitation(self._home)
        return "admitted"

    async def _asked(self) -> tuple[bytes, tuple[bytes, ...]]:
        async with await EnrolmentChannel.open(self._enrolment, self._token.ca_sha256) as channel:
            if not self._again:
                write_atomic(self._home.tls / "ca.pem", channel.ca_pem)
            return channel.ca_pem, await ask_to_join(channel, self._petition())

    def _change_hub(self, ca_pem: bytes) -> None:
        """Switches to the new hub, which is fully verified. After a crash at any step the same command continues: it
        has kept its token.
        """
        home = self._home
        if self._takes_root:
            if home.metadata.exists():
                home.metadata.rename(_free(home.folder, f"{home.metadata.name}-former"))
            (home.folder / _NEXT_ROSTER).rename(home.metadata)
        # The pin is the root in the roster folder. It is the invitation's root only if a different root was accepted.
        pinned = RosterClient(home.metadata, federation=None, root_sha256=None).root_sha256
        config.change(home, {"hub": self._hub, "enrolment": self._enrolment, "root_sha256": pinned.hex()})
        write_atomic(home.tls / "ca.pem", ca_pem)

    def _petition(self) -> JoinPetition:
        # The same request every time: ECDSA would give a different signature, and the hub would see a different
        # petition.
        path = self._home.folder / _REQUEST_FILE
        if not path.exists():
            write_atomic(path, make_request(self._ring))
        csr = read_bounded(path, 65_536, what="certificate request")
        return make_petition(self._ring, name=config.load(self._home).name, secret=self._token.secret, csr=csr)

    def _roster(self) -> RosterClient:
        """The copy of the roster to use. Raises `Refused` if the invitation's root is not ours, and nobody has
        confirmed that its digits were compared.
        """
        token, folder = self._token, self._home.metadata
        if self._again and (known := self._known()) is not None:
            return known
        if self._again:
            if not self._new_root:
                raise Refused(
                    "the invitation's root is not the root that this home was made with, and the former authority has "
                    f"not signed it: {spoken(token.root_sha256)}",
                    remedy="compare these digits with the authority, by voice; if they agree, join again with "
                    "--new-root. The records and keys of this home stay as they are",
                )
            folder, self._takes_root = self._home.folder / _NEXT_ROSTER, True
        return RosterClient.bootstrap(
            folder,
            self._fetch,
            federation=token.federation,
            root_version=token.root_version,
            root_sha256=token.root_sha256,
        )

    def _known(self) -> RosterClient | None:
        """Our own copy of the roster, if signatures lead from its root to the invitation's root."""
        token, pinned = self._token, bytes.fromhex(config.load(self._home).root_sha256)
        try:
            client = RosterClient(self._home.metadata, federation=token.federation, root_sha256=pinned)
        except (Damaged, NotFound):
            # The root there is missing or differs from the settings: an interrupted change, or a manual edit.
            return None
        leads = client.leads_to(self._fetch, root_version=token.root_version, root_sha256=token.root_sha256)
        return client if leads else None

    def _fetch(self, name: str, limit: int) -> bytes:
        reader = RosterReader(secret=self._token.secret)

        async def get() -> bytes:
            async with await EnrolmentChannel.open(self._enrolment, self._token.ca_sha256) as channel:
                return await channel.metadata(name, limit, reader)

        return bytes(self._loop.call(get()))


def wait_for_admission(home: Home, settings: config.Config, passphrase: Callable[[], str]) -> None:
    """A daemon that starts before the authority has admitted its node waits here, and asks again every few seconds. The
    caller holds the home's lock.
    """
    if (home.tls / "node.der").exists():
        # An invitation of another hub is in progress: the same `vigil node join` continues it.
        if not waits_for_another_hub(home):
            forget_invitation(home)
        return
    ring = load_ring(home, settings, Passphrase(passphrase().encode()))
    with LoopThread() as loop:
        joining = Joining.kept(home, ring, loop)
        while True:
            try:
                if joining.ask() == "admitted":
                    _log.info("this node was admitted")
                    return
                _log.info("waiting for the authority to admit this node")
            except (Unavailable, Overloaded) as error:
                _log.warning("the hub cannot be reached now; trying again", kind=error.kind)
            time.sleep(POLL_SECONDS)


def forget_invitation(home: Home) -> None:
    """Deletes the token and petition when there is a certificate. Idempotent."""
    for name in (_TOKEN_FILE, _REQUEST_FILE):
        (home.folder / name).unlink(missing_ok=True)


def waits_for_another_hub(home: Home) -> bool:
    """Whether an invitation of a different hub is kept here."""
    try:
        token, pem = _kept_token(home), read_bounded(home.tls / "ca.pem", 65_536, what="hub's CA certificate")
    except NotFound:
        return False
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))).digest() != token.ca_sha256


def hub_enrolment(token: Token, hub: str) -> str:
    """The enrolment address: the token's port, on the host that the person named, or on the token's host."""
    if not hub:
        return token.enrolment
    return f"{hub.rpartition(':')[0]}:{token.enrolment.rpartition(':')[2]}"


def _free(folder: Path, name: str) -> Path:
    """A free name in `folder`: `name-1`, `name-2` and so on."""
    number = 1
    while (folder / f"{name}-{number}").exists():
        number += 1
    return folder / f"{name}-{number}"


def _next(state: str, *, again: bool) -> str:
    if state == "admitted":
        return "vigil node run"
    if again:
        return "when the authority has signed the hub, run this command again"
    return "when the authority has signed: vigil node run (or this command again)"


def _kept_token(home: Home) -> Token:
    try:
        return parse_token(read_bounded(home.folder / _TOKEN_FILE, 8_192, what="invitation").decode("ascii"))
    except NotFound as error:
        raise NotFound("no invitation was given, and none is stored here", remedy="give --token") from error


def _prepare(
    home: Home, token: Token, text: str, passphrase: Callable[[], str], loop: LoopThread, *, hub: str, name: str
) -> tuple[KeyRing, bool]:
    """Makes keys and settings once. Returns whether the keys are new. After a crash at any step the same command
    continues.
    """
    if name:
        check_name(name)
    if home.config.exists():
        _check_home(config.load(home), token)
    for folder in (home.keys, home.tls):
        make_folder(folder)
    secret = Passphrase(passphrase().encode())
    made = False
    try:
        ring = KeyRing.load(home.keys / KEY_FILE, secret, federation=token.federation, owner=token.member)
    except NotFound:
        if (home.metadata / PINNED_FILE).exists():
            raise NotFound(
                "this home joined before, and its keys are missing",
                remedy="put the folder keys back from its backup; if there is none: vigil node rekey --keys-lost "
                "--token TOKEN",
            ) from None
        epoch = next_epoch(loop, token, hub_enrolment(token, hub))
        ring, made = KeyRing.for_member(token.federation, token.member, epoch=epoch), True
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
    elif name and name != config.load(home).name and not (home.tls / "node.der").exists():
        config.change(home, {"name": name})  # the former name was refused, or not yet sent
    # The database comes before the certificate: so a home that lost its database can be told from a new home.
    create_database(home, owner_of(config.load(home)))
    return ring, made


def _check_home(settings: config.Config, token: Token) -> None:
    """Raises `Refused` if the invitation is for a different member or federation than this home."""
    if settings.role != "node":
        raise Refused("this is the home of a hub, and the invitation is for a node", remedy="join with another --home")
    if (settings.federation, settings.member) != (token.federation, token.member):
        raise Refused(
            f"this folder is the home of {settings.member} in {settings.federation}, and the invitation is for "
            f"{token.member} in {token.federation}",
            remedy="join with another --home",
        )
