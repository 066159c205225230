"""A federation of processes on loopback: an authority, a hub and nodes, with keys and certificates minted at run time.

Rules this module upholds:

- Daemons are started as a user starts them; nothing of them is mocked.
- Readiness is the line that a daemon prints, never a sleep; other conditions are waited for with `until`.
- Whatever was started is stopped at the end, by SIGTERM, and by SIGKILL where that does not help.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.config import Home
from node.pki import wrapping

Line = dict[str, Any]
FEDERATION = "test.vigil"
PASSPHRASE = "made up for a test"
PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Waits for what another process brings about; fails with `what` where it does not come."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come about that {what}")
        time.sleep(0.02)


def secret() -> str:
    return PASSPHRASE


@contextmanager
def cheap_passphrases() -> Iterator[None]:
    """Keys that this process wraps in the block open at the lowest cost that a reader accepts, in every daemon and
    command that reads them. Commands that a test types wrap at the full cost.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wrapping, "SCRYPT_LOG2_N", wrapping.EMPTY_LOG2_N)
        yield


@dataclass
class Daemon:
    """A running `vigil hub run` or `vigil node run`."""

    process: subprocess.Popen[str]
    log: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def kill(self) -> None:
        self.stop(signal.SIGKILL)


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("VIGIL_")}
    return {**kept, "VIGIL_HOME": str(home), "VIGIL_PASSPHRASE": PASSPHRASE, **(extra or {})}


def vigil(
    home: Path, *words: str, extra: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Runs a command as a user does."""
    return subprocess.run(
        [*prefix, sys.executable, "-m", "node.cli.main", *words],
        env=environment(home, extra),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@dataclass
class Federation:
    """Homes under `root`, and the daemons that run."""

    root: Path
    settings: dict[str, str] = field(default_factory=dict)
    daemons: dict[str, Daemon] = field(default_factory=dict)
    hub_address: str = ""
    enrolment_address: str = ""

    def home(self, name: str) -> Home:
        return Home(folder=self.root / name)

    # --- ceremonies -----------------------------------------------------------------------------------------------

    def found(self) -> None:
        """An authority, a hub, and the first, empty roster."""
        app.init_authority(self.root / "authority", FEDERATION, secret, keys=1, threshold=1)
        self.hub_address = f"127.0.0.1:{free_port()}"
        self.enrolment_address = f"127.0.0.1:{free_port()}"
        app.init_hub(
            self.home("hub"),
            FEDERATION,
            (self.root / "authority" / "root.json").read_bytes(),
            secret,
            listen=self.hub_address,
            enrolment_listen=self.enrolment_address,
            hosts=[],
        )
        self.sign()

    def sign(self, **how: Any) -> None:
        """The authority signs everybody who waits."""
        request = base64.b64decode(self.run("hub", "requests")[0]["request"])
        bundle = app.sign_members(self.root / "authority", secret, request, admit=None, accept_hub=True, **how)
        self.run("hub", "admit", {"bundle": base64.b64encode(bundle).decode()})

    def invite(self, name: str) -> str:
        return str(self.run("hub", "invite", {"member": name})[-1]["token"])

    def join(self, name: str, token: str = "") -> list[Line]:
        """A node's petition, which waits for the authority. The hub must run."""
        token = token or self.invite(name)
        return list(app.join_node(self.home(name), token, secret, hub="", name=f"Country {name}", wait=False))

    # --- processes ------------------------------------------------------------------------------------------------

    def start(self, name: str, extra: Mapping[str, str] | None = None, prefix: Sequence[str] = ()) -> Daemon:
        log = self.root / f"{name}.log"
        with log.open("a") as errors:
            process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "node.cli.main", "hub" if name == "hub" else "node", "run", "--json"],
                env=environment(self.root / name, {**self.settings, **(extra or {})}),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        daemon = self.daemons[name] = Daemon(process, log)
        assert process.stdout is not None
        for text in process.stdout:
            if json.loads(text).get("event") == "ready":
                return daemon
        raise AssertionError(f"{name} ended before it was ready: {log.read_text()[-2000:]}")

    def stop(self, name: str) -> int:
        return self.daemons.pop(name).stop()

    def run(self, name: str, command: str, arguments: Line | None = None, items: Sequence[Line] = ()) -> list[Line]:
        """A command over a home's session, in its daemon where one runs."""
        with app.session(self.home(name), secret) as session:
            return list(session.run(command, arguments or {}, items))

    # --- what is going on -----------------------------------------------------------------------------------------

    def status(self, name: str) -> Line:
        return self.run(name, "status")[0]

    def attending(self) -> int:
        return int(self.status("hub")["attending"])

    def size(self, name: str, member: str) -> int:
        """How much of a member's log a node has."""
        lines = [line for line in self.run(name, "status") if line.get("log") and line["member"] == member]
        return int(lines[0]["size"]) if lines else 0

    def log_text(self, name: str) -> str:
        return (self.root / f"{name}.log").read_text()


@contextmanager
def federation(root: Path, *names: str, run: bool = True) -> Iterator[Federation]:
    """A hub that runs, and these members, signed in, their nodes running (unless `run` is False)."""
    made = Federation(root)
    try:
        with cheap_passphrases():
            made.found()
            made.start("hub")
            for name in names:
                made.join(name)
            if names:
                made.sign()
        for name in names if run else ():
            made.start(name)
        if run:
            until(lambda: made.attending() == len(names), "all nodes hold their streams")
        yield made
    finally:
        for daemon in reversed(list(made.daemons.values())):
            daemon.stop()
