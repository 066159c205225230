"""Brings what the authority signed to the hub: in a file that a person carries, or directly if the hub's home is here.

Rules this module upholds:

- With --hub-home the request is fetched and the bundle handed over in one run. The hub's keys and the authority's keys
  are never open at the same time.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from node.cli.common import Common, Passphrase, one
from node.cli.digits import root_digits
from node.cli.files import refuse_existing, write_new
from node.cli.output import Line, plain
from node.cli.words import moment
from node.config import Home
from node.errors import Misuse

HubHomeOption = Annotated[
    Path | None,
    typer.Option("--hub-home", metavar="DIR", help="The hub's home, if the disk is connected to the hub's machine."),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The bundle to write, for vigil hub admit.")
]
HubPassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--hub-passphrase-file", metavar="FILE", help="The passphrase file of the hub's keys, with --hub-home."
    ),
]


def destination(given: Common, hub_home: Path | None, out: Path | None, passphrase_file: Path | None) -> Hub | None:
    """The hub that takes the bundle, or None for a file. Raises `Misuse` if neither or both are given."""
    if (hub_home is None) == (out is None):
        raise Misuse("give either --hub-home or --out", remedy="say where the bundle goes")
    if out is not None:
        refuse_existing(out)
    return Hub(given, hub_home, passphrase_file) if hub_home else None


def hand_over(given: Common, bundle: bytes, hub: Hub | None, out: Path | None) -> None:
    """Hands the bundle to the hub if its home is here, otherwise writes a new file."""
    if hub:
        hub.admit(bundle)
        return
    write_new(named(out), bundle)
    given.output.line(
        {"bundle": str(out), "bytes": len(bundle)},
        lambda line: f"Signed: {plain(line['bundle'])}. Carry it to the hub: vigil hub admit FILE",
    )


class Hub:
    """The hub's side, if its home is here: fetches the request, and hands the bundle over."""

    def __init__(self, given: Common, folder: Path, passphrase_file: Path | None) -> None:
        self._given = given
        self._home = Home(folder=folder.expanduser().absolute())
        self._secret = once(Passphrase(file=passphrase_file, what="the hub's keys"))

    def request(self) -> bytes:
        from node import app

        with app.session(self._home, self._secret, officer=self._given.officer) as session:
            return base64.b64decode(one(session.run("requests", {}))["request"], validate=True)

    def admit(self, bundle: bytes) -> None:
        from node import app

        app.before_admission(self._home, bundle)
        with app.session(self._home, self._secret, officer=self._given.officer) as session:
            for line in session.run("admit", {"bundle": base64.b64encode(bundle).decode("ascii")}):
                self._given.output.line(line, admitted_words)


def admitted_words(line: Line) -> str:
    """What is in force at the hub after it took a bundle."""
    members = ", ".join(map(plain, line["members"])) or "no members yet"
    words = f"In force: roster version {line['roster_version']}, until {moment(line['expires'])}: {members}."
    if line.get("root_changed"):
        words += (
            "\nThe authority has new keys. Compare the ROOT digits with the authority by telephone; invitations show "
            f"them from now on:\n{root_digits(line)}"
        )
    if line.get("waiting"):
        words += f"\nStill waiting for the authority: {', '.join(map(plain, line['waiting']))}."
    if line.get("suspensions_unknown"):
        # The hub alone decides about suspensions: the authority's bundle does not contain them.
        words += "\nThis hub does not know earlier suspensions. Suspend those members again."
    return words


def once(passphrase: Callable[[], str]) -> Callable[[], str]:
    """Asks at most once."""
    found: list[str] = []

    def ask() -> str:
        if not found:
            found.append(passphrase())
        return found[0]

    return ask


def named(path: Path | None) -> Path:
    """A path that the command line check has ensured."""
    if path is None:
        raise Misuse("no file was named")
    return path
