"""The command line against a made-up node: what is sent is written down, what comes back is made up by the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.cli import main
from node.config import Home
from node.domain.material import PictureFingerprints
from node.domain.previews import COVERED_SIZE, Preview
from node.errors import MediaError
from node.media.tasks import Examined

Line = dict[str, Any]
_LISTENING = {"categorise", "contribute", "contribute-list", "group-share", "retract"}
"""Commands whose items come only when somebody interrupts them."""
Answer = Callable[[Line, Iterable[Line]], Iterable[Line]]


@dataclass
class Call:
    """One `Session.run`."""

    command: str
    arguments: Line
    items: list[Line]


@dataclass
class Ran:
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Node:
    """A session of made-up answers. A command without an answer gives no line."""

    answers: dict[str, Answer | list[Line]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    homes: list[Path] = field(default_factory=list)
    sockets: list[Path | None] = field(default_factory=list)
    passphrases: list[str] = field(default_factory=list)
    officers: list[str] = field(default_factory=list)
    ask_passphrase: bool = False

    def run(self, command: str, arguments: Line, items: Iterable[Line] = ()) -> Iterator[Line]:
        call = Call(command, arguments, [])
        self.calls.append(call)

        def seen() -> Iterator[Line]:
            for item in items:
                call.items.append(json.loads(json.dumps(item)))
                yield item

        answer = self.answers.get(command, [])
        yield from answer if isinstance(answer, list) else answer(arguments, seen())
        if command not in _LISTENING:
            list(items)  # a real node reads to the end

    @contextmanager
    def session(
        self,
        home: Home,
        passphrase: Callable[[], str],
        _progress: Callable[[int, int], None] | None = None,
        officer: str = "",
        socket: Path | None = None,
    ) -> Iterator[Node]:
        self.sockets.append(socket)
        self.homes.append(home.folder)
        self.officers.append(officer)
        if self.ask_passphrase:
            self.passphrases.append(passphrase())
        yield self

    def call(self, command: str) -> Call:
        """The one call of a command."""
        [found] = [call for call in self.calls if call.command == command]
        return found


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Node:
    """The made-up node behind every session; nothing of this machine's own settings leaks in."""
    settings = ("HOME", "SOCKET", "PASSPHRASE", "PASSPHRASE_FILE", "OFFICER")
    for name in (*(f"VIGIL_{setting}" for setting in settings), "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    monkeypatch.setenv("VIGIL_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    made = Node()
    monkeypatch.setattr(app, "session", made.session)
    return made


@pytest.fixture
def vigil(node: Node, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command line in this process."""

    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = main.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


Vigil = Callable[..., Ran]
PREVIEW = Preview(clear=b"a clear picture", covered=bytes(COVERED_SIZE))


def prints(number: int) -> PictureFingerprints:
    """Fingerprints that are nobody's, told apart by a number."""
    byte = number.to_bytes(1, "big")
    return PictureFingerprints(
        media_type="image/jpeg",
        size=number,
        md5=byte * 16,
        sha1=byte * 20,
        sha256=byte * 32,
        pdq=bytes([number, 0]) * 16,
        pdq_quality=90,
        pdq_orientations=tuple(bytes([number, turn]) * 16 for turn in range(8)),
        phash=byte * 8,
        width=10,
        height=10,
    )


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of two files that can be fingerprinted and a bad one, and a pool that needs no processes."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, name in enumerate(("a.jpg", "b.jpg", "bad.txt"), start=1):
        (folder / name).write_bytes(bytes([number]))

    def fingerprint(given: Iterable[Any], *, workers: int | None = None, previews: bool = False) -> Iterator[Examined]:
        for item in given:
            if not app.is_found(item):
                yield Examined(path=item.path, result=item.error)
            elif item.path.suffix == ".jpg":
                made = replace(prints(item.path.read_bytes()[0]), previews=(PREVIEW,) if previews else ())
                yield Examined(path=item.path, result=made)
            else:
                yield Examined(path=item.path, result=MediaError("not a picture: it is text"))

    monkeypatch.setattr(app, "fingerprint_files", fingerprint)
    return folder
