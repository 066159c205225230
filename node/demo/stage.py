"""The environment of the demonstration: homes in one folder, daemons as processes, commands as a user types them.

Rules this module upholds:

- Every step uses the command line, in a process of its own. So the demonstration shows what a user gets.
- Everything that was started is stopped, also after an error or Ctrl-C.
- Servers listen on loopback only.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from node import app
from node.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Line = dict[str, Any]

STOP_SECONDS: Final = 10.0
COMMAND_SECONDS: Final = 120.0
PASSPHRASE: Final = "demonstration"  # noqa: S105 (keys that live as long as the demonstration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command gave: its JSON lines and its exit code."""

    lines: tuple[Line, ...]
    code: int

    @property
    def last(self) -> Line:
        """The summary line; empty where it printed nothing."""
        return self.lines[-1] if self.lines else {}


@dataclass(slots=True)
class Stage:
    """A context manager over the folder that holds all homes, the authority's stick and the pictures. `passphrase`: of
    all keys.
    """

    folder: Path
    passphrase: str = PASSPHRASE
    _daemons: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._daemons):
            self.stop(name)

    def home(self, name: str) -> Path:
        """The home folder of a node or the hub."""
        return self.folder / name

    def run(self, *words: str, home: str = "", accept: Sequence[int] = (0,)) -> Done:
        """Runs `vigil WORDS --json` and reads its lines.

        Raises `Unavailable`, with what it said, on another exit code.
        """
        try:
            done = subprocess.run(
                [sys.executable, "-m", "node.cli.main", *words, "--json"],
                env=self._environment(home),
                capture_output=True,
                text=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"`vigil {' '.join(words[:2])}` did not end within {COMMAND_SECONDS:.0f} s") from error
        if done.returncode not in accept:
            said = (done.stderr or done.stdout).strip()[-800:]
            raise Unavailable(f"`vigil {' '.join(words[:2])}` ended with exit code {done.returncode}: {said}")
        return Done(lines=tuple(json.loads(line) for line in done.stdout.splitlines() if line), code=done.returncode)

    def ask(self, home: str, command: str, arguments: Line | None = None) -> list[Line]:
        """The lines of a command, without a process of its own: over the daemon's socket, if a daemon runs."""
        with app.session_at(self.home(home), lambda: self.passphrase) as opened:
            return list(opened.run(command, arguments or {}))

    def start(self, name: str, *words: str, module: str = "node.cli.main") -> Line:
        """Starts a daemon and waits for the line in which it says that it serves; that line. `module`: the program."""
        log = (self.folder / f"{name}.log").open("a", encoding="utf-8")
        with log:
            daemon = subprocess.Popen(
                [sys.executable, "-m", module, *words, "--json"],
                env=self._environment(name),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._daemons[name] = daemon
        if daemon.stdout is None:
            raise Unavailable(f"{name} has no output to read")
        for text in daemon.stdout:
            line: Line = json.loads(text)
            if line.get("event") == "ready":
                return line
        raise Unavailable(
            f"{name} ended before it was ready, with exit code {daemon.wait()}: "
            + (self.folder / f"{name}.log").read_text("utf-8")[-800:]
        )

    def pid(self, name: str) -> int:
        """The process id of a daemon that runs."""
        return self._daemons[name].pid

    def stop(self, name: str) -> int:
        """Asks a daemon to end, as `systemctl stop` does, and waits; its exit code."""
        daemon = self._daemons.pop(name)
        daemon.send_signal(signal.SIGTERM)
        try:
            code = daemon.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            code = daemon.wait()
        if daemon.stdout is not None:
            daemon.stdout.close()
        return code

    def _environment(self, home: str) -> dict[str, str]:
        # Only what Vigil says itself: settings of the person who runs this must not leak into it.
        kept = {key: value for key, value in os.environ.items() if not key.startswith("VIGIL_")}
        kept["VIGIL_PASSPHRASE"] = self.passphrase
        if home:
            kept["VIGIL_HOME"] = str(self.home(home))
        return kept


def free_port() -> int:
    """A port of loopback that nobody uses at this moment."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
