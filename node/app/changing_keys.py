"""`vigil node rekey`: a change of keys by a person, with or without a running daemon.

Rules this module upholds:

- If a daemon owns the home, it does the work; otherwise this process does it, under the same lock.
- A waiting command may be stopped at any time: the daemon continues, and the same command continues later.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from node import config
from node.app.accounts import administering
from node.app.homes import opened_database, right_database
from node.app.node_keys import COMING_FILE, PETITION_FILE, finish_change, keys_in_force
from node.app.node_opening import open_roster
from node.app.ownership import owning
from node.app.rekeying import POLL_SECONDS, Rekeying
from node.app.sessions import open_session
from node.control.runner import LoopThread
from node.domain.ids import Origin, federation_id, member_id
from node.domain.token import parse_token
from node.errors import AlreadyRunning, Misuse, Refused
from node.pki.wrapping import Passphrase
from node.store.store import open_node_store
from node.usecases.acts import perform
from node.usecases.audit import AuditLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.config import Config, Home
    from node.domain.token import Token

Line = dict[str, Any]

_NEXT_PENDING: Final = (
    "when the authority has signed, a running node switches by itself; otherwise run this command again"
)


def is_under_way(home: Home) -> bool:
    """Whether a change of keys has begun here and is not finished."""
    return (home.keys / COMING_FILE).exists() or (home.folder / PETITION_FILE).exists()


def rekey(
    home: Home, text: str, passphrase: Callable[[], str], officer: str, *, lost: bool, wait: bool
) -> Iterator[Line]:
    """See `app.rekey_node`. Raises `Refused`, `NotFound`, `Misuse`, `Unavailable` and what the hub raises."""
    settings = _node(home)
    token = _token(settings, text)
    with ExitStack() as held:
        try:
            held.enter_context(owning(home))
        except AlreadyRunning:
            if lost:
                raise Refused(
                    "a running node has this home's keys open, so they are not lost",
                    remedy="run vigil node rekey without --keys-lost, or stop the node first",
                ) from None
            yield from _beside_daemon(home, text, passphrase, officer, wait=wait)
            return
        yield from _alone(home, settings, token, passphrase, officer, lost=lost, wait=wait)


def cancel(home: Home, passphrase: Callable[[], str], officer: str) -> Line:
    """See `app.cancel_rekey`."""
    settings = _node(home)
    try:
        with owning(home), _work(home, settings, passphrase, officer, lost=False) as (work, audit):
            return perform(audit, "rekey-cancel", work.cancel)
    except AlreadyRunning:
        with open_session(home, passphrase, _no_progress, officer) as session:
            return next(iter(session.run("rekey-cancel", {})))


def _node(home: Home) -> Config:
    settings = config.load(home)
    if settings.role != "node":
        raise Refused("this is the home of a hub", remedy="for a hub's keys: vigil hub --help")
    return settings


def _token(settings: Config, text: str) -> Token | None:
    if not text:
        return None
    token = parse_token(text)
    if (token.federation, token.member) != (settings.federation, settings.member):
        raise Misuse(
            f"this token is for {token.member} in {token.federation}, and this is the home of {settings.member} in "
            f"{settings.federation}",
            remedy="ask the hub's operator for a token for this member",
        )
    return token


# --- beside a daemon --------------------------------------------------------------------------------------------------


def _beside_daemon(home: Home, text: str, passphrase: Callable[[], str], officer: str, *, wait: bool) -> Iterator[Line]:
    state = "pending"
    with open_session(home, passphrase, _no_progress, officer) as session:
        for line in session.run("rekey", {"token": text}):
            state = line.get("state", state)
            yield line
    coming = None
    while wait:
        # The daemon closes its socket during the switch; a session waits until it is open again.
        with open_session(home, passphrase, _no_progress, officer) as session:
            found = next(iter(session.run("rekeying", {})))
        if found["state"] == "none":
            yield {"step": "done", "state": "changed", "epoch": found["epoch"], "moved": None, "next": None}
            return
        coming = found["coming"]
        time.sleep(POLL_SECONDS)
    yield {"step": "done", "state": state, "epoch": coming, "moved": None, "next": _NEXT_PENDING}


# --- alone ------------------------------------------------------------------------------------------------------------


@contextmanager
def _work(
    home: Home, settings: Config, passphrase: Callable[[], str], officer: str, *, lost: bool
) -> Iterator[tuple[Rekeying, AuditLog]]:
    """A change of keys, by `officer`, in a home that no daemon owns. Finishes an earlier change that a crash
    interrupted.
    """
    secret = Passphrase(passphrase().encode())
    client = open_roster(home, settings)
    with ExitStack() as opened:
        store = opened.enter_context(opened_database(home, right_database(home, settings), open_node_store)).store
        # If this finishes a change, its new keys are in force, even if the former keys were lost.
        changed = is_under_way(home) and finish_change(home, settings, secret, client, store) is None
        former = None if lost and not changed else keys_in_force(home, settings, secret, client, store).ring
        origin = Origin(federation_id(settings.federation), member_id(settings.member), 1, "audit")
        audit = AuditLog(store=store, origin=origin, clock=time.time, random=os.urandom)
        opened.callback(audit.close)
        work = Rekeying(home=home, settings=settings, secret=secret, former=former, client=client, store=store)
        opened.enter_context(administering(settings, store, audit, officer, "a change of keys"))
        yield work, audit


def _alone(
    home: Home,
    settings: Config,
    token: Token | None,
    passphrase: Callable[[], str],
    officer: str,
    *,
    lost: bool,
    wait: bool,
) -> Iterator[Line]:
    begun = is_under_way(home)
    with LoopThread() as loop, _work(home, settings, passphrase, officer, lost=lost) as (work, audit):
        if begun and not is_under_way(home):
            found = work.standing()
            yield {"step": "done", "state": "changed", "epoch": found["epoch"], "moved": None, "next": "vigil node run"}
            return
        yield perform(audit, "rekey", lambda: work.begin(token), keys_lost=lost)
        state: str = loop.call(work.ask())
        yield {"step": "petition", "state": state}
        while (done := work.switch(loop.call(work.fetch_roster())) if state == "signed" else None) is None and wait:
            time.sleep(POLL_SECONDS)
            state = loop.call(work.ask())
        waiting = {"step": "done", "state": state, "epoch": work.standing()["coming"], "moved": None}
        yield done or {**waiting, "next": _NEXT_PENDING}


def _no_progress(_done: int, _total: int) -> None:
    """No progress is reported while the home is opened."""
