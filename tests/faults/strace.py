"""Runs drivers under strace: once to list their writing system calls, then again and again to fail at one of them.

Rules this module upholds:

- A place is (system call, how many-eth of its name): strace counts each name by itself, and drivers have one thread.
- A process that is killed at a call dies before the kernel does it (ptrace skips the call of a dying process). So
  killing at every call shows every state that a process can leave behind: the state after a call is that before the
  next.
- A run whose fault never came is an error of the suite, and is said to be one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.conftest import absent, tool

WRITING = (
    "write", "writev", "pwrite64", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate", "unlink", "unlinkat",
    "rename", "renameat", "renameat2", "link", "mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "openat",
)  # fmt: skip
"""System calls that change what is on a disk. `openat` does where it creates."""
READING = ("pread64", "read")
_CALL = re.compile(r"\d+ +(\w+)\((.*)\) += (-?\d+|\?)(?:<([^>]*)>)?.*")
_BEGUN = re.compile(r"\d+ +(\w+)\((.*) <unfinished \.\.\.>")
_ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds after which a run that does not end is an error."""


@dataclass(frozen=True)
class Call:
    """One system call of a run: its name, the how-many-eth of that name, and its arguments with the files' names."""

    name: str
    number: int
    arguments: str

    @property
    def writes(self) -> bool:
        return self.name in WRITING and (self.name != "openat" or "O_CREAT" in self.arguments)

    @property
    def touches(self) -> str:
        """The file that is written, by the end of its name: "db", "wal", "shm", "said", "" for another."""
        for end in ("-wal", "-shm", ".db", "said"):
            if re.search(rf"{re.escape(end)}[\">]", self.arguments):
                return end.strip("-.")
        return ""

    def __str__(self) -> str:
        return f"{self.name} {self.number} ({self.touches or 'other'})"


@dataclass(frozen=True)
class Fault:
    """What strace does at a call: `what` as its `inject=` writes it; `onwards`: to all later calls of that name too."""

    call: Call
    what: str
    onwards: bool = False

    def option(self) -> str:
        return f"inject={self.call.name}:{self.what}:when={self.call.number}{'+' if self.onwards else ''}"


def kill(call: Call) -> Fault:
    """`kill -9` just before this call."""
    return Fault(call, "signal=KILL")


@dataclass
class Run:
    """What came of a run: its home, what the driver said (a JSON value a line), its calls, and how it ended."""

    home: Path
    said: list[dict[str, Any]]
    calls: list[Call]
    status: int
    errors: str = ""

    @property
    def killed(self) -> bool:
        return os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == signal.SIGKILL

    @property
    def writing(self) -> list[Call]:
        return [call for call in self.calls if call.writes]

    @property
    def opening(self) -> list[Call]:
        """What it wrote before it said anything."""
        spoke = next((at for at, call in enumerate(self.writing) if call.touches == "said"), len(self.writing))
        return self.writing[:spoke]

    def all_said(self, what: str) -> list[Any]:
        """The values that were said under this name, in order."""
        return [line[what] for line in self.said if what in line]


@dataclass
class Zygote:
    """A process that forks drivers (`tests.faults.zygote`)."""

    process: subprocess.Popen[str]
    strace: str
    runs: int = field(default=0)

    def run(self, driver: str, prepared: Path, scratch: Path, *, fault: Fault | None = None, die: bool = False) -> Run:
        """Runs `driver` in a copy of the home `prepared`, watched, and with this fault if any."""
        self.runs += 1
        folder = scratch / f"run{self.runs}"
        home = folder / "home"
        shutil.copytree(prepared, home)
        said, errors, trace = folder / "said", folder / "errors", folder / "trace"
        self._send({"driver": driver, "home": str(home), "said": str(said), "errors": str(errors), "die": die})
        pid = self._receive()["pid"]
        with _attached(self.strace, pid, trace, fault):
            os.kill(pid, signal.SIGCONT)
            status = self._receive()["status"]
        lines = [json.loads(line) for line in said.read_bytes().split(b"\n")[:-1]]
        return Run(
            home=home, said=lines, calls=parse(trace.read_text()), status=status, errors=errors.read_text()
        )  # fmt: skip

    def _send(self, request: dict[str, Any]) -> None:
        pipe = _pipe(self.process.stdin)
        pipe.write(json.dumps(request) + "\n")
        pipe.flush()

    def _receive(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(_pipe(self.process.stdout).readline())
        return answer


@contextmanager
def zygote() -> Iterator[Zygote]:
    """A zygote as long as the block runs."""
    strace = tool("strace")
    quiet = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.zygote"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=_ROOT,
        env={**os.environ, **quiet},
        text=True,
    ) as process:
        try:
            yield Zygote(process, strace)
        finally:
            _pipe(process.stdin).close()
            process.wait(PATIENCE)


@contextmanager
def _attached(strace: str, pid: int, trace: Path, fault: Fault | None) -> Iterator[None]:
    """The process `pid` is held by strace when the block begins, and let go of when it has ended."""
    wanted = ",".join((*WRITING, *READING))
    options = ["-e", fault.option()] if fault else []
    command = [strace, "-f", "-y", "-s", "0", "-o", str(trace), "-e", f"trace={wanted}", *options, "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        line = _pipe(process.stderr).readline()
        if "attached" not in line:
            process.kill()
            os.kill(pid, signal.SIGKILL)
            absent(f"a strace that may trace: {line.strip()}")
        yield
        process.wait(PATIENCE)


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("a process without its pipes")
    return pipe


def parse(trace: str) -> list[Call]:
    """The system calls of a trace file, in order; one that a kill cut short is there too."""
    counts: Counter[str] = Counter()
    calls = []
    for line in trace.splitlines():
        match = _CALL.match(line) or _BEGUN.match(line)
        if match:
            counts[match[1]] += 1
            calls.append(Call(match[1], counts[match[1]], match[2]))
    return calls


def spread(calls: Sequence[Call], count: int) -> list[Call]:
    """`count` of them, evenly, the first and the last among them."""
    if len(calls) <= count:
        return list(calls)
    step = (len(calls) - 1) / (count - 1)
    return [calls[round(at * step)] for at in range(count)]
