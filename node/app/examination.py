"""`vigil node doctor`: finds what is wrong with this node, and what to do.

Rules this module upholds:

- The order of checks: settings, keys, disk, database, certificate, roster, then the hub, its identity and the clocks,
  and last what the hub says about this node. Checks that depend on a failed check are skipped.
- It only reads. It works while the daemon runs, and on a home in which no daemon can start.
- Every fault has a remedy that a person can carry out. No remedy says to run the doctor.
- It takes seconds: it checks the database only quickly. `vigil node fsck` checks everything.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from node import config
from node.app.homes import examine_database
from node.app.link import Link
from node.app.node_keys import KeysInForce, load_coming, load_ring
from node.app.node_opening import open_roster
from node.app.sessions import answers, socket_path
from node.control.runner import LoopThread
from node.domain.homes import Finding
from node.domain.ids import federation_id, member_id, spiffe_id
from node.domain.roster import MemberStatus, Policy
from node.errors import (
    BadSignature,
    Expired,
    NotFound,
    Refused,
    StoreError,
    Suspended,
    Unauthenticated,
    Unavailable,
    VigilError,
)
from node.match.folder import describe
from node.pki.ca import check_issued, needs_renewal
from node.pki.wrapping import Passphrase
from node.usecases.alarms import unpack_alarms
from node.usecases.homes import require_right
from node.usecases.roster import check_own_line, has_come
from node.wire.client import EnrolmentChannel
from node.wire.tls import split_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.config import Config, Home
    from node.domain.roster import Roster
    from node.pki.keys import KeyRing
    from node.usecases.homes import Examined

Line = dict[str, Any]

LOW_DISK: Final = 1 << 30
"""Less free space than this (in bytes) is a fault: the journal and a bootstrap need space."""
CONNECT_SECONDS: Final = 5.0
_CHALLENGE_TIME: Final = 8
"""A hub's challenge begins with its own time (u64, big-endian, Unix seconds)."""
_HOUR: Final = 3_600
_MIB: Final = 1 << 20


@dataclass(slots=True)
class _Case:
    """What an examination has found so far; None for what it could not find."""

    home: Home
    passphrase: Callable[[], str]
    loop: LoopThread
    settings: Config | None = None
    ring: KeyRing | None = None
    coming: KeyRing | None = None
    database: Examined | None = None
    roster: Roster | None = None
    sound_certificate: bool = False
    reached: set[str] = field(default_factory=set)


def examine(home: Home, passphrase: Callable[[], str]) -> Iterator[Line]:
    """See `app.doctor`."""
    with LoopThread() as loop:
        case = _Case(home, passphrase, loop)
        for name, check, usual in _CHECKS:
            try:
                what = check(case)
            except VigilError as error:
                # Errors of the wire name the doctor as remedy, but this is the doctor.
                remedy = error.remedy if error.remedy and "doctor" not in error.remedy else usual
                yield {"check": name, "ok": False, "what": str(error), "remedy": remedy}
            else:
                if what:
                    yield {"check": name, "ok": True, "what": what, "remedy": None}


# --- inside -----------------------------------------------------------------------------------------------------------


def _settings(case: _Case) -> str:
    case.settings = config.load(replace(case.home, role="node"))
    return f"{case.settings.member} in {case.settings.federation}"


def _keys(case: _Case) -> str:
    if case.settings is None:
        return ""
    secret = Passphrase(case.passphrase().encode())
    case.ring = load_ring(case.home, case.settings, secret)
    case.coming = load_coming(case.home, case.settings, secret)
    what = f"log epoch {case.ring.log_epoch}, statement, witness and TLS keys open with the passphrase"
    return f"{what}; new keys for epoch {case.coming.log_epoch} wait for the authority" if case.coming else what


def _disk(case: _Case) -> str:
    if not case.home.folder.is_dir():
        return ""
    free = shutil.disk_usage(case.home.folder).free
    if free < LOW_DISK:
        raise StoreError(
            f"only {free >> 20} MiB are free on the disk of this home",
            remedy="free space on the disk: a node that cannot write acknowledges nothing more",
        )
    return f"{free >> 30} GiB free"


def _database(case: _Case) -> str:
    if case.settings is None:
        return ""
    case.database = examine_database(case.home, case.settings)
    require_right(case.database)
    found = case.database.found
    if not found.exists:
        return "no database yet: the first start makes it"
    checked = "every page was checked" if found.thorough else "too large for a quick check of every page: see fsck"
    return f"of this node, {found.size / _MIB:,.1f} MiB, {found.entries:,} log entries; {checked}"


def _own_log(case: _Case) -> str:
    if case.settings is None or case.database is None or case.database.finding is not Finding.RIGHT:
        return ""
    found, mine = case.database.found, f"{case.settings.federation}/{case.settings.member}/log/"
    for alarm in unpack_alarms(found.alarms):
        raise Refused(f"ALARM: {alarm.words()}", remedy=alarm.remedy)
    for log, reason in found.frozen:
        if log.startswith(mine):
            raise Refused(
                f"our own log is frozen: {reason}", remedy="call the federation's authority: new keys open a new log"
            )
    return "no entry that this node did not write"


def _index(case: _Case) -> str:
    return describe(case.home.index) if case.settings is not None else ""


def _daemon(case: _Case) -> str:
    answered = case.loop.call(answers(socket_path(case.home)))
    return "a daemon answers on the local socket" if answered else "no daemon runs (vigil node run)"


def _certificate(case: _Case) -> str:
    if case.settings is None or case.ring is None:
        return ""
    link = Link(home=case.home, settings=case.settings, ring=case.ring)
    try:
        certificate = link.certificate()
    except NotFound:
        raise Unauthenticated(
            "this node has no certificate yet: the authority has not signed it in, or it never joined",
            remedy="`vigil node join` with an invitation; when the authority has signed, `vigil node run`",
        ) from None
    now = time.time()
    if certificate.not_after <= now:
        raise Expired(
            "the certificate has expired",
            remedy="check the clock of this machine, then start the daemon (vigil node run): it renews with the "
            "statement key",
        )
    if certificate.not_before > now:
        raise Expired("the certificate is not valid yet: the clock of this machine is behind", remedy="set the clock")
    ca = ssl.PEM_cert_to_DER_cert(link.ca().decode("ascii"))
    member, federation = member_id(case.settings.member), federation_id(case.settings.federation)
    check_issued(certificate.der, ca, spiffe=spiffe_id(federation, member), ring=case.ring, now=now)
    case.sound_certificate = True
    left = (certificate.not_after - now) / _HOUR
    if needs_renewal(certificate, now):
        return f"valid for {left:.0f} more hours, and due for renewal: the daemon does it within minutes"
    return f"valid for {left:.0f} more hours"


# --- towards the hub --------------------------------------------------------------------------------------------------


def _reachable(case: _Case, what: str, address: str) -> str:
    async def connect() -> None:
        host, port = split_address(address)
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()

    try:
        case.loop.call(connect())
    except (OSError, TimeoutError):
        raise Unavailable(
            f"the hub's {what} cannot be reached at {address}",
            remedy=_NETWORK,
        ) from None
    case.reached.add(what)
    return f"{address} answers"


def _main_port(case: _Case) -> str:
    return _reachable(case, "main port", case.settings.hub) if case.settings else ""


def _enrolment_port(case: _Case) -> str:
    return _reachable(case, "enrolment port", case.settings.enrolment) if case.settings else ""


def _clock_and_identity(case: _Case) -> str:
    if case.settings is None or case.ring is None or "enrolment port" not in case.reached:
        return ""
    settings, link = case.settings, Link(home=case.home, settings=case.settings, ring=case.ring)

    async def ask() -> bytes:
        async with await EnrolmentChannel.open(settings.enrolment, link.ca_sha256()) as channel:
            return await channel.challenge(member_id(settings.member))

    try:
        challenge: bytes = case.loop.call(ask())
    except BadSignature:
        raise BadSignature(
            "the hub at this address is not the hub that this node knows",
            remedy="start the daemon (vigil node run): it accepts a hub that the authority has signed. If this does "
            "not help, compare the address with the hub's operator, and join again with a new invitation",
        ) from None
    apart = int(time.time() - int.from_bytes(challenge[:_CHALLENGE_TIME], "big"))
    skew = (case.roster.policy if case.roster else Policy()).skew_seconds
    if abs(apart) > skew:
        raise Expired(
            f"this machine's clock is {abs(apart)} s {'ahead of' if apart > 0 else 'behind'} the hub's",
            remedy="set the clock (timedatectl set-ntp true); if it is right, tell the hub's operator",
        )
    return f"the hub is the one of the invitation; the clocks are {abs(apart)} s apart"


def _roster(case: _Case) -> str:
    if case.settings is None:
        return ""
    case.roster = roster = open_roster(case.home, case.settings).load()
    if roster.expires <= time.time():
        raise Expired(
            f"the roster (version {roster.version}) has expired: no member can be verified",
            remedy="start the daemon while the hub is reachable; if this does not help, the hub does not refresh its "
            "roster, or this machine's clock is ahead",
        )
    return (
        f"version {roster.version}, {len(roster.active())} active members, good for "
        f"{(roster.expires - time.time()) / _HOUR:.0f} more hours"
    )


def _own_line(case: _Case) -> str:
    if case.settings is None or case.ring is None or case.roster is None:
        return ""
    member = member_id(case.settings.member)
    line = KeysInForce(ring=case.ring, coming=case.coming).own_line()
    check_own_line(case.roster, line)
    if case.roster.members[member].status is MemberStatus.LEFT:
        raise Refused(f"{member} has left the federation", remedy="ask the federation's authority")
    case.roster.require_active(member)
    if has_come(case.roster, line):
        return f"{member} is an active member; its new keys are signed, and are used after vigil node run"
    return f"{member} is an active member, with exactly this node's keys"


def _admitted(case: _Case) -> str:
    if case.settings is None or case.ring is None or not case.sound_certificate or "main port" not in case.reached:
        return ""
    link = Link(home=case.home, settings=case.settings, ring=case.ring)

    async def ask() -> bool:
        try:
            return await link.channel().healthy()
        finally:
            await link.reopen()

    try:
        serving = case.loop.call(ask())
    except Suspended as error:
        raise Suspended(f"the hub refuses this node: {error}", remedy=error.remedy or _ASK_OPERATOR) from None
    except Unavailable:
        raise Unauthenticated(
            "the hub's main port closes the connection at once: it does not accept this node's certificate",
            remedy="start the daemon (vigil node run): it renews the certificate, also at a new hub. If this does not "
            "help, compare the clocks, and ask the hub's operator for a new invitation",
        ) from None
    if not serving:
        raise Unavailable("the hub is shutting down", remedy="wait; the node reconnects by itself")
    return "the hub admits this node"


_ASK_OPERATOR: Final = "ask the hub's operator why"
_RESTORE_TLS: Final = "restore the folder tls/ from a backup, or join again with a new invitation"
_RESTORE_ROSTER: Final = "restore the folder roster/ from a backup, or join again with a new invitation"
_NETWORK: Final = "check the address in vigil.toml, this machine's network and firewall, and whether the hub runs"
_CHECKS: Final = (
    ("settings", _settings, "correct vigil.toml, or restore it from a backup"),
    ("keys", _keys, "restore the folder keys/ from a backup"),
    ("disk", _disk, "check the disk of this home"),
    ("database", _database, "check the owner, the permissions and the disk of vigil.sqlite3"),
    ("own log", _own_log, "call the hub's operator"),
    ("index", _index, "stop the daemon and delete the folder index/: the next start builds it again"),
    ("daemon", _daemon, "start it: vigil node run"),
    ("certificate", _certificate, _RESTORE_TLS),
    ("roster", _roster, _RESTORE_ROSTER),
    ("membership", _own_line, "call the federation's authority"),
    ("hub main port", _main_port, _NETWORK),
    ("hub enrolment port", _enrolment_port, _NETWORK),
    ("clock and hub identity", _clock_and_identity, _NETWORK),
    ("admission", _admitted, _ASK_OPERATOR),
)
"""Name, check, and the remedy if the error has none."""
