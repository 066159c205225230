"""`vigil authority`: the offline keys that say who is a member.

Rules this module upholds:

- The authority's folder lies on a stick of its own; it is named in every command and never has a default.
- Nobody is signed in unseen: each petition's fingerprint is shown, and a person says that it was compared, or says
  beforehand, with --yes, that this was done.
- With --hub-home the request is fetched and the bundle handed over in one go; the hub's keys and the authority's are
  never open at the same time.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from node.cli import options
from node.cli.common import Command, Common, Passphrase, common, new_group, one
from node.cli.files import read_input, write_new
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.words import moment
from node.config import Home
from node.errors import Misuse

group = new_group("The offline authority: decides who is a member.")

FolderOption = Annotated[
    Path, typer.Option("--folder", metavar="DIR", help="The authority's own folder, on its stick.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="authority")


@group.command("init", cls=Command)
def init(
    ctx: typer.Context,
    folder: FolderOption,
    federation: Annotated[
        str,
        typer.Option(
            "--federation",
            metavar="ID",
            parser=options.federation,
            help="The federation's id, such as vigil.example.org. For ever.",
            show_default=False,
        ),
    ],
    keys: Annotated[int, typer.Option("--keys", min=1, max=9, help="How many root and member-list keys to make.")] = 1,
    threshold: Annotated[int, typer.Option("--threshold", min=1, max=9, help="How many of them have to sign.")] = 1,
) -> None:
    """Make the authority of a new federation: its keys, and root.json, which the hub is made with.

    Give it a folder on a stick that is in no machine of the hub's while nobody signs.
    """
    from node import app

    given = common(ctx)
    line = app.init_authority(
        folder.absolute(), federation, given.new_passphrase("the authority's keys"), keys=keys, threshold=threshold
    )
    given.output.line(line, _init_words)


def _init_words(line: Line) -> str:
    return (
        f"The authority of {plain(line['federation'])}: {line['keys']} keys, {line['threshold']} of which sign.\n"
        f"  root              {plain(line['root'])}\n"
        f"  its fingerprint   {plain(line['root_fingerprint'])}\n"
        "Carry the root to the hub: vigil hub init --federation ID --root FILE"
    )


@group.command("sign", cls=Command)
def sign(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    folder: FolderOption,
    members: Annotated[
        list[str] | None,
        typer.Argument(metavar="MEMBER", parser=options.member, help="Admit these alone. Default: all that are sound."),
    ] = None,
    hub_home: Annotated[
        Path | None,
        typer.Option("--hub-home", metavar="DIR", help="The hub's home, where the stick is put into its machine."),
    ] = None,
    request: Annotated[
        Path | None, typer.Option("--request", metavar="FILE", help="A request that vigil hub requests wrote.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The bundle to write, for vigil hub admit.")
    ] = None,
    replace_keys: Annotated[
        list[str] | None,
        typer.Option(
            "--replace-keys",
            metavar="MEMBER",
            parser=options.member,
            help="Let this member's keys be replaced without its former key's word; repeatable.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Every fingerprint was compared already; do not ask.")] = False,
    hub_passphrase_file: Annotated[
        Path | None,
        typer.Option("--hub-passphrase-file", metavar="FILE", help="For the hub's keys, with --hub-home."),
    ] = None,
) -> None:
    """Sign members in: shows every fingerprint to compare by voice, asks, and signs the list of members.

    Either --hub-home, or --request and --out. The first signature of a federation, which has no members yet, goes the
    same way. --passphrase-file is for the authority's keys.
    """
    if (hub_home is None) == (request is None) or (request is None) != (out is None):
        raise Misuse("give either --hub-home, or --request and --out", remedy="see `vigil authority sign --help`")
    given = common(ctx)
    hub = _Hub(given, hub_home, hub_passphrase_file) if hub_home else None
    asked = hub.request() if hub else read_input(_named(request), options.MAX_CEREMONY, "signing request")
    secret = _once(Passphrase(file=given.passphrase.file, what="the authority's keys"))
    bundle = _decide(given, folder.absolute(), secret, asked, members, replace_keys or [], yes=yes)
    if hub:
        hub.admit(bundle)
    else:
        write_new(_named(out), bundle)
        given.output.line(
            {"bundle": str(out), "bytes": len(bundle)},
            lambda line: f"Signed: {plain(line['bundle'])}. Carry it to the hub: vigil hub admit FILE",
        )


def _decide(  # noqa: PLR0917 (each is of another kind)
    given: Common,
    folder: Path,
    secret: Callable[[], str],
    request: bytes,
    members: list[str] | None,
    replace_keys: list[str],
    *,
    yes: bool,
) -> bytes:
    """Shows what would be signed, has a person say yes, and signs it."""
    from node import app

    asked = app.describe_request(folder, secret, request)
    for line in asked:
        given.output.line(line, _petition_words)
    if not asked:
        given.output.line({"petitions": 0}, lambda _: "No petitions: the list of members is signed anew, as it is.")
    elif not yes and not typer.confirm("Were these fingerprints compared by voice, and are they the same?", err=True):
        given.output.error("nothing was signed")
        raise typer.Exit(ExitCode.ERROR)
    return app.sign_members(
        folder,
        secret,
        request,
        admit=members or None,
        replace_keys=replace_keys,
        accept_hub=any("hub" in line for line in asked),
    )


def _petition_words(line: Line) -> str:
    if "hub" in line:
        return f"A hub that is new to this authority\n  fingerprint       {plain(line['fingerprint'])}"
    words = f"{plain(line['member'])}, {plain(line['name'])}: {plain(line['verdict'])}"
    if line["fingerprint"]:
        words += f"\n  fingerprint       {plain(line['fingerprint'])}"
    return words + (f"\n  why               {plain(line['reason'])}" if line["reason"] else "")


class _Hub:
    """The hub's side, where its home is at hand: fetches the request, hands the bundle over."""

    def __init__(self, given: Common, folder: Path, passphrase_file: Path | None) -> None:
        self._given = given
        self._home = Home(folder=folder.expanduser().absolute())
        self._secret = _once(Passphrase(file=passphrase_file, what="the hub's keys"))

    def request(self) -> bytes:
        from node import app

        with app.session(self._home, self._secret) as session:
            return base64.b64decode(one(session.run("requests", {}))["request"], validate=True)

    def admit(self, bundle: bytes) -> None:
        from node import app

        with app.session(self._home, self._secret) as session:
            for line in session.run("admit", {"bundle": base64.b64encode(bundle).decode("ascii")}):
                self._given.output.line(line, admitted_words)


def admitted_words(line: Line) -> str:
    """What is in force at the hub once it took a bundle."""
    members = ", ".join(map(plain, line["members"])) or "no members yet"
    return f"In force: roster version {line['roster_version']}, until {moment(line['expires'])}: {members}."


def _once(passphrase: Callable[[], str]) -> Callable[[], str]:
    """Asks at most once."""
    found: list[str] = []

    def ask() -> str:
        if not found:
            found.append(passphrase())
        return found[0]

    return ask


def _named(path: Path | None) -> Path:
    if path is None:
        raise Misuse("no file was named")
    return path
